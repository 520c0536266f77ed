"""The second factor: a code from an authenticator app, beside the password (SECURITY.md decision 2).

After a right password the browser gets a link that lives five minutes. It opens a page that asks for a code and, the
first time, shows the secret from which the app makes them. Only a right code opens a session.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.people import Account, AccountStatus, LinkPurpose, LinkToken, Person, RoleGrant
from services import audit, cleaning, links, secrets_at_rest, sessions, sign_in_limits
from services.access import Acting, Actor, Place
from services.errors import Conflict, Invalid, NotAllowed
from services.settings import settings
from services.units import writes

MOST_WRONG = 5
HOURS = 5 / 60
# A clock that is half a minute wrong, and somebody who types slowly, still get in.
STEPS_AROUND = 1
ISSUER = "Mentoring Desk"
LONGEST_TYPED = 50


@dataclass(frozen=True)
class Asked:
    """What the page asks of somebody. `secret` (base32) and `uri` (for a QR code) are given until it is confirmed."""

    secret: str | None = None
    uri: str | None = None


def is_due(session: Session, account_id: UUID) -> bool:
    """Whether this account needs a code here: once it has confirmed one, and for staff in production."""
    account = session.get_one(Account, account_id)
    if account.totp_confirmed_at is not None:
        return True
    return settings().is_production and _is_staff(session, account.person_id)


@writes
def ask(session: Session, account_id: UUID) -> str:
    """After a right password: the address at which a code is asked for, good for five minutes and one sign-in.

    A secret that nobody confirmed is replaced: whoever saw it may have been somebody else.
    """
    account = session.get_one(Account, account_id)
    if account.totp_confirmed_at is None:
        account.totp_secret = secrets_at_rest.encrypted(pyotp.random_base32())
    links.retire(session, account.person_id, LinkPurpose.SECOND_FACTOR)
    token = links.mint(session, LinkPurpose.SECOND_FACTOR, account.person_id, subject_id=account.id, hours=HOURS)
    audit.record(session, _themselves(account), "account.second_factor_asked", account.id)
    session.commit()
    return f"/second-factor/{token}"


def asked(session: Session, token: str) -> Asked:
    """What a link asks for; looking changes nothing. Raises NotAllowed when it is forged, used or too old."""
    _link, account = _opened(session, token)
    if account.totp_confirmed_at is not None:
        return Asked()
    secret = secrets_at_rest.decrypted(account.totp_secret or "")
    email = session.get_one(Person, account.person_id).email
    return Asked(secret, pyotp.TOTP(secret, name=email, issuer=ISSUER).provisioning_uri())


@writes
def prove(session: Session, token: str, code: str, *, network_address: str | None) -> str:
    """Sign in with a right code; gives the session's token for the cookie. The first one confirms the secret.

    Raises Invalid for a wrong or used code, and NotAllowed when the link opens nothing, or no longer does.
    """
    link, account = _opened(session, token, locked=True)
    secret = secrets_at_rest.decrypted(account.totp_secret or "")
    step = _step_of(secret, code, utc_now())
    if step is None or step <= (account.totp_last_step or 0):
        raise _count_wrong(session, link, account, network_address, was_used=step is not None)
    links.use(session, link)
    account.totp_last_step = step
    # With the first key from now on, so that an old one can be taken away in time.
    account.totp_secret = secrets_at_rest.encrypted(secret)
    if account.totp_confirmed_at is None:
        account.totp_confirmed_at = utc_now()
        audit.record(session, _themselves(account), "account.second_factor_set", account.id)
    person = session.get_one(Person, account.person_id)
    sign_in_limits.forgive(session, person.email_key, network_address)
    return sessions.open_for(session, account.id, network_address=network_address)


@writes
def reset(session: Session, actor: Actor, email: str) -> None:
    """Take a lost app away from an account and end its sessions. Raises NotAllowed and Conflict; email as typed."""
    if actor.place.acting_as is not Acting.DESK:
        raise NotAllowed("You cannot reset a second factor.", remedy="Ask whoever runs this server.")
    account = _account_of(session, email)
    if account.totp_secret is None:
        raise Conflict("This account has no second factor.", remedy="There is nothing to reset.")
    account.totp_secret = account.totp_confirmed_at = account.totp_last_step = None
    links.retire(session, account.person_id, LinkPurpose.SECOND_FACTOR)
    sessions.revoke_all(session, account.id)
    audit.record(session, actor, "account.second_factor_reset", account.id)
    session.commit()


def _opened(session: Session, token: str, *, locked: bool = False) -> tuple[LinkToken, Account]:
    """A living link and its account, which is held until the commit so that codes are tried one after another."""
    link = _found(session, token)
    statement = select(Account).where(Account.id == link.subject_id, Account.person_id == link.person_id)
    if locked:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    account = session.exec(statement).one_or_none()
    if locked:
        session.refresh(link)  # another browser may have used it up while we waited
        link = _found(session, token)
    if account is None or account.status is not AccountStatus.ACTIVE or account.totp_secret is None:
        raise NotAllowed("This account is closed.", remedy="Ask one of your scheme's coordinators.")
    return link, account


def _found(session: Session, token: str) -> LinkToken:
    try:
        return links.find(session, token, LinkPurpose.SECOND_FACTOR)
    except NotAllowed as refusal:
        # No email brought them here, so none can bring them back.
        raise NotAllowed(refusal.happened, remedy="Sign in again with your password.") from refusal


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step (30 seconds since 1970) that a typed code belongs to, or None when it belongs to none near now."""
    typed = unicodedata.normalize("NFKC", code[:LONGEST_TYPED])
    digits = "".join(letter for letter in typed if letter.isascii() and letter.isdecimal())
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=STEPS_AROUND)
    except OTPVerificationError:
        return None


def _count_wrong(
    session: Session, link: LinkToken, account: Account, network_address: str | None, *, was_used: bool
) -> Invalid | NotAllowed:
    """Commit the failure, here and for the sign-in limits, and give what to say about it."""
    link.wrong_tries += 1
    if link.wrong_tries >= MOST_WRONG:
        links.use(session, link)
    sign_in_limits.count(session, session.get_one(Person, account.person_id).email_key, network_address)
    audit.record(session, _themselves(account), "account.second_factor_failed", account.id)
    ended = link.used_at is not None
    session.commit()
    if ended:
        return NotAllowed("Five codes were wrong, so we have stopped here.", remedy="Sign in again with your password.")
    if was_used:
        return Invalid("This code has been used already.", remedy="Wait for the next one, at most half a minute.")
    return Invalid(
        "This is not the code that we expect now.",
        remedy="Type the newest one, and check that your phone sets its clock by itself.",
    )


def _account_of(session: Session, email: str) -> Account:
    statement = select(Account).join(Person, col(Person.id) == col(Account.person_id))
    account = session.exec(statement.where(Person.email_key == cleaning.email(email).key)).one_or_none()
    if account is None:
        raise NotAllowed("Nobody has an account with this address.", remedy="Check how it is spelt.")
    return account


def _is_staff(session: Session, person_id: UUID) -> bool:
    return session.exec(select(RoleGrant.id).where(RoleGrant.person_id == person_id).limit(1)).first() is not None


def _themselves(account: Account) -> Actor:
    return Actor(account.person_id, "", Place(Acting.NOBODY), account_id=account.id)
