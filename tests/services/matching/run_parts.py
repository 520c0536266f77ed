"""People who are ready to be matched, and what a run answered."""

from datetime import date
from typing import Any

from sqlmodel import Session, select

from models.enrolments import ConsentPurpose, Enrolment, Side
from models.matching import RunPair
from models.people import Person
from models.schemes import Cohort
from tests.factories import (
    make_actor,
    make_consent,
    make_coordinator,
    make_enrolment,
)

TODAY = date(2026, 11, 22)


def mentor(session: Session, cohort: Cohort, name: str = "Bo Mentor", **facts: Any) -> Enrolment:
    """A mentor who can be reached by email."""
    made = make_enrolment(session, cohort, Side.MENTOR, name=name, **facts)
    make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
    return made


def mentee(session: Session, cohort: Cohort, name: str = "Ama Mentee", **facts: Any) -> Enrolment:
    return make_enrolment(session, cohort, Side.MENTEE, name=name, **facts)


def coordinator_of(session: Session, cohort: Cohort) -> Any:
    return make_actor(make_coordinator(session, cohort), cohort)


def answer(session: Session) -> dict[str, tuple[str | None, str | None]]:
    """Every mentee of the runs, by name, with the mentor's name and the note."""
    people = {row.id: session.get_one(Person, row.person_id).full_name for row in session.exec(select(Enrolment))}
    return {
        people[pair.mentee_id]: (people[pair.mentor_id] if pair.mentor_id else None, pair.reason)
        for pair in session.exec(select(RunPair))
    }
