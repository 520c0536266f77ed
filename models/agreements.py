"""What a scheme asks people to sign, clause by clause, and the evidence that they did."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, one_of
from models.enrolments import Side


class DocumentKind(StrEnum):
    """The kinds of text that a scheme publishes."""

    AGREEMENT = "agreement"
    CODE = "code"
    ROLE_STATEMENT = "role_statement"
    FIRST_MEETING_GUIDE = "first_meeting_guide"
    RIGHTS = "rights"


class SchemeDocument(Row, table=True):
    """One published version of one text. `sha256` is of the exact UTF-8 `text`; neither ever changes.

    `signed_by` lists the sides whose signature it asks for; `edition` counts from 1.
    """

    __table_args__ = (UniqueConstraint("scheme_id", "kind", "language", "edition"),)

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    kind: DocumentKind = Field(sa_type=one_of(DocumentKind))
    language: str = Field(default="en", max_length=12)
    edition: int
    title: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    signed_by: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    published_at: datetime
    # Last, as every long text: SQLite walks through it to reach the columns behind it.
    text: str


class Clause(Row, table=True):
    """One numbered clause of a published text. `key` is the stable ID of CLAUSES.md."""

    __table_args__ = (UniqueConstraint("document_id", "key"),)

    document_id: UUID = Field(foreign_key="scheme_document.id", index=True)
    key: str = Field(max_length=20)
    position: int
    section: str = Field(max_length=200)
    heading: str = Field(max_length=200)
    text: str


class Signature(Row, table=True):
    """Evidence that a person signed one exact text. `created_at` is the moment; it is never changed."""

    __table_args__ = (
        UniqueConstraint("enrolment_id", "document_id"),
        Index("ix_signature_document", "document_id"),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    document_id: UUID = Field(foreign_key="scheme_document.id")
    account_id: UUID = Field(foreign_key="account.id")
    side: Side = Field(sa_type=one_of(Side))
    typed_name: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    edition: int
    language: str = Field(max_length=12)
    network_address: str | None = Field(default=None, max_length=64)


class TrainingModule(Row, table=True):
    """Something to learn, with a short check. `questions` is JSON: question, options, answer (index), explanation."""

    __table_args__ = (UniqueConstraint("scheme_id", "key", "edition"),)

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    key: str = Field(max_length=40)
    edition: int
    title: str = Field(max_length=200)
    minutes: int
    pass_mark: int
    valid_months: int
    required_for: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    questions: list[dict[str, object]] = Field(default_factory=list, sa_type=JsonColumn)
    text: str


class TrainingCompletion(Row, table=True):
    """A module passed, and until when it counts."""

    __table_args__ = (Index("ix_training_completion_person", "enrolment_id", "module_id"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    module_id: UUID = Field(foreign_key="training_module.id", index=True)
    correct_answers: int
    completed_on: date
    expires_on: date
