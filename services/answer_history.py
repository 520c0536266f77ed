"""What was corrected in a form after it had been sent: for the person, and for the coordinator what they may read.

An answer that a form no longer asks for is kept, and is read here with the words it was asked in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from models.enrolments import AnswerChange, Enrolment, Side
from models.people import Person
from models.schemes import Cohort, FormField
from services import access, enrolment_form, form_kinds
from services.access import Actor
from services.schemes import wording

ROWS_A_PAGE = 50
MOST_OF_ONE_PERSON = 100
# Nobody but its owner reads a WeChat ID before it is released, so nobody but its owner reads that it changed.
NOT_FOR_COORDINATORS = frozenset({"wechat_id"})


@dataclass(frozen=True)
class Change:
    """One correction in words; `before` or `after` is '' where there was no answer. `at` is UTC.

    `from_file`: not the person wrote it, but a file that the coordinator imported says so.
    """

    at: datetime
    label: str
    before: str
    after: str
    from_file: bool = False


@dataclass(frozen=True)
class CoordinatorsChange:
    """A correction with whose it is."""

    enrolment_id: UUID
    name: str
    side: Side
    change: Change


@dataclass(frozen=True)
class Changes:
    """One page of 50 corrections, newest first."""

    rows: tuple[CoordinatorsChange, ...]
    total: int
    page: int
    pages: int


def own(session: Session, actor: Actor) -> tuple[Change, ...]:
    """What the person corrected, newest first, at most 100. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    rows = session.exec(_newest(), params={"enrolment_id": enrolment.id}).all()
    fields = _fields(session, enrolment.cohort_id)
    return tuple(_change(row, fields, enrolment.side, enrolment.person_id) for row in rows)


def in_cohort(session: Session, actor: Actor, cohort_id: UUID, *, search: str = "", page: int = 1) -> Changes:
    """What people of the cohort corrected, but never the actor's own. `search` is part of a name. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    conditions = _readable(actor, cohort, search)
    total = session.exec(_of_people(select(func.count())).where(*conditions)).one()
    pages = max(1, ceil(total / ROWS_A_PAGE))
    page = min(max(1, page), pages)
    statement = _of_people(select(AnswerChange, Enrolment.side, Person.full_name, Person.id)).where(*conditions)
    ordered = statement.order_by(col(AnswerChange.created_at).desc(), col(AnswerChange.id))
    found = session.exec(ordered.offset((page - 1) * ROWS_A_PAGE).limit(ROWS_A_PAGE)).all()
    fields = _fields(session, cohort_id)
    rows = (
        CoordinatorsChange(row.enrolment_id, name, Side(side), _change(row, fields, Side(side), person_id))
        for row, side, name, person_id in found
    )
    return Changes(tuple(rows), total, page, pages)


def retired_answers(session: Session, actor: Actor, enrolment_id: UUID) -> tuple[tuple[str, str], ...]:
    """(label, answer) of what somebody answered to questions that are no longer asked. Raises NotAllowed."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    person = session.get_one(Person, enrolment.person_id)
    retired = (field for field in _fields(session, enrolment.cohort_id).values() if field.retired_at is not None)
    return tuple(
        (wording.label(field, enrolment.side), shown)
        for field in retired
        if field.key not in NOT_FOR_COORDINATORS
        and (shown := form_kinds.in_words(field, enrolment_form.value_of(field, person, enrolment)))
    )


@cache
def _newest() -> Any:
    return (
        select(AnswerChange)
        .where(col(AnswerChange.enrolment_id) == bindparam("enrolment_id"))
        .order_by(col(AnswerChange.created_at).desc(), col(AnswerChange.id))
        .limit(MOST_OF_ONE_PERSON)
    )


def _of_people(statement: Any) -> Any:
    return (
        statement.select_from(AnswerChange)
        .join(Enrolment, col(Enrolment.id) == AnswerChange.enrolment_id)
        .join(Person, col(Person.id) == Enrolment.person_id)
    )


def _readable(actor: Actor, cohort: Cohort, search: str) -> list[Any]:
    words = (col(Enrolment.sort_key).contains(word, autoescape=True) for word in search.casefold().split())
    return [
        Enrolment.cohort_id == cohort.id,
        Enrolment.person_id != actor.person_id,
        col(AnswerChange.key).not_in(NOT_FOR_COORDINATORS),
        *words,
    ]


def _fields(session: Session, cohort_id: UUID) -> dict[str, FormField]:
    """Every question that the scheme ever asked, retired ones too, by key."""
    statement = (
        select(FormField)
        .join(Cohort, col(Cohort.scheme_id) == FormField.scheme_id)
        .where(Cohort.id == cohort_id)
        .order_by(col(FormField.step), col(FormField.position))
    )
    return {field.key: field for field in session.exec(statement)}


def _change(row: AnswerChange, fields: dict[str, FormField], side: Side, owner: UUID) -> Change:
    field = fields.get(row.key)
    # Nobody but the owner changes answers in the form; everybody else does it by importing a file.
    from_file = row.changed_by_id not in (None, owner)
    if field is None:
        return Change(row.created_at, row.key, _bare(row.before), _bare(row.after), from_file)
    before, after = (form_kinds.in_words(field, value) for value in (row.before, row.after))
    return Change(row.created_at, wording.label(field, side), before, after, from_file)


def _bare(value: Any) -> str:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
