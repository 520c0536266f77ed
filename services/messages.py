"""What is to be written to whom. services/mail.py delivers it, services/outbox.py shows how that went.

A body holds a mark where its personal link goes. The mark carries the message's own random id, so that nobody's text
can contain it; the token itself is made at delivery and never stored.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, select

from models.columns import utc_now
from models.messages import Message, MessageStatus
from models.people import LinkPurpose, Person
from models.schemes import Scheme
from services import access, audit, invented_mail, letters, sealed_addresses
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.outbox import OutboxLine, line_of, scheme_of
from services.settings import settings
from services.units import writes

_AT_ONCE = 500
DESK_NAME = "Mentoring Desk"
PERSONAL_LINK = "(a personal link, made when this is sent)"
_PATHS = {
    LinkPurpose.ANSWER_PROPOSAL: "answer",
    LinkPurpose.INVITATION: "welcome",
    LinkPurpose.PASSWORD_RESET: "welcome",
}
RowT = TypeVar("RowT", bound=SQLModel)


@dataclass(frozen=True)
class Preview:
    """What a person would read."""

    subject: str
    text: str


def queue(
    session: Session,
    *,
    person_id: UUID,
    template: str,
    scheme_id: UUID | None,
    event: str,
    link_purpose: LinkPurpose | None = None,
    link_subject_id: UUID | None = None,
    link_hours: float = 0,
    after_minutes: float = 0,
    attached_copy_id: UUID | None = None,
    to: str | None = None,
    confirms: UUID | None = None,
    **facts: object,
) -> bool:
    """Adds an email to the outbox, unless this event has already written to this person; never commits.

    `link_subject_id` is the row that its link opens, or that it is about (services/outdated_mail.py).
    It leaves `after_minutes` at the earliest, with the PDF of a signed copy if one is named. One of a demonstration
    is kept to be read, cancelled from the start. `to` is for what concerns an address of theirs that does not count
    yet, or may no longer; `confirms` is the request that its link confirms (services/sealed_addresses.py).
    Of two units of work that write about one event at once, the slower fails whole: the key is unique.
    Raises Invalid when a fact would break the subject's line.
    """
    key = _dedupe_key(template, person_id, event)
    if _is_queued(session, key):
        return False
    message_id, now = uuid4(), utc_now()
    link = mark_of(message_id) if link_purpose or confirms else settings().url
    letter = _letter(session, person_id, template, scheme_id, link, {"link_hours": link_hours, **facts})
    is_invented = invented_mail.never_leaves(session, person_id, scheme_id)
    sealed = sealed_addresses.mark(message_id, to) if to and not is_invented else ""
    session.add(
        Message(
            id=message_id,
            scheme_id=scheme_id,
            person_id=person_id,
            template=template,
            subject=letter.subject,
            body_text=letter.text + sealed,
            body_html=letter.html,
            link_purpose=link_purpose,
            link_subject_id=confirms or link_subject_id,
            link_hours=link_hours,
            attached_copy_id=attached_copy_id,
            dedupe_key=key,
            status=MessageStatus.CANCELLED if is_invented else MessageStatus.QUEUED,
            last_error=invented_mail.WHY if is_invented else None,
            due_at=now + timedelta(minutes=after_minutes),
            created_at=now,
        )
    )
    return True


@dataclass(frozen=True)
class Link:
    """A personal link: what it is for, about which row, and for how many hours it opens."""

    purpose: LinkPurpose
    subject_id: UUID
    hours: float


@dataclass(frozen=True)
class Addressed:
    """One reader of `queue_many`, with what is theirs alone: facts, an event of their own, a personal link."""

    person_id: UUID
    facts: Mapping[str, object] = field(default_factory=dict)
    event: str | None = None
    link: Link | None = None


def queue_many(
    session: Session,
    readers: Sequence[Addressed],
    *,
    template: str,
    scheme_id: UUID,
    event: str = "",
    about: UUID | None = None,
    **facts: object,
) -> int:
    """What `queue` does for each of the readers, in a few statements; never commits. How many are new.

    Of several readers with one person and one event, the first counts. `about` is the row that all of it is about.
    """
    keyed = {_dedupe_key(template, each.person_id, each.event or event): each for each in reversed(readers)}
    unique = list(keyed.items())
    scheme = _found(session, Scheme, scheme_id)
    written = 0
    for at in range(0, len(unique), _AT_ONCE):
        some = dict(reversed(unique[at : at + _AT_ONCE]))
        known = set(session.exec(select(Message.dedupe_key).where(col(Message.dedupe_key).in_(some))))
        rows = list(
            _rows(
                session, {key: each for key, each in some.items() if key not in known}, template, scheme, facts, about
            )
        )
        if rows:
            session.execute(insert(Message), rows)
        written += len(rows)
    return written


def _rows(
    session: Session,
    readers: Mapping[str, Addressed],
    template: str,
    scheme: Scheme,
    facts: Mapping[str, object],
    about: UUID | None,
) -> Iterator[dict[str, Any]]:
    ids = [each.person_id for each in readers.values()]
    asked = select(Person.id, Person.full_name, Person.called, Person.time_zone).where(col(Person.id).in_(ids))
    people = {row[0]: row[1:] for row in session.exec(asked)}
    is_invented = bool(ids) and invented_mail.never_leaves(session, ids[0], scheme.id)
    now = utc_now()
    for key, each in readers.items():
        full_name, called, zone = people[each.person_id]
        message_id, hours = uuid4(), each.link.hours if each.link else 0
        address = mark_of(message_id) if each.link else settings().url
        said = {**_scheme_facts(scheme), "person_name": called or full_name, "link_hours": hours, **facts, **each.facts}
        letter = letters.write(template, said, link=address, zone=zone or scheme.time_zone)
        yield {
            "id": message_id,
            "version": 1,
            "scheme_id": scheme.id,
            "person_id": each.person_id,
            "template": template,
            "subject": letter.subject,
            "body_text": letter.text,
            "body_html": letter.html,
            "link_purpose": each.link.purpose if each.link else None,
            "link_subject_id": each.link.subject_id if each.link else about,
            "link_hours": hours,
            "dedupe_key": key,
            "status": MessageStatus.CANCELLED if is_invented else MessageStatus.QUEUED,
            "last_error": invented_mail.WHY if is_invented else None,
            "due_at": now,
            "created_at": now,
            "attempts": 0,
        }


def already_written(session: Session, *, template: str, events: Mapping[UUID, str]) -> frozenset[UUID]:
    """Of these people, those to whom their event has written already, as `queue` would find."""
    keys = {_dedupe_key(template, person_id, event): person_id for person_id, event in events.items()}
    known: set[UUID] = set()
    for at in range(0, len(keys), _AT_ONCE):
        some = list(keys)[at : at + _AT_ONCE]
        found = session.exec(select(Message.dedupe_key).where(col(Message.dedupe_key).in_(some)))
        known |= {keys[key] for key in found}
    return frozenset(known)


def preview(
    session: Session,
    *,
    person_id: UUID,
    template: str,
    scheme_id: UUID | None,
    is_personal: bool = True,
    **facts: object,
) -> Preview:
    """What `queue` with these facts would send; its link is one person's own unless `is_personal` is False.

    The caller has asked whether the actor may see them.
    """
    link = PERSONAL_LINK if is_personal else settings().url
    letter = _letter(session, person_id, template, scheme_id, link, {"link_hours": 72, **facts})
    return Preview(letter.subject, letter.text)


def example(session: Session, actor: Actor, template: str) -> Preview:
    """A template's wording with invented facts, for the coordinator of the place. Raises NotAllowed."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_of(actor))
    facts = {**_scheme_facts(scheme), "person_name": "Ama", "link_hours": 72, **letters.KINDS[template].example}
    letter = letters.write(template, facts, link=PERSONAL_LINK, zone=scheme.time_zone)
    return Preview(letter.subject, letter.text)


@writes
def send_again(session: Session, actor: Actor, message_id: UUID) -> OutboxLine:
    """Put a failed message back in the queue, with all its tries before it. Raises NotAllowed, Conflict."""
    message = session.get(Message, message_id)
    if message is None or message.scheme_id is None or message.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this message.", remedy="Ask one of the scheme's coordinators.")
    if message.status is not MessageStatus.FAILED:
        raise Conflict("Only a message that failed can be sent again.", remedy="Reload the page to see where it is.")
    if message.body_text is None:
        raise Conflict("The text of this message is no longer kept.", remedy="Do the act that wrote it once more.")

    message.status, message.due_at = MessageStatus.QUEUED, utc_now()
    message.attempts, message.last_error = 0, None
    audit.record(session, actor, "message.requeued", message.id, scheme_id=message.scheme_id, template=message.template)
    session.commit()
    return line_of(message, session.get_one(Person, message.person_id).full_name)


def take_back(session: Session, *, person_id: UUID, template: str, event: str) -> bool:
    """Cancels what `queue` was told of this event, if it still waits; never commits. False when it has left."""
    key = _dedupe_key(template, person_id, event)
    message = session.exec(select(Message).where(Message.dedupe_key == key)).one_or_none()
    if message is not None and message.status not in {MessageStatus.QUEUED, MessageStatus.CANCELLED}:
        return False
    if message is not None:
        message.status = MessageStatus.CANCELLED
    return True


def cancel_waiting(session: Session, scheme_id: UUID) -> int:
    """Cancels what the scheme has not sent yet, as a demonstration does with its past; never commits. How many."""
    waiting = select(Message).where(Message.scheme_id == scheme_id, Message.status == MessageStatus.QUEUED)
    found = session.exec(waiting).all()
    for message in found:
        message.status = MessageStatus.CANCELLED
    return len(found)


def mail_is_set_up() -> bool:
    """Whether this desk knows a mail server. Without one, messages wait."""
    return bool(settings().smtp_host)


def on_the_way(number: int, what: str) -> str:
    """That so many (one: "reminder") leave now, or what they wait for."""
    one = number == 1
    many = f"{number:,} {what}{'' if one else 's'}"
    if mail_is_set_up():
        return f"{many} {'is' if one else 'are'} on the way."
    return f"{many} {'waits' if one else 'wait'}: this desk has no mail server yet."


def mark_of(message_id: UUID) -> str:
    """What stands in a body where its personal link goes."""
    return f"[[link:{message_id.hex}]]"


def address_of(purpose: LinkPurpose, token: str) -> str:
    """The address that a personal link opens."""
    return f"{settings().url.rstrip('/')}/{_PATHS[purpose]}/{token}"


def _letter(
    session: Session,
    person_id: UUID,
    template: str,
    scheme_id: UUID | None,
    link: str,
    facts: Mapping[str, object],
) -> letters.Letter:
    person = _found(session, Person, person_id)
    scheme = _found(session, Scheme, scheme_id) if scheme_id else None
    zone = person.time_zone or (scheme.time_zone if scheme else "UTC")
    known = {**_scheme_facts(scheme), "person_name": person.called or person.full_name, **facts}
    return letters.write(template, known, link=link, zone=zone)


def _scheme_facts(scheme: Scheme | None) -> dict[str, object]:
    if scheme is None:
        return {"scheme_name": DESK_NAME, "reply_address": None}
    return {"scheme_name": scheme.name, "reply_address": scheme.reply_address}


def _found(session: Session, table: type[RowT], row_id: UUID) -> RowT:
    """The row. One that this unit of work has only just added is flushed first: the message refers to it.

    Otherwise nothing is flushed: a clash of the caller's rows belongs at the caller's commit, where it is expected.
    """
    if any(isinstance(row, table) and row.id == row_id for row in session.new):  # type: ignore[attr-defined]
        session.flush()
    with session.no_autoflush:
        return session.get_one(table, row_id)


def _is_queued(session: Session, key: str) -> bool:
    if any(isinstance(row, Message) and row.dedupe_key == key for row in session.new):
        return True
    with session.no_autoflush:
        return session.exec(select(Message.id).where(Message.dedupe_key == key)).first() is not None


def _dedupe_key(template: str, person_id: UUID, event: str) -> str:
    return hashlib.sha256(f"{template}\n{person_id}\n{event}".encode()).hexdigest()
