"""Pairs in rhythm, quiet and silent (U-5): now pair by pair for a coordinator, and week by week as counts."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, func, literal, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import Enrolment
from models.pairings import Pairing
from models.people import Person
from models.schemes import Scheme
from services import access, days, suppression
from services.access import Actor
from services.pair_facts import (
    IN_RHYTHM,
    QUIET,
    SILENT,
    AsOf,
    in_motion,
    interval_in_force,
    rhythm_facts,
    sign_days,
    state_of,
)
from services.paused_days import paused_between
from services.suppression import Shown

PAGE = 50
WEEKS = 12
STATES = (IN_RHYTHM, QUIET, SILENT)
TOGETHER = (frozenset({QUIET, SILENT}),)


@dataclass(frozen=True)
class Rhythm:
    """Open pairs by how they keep to what they agreed. None is a count that this reader is not shown."""

    in_rhythm: Shown
    quiet: Shown
    silent: Shown
    pairs: Shown


@dataclass(frozen=True)
class WeekEnd:
    """How it stood at the end of a day."""

    day: date
    rhythm: Rhythm


@dataclass(frozen=True)
class QuietPair:
    """A pair that a coordinator may want to ask. `days_since` any sign of life; `agreed_days` between meetings."""

    pairing_id: UUID
    mentor: str
    mentee: str
    state: str
    days_since: int
    agreed_days: int


@dataclass(frozen=True)
class QuietPairs:
    """One page of them, the longest silence against what was agreed first."""

    lines: tuple[QuietPair, ...]
    total: int
    pages: int


def of_states(counts: dict[str, Shown]) -> Rhythm:
    """From counts by the name of the state, and "pairs" for all of them."""
    return Rhythm(counts[IN_RHYTHM], counts[QUIET], counts[SILENT], counts["pairs"])


def history(session: Session, cohort_id: UUID, scheme: Scheme, as_of: AsOf, *, protect: bool) -> tuple[WeekEnd, ...]:
    """The last twelve weeks but the present day, each as it stood at its end. One query for any number."""
    ends = [as_of.day - timedelta(weeks=back) for back in range(WEEKS - 1, 0, -1)]
    weeks = union_all(*(select(literal(days.number_of(end)).label("day")) for end in ends)).subquery("weeks")
    pairs = _pairs_by_week(weeks, cohort_id, scheme, as_of)
    counts = select(pairs.c.day, pairs.c.state, func.count()).group_by(pairs.c.day, pairs.c.state)
    by_day: dict[int, dict[str, int]] = {}
    for number, state, count in session.exec(counts):  # type: ignore[call-overload]
        by_day.setdefault(number, {})[state] = count
    return tuple(WeekEnd(end, _week(by_day.get(days.number_of(end), {}), protect=protect)) for end in ends)


def quiet_pairs(session: Session, actor: Actor, cohort_id: UUID, today: date, *, page: int = 1) -> QuietPairs:
    """Who has gone quiet or silent, by name, 50 a page. For coordinators, without pairs of their own. NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    quiet = quiet_rows(cohort_id, scheme, AsOf(today, scheme.time_zone), actor)
    total = session.exec(select(func.count()).select_from(quiet)).scalar_one()  # type: ignore[call-overload]
    pages = max(1, -(-total // PAGE))
    longest = (quiet.c.days_since * 1.0 / quiet.c.interval).desc()
    statement = select(quiet).order_by(longest, quiet.c.id).offset((min(max(page, 1), pages) - 1) * PAGE).limit(PAGE)
    lines = (QuietPair(*row) for row in session.exec(statement))  # type: ignore[call-overload]
    return QuietPairs(tuple(lines), total, pages)


def quiet_rows(cohort_id: UUID, scheme: Scheme, as_of: AsOf, actor: Actor) -> Subquery:
    """A query of the quiet and silent pairs with both names: the columns of `QuietPair`, named as in `rhythm_facts`."""
    facts = rhythm_facts(cohort_id, scheme, as_of)
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    mentors_self, mentees_self = aliased(Person), aliased(Person)
    return (
        select(
            facts.c.id,
            col(mentors_self.full_name).label("mentor"),
            col(mentees_self.full_name).label("mentee"),
            facts.c.state,
            facts.c.days_since,
            facts.c.interval,
        )
        .join(mentor, col(mentor.id) == facts.c.mentor_id)
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .join(mentee, col(mentee.id) == facts.c.mentee_id)
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        .where(
            facts.c.state.in_([QUIET, SILENT]),
            # A party to a pair handles it as a party only.
            col(mentor.person_id) != actor.person_id,
            col(mentee.person_id) != actor.person_id,
        )
        .subquery("quiet")
    )


def _pairs_by_week(weeks: Subquery, cohort_id: UUID, scheme: Scheme, as_of: AsOf) -> Subquery:
    """One row for each pair that was open at the end of each day: (day, state)."""
    signs = sign_days(cohort_id, as_of)
    released, ended = as_of.day_number(Pairing.released_at), as_of.day_number(Pairing.ended_at)
    last = func.coalesce(func.max(signs.c.day), released)
    by_pair: Any = (
        select(weeks.c.day, col(Pairing.id), last.label("last"))
        .select_from(weeks)
        .join(Pairing, released <= weeks.c.day)
        .outerjoin(signs, and_(signs.c.pairing_id == col(Pairing.id), signs.c.day <= weeks.c.day))
        .where(
            col(Pairing.cohort_id) == cohort_id,
            in_motion(weeks.c.day),
            func.coalesce(ended, weeks.c.day + 1) > weeks.c.day,
        )
        .group_by(weeks.c.day, col(Pairing.id), col(Pairing.released_at))
        .subquery("by_pair")
    )
    interval = interval_in_force(by_pair.c.id, by_pair.c.day, scheme)
    since = by_pair.c.day - by_pair.c.last - paused_between(by_pair.c.id, by_pair.c.last, by_pair.c.day)
    return select(by_pair.c.day, state_of(since, interval, scheme).label("state")).subquery("by_state")


def _week(counts: dict[str, int], *, protect: bool) -> Rhythm:
    publish = suppression.protected if protect else suppression.exact
    return of_states(
        publish(counts, [("pairs", _is_any), *((state, _is(state)) for state in STATES)], together=TOGETHER)
    )


def _is(state: str) -> Any:
    return lambda cell: cell == state


def _is_any(_cell: str) -> bool:
    return True
