"""Access reviews: the people of a company to be confirmed or detached until a day, and who decided what."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("company_id", sa.String(63), nullable=False, index=True),
        sa.Column("actor_id", sa.String(64), nullable=False),
        sa.Column("actor_name", sa.String(512), nullable=False),
        sa.Column("until", sa.String(10), nullable=False, comment="the last day, an ISO date"),
        sa.Column("undecided", sa.String(8), nullable=False, comment="what becomes of them: keep or detach"),
        sa.Column("began_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float, nullable=True, index=True),
        sa.Column("digest", sa.String(64), nullable=True, comment="SHA-256 of the evidence, in hex"),
    )
    op.create_table(
        "review_items",
        sa.Column("review_id", sa.String(64), sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("words", sa.Text, nullable=False, comment="the name as it is sorted"),
        sa.Column("attachment", sa.JSON, nullable=False, comment="as it was when the review began"),
        sa.Column("decision", sa.String(16), nullable=True),
        sa.Column("decided_by", sa.JSON, nullable=True),
        sa.Column("decided_at", sa.Float, nullable=True),
    )


def downgrade() -> None:
    for table in ("review_items", "reviews"):
        op.drop_table(table)
