"""A scheme's own facts: its name, its time zone, and where people write to. Set by coordinators and administrators."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import available_timezones

from sqlmodel import Session

from services import access, audit, cleaning
from services.access import Actor
from services.errors import Conflict
from services.rights import COMPLAINTS
from services.schemes import starting
from services.units import writes


@dataclass(frozen=True)
class Facts:
    """`reply_address` stands in every mail and on the page of rights, `complaints_address` on that page alone."""

    version: int
    name: str
    time_zone: str
    reply_address: str | None
    complaints_address: str | None


def read(session: Session, actor: Actor, scheme_id: UUID) -> Facts:
    """The facts as they are. Raises NotAllowed."""
    scheme = access.scheme_to_set_up(session, actor, scheme_id)
    complaints = scheme.other_settings.get(COMPLAINTS)
    return Facts(scheme.version, scheme.name, scheme.time_zone, scheme.reply_address, complaints)


def zones() -> list[str]:
    """The time zones to choose from, by name."""
    return sorted(zone for zone in available_timezones() if ("/" in zone and "Etc" not in zone) or zone == "UTC")


@writes
def keep(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    *,
    version: int,
    name: str,
    time_zone: str,
    reply_address: str,
    complaints_address: str,
) -> Facts:
    """Keep these for the scheme as it was seen (`version`); an empty address is none.

    The journal says which facts changed, and not to what: an office's address may be somebody's own.
    Raises NotAllowed, Invalid, and Conflict (somebody else changed it, or another scheme has the name).
    """
    scheme = access.scheme_to_set_up(session, actor, scheme_id)
    if scheme.version != version:
        raise Conflict("Somebody changed this scheme a moment ago.", remedy="Reload the page to see how.")
    wanted = Facts(
        version,
        starting.unused_name(session, name, but=scheme.id),
        cleaning.time_zone(time_zone),
        _address(reply_address, "The office's address"),
        _address(complaints_address, "The address for complaints"),
    )
    before = read(session, actor, scheme_id)
    names = ("name", "time_zone", "reply_address", "complaints_address")
    changed = [each for each in names if getattr(before, each) != getattr(wanted, each)]
    if not changed:
        return before
    scheme.name, scheme.time_zone, scheme.reply_address = wanted.name, wanted.time_zone, wanted.reply_address
    # A new dictionary: a change inside the old one would go unnoticed.
    scheme.other_settings = {**scheme.other_settings, COMPLAINTS: wanted.complaints_address}
    audit.record(session, actor, "scheme.facts_set", scheme.id, scheme_id=scheme.id, changed=changed)
    session.commit()
    return read(session, actor, scheme_id)


def _address(typed: str, field: str) -> str | None:
    return cleaning.email(typed, field=field).typed if typed.strip() else None
