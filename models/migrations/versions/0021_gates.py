"""What a gate leans on that hardly anybody lacks: whoever takes part, in the order of the sets that they are in."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

GATES, OPEN = "ix_enrolment_gates", "ix_pairing_open"


def upgrade() -> None:
    gates = ["cohort_id", "side", "id", "status", "conflicts_declared_at", "capacity", "sort_key"]
    op.create_index(GATES, "enrolment", gates)
    still = sa.text("status <> 'ended'")
    op.create_index(OPEN, "pairing", ["mentor_id", "mentee_id", "status"], sqlite_where=still, postgresql_where=still)


def downgrade() -> None:
    op.drop_index(OPEN, table_name="pairing")
    op.drop_index(GATES, table_name="enrolment")
