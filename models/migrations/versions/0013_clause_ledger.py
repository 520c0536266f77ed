"""Indexes that the clause ledger leans on."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HELD, UNDECLARED = "ix_meeting_record_held", "ix_enrolment_undeclared"
BEFORE = ["pairing_id", "happened", "started_at"]


def upgrade() -> None:
    op.drop_index(HELD, table_name="meeting_record")
    op.create_index(HELD, "meeting_record", [*BEFORE, "channel", "created_at"])
    few = sa.text("conflicts_declared_at IS NULL")
    op.create_index(UNDECLARED, "enrolment", ["cohort_id", "id"], sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    op.drop_index(UNDECLARED, table_name="enrolment")
    op.drop_index(HELD, table_name="meeting_record")
    op.create_index(HELD, "meeting_record", BEFORE)
