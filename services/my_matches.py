"""What each of a pair sees of the other.

Contact details are read anew each time, channel by channel and only where a consent stands: taking one back hides it
at the other side's next look. Of a pair that has ended, no query here touches contact details at all.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, exists, false, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Consent, ConsentPurpose, Enrolment, Side
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, PairingStatus, WaysOfWorking
from models.pauses import PairingPause, Pause, PauseChoice
from models.people import Person
from models.schemes import Channel, Cohort, Scheme
from services import access, consents, days, paused_days, signatures, times
from services.access import Actor
from services.paused_days import Rest
from services.schemes.sectors import sectors


@dataclass(frozen=True)
class ContactDetail:
    """One way to reach the other side, as they wrote it."""

    channel: Channel
    value: str


@dataclass(frozen=True)
class MyMatch:
    """A pairing as one side sees it. Of an ended one only the other's name is left.

    `interval_days`, `minutes` and `months` are what the two agreed, or the scheme's until they did. `last_sign_on` is
    the last contact that this side noted, or the last held meeting of its own record. `is_behind`: the other has a
    later one of either; when the next is due cannot be said then without telling when that was (SECURITY b2). Zones
    are IANA names; the scheme's stands in for a blank.
    Of a paused pair `away` is the side on a break, until `back_on` if they said so; `choice` is the other side's.
    `rests` are the pauses whose days do not count. `must_sign_first`: before the first contact, and this side never
    signed something that it must.
    """

    pairing_id: UUID
    side: Side
    status: PairingStatus
    other_name: str
    role_title: str | None
    sector: str | None
    summary: str | None
    goals: str | None
    contacts: tuple[ContactDetail, ...]
    my_zone: str
    their_zone: str
    scheme_zone: str
    channels: tuple[Channel, ...]
    interval_days: int
    minutes: int
    months: int
    released_at: datetime
    first_contact_on: date | None
    last_sign_on: date | None
    ended_at: datetime | None
    away: Side | None = None
    back_on: date | None = None
    choice: PauseChoice | None = None
    rests: tuple[Rest, ...] = ()
    is_behind: bool = False
    must_sign_first: bool = False

    @property
    def is_open(self) -> bool:
        return self.status is not PairingStatus.ENDED

    @property
    def must_make_contact(self) -> bool:
        """The mentee makes the first contact (A-ME1); this stays true until either side noted one."""
        return self.is_open and not self.is_paused and self.side is Side.MENTEE and self.first_contact_on is None

    @property
    def is_paused(self) -> bool:
        """One of the two is on a break: nothing is due from either."""
        return self.status is PairingStatus.PAUSED

    @property
    def must_choose(self) -> bool:
        """The other is on a break, and this side has not said whether it waits."""
        return self.is_paused and self.away not in {None, self.side} and self.choice is None

    @property
    def next_sign_by(self) -> date:
        """The day by which the agreed rhythm expects to hear of the pair; days of a break do not count."""
        begun_on = times.day_in(self.released_at, self.scheme_zone)
        return self.due_after(self.last_sign_on or begun_on, self.interval_days)

    def due_after(self, since: date, counted: int) -> date:
        """The day on which so many days will have passed for this pair."""
        return paused_days.due_after(since, counted, self.rests)


def mine(session: Session, actor: Actor) -> tuple[MyMatch, ...]:
    """The pairings of the place the actor acts in, open ones first, newest first. Raises NotAllowed."""
    enrolment_id, side = access.own_place(session, actor)
    found = without_contacts(session, enrolment_id, side, actor.time_zone)
    details = _open_details(session, enrolment_id, side)
    return tuple(
        replace(match, contacts=details[match.pairing_id]) if match.pairing_id in details else match for match in found
    )


def mine_without_contacts(session: Session, actor: Actor) -> tuple[MyMatch, ...]:
    """The same for a screen that shows no way to reach anybody, and so reads none. Raises NotAllowed."""
    return without_contacts(session, *access.own_place(session, actor), actor.time_zone)


def without_contacts(session: Session, enrolment_id: UUID, side: Side, zone: str | None) -> tuple[MyMatch, ...]:
    """The pairings of an enrolment in the same order, for a caller that has checked whose it is. One query, or two."""
    rows = session.exec(_my_pairings(side), params={"enrolment_id": enrolment_id}).all()
    rests = _rests(session, enrolment_id, side) if any(row.has_paused for row in rows) else {}
    matches = [_my_match(side, zone, row, rests.get(row.id, ())) for row in rows]
    return tuple(sorted(matches, key=lambda match: not match.is_open))


def _ends_of(side: Side) -> tuple[Any, Any]:
    """The pairing's columns for this side and for the other."""
    ends = (col(Pairing.mentor_id), col(Pairing.mentee_id))
    return ends if side is Side.MENTOR else ends[::-1]


@cache  # asked on most screens of a participant: building it costs more than asking
def _my_pairings(side: Side) -> Any:
    """One query; of an ended pairing every fact but the name comes back as NULL."""
    own, other = _ends_of(side)
    them, in_force = aliased(Enrolment), aliased(WaysOfWorking)
    latest = (
        select(func.max(WaysOfWorking.edition))
        .where(WaysOfWorking.pairing_id == Pairing.id, col(WaysOfWorking.in_force_from).is_not(None))
        .correlate(Pairing)
        .scalar_subquery()
    )
    agreed = and_(col(in_force.pairing_id) == Pairing.id, col(in_force.edition) == latest)
    resting = and_(col(PairingPause.pairing_id) == Pairing.id, col(PairingPause.ended_on).is_(None))
    return (
        select(*_facts_of(them), *_rhythm_of(in_force), *_last_signs(side), *_pause_of(), *_to_sign())
        .select_from(Pairing)
        .join(them, col(them.id) == other)
        .join(Person, col(Person.id) == them.person_id)
        .join(Cohort, col(Cohort.id) == Pairing.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .outerjoin(in_force, agreed)
        .outerjoin(PairingPause, resting)
        .outerjoin(Pause, col(Pause.id) == col(PairingPause.pause_id))
        .where(own == bindparam("enrolment_id"))
        .order_by(col(Pairing.released_at).desc())
    )


def _facts_of(them: Any) -> tuple[Any, ...]:
    is_open = col(Pairing.status) != PairingStatus.ENDED
    personal = {
        "their_zone": Person.time_zone,
        "role_title": them.role_title,
        "sector": them.sector,
        "summary": them.summary,
        "goals": them.goals,
    }
    while_open = (case((is_open, column)).label(name) for name, column in personal.items())
    always = (Pairing.id, Pairing.status, Pairing.released_at, Pairing.first_contact_on, Pairing.ended_at)
    return (*always, Person.full_name, *while_open)


def _rhythm_of(in_force: Any) -> tuple[Any, ...]:
    return (
        col(Scheme.time_zone).label("scheme_zone"),
        Scheme.channels,
        func.coalesce(in_force.interval_days, Scheme.default_interval_days).label("interval_days"),
        func.coalesce(in_force.minutes, Scheme.meeting_minutes).label("minutes"),
        func.coalesce(in_force.months, Scheme.months).label("months"),
    )


def _last_signs(side: Side) -> tuple[Any, ...]:
    other = Side.MENTEE if side is Side.MENTOR else Side.MENTOR
    return (
        _last_contact(side).label("last_contact_on"),
        _last_contact(other).label("their_contact_on"),
        _last_meeting(side).label("last_meeting_at"),
        _last_meeting(other).label("their_meeting_at"),
    )


def _pause_of() -> tuple[Any, ...]:
    """Who is away now, until when, what the other chose, and whether the pair ever stood still."""
    once = aliased(PairingPause)
    return (
        PairingPause.away,
        col(Pause.planned_return_on).label("back_on"),
        PairingPause.choice,
        exists().where(col(once.pairing_id) == Pairing.id).correlate(Pairing).label("has_paused"),
    )


def _to_sign() -> tuple[Any, ...]:
    """Asked only until the first contact is made, for which it matters: it takes longer than all the rest."""
    is_unsigned = signatures.never_signed_by(bindparam("enrolment_id")).exists()
    return (case((col(Pairing.first_contact_on).is_(None), is_unsigned), else_=false()).label("is_unsigned"),)


def _rests(session: Session, enrolment_id: UUID, side: Side) -> dict[UUID, tuple[Rest, ...]]:
    """The pauses of one's own pairs; asked only where there was one."""
    own, _ = _ends_of(side)
    statement = (
        select(PairingPause)
        .join(Pairing, col(Pairing.id) == col(PairingPause.pairing_id))
        .where(own == enrolment_id)
        .order_by(col(PairingPause.started_on))
    )
    found: dict[UUID, tuple[Rest, ...]] = {}
    for row in session.exec(statement):
        found[row.pairing_id] = (*found.get(row.pairing_id, ()), Rest(row.started_on, row.ended_on))
    return found


def _last_contact(side: Side) -> Any:
    return (
        select(func.max(Contact.contact_on))
        .where(Contact.pairing_id == Pairing.id, col(Contact.noted_by) == side)
        .correlate(Pairing)
        .scalar_subquery()
    )


def _last_meeting(side: Side) -> Any:
    held = select(func.max(MeetingRecord.started_at)).where(
        MeetingRecord.pairing_id == Pairing.id,
        col(MeetingRecord.side) == side,
        col(MeetingRecord.happened).is_(True),
    )
    return held.correlate(Pairing).scalar_subquery()


def _open_details(session: Session, enrolment_id: UUID, side: Side) -> dict[UUID, tuple[ContactDetail, ...]]:
    """Contact details of the other sides by pairing: open pairings only, and only what a standing consent names."""
    shared = session.exec(_shared_details(side), params={"enrolment_id": enrolment_id})
    found: dict[UUID, dict[Channel, str]] = {}
    for pairing_id, purpose, detail in shared:
        channel = consents.CHANNEL_OF.get(ConsentPurpose(purpose))
        if channel and detail:
            found.setdefault(pairing_id, {})[channel] = detail
    return {
        pairing_id: tuple(ContactDetail(channel, by_channel[channel]) for channel in Channel if channel in by_channel)
        for pairing_id, by_channel in found.items()
    }


@cache
def _shared_details(side: Side) -> Any:
    own, other = _ends_of(side)
    value = case(
        (col(Consent.purpose) == ConsentPurpose.SHARE_EMAIL, Person.email),
        (col(Consent.purpose) == ConsentPurpose.SHARE_TELEPHONE, Person.telephone),
        (col(Consent.purpose) == ConsentPurpose.SHARE_WECHAT, Person.wechat_id),
    )
    return (
        select(Pairing.id, Consent.purpose, value)
        .select_from(Pairing)
        .join(Consent, and_(col(Consent.enrolment_id) == other, col(Consent.withdrawn_at).is_(None)))
        .join(Enrolment, col(Enrolment.id) == other)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(own == bindparam("enrolment_id"), Pairing.status != PairingStatus.ENDED)
    )


def _my_match(side: Side, zone: str | None, row: Any, rests: tuple[Rest, ...]) -> MyMatch:
    """A mentor is known by role, sector and work; a mentee by what they do and hope for (SECURITY b2)."""
    my_zone, their_zone = zone or row.scheme_zone, row.their_zone or row.scheme_zone
    mine = _days_of(row.last_contact_on, my_zone, row.last_meeting_at, row.scheme_zone)
    theirs = _days_of(row.their_contact_on, their_zone, row.their_meeting_at, row.scheme_zone)
    of_mentor = side is Side.MENTEE
    return MyMatch(
        pairing_id=row.id,
        side=side,
        status=row.status,
        other_name=row.full_name,
        role_title=row.role_title if of_mentor else None,
        sector=sectors().get(row.sector or "", row.sector) if of_mentor else None,
        summary=row.summary,
        goals=None if of_mentor else row.goals,
        contacts=(),
        my_zone=my_zone,
        their_zone=their_zone,
        scheme_zone=row.scheme_zone,
        channels=tuple(Channel(channel) for channel in row.channels),
        interval_days=row.interval_days,
        minutes=row.minutes,
        months=row.months,
        released_at=row.released_at,
        first_contact_on=row.first_contact_on,
        last_sign_on=max((day for day, _ in mine), default=None),
        ended_at=row.ended_at,
        away=row.away,
        back_on=row.back_on,
        choice=row.choice,
        rests=rests,
        is_behind=_is_behind(mine, theirs),
        must_sign_first=bool(row.is_unsigned),
    )


def _days_of(contact_on: date | None, zone: str, met_at: datetime | None, scheme_zone: str) -> list[tuple[date, str]]:
    """The last contact that a side noted and the last meeting of its record, each as a day of some zone's calendar."""
    days_of = [(contact_on, zone)] if contact_on is not None else []
    return [*days_of, (times.day_in(met_at, scheme_zone), scheme_zone)] if met_at is not None else days_of


def _is_behind(mine: list[tuple[date, str]], theirs: list[tuple[date, str]]) -> bool:
    """Whether the other has a sign of a day that began when all of one's own were over.

    One evening in London is the next morning in Shanghai: two dates that can be of one call are not one after another.
    """
    if not theirs or not mine:
        return bool(theirs)
    over = max(days.first_moment_after(day, zone) for day, zone in mine)
    return max(days.first_moment_after(day - timedelta(days=1), zone) for day, zone in theirs) >= over
