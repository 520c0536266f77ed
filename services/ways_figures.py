"""How far the pairs of a cohort are with their ways of working: done or not, and when. Not a word of what they say."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, false, func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Enrolment
from models.pairings import Pairing
from models.schemes import Scheme
from services import access, pair_names, times
from services.access import Actor
from services.ways_states import State, at_work, counted, is_late, page_of

__all__ = ["CohortWays", "PairWays", "State", "due_days", "late", "of_cohort"]

PAGE = 20


Counts = dict[State, int]
# Answers with what was counted before under the same key, or counts now.
Keep = Callable[[tuple[Hashable, ...], Callable[[], Counts]], Counts]


@dataclass(frozen=True)
class PairWays:
    """One pair. `due_on` is set once a first meeting has opened the agreement in a scheme that sets days for it.

    `expectations` is how many of the two have written theirs.
    """

    pairing_id: UUID
    mentor: str
    mentee: str
    state: State
    first_meeting_on: date | None
    due_on: date | None
    agreed_on: date | None
    edition: int | None
    expectations: int


@dataclass(frozen=True)
class CohortWays:
    """One page of a cohort's open pairs, the most pressing first, and how many there are in each state."""

    pairs: tuple[PairWays, ...]
    counts: Counts
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class _Frame:
    """What the scheme says, whether the actor takes part in the cohort, and its newest entry in the journal."""

    zone: str
    due_days: int | None
    takes_part: bool
    edition: int | None


def count_now(_key: tuple[Hashable, ...], count: Callable[[], Counts]) -> Counts:
    """Keeps nothing."""
    return count()


def of_cohort(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    today: date,
    state: State | None = None,
    search: str = "",
    page: int = 1,
    keep: Keep = count_now,
) -> CohortWays:
    """The cohort's open pairs, 20 a page; `search` looks in both names. Three queries, two while counts are kept.

    A coordinator who is half of a pair does not see that pair here. Raises NotAllowed.
    """
    frame = _frame(session, actor, cohort_id, access.scheme_run_of(session, actor, cohort_id))
    named = pair_names.asked(search)
    which = frame.due_days is not None, bool(named)
    given = _given(frame, actor, cohort_id, today) | named
    # Whoever takes part is counted without themselves: their counts are their own. So are those of a search.
    key = ("ways", cohort_id, today, frame.edition, actor.person_id if frame.takes_part else None)
    counts = (count_now if named else keep)(key, lambda: _count(session, which, given))
    wanted = {one: counts.get(one, 0) if state in {None, one} else 0 for one in State}
    total = sum(wanted.values())
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    rows = session.exec(page_of(*which), params=given | _slices(wanted, page)).all()
    return CohortWays(tuple(_pair(row, frame) for row in rows), counts, total, page, pages)


def late(cohort_id: UUID, scheme: Scheme, actor: Actor, today: date) -> Any:
    """SQL: how many open pairs have let their days pass, one's own apart. None in a scheme that sets no days."""
    days = due_days(scheme)
    condition = false() if days is None else is_late(_last_moment(scheme.time_zone, days, today))
    return select(func.count(col(Pairing.id))).where(
        col(Pairing.cohort_id) == cohort_id, *at_work(actor.person_id), condition
    )


def due_days(scheme: Scheme) -> int | None:
    """The days from a first meeting to an agreement, where the scheme sets any (U-C4.4)."""
    found: int | None = scheme.other_settings.get("ways_due_days")
    return found


def _frame(session: Session, actor: Actor, cohort_id: UUID, scheme_id: UUID) -> _Frame:
    given = {"cohort": cohort_id, "scheme": scheme_id, "who": actor.person_id}
    zone, settings, takes_part, edition = session.exec(_asked_at_every_look(), params=given).one()
    return _Frame(zone, settings.get("ways_due_days"), bool(takes_part), edition)


@cache
def _asked_at_every_look() -> Any:
    scheme_id: Any = bindparam("scheme")
    own = exists().where(col(Enrolment.cohort_id) == bindparam("cohort"), col(Enrolment.person_id) == bindparam("who"))
    newest = select(func.max(col(AuditEntry.sequence))).where(col(AuditEntry.scheme_id) == scheme_id)
    return select(col(Scheme.time_zone), col(Scheme.other_settings), own, newest.scalar_subquery()).where(
        col(Scheme.id) == scheme_id
    )


def _given(frame: _Frame, actor: Actor, cohort_id: UUID, today: date) -> dict[str, Any]:
    """The parameters of the statements in `ways_states`."""
    given: dict[str, Any] = {"cohort": cohort_id, "who": actor.person_id}
    if frame.due_days is not None:
        given["in_time"] = _last_moment(frame.zone, frame.due_days, today)
    return given


def _count(session: Session, which: tuple[bool, bool], given: dict[str, Any]) -> Counts:
    return {State(state): number for state, number in session.exec(counted(*which), params=given)}


def _last_moment(zone: str, days: int, today: date) -> datetime:
    """A first meeting at this moment or later is still in time."""
    return datetime.combine(today - timedelta(days=days), time(), ZoneInfo(zone))


def _slices(counts: Counts, page: int) -> dict[str, int]:
    """How many pairs of each state the page skips and takes, when the states follow each other."""
    skip, room = (page - 1) * PAGE, PAGE
    found: dict[str, int] = {}
    for state, number in counts.items():
        skipped = min(skip, number)
        taken = min(room, number - skipped)
        found |= {f"skip_{state.value}": skipped, f"take_{state.value}": taken}
        skip, room = skip - skipped, room - taken
    return found


def _pair(row: Any, frame: _Frame) -> PairWays:
    met_on = times.day_in(row.first_meeting_at, frame.zone) if row.first_meeting_at else None
    days = frame.due_days
    is_due = met_on is not None and days is not None and row.edition is None
    return PairWays(
        pairing_id=row.id,
        mentor=row.mentor,
        mentee=row.mentee,
        state=State(row.state),
        first_meeting_on=met_on,
        due_on=met_on + timedelta(days=days) if met_on and days and is_due else None,
        agreed_on=row.agreed_on,
        edition=row.edition,
        expectations=row.expectations,
    )
