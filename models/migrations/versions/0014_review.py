"""With whom one more place would help a mentee whom a run left out."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs of before do not say it."""
    with op.batch_alter_table("run_pair") as table:
        table.add_column(sa.Column("one_more_with_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_run_pair_one_more_with_id_enrolment"), "enrolment", ["one_more_with_id"], ["id"]
        )


def downgrade() -> None:
    """Nobody is named any more."""
    with op.batch_alter_table("run_pair") as table:
        table.drop_constraint(op.f("fk_run_pair_one_more_with_id_enrolment"), type_="foreignkey")
        table.drop_column("one_more_with_id")
