"""The journal: who did what, in the same transaction as the deed, chained by hash, never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from models.columns import JsonColumn, Row


class AuditEntry(Row, table=True):
    """One deed. `details` never holds a confidential value; `entry_sha256` covers this row and the one before.

    `sequence` counts from 1 without a gap. Triggers of the database refuse UPDATE and DELETE.
    """

    __table_args__ = (
        Index("ix_audit_entry_subject", "subject_id"),
        Index("ix_audit_entry_scheme", "scheme_id", "sequence"),
    )

    sequence: int = Field(sa_column=Column(BigInteger, unique=True, nullable=False))
    at: datetime
    actor_id: UUID | None = Field(default=None, index=True)
    acting_as: str = Field(max_length=32)
    action: str = Field(max_length=80)
    subject_id: UUID | None = None
    scheme_id: UUID | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    previous_sha256: str = Field(max_length=64)
    entry_sha256: str = Field(max_length=64)


class AuditHead(SQLModel, table=True):
    """The chain's last link, in one row that whoever adds a link must hold."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    entry_sha256: str = Field(max_length=64)


class Installation(SQLModel, table=True):
    """This desk: an id that its files must carry, and the one-time code of its first start."""

    id: int = Field(default=1, primary_key=True)
    installation_id: UUID
    created_at: datetime
    set_up_code_sha256: str | None = Field(default=None, max_length=64)
    set_up_at: datetime | None = None
