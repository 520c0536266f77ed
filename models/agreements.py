"""What a scheme asks people to sign and to learn, and the evidence that they did."""

import secrets
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, Stateful, one_of, partial
from models.enrolments import Side


class DocumentKind(StrEnum):
    """The kinds of text that a scheme publishes."""

    AGREEMENT = "agreement"
    MENTEE_AGREEMENT = "mentee_agreement"
    CODE = "code"
    ROLE_STATEMENT = "role_statement"
    FIRST_MEETING_GUIDE = "first_meeting_guide"
    RIGHTS = "rights"
    PRIVACY = "privacy"


class SchemeDocument(Row, table=True):
    """One published version of one text. `sha256` is of the exact UTF-8 `text`; neither ever changes.

    `signed_by` lists the sides whose signature it asks for; `edition` counts from 1. A translation has the edition of
    the text that it translates. `written_by_id` and `published_by_id` are people, None where the scheme's template was
    the author; they are no foreign keys, because a text stays when a person goes.
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
    written_by_id: UUID | None = None
    published_by_id: UUID | None = None
    # Last, as every long text: SQLite walks through it to reach the columns behind it.
    text: str


class DocumentDraft(Stateful, table=True):
    """The next edition of a text while it is being written; nobody but the scheme's coordinators sees it.

    `text` holds everything below the title, as typed. `changed_by_id` is who changed it last, and
    `handed_over_at` when they asked a second person to publish it; every change takes that back.
    """

    __table_args__ = (UniqueConstraint("scheme_id", "kind", "language"),)

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    kind: DocumentKind = Field(sa_type=one_of(DocumentKind))
    language: str = Field(default="en", max_length=12)
    title: str = Field(max_length=200)
    signed_by: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    changed_by_id: UUID
    changed_at: datetime
    handed_over_at: datetime | None = None
    text: str = ""


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
        # Who signed a text, and when, for the ledger.
        Index("ix_signature_signed", "document_id", "enrolment_id", "created_at"),
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


class PublishedState(StrEnum):
    """The life of something that a coordinator writes for people to read."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


# No vowels and nothing that looks like something else: a code is read aloud and copied from paper.
CODE_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"


def new_code() -> str:
    """What a certificate is verified by: 12 of 27 letters, which nobody can guess."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(12))


def _both_sides() -> list[str]:
    return [side.value for side in Side]


class TrainingModule(Stateful, table=True):
    """One edition of something to learn, with a short check. An edition that was published never changes again.

    `questions` is JSON: question, options, answer (an index, or a list of them where several are right), explanation.
    `offered_to` and `required_for` are sides. Until `due_on` is over, a required module holds nobody back.
    Completions of earlier editions count down to `counts_from`; `valid_months` 0 means that they do not run out.
    """

    __table_args__ = (
        UniqueConstraint("scheme_id", "key", "edition"),
        CheckConstraint("counts_from BETWEEN 1 AND edition", name="counts_from_1_to_edition"),
        Index("one_published_edition", "scheme_id", "key", unique=True, **partial("state = 'published'")),
        Index("one_draft_edition", "scheme_id", "key", unique=True, **partial("state = 'draft'")),
    )

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    key: str = Field(max_length=40)
    edition: int
    state: PublishedState = Field(default=PublishedState.PUBLISHED, sa_type=one_of(PublishedState))
    title: str = Field(max_length=200)
    summary: str = Field(default="", max_length=500)
    minutes: int
    pass_mark: int
    valid_months: int
    offered_to: list[str] = Field(default_factory=_both_sides, sa_type=JsonColumn)
    required_for: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    counts_from: int = 1
    due_on: date | None = None
    published_at: datetime | None = None
    questions: list[dict[str, object]] = Field(default_factory=list, sa_type=JsonColumn)
    text: str


class TrainingCompletion(Row, table=True):
    """A module passed, and until when it counts. `code` stands on the certificate."""

    __table_args__ = (
        Index("ix_training_completion_person", "enrolment_id", "module_id"),
        Index("ix_training_completion_held", "module_id", "enrolment_id", "completed_on", "expires_on", "created_at"),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    module_id: UUID = Field(foreign_key="training_module.id", index=True)
    correct_answers: int
    completed_on: date
    expires_on: date
    code: str = Field(default_factory=new_code, max_length=12, unique=True)


class TrainingAttempt(Row, table=True):
    """A check that somebody sent in and did not pass; `created_at` is when."""

    __table_args__ = (Index("ix_training_attempt_person", "enrolment_id", "module_id", "created_at"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    module_id: UUID = Field(foreign_key="training_module.id", index=True)
    correct_answers: int
