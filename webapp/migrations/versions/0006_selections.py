"""What a batch was asked for: a selection of several people, besides activation mails."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "resendings",
        sa.Column("asked", sa.JSON, nullable=True, comment="what of a selection, null of mails"),
    )
    op.create_index("ix_journal_request_id", "journal", ["request_id"])


def downgrade() -> None:
    op.drop_index("ix_journal_request_id", "journal")
    op.drop_column("resendings", "asked")
