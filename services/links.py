"""Personal links, most of them in emails: 256 random bits, stored as a hash, good for one use and a limited time."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.people import LinkPurpose, LinkToken
from services.errors import Conflict, NotAllowed

# Longer texts cannot be tokens of ours: they are not worth hashing.
LONGEST = 200
# However long a link was asked for: one that opens an account is open for a short time.
LONGEST_LIFE = {
    LinkPurpose.PASSWORD_RESET: timedelta(minutes=30),
    LinkPurpose.INVITATION: timedelta(hours=72),
    LinkPurpose.SECOND_FACTOR: timedelta(minutes=5),
}


def mint(
    session: Session, purpose: LinkPurpose, person_id: UUID, *, subject_id: UUID | None = None, hours: float
) -> str:
    """Adds a link for this person and gives its token, which is nowhere else; never commits."""
    token = secrets.token_urlsafe(32)
    link = LinkToken(
        purpose=purpose,
        token_hash=hashed(token),
        person_id=person_id,
        subject_id=subject_id,
        expires_at=utc_now() + min(timedelta(hours=hours), LONGEST_LIFE.get(purpose, timedelta(days=90))),
    )
    session.add(link)
    return token


def find(session: Session, token: str, *purposes: LinkPurpose) -> LinkToken:
    """The link that a token opens for one of these purposes. Raises NotAllowed when it is forged, used or too old."""
    link = _row(session, token, purposes)
    if link is None:
        raise NotAllowed("We do not know this link.", remedy="Open it again from the newest email that we sent you.")
    if link.used_at is not None:
        raise NotAllowed(
            "This link has been used already, and each works once.",
            remedy="Sign in to see where things stand, or ask for a new one.",
        )
    if link.expires_at <= utc_now():
        raise NotAllowed("This link has run out.", remedy="Sign in to go on, or ask for a new one.")
    return link


def use(session: Session, link: LinkToken) -> None:
    """Marks a link as used; never commits. Raises Conflict for the slower of two browsers."""
    statement = (
        update(LinkToken)
        .where(col(LinkToken.id) == link.id, col(LinkToken.used_at).is_(None))
        .values(used_at=utc_now())
    )
    if session.exec(statement).rowcount != 1:
        raise Conflict("This link has just been used.", remedy="Sign in, or ask for a new one.")
    session.refresh(link)


def retire(session: Session, person_id: UUID, purpose: LinkPurpose) -> None:
    """Marks every open link of this purpose as used, so that only the newest opens anything; never commits."""
    statement = update(LinkToken).where(
        col(LinkToken.person_id) == person_id, col(LinkToken.purpose) == purpose, col(LinkToken.used_at).is_(None)
    )
    session.exec(statement.values(used_at=utc_now()))


def hashed(token: str) -> str:
    """What is stored of a token: its SHA-256 in hexadecimal. A random token needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _row(session: Session, token: str, purposes: tuple[LinkPurpose, ...]) -> LinkToken | None:
    if not token or len(token) > LONGEST:
        return None
    statement = select(LinkToken).where(LinkToken.token_hash == hashed(token), col(LinkToken.purpose).in_(purposes))
    return session.exec(statement).one_or_none()
