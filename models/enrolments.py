"""A person's place in a cohort, what they agreed to share, and whom they must not meet."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, Stateful, one_of, partial


class Side(StrEnum):
    """The two sides of a mentoring pair."""

    MENTOR = "mentor"
    MENTEE = "mentee"


class EnrolmentStatus(StrEnum):
    """An enrolment's life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    DECLINED = "declined"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


class ConsentPurpose(StrEnum):
    """What a person may agree to, each on its own, none of them by default."""

    DIRECTORY = "directory"
    SHARE_EMAIL = "share_email"
    SHARE_TELEPHONE = "share_telephone"
    SHARE_WECHAT = "share_wechat"


class Enrolment(Stateful, table=True):
    """What one person offers or hopes for in one cohort. Blank answers are NULL, never ''.

    `claims` keeps what a tick in a spreadsheet said ("training": "Yes"): a claim, no signature and no training.
    `answers` holds what the scheme asks beyond the columns, by field key. `capacity` counts mentees at one time.
    """

    __table_args__ = (
        UniqueConstraint("person_id", "cohort_id", "side"),
        CheckConstraint("capacity BETWEEN 0 AND 50", name="capacity_0_to_50"),
        Index("ix_enrolment_queue", "cohort_id", "side", "status", "sort_key", "id"),
        Index("ix_enrolment_by_name", "cohort_id", "sort_key", "id"),
        Index("ix_enrolment_by_status", "cohort_id", "status", "sort_key", "id"),
        Index("ix_enrolment_sector", "cohort_id", "side", "status", "sector"),
        # The few who have not answered the private question.
        Index(
            "ix_enrolment_undeclared",
            "cohort_id",
            "conflicts_declared_at",
            "id",
            **partial("conflicts_declared_at IS NULL"),
        ),
        # All that a gate asks of a person, who come in the order of the sets that lead to them.
        Index(
            "ix_enrolment_gates",
            "cohort_id",
            "side",
            "id",
            "status",
            "conflicts_declared_at",
            "capacity",
            "sort_key",
        ),
        # Who takes part, for the ledger's counts.
        Index("ix_enrolment_approved", "cohort_id", "side", "decided_at", "status", "id"),
    )

    person_id: UUID = Field(foreign_key="person.id", index=True)
    cohort_id: UUID = Field(foreign_key="cohort.id")
    side: Side = Field(sa_type=one_of(Side))
    status: EnrolmentStatus = Field(default=EnrolmentStatus.DRAFT, sa_type=one_of(EnrolmentStatus))
    # The name in one case, for paging through a list in the order that people look for.
    sort_key: str = Field(default="", max_length=200)
    role_title: str | None = Field(default=None, max_length=200)
    organisation: str | None = Field(default=None, max_length=200)
    sector: str | None = Field(default=None, max_length=100)
    summary: str | None = Field(default=None, max_length=5000)
    goals: str | None = Field(default=None, max_length=5000)
    years_of_experience: int | None = None
    languages: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    channels: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    capacity: int = 1
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    claims: dict[str, str] = Field(default_factory=dict, sa_type=JsonColumn)
    imported: bool = False
    conflicts_declared_at: datetime | None = None
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    decision_note: str | None = Field(default=None, max_length=2000)
    waiting_since: datetime | None = None


class Consent(Row, table=True):
    """One agreement to share one thing. Withdrawn ones stay as evidence; `wording_sha256` names the text agreed to."""

    __table_args__ = (
        Index(
            "one_open_consent_per_purpose",
            "enrolment_id",
            "purpose",
            unique=True,
            **partial("withdrawn_at IS NULL"),
        ),
        Index("ix_consent_held", "purpose", "enrolment_id", "created_at", "withdrawn_at"),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    purpose: ConsentPurpose = Field(sa_type=one_of(ConsentPurpose))
    wording_sha256: str = Field(max_length=64)
    language: str = Field(default="en", max_length=12)
    withdrawn_at: datetime | None = None


class DirectoryChoice(Row, table=True):
    """One agreement to show one more answer in the directory, beside the four facts; kept as a Consent is.

    `field_key` is the question whose answer is shown.
    """

    __table_args__ = (
        Index(
            "one_open_choice_per_question",
            "enrolment_id",
            "field_key",
            unique=True,
            **partial("withdrawn_at IS NULL"),
        ),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    field_key: str = Field(max_length=40)
    wording_sha256: str = Field(max_length=64)
    language: str = Field(default="en", max_length=12)
    withdrawn_at: datetime | None = None


class SharedAnswer(Row, table=True):
    """One agreement to let the other half of a pair read one more answer; kept as a Consent is.

    `field_key` is the question whose answer is shared.
    """

    __table_args__ = (
        Index(
            "one_open_sharing_per_question",
            "enrolment_id",
            "field_key",
            unique=True,
            **partial("withdrawn_at IS NULL"),
        ),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    field_key: str = Field(max_length=40)
    wording_sha256: str = Field(max_length=64)
    language: str = Field(default="en", max_length=12)
    withdrawn_at: datetime | None = None


class ConsentText(Row, table=True):
    """The words that a consent was given to, once for everybody who read them; `Consent.wording_sha256` names them."""

    __table_args__ = (UniqueConstraint("sha256", "language"),)

    sha256: str = Field(max_length=64)
    language: str = Field(max_length=12)
    text: str = Field(max_length=5000)


class AnswerChange(Row, table=True):
    """One answer that was corrected after the form had been sent: what stood there, and what stands there since.

    `before` and `after` are as the answer is kept: text, number or list of codes; NULL for none.
    """

    __table_args__ = (Index("ix_answer_change_newest", "enrolment_id", "created_at", "id"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    changed_by_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    key: str = Field(max_length=40)
    before: Any = Field(default=None, sa_type=JsonColumn, nullable=True)
    after: Any = Field(default=None, sa_type=JsonColumn, nullable=True)


class Conflict(Row, table=True):
    """Two people who must not be paired. Who said so is private, and why is never asked (SECURITY.md decision 5)."""

    __table_args__ = (
        UniqueConstraint("declared_by_id", "other_id"),
        CheckConstraint("declared_by_id <> other_id", name="two_different_people"),
    )

    declared_by_id: UUID = Field(foreign_key="person.id", index=True)
    other_id: UUID = Field(foreign_key="person.id", index=True)


class Wish(Row, table=True):
    """A mentee's wish for a mentor. `rank` 1 is the dearest."""

    __table_args__ = (
        UniqueConstraint("mentee_id", "mentor_id"),
        UniqueConstraint("mentee_id", "rank"),
        CheckConstraint("rank BETWEEN 1 AND 10", name="rank_1_to_10"),
        Index("ix_wish_first", "mentee_id", "created_at"),
    )

    mentee_id: UUID = Field(foreign_key="enrolment.id", index=True)
    mentor_id: UUID = Field(foreign_key="enrolment.id", index=True)
    rank: int


class ColumnMapping(Row, table=True):
    """How a coordinator mapped the columns of one shape of file. `columns` is target key to column position."""

    __table_args__ = (UniqueConstraint("scheme_id", "shape_key"),)

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    shape_key: str = Field(max_length=64)
    columns: dict[str, int] = Field(default_factory=dict, sa_type=JsonColumn)
