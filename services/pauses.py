"""A break with a day of return, or without one (U-C5.3): at once nobody new is proposed to whoever takes it.

Their pairs stand still. The other half is told kindly and chooses to wait or to look for somebody else. On the day of
return the person is asked; only their own yes ends a break, or whoever began it for them
(services/coordinated_pauses.py).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus
from models.pairings import EndReason, Pairing
from models.pauses import PairingPause, Pause, PauseChoice
from models.schemes import Cohort, Scheme
from services import access, audit, enrolment_form, messages, pairings, stepping_back, times
from services.access import DESK, Actor
from services.errors import Conflict, Invalid
from services.pairings import Ended
from services.units import writes

LONGEST_DAYS = 366
# Counted from the planned day of return; after the last one it is the coordinator's turn.
ASKED_AFTER_DAYS = (0, 7, 14)


@dataclass(frozen=True)
class MyBreak:
    """The actor's own break. `is_due` from the planned day of return on; without such a day, never."""

    started_on: date
    planned_return_on: date | None
    is_due: bool


@writes
def pause(session: Session, actor: Actor, *, return_on: date | None = None) -> EnrolmentStatus:
    """Take a break from today, until a day or an open one. Raises NotAllowed, Invalid, Conflict.

    Open proposals are withdrawn, pairs stand still, and whoever is concerned is told.
    """
    enrolment = _own(session, actor, EnrolmentStatus.APPROVED)
    begin(session, actor, enrolment, return_on, template="pause_begun")
    session.commit()
    return EnrolmentStatus.PAUSED


def begin(session: Session, actor: Actor, enrolment: Enrolment, return_on: date | None, *, template: str) -> None:
    """Adds the break of somebody who is approved, with all that follows, whoever begins it; never commits.

    `template` is what the person reads. Raises Invalid.
    """
    today = stepping_back.today_of(session, enrolment)
    check_return(return_on, today)
    # Locks are taken in one order everywhere: proposals, pairs, journal.
    taken_back = stepping_back.take_back_proposals(session, actor, enrolment)
    enrolment.status = EnrolmentStatus.PAUSED
    begun = Pause(
        enrolment_id=enrolment.id,
        begun_by_id=actor.person_id or enrolment.person_id,
        started_on=today,
        planned_return_on=return_on,
    )
    session.add(begun)
    session.flush()
    paired = stepping_back.pause_pairs(session, actor, enrolment, begun)
    audit.record(session, actor, "enrolment.paused", enrolment.id, proposals=taken_back, pairs=paired)
    _write(session, enrolment, template, f"pause-begun-{begun.id}", back_on=return_on)


@writes
def stay_away(session: Session, actor: Actor, *, return_on: date | None) -> None:
    """Not yet: another day of return, or none. Whoever waits is told and may choose anew.

    Raises NotAllowed, Invalid, Conflict.
    """
    enrolment = _own(session, actor, EnrolmentStatus.PAUSED)
    begun = stepping_back.open_pause(session, enrolment.id)
    if begun is None:
        raise Conflict("This break has ended.", remedy="Reload the page to see how things stand.")
    check_return(return_on, max(stepping_back.today_of(session, enrolment), begun.started_on))
    if begun.planned_return_on != return_on:
        begun.planned_return_on, begun.times_asked = return_on, 0
        stepping_back.ask_pairs_again(session, begun)
        audit.record(session, actor, "pause.moved", enrolment.id)
    session.commit()


@writes
def come_back(session: Session, actor: Actor) -> EnrolmentStatus:
    """Be there again, early or late; pairs that waited go on from today. Raises NotAllowed, Conflict."""
    enrolment = _own(session, actor, EnrolmentStatus.PAUSED)
    end(session, actor, enrolment)
    session.commit()
    return EnrolmentStatus.APPROVED


def end(session: Session, actor: Actor, enrolment: Enrolment) -> Pause | None:
    """Adds the end of somebody's break, and wakes their pairs; never commits. The break that was open."""
    today = stepping_back.today_of(session, enrolment)
    enrolment.status = EnrolmentStatus.APPROVED
    begun = stepping_back.open_pause(session, enrolment.id)
    if begun is not None:
        begun.ended_on = max(today, begun.started_on)
        stepping_back.wake_pairs(session, actor, enrolment, begun, begun.ended_on)
    audit.record(session, actor, "enrolment.resumed", enrolment.id)
    return begun


@writes
def wait(session: Session, actor: Actor, pairing_id: UUID) -> None:
    """Wait until the other is back; the pair stands still meanwhile. Raises NotAllowed, Conflict."""
    _, rest = _to_choose(session, actor, pairing_id)
    if rest.choice is not PauseChoice.WAIT:
        rest.choice = PauseChoice.WAIT
        audit.record(session, actor, "pairing.waits", pairing_id)
    session.commit()


@writes
def find_another(session: Session, actor: Actor, pairing_id: UUID) -> Ended:
    """Look for somebody else instead: the pair ends without blame, and the time that a mentee waited is kept (U-C5.2).

    The one who is away is told kindly. Raises NotAllowed, Conflict.
    """
    pairing, rest = _to_choose(session, actor, pairing_id)
    rest.choice = PauseChoice.ANOTHER
    side = pairings.OTHER[rest.away]
    ended = pairings.conclude(
        session, actor, pairing, side, reason=EndReason.REFERRED_ELSEWHERE, template="pairing_ended_in_pause"
    )
    session.commit()
    return ended


@writes
def ask_due(session: Session, now: datetime) -> int:
    """Ask everybody whose day of return has come whether they are back, three times at most. For the worker; how many.

    Nothing else happens by itself: without an answer the coordinator sees it on Home.
    """
    asked = 0
    for begun, enrolment, scheme in session.exec(_perhaps_due(now)).all():
        planned: date = begun.planned_return_on
        late = (times.day_in(now, scheme.time_zone) - planned).days
        due = sum(late >= days for days in ASKED_AFTER_DAYS)
        if due > begun.times_asked:
            begun.times_asked = due  # one mail stands for all that were missed
            _write(session, enrolment, "pause_return_asked", f"pause-{begun.id}-{planned}-{due}", back_on=planned)
            audit.record(session, DESK, "pause.asked", enrolment.id, scheme_id=scheme.id, times=due)
            asked += 1
    session.commit()
    return asked


def mine(session: Session, actor: Actor) -> MyBreak | None:
    """The break that the actor takes in this place. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    if enrolment.status is not EnrolmentStatus.PAUSED:
        return None
    today = stepping_back.today_of(session, enrolment)
    statement = select(Pause).where(Pause.enrolment_id == enrolment.id, col(Pause.ended_on).is_(None))
    begun = session.exec(statement).one_or_none()
    if begun is None:
        return None
    planned = begun.planned_return_on
    return MyBreak(begun.started_on, planned, planned is not None and planned <= today)


def today(session: Session, actor: Actor) -> date:
    """The present day where the actor's scheme is, in which days of return are meant. Raises NotAllowed."""
    return stepping_back.today_of(session, access.own_enrolment(session, actor))


def _own(session: Session, actor: Actor, status: EnrolmentStatus) -> Enrolment:
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    if enrolment.status is not status:
        raise Conflict(f"This enrolment is not {status.value} now.", remedy="Reload the page to see how it stands.")
    return enrolment


def check_return(return_on: date | None, today: date) -> None:
    """Raises Invalid for a day of return that is not within the year to come."""
    if return_on is None:
        return
    if return_on <= today:
        raise Invalid("The day of return is not in the future.", remedy="Choose a later day, or no day at all.")
    if (return_on - today).days > LONGEST_DAYS:
        raise Invalid("That is more than a year away.", remedy="Choose an earlier day, or no day at all.")


def _to_choose(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Pairing, PairingPause]:
    """The actor's pair that stands still because the other is away."""
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    statement = select(PairingPause).where(
        PairingPause.pairing_id == pairing_id, col(PairingPause.ended_on).is_(None), PairingPause.away != side
    )
    rest = session.exec(statement.with_for_update()).one_or_none()
    if rest is None:
        raise Conflict("The other side is not on a break now.", remedy="Reload the page to see how things stand.")
    return pairing, rest


def _perhaps_due(now: datetime) -> Any:
    """Open breaks whose planned day has begun somewhere on Earth, and that were not asked about to the end."""
    return (
        select(Pause, Enrolment, Scheme)
        .join(Enrolment, col(Enrolment.id) == col(Pause.enrolment_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(
            col(Pause.ended_on).is_(None),
            col(Pause.planned_return_on) <= now.date() + timedelta(days=1),
            col(Pause.times_asked) < len(ASKED_AFTER_DAYS),
            col(Enrolment.status) == EnrolmentStatus.PAUSED,
        )
        .order_by(col(Pause.id))
        .with_for_update(of=Pause)
    )


def _write(session: Session, enrolment: Enrolment, template: str, event: str, **facts: Any) -> None:
    scheme = stepping_back.scheme_of(session, enrolment)
    messages.queue(session, person_id=enrolment.person_id, template=template, scheme_id=scheme.id, event=event, **facts)
