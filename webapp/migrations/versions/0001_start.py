"""Sessions, locks, operations and the activation mails sent."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True, comment="SHA-256 of the cookie, in hex"),
        sa.Column("person_id", sa.String(64), nullable=True, index=True),
        sa.Column("keycloak_session", sa.String(255), nullable=True, index=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False, index=True),
    )
    op.create_table(
        "locks",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(255), nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=True),
        sa.Index("ix_operations_state_actor_id", "state", "actor_id"),
    )
    op.create_table(
        "activation_mails",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("sent_at", sa.Float, nullable=False),
        sa.Index("ix_activation_mails_user_id_sent_at", "user_id", "sent_at"),
    )


def downgrade() -> None:
    for table in ("activation_mails", "operations", "locks", "sessions"):
        op.drop_table(table)
