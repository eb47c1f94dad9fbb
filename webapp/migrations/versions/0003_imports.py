"""Imports of files, with their lines and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(64), primary_key=True, comment="random: it cannot be guessed"),
        sa.Column("author", sa.JSON, nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False, index=True),
        sa.Column("mails", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False, index=True),
        sa.Column("began_at", sa.Float, nullable=False, comment="when its present or last run began"),
        sa.Column("done_before", sa.Integer, nullable=False, comment="lines that were done when that run began"),
        sa.Column("beat_at", sa.Float, nullable=False, comment="when it was last known to go on"),
        sa.Column("finished_at", sa.Float, nullable=True),
    )
    op.create_table(
        "import_lines",
        sa.Column("import_id", sa.String(64), sa.ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cells", sa.JSON, nullable=False),
        sa.Column("surplus", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=True, comment="none until it is done"),
        sa.Column("problems", sa.JSON, nullable=True),
        sa.Column("before", sa.JSON, nullable=True),
        sa.Column("after", sa.JSON, nullable=True),
        sa.Column("mail_sent", sa.Boolean, nullable=True),
    )


def downgrade() -> None:
    for table in ("import_lines", "imports"):
        op.drop_table(table)
