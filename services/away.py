"""Who is away, for screens: what a break or an ending would set off, and a cohort's list of breaks by day of return."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.pauses import Pause
from models.people import Person
from services import access, days, stepping_back, times
from services.access import Actor
from services.pauses import ASKED_AFTER_DAYS

PAGE = 50
SOON, DAY = timedelta(days=6), timedelta(days=1)


@dataclass(frozen=True)
class Consequences:
    """Whom a break or an ending would concern: names of open pairs, and how many proposals are open.

    `today` is the scheme's day, `until` the moment at which it is over.
    """

    today: date
    until: datetime
    pairs: tuple[str, ...]
    proposals: int


@dataclass(frozen=True)
class AwayLine:
    """Somebody on a break, or gone for good. Of the gone there is no day of return."""

    enrolment_id: UUID
    name: str
    side: Side
    status: EnrolmentStatus
    since: date | None
    planned_return_on: date | None
    times_asked: int


@dataclass(frozen=True)
class AwayPage:
    """One page of 50, breaks by their day of return first, then the gone by name."""

    lines: tuple[AwayLine, ...]
    total: int
    pages: int


def consequences(session: Session, actor: Actor) -> Consequences:
    """What stepping back would set off now, so that a screen can say it first. Raises NotAllowed."""
    return consequences_of(session, access.own_enrolment(session, actor))


def consequences_of(session: Session, enrolment: Enrolment) -> Consequences:
    """The same of anybody. The caller has asked whether the actor may see them."""
    is_mentor = enrolment.side is Side.MENTOR
    own, other = (Pairing.mentor_id, Pairing.mentee_id) if is_mentor else (Pairing.mentee_id, Pairing.mentor_id)
    names = (
        select(Person.full_name)
        .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
        .join(Pairing, col(other) == col(Enrolment.id))
        .where(own == enrolment.id, Pairing.status != PairingStatus.ENDED)
        .order_by(col(Enrolment.sort_key))
    )
    asked = Proposal.mentor_id if is_mentor else Proposal.mentee_id
    proposals = select(func.count()).where(asked == enrolment.id, Proposal.status == ProposalStatus.SENT)
    zone = stepping_back.scheme_of(session, enrolment).time_zone
    today = times.day_in(utc_now(), zone)
    return Consequences(
        today, days.first_moment_after(today, zone), tuple(session.exec(names)), session.exec(proposals).one()
    )


def away(session: Session, actor: Actor, cohort_id: UUID, *, page: int = 1) -> AwayPage:
    """Who of a cohort is on a break, or has left. Two queries. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    gone = [EnrolmentStatus.PAUSED, EnrolmentStatus.WITHDRAWN]
    conditions = (Enrolment.cohort_id == cohort_id, col(Enrolment.status).in_(gone))
    total = session.exec(select(func.count()).select_from(Enrolment).where(*conditions)).one()
    pages = max(1, -(-total // PAGE))
    statement: Any = (
        select(  # type: ignore[call-overload]
            Enrolment.id,
            Person.full_name,
            Enrolment.side,
            Enrolment.status,
            Pause.started_on,
            Pause.planned_return_on,
            func.coalesce(Pause.times_asked, 0),
        )
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .outerjoin(Pause, and_(col(Pause.enrolment_id) == col(Enrolment.id), col(Pause.ended_on).is_(None)))
        .where(*conditions)
        .order_by(
            col(Enrolment.status),
            # Whoever gave no day comes after those who did, on both databases.
            col(Pause.planned_return_on).is_(None),
            col(Pause.planned_return_on),
            col(Enrolment.sort_key),
            col(Enrolment.id),
        )
        .offset((min(max(page, 1), pages) - 1) * PAGE)
        .limit(PAGE)
    )
    return AwayPage(tuple(AwayLine(*row) for row in session.exec(statement)), total, pages)


def due_back(cohort_id: Any, today: date) -> Any:
    """An SQL count: people whose day of return is this week, or has come within the days of asking."""
    return _counted(cohort_id, col(Pause.planned_return_on).between(today - _given_up() + DAY, today + SOON))


def unanswered(cohort_id: Any, today: date) -> Any:
    """An SQL count: people who were asked to the end and did not say whether they are back."""
    return _counted(cohort_id, col(Pause.planned_return_on) <= today - _given_up())


def _given_up() -> timedelta:
    return timedelta(days=ASKED_AFTER_DAYS[-1])


def _counted(cohort_id: Any, *conditions: Any) -> Any:
    who = aliased(Enrolment)
    return (
        select(func.count(col(Pause.id)))
        .join(who, col(who.id) == col(Pause.enrolment_id))
        .where(
            col(who.cohort_id) == cohort_id,
            col(who.status) == EnrolmentStatus.PAUSED,
            col(Pause.ended_on).is_(None),
            *conditions,
        )
    )
