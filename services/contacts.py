"""Signs of life between a pair: one tap with channel and day, noted by either side."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Side
from models.pairings import Contact, Pairing
from models.schemes import Channel
from services import access, agreements, audit, pairings, times
from services.access import Actor
from services.errors import Invalid
from services.units import writes

LATEST = 10


@dataclass(frozen=True)
class NotedContact:
    """One contact, and which side noted it."""

    id: UUID
    noted_by: Side
    channel: Channel
    contact_on: date


@writes
def note(
    session: Session, actor: Actor, pairing_id: UUID, *, channel: Channel, contact_on: date, today: date
) -> NotedContact:
    """Note that the two were in touch. A second tap with the same channel and day is the same contact.

    The day of the pair's first contact is the earliest that either noted. `today` is the actor's day, as is
    `contact_on`. Whoever never signed what is required does not begin. Raises NotAllowed, Conflict, Invalid.
    """
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    scheme = pairings.scheme_of(session, pairing)
    check_channel(channel, scheme.channels)
    # A server's clock that was set back must not keep them waiting for the day on which they were matched.
    begun_on = min(times.day_in(pairing.released_at, actor.time_zone or scheme.time_zone), today)
    if not begun_on <= contact_on <= today:
        raise Invalid(
            "A contact cannot be in the future, or before you two were matched.", remedy="Choose the day you talked."
        )

    contact = _same(session, pairing_id, side, channel, contact_on)
    if contact is None:
        contact = Contact(pairing_id=pairing_id, noted_by=side, channel=channel, contact_on=contact_on)
        session.add(contact)
        keep_first(pairing, contact_on)
        audit.record(session, actor, "contact.noted", pairing_id, scheme_id=scheme.id, channel=channel.value)
    noted = NotedContact(contact.id, side, channel, contact_on)
    session.commit()
    return noted


def latest(session: Session, actor: Actor, pairing_id: UUID) -> tuple[NotedContact, ...]:
    """The last ten contacts that the actor's own side of the pair noted, newest first. Raises NotAllowed.

    Each side keeps a log of its own (SECURITY b2): of what the other noted, `MyMatch` says no more than that there is
    something.
    """
    _, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    found = session.exec(_latest(), params={"pairing_id": pairing_id, "side": side})
    return tuple(NotedContact(*row) for row in found)


@cache
def _latest() -> Any:
    noted: tuple[Any, ...] = (Contact.id, Contact.noted_by, Contact.channel, Contact.contact_on)
    newest_first = (col(Contact.contact_on).desc(), col(Contact.created_at).desc())
    own = Contact.pairing_id == bindparam("pairing_id"), col(Contact.noted_by) == bindparam("side")
    return select(*noted).where(*own).order_by(*newest_first).limit(LATEST)


def check_channel(channel: Channel, offered: list[str]) -> None:
    """Raises Invalid for a channel that the scheme does not offer (U-C2.4)."""
    if channel not in offered:
        raise Invalid("This scheme does not use that way of keeping in touch.", remedy="Choose another one.")


def keep_first(pairing: Pairing, contact_on: date) -> None:
    """Sets the day of the first contact, or moves it to an earlier one; never commits."""
    if pairing.first_contact_on is None or contact_on < pairing.first_contact_on:
        pairing.first_contact_on = contact_on


def _same(session: Session, pairing_id: UUID, side: Side, channel: Channel, contact_on: date) -> Contact | None:
    statement = select(Contact).where(
        Contact.pairing_id == pairing_id,
        Contact.noted_by == side,
        Contact.channel == channel,
        Contact.contact_on == contact_on,
    )
    return session.exec(statement).first()
