"""Delivers the outbox: leases what is due, hands it to the mail server, and marks it only after the server took it.

So a crash can send a message twice (with the same Message-ID), but never lose one. No database lock is held while a
mail server is spoken to.
"""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from threading import Event
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, and_, or_
from sqlmodel import Session, col, select

from models.database import reading
from models.messages import Message, MessageStatus
from models.people import Person
from models.schemes import Scheme
from services import audit, links, outdated_mail, post_office, sealed_addresses, signed_copies
from services.access import DESK
from services.errors import NotAllowed, Refusal
from services.messages import DESK_NAME, address_of, mail_is_set_up, mark_of
from services.post_office import Attachment, Failure, Outgoing, PostOffice

_LOG = logging.getLogger("mentoring.mail")

FIRST_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
LATER_WAIT = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(hours=24)
LEASE = timedelta(minutes=10)
# A message is not begun when the rest of the lease might not last for it: another worker may take it then.
ENOUGH_LEASE = timedelta(minutes=4)


@dataclass(frozen=True)
class Delivered:
    """What one round did: how many messages went, wait for another try, or failed for good."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0


@dataclass(frozen=True)
class _Leased:
    """A message in this worker's hands. `version` tells whether it still is."""

    version: int
    attempts: int
    outgoing: Outgoing
    attached_copy_id: UUID | None = None

    @property
    def id(self) -> UUID:
        return self.outgoing.id


def deliver_due(engine: Engine, now: datetime, *, limit: int = 20, ending: Event | None = None) -> Delivered:
    """Deliver up to `limit` messages that are due. Without SMTP settings nothing is touched.

    When `ending` is set meanwhile, the rest is left for later. Each message's outcome is committed on its own, so
    that a crash between two doubles at most one.
    """
    if not mail_is_set_up() or not _anything_due(engine, now):
        return Delivered()
    until = time.monotonic() + (LEASE - ENOUGH_LEASE).total_seconds()
    sent = postponed = failed = 0
    with post_office.opened() as post:
        for leased in _lease(engine, now, limit):
            if time.monotonic() > until or (ending is not None and ending.is_set()):
                _give_back(engine, leased, now)
                continue
            failure = _deliver(engine, post, leased, now)
            if failure is None:
                _mark_sent(engine, leased, now)
                sent += 1
            elif _mark_failure(engine, leased, failure, now):
                failed += 1
            else:
                postponed += 1
    return Delivered(sent, postponed, failed)


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many tries in vain; None when a whole day of trying is over."""
    waits = [*FIRST_WAITS, *[LATER_WAIT] * max(0, attempts - len(FIRST_WAITS))][:attempts]
    return waits[-1] if sum(waits, timedelta()) <= GIVE_UP_AFTER else None


def _anything_due(engine: Engine, now: datetime) -> bool:
    """A look that takes no lock: this is asked every few seconds."""
    with reading(engine) as session:
        return session.exec(select(Message.id).where(_due(now)).limit(1)).first() is not None


def _due(now: datetime) -> Any:
    queued = and_(col(Message.status) == MessageStatus.QUEUED, col(Message.due_at) <= now)
    forgotten = and_(col(Message.status) == MessageStatus.LEASED, col(Message.leased_until) < now)
    # Written later than now, by a clock that was ahead and was set back: what was to leave at once does.
    ahead = and_(
        col(Message.status) == MessageStatus.QUEUED,
        col(Message.due_at) > now,
        col(Message.created_at) > now,
        col(Message.due_at) <= col(Message.created_at),
    )
    return or_(queued, forgotten, ahead)


def _lease(engine: Engine, now: datetime, limit: int) -> list[_Leased]:
    """Take what is due into this worker's hands and make its links; another worker passes over these rows.

    What has lost its reason meanwhile is cancelled instead, and says so.
    """
    statement = (
        select(Message, Person, Scheme)
        .join(Person, col(Person.id) == col(Message.person_id))
        .outerjoin(Scheme, col(Scheme.id) == col(Message.scheme_id))
        .where(_due(now))
        .order_by(col(Message.due_at), col(Message.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Message)
    )
    with Session(engine) as session:
        taken = []
        found = session.exec(statement).all()
        outdated = outdated_mail.why(session, [message for message, _, _ in found], now)
        for message, person, scheme in found:
            if message.id in outdated:
                message.status, message.leased_until = MessageStatus.CANCELLED, None
                message.last_error = outdated[message.id]
                _record(session, "message.dropped", message)
                continue
            message.status, message.leased_until = MessageStatus.LEASED, now + LEASE
            message.attempts += 1
            taken.append((message, person, scheme))
        session.flush()
        leased = [_whole(session, *row) for row in taken]
        # The links are kept before the first mail leaves: one that arrived must open, whatever happens to us.
        session.commit()
    return leased


def _whole(session: Session, message: Message, person: Person, scheme: Scheme | None) -> _Leased:
    html = message.body_html or ""
    try:
        text, sealed_to = sealed_addresses.without_mark(message.id, message.body_text or "")
    except NotAllowed:
        # Sealed by a key that is gone: it goes nowhere, rather than to the address that it is not for.
        text, sealed_to = "", ""
    if address := _link_of(session, message, sealed_to):
        mark = mark_of(message.id)
        text, html = text.replace(mark, address), html.replace(mark, escape(address))
    outgoing = Outgoing(
        id=message.id,
        to=person.email if sealed_to is None else sealed_to,
        sender=scheme.name if scheme else DESK_NAME,
        reply_to=scheme.reply_address if scheme else None,
        subject=message.subject,
        text=text,
        html=html,
    )
    return _Leased(message.version, message.attempts, outgoing, message.attached_copy_id)


def _link_of(session: Session, message: Message, sealed_to: str | None) -> str | None:
    """The address that stands for the mark in a letter; None where it has none."""
    if message.link_purpose is not None:
        subject, hours = message.link_subject_id, message.link_hours
        token = links.mint(session, message.link_purpose, message.person_id, subject_id=subject, hours=hours)
        return address_of(message.link_purpose, token)
    if sealed_to and message.link_subject_id is not None:
        return sealed_addresses.link(message.link_subject_id, message.person_id, sealed_to)
    return None


def _deliver(engine: Engine, post: PostOffice, leased: _Leased, now: datetime) -> Failure | None:
    """What goes with a message is made here, while no row is locked. A paper that cannot be made is never sent."""
    outgoing = leased.outgoing
    if leased.attached_copy_id is not None:
        try:
            with reading(engine) as session:
                paper = signed_copies.make(session, leased.attached_copy_id)
        except Refusal as refusal:
            return Failure(refusal.happened, is_final=True)
        except Exception:
            # A mistake of ours must not keep the other messages of this round waiting.
            _LOG.exception("The paper of message %s could not be made", leased.id)
            return Failure("The PDF that goes with it could not be made.")
        outgoing = replace(outgoing, attachment=Attachment(paper.file_name, paper.content))
    return post.deliver(outgoing, now)


def _mark_sent(engine: Engine, leased: _Leased, now: datetime) -> None:
    """The server has it: that is so, whoever holds the message by now."""
    with Session(engine) as session:
        message = _held(session, leased)
        if message.status is MessageStatus.SENT:
            return
        message.status, message.sent_at = MessageStatus.SENT, now
        message.leased_until, message.last_error = None, None
        message.body_text = sealed_addresses.forgotten(message.body_text)
        _record(session, "message.sent", message)
        session.commit()


def _mark_failure(engine: Engine, leased: _Leased, failure: Failure, now: datetime) -> bool:
    """Put the message back for later, or close it; True when it was closed."""
    wait = None if failure.is_final else wait_after(leased.attempts)
    with Session(engine) as session:
        message = _held(session, leased)
        if message.version != leased.version:
            # Our lease ran out and somebody else has it: what becomes of it is theirs to say.
            return False
        message.leased_until, message.last_error = None, failure.reason
        if wait is None:
            message.status = MessageStatus.FAILED
            _record(session, "message.failed", message)
        else:
            message.status, message.due_at = MessageStatus.QUEUED, now + wait
        session.commit()
    _LOG.warning("Message %s, try %d: %s", leased.id, leased.attempts, failure.reason)
    return wait is None


def _give_back(engine: Engine, leased: _Leased, now: datetime) -> None:
    """Leave a message for the next round, as if it had not been taken."""
    with Session(engine) as session:
        message = _held(session, leased)
        if message.version == leased.version:
            message.status, message.leased_until, message.due_at = MessageStatus.QUEUED, None, now
            message.attempts -= 1
            session.commit()


def _held(session: Session, leased: _Leased) -> Message:
    return session.get_one(Message, leased.id, with_for_update=True)


def _record(session: Session, action: str, message: Message) -> None:
    audit.record(
        session,
        DESK,
        action,
        message.id,
        scheme_id=message.scheme_id,
        template=message.template,
        tries=message.attempts,
    )
