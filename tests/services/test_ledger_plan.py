"""How SQLite finds what the ledger asks for: without figures about its tables, a plan is the same at any size."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from services import ledger
from tests.services.counting import reads, sent
from tests.services.ledger_parts import TODAY, coordinator_of, scheme

READ = ("SEARCH meeting_record", "SEARCH training_completion")


@pytest.mark.parametrize("key", ["aulp", "unnc_alumni"])
def test_what_the_ledger_asks_of_large_tables_stands_in_an_index(sqlite_engine: Engine, key: str) -> None:
    with Session(sqlite_engine) as session:
        cohort = scheme(session, key)
        actor = coordinator_of(session, cohort)
        with sent(session) as statements:
            ledger.ledger(session, actor, cohort.id, today=TODAY)

        steps = [step for statement in reads(statements) for step in _plan(session, statement)]

    # A step: "SEARCH meeting_record_1 USING COVERING INDEX ix_meeting_record_held (pairing_id=? AND …)".
    read = [step for step in steps if step.startswith(READ)]
    assert read
    assert [step for step in read if " USING COVERING INDEX " not in step] == []
    # Nobody goes through all people of a cohort to find those who declared nothing.
    assert [step for step in steps if step.startswith("SEARCH enrolment") and step.endswith(" (cohort_id=?)")] == []


def _plan(session: Session, statement: str) -> list[str]:
    """What SQLite would do, in its words; it does nothing."""
    asked = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?"))
    return [row[3] for row in asked]
