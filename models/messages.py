"""The outbox: what was to be sent, to whom, and how that went."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from models import signed_copies  # noqa: F401 - a message refers to its table by name
from models.columns import Stateful, one_of
from models.people import LinkPurpose


class MessageStatus(StrEnum):
    """A message's life. Leased means that a worker is delivering it; sent only after the mail server took it."""

    QUEUED = "queued"
    LEASED = "leased"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Message(Stateful, table=True):
    """One email. `dedupe_key` hashes template, recipient and event, so that one event writes to a person once.

    The recipient's address is read from the person when it is sent, never copied. Bodies go after 90 days.
    A body holds a placeholder where its personal link goes: the token is made at delivery and stored only as a hash.
    """

    __table_args__ = (
        Index("ix_message_due", "status", "due_at"),
        Index("ix_message_scheme", "scheme_id", "created_at"),
        Index("ix_message_scheme_status", "scheme_id", "status", "created_at"),
    )

    scheme_id: UUID | None = Field(default=None, foreign_key="scheme.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    template: str = Field(max_length=60)
    subject: str = Field(max_length=300)
    link_purpose: LinkPurpose | None = Field(default=None, sa_type=one_of(LinkPurpose))
    link_subject_id: UUID | None = None
    link_hours: float = 0
    dedupe_key: str = Field(max_length=64, unique=True)
    status: MessageStatus = Field(default=MessageStatus.QUEUED, sa_type=one_of(MessageStatus))
    due_at: datetime
    leased_until: datetime | None = None
    attempts: int = 0
    last_error: str | None = Field(default=None, max_length=500)
    sent_at: datetime | None = None
    # Whose PDF goes with it: the worker makes it at delivery, so that the outbox holds none.
    attached_copy_id: UUID | None = Field(default=None, foreign_key="signed_copy.id")
    # Last: SQLite walks through a long text to reach the columns behind it.
    body_text: str | None = None
    body_html: str | None = None


class JobLease(Stateful, table=True):
    """Which worker does a recurring job now, and when it was last done."""

    name: str = Field(max_length=60, unique=True)
    holder: str | None = Field(default=None, max_length=60)
    leased_until: datetime | None = None
    last_done_at: datetime | None = None
