"""A link by which people ask for a place themselves: one side of one cohort, until a day, for so many, revocable.

Whoever sends the form gets one answer, whether the address is known or not; what happens is said by email alone.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.invitations import JoinAttempt, SelfEnrolmentLink
from models.schemes import Cohort, Scheme
from services import access, audit, cleaning, invitations, people
from services.access import DESK, Actor
from services.errors import Invalid, NotAllowed
from services.links import LONGEST, hashed
from services.settings import settings
from services.sign_in_limits import address_hash
from services.units import writes

PER_ADDRESS, PER_LINK, WINDOW = 20, 200, timedelta(hours=1)
MOST_DAYS, MOST_PEOPLE = 180, 1000
LONGEST_LABEL = 100


@dataclass(frozen=True)
class Link:
    """A link as its coordinator sees it. `state` is one word: open, full, expired or revoked."""

    id: UUID
    label: str
    side: Side
    used: int
    most: int
    expires_at: datetime
    state: str


@dataclass(frozen=True)
class NewLink:
    """The only moment at which the link's address is known: only its hash is kept."""

    id: UUID
    address: str


@dataclass(frozen=True)
class Door:
    """What somebody with the link may know before they say who they are."""

    scheme: str
    cohort: str
    side: Side


@writes
def create(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, label: str, days: int, most: int) -> NewLink:
    """Make a link for at most `most` people, open for `days`. Raises NotAllowed, Invalid."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    called = cleaning.text(label, field="The label", longest=LONGEST_LABEL, lines=False)
    if not called:
        raise Invalid("The link has no label.", remedy="Say where you will share it, such as “Alumni newsletter”.")
    if not 1 <= days <= MOST_DAYS or not 1 <= most <= MOST_PEOPLE:
        raise Invalid(
            f"A link is open for 1 to {MOST_DAYS} days, for 1 to {MOST_PEOPLE:,} people.", remedy="Change the numbers."
        )
    token = secrets.token_urlsafe(24)
    link = SelfEnrolmentLink(
        cohort_id=cohort.id,
        side=side,
        label=called,
        token_hash=hashed(token),
        expires_at=utc_now() + timedelta(days=days),
        most=most,
    )
    session.add(link)
    audit.record(
        session, actor, "join_link.made", link.id, scheme_id=cohort.scheme_id, side=side.value, most=most, days=days
    )
    made = NewLink(link.id, f"{settings().url.rstrip('/')}/join/{token}")
    session.commit()
    return made


@writes
def revoke(session: Session, actor: Actor, link_id: UUID) -> None:
    """Close a link for good; who came by it keeps their place. Raises NotAllowed."""
    link = session.get(SelfEnrolmentLink, link_id)
    if link is None:
        raise NotAllowed("You cannot open this link.", remedy="Reload the page to see yours.")
    cohort = access.cohort_to_coordinate(session, actor, link.cohort_id)
    link.revoked_at = link.revoked_at or utc_now()
    audit.record(session, actor, "join_link.revoked", link.id, scheme_id=cohort.scheme_id)
    session.commit()


def links_of(session: Session, actor: Actor, cohort_id: UUID) -> tuple[Link, ...]:
    """A cohort's links, the newest first. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    found = session.exec(
        select(SelfEnrolmentLink)
        .where(SelfEnrolmentLink.cohort_id == cohort_id)
        .order_by(col(SelfEnrolmentLink.created_at).desc())
        .limit(100)
    )
    return tuple(
        Link(link.id, link.label, link.side, link.used, link.most, link.expires_at, _state(link)) for link in found
    )


def look(session: Session, token: str) -> Door:
    """Where the link leads; changes nothing. Raises NotAllowed when it is unknown, over, full or revoked."""
    link = _open(session, token)
    cohort = session.get_one(Cohort, link.cohort_id)
    return Door(session.get_one(Scheme, cohort.scheme_id).name, cohort.name, link.side)


@writes
def knock(session: Session, token: str, *, network_address: str | None) -> None:
    """Write down that somebody sent the form, before it is looked at. Raises NotAllowed, also after too many."""
    link, now = _open(session, token), utc_now()
    session.exec(delete(JoinAttempt).where(col(JoinAttempt.created_at) < now - WINDOW))
    address = address_hash(network_address)
    for most, which in ((PER_ADDRESS, JoinAttempt.address_hash == address), (PER_LINK, JoinAttempt.link_id == link.id)):
        if session.exec(select(func.count()).select_from(JoinAttempt).where(which)).one() >= most:
            raise NotAllowed("Too many people used this link within the hour.", remedy="Try again in an hour.")
    session.add(JoinAttempt(link_id=link.id, address_hash=address))
    session.commit()


def checked(full_name: str, email: str) -> tuple[str, cleaning.Email]:
    """What was typed, clean. Raises Invalid: this says nothing about who is known."""
    return cleaning.name(full_name, field="Your name"), cleaning.email(email, field="Your email address")


@writes
def join(session: Session, token: str, *, full_name: str, email: str) -> None:
    """Give the place and write the email, or remind who has the place already; nobody learns here which.

    Raises NotAllowed when the link closed a moment ago, Invalid, Conflict.
    """
    link = _open(session, token)
    name, address = checked(full_name, email)
    cohort = session.get_one(Cohort, link.cohort_id)
    invited = invitations.offer_place(
        session, DESK, cohort, side=link.side, full_name=name, email=address.typed, email_key=address.key
    )
    if invited is None:
        _remind(session, address.key, cohort, link.side)
    else:
        _count_one_in(session, link)
        audit.record(session, DESK, "join_link.used", link.id, scheme_id=cohort.scheme_id)
    session.commit()


def _remind(session: Session, email_key: str, cohort: Cohort, side: Side) -> None:
    """Who has the place already gets the way there once more, at most once a day; who left for good gets nothing."""
    person = people.find_by_email(session, email_key)
    statement = select(Enrolment).where(
        Enrolment.cohort_id == cohort.id,
        Enrolment.side == side,
        Enrolment.person_id == (person.id if person else None),
        col(Enrolment.status).not_in((EnrolmentStatus.WITHDRAWN, EnrolmentStatus.DECLINED)),
    )
    enrolment = session.exec(statement).first()
    if person is not None and enrolment is not None:
        invitations.tell(session, DESK, person.id, enrolment, cohort.scheme_id)


def _count_one_in(session: Session, link: SelfEnrolmentLink) -> None:
    """Raises NotAllowed for the one who would be one too many: of two at once, the database lets in the first."""
    taken = (
        update(SelfEnrolmentLink)
        .where(col(SelfEnrolmentLink.id) == link.id, col(SelfEnrolmentLink.used) < col(SelfEnrolmentLink.most))
        .values(used=col(SelfEnrolmentLink.used) + 1, version=col(SelfEnrolmentLink.version) + 1)
    )
    if session.exec(taken).rowcount != 1:
        raise _closed("All places behind this link are taken.")


def _open(session: Session, token: str) -> SelfEnrolmentLink:
    found = None
    if token and len(token) <= LONGEST:
        statement = select(SelfEnrolmentLink).where(SelfEnrolmentLink.token_hash == hashed(token))
        found = session.exec(statement).one_or_none()
    if found is None:
        raise _closed("We do not know this link.")
    state = _state(found)
    if state != "open":
        reasons = {"revoked": "This link was closed.", "expired": "This link has run out."}
        raise _closed(reasons.get(state, "All places behind this link are taken."))
    return found


def _state(link: SelfEnrolmentLink) -> str:
    if link.revoked_at is not None:
        return "revoked"
    if link.expires_at <= utc_now():
        return "expired"
    return "full" if link.used >= link.most else "open"


def _closed(happened: str) -> NotAllowed:
    return NotAllowed(happened, remedy="Ask whoever gave it to you for a new one.")
