"""What the queue and the directory lean on: the sectors of a cohort's mentors, one after the other."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SECTOR = "ix_enrolment_sector"


def upgrade() -> None:
    op.create_index(SECTOR, "enrolment", ["cohort_id", "side", "status", "sector"])


def downgrade() -> None:
    op.drop_index(SECTOR, table_name="enrolment")
