"""Feedback to the scheme (U-6): rounds, and each person's answer to one."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Stateful, one_of
from models.enrolments import Side


class RoundPoint(StrEnum):
    """When in the mentoring a round is asked."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


class FeedbackRound(Stateful, table=True):
    """One asking of a whole cohort. `forms` keeps the questions as they were asked, by side."""

    __table_args__ = (
        UniqueConstraint("cohort_id", "point"),
        CheckConstraint("due_on >= opens_on", name="due_after_opening"),
    )

    cohort_id: UUID = Field(foreign_key="cohort.id", index=True)
    point: RoundPoint = Field(sa_type=one_of(RoundPoint))
    opens_on: date
    due_on: date
    forms: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    closed_at: datetime | None = None


class FeedbackAnswer(Stateful, table=True):
    """One person's answers; half-filled until `submitted_at`. `rating` is the 1 to 5 answer that figures use."""

    __table_args__ = (
        UniqueConstraint("round_id", "enrolment_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_1_to_5"),
        Index("ix_feedback_answer_round", "round_id", "side"),
    )

    round_id: UUID = Field(foreign_key="feedback_round.id")
    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    side: Side = Field(sa_type=one_of(Side))
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    rating: int | None = None
    submitted_at: datetime | None = None
