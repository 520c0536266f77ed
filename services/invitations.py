"""Asking people in: one by one or by a pasted list. What is still open can be sent again or taken back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import Account, AccountStatus, LinkPurpose, Person, RoleGrant
from models.schemes import Cohort
from services import access, accounts, audit, cleaning, departures, enrolment_form, links, messages, people
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

MOST_AT_ONCE = 500
LONGEST_PASTED = 100_000
LONGEST_LINE = 600
PAGE = 20
_ADDRESS = re.compile(
    r"(?P<name>[^<>]*?)[\s<,;:\t\"']*(?P<email>[^\s<>,;:\"']+@[^\s<>,;:\"']+)>?[\s,;\"']*(?P<after>[^@<>]*)"
)


@dataclass(frozen=True)
class Invited:
    """Somebody who now has a place to fill in. `mail_queued` is False when they were told of one today already."""

    enrolment_id: UUID
    name: str
    mail_queued: bool


class Standing(StrEnum):
    """What an invitation would mean for one pasted line."""

    NEW = "new"
    KNOWN = "known"
    HERE = "here"
    TWICE = "twice"
    WRONG = "wrong"


@dataclass(frozen=True)
class Line:
    """One pasted line. `name` is the mailbox's where none was given; `why` says what is wrong or known."""

    number: int
    typed: str
    name: str
    email: str
    email_key: str
    standing: Standing
    why: str = ""

    @property
    def is_to_invite(self) -> bool:
        return self.standing in {Standing.NEW, Standing.KNOWN}


@dataclass(frozen=True)
class OpenInvitation:
    """Somebody invited who has not chosen a password yet. `state` says in words where their email is."""

    enrolment_id: UUID
    name: str
    email: str
    side: Side
    invited_at: datetime
    state: str


@dataclass(frozen=True)
class OpenInvitations:
    """One page of them, the newest first."""

    rows: tuple[OpenInvitation, ...]
    total: int
    pages: int


@writes
def invite(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, full_name: str, email: str) -> Invited:
    """Give a person a place to fill in and an email that leads there. Raises NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    name, address = cleaning.name(full_name), cleaning.email(email)
    invited = offer_place(session, actor, cohort, side=side, full_name=name, email=address.typed, email_key=address.key)
    if invited is None:
        raise _invited_already()
    _commit(session)
    return invited


def check(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, pasted: str) -> tuple[Line, ...]:
    """Every pasted address, judged one by one; nothing is written. Raises NotAllowed, and Invalid for too many.

    Whoever only other schemes know counts as new: that is not for this coordinator to learn.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    if len(pasted) > LONGEST_PASTED:
        raise Invalid("This list is too long.", remedy=f"Paste at most {MOST_AT_ONCE} addresses at a time.")
    pieces = [piece for piece in _pieces(pasted) if piece.strip()]
    if len(pieces) > MOST_AT_ONCE:
        raise Invalid(f"These are {len(pieces):,} addresses.", remedy=f"Paste at most {MOST_AT_ONCE} at a time.")
    read = [_read(number, piece.strip()) for number, piece in enumerate(pieces, start=1)]
    return _judged(session, cohort, side, read)


@writes
def send(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, pasted: str) -> int:
    """Invite everybody on the list who is to be invited; how many that were. Raises NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    invited = 0
    for line in check(session, actor, cohort_id, side=side, pasted=pasted):
        if line.is_to_invite:
            facts = {"full_name": line.name, "email": line.email, "email_key": line.email_key}
            invited += offer_place(session, actor, cohort, side=side, **facts) is not None
    if not invited:
        raise Invalid("There is nobody on this list to invite.", remedy="Paste addresses that have no place here yet.")
    _commit(session)
    return invited


def preview(session: Session, actor: Actor, cohort_id: UUID, *, name: str) -> messages.Preview:
    """The invitation as somebody of this name reads it. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    assert actor.person_id is not None  # noqa: S101 - the desk itself coordinates nothing
    return messages.preview(
        session,
        person_id=actor.person_id,
        template="invitation",
        scheme_id=cohort.scheme_id,
        link_hours=accounts.INVITATION_HOURS,
        person_name=name,
    )


def offer_place(
    session: Session, actor: Actor, cohort: Cohort, *, side: Side, full_name: str, email: str, email_key: str
) -> Invited | None:
    """Adds the place and the email about it, for cleaned facts; never commits. None when they have the place already.

    Whoever the desk knows keeps their own name, and signs in as always.
    """
    person = people.find_by_email(session, email_key)
    if person is None:
        person = people.add(session, actor, full_name=full_name, email=email, email_key=email_key)
    enrolment = _place_for(session, person, cohort, side)
    if enrolment is None:
        return None
    session.flush()
    audit.record(session, actor, "enrolment.invited", enrolment.id, scheme_id=cohort.scheme_id, side=side.value)
    return Invited(enrolment.id, full_name, tell(session, actor, person.id, enrolment, cohort.scheme_id))


def tell(session: Session, actor: Actor, person_id: UUID, enrolment: Enrolment, scheme_id: UUID) -> bool:
    """Adds the email that leads to the place: a personal link, or for who has an account a word; never commits."""
    if not accounts.can_sign_in(session, person_id):
        return accounts.ensure_invited(session, actor, person_id, scheme_id=scheme_id)
    event = f"place {enrolment.id} {utc_now():%Y-%m-%d}"
    side = enrolment.side.value
    return messages.queue(
        session, person_id=person_id, template="place_offered", scheme_id=scheme_id, event=event, side=side
    )


def open_ones(session: Session, actor: Actor, cohort_id: UUID, *, page: int = 1) -> OpenInvitations:
    """Who was invited and has not come yet. Raises NotAllowed."""
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
    total = session.exec(select(func.count()).select_from(waiting.subquery())).one()
    pages = max(1, -(-total // PAGE))
    ordered = waiting.order_by(col(Enrolment.created_at).desc(), col(Enrolment.id))
    found = session.exec(ordered.offset((min(max(page, 1), pages) - 1) * PAGE).limit(PAGE)).all()
    sent = _last_invitations(session, [person.id for _, person in found])
    rows = tuple(
        OpenInvitation(
            enrolment.id,
            person.full_name,
            person.email,
            enrolment.side,
            enrolment.created_at,
            _state(sent.get(person.id)),
        )
        for enrolment, person in found
    )
    return OpenInvitations(rows, total, pages)


@writes
def send_again(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Write once more to who has not come yet, to each at most once a day; how many. Raises NotAllowed, Conflict."""
    queued = 0
    for enrolment, scheme_id in _still_open(session, actor, enrolment_ids):
        if accounts.ensure_invited(session, actor, enrolment.person_id, scheme_id=scheme_id):
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


def _pieces(pasted: str) -> list[str]:
    """Lines; one with several addresses is taken apart where mail programs put commas and semicolons."""
    return [piece for line in pasted.splitlines() for piece in (_apart(line) if line.count("@") > 1 else [line])]


def _apart(line: str) -> list[str]:
    """A comma ends an address only when there was one: "Chen, Yuxin <chen@example.org>" is one person."""
    pieces: list[str] = []
    begun = ""
    for part in re.split(r"[,;]", line):
        begun = f"{begun},{part}" if begun.strip() else part
        if "@" in begun:
            pieces.append(begun)
            begun = ""
    return [*pieces, begun]


def _read(number: int, typed: str) -> Line:
    shown = typed[:200]
    # Whatever is longer holds no address; and looking for one in it could take long.
    found = _ADDRESS.fullmatch(typed) if len(typed) <= LONGEST_LINE else None
    if found is None:
        return Line(number, shown, "", "", "", Standing.WRONG, "There is no email address in this line.")
    try:
        address = cleaning.email(found["email"])
        said = (found["name"] or found["after"] or "").strip(" \t,;:\"'")
        name = cleaning.name(said or found["email"].partition("@")[0])
    except Invalid as refusal:
        return Line(number, shown, "", "", "", Standing.WRONG, str(refusal))
    return Line(number, shown, name, address.typed, address.key, Standing.NEW)


def _judged(session: Session, cohort: Cohort, side: Side, read: list[Line]) -> tuple[Line, ...]:
    keys = {line.email_key for line in read if line.is_to_invite}
    here = _keys(session, keys, Enrolment.cohort_id == cohort.id, Enrolment.side == side, _is_taken())
    insiders = _keys(session, keys, Cohort.scheme_id == cohort.scheme_id) | _staff(session, keys, cohort.scheme_id)
    seen: dict[str, int] = {}
    judged = []
    for line in read:
        standing, why = line.standing, line.why
        if standing is Standing.WRONG:
            pass
        elif line.email_key in seen:
            standing, why = Standing.TWICE, f"The same address as number {seen[line.email_key]}."
        elif line.email_key in here:
            standing, why = Standing.HERE, f"Has a place as {side.value} here already."
        elif line.email_key in insiders:
            standing, why = Standing.KNOWN, "Known in this scheme, and keeps their name and account."
        seen.setdefault(line.email_key, line.number)
        judged.append(Line(line.number, line.typed, line.name, line.email, line.email_key, standing, why))
    return tuple(judged)


def _is_taken() -> object:
    """An invitation that was taken back leaves a place that can be offered again."""
    return (col(Enrolment.status) != EnrolmentStatus.WITHDRAWN) | col(Enrolment.submitted_at).is_not(None)


def _keys(session: Session, keys: set[str], *which: object) -> set[str]:
    statement = (
        select(Person.email_key)
        .join(Enrolment, col(Enrolment.person_id) == Person.id)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .where(col(Person.email_key).in_(keys), *which)  # type: ignore[arg-type]
    )
    return set(session.exec(statement))


def _staff(session: Session, keys: set[str], scheme_id: UUID) -> set[str]:
    statement = (
        select(Person.email_key)
        .join(RoleGrant, col(RoleGrant.person_id) == Person.id)
        .where(col(Person.email_key).in_(keys), RoleGrant.scheme_id == scheme_id)
    )
    return set(session.exec(statement))


def _place_for(session: Session, person: Person, cohort: Cohort, side: Side) -> Enrolment | None:
    """Adds the place, or opens one that was left or whose invitation was taken back. None when they have it already."""
    there = session.exec(
        select(Enrolment).where(
            Enrolment.person_id == person.id, Enrolment.cohort_id == cohort.id, Enrolment.side == side
        )
    ).first()
    if there is not None:
        if there.status is not EnrolmentStatus.WITHDRAWN:
            return None
        departures.reopen(session, there)
        return there
    enrolment = Enrolment(person_id=person.id, cohort_id=cohort.id, side=side, sort_key=enrolment_form.sort_key(person))
    session.add(enrolment)
    return enrolment


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


def _commit(session: Session) -> None:
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can invite one address at once. The unique indexes decide; a check up here could not.
        session.rollback()
        raise _invited_already() from clash


def _invited_already() -> Conflict:
    return Conflict("This person has that place already.", remedy="Look for the address in the list.")
