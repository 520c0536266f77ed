"""A scheme with pairs and meetings on days of one's choice, and what the ledger says of a clause."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlmodel import Session, select

from models.agreements import SchemeDocument, TrainingModule
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus
from models.schemes import Channel, Cohort
from services import ledger
from services.access import DESK, Actor
from services.schemes import starting
from tests.factories import make_actor, make_coordinator, make_pairing

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def scheme(session: Session, key: str, name: str | None = None) -> Cohort:
    """A cohort of a scheme from a template, whose texts are some months old."""
    started = starting.start(
        session,
        DESK,
        key,
        cohort_name="2026/27",
        starts_on=date(2026, 6, 1),
        ends_on=date(2027, 5, 31),
        scheme_name=name or f"Scheme {uuid4().hex[:6]}",
    )
    cohort = session.get_one(Cohort, started.id)
    for table in (SchemeDocument, TrainingModule):
        for row in session.exec(select(table).where(table.scheme_id == cohort.scheme_id)):
            row.published_at = ago(150)
    session.flush()
    return cohort


def figure(session: Session, cohort: Cohort, clause: str, key: str) -> ledger.Measured:
    return next(each for each in line(session, cohort, clause).measured if each.figure.key == key)


def line(session: Session, cohort: Cohort, clause: str) -> ledger.Line:
    found = ledger.ledger(session, coordinator_of(session, cohort), cohort.id, today=TODAY)
    return next(each for each in found.lines if each.clause == clause)


def coordinator_of(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def pair(session: Session, cohort: Cohort, *, released: int, **facts: Any) -> Pairing:
    facts.setdefault("status", PairingStatus.ACTIVE)
    return make_pairing(session, cohort, released_at=ago(released), created_at=ago(released), **facts)


def met(
    session: Session,
    pairing: Pairing,
    *,
    days_ago: int,
    side: Side = Side.MENTEE,
    minutes_later: int = 0,
    began_on_time: bool | None = None,
) -> MeetingRecord:
    at = ago(days_ago) + timedelta(minutes=minutes_later)
    record = MeetingRecord(
        pairing_id=pairing.id,
        side=side,
        started_at=at,
        created_at=at,
        time_zone="UTC",
        duration_minutes=45,
        channel=Channel.EMAIL,
        began_on_time=began_on_time,
        operation_id=uuid4(),
    )
    session.add(record)
    session.flush()
    return record


def ago(days: int) -> datetime:
    return NOON - timedelta(days=days)
