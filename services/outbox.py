"""The outbox as a coordinator reads it: what was written to whom and how that went, never what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, union_all
from sqlmodel import Session, col, select

from models.messages import Message, MessageStatus
from models.people import Person
from models.schemes import Scheme
from services import letters
from services.access import Actor
from services.errors import NotAllowed

PAGE = 20
# A message that a worker holds is, for a coordinator, still waiting.
WAITING = (MessageStatus.QUEUED, MessageStatus.LEASED)


@dataclass(frozen=True)
class OutboxLine:
    """One message, without what it says. `at` is when it was sent, or when it is next tried (UTC)."""

    id: UUID
    recipient: str
    title: str
    subject: str
    status: MessageStatus
    queued_at: datetime
    at: datetime
    attempts: int
    problem: str | None


@dataclass(frozen=True)
class Outbox:
    """One page of a scheme's messages, newest first, and how many there are in each state for this search."""

    lines: tuple[OutboxLine, ...]
    counts: Mapping[MessageStatus, int]
    total: int
    pages: int


def shown(
    session: Session, actor: Actor, *, status: MessageStatus | None = None, search: str = "", page: int = 1
) -> Outbox:
    """The messages of the scheme that the actor coordinates in this place, 20 a page. Three queries. NotAllowed.

    `search` looks in recipients' names and in subjects. Asking for QUEUED includes what a worker holds just now.
    """
    words = search.strip()
    given: dict[str, Any] = {"scheme_id": _scheme_of(session, actor)}
    given |= {"words": _like(words)} if words else {}
    counts = _counts(session, given)
    total = counts.get(status, 0) if status else sum(counts.values())
    pages = max(1, -(-total // PAGE))
    given["skipped"] = (min(max(page, 1), pages) - 1) * PAGE
    given["until"] = given["skipped"] + PAGE
    rows = session.exec(_page(_states(status), bool(words)), params=given) if total else ()
    return Outbox(tuple(_line(*row) for row in rows), counts, total, pages)


def line_of(message: Message, recipient: str) -> OutboxLine:
    """One message as a line."""
    facts = (message.template, message.subject, message.status, message.created_at, message.due_at, message.sent_at)
    return _line(message.id, recipient, *facts, message.attempts, message.last_error)


def scheme_of(actor: Actor) -> UUID:
    """The scheme that the actor coordinates in this place. Raises NotAllowed."""
    scheme_id = next(iter(actor.coordinates), None)
    if scheme_id is None:
        raise NotAllowed("This page is for coordinators.", remedy="Choose your place as coordinator in the menu.")
    return scheme_id


def _scheme_of(session: Session, actor: Actor) -> UUID:
    """The same, if that scheme is still there. Raises NotAllowed."""
    scheme_id = scheme_of(actor)
    if session.exec(_existing(), params={"scheme_id": scheme_id}).first() is None:
        raise NotAllowed("You cannot open this scheme.", remedy="Ask one of its coordinators.")
    return scheme_id


def _counts(session: Session, given: Mapping[str, Any]) -> dict[MessageStatus, int]:
    """How many there are in each state that has any; what is leased counts as queued."""
    found = session.exec(_counted("words" in given), params=given).one()
    by_state = dict(zip(MessageStatus, found, strict=True))
    by_state[MessageStatus.QUEUED] += by_state.pop(MessageStatus.LEASED)
    return {state: number for state, number in by_state.items() if number}


def _states(status: MessageStatus | None) -> tuple[MessageStatus, ...]:
    if status is None:
        return ()
    return WAITING if status is MessageStatus.QUEUED else (status,)


# Statements are built once: building one costs more than asking it.
@cache
def _existing() -> Any:
    return select(Scheme.id).where(col(Scheme.id) == bindparam("scheme_id"))


@cache
def _counted(is_searched: bool) -> Any:
    """A column for each state: an index counts one state several times as fast as it groups them."""
    everything: Any = select(func.count()).select_from(Message)
    # Only a search looks at names; without one, an index has all that is counted.
    searched = everything.join(Person, col(Person.id) == col(Message.person_id)) if is_searched else everything
    return select(*(_within(searched, is_searched, state).scalar_subquery() for state in MessageStatus))


@cache
def _page(states: Sequence[MessageStatus], is_searched: bool) -> Any:
    """One page, the newest first, of the whole scheme or of these states."""
    if len(states) < 2:
        return _ordered(_within(_lines(), is_searched, *states)).limit(PAGE).offset(bindparam("skipped"))
    # Two states at once are in no index's order: of each the newest few, then of those.
    each = (_ordered(_within(_lines(), is_searched, state)).limit(bindparam("until")) for state in states)
    both = union_all(*(select(*one.subquery().c) for one in each)).subquery()
    newest: Any = select(*both.c).order_by(both.c.created_at.desc(), both.c.id)
    return newest.limit(PAGE).offset(bindparam("skipped"))


def _lines() -> Any:
    """By column: rows would bring the texts of the messages along."""
    columns: tuple[Any, ...] = (
        Message.id,
        Person.full_name,
        Message.template,
        Message.subject,
        Message.status,
        Message.created_at,
        Message.due_at,
        Message.sent_at,
        Message.attempts,
        Message.last_error,
    )
    return select(*columns).select_from(Message).join(Person, col(Person.id) == col(Message.person_id))


def _within(statement: Any, is_searched: bool, *states: MessageStatus) -> Any:
    """Only the scheme's messages, in one of the states if any is named, and with the words of a search."""
    found = statement.where(col(Message.scheme_id) == bindparam("scheme_id"))
    if states:
        found = found.where(or_(*(col(Message.status) == state for state in states)))
    words: Any = bindparam("words")
    named = (col(each).ilike(words, escape="/") for each in (Person.full_name, Message.subject))
    return found.where(or_(*named)) if is_searched else found


def _ordered(statement: Any) -> Any:
    return statement.order_by(col(Message.created_at).desc(), col(Message.id))


def _like(words: str) -> str:
    """A pattern that finds the words anywhere, character by character."""
    plain = words.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{plain}%"


def _line(
    message_id: UUID,
    recipient: str,
    template: str,
    subject: str,
    status: MessageStatus,
    created_at: datetime,
    due_at: datetime,
    sent_at: datetime | None,
    attempts: int,
    problem: str | None,
) -> OutboxLine:
    return OutboxLine(
        id=message_id,
        recipient=recipient,
        title=letters.title_of(template),
        subject=subject,
        status=MessageStatus.QUEUED if status in WAITING else status,
        queued_at=created_at,
        at=sent_at or due_at,
        attempts=attempts,
        problem=problem,
    )
