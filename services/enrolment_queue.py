"""The coordinator's queue: who wants in, on which side, how far they are, and what is still missing.

A page costs the same in a cohort of a hundred thousand: its counts and its people's ids come from indexes alone, a
search from the index of words, a gate from the first who fit (services/queue_finding.py), and only the people on the
page are read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, enrolment_decisions, enrolment_form, queue_finding, readiness, times
from services.access import Actor
from services.queue_finding import Sought
from services.readiness import Readiness
from services.schemes.sectors import sectors

ROWS_A_PAGE = 20
# Of those whom a gate or a search leads to: nobody pages further, and to count on would cost more than it tells.
MOST_FOUND = 200
# The coordinator's view of an answer ends where no clause gives it to them (SECURITY.md b6, 4).
HIDDEN_FROM_COORDINATOR = frozenset({"wechat_id"})


class Gate(StrEnum):
    """How far somebody is from a match: every gate holds, one does not, or just this one does not."""

    READY = "ready"
    NOT_READY = "not-ready"
    PROFILE = "profile"
    SIGNATURE = "signature"
    TRAINING = "training"
    CONFLICTS = "conflicts"
    CAPACITY = "capacity"
    CONTACTABLE = "contactable"


@dataclass(frozen=True)
class Filter:
    """What the queue shows. `search` is beginnings of words, in any order, of a name or address."""

    side: Side | None = None
    status: EnrolmentStatus | None = None
    gate: Gate | None = None
    search: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether the cohort's counts by side and status say how many it shows."""
        return self.gate is None and not self.search.strip()


@dataclass(frozen=True)
class QueueRow:
    """One line of the queue. `claims` are what a spreadsheet said, in words; they never count.

    `back_on` is the planned day of return of somebody who is paused, if they named one; `is_sent_to_rest` says that a
    coordinator began that break.
    """

    id: UUID
    name: str
    email: str
    side: Side
    status: EnrolmentStatus
    role_title: str | None
    sector: str | None
    submitted_at: datetime | None
    claims: tuple[str, ...]
    readiness: Readiness
    back_on: date | None = None
    is_sent_to_rest: bool = False


@dataclass(frozen=True)
class Queue:
    """One page of the queue. `counts` is of the whole cohort by side and status.

    Of what the filter shows, on every page: `total`, and `decidable`, those submitted that are not the actor's own.
    A gate or a search is followed as far as ten pages go: with `has_more` both numbers are of the first 200 alone.
    `has_held`: somebody's no or question was given minutes ago, and may be the actor's to take back.
    """

    rows: tuple[QueueRow, ...]
    total: int
    decidable: int
    page: int
    pages: int
    counts: Mapping[tuple[Side, EnrolmentStatus], int] = field(default_factory=dict)
    has_more: bool = False
    has_held: bool = False

    def count(self, *statuses: EnrolmentStatus, side: Side | None = None) -> int:
        """How many of the cohort have one of these statuses, on one side or both."""
        return sum(n for (of, status), n in self.counts.items() if status in statuses and side in (None, of))


@dataclass(frozen=True)
class Details:
    """What the coordinator reads before deciding: (label, answer) in the order of the form, without blanks."""

    id: UUID
    name: str
    note: str | None
    answers: tuple[tuple[str, str], ...]


def queue(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    side: Side | None = None,
    status: EnrolmentStatus | None = None,
    gate: Gate | None = None,
    search: str = "",
    page: int = 1,
    today: date | None = None,
) -> Queue:
    """One page of 20, by name. A page past the end is the last one. Raises NotAllowed."""
    scheme = _scheme_to_coordinate(session, actor, cohort_id)
    chosen, day = Filter(side, status, gate, search), today or times.gate_day()
    counts = _counts(session, cohort_id)
    if chosen.is_counted:
        total, decidable = _counted(session, actor, cohort_id, chosen, counts)
        asked = Queue((), total, decidable, page, 1, counts, has_held=scheme.has_held)
        return _page(session, scheme, cohort_id, chosen, day, asked)
    sought = _sought(session, scheme, cohort_id, chosen, day, people=sum(_shown(chosen, counts).values()))
    found = queue_finding.first(session, sought, MOST_FOUND + 1)
    has_more, found = len(found) > MOST_FOUND, found[:MOST_FOUND]
    page, pages = _within(page, len(found))
    decidable = session.exec(_decidable_of(), params={"ids": found, "person_id": actor.person_id}).one() if found else 0
    rows = _rows(session, scheme, cohort_id, found[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE], day)
    return Queue(rows, len(found), decidable, page, pages, counts, has_more, scheme.has_held)


def _page(session: Session, scheme: Any, cohort_id: UUID, chosen: Filter, today: date, asked: Queue) -> Queue:
    """A page of those of one side and status, of whom it is known how many there are."""
    page, pages = _within(asked.page, asked.total)
    ids = select(Enrolment.id).where(*queue_finding.conditions(_sought(session, None, cohort_id, chosen, today)))
    ordered = ids.order_by(col(Enrolment.sort_key), col(Enrolment.id))
    shown = session.exec(ordered.offset((page - 1) * ROWS_A_PAGE).limit(ROWS_A_PAGE)).all() if asked.total else []
    return replace(asked, rows=_rows(session, scheme, cohort_id, list(shown), today), page=page, pages=pages)


def _within(page: int, total: int) -> tuple[int, int]:
    """The page that there is, and how many there are."""
    pages = max(1, ceil(total / ROWS_A_PAGE))
    return min(max(1, page), pages), pages


def submitted_on(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, today: date) -> tuple[UUID, ...]:
    """Everything submitted that the filter shows, on every page, but never the actor's own. Raises NotAllowed."""
    return _everybody(session, actor, cohort_id, chosen, today, {EnrolmentStatus.SUBMITTED})


def on_the_way(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, today: date) -> tuple[UUID, ...]:
    """The same of everybody who may still have something to do: who did not pause, leave or hear a no."""
    return _everybody(session, actor, cohort_id, chosen, today, queue_finding.ON_THE_WAY)


def _everybody(
    session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, today: date, statuses: Collection[EnrolmentStatus]
) -> tuple[UUID, ...]:
    access.cohort_to_coordinate(session, actor, cohort_id)
    conditions, order = everybody(session, cohort_id, chosen, today)
    others = col(Enrolment.person_id) != actor.person_id
    ids = select(Enrolment.id).where(*conditions, col(Enrolment.status).in_(statuses), others)
    return tuple(session.exec(ids.order_by(*order)))


def details(session: Session, actor: Actor, enrolment_id: UUID) -> Details:
    """One enrolment's answers as the coordinator may read them. Raises NotAllowed, also for the actor's own."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    person = session.get_one(Person, enrolment.person_id)
    fields = enrolment_form.fields_of(session, [enrolment.cohort_id]).get(enrolment.cohort_id, ())
    asked = enrolment_form.questions(fields, enrolment.side, person, enrolment)
    answers = tuple(
        (question.label, question.shown)
        for question in asked
        if question.kind != "consent" and question.key not in HIDDEN_FROM_COORDINATOR and not question.is_blank
    )
    return Details(enrolment.id, person.full_name, enrolment.decision_note, answers)


def everybody(session: Session, cohort_id: UUID, chosen: Filter, today: date) -> tuple[list[Any], tuple[Any, Any]]:
    """SQL conditions on Enrolment that all whom the filter shows fulfil, and by what they are in order of names."""
    scheme = enrolment_form.scheme_of(session, cohort_id) if chosen.gate else None
    return queue_finding.everybody(session, _sought(session, scheme, cohort_id, chosen, today))


def _sought(session: Session, scheme: Any, cohort_id: UUID, chosen: Filter, today: date, *, people: int = 0) -> Sought:
    of_form = enrolment_form.fields_of(session, [cohort_id]) if chosen.gate is Gate.PROFILE else {}
    gate = chosen.gate.value if chosen.gate else None
    fields = of_form.get(cohort_id, ())
    return Sought(cohort_id, people, scheme, fields, today, chosen.side, chosen.status, gate, chosen.search)


def _scheme_to_coordinate(session: Session, actor: Actor, cohort_id: UUID) -> Any:
    """What the lights ask of the scheme, if the actor runs it: a few columns cost less than two rows."""
    asked = {"cohort_id": cohort_id, "since": enrolment_decisions.held_since()}
    scheme = session.exec(_gates(), params=asked).one_or_none()
    if scheme is None or scheme.id not in actor.coordinates:
        access.cohort_to_coordinate(session, actor, cohort_id)  # refuses
    return scheme


@cache
def _gates() -> Any:
    held = exists().where(*enrolment_decisions.freshly_held(bindparam("cohort_id"), bindparam("since")))
    wanted = select(Scheme.id, Scheme.mentor_gates, Scheme.mentee_gates, held.label("has_held"))
    return wanted.join(Cohort, col(Cohort.scheme_id) == Scheme.id).where(Cohort.id == bindparam("cohort_id"))


@cache
def _decidable_of() -> Any:
    """How many of `ids` were submitted and are not this person's own."""
    return select(func.count()).where(
        col(Enrolment.id).in_(bindparam("ids", expanding=True)),
        Enrolment.status == EnrolmentStatus.SUBMITTED,
        Enrolment.person_id != bindparam("person_id"),
    )


def _counts(session: Session, cohort_id: UUID) -> dict[tuple[Side, EnrolmentStatus], int]:
    found = session.exec(_by_side_and_status(), params={"cohort_id": cohort_id})
    return {(Side(side), EnrolmentStatus(status)): number for side, status, number in found}


@cache  # asked on every run of the queue: building it costs more than asking
def _by_side_and_status() -> Any:
    return (
        select(Enrolment.side, Enrolment.status, func.count())
        .where(Enrolment.cohort_id == bindparam("cohort_id"))
        .group_by(col(Enrolment.side), col(Enrolment.status))
    )


def _counted(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    chosen: Filter,
    counts: Mapping[tuple[Side, EnrolmentStatus], int],
) -> tuple[int, int]:
    """How many a filter of side and status shows, and how many of them the actor may decide."""
    shown = _shown(chosen, counts)
    waiting = sum(number for (_, status), number in shown.items() if status is EnrolmentStatus.SUBMITTED)
    own = session.exec(_own_submitted(), params={"person_id": actor.person_id, "cohort_id": cohort_id})
    return sum(shown.values()), waiting - sum((side, EnrolmentStatus.SUBMITTED) in shown for side in own)


def _shown(chosen: Filter, counts: Mapping[tuple[Side, EnrolmentStatus], int]) -> dict[Any, int]:
    """The counts of the chosen side and status."""
    return {
        (side, status): number
        for (side, status), number in counts.items()
        if chosen.side in (None, side) and chosen.status in (None, status)
    }


@cache
def _own_submitted() -> Any:
    return select(Enrolment.side).where(
        Enrolment.person_id == bindparam("person_id"),
        Enrolment.cohort_id == bindparam("cohort_id"),
        Enrolment.status == EnrolmentStatus.SUBMITTED,
    )


def _rows(session: Session, scheme: Any, cohort_id: UUID, ids: list[UUID], today: date) -> tuple[QueueRow, ...]:
    found = {
        row.id: _row(row, lights) for row, lights in readiness.with_lights(session, scheme, cohort_id, ids, today=today)
    }
    return tuple(found[each] for each in ids)


def _row(enrolment: Any, found: Readiness) -> QueueRow:
    return QueueRow(
        id=enrolment.id,
        name=enrolment.full_name,
        email=enrolment.email,
        side=enrolment.side,
        status=enrolment.status,
        role_title=enrolment.role_title,
        sector=sectors().get(enrolment.sector or "", enrolment.sector),
        submitted_at=enrolment.submitted_at,
        claims=tuple(f"says: {what.replace('_', ' ')} {said}" for what, said in sorted(enrolment.claims.items())),
        readiness=found,
        back_on=enrolment.back_on,
        is_sent_to_rest=enrolment.paused_by not in (None, enrolment.person_id),
    )
