"""Schemes, their settings, forms and cohorts. What a scheme decides is data, so a third scheme is rows."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Stateful, one_of


class Style(StrEnum):
    """What a mentor gives: questions, or guidance about careers."""

    FACILITATIVE = "facilitative"
    CAREER_GUIDING = "career_guiding"


class AnsweredBy(StrEnum):
    """Whose yes makes a pair. After a wish, the mentee has said yes already."""

    MENTEE = "mentee"
    MENTOR_AFTER_WISH = "mentor_after_wish"


class Channel(StrEnum):
    """How two people keep in touch."""

    EMAIL = "email"
    TELEPHONE = "telephone"
    WECHAT = "wechat"
    VIDEO = "video"
    IN_PERSON = "in_person"


class Scheme(Stateful, table=True):
    """A standing programme. A pair is quiet past `quiet_factor` times its agreed interval, then silent.

    `channels`, `criterion_weights`, `mentor_gates` and `mentee_gates` are JSON: lists of names, weights 0 to 10.
    """

    __table_args__ = (
        CheckConstraint("default_interval_days BETWEEN 1 AND 366", name="interval_1_to_366_days"),
        CheckConstraint("quiet_factor >= 1 AND silent_factor >= quiet_factor", name="silent_after_quiet"),
        CheckConstraint("proposal_expiry_days BETWEEN 1 AND 90", name="expiry_1_to_90_days"),
    )

    key: str = Field(max_length=40, index=True)
    name: str = Field(max_length=200)
    style: Style = Field(sa_type=one_of(Style))
    answered_by: AnsweredBy = Field(sa_type=one_of(AnsweredBy))
    time_zone: str = Field(default="UTC", max_length=64)
    language: str = Field(default="en", max_length=12)
    data_region: str = Field(default="", max_length=100)
    channels: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    mentor_gates: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    mentee_gates: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    criterion_weights: dict[str, int] = Field(default_factory=dict, sa_type=JsonColumn)
    default_interval_days: int = 30
    quiet_factor: float = 1.5
    silent_factor: float = 2.0
    meeting_minutes: int = 45
    months: int = 6
    proposal_expiry_days: int = 14
    reminder_days: list[int] = Field(default_factory=list, sa_type=JsonColumn)
    signature_grace_days: int = 30
    reply_address: str | None = Field(default=None, max_length=254)
    other_settings: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)


class FormField(Stateful, table=True):
    """One question of a scheme's enrolment form. A retired one keeps its answers, an option not offered its label.

    `labels` is by side ("mentor", "mentee"), with "option:<code>" for each of `options` (codes), "match:<side>" for
    what a match reads above the answer, and "help:<side>" or "audience:<side>" where a side's words differ from the
    columns. Read them through services/schemes/wording.py.
    `for_match` is, by whose answer it is, "always" or "choice": the other half of a pair sees it while the pair is
    open, at once or if that person switches it on. A side that is not named, or NULL: never.
    `listing` is under which words a mentor may show the answer in the directory, too; NULL: it is never shown there.
    """

    __table_args__ = (UniqueConstraint("scheme_id", "key"),)

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    key: str = Field(max_length=40)
    roles: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    step: int
    position: int
    kind: str = Field(max_length=20)
    labels: dict[str, str] = Field(default_factory=dict, sa_type=JsonColumn)
    help: str = Field(default="", max_length=1000)
    audience: str = Field(max_length=500)
    required: bool = False
    clause: str | None = Field(default=None, max_length=20)
    options: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    longest: int = 2000
    listing: str | None = Field(default=None, max_length=200)
    for_match: dict[str, str] | None = Field(default=None, sa_type=JsonColumn, nullable=True)
    retired_at: datetime | None = None


class Cohort(Stateful, table=True):
    """One run of a scheme, with dates."""

    __table_args__ = (
        UniqueConstraint("scheme_id", "name"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
    )

    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    name: str = Field(max_length=100)
    starts_on: date
    ends_on: date
    is_demonstration: bool = False
