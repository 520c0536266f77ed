"""Leaving for good, at any time and without a reason (U-C5.3, A-SH5), and coming again later.

It takes effect at once. It can be taken back on the same day, as long as nobody else had to be told: a pair that was
told of its end, or a proposal that somebody had read, does not come back.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Consent, Enrolment, EnrolmentStatus
from models.pauses import Departure, Pause
from models.schemes import Cohort, Scheme
from services import audit, consents, days, enrolment_form, equality, match_sharing, messages, stepping_back, times
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.units import writes


@dataclass(frozen=True)
class LeftPlace:
    """A place that somebody left. If nobody else was told, it `can_undo` until midnight where the scheme is."""

    enrolment_id: UUID
    side: str
    scheme: str
    cohort: str
    can_undo: bool
    until: datetime | None = None


@writes
def withdraw(session: Session, actor: Actor) -> EnrolmentStatus:
    """Leave for good: pairs end, proposals are withdrawn, no list has the person any more. NotAllowed, Conflict."""
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    was, today = enrolment.status, stepping_back.today_of(session, enrolment)
    told = stepping_back.take_back_proposals(session, actor, enrolment)
    told += stepping_back.end_pairs(session, actor, enrolment)
    begun = stepping_back.open_pause(session, enrolment.id)
    if begun is not None:
        begun.ended_on = max(today, begun.started_on)
    enrolment.status = EnrolmentStatus.WITHDRAWN
    match_sharing.forget(session, enrolment.id)
    equality.forget(session, enrolment.id)
    left = Departure(enrolment_id=enrolment.id, was=was, told=told)
    session.add(left)
    audit.record(session, actor, "enrolment.withdrawn", enrolment.id, told=told)
    if was is not EnrolmentStatus.DRAFT:
        _confirm(session, enrolment, left)
    session.commit()
    return EnrolmentStatus.WITHDRAWN


@writes
def undo(session: Session, actor: Actor, enrolment_id: UUID) -> EnrolmentStatus:
    """Take leaving back on the same day, if nobody else was told. Raises NotAllowed, Conflict."""
    enrolment, left = _left(session, actor, enrolment_id)
    if not _is_fresh(left, stepping_back.scheme_of(session, enrolment)):
        raise Conflict("This can no longer be taken back.", remedy="You can enrol again instead.")
    left.undone_at = utc_now()
    enrolment.status = left.was
    if left.was is EnrolmentStatus.PAUSED:
        _reopen_pause(session, enrolment)
    audit.record(session, actor, "enrolment.withdrawal_undone", enrolment.id)
    session.commit()
    return left.was


@writes
def enrol_again(session: Session, actor: Actor, enrolment_id: UUID) -> EnrolmentStatus:
    """Begin anew with the form as it was; the coordinator decides as the first time. Raises NotAllowed, Conflict."""
    enrolment, _ = _left(session, actor, enrolment_id)
    reopen(session, enrolment)
    audit.record(session, actor, "enrolment.reopened", enrolment.id)
    session.commit()
    return EnrolmentStatus.DRAFT


def reopen(session: Session, enrolment: Enrolment) -> None:
    """Makes a draft of a place that was left; never commits. Answers stay, every consent is asked for anew."""
    enrolment.status = EnrolmentStatus.DRAFT
    enrolment.submitted_at = enrolment.decided_at = enrolment.waiting_since = enrolment.decision_note = None
    given = select(Consent).where(Consent.enrolment_id == enrolment.id, col(Consent.withdrawn_at).is_(None))
    for consent in session.exec(given):
        consent.withdrawn_at = utc_now()
    consents.forget_choices(session, enrolment.id)
    match_sharing.forget(session, enrolment.id)
    equality.forget(session, enrolment.id)


def left_places(session: Session, actor: Actor) -> tuple[LeftPlace, ...]:
    """The places that the actor has left, by name; one query."""
    if actor.person_id is None:
        return ()
    found = {}
    rows = session.exec(_left_places(), params={"person_id": actor.person_id})
    for enrolment_id, side, scheme, cohort, zone, left_at, told in rows:
        # The last row of a place is its newest departure.
        can_undo = told == 0 and _is_today(left_at, zone)
        until = days.first_moment_after(times.day_in(utc_now(), zone), zone) if can_undo else None
        found[enrolment_id] = LeftPlace(enrolment_id, side.value, scheme, cohort, can_undo, until)
    return tuple(found.values())


@cache  # asked whenever somebody without a cohort to run opens Home: building it costs more than asking
def _left_places() -> Any:
    names: tuple[Any, ...] = (Enrolment.id, Enrolment.side, Scheme.name, Cohort.name)
    left: tuple[Any, ...] = (Scheme.time_zone, Departure.created_at, Departure.told)
    return (
        select(*names, *left)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .join(Departure, col(Departure.enrolment_id) == col(Enrolment.id))
        .where(*_is_left(bindparam("person_id")))
        .order_by(col(Scheme.name), col(Cohort.name), col(Enrolment.id), col(Departure.created_at))
    )


def has_left(person_id: Any) -> Any:
    """SQL: whether `left_places` would find any for this person, who may be a parameter."""
    theirs = aliased(Enrolment)
    return exists().where(*_is_left(person_id, theirs), col(Departure.enrolment_id) == col(theirs.id))


def _is_left(person_id: Any, of: Any = Enrolment) -> tuple[Any, ...]:
    """Only who left by themselves: an invitation that was taken back is not theirs to open."""
    is_theirs = col(of.person_id) == person_id
    return is_theirs, col(of.status) == EnrolmentStatus.WITHDRAWN, col(Departure.undone_at).is_(None)


def _left(session: Session, actor: Actor, enrolment_id: UUID) -> tuple[Enrolment, Departure]:
    """The actor's own enrolment that they left, and how."""
    enrolment = session.get(Enrolment, enrolment_id)
    if enrolment is None or actor.person_id is None or enrolment.person_id != actor.person_id:
        raise NotAllowed("You cannot open this enrolment.", remedy="Open your own from Home.")
    if enrolment.status is not EnrolmentStatus.WITHDRAWN:
        raise Conflict("You take part here already.", remedy="Reload the page to see how things stand.")
    stands = Departure.enrolment_id == enrolment_id, col(Departure.undone_at).is_(None)
    left = session.exec(select(Departure).where(*stands).order_by(col(Departure.created_at).desc())).first()
    if left is None:
        raise Conflict("Your invitation was taken back.", remedy="Ask the coordinator to invite you again.")
    return enrolment, left


def _is_fresh(left: Departure, scheme: Scheme) -> bool:
    return left.told == 0 and left.undone_at is None and _is_today(left.created_at, scheme.time_zone)


def _is_today(moment: datetime, zone: str) -> bool:
    return times.day_in(moment, zone) == times.day_in(utc_now(), zone)


def _reopen_pause(session: Session, enrolment: Enrolment) -> None:
    newest = select(Pause).where(Pause.enrolment_id == enrolment.id).order_by(col(Pause.created_at).desc())
    begun = session.exec(newest).first()
    if begun is not None:
        begun.ended_on = None


def _confirm(session: Session, enrolment: Enrolment, left: Departure) -> None:
    messages.queue(
        session,
        person_id=enrolment.person_id,
        template="withdrawal_confirmed",
        scheme_id=stepping_back.scheme_of(session, enrolment).id,
        event=f"departure-{left.id}",
        link_subject_id=enrolment.id,
    )
