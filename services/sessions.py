"""Signed-in browsers: rows named by a random token, of which the database knows only the hash.

Nothing is believed from the browser but the token. Who somebody is, and what they may do, is read again on every run.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.people import Account, AccountStatus, Person, RoleGrant, SignInSession
from services import access, audit, places
from services.access import Acting, Actor, Place
from services.errors import NotAllowed
from services.links import hashed
from services.settings import settings
from services.sign_in_limits import address_hash
from services.units import writes

IDLE = timedelta(minutes=60)
IDLE_FOR_STAFF = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
MOST_PER_ACCOUNT = 5
TICKET_SECONDS = 60
TOUCHED_EVERY = timedelta(minutes=1)

places_of = places.of_person


@dataclass(frozen=True)
class SignedIn:
    """A living session and whose it is. `is_elsewhere_too` is only known where it was asked for."""

    session_id: UUID
    account_id: UUID
    person_id: UUID
    name: str
    time_zone: str | None
    last_seen_at: datetime
    expires_at: datetime
    is_elsewhere_too: bool = False


def cookie_name() -> str:
    """In production the prefix makes browsers refuse the cookie from anywhere but this very host over TLS."""
    return "__Host-mentoring" if settings().is_production else "mentoring"


@writes
def open_for(session: Session, account_id: UUID, *, network_address: str | None = None) -> str:
    """Sign an account in and give the token for its cookie. The account's oldest sessions make room."""
    token = secrets.token_urlsafe(32)
    opened = _opened(session, account_id, network_address)
    opened.token_hash = hashed(token)
    session.commit()
    return token


@writes
def open_with_ticket(session: Session, account_id: UUID, *, network_address: str | None = None) -> str:
    """Sign an account in and give a ticket, which `redeem` turns into the cookie's token once within a minute."""
    ticket = secrets.token_urlsafe(32)
    opened = _opened(session, account_id, network_address)
    opened.ticket_hash = hashed(ticket)
    opened.ticket_expires_at = utc_now() + timedelta(seconds=TICKET_SECONDS)
    session.commit()
    return ticket


def address_with_ticket(session: Session, account_id: UUID, *, network_address: str | None = None) -> str:
    """As `open_with_ticket`: gives the address of ours that a browser goes to with its ticket."""
    return f"/auth/session?ticket={open_with_ticket(session, account_id, network_address=network_address)}"


@writes
def redeem(session: Session, ticket: str) -> str | None:
    """The token that a ticket stands for, or None when it is unknown, used or too old. Of two at once, one gets it."""
    token, now = secrets.token_urlsafe(32), utc_now()
    statement = (
        update(SignInSession)
        .where(
            col(SignInSession.ticket_hash) == hashed(ticket),
            col(SignInSession.ticket_expires_at) > now,
            col(SignInSession.revoked_at).is_(None),
        )
        .values(ticket_hash=None, ticket_expires_at=None, token_hash=hashed(token))
    )
    redeemed = session.exec(statement).rowcount == 1
    session.commit()
    return token if redeemed else None


def resolve(session: Session, token: str | None) -> SignedIn | None:
    """Whose session a token opens, if it lives: not revoked, not idle, not too old, and the account open."""
    if not token:
        return None
    return _living(session, _by_token(), hashed(token))


def alive(session: Session, session_id: UUID) -> SignedIn | None:
    """The session of a socket that was let in before, if it still lives."""
    return _living(session, _by_id(), session_id)


def living_of(session: Session, session_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these sessions still live."""
    return frozenset(found.session_id for found in _all_living(session, _among(), list(session_ids)))


def actor_of(
    session: Session, token: str | None, *, place_key: str | None = None, network_address: str | None = None
) -> Actor | None:
    """Who acts, and in which of their places: the one asked for if it is theirs, else the first. Two queries."""
    found = _living(session, _by_token_and_elsewhere(), hashed(token)) if token else None
    if found is None:
        return None
    theirs = places.of_person(session, found.person_id)
    access.remember_places(session, found.person_id, theirs)
    chosen = next((place for place in theirs if place.key == place_key), None)
    return Actor(
        person_id=found.person_id,
        name=found.name,
        place=chosen or next(iter(theirs), Place(Acting.NOBODY)),
        places=theirs,
        account_id=found.account_id,
        session_id=found.session_id,
        time_zone=found.time_zone,
        network_address=network_address,
        is_elsewhere_too=found.is_elsewhere_too,
    )


@writes
def touch(session: Session, session_id: UUID) -> None:
    """Remember that somebody is still there; writes at most once a minute."""
    now = utc_now()
    statement = update(SignInSession).where(
        col(SignInSession.id) == session_id, col(SignInSession.last_seen_at) < now - TOUCHED_EVERY
    )
    session.exec(statement.values(last_seen_at=now))
    session.commit()


@writes
def revoke(session: Session, token: str) -> None:
    """Sign this browser out. A token that opens nothing is none of anybody's business."""
    found = resolve(session, token)
    if found is None:
        return
    session.exec(_revoking(SignInSession.id == found.session_id))
    actor = Actor(found.person_id, found.name, Place(Acting.NOBODY), account_id=found.account_id)
    audit.record(session, actor, "account.signed_out", found.account_id)
    session.commit()


@writes
def revoke_others(session: Session, actor: Actor) -> int:
    """Sign the actor out everywhere but here; how many browsers that were still signed in. Raises NotAllowed."""
    if actor.account_id is None or actor.session_id is None:
        raise NotAllowed("You are not signed in.", remedy="Sign in and try again.")
    living = {found.session_id for found in _all_living(session, _of_account(), actor.account_id)}
    revoke_all(session, actor.account_id, but=actor.session_id)
    ended = len(living - {actor.session_id})
    audit.record(session, actor, "account.signed_out_elsewhere", actor.account_id, browsers=ended)
    session.commit()
    return ended


def revoke_all(session: Session, account_id: UUID, *, but: UUID | None = None) -> None:
    """Ends every session of an account, after a new password or a changed role; never commits."""
    statement = _revoking(SignInSession.account_id == account_id)
    if but is not None:
        statement = statement.where(col(SignInSession.id) != but)
    session.exec(statement)


def _opened(session: Session, account_id: UUID, network_address: str | None) -> SignInSession:
    """A new session's row, with a token that nobody has yet."""
    now = utc_now()
    account = session.get_one(Account, account_id)
    opened = SignInSession(
        account_id=account_id,
        token_hash=hashed(secrets.token_urlsafe(32)),
        last_seen_at=now,
        expires_at=now + LONGEST,
        address_hash=address_hash(network_address),
    )
    _make_room(session, account_id)
    session.add(opened)
    account.last_signed_in_at = now
    actor = Actor(account.person_id, "", Place(Acting.NOBODY), account_id=account_id)
    audit.record(session, actor, "account.signed_in", account_id)
    return opened


def _make_room(session: Session, account_id: UUID) -> None:
    open_ones = (
        select(SignInSession.id)
        .where(SignInSession.account_id == account_id, col(SignInSession.revoked_at).is_(None))
        .order_by(col(SignInSession.created_at).desc())
        .offset(MOST_PER_ACCOUNT - 1)
    )
    oldest = session.exec(open_ones).all()
    session.exec(_revoking(col(SignInSession.id).in_(oldest)))


def _revoking(which: Any) -> Any:
    return update(SignInSession).where(which, col(SignInSession.revoked_at).is_(None)).values(revoked_at=utc_now())


@cache  # asked on every run of every screen: building it costs more than asking
def _open_ones() -> Any:
    """Columns, not rows: most of an account is of no use here, and whole rows are slower to read."""
    is_staff = exists().where(col(RoleGrant.person_id) == col(Account.person_id))
    return (
        select(
            SignInSession.id,
            SignInSession.last_seen_at,
            SignInSession.expires_at,
            Account.id,
            Account.totp_confirmed_at,
            Person.id,
            Person.full_name,
            Person.time_zone,
            is_staff,
        )  # type: ignore[call-overload] # SQLModel types up to four columns
        .join(Account, col(Account.id) == col(SignInSession.account_id))
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(
            col(SignInSession.revoked_at).is_(None),
            col(Account.status) == AccountStatus.ACTIVE,
            col(SignInSession.expires_at) > bindparam("now"),
        )
    )


@cache
def _by_token() -> Any:
    return _open_ones().where(col(SignInSession.token_hash) == bindparam("sought"))


@cache
def _by_token_and_elsewhere() -> Any:
    """With when another browser of the same account was last seen."""
    other = aliased(SignInSession)
    seen_elsewhere = select(func.max(other.last_seen_at)).where(
        col(other.account_id) == col(SignInSession.account_id),
        col(other.id) != col(SignInSession.id),
        col(other.revoked_at).is_(None),
        col(other.expires_at) > bindparam("now"),
    )
    return _by_token().add_columns(seen_elsewhere.correlate(SignInSession).scalar_subquery())


@cache
def _of_account() -> Any:
    return _open_ones().where(col(SignInSession.account_id) == bindparam("sought"))


@cache
def _by_id() -> Any:
    return _open_ones().where(col(SignInSession.id) == bindparam("sought"))


@cache
def _among() -> Any:
    return _open_ones().where(col(SignInSession.id).in_(bindparam("sought", expanding=True)))


def _living(session: Session, statement: Any, sought: object) -> SignedIn | None:
    return next(iter(_all_living(session, statement, sought)), None)


def _all_living(session: Session, statement: Any, sought: object) -> list[SignedIn]:
    """What the statement finds and lives at this moment."""
    now, found = utc_now(), []
    for row in session.exec(statement, params={"sought": sought, "now": now}):
        session_id, seen_at, expires_at, account_id, confirmed_at, person_id, name, time_zone, staff, *elsewhere = row
        idle = IDLE_FOR_STAFF if staff else IDLE
        # Whoever became staff while signed in with a password alone signs in again, with a code.
        lacks_code = staff and settings().is_production and confirmed_at is None
        if seen_at + idle > now and not lacks_code:
            is_elsewhere_too = any(seen is not None and seen + idle > now for seen in elsewhere)
            found.append(
                SignedIn(session_id, account_id, person_id, name, time_zone, seen_at, expires_at, is_elsewhere_too)
            )
    return found
