"""What one side fills in of ways of working before it is sent: kept step by step, and read by its author alone.

A telephone that loses its connection between two steps loses nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.enrolments import Enrolment, Side
from models.pairings import Pairing, WaysDraft
from models.schemes import Channel
from services import access, audit, pairings, private_words, usual_times, ways_of_working
from services.access import Actor
from services.errors import Conflict
from services.units import writes
from services.ways_of_working import Edition, Terms, Ways
from services.ways_wording import starting_words


def of(session: Session, actor: Actor, pairing_id: UUID, ways: Ways | None = None) -> tuple[Terms, bool]:
    """What the actor has filled in, or what to start from, and whether any of it is theirs already. Raises NotAllowed.

    The start is the newest edition, else the scheme's rhythm and its words, and the channels that both named. A screen
    that has read the pair's `ways` already hands them over.
    """
    pairing, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    kept = _kept(session, pairing_id, side)
    if kept is not None:
        return _as_terms(private_words.opened(kept.words)), True
    ways = ways or ways_of_working.of_pairing(session, actor, pairing_id)
    newest = ways.proposed or ways.in_force
    return (_terms_of(newest) if newest else _start(session, pairing)), False


@writes
def keep(session: Session, actor: Actor, pairing_id: UUID, terms: Terms) -> Terms:
    """Keep what one step changed. Raises NotAllowed, Conflict, Invalid."""
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    scheme = pairings.scheme_of(session, pairing)
    terms = ways_of_working.checked(terms, scheme)
    words = private_words.sealed(_as_json(terms))
    row = _kept(session, pairing_id, side)
    if row is None:
        session.add(WaysDraft(pairing_id=pairing_id, side=side, words=words))
    else:
        row.words = words
    audit.record(session, actor, "ways_of_working.drafted", pairing_id, scheme_id=scheme.id)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("You have just begun this in another window.", remedy="Reload the page.") from clash
    return terms


@writes
def send(session: Session, actor: Actor, pairing_id: UUID) -> Edition:
    """Propose what the actor has filled in; the draft is gone with it. Raises NotAllowed, Conflict, Invalid."""
    _pairing, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    terms, _is_mine = of(session, actor, pairing_id)
    proposed = ways_of_working.add_proposal(session, actor, pairing_id, terms)
    _forget(session, pairing_id, side)
    session.commit()
    return proposed


@writes
def forget(session: Session, actor: Actor, pairing_id: UUID) -> None:
    """Throw away what the actor filled in and did not send. Raises NotAllowed, Conflict."""
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    _forget(session, pairing_id, side)
    scheme = pairings.scheme_of(session, pairing)
    audit.record(session, actor, "ways_of_working.draft_dropped", pairing_id, scheme_id=scheme.id)
    session.commit()


def usable_channels(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Channel, ...]:
    """The scheme's channels that both named when they enrolled; all of the scheme's where they share none."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    return _usable(session, pairing)


def _usable(session: Session, pairing: Pairing) -> tuple[Channel, ...]:
    scheme = pairings.scheme_of(session, pairing)
    offered = [channel for channel in Channel if channel.value in scheme.channels]
    mentor, mentee = (session.get_one(Enrolment, end) for end in (pairing.mentor_id, pairing.mentee_id))
    shared = tuple(each for each in offered if each.value in mentor.channels and each.value in mentee.channels)
    return shared or tuple(offered)


def _start(session: Session, pairing: Pairing) -> Terms:
    scheme = pairings.scheme_of(session, pairing)
    return Terms(
        scheme.default_interval_days,
        scheme.meeting_minutes,
        scheme.months,
        _usable(session, pairing),
        None,
        MappingProxyType(starting_words(scheme)),
    )


def _terms_of(edition: Edition) -> Terms:
    return Terms(
        edition.interval_days,
        edition.minutes,
        edition.months,
        edition.channels,
        edition.usual,
        edition.sections,
    )


def _kept(session: Session, pairing_id: UUID, side: Side) -> WaysDraft | None:
    return session.exec(
        select(WaysDraft).where(WaysDraft.pairing_id == pairing_id, WaysDraft.side == side)
    ).one_or_none()


def _forget(session: Session, pairing_id: UUID, side: Side) -> None:
    row = _kept(session, pairing_id, side)
    if row is not None:
        session.delete(row)


def _as_json(terms: Terms) -> Mapping[str, Any]:
    usual = terms.usual
    return {
        "interval_days": terms.interval_days,
        "minutes": terms.minutes,
        "months": terms.months,
        "channels": [channel.value for channel in terms.channels],
        "usual": [usual.weekday, usual.minute, usual.zone] if usual else None,
        "sections": dict(terms.sections),
    }


def _as_terms(kept: Mapping[str, Any]) -> Terms:
    usual = kept["usual"]
    return Terms(
        kept["interval_days"],
        kept["minutes"],
        kept["months"],
        tuple(Channel(channel) for channel in kept["channels"]),
        usual_times.from_minute(*usual) if usual else None,
        MappingProxyType(kept["sections"]),
    )


def changed(terms: Terms, **changes: Any) -> Terms:
    """The terms with what one step of the guide says; sections are laid over the ones that are there."""
    sections = {**terms.sections, **changes.pop("sections", {})}
    return replace(terms, sections=MappingProxyType(sections), **changes)
