"""Carries out a plan. Adds everything; never commits.

New rows are inserted as plain values: for ten thousand people, building a table object each would take most of the
time, and on SQLite nobody else can write meanwhile. What exists already changes through its object, which counts
versions.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, SQLModel

from models import bulk
from models.columns import utc_now
from models.enrolments import AnswerChange, Conflict, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import enrolment_form, people_index
from services.imports import known as desk
from services.imports.comparing import Difference, Line, Plan, State

# New ones as `bulk.new_ids` has them.
Ids = Mapping[str, UUID | str]
Numbers = Mapping[str, str | None]


def write(session: Session, cohort: Cohort, plan: Plan, by: UUID | None) -> list[tuple[str, UUID, list[str]]]:
    """Adds what the plan says; answers what changed, for the journal: deed, subject, and the keys of the questions.

    `by` is who imports. Whoever had sent the form reads in its history what the file corrected.
    Raises IntegrityError when somebody else added one of the people meanwhile.
    """
    numbers = _numbers(plan)
    # In the order of their lists, because most indexes are in it, too, and then grow at one end.
    new = sorted(((_sort_key(line), line) for line in plan.lines if line.state is State.NEW), key=itemgetter(0))
    ids = _add_people(session, plan, [line for _, line in new])
    _add_places(session, cohort, new, ids)
    _remember(session, plan, by)
    changed = [_change(line, numbers) for line in plan.lines if line.differences]
    _sort_again(session, plan)
    _keep_apart(session, plan, ids)
    return changed


def _add_people(session: Session, plan: Plan, new: Sequence[Line]) -> dict[str, UUID | str]:
    """Ids of everybody in the file by address key; new ones are added once, with what both their rows say."""
    said: dict[str, dict[str, Any]] = {line.row.email_key: {} for line in new if line.person is None}
    for line in plan.lines:
        if line.person is None:
            facts, row = said[line.row.email_key], line.row
            facts.setdefault("email", row.email)
            facts.update(line.values.person)
            if "telephone" in line.values.person:
                facts["telephone_key"] = row.telephone_key
    ids: dict[str, UUID | str] = dict(zip(said, bulk.new_ids(len(said)), strict=True))
    usual = Person(full_name="-", email="-", email_key="-")
    own: dict[str, Sequence[Any]] = {
        "id": list(ids.values()),
        "email_key": list(said),
        **_columns(usual, list(said.values())),
    }
    bulk.insert(session.connection(), usual, own)
    return ids | {line.row.email_key: line.person.id for line in plan.lines if line.person is not None}


def _add_places(session: Session, cohort: Cohort, new: Sequence[tuple[str, Line]], ids: Ids) -> None:
    """Places as if the people had sent the form, but for the claims: those are no more than what was said."""
    lines = [line for _, line in new]
    usual = Enrolment(
        person_id=cohort.id,  # each row names its own
        cohort_id=cohort.id,
        side=Side.MENTEE,
        status=EnrolmentStatus.SUBMITTED,
        imported=True,
        submitted_at=utc_now(),
    )
    own: dict[str, Sequence[Any]] = {
        "id": bulk.new_ids(len(lines)),
        "person_id": [ids[line.row.email_key] for line in lines],
        "side": [line.side for line in lines],
        "sort_key": [sort_key for sort_key, _ in new],
        "answers": [line.values.asked for line in lines],
        "claims": [dict(line.row.claims) for line in lines],
        **_columns(usual, [line.values.enrolment for line in lines]),
    }
    bulk.insert(session.connection(), usual, own)
    facts = (_searched(cohort.id, *each) for each in zip(own["id"], lines, strict=True))
    people_index.add(session.connection(), facts)


def _searched(cohort_id: UUID, place_id: UUID, line: Line) -> people_index.Facts:
    """What leads to a new place. Of somebody who is renamed by the same file, the session hears."""
    said, known = line.values.enrolment, line.person
    full_name, called, email = (
        (known.full_name, known.called, known.email)
        if known is not None
        else (line.row.full_name, line.values.person.get("called"), line.row.email)
    )
    shown = (said.get("role_title"), said.get("sector"), said.get("summary"))
    return (place_id, cohort_id, line.side, full_name, called, email, *shown)


def _sort_key(line: Line) -> str:
    """Of a new place; when the line also renames somebody, `_sort_again` follows."""
    if line.person is not None:
        return enrolment_form.sort_key(line.person)
    return enrolment_form.sorted_by(line.row.full_name, line.values.person.get("sort_name"))


def _columns(usual: SQLModel, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What the rows say, by column; a row that does not say it has what the usual one has."""
    otherwise = {name: getattr(usual, name) for name in sorted(set[str]().union(*rows))}
    return {name: [row.get(name, same) for row in rows] for name, same in otherwise.items()}


def _remember(session: Session, plan: Plan, by: UUID | None) -> None:
    """Adds to the history of each form that was sent what the file corrects in it. Claims are no answers of theirs."""
    corrected = [
        (line.place.id, each)
        for line in plan.lines
        if line.place is not None and line.place.submitted_at is not None
        for each in line.differences
        if each.where != "claims" and each.key != "status"
    ]
    own: dict[str, Sequence[Any]] = {
        "id": bulk.new_ids(len(corrected)),
        "enrolment_id": [place_id for place_id, _ in corrected],
        "key": [each.key for _, each in corrected],
        "before": [each.before for _, each in corrected],
        "after": [each.after for _, each in corrected],
    }
    usual = AnswerChange(enrolment_id=uuid4(), changed_by_id=by, key="-")
    bulk.insert(session.connection(), usual, own)


def _change(line: Line, numbers: Numbers) -> tuple[str, UUID, list[str]]:
    """Changes what the line says of an existing place, or of the person who gets a new one."""
    for each in line.differences:
        _apply(line, each, numbers)
    keys = sorted(each.key for each in line.differences)
    if line.place is not None:
        return "enrolment.corrected", line.place.id, keys
    assert line.person is not None  # noqa: S101 - nothing can differ from a person who is not there
    return "person.corrected", line.person.id, keys


def _apply(line: Line, each: Difference, numbers: Numbers) -> None:
    if each.where == "person":
        for key, value in _facts({each.key: each.after}, numbers).items():
            setattr(line.person, key, value)
    elif each.where in {"answers", "claims"}:
        # A new dictionary, because a change inside the old one would go unnoticed.
        setattr(line.place, each.where, {**getattr(line.place, each.where), each.key: each.after})
    else:
        setattr(line.place, each.key, each.after)
        if each.key == "status" and line.place is not None:
            line.place.submitted_at, line.place.imported = utc_now(), True


def _facts(said: Mapping[str, Any], numbers: Numbers) -> Mapping[str, Any]:
    """The person's columns; a telephone is two of them."""
    return {**said, "telephone_key": numbers[said["telephone"]]} if "telephone" in said else said


def _numbers(plan: Plan) -> Numbers:
    """With its country, each telephone number in the file."""
    return {line.row.telephone: line.row.telephone_key for line in plan.lines if line.row.telephone}


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
    pairs = sorted(plan.apart)
    own: dict[str, Sequence[Any]] = {
        "id": bulk.new_ids(len(pairs)),
        "declared_by_id": [everybody[one] for one, _ in pairs],
        "other_id": [everybody[other] for _, other in pairs],
    }
    bulk.insert(session.connection(), Conflict(declared_by_id=uuid4(), other_id=uuid4()), own)
