"""How many days after its first meeting a pair has to agree on its ways of working, as a coordinator sets it."""

from uuid import UUID

from sqlmodel import Session

from services import access, audit
from services.access import Actor
from services.errors import Invalid
from services.units import writes
from services.ways_figures import due_days

LONGEST_DAYS = 366


def of_scheme(session: Session, actor: Actor, scheme_id: UUID) -> int | None:
    """The days; None where the scheme sets none. Raises NotAllowed."""
    return due_days(access.scheme_to_coordinate(session, actor, scheme_id))


@writes
def set_days(session: Session, actor: Actor, scheme_id: UUID, days: int | None) -> int | None:
    """From now on for every pair that has not agreed yet; None sets no days (U-C4.4). Raises NotAllowed, Invalid."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"The days must be from 1 to {LONGEST_DAYS}.", remedy="Change that number.")
    before = due_days(scheme)
    if before == days:
        return days
    # A new dictionary: a change inside the old one would go unnoticed.
    scheme.other_settings = {**scheme.other_settings, "ways_due_days": days}
    audit.record(session, actor, "scheme.ways_due_days_set", scheme.id, scheme_id=scheme.id, was=before, days=days)
    session.commit()
    return days
