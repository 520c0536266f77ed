"""Carries out a plan. Adds everything; never commits.

New rows are inserted as plain values: for ten thousand people, building a table object each would take most of the
time, and on SQLite nobody else can write meanwhile. What exists already changes through its object, which counts
versions.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, SQLModel, insert

from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import enrolment_form
from services.imports import known as desk
from services.imports.comparing import Difference, Line, Plan, State, e164

Ids = Mapping[str, UUID]


def write(session: Session, cohort: Cohort, plan: Plan) -> list[tuple[str, UUID, list[str]]]:
    """Adds what the plan says; answers what changed, for the journal: deed, subject, and the keys of the questions.

    Raises IntegrityError when somebody else added one of the people meanwhile.
    """
    ids = _add_people(session, plan)
    _add_places(session, cohort, plan, ids)
    changed = [_change(line) for line in plan.lines if line.differences]
    _sort_again(session, plan)
    _keep_apart(session, plan, ids)
    return changed


def _add_people(session: Session, plan: Plan) -> dict[str, UUID]:
    """Ids of everybody in the file by address key; new ones are added once, with what both their rows say."""
    new: dict[str, dict[str, Any]] = {}
    for line in plan.lines:
        if line.person is None:
            row = line.row
            facts = new.setdefault(row.email_key, {"email": row.email, "email_key": row.email_key})
            facts |= _facts(line.values.person)
    rows = _rows(Person(full_name="-", email="-", email_key="-"), list(new.values()))
    _insert(session, Person, rows)
    known = {line.row.email_key: line.person.id for line in plan.lines if line.person is not None}
    return known | {row["email_key"]: row["id"] for row in rows}


def _add_places(session: Session, cohort: Cohort, plan: Plan, ids: Ids) -> None:
    """Places as if the people had sent the form, but for the claims: those are no more than what was said."""
    places = [
        {
            "person_id": ids[line.row.email_key],
            "side": line.side,
            "sort_key": _sort_key(line),
            "answers": dict(line.values.asked),
            "claims": dict(line.row.claims),
            **line.values.enrolment,
        }
        for line in plan.lines
        if line.state is State.NEW
    ]
    usual = Enrolment(
        person_id=cohort.id,  # each row names its own
        cohort_id=cohort.id,
        side=Side.MENTEE,
        status=EnrolmentStatus.SUBMITTED,
        imported=True,
        submitted_at=utc_now(),
    )
    _insert(session, Enrolment, _rows(usual, places))


def _sort_key(line: Line) -> str:
    """Of a new place; when the line also renames somebody, `_sort_again` follows."""
    if line.person is not None:
        return enrolment_form.sort_key(line.person)
    return enrolment_form.sorted_by(line.row.full_name, line.values.person.get("sort_name"))


def _rows(usual: SQLModel, own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Complete rows: what each says for itself, and otherwise what the usual one has."""
    rest = {name: getattr(usual, name) for name in type(usual).model_fields}
    return [{**rest, "id": uuid4(), **row} for row in own]


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.exec(insert(table), params=rows)


def _change(line: Line) -> tuple[str, UUID, list[str]]:
    """Changes what the line says of an existing place, or of the person who gets a new one."""
    for each in line.differences:
        _apply(line, each)
    keys = sorted(each.key for each in line.differences)
    if line.place is not None:
        return "enrolment.corrected", line.place.id, keys
    assert line.person is not None  # noqa: S101 - nothing can differ from a person who is not there
    return "person.corrected", line.person.id, keys


def _apply(line: Line, each: Difference) -> None:
    if each.where == "person":
        for key, value in _facts({each.key: each.after}).items():
            setattr(line.person, key, value)
    elif each.where in {"answers", "claims"}:
        # A new dictionary, because a change inside the old one would go unnoticed.
        setattr(line.place, each.where, {**getattr(line.place, each.where), each.key: each.after})
    else:
        setattr(line.place, each.key, each.after)
        if each.key == "status" and line.place is not None:
            line.place.submitted_at, line.place.imported = utc_now(), True


def _facts(said: Mapping[str, Any]) -> dict[str, Any]:
    """The person's columns; a telephone is two of them."""
    number = {"telephone_key": e164(said["telephone"])} if "telephone" in said else {}
    return {**said, **number}


def _sort_again(session: Session, plan: Plan) -> None:
    """Lists are in the order of names: who is renamed moves in all of theirs."""
    renamed = {
        line.person.id: line.person
        for line in plan.lines
        if line.person is not None and any(each.key in enrolment_form.NAMES for each in line.differences)
    }
    for place in desk.all_places(session, renamed):
        place.sort_key = enrolment_form.sort_key(renamed[place.person_id])


def _keep_apart(session: Session, plan: Plan, ids: Ids) -> None:
    others = desk.people_with(session, {other for _, other in plan.apart} - ids.keys())
    everybody = {**ids, **others}
    pairs = [{"declared_by_id": everybody[one], "other_id": everybody[other]} for one, other in sorted(plan.apart)]
    usual = Conflict(declared_by_id=uuid4(), other_id=uuid4())
    _insert(session, Conflict, _rows(usual, pairs))
