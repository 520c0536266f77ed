"""The journal: one chain, told with the change, and every tampering shows."""

from threading import Thread

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from models.audit import AuditEntry
from services import audit
from services.access import DESK
from tests.factories import make_cohort, make_person


def write_three(session: Session) -> None:
    for number in range(3):
        audit.record(session, DESK, "test.done", number=number)
    session.commit()


def test_entries_form_a_chain_that_verifies(session: Session) -> None:
    write_three(session)

    verdict = audit.verify(session)

    assert (verdict, verdict.holds) == (audit.Verdict(entries=3, broken_at=None), True)


def test_an_entry_is_lost_with_the_change_that_it_describes(session: Session) -> None:
    audit.record(session, DESK, "test.done")
    session.rollback()

    entries = session.exec(select(AuditEntry)).all()

    assert (entries, audit.verify(session).entries) == ([], 0)


def test_an_entry_says_who_did_what_for_which_scheme(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)

    audit.record(session, DESK, "person.added", person.id, scheme_id=cohort.scheme_id, count=2)
    session.commit()

    entry = session.exec(select(AuditEntry)).one()
    told = (entry.sequence, entry.acting_as, entry.action, entry.subject_id, entry.scheme_id, entry.details)
    assert told == (1, "desk", "person.added", person.id, cohort.scheme_id, {"count": 2})


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET action = 'test.undone' WHERE sequence = 2",
        "UPDATE audit_entry SET details = '{\"number\": 7}' WHERE sequence = 2",
        "DELETE FROM audit_entry WHERE sequence = 2",
    ],
)
def test_a_changed_or_missing_entry_is_found(session: Session, tampering: str) -> None:
    write_three(session)
    without_triggers(session, tampering)

    assert audit.verify(session) == audit.Verdict(entries=1, broken_at=2)


def test_entries_cut_off_at_the_end_are_missed(session: Session) -> None:
    write_three(session)
    without_triggers(session, "DELETE FROM audit_entry WHERE sequence = 3")

    assert audit.verify(session) == audit.Verdict(entries=2, broken_at=3)


def test_people_who_act_at_once_add_to_one_chain(engine: Engine) -> None:
    def act() -> None:
        with Session(engine) as session:
            for _ in range(5):
                audit.record(session, DESK, "test.done")
                session.commit()

    threads = [Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Session(engine) as session:
        assert audit.verify(session) == audit.Verdict(entries=20, broken_at=None)


def without_triggers(session: Session, statement: str) -> None:
    """What somebody with the database's own password could do."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        connection.execute(text(statement))
        connection.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
    else:
        for act in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_entry_no_{act}"))
        connection.execute(text(statement.replace(":", "\\:")))
    session.commit()
    session.expire_all()
