"""People: one address key, one row, one entry in the journal."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.audit import AuditEntry
from services import people
from services.access import DESK
from tests.factories import make_person


def test_a_person_is_found_by_the_key_of_their_address(session: Session) -> None:
    added = people.add(session, DESK, full_name="李 Wei", email="Wei@Example.org", email_key="wei@example.org")

    assert people.find_by_email(session, "wei@example.org") == added
    assert people.find_by_email(session, "Wei@Example.org") is None


def test_adding_is_in_the_journal_without_the_persons_facts(session: Session) -> None:
    added = people.add(session, DESK, full_name="Ama Boateng", email="a@example.org", email_key="a@example.org")
    session.flush()

    entry = session.exec(select(AuditEntry)).one()

    assert (entry.action, entry.subject_id, entry.details) == ("person.added", added.id, {})


def test_one_address_belongs_to_one_person(session: Session) -> None:
    make_person(session, email="a@example.org")

    people.add(session, DESK, full_name="Another", email="A@example.org", email_key="a@example.org")

    with pytest.raises(IntegrityError):
        session.flush()
