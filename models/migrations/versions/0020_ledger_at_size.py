"""What the ledger of a large cohort leans on: it reads indexes alone, and finds the few who declared nothing at once."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HELD, UNDECLARED, DONE = "ix_meeting_record_held", "ix_enrolment_undeclared", "ix_expectation_done"
TRAINED = "ix_training_completion_held"
HELD_BEFORE = ["pairing_id", "happened", "started_at", "channel", "created_at"]


def upgrade() -> None:
    _held([*HELD_BEFORE, "side", "began_on_time"])
    # SQLite took any wider index instead of one with the cohort alone, and then read everybody.
    _undeclared(["cohort_id", "conflicts_declared_at", "id"])
    _few(DONE, "expectation", ["pairing_id", "done_at", "created_at"], "done_at IS NOT NULL")
    op.create_index(
        TRAINED, "training_completion", ["module_id", "enrolment_id", "completed_on", "expires_on", "created_at"]
    )


def downgrade() -> None:
    op.drop_index(TRAINED, table_name="training_completion")
    op.drop_index(DONE, table_name="expectation")
    _undeclared(["cohort_id", "id"])
    _held(HELD_BEFORE)


def _held(columns: list[str]) -> None:
    op.drop_index(HELD, table_name="meeting_record")
    op.create_index(HELD, "meeting_record", columns)


def _undeclared(columns: list[str]) -> None:
    op.drop_index(UNDECLARED, table_name="enrolment")
    _few(UNDECLARED, "enrolment", columns, "conflicts_declared_at IS NULL")


def _few(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
