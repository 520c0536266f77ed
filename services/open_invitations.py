"""Invitations that nobody has answered yet: who they are, writing to them again, taking them back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import Account, AccountStatus, LinkPurpose, Person, RoleGrant
from models.schemes import Cohort
from models.search import SearchScope
from services import access, accounts, audit, links, messages, people_search
from services.access import Actor
from services.errors import Conflict
from services.units import writes

PAGE = 20


@dataclass(frozen=True)
class OpenInvitation:
    """Somebody invited who has not chosen a password yet. `state` says in words where their email is.

    `written_today`: they are not written to again before tomorrow (UTC).
    """

    enrolment_id: UUID
    name: str
    email: str
    side: Side
    invited_at: datetime
    state: str
    written_today: bool = False


@dataclass(frozen=True)
class OpenInvitations:
    """One page of them, the newest first."""

    rows: tuple[OpenInvitation, ...]
    total: int
    pages: int


def open_ones(session: Session, actor: Actor, cohort_id: UUID, *, search: str = "", page: int = 1) -> OpenInvitations:
    """Who was invited and has not come yet; `search` takes beginnings of words of a name or address. NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    waiting = (
        select(Enrolment, Person)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .join(Account, col(Account.person_id) == Person.id)
        .where(
            Enrolment.cohort_id == cohort_id,
            Enrolment.status == EnrolmentStatus.DRAFT,
            Account.status == AccountStatus.INVITED,
        )
    )
    if search.strip():
        waiting = waiting.where(people_search.among_matching(session, cohort_id, search, scope=SearchScope.QUEUE))
    total = session.exec(select(func.count()).select_from(waiting.subquery())).one()
    pages = max(1, -(-total // PAGE))
    ordered = waiting.order_by(col(Enrolment.created_at).desc(), col(Enrolment.id))
    found = session.exec(ordered.offset((min(max(page, 1), pages) - 1) * PAGE).limit(PAGE)).all()
    sent = _last_invitations(session, [person.id for _, person in found])
    return OpenInvitations(tuple(_line(*each, sent.get(each[1].id)) for each in found), total, pages)


def those(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> tuple[OpenInvitation, ...]:
    """These few as `open_ones` has them, by name. Raises NotAllowed, Conflict when somebody has come."""
    found = [enrolment for enrolment, _ in _still_open(session, actor, enrolment_ids)]
    people = [session.get_one(Person, enrolment.person_id) for enrolment in found]
    sent = _last_invitations(session, [person.id for person in people])
    lines = [_line(*each, sent.get(each[1].id)) for each in zip(found, people, strict=True)]
    return tuple(sorted(lines, key=lambda each: (each.name.casefold(), each.email)))


def preview(session: Session, actor: Actor, enrolment_id: UUID) -> messages.Preview:
    """The email that `send_again` would send to this person. Raises NotAllowed, Conflict."""
    ((enrolment, scheme_id),) = _still_open(session, actor, [enrolment_id])
    return messages.preview(
        session,
        person_id=enrolment.person_id,
        template="invitation",
        scheme_id=scheme_id,
        link_hours=accounts.INVITATION_HOURS,
        status=enrolment.status,
    )


@writes
def send_again(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Write once more to who has not come yet, to each at most once a day; how many. Raises NotAllowed, Conflict."""
    found = _still_open(session, actor, enrolment_ids)
    sent = _last_invitations(session, [enrolment.person_id for enrolment, _ in found])
    queued = 0
    for enrolment, scheme_id in found:
        if _is_of_today(sent.get(enrolment.person_id)):
            continue
        if accounts.ensure_invited(session, actor, enrolment.person_id, scheme_id=scheme_id, status=enrolment.status):
            audit.record(session, actor, "enrolment.invited_again", enrolment.id, scheme_id=scheme_id)
            queued += 1
    session.commit()
    return queued


@writes
def revoke(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Take invitations back: their links open nothing any more; how many. Raises NotAllowed, Conflict."""
    found = _still_open(session, actor, enrolment_ids)
    for enrolment, scheme_id in found:
        enrolment.status = EnrolmentStatus.WITHDRAWN
        if not _has_other_places(session, enrolment):
            links.retire(session, enrolment.person_id, LinkPurpose.INVITATION)
            _cancel_waiting(session, enrolment.person_id)
        audit.record(session, actor, "enrolment.invitation_revoked", enrolment.id, scheme_id=scheme_id)
    session.commit()
    return len(found)


def _still_open(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> list[tuple[Enrolment, UUID]]:
    """Invitations that nobody has answered yet, with their scheme. Raises NotAllowed, Conflict."""
    found = []
    for each in dict.fromkeys(enrolment_ids):
        enrolment = access.enrolment_to_coordinate(session, actor, each)
        if enrolment.status is not EnrolmentStatus.DRAFT or accounts.can_sign_in(session, enrolment.person_id):
            raise Conflict("Somebody whom you chose has come by now.", remedy="Reload the page to see who is missing.")
        found.append((enrolment, session.get_one(Cohort, enrolment.cohort_id).scheme_id))
    return found


def _has_other_places(session: Session, enrolment: Enrolment) -> bool:
    statement = select(Enrolment.id).where(
        Enrolment.person_id == enrolment.person_id,
        Enrolment.id != enrolment.id,
        col(Enrolment.status).not_in((EnrolmentStatus.WITHDRAWN, EnrolmentStatus.DECLINED)),
    )
    granted = select(RoleGrant.id).where(RoleGrant.person_id == enrolment.person_id)
    return any(session.exec(each.limit(1)).first() is not None for each in (statement, granted))


def _cancel_waiting(session: Session, person_id: UUID) -> None:
    waiting = select(Message).where(
        Message.person_id == person_id, Message.template == "invitation", Message.status == MessageStatus.QUEUED
    )
    for message in session.exec(waiting):
        message.status = MessageStatus.CANCELLED


def _last_invitations(session: Session, person_ids: list[UUID]) -> dict[UUID, Message]:
    statement = (
        select(Message)
        .where(col(Message.person_id).in_(person_ids), Message.template == "invitation")
        .order_by(col(Message.created_at))
    )
    return {message.person_id: message for message in session.exec(statement)}


def _state(message: Message | None) -> str:
    if message is None:
        return "no email yet"
    if message.status is MessageStatus.FAILED:
        return "the email could not be delivered"
    if message.status is MessageStatus.CANCELLED:
        return "the email was not sent"
    if message.sent_at is None:
        return "the email waits to be sent"
    if message.sent_at + timedelta(hours=message.link_hours) <= utc_now():
        return "the link has run out"
    return "the link is open"


def _line(enrolment: Enrolment, person: Person, last: Message | None) -> OpenInvitation:
    return OpenInvitation(
        enrolment.id,
        person.full_name,
        person.email,
        enrolment.side,
        enrolment.created_at,
        _state(last),
        _is_of_today(last),
    )


def _is_of_today(last: Message | None) -> bool:
    """The outbox takes one invitation a day (UTC) to a person, whatever became of it."""
    return last is not None and last.created_at.date() == utc_now().date()
