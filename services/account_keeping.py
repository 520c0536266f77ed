"""Accounts as administrators look after them: find one by its address, close it, open it again, send its link anew.

What somebody takes part in, and all that they wrote, stays out of this. A lost authenticator app is taken away by the
command line alone (`mentoring second-factor reset`): it is what stands between a stolen password and a role.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.people import Account, AccountStatus, LinkPurpose, Person
from services import accounts, audit, cleaning, links, messages, reauthentication, sessions
from services.access import Acting, Actor
from services.errors import Conflict, NotAllowed
from services.messages import Preview
from services.reauthentication import Confirmed
from services.units import writes

RESET_HOURS = 0.5


@dataclass(frozen=True)
class Kept:
    """One account, and whether it opens. Times are UTC."""

    account_id: UUID
    name: str
    email: str
    state: AccountStatus
    last_signed_in_at: datetime | None
    is_self: bool


def find(session: Session, actor: Actor, email: str) -> Kept | None:
    """The account of this very address, None: there is none. Raises NotAllowed, and Invalid for what is no address."""
    _refuse_others(actor)
    key = cleaning.email(email).key
    joined = select(Account, Person).join(Person, col(Person.id) == col(Account.person_id))
    row = session.exec(joined.where(Person.email_key == key)).one_or_none()
    if row is None:
        return None
    account, person = row
    is_self = person.id == actor.person_id
    return Kept(account.id, person.full_name, person.email, account.status, account.last_signed_in_at, is_self)


@writes
def lock(session: Session, actor: Actor, account_id: UUID, *, confirmed: Confirmed | None) -> None:
    """Close an account: it is signed out everywhere, and no link opens it. Raises NotAllowed and Conflict."""
    account = _to_change(session, actor, account_id, confirmed)
    if account.status is AccountStatus.LOCKED:
        raise Conflict("This account is closed already.", remedy="Nothing needs to be done.")
    account.status = AccountStatus.LOCKED
    for purpose in accounts.BY_LINK:
        links.retire(session, account.person_id, purpose)
    sessions.revoke_all(session, account.id)
    audit.record(session, actor, "account.locked", account.id)
    session.commit()


@writes
def unlock(session: Session, actor: Actor, account_id: UUID, *, confirmed: Confirmed | None) -> None:
    """Open a closed account again, with the password that it had. Raises NotAllowed and Conflict."""
    account = _to_change(session, actor, account_id, confirmed)
    if account.status is not AccountStatus.LOCKED:
        raise Conflict("This account is not closed.", remedy="Nothing needs to be done.")
    account.status = AccountStatus.ACTIVE if account.password_hash else AccountStatus.INVITED
    audit.record(session, actor, "account.unlocked", account.id)
    session.commit()


def link_mail(session: Session, actor: Actor, kept: Kept) -> Preview:
    """The email that `send_link` would write. Raises NotAllowed."""
    _refuse_others(actor)
    assert actor.person_id is not None  # noqa: S101 - the desk itself looks at no screen
    template, _purpose, hours = _kind(kept.state)
    return messages.preview(
        session,
        person_id=actor.person_id,
        template=template,
        scheme_id=None,
        person_name=kept.name,
        link_hours=hours,
    )


@writes
def send_link(session: Session, actor: Actor, account_id: UUID, *, confirmed: Confirmed | None) -> bool:
    """Write to somebody once more with the link by which they choose a password; at most once a day each.

    False when they had one today already. Raises NotAllowed, and Conflict for a closed account.
    """
    account = _to_change(session, actor, account_id, confirmed)
    if account.status is AccountStatus.LOCKED:
        raise Conflict("This account is closed.", remedy="Open it again first.")
    template, purpose, hours = _kind(account.status)
    queued = messages.queue(
        session,
        person_id=account.person_id,
        template=template,
        scheme_id=None,
        event=f"sent by an administrator {utc_now():%Y-%m-%d}",
        link_purpose=purpose,
        link_hours=hours,
    )
    if queued:
        audit.record(session, actor, "account.link_sent", account.id)
    session.commit()
    return queued


def _kind(state: AccountStatus) -> tuple[str, LinkPurpose, float]:
    """The template, what its link is for, and for how many hours it opens."""
    if state is AccountStatus.INVITED:
        return "invitation", LinkPurpose.INVITATION, accounts.INVITATION_HOURS
    return "password_reset", LinkPurpose.PASSWORD_RESET, RESET_HOURS


def _to_change(session: Session, actor: Actor, account_id: UUID, confirmed: Confirmed | None) -> Account:
    """Somebody else's account, for an administrator who gave their password a moment ago. Raises NotAllowed."""
    _refuse_others(actor)
    if confirmed is None:
        raise NotAllowed("Accounts change only after you gave your password once more.", remedy="Enter it, then go on.")
    reauthentication.refuse_stale(actor, confirmed)
    account = session.get(Account, account_id)
    if account is None:
        raise NotAllowed("This account is not there any more.", remedy="Look for the address again.")
    if account.person_id == actor.person_id:
        raise NotAllowed("Nobody closes or opens their own account.", remedy="Ask another administrator.")
    return account


def _refuse_others(actor: Actor) -> None:
    if actor.place.acting_as is not Acting.ADMINISTRATOR:
        raise NotAllowed("You cannot look after accounts.", remedy="Ask an administrator of this desk.")
