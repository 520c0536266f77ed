"""Carries out a plan: rows in bulk, nothing by query for each person. Adds everything; never commits."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, EnrolmentStatus
from models.people import Person
from models.schemes import Cohort
from services.imports import comparing
from services.imports import known as desk
from services.imports.comparing import Difference, Line, Plan


def write(session: Session, cohort: Cohort, plan: Plan) -> Iterator[tuple[UUID, list[str]]]:
    """Adds what the plan says; then gives each place that changed and the keys of its questions. Never commits.

    Raises IntegrityError when somebody else added one of the people meanwhile.
    """
    people = _people(session, plan)
    session.flush()
    changed: list[tuple[UUID, list[str]]] = []
    for line in plan.lines:
        person = people[line.row.email_key]
        place = line.place or _place(cohort, line, person)
        session.add(place)
        for each in line.differences:
            _apply(person, place, each)
        if line.differences:
            changed.append((place.id, sorted(each.key for each in line.differences)))
    _sort_again(session, plan)
    session.flush()
    _keep_apart(session, plan, people)
    return iter(changed)


def _people(session: Session, plan: Plan) -> dict[str, Person]:
    """Everybody in the file by address key; new ones are added once, with what both their rows say."""
    people: dict[str, Person] = {}
    for line in plan.lines:
        key = line.row.email_key
        if line.person is not None:
            people[key] = line.person
            continue
        if key not in people:
            people[key] = Person(full_name=line.row.full_name, email=line.row.email, email_key=key)
        for fact, value in line.values.person.items():
            _set_fact(people[key], fact, value)
    session.add_all(people.values())
    return people


def _set_fact(person: Person, key: str, value: Any) -> None:
    setattr(person, key, value)
    if key == "telephone":
        person.telephone_key = comparing.e164(value)


def _place(cohort: Cohort, line: Line, person: Person) -> Enrolment:
    """A place as if the person had sent the form, but for the claims: those are no more than what was said."""
    return Enrolment(
        person_id=person.id,
        cohort_id=cohort.id,
        side=line.side,
        status=EnrolmentStatus.SUBMITTED,
        sort_key=person.full_name.casefold()[:200],
        answers=dict(line.values.asked),
        claims=dict(line.row.claims),
        imported=True,
        submitted_at=utc_now(),
        **line.values.enrolment,
    )


def _apply(person: Person, place: Enrolment, each: Difference) -> None:
    if each.where == "person":
        _set_fact(person, each.key, each.after)
    elif each.where in {"answers", "claims"}:
        # A new dictionary, because a change inside the old one would go unnoticed.
        setattr(place, each.where, {**getattr(place, each.where), each.key: each.after})
    elif each.key == "status":
        place.status, place.submitted_at, place.imported = EnrolmentStatus.SUBMITTED, utc_now(), True
    else:
        setattr(place, each.key, each.after)


def _sort_again(session: Session, plan: Plan) -> None:
    """Lists are in the order of names: who is renamed moves in all of theirs."""
    renamed = {
        line.person.id: line.person
        for line in plan.lines
        if line.person is not None and any(each.key == "full_name" for each in line.differences)
    }
    for place in desk.all_places(session, renamed):
        place.sort_key = renamed[place.person_id].full_name.casefold()[:200]


def _keep_apart(session: Session, plan: Plan, people: dict[str, Person]) -> None:
    others = desk.people_with(session, {other for _, other in plan.apart} - people.keys())
    ids = {key: person.id for key, person in people.items()} | others
    session.add_all(Conflict(declared_by_id=ids[one], other_id=ids[other]) for one, other in sorted(plan.apart))
