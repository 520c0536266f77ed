"""The meeting log of a cohort, for whoever coordinates it: when and how long, as each side noted it, and no words.

The list says of each pair how many meetings each side has on record; one pair at a time shows them side by side.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.meetings import MeetingRecord
from models.pairings import Pairing
from models.people import Person
from models.schemes import Scheme
from services import access, meetings, pair_names, pairings
from services.access import Actor
from services.reconciliation import ComparedMeeting, Noted, reconcile

# As many pairs as are read on one screen.
PAIRS = 20


@dataclass(frozen=True)
class PairCount:
    """How many records each side has, meetings that did not take place included; and the last that did (UTC)."""

    pairing_id: UUID
    mentor: str
    mentee: str
    by_mentor: int
    by_mentee: int
    last_at: datetime | None


@dataclass(frozen=True)
class CohortMeetings:
    """One page of a cohort's pairs, by the mentees' names. `zone` is the scheme's."""

    pairs: tuple[PairCount, ...]
    zone: str
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class PairMeetings:
    """One pair's meetings, newest first: "mine" is the mentor's record and "theirs" the mentee's."""

    mentor: str
    mentee: str
    zone: str
    meetings: tuple[ComparedMeeting, ...]


def of_cohort(session: Session, actor: Actor, cohort_id: UUID, *, search: str = "", page: int = 1) -> CohortMeetings:
    """The pairs, 20 a page; `search` looks in both names. Two queries. Raises NotAllowed.

    A coordinator who is half of a pair sees that pair only as its half. Ended pairs stay for the record.
    """
    scheme_id = access.scheme_run_of(session, actor, cohort_id)
    named = pair_names.asked(search)
    given = {"cohort": cohort_id, "scheme": scheme_id, "who": actor.person_id} | named
    zone, total = session.exec(_counted(is_search=bool(named)), params=given).one()
    pages = max(1, -(-total // PAIRS))
    page = min(max(1, page), pages)
    rows = session.exec(_page_of(is_search=bool(named)), params=given | {"skipped": (page - 1) * PAIRS})
    return CohortMeetings(tuple(PairCount(*row) for row in rows), zone, total, page, pages)


def of_pair(session: Session, actor: Actor, pairing_id: UUID) -> PairMeetings:
    """Both records of each of a pair's meetings, for a coordinator who is no half of it. Raises NotAllowed."""
    pairing = access.pairing_to_coordinate(session, actor, pairing_id)
    people = pairings.people_of(session, pairing)
    zone = pairings.scheme_of(session, pairing).time_zone
    noted: dict[Side, list[Noted]] = {side: [] for side in Side}
    for side, record in meetings.records_of(session, pairing_id):
        noted[side].append(record)
    compared = reconcile(noted[Side.MENTOR], noted[Side.MENTEE], zone)
    return PairMeetings(people[Side.MENTOR].full_name, people[Side.MENTEE].full_name, zone, compared)


@cache
def _page_of(*, is_search: bool) -> Any:
    """The pairs of a page first, so that records are counted for these few alone."""
    picked = _picked(is_search=is_search).subquery("picked")
    mentor, mentors_self, mentees_self = aliased(Enrolment), aliased(Person), aliased(Person)
    names: tuple[Any, ...] = (picked.c.id, col(mentors_self.full_name), col(mentees_self.full_name))
    noted: tuple[Any, ...] = (_records(Side.MENTOR), _records(Side.MENTEE), _last_held())
    return (
        select(*names, *noted)
        .select_from(picked)
        .join(Pairing, col(Pairing.id) == picked.c.id)
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .join(mentees_self, col(mentees_self.id) == picked.c.mentees_id)
        .order_by(picked.c.sort_key, picked.c.released_at, picked.c.id)
    )


def _picked(*, is_search: bool) -> Any:
    mentee = aliased(Enrolment)
    mentees_id: Any = col(mentee.person_id).label("mentees_id")
    wanted: tuple[Any, ...] = (col(Pairing.id), col(mentee.sort_key), col(Pairing.released_at), mentees_id)
    return (
        select(*wanted)
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        # By the mentees' cohort, which is the pairs' too: its index hands them over in order of their names.
        .where(col(mentee.cohort_id) == bindparam("cohort"), ~_is_own(), *_named(is_search=is_search))
        .order_by(col(mentee.sort_key), col(Pairing.released_at), col(Pairing.id))
        .offset(bindparam("skipped"))
        .limit(PAIRS)
    )


@cache
def _counted(*, is_search: bool) -> Any:
    """The scheme's zone, and how many pairs there are: all of the cohort's, which an index counts, less one's own."""
    pairs = select(func.count()).select_from(Pairing).where(col(Pairing.cohort_id) == bindparam("cohort"))
    number: Any = pairs.scalar_subquery() - pairs.where(_is_own()).scalar_subquery()
    if is_search:
        number = pairs.where(~_is_own(), *_named(is_search=True)).scalar_subquery()
    return select(col(Scheme.time_zone), number).where(col(Scheme.id) == bindparam("scheme"))


def _is_own() -> Any:
    own = select(col(Enrolment.id)).where(col(Enrolment.person_id) == bindparam("who"))
    return or_(col(Pairing.mentor_id).in_(own), col(Pairing.mentee_id).in_(own))


def _named(*, is_search: bool) -> list[Any]:
    return [pair_names.is_named()] if is_search else []


def _records(side: Side) -> Any:
    noted = col(MeetingRecord.pairing_id) == col(Pairing.id), col(MeetingRecord.side) == side
    return select(func.count(col(MeetingRecord.id))).where(*noted).correlate(Pairing).scalar_subquery()


def _last_held() -> Any:
    held = col(MeetingRecord.pairing_id) == col(Pairing.id), col(MeetingRecord.happened).is_(True)
    return select(func.max(MeetingRecord.started_at)).where(*held).correlate(Pairing).scalar_subquery()
