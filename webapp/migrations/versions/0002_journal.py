"""The journal, quotas, and the mails that are to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("operation_id", sa.String(64), nullable=True),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("actor_name", sa.String(512), nullable=False),
        sa.Column("actor_email", sa.String(255), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=True, index=True),
        sa.Column("person_name", sa.String(512), nullable=False),
        sa.Column("person_email", sa.String(255), nullable=False),
        sa.Column("before", sa.JSON, nullable=True),
        sa.Column("after", sa.JSON, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column(
            "words", sa.Text, nullable=False, comment="names and addresses without case and accents, to search in"
        ),
    )
    op.create_table(
        "journal_companies",
        sa.Column("company_id", sa.String(63), primary_key=True),
        sa.Column("line_id", sa.Integer, sa.ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_table(
        "quota_uses",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("quota", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False, comment="whose quota: an administrator's id"),
        sa.Column(
            "key", sa.String(64), nullable=False, comment="what it was used for, as a SHA-256 in hex; or empty"
        ),
        sa.Column("at", sa.Float, nullable=False),
        sa.Index("ix_quota_uses_quota_subject_at", "quota", "subject", "at"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("operation_id", sa.String(64), nullable=True),
        sa.Column("batch", sa.String(64), nullable=True, index=True, comment="sent together, once it is released"),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("recipient", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(998), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in ("mails", "notices", "quota_uses", "journal_companies", "journal"):
        op.drop_table(table)
