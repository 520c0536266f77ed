"""How often somebody may try to sign in. Counters are rows, so that a restart forgets nothing.

A stranger's failures slow the stranger down, and never the owner at an address that signed in before.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, text
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.people import Account, Person, SignInAttempt, SignInSession
from services.errors import NotAllowed
from services.units import writes

PER_NAME_AND_ADDRESS, NAME_WINDOW = 5, timedelta(minutes=15)
PER_ADDRESS, OVERALL, ADDRESS_WINDOW = 10, 300, timedelta(minutes=5)
IN_A_ROW = 100
ADDRESS_KNOWN_FOR = timedelta(days=30)
# One lock for everybody on PostgreSQL, held for a few milliseconds: two counters must not both read four.
_LOCK = 7_311_001


@writes
def admit(session: Session, email_key: str, network_address: str | None) -> UUID:
    """Write the attempt down before it is checked, so that of many at once only a few are. Raises NotAllowed."""
    _one_at_a_time(session)
    now, name, address = utc_now(), _hash(email_key), address_hash(network_address)
    _refuse_too_many(session, name, address, now)
    if not _is_known(session, email_key, address, now):
        _refuse_strangers(session, name, now)
    attempt = SignInAttempt(name_hash=name, address_hash=address, created_at=now)
    session.add(attempt)
    session.commit()
    return attempt.id


def count(session: Session, email_key: str, network_address: str | None) -> None:
    """Adds a failure that came after the right password, such as a wrong code; never commits."""
    session.add(SignInAttempt(name_hash=_hash(email_key), address_hash=address_hash(network_address)))


def forgive(session: Session, email_key: str, network_address: str | None) -> None:
    """Forgets the failures of somebody who has just got in, and old ones of others; never commits."""
    name, address = _hash(email_key), address_hash(network_address)
    old = col(SignInAttempt.created_at) < utc_now() - NAME_WINDOW
    mine = col(SignInAttempt.address_hash) == address
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.name_hash) == name, or_(mine, old)))


def unlock(session: Session, email_key: str) -> None:
    """Forgets every failure for a name, after its owner proved the mailbox; never commits."""
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.name_hash) == _hash(email_key)))


def address_hash(network_address: str | None) -> str:
    """What is kept of a network address. On this very machine there is none."""
    return _hash(f"address {network_address or 'this machine'}")


def _refuse_too_many(session: Session, name: str, address: str, now: datetime) -> None:
    from_here = SignInAttempt.address_hash == address
    on_name = _count(session, from_here, SignInAttempt.name_hash == name, since=now - NAME_WINDOW)
    if on_name >= PER_NAME_AND_ADDRESS:
        raise _wait(15)
    if _count(session, from_here, since=now - ADDRESS_WINDOW) >= PER_ADDRESS:
        raise _wait(5)


def _refuse_strangers(session: Session, name: str, now: datetime) -> None:
    if _count(session, since=now - ADDRESS_WINDOW) >= OVERALL:
        raise _wait(5)
    if _count(session, SignInAttempt.name_hash == name) >= IN_A_ROW:
        raise NotAllowed(
            "Sign-in with this address is closed after too many failed tries.",
            remedy="Use “Forgot your password?” to open it again by email.",
        )


def _is_known(session: Session, email_key: str, address: str, now: datetime) -> bool:
    """Whether the account signed in from this address within the last 30 days."""
    statement = (
        select(SignInSession.id)
        .join(Account, col(Account.id) == col(SignInSession.account_id))
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(
            Person.email_key == email_key,
            SignInSession.address_hash == address,
            col(SignInSession.created_at) > now - ADDRESS_KNOWN_FOR,
        )
        .limit(1)
    )
    return session.exec(statement).first() is not None


def _count(session: Session, *which: Any, since: datetime | None = None) -> int:
    statement = select(func.count()).select_from(SignInAttempt).where(*which)
    if since is not None:
        statement = statement.where(col(SignInAttempt.created_at) > since)
    return session.exec(statement).one()


def _one_at_a_time(session: Session) -> None:
    # SQLite's writers already stand in one line.
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _wait(minutes: int) -> NotAllowed:
    return NotAllowed(
        "There were too many tries to sign in.", remedy=f"Wait {minutes} minutes, or use “Forgot your password?”."
    )


def _hash(text_: str) -> str:
    return hashlib.sha256(text_.encode("utf-8", "surrogatepass")).hexdigest()
