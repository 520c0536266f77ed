"""Carries out a plan. Adds everything; never commits.

New rows are inserted as plain values: for ten thousand people, building a table object each would take most of the
time, and on SQLite nobody else can write meanwhile. What exists already changes through its object, which counts
versions.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    ids = _add_people(session, plan, [line.row.email_key for _, line in new], numbers)
    _add_places(session, cohort, new, ids)
    _remember(session, plan, by)
    changed = [_change(line, numbers) for line in plan.lines if line.differences]
    _sort_again(session, plan)
    _keep_apart(session, plan, ids)
    return changed


def _add_people(session: Session, plan: Plan, order: Iterable[str], numbers: Numbers) -> dict[str, UUID | str]:
    """Ids of everybody in the file by address key; new ones are added once, with what both their rows say.

    They are added in the order of these address keys, among which are all of theirs.
    """
    strangers = [line for line in plan.lines if line.person is None]
    emails = {line.row.email_key: line.row.email for line in reversed(strangers)}
    said: dict[str, Mapping[str, Any]] = {}
    for line in strangers:
        key, facts = line.row.email_key, line.values.person
        said[key] = {**said[key], **facts} if key in said else facts
    keys = list(dict.fromkeys(key for key in order if key in said))
    ids: dict[str, UUID | str] = dict(zip(keys, bulk.new_ids(len(keys)), strict=True))
    usual = Person(full_name="-", email="-", email_key="-")
    own: dict[str, Sequence[Any]] = {
        **_columns(usual, [said[key] for key in keys]),
        "id": list(ids.values()),
        "email_key": keys,
        "email": [emails[key] for key in keys],
    }
    if "telephone" in own:
        own["telephone_key"] = [numbers.get(typed) for typed in own["telephone"]]
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
        **_columns(usual, [line.values.enrolment for line in lines]),
    }
    if any(line.values.asked for line in lines):
        own["answers"] = [line.values.asked for line in lines]
    if any(line.row.claims for line in lines):
        own["claims"] = [dict(line.row.claims) for line in lines]
    bulk.insert(session.connection(), usual, own)
    people_index.add(session.connection(), cohort.id, _said(lines, own))


def _said(lines: Sequence[Line], own: Mapping[str, Sequence[Any]]) -> people_index.Said:
    """What leads to the new places. Of somebody who is renamed by the same file, the session hears."""
    nothing = [None] * len(lines)
    known = [(index, line.person) for index, line in enumerate(lines) if line.person is not None]
    full_names, emails = [line.row.full_name for line in lines], [line.row.email for line in lines]
    called = [line.values.person.get("called") for line in lines]
    for index, person in known:
        full_names[index], called[index], emails[index] = person.full_name, person.called, person.email
    shown = (own.get(key, nothing) for key in ("role_title", "sector", "summary"))
    return people_index.Said(own["id"], own["side"], full_names, called, emails, *shown)


def _sort_key(line: Line) -> str:
    """Of a new place; when the line also renames somebody, `_sort_again` follows."""
    if line.person is not None:
        return enrolment_form.sort_key(line.person)
    return enrolment_form.sorted_by(line.row.full_name, line.values.person.get("sort_name"))


def _columns(usual: SQLModel, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What the rows say, by column; a row that does not say it has what the usual one has."""
    columns: dict[str, list[Any]] = {}
    for name in sorted(set[str]().union(*rows)):
        try:
            columns[name] = list(map(itemgetter(name), rows))
        except KeyError:
            same = getattr(usual, name)
            columns[name] = [row.get(name, same) for row in rows]
    return columns


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
