"""The meeting log: each side keeps its own record of dates and times, and the desk compares the two (A-SH6).

Entering one's own neither shows nor changes the other's: a side learns whether the two agree and in what not,
never a date, a length or a channel of the other. Staff see dates, lengths and channels of both; words are not kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus
from models.schemes import Channel, Scheme
from services import access, agreements, audit, cleaning, contacts, export, pairings, times
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.reconciliation import Difference, Noted, State, reconcile
from services.units import writes

__all__ = ["Difference", "Noted", "OwnMeeting", "OwnRecord", "State", "correct", "log", "own", "own_csv", "records_of"]

PAGE = 50
# Clocks differ a little, and some people write it down as they sit down.
GRACE = timedelta(minutes=15)
LONGEST_MINUTES = 600
HEADERS = ("Date", "Start", "Time zone", "Start (UTC)", "Minutes", "Channel", "Took place", "Began on time")


@dataclass(frozen=True)
class OwnMeeting:
    """One of the reader's own records, and how it stands to the other side's. Nothing of what they entered."""

    noted: Noted
    state: State
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class OwnRecord:
    """A page of the reader's own record, newest first, of `total`.

    `only_theirs` is how many held meetings the other side has on record that are not in the reader's.
    """

    meetings: tuple[OwnMeeting, ...] = ()
    total: int = 0
    only_theirs: int = 0


@writes
def log(
    session: Session,
    actor: Actor,
    pairing_id: UUID,
    *,
    started_at: datetime,
    time_zone: str,
    duration_minutes: int,
    channel: Channel,
    happened: bool,
    began_on_time: bool | None,
    operation_id: UUID,
) -> Noted:
    """Note a meeting in the actor's own record. The same `operation_id` again is the same record, as first saved.

    A meeting that took place is a contact too. Raises NotAllowed, Conflict, Invalid.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    already = _made_by(session, operation_id, pairing_id, side)
    if already is not None:
        return already
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    scheme = pairings.scheme_of(session, pairing)
    record = MeetingRecord(
        pairing_id=pairing_id,
        side=side,
        operation_id=operation_id,
        **_checked(pairing, scheme, started_at, time_zone, duration_minutes, channel, happened, began_on_time),
    )
    _check_not_twice(session, record)
    session.add(record)
    _keep_first_contact(pairing, record, scheme)
    audit.record(session, actor, "meeting.recorded", record.id, scheme_id=scheme.id, side=side.value)
    noted = _noted(record)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("This form has been used already.", remedy="Reload the page and record it again.") from clash
    return noted


@writes
def correct(
    session: Session,
    actor: Actor,
    record_id: UUID,
    *,
    started_at: datetime,
    time_zone: str,
    duration_minutes: int,
    channel: Channel,
    happened: bool,
    began_on_time: bool | None,
) -> Noted:
    """Put one's own record right, while the pair goes on. Raises NotAllowed, Conflict, Invalid."""
    record = session.get(MeetingRecord, record_id)
    if record is None:
        raise _not_yours()
    pairing, side = pairings.open_to_change(session, actor, record.pairing_id)
    if record.side is not side:
        raise _not_yours()
    scheme = pairings.scheme_of(session, pairing)
    facts = _checked(pairing, scheme, started_at, time_zone, duration_minutes, channel, happened, began_on_time)
    for name, value in facts.items():
        setattr(record, name, value)
    _check_not_twice(session, record)
    _keep_first_contact(pairing, record, scheme)
    audit.record(session, actor, "meeting.corrected", record.id, scheme_id=scheme.id, side=side.value)
    noted = _noted(record)
    session.commit()
    return noted


def own(session: Session, actor: Actor, pairing_id: UUID, *, page: int = 1) -> OwnRecord:
    """The actor's own record of their pair's meetings, 50 a page, compared with the other side's. Raises NotAllowed.

    When a pair has ended there is nothing left to record, so nothing is said of what only the other side did.
    """
    pairing, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    mine: list[Noted] = []
    theirs: list[Noted] = []
    for whose, noted in records_of(session, pairing_id):
        (mine if whose is side else theirs).append(noted)
    compared = reconcile(mine, theirs, pairings.scheme_of(session, pairing).time_zone)
    # By one's own starts alone: an order by the other's would tell something of them.
    found = sorted(
        (OwnMeeting(each.mine, each.state, each.differences) for each in compared if each.mine),
        key=lambda meeting: (meeting.noted.started_at, meeting.noted.id),
        reverse=True,
    )
    only_theirs = sum(each.mine is None and each.theirs is not None and each.theirs.happened for each in compared)
    is_open = pairing.status is not PairingStatus.ENDED
    return OwnRecord(tuple(found[(page - 1) * PAGE : page * PAGE]), len(found), only_theirs if is_open else 0)


def own_csv(session: Session, actor: Actor, pairing_id: UUID) -> bytes:
    """The actor's own record as a file, oldest first, also after the pair ended. Raises NotAllowed."""
    _, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    mine = select(MeetingRecord).where(MeetingRecord.pairing_id == pairing_id, MeetingRecord.side == side)
    records = session.exec(mine.order_by(col(MeetingRecord.started_at))).all()
    return export.csv_bytes(HEADERS, [_as_row(record) for record in records])


def records_of(session: Session, pairing_id: UUID) -> Iterator[tuple[Side, Noted]]:
    """Every record of a pair with its side, for a caller that has asked whether its reader may see it."""
    for side, *facts in session.exec(_records_of(), params={"pairing": pairing_id}):
        yield side, Noted(*facts)


def _checked(
    pairing: Pairing,
    scheme: Scheme,
    started_at: datetime,
    time_zone: str,
    duration_minutes: int,
    channel: Channel,
    happened: bool,
    began_on_time: bool | None,
) -> dict[str, Any]:
    """The facts of a record, as they are kept. Raises Invalid."""
    if started_at > utc_now() + GRACE:
        raise Invalid("A meeting cannot be in the future.", remedy="Record it once you have met.")
    # People know the minute, not the second, in which they were matched.
    if started_at < pairing.released_at.replace(second=0, microsecond=0):
        raise Invalid("A meeting cannot be before you two were matched.", remedy="Check the date and the time.")
    if not 1 <= duration_minutes <= LONGEST_MINUTES:
        raise Invalid(f"A meeting lasts from 1 to {LONGEST_MINUTES} minutes.", remedy="Change the minutes.")
    contacts.check_channel(channel, scheme.channels)
    return {
        "started_at": started_at,
        "time_zone": cleaning.time_zone(time_zone),
        "duration_minutes": duration_minutes,
        "channel": channel,
        "happened": happened,
        # Nothing began that did not take place.
        "began_on_time": began_on_time if happened else None,
    }


def _made_by(session: Session, operation_id: UUID, pairing_id: UUID, side: Side) -> Noted | None:
    """What this very form saved before."""
    found = session.exec(select(MeetingRecord).where(MeetingRecord.operation_id == operation_id)).one_or_none()
    return _noted(found) if found and (found.pairing_id, found.side) == (pairing_id, side) else None


def _check_not_twice(session: Session, record: MeetingRecord) -> None:
    with session.no_autoflush:
        twin = select(MeetingRecord.id).where(
            MeetingRecord.pairing_id == record.pairing_id,
            MeetingRecord.side == record.side,
            MeetingRecord.started_at == record.started_at,
            MeetingRecord.id != record.id,
        )
        if session.exec(twin).first() is not None:
            raise Conflict(
                "You have already recorded a meeting with this start.", remedy="Correct that record instead."
            )


def _keep_first_contact(pairing: Pairing, record: MeetingRecord, scheme: Scheme) -> None:
    if record.happened:
        contacts.keep_first(pairing, times.day_in(record.started_at, scheme.time_zone))


@cache
def _records_of() -> Any:
    """The records of a pair: the side, then in the order of `Noted`."""
    noted: tuple[Any, ...] = tuple(col(getattr(MeetingRecord, field.name)) for field in fields(Noted))
    return select(col(MeetingRecord.side), *noted).where(col(MeetingRecord.pairing_id) == bindparam("pairing"))


def _noted(record: MeetingRecord) -> Noted:
    return Noted(
        id=record.id,
        started_at=record.started_at,
        time_zone=record.time_zone,
        duration_minutes=record.duration_minutes,
        channel=record.channel,
        happened=record.happened,
        began_on_time=record.began_on_time,
    )


def _as_row(record: MeetingRecord) -> tuple[export.Cell, ...]:
    local = times.local_time(record.started_at, record.time_zone)
    return (
        local.date(),
        f"{local:%H:%M}",
        record.time_zone,
        f"{record.started_at:%Y-%m-%d %H:%M}",
        record.duration_minutes,
        record.channel.value,
        _yes_or_no(record.happened),
        _yes_or_no(record.began_on_time),
    )


def _yes_or_no(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[answer]


def _not_yours() -> NotAllowed:
    return NotAllowed("You cannot change this record.", remedy="Open your own from the Meetings page.")
