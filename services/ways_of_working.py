"""What a pair settles between the two: rhythm, usual hour, channels, and sections in their own words.

It takes both: whoever proposes an edition has confirmed it, and it is in force from the day the other does. The words
are the pair's own and sealed in the database: what is here for anybody else returns numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Side
from models.pairings import Pairing, PairingStatus, WaysDraft, WaysOfWorking
from models.schemes import Channel, Cohort, Scheme
from services import (
    access,
    agreements,
    audit,
    cleaning,
    contacts,
    pairings,
    private_words,
    times,
    usual_times,
    ways_mail,
)
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes
from services.usual_times import Usual
from services.ways_wording import ALWAYS, EARLIER, SECTIONS, starting_words

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
class Terms:
    """What an edition says, before it is one. Sections are by their keys."""

    interval_days: int
    minutes: int
    months: int
    channels: tuple[Channel, ...]
    usual: Usual | None
    sections: Mapping[str, str]


@dataclass(frozen=True)
class Edition:
    """One edition, as the pair reads it. `in_force_from` is None until both have confirmed.

    `proposed_on` is by the scheme's calendar. Of an edition that another has followed, `in_force_until` is the day on
    which that one took over.
    """

    number: int
    proposed_by: Side
    proposed_on: date
    interval_days: int
    minutes: int
    months: int
    channels: tuple[Channel, ...]
    usual: Usual | None
    sections: Mapping[str, str]
    in_force_from: date | None
    in_force_until: date | None = None


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
    usual: Usual | None = None,
) -> Edition:
    """Write a new edition for the other side to confirm; it takes the place of one that still waits.

    The same again is the same proposal. What is left blank of roles and of confidentiality says what the scheme says,
    so that both always confirm the two. Raises NotAllowed, Conflict, Invalid.
    """
    terms = Terms(interval_days, minutes, months, tuple(channels), usual, sections)
    proposed = add_proposal(session, actor, pairing_id, terms)
    session.commit()
    return proposed


def add_proposal(session: Session, actor: Actor, pairing_id: UUID, terms: Terms) -> Edition:
    """Adds the edition that these terms make; never commits. Raises NotAllowed, Conflict, Invalid."""
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    scheme = pairings.scheme_of(session, pairing)
    terms = checked(terms, scheme)
    sections = _with_what_the_scheme_says(terms.sections, scheme)
    newest = session.exec(_editions(pairing_id).limit(1)).first()
    if newest is not None and _is_waiting(newest, side) and _terms_of(newest) == replace(terms, sections=sections):
        return _as_edition(newest, scheme.time_zone)
    edition = WaysOfWorking(
        pairing_id=pairing_id,
        edition=newest.edition + 1 if newest else 1,
        proposed_by=side,
        interval_days=terms.interval_days,
        minutes=terms.minutes,
        months=terms.months,
        channels=[channel.value for channel in terms.channels],
        **_kept_hour(terms.usual),
        covers=list(sections),
        words=private_words.sealed(sections),
    )
    _confirm(edition, side)
    session.add(edition)
    audit.record(session, actor, "ways_of_working.proposed", pairing_id, scheme_id=scheme.id, edition=edition.edition)
    # Whoever changes what waits already has told the other side once.
    if newest is None or not _is_waiting(newest, side):
        agreed = _editions(pairing_id).where(col(WaysOfWorking.in_force_from).is_not(None)).limit(1)
        is_change = session.exec(agreed).first() is not None
        ways_mail.tell_other_side(session, pairing, scheme, edition, is_change=is_change)
    return _as_edition(edition, scheme.time_zone)


@writes
def confirm(session: Session, actor: Actor, pairing_id: UUID, edition: int, *, today: date | None = None) -> Edition:
    """Agree to the edition that the other side proposed: in force from today, and the pair is active.

    Today is the day of the press by the scheme's calendar, however old the page is. Raises NotAllowed; Conflict when it
    is not the newest, waits for the other side, or would begin before the edition that it follows.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    newest = session.exec(_editions(pairing_id).limit(1)).first()
    if newest is None or newest.edition != edition or newest.in_force_from is not None:
        raise Conflict("This is no longer the newest proposal.", remedy="Reload the page and read the newest one.")
    if newest.proposed_by is side:
        raise Conflict("This proposal waits for the other side.", remedy="Wait for their answer, or change it.")
    scheme = pairings.scheme_of(session, pairing)
    day = today or times.day_in(utc_now(), scheme.time_zone)
    _refuse_before_the_last(session, pairing_id, day)

    _confirm(newest, side)
    newest.in_force_from = day
    if pairing.status is PairingStatus.RELEASED:
        pairing.status = PairingStatus.ACTIVE
    audit.record(session, actor, "ways_of_working.confirmed", pairing_id, scheme_id=scheme.id, edition=edition)
    confirmed = _as_edition(newest, scheme.time_zone)
    # Whoever agreed to this has done with what they had begun themselves.
    session.exec(delete(WaysDraft).where(col(WaysDraft.pairing_id) == pairing_id, col(WaysDraft.side) == side))
    session.commit()
    return confirmed


def _refuse_before_the_last(session: Session, pairing_id: UUID, day: date) -> None:
    """What held on any day is told by these days, so they never go back. Raises Conflict."""
    begun = col(WaysOfWorking.in_force_from)
    last = session.exec(select(func.max(begun)).where(WaysOfWorking.pairing_id == pairing_id)).one()
    if last is not None and day < last:
        raise Conflict(
            f"By the server's clock it is {times.day_in_words(day, today=last)}, but what you agreed last holds since "
            f"{times.day_in_words(last, today=day)}. Nothing is lost: the proposal still waits for your yes.",
            remedy="Tell the coordinator that the server's clock must be set, then agree again.",
        )


def of_pairing(session: Session, actor: Actor, pairing_id: UUID) -> Ways:
    """What the actor's own pair agreed, also after it ended, and what waits. Raises NotAllowed."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    zone = pairings.scheme_of(session, pairing).time_zone
    in_force, waiting = now(session.exec(_all_editions(), params={"pairing": pairing_id}).all())
    return Ways(_as_edition(in_force, zone) if in_force else None, _as_edition(waiting, zone) if waiting else None)


def history(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Edition, ...]:
    """Every edition that was ever in force between the actor's own two, newest first. Raises NotAllowed."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    zone = pairings.scheme_of(session, pairing).time_zone
    agreed = session.exec(_editions(pairing_id).where(col(WaysOfWorking.in_force_from).is_not(None))).all()
    until = [None, *(row.in_force_from for row in agreed)]
    return tuple(replace(_as_edition(row, zone), in_force_until=day) for row, day in zip(agreed, until, strict=False))


def edition_on(session: Session, actor: Actor, pairing_id: UUID, day: date) -> Edition | None:
    """What was in force between the actor's own two on a day; None while nothing was agreed. Raises NotAllowed."""
    return of_day(history(session, actor, pairing_id), day)


def of_day(editions: Sequence[Edition], day: date) -> Edition | None:
    """Which of a history, newest first, was in force on a day."""
    return next((each for each in editions if each.in_force_from and each.in_force_from <= day), None)


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


@cache
def _all_editions() -> Any:
    pairing_id: Any = bindparam("pairing")
    return _editions(pairing_id)


def now(found: Sequence[WaysOfWorking]) -> tuple[WaysOfWorking | None, WaysOfWorking | None]:
    """The edition in force and the one that waits, of all of them, newest first."""
    in_force = next((row for row in found if row.in_force_from is not None), None)
    return in_force, found[0] if found and found[0].in_force_from is None else None


def _is_waiting(edition: WaysOfWorking, side: Side) -> bool:
    return edition.in_force_from is None and edition.proposed_by is side


def _confirm(edition: WaysOfWorking, side: Side) -> None:
    if side is Side.MENTOR:
        edition.mentor_confirmed_at = utc_now()
    else:
        edition.mentee_confirmed_at = utc_now()


def checked(terms: Terms, scheme: Scheme) -> Terms:
    """The terms as they are kept, with only the sections that say something. Raises Invalid."""
    _check_numbers(interval_days=terms.interval_days, minutes=terms.minutes, months=terms.months)
    return replace(
        terms,
        channels=_checked_channels(terms.channels, scheme),
        usual=usual_times.checked(terms.usual) if terms.usual else None,
        sections=_cleaned(terms.sections),
    )


def _check_numbers(**numbers: int) -> None:
    for key, number in numbers.items():
        lowest, highest = BOUNDS[key]
        if not lowest <= number <= highest:
            raise Invalid(f"{_WORDS[key]} must be from {lowest} to {highest}.", remedy="Change that number.")


def _checked_channels(channels: Sequence[Channel], scheme: Scheme) -> tuple[Channel, ...]:
    if not channels:
        raise Invalid("No way of keeping in touch is chosen.", remedy="Choose at least one.")
    for channel in channels:
        contacts.check_channel(channel, scheme.channels)
    return tuple(channel for channel in Channel if channel in channels)


def _cleaned(sections: Mapping[str, str]) -> dict[str, str]:
    """The sections that say something, in their order. Raises Invalid."""
    known = {**SECTIONS, **EARLIER}
    if not sections.keys() <= known.keys():
        raise Invalid("There is no such section.", remedy="Reload the page to see the sections.")
    cleaned = {
        key: cleaning.text(sections.get(key, ""), field=title, longest=LONGEST_SECTION) for key, title in known.items()
    }
    return {key: text for key, text in cleaned.items() if text}


def _with_what_the_scheme_says(sections: Mapping[str, str], scheme: Scheme) -> dict[str, str]:
    said = starting_words(scheme)
    both = {key: sections.get(key) or said[key] for key in ALWAYS}
    return both | {key: text for key, text in sections.items() if key not in ALWAYS}


def _kept_hour(usual: Usual | None) -> dict[str, Any]:
    if usual is None:
        return {}
    return {"usual_weekday": usual.weekday, "usual_minute": usual.minute, "usual_zone": usual.zone}


def hour_of(row: WaysOfWorking) -> Usual | None:
    """The usual hour of an edition, if it has one."""
    if row.usual_weekday is None or row.usual_minute is None or row.usual_zone is None:
        return None
    return usual_times.from_minute(row.usual_weekday, row.usual_minute, row.usual_zone)


def _terms_of(row: WaysOfWorking) -> Terms:
    channels = tuple(Channel(channel) for channel in row.channels)
    words = private_words.opened(row.words)
    return Terms(row.interval_days, row.minutes, row.months, channels, hour_of(row), words)


def _as_edition(row: WaysOfWorking, zone: str) -> Edition:
    terms = _terms_of(row)
    return Edition(
        number=row.edition,
        proposed_by=row.proposed_by,
        proposed_on=times.day_in(row.created_at, zone),
        interval_days=terms.interval_days,
        minutes=terms.minutes,
        months=terms.months,
        channels=terms.channels,
        usual=terms.usual,
        sections=MappingProxyType(dict(terms.sections)),
        in_force_from=row.in_force_from,
    )
