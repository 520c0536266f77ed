"""Who has done the training that their side must do: the questions that lists and gates ask of the database.

A module without a due date comes before anything else (U-3). A further one, with a due date, holds nobody back until
that day is over (U-C5.1); a new edition to be repeated by a day gives that time to whoever holds an earlier one.
`services/training.py` is the way in for everybody else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, cast, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import PublishedState, TrainingCompletion, TrainingModule
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import access
from services.access import Actor

PAGE = 20
CLAIM = "training"
# The edition that a completion is of.
_TAKEN = aliased(TrainingModule)
TAKING_PART = (EnrolmentStatus.SUBMITTED, EnrolmentStatus.RETURNED, EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED)


class TrainingState(StrEnum):
    """Where somebody stands with a module."""

    OPEN = "open"
    PASSED = "passed"
    EXPIRED = "expired"


class ProgressFilter(StrEnum):
    """Which lines of the list: all, what is not passed, what is overdue, what is passed."""

    ALL = "all"
    TO_DO = "to_do"
    OVERDUE = "overdue"
    PASSED = "passed"


@dataclass(frozen=True)
class Progress:
    """One person and one required module. `claimed` is what a spreadsheet said about it: no completion.

    Overdue is what is past its day: the module's own, or the last one on which a completion counted.
    """

    enrolment_id: UUID
    name: str
    side: Side
    module: str
    state: TrainingState
    completed_on: date | None
    expires_on: date | None
    claimed: str | None
    due_on: date | None = None
    is_overdue: bool = False


@dataclass(frozen=True)
class ProgressPage:
    """One page of a cohort's training, and how many rows there are on all pages."""

    rows: tuple[Progress, ...]
    total: int


def untrained_enrolments(cohort_id: Any, today: Any, *, among: Collection[UUID] | None = None) -> Select[UUID]:
    """Ids of a cohort's enrolments, or of those `among` them, that a module required of their side holds back today.

    The cohort's id and the day may be parameters of a statement that is built once.
    """
    # Of those few not by cohort as well, or SQLite reads the whole of it to find them.
    which = col(Enrolment.cohort_id) == cohort_id if among is None else col(Enrolment.id).in_(among)
    found: Select[UUID] = _required(select(col(Enrolment.id)), which).where(_holds_back(today)).distinct()
    return found


def earliest_due(which: ColumnElement[bool], today: Any) -> Any:
    """A statement: the first day by which the enrolments on this condition had or have to do a required module."""
    return _required(select(func.min(col(TrainingModule.due_on))), which).where(~is_trained(today))


def progress(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    today: date,
    page: int = 1,
    only: ProgressFilter = ProgressFilter.ALL,
    search: str = "",
    total: int | None = None,
) -> ProgressPage:
    """Who of a cohort has passed what is required, by name, 20 on a page. Two queries. Raises NotAllowed.

    `total` is the answer of `lines` to the same question, where it is known.
    """
    access.scheme_run_of(session, actor, cohort_id)
    words = search.strip()
    _, listing = _progress(only, bool(words))
    given = {"cohort_id": cohort_id, "today": today} | ({"words": _escaped(words)} if words else {})
    if total is None:
        total = lines(session, actor, cohort_id, today=today, only=only, search=words)
    rows = session.exec(listing, params=given | {"skipped": (page - 1) * PAGE})
    return ProgressPage(tuple(_line(today, *row) for row in rows), total)


def lines(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    today: date,
    only: ProgressFilter = ProgressFilter.ALL,
    search: str = "",
) -> int:
    """How many lines `progress` has on all its pages. Raises NotAllowed."""
    access.scheme_run_of(session, actor, cohort_id)
    words = search.strip()
    counting, _ = _progress(only, bool(words))
    given = {"cohort_id": cohort_id, "today": today} | ({"words": _escaped(words)} if words else {})
    return int(session.exec(counting, params=given).one()[0])


def _escaped(words: str) -> str:
    """Words of a search, in which % and _ are only characters."""
    return words.replace("/", "//").replace("%", "/%").replace("_", "/_")


@cache  # one of eight: building them costs a screen more than asking
def _progress(only: ProgressFilter, is_search: bool) -> tuple[Any, Any]:
    """How many lines there are, and one page of them."""
    today: Any = bindparam("today")
    of_cohort = col(Enrolment.cohort_id) == bindparam("cohort_id")
    among = [col(Enrolment.status).in_(TAKING_PART), *_filtered(only, today)]
    if is_search:
        named = select(col(Person.id)).where(col(Person.full_name).icontains(bindparam("words"), escape="/"))
        among.append(col(Enrolment.person_id).in_(named))
    chosen = select(
        col(Enrolment.id),
        col(Person.full_name),
        col(Enrolment.side),
        col(TrainingModule.title),
        _latest(TrainingCompletion.completed_on),
        _latest(TrainingCompletion.expires_on),
        col(Enrolment.claims),
        col(TrainingModule.due_on),
    )
    listing = (
        _required(chosen, of_cohort)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(*among)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id), col(TrainingModule.title))
        .offset(bindparam("skipped"))
        .limit(PAGE)
    )
    return _required(select(func.count()), of_cohort).where(*among), listing


def overdue(cohort_id: UUID, today: date) -> Any:
    """A statement of (enrolment id, person id, name, module title, due day) for whoever is overdue, by name."""
    chosen = select(
        col(Enrolment.id), col(Person.id), col(Person.full_name), col(TrainingModule.title), col(TrainingModule.due_on)
    )
    return (
        _required(chosen, col(Enrolment.cohort_id) == cohort_id)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.status).in_(TAKING_PART), is_overdue(today))
        .order_by(col(Enrolment.sort_key), col(Enrolment.id), col(TrainingModule.title))
    )


def to_do(which: ColumnElement[bool], today: Any) -> Any:
    """A statement of what the enrolments on this condition, of people who take part, have still to do.

    Person, scheme, the module's key, and whether it is overdue.
    """
    chosen = select(col(Enrolment.person_id), col(Cohort.scheme_id), col(TrainingModule.key), is_overdue(today))
    return _required(chosen, which).where(col(Enrolment.status).in_(TAKING_PART), ~is_trained(today))


def state_on(expires_on: date | None, today: date) -> TrainingState:
    """Where somebody stands whose longest completion counts until that day; None for no completion."""
    if expires_on is None:
        return TrainingState.OPEN
    return TrainingState.PASSED if expires_on >= today else TrainingState.EXPIRED


def unless_never(expires_on: date | None) -> date | None:
    """The day, or None for the one that stands for "does not run out"."""
    return None if expires_on == date.max else expires_on


def is_published() -> ColumnElement[bool]:
    """Whether the joined module is the edition in force: of each module there is at most one."""
    return col(TrainingModule.state) == PublishedState.PUBLISHED


def is_trained(today: Any) -> ColumnElement[bool]:
    """Whether the joined enrolment holds a completion that counts today for the joined module."""
    held: ColumnElement[bool] = _completions(_counts()).where(col(TrainingCompletion.expires_on) >= today).exists()
    return held


def is_overdue(today: Any) -> ColumnElement[bool]:
    """Whether the joined enrolment is past the joined module's day, or had a completion that has run out."""
    past = or_(col(TrainingModule.due_on) < today, _completions(_counts()).exists())
    return and_(past, _holds_back(today))


def _filtered(only: ProgressFilter, today: Any) -> list[ColumnElement[bool]]:
    conditions = {
        ProgressFilter.TO_DO: lambda: [~is_trained(today)],
        ProgressFilter.OVERDUE: lambda: [is_overdue(today)],
        ProgressFilter.PASSED: lambda: [is_trained(today)],
    }
    return conditions[only]() if only in conditions else []


def _holds_back(today: Any) -> ColumnElement[bool]:
    """Whether the joined module stands between the joined enrolment and a new match."""
    due = col(TrainingModule.due_on)
    held_before = _completions(true()).where(col(TrainingCompletion.expires_on) >= today).exists()
    is_time_up = or_(due.is_(None), due < today, and_(col(TrainingModule.counts_from) > 1, ~held_before))
    return and_(is_time_up, ~is_trained(today))


def _required(chosen: Any, which: Any) -> Any:
    """The chosen columns for every enrolment on this condition and every module required of its side."""
    sides = cast(col(TrainingModule.required_for), String)
    asked = or_(*(and_(col(Enrolment.side) == side, sides.like(f'%"{side.value}"%')) for side in Side))
    return (
        chosen.select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(TrainingModule, and_(col(TrainingModule.scheme_id) == col(Cohort.scheme_id), asked, is_published()))
        .where(which)
    )


def _counts() -> ColumnElement[bool]:
    return col(_TAKEN.edition) >= col(TrainingModule.counts_from)


def _completions(which: Any) -> Any:
    """The joined enrolment's completions of editions of the joined module, on this condition."""
    return (
        select(col(TrainingCompletion.id))
        .join(_TAKEN, col(_TAKEN.id) == col(TrainingCompletion.module_id))
        .where(
            col(TrainingCompletion.enrolment_id) == col(Enrolment.id),
            col(_TAKEN.scheme_id) == col(TrainingModule.scheme_id),
            col(_TAKEN.key) == col(TrainingModule.key),
            which,
        )
        .correlate(Enrolment, TrainingModule)
    )


def _latest(column: Any) -> Any:
    """The latest such day of the joined enrolment's completions that count for the joined module."""
    return _completions(_counts()).with_only_columns(func.max(column)).scalar_subquery()


def _line(
    today: date,
    enrolment_id: UUID,
    name: str,
    side: Side,
    module: str,
    completed_on: date | None,
    expires_on: date | None,
    claims: dict[str, str],
    due_on: date | None,
) -> Progress:
    state = state_on(expires_on, today)
    is_past = state is TrainingState.EXPIRED or (due_on is not None and due_on < today)
    has_time = due_on is not None and due_on >= today
    return Progress(
        enrolment_id=enrolment_id,
        name=name,
        side=side,
        module=module,
        state=state,
        completed_on=completed_on,
        expires_on=unless_never(expires_on),
        claimed=claims.get(CLAIM),
        due_on=due_on,
        is_overdue=state is not TrainingState.PASSED and is_past and not has_time,
    )
