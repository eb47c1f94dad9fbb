"""The last batch of activation mails of each administrator, sent in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resendings",
        sa.Column("actor_id", sa.String(64), primary_key=True),
        sa.Column("worker", sa.String(255), nullable=False),
        sa.Column("began_at", sa.Float, nullable=False),
        sa.Column("beat_at", sa.Float, nullable=False, index=True, comment="when it was last known to go on"),
        sa.Column(
            "results",
            sa.JSON,
            nullable=False,
            comment="in order: who, and what became of the mail; null until then",
        ),
    )


def downgrade() -> None:
    op.drop_table("resendings")
