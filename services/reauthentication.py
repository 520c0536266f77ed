"""The password once more, before something that somebody at an unlocked desk must not be able to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from models.columns import utc_now
from models.people import Person
from services import accounts, sign_in_limits
from services.access import Actor
from services.errors import NotAllowed
from services.units import writes

LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class Confirmed:
    """Who gave their password again, and when (UTC). Lives in the memory of their tab."""

    person_id: UUID
    at: datetime


def confirm(session: Session, actor: Actor, password: str) -> Confirmed:
    """Check the actor's own password; wrong ones count as failed sign-ins. Raises NotAllowed."""
    if actor.person_id is None:
        raise _wrong()
    person_id, address = actor.person_id, actor.network_address
    email = session.get_one(Person, person_id).email
    opened = accounts.check_password(session, email=email, password=password, network_address=address)
    if opened is None or opened != actor.account_id:
        raise _wrong()
    _forgive(session, person_id, address)
    return Confirmed(person_id, utc_now())


def refuse_stale(actor: Actor, confirmed: Confirmed) -> None:
    """Raises NotAllowed unless this very person gave the password within the last minutes."""
    if confirmed.person_id != actor.person_id or utc_now() - confirmed.at > LASTS:
        raise NotAllowed("Your password was given too long ago.", remedy="Enter it once more.")


@writes
def _forgive(session: Session, person_id: UUID, network_address: str | None) -> None:
    sign_in_limits.forgive(session, session.get_one(Person, person_id).email_key, network_address)
    session.commit()


def _wrong() -> NotAllowed:
    return NotAllowed("This is not your password.", remedy="Try once more.")
