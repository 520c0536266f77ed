"""What a pair settles between the two: rhythm, length, channels, and sections in their own words.

It takes both: whoever proposes an edition has confirmed it, and it is in force from the day the other does. The words
are the pair's own: the only function here for anybody else returns numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Side
from models.pairings import Pairing, PairingStatus, WaysOfWorking
from models.schemes import Channel, Cohort, Scheme
from services import access, agreements, audit, cleaning, contacts, pairings
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "role": "What each of us does",
        "confidentiality": "What stays between us",
        "boundaries": "Where our boundaries are",
        "expectations": "What we expect of each other",
        "ending": "How we will end",
    }
)
LONGEST_SECTION = 2000
BOUNDS = {"interval_days": (1, 366), "minutes": (5, 480), "months": (1, 36)}
_WORDS = {"interval_days": "The days between two contacts", "minutes": "The minutes", "months": "The months"}


@dataclass(frozen=True)
class Rhythm:
    """What counts as the agreed rhythm on a day. `edition` is None while the scheme's default holds."""

    interval_days: int
    minutes: int
    months: int
    edition: int | None


@dataclass(frozen=True)
class Edition:
    """One edition, as the pair reads it. `in_force_from` is None until both have confirmed."""

    number: int
    proposed_by: Side
    interval_days: int
    minutes: int
    months: int
    channels: tuple[Channel, ...]
    sections: Mapping[str, str]
    in_force_from: date | None


@dataclass(frozen=True)
class Ways:
    """What holds between the two, and what one of them has proposed since."""

    in_force: Edition | None
    proposed: Edition | None


@writes
def propose(
    session: Session,
    actor: Actor,
    pairing_id: UUID,
    *,
    interval_days: int,
    minutes: int,
    months: int,
    channels: Sequence[Channel],
    sections: Mapping[str, str],
) -> Edition:
    """Write a new edition for the other side to confirm; it takes the place of one that still waits.

    Raises NotAllowed, Conflict, Invalid.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    scheme = pairings.scheme_of(session, pairing)
    _check_numbers(interval_days=interval_days, minutes=minutes, months=months)
    edition = WaysOfWorking(
        pairing_id=pairing_id,
        edition=_newest_number(session, pairing_id) + 1,
        proposed_by=side,
        interval_days=interval_days,
        minutes=minutes,
        months=months,
        channels=_checked_channels(channels, scheme),
        sections=_cleaned(sections),
    )
    _confirm(edition, side)
    session.add(edition)
    audit.record(session, actor, "ways_of_working.proposed", pairing_id, scheme_id=scheme.id, edition=edition.edition)
    proposed = _as_edition(edition)
    session.commit()
    return proposed


@writes
def confirm(session: Session, actor: Actor, pairing_id: UUID, edition: int, *, today: date) -> Edition:
    """Agree to the edition that the other side proposed: in force from today, and the pair is active.

    Raises NotAllowed; Conflict when it is not the newest, or waits for the other side.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    newest = session.exec(_editions(pairing_id).limit(1)).first()
    if newest is None or newest.edition != edition or newest.in_force_from is not None:
        raise Conflict("This is no longer the newest proposal.", remedy="Reload the page and read the newest one.")
    if newest.proposed_by is side:
        raise Conflict("This proposal waits for the other side.", remedy="Wait for their answer, or change it.")

    _confirm(newest, side)
    newest.in_force_from = today
    if pairing.status is PairingStatus.RELEASED:
        pairing.status = PairingStatus.ACTIVE
    scheme = pairings.scheme_of(session, pairing)
    audit.record(session, actor, "ways_of_working.confirmed", pairing_id, scheme_id=scheme.id, edition=edition)
    confirmed = _as_edition(newest)
    session.commit()
    return confirmed


def of_pairing(session: Session, actor: Actor, pairing_id: UUID) -> Ways:
    """What the actor's own pair agreed, also after it ended, and what waits. Raises NotAllowed."""
    access.pairing_to_take_part_in(session, actor, pairing_id)
    found = session.exec(_editions(pairing_id)).all()
    in_force = next((row for row in found if row.in_force_from is not None), None)
    waiting = found[0] if found and found[0].in_force_from is None else None
    return Ways(_as_edition(in_force) if in_force else None, _as_edition(waiting) if waiting else None)


def in_force_on(session: Session, pairing_id: UUID, day: date) -> Rhythm:
    """The rhythm agreed on a day, or the scheme's. For figures; the caller has asked permission."""
    agreed = _editions(pairing_id).where(col(WaysOfWorking.in_force_from) <= day).limit(1)
    found = session.exec(agreed).first()
    if found is not None:
        return Rhythm(found.interval_days, found.minutes, found.months, found.edition)
    scheme = session.exec(
        select(Scheme)
        .join(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .join(Pairing, col(Pairing.cohort_id) == col(Cohort.id))
        .where(Pairing.id == pairing_id)
    ).one()
    return Rhythm(scheme.default_interval_days, scheme.meeting_minutes, scheme.months, None)


def _editions(pairing_id: UUID) -> Any:
    """A pair's editions, newest first."""
    return (
        select(WaysOfWorking).where(WaysOfWorking.pairing_id == pairing_id).order_by(col(WaysOfWorking.edition).desc())
    )


def _newest_number(session: Session, pairing_id: UUID) -> int:
    newest = select(func.coalesce(func.max(WaysOfWorking.edition), 0)).where(WaysOfWorking.pairing_id == pairing_id)
    return int(session.exec(newest).one())


def _confirm(edition: WaysOfWorking, side: Side) -> None:
    if side is Side.MENTOR:
        edition.mentor_confirmed_at = utc_now()
    else:
        edition.mentee_confirmed_at = utc_now()


def _check_numbers(**numbers: int) -> None:
    for key, number in numbers.items():
        lowest, highest = BOUNDS[key]
        if not lowest <= number <= highest:
            raise Invalid(f"{_WORDS[key]} must be from {lowest} to {highest}.", remedy="Change that number.")


def _checked_channels(channels: Sequence[Channel], scheme: Scheme) -> list[str]:
    if not channels:
        raise Invalid("No way of keeping in touch is chosen.", remedy="Choose at least one.")
    for channel in channels:
        contacts.check_channel(channel, scheme.channels)
    return [channel.value for channel in Channel if channel in channels]


def _cleaned(sections: Mapping[str, str]) -> dict[str, str]:
    """The sections that say something, in their order. Raises Invalid."""
    if not sections.keys() <= SECTIONS.keys():
        raise Invalid("There is no such section.", remedy="Reload the page to see the sections.")
    cleaned = {
        key: cleaning.text(sections.get(key, ""), field=title, longest=LONGEST_SECTION)
        for key, title in SECTIONS.items()
    }
    return {key: text for key, text in cleaned.items() if text}


def _as_edition(row: WaysOfWorking) -> Edition:
    return Edition(
        number=row.edition,
        proposed_by=row.proposed_by,
        interval_days=row.interval_days,
        minutes=row.minutes,
        months=row.months,
        channels=tuple(Channel(channel) for channel in row.channels),
        sections=MappingProxyType(dict(row.sections)),
        in_force_from=row.in_force_from,
    )
