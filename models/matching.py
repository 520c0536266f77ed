"""Matching runs, and the proposals that come of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, Stateful, one_of, partial
from models.enrolments import Side


class ProposalStatus(StrEnum):
    """A proposal's life. A declined pair never comes back."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class MatchingRun(Row, table=True):
    """One run: what went in (as a fingerprint), what came out, and the proof that nothing better exists.

    `inputs` is JSON: the SHA-256 of each kind of input by name, and the people who took part with their places, so that
    a replay can say what has changed since. `as_of_on` is the day whose waiting times counted.
    """

    cohort_id: UUID = Field(foreign_key="cohort.id", index=True)
    made_by_id: UUID = Field(foreign_key="person.id")
    inputs_sha256: str = Field(max_length=64)
    weights: dict[str, int] = Field(default_factory=dict, sa_type=JsonColumn)
    seed: int
    mentees: int
    places: int
    matched: int
    certificate: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    text_method: str = Field(max_length=40)
    policy: str | None = Field(default=None, max_length=40)
    inputs: dict[str, Any] | None = Field(default=None, sa_type=JsonColumn)
    as_of_on: date | None = None
    took_ms: int | None = None


class RunPair(Row, table=True):
    """One line of a run: a mentee with a mentor, or without one and why. `score` runs from 0 to 1.

    `parts` is JSON: criterion, label, points, sentence, strong; the points sum to the score's thousandths.
    Beside a mentor, `reason` is what a coordinator should look at twice, if anything. `possible` is the highest score
    that any mentor of the run could reach with this mentee, from 0 to 1. A mentee without a mentor could have
    `one_more_with_id`, if that mentor had one more place.
    """

    __table_args__ = (
        UniqueConstraint("run_id", "mentee_id"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_0_to_1"),
        # All that puts a run's lines in order, so that a page of them reads no other.
        Index("ix_run_pair_run", "run_id", "score", "mentor_id", "mentee_id"),
        Index("ix_run_pair_noted", "run_id", "mentor_id", **partial("reason IS NOT NULL")),
    )

    run_id: UUID = Field(foreign_key="matching_run.id")
    mentee_id: UUID = Field(foreign_key="enrolment.id")
    mentor_id: UUID | None = Field(default=None, foreign_key="enrolment.id")
    score: float = 0.0
    wish_rank: int | None = None
    parts: list[dict[str, Any]] = Field(default_factory=list, sa_type=JsonColumn)
    reason: str | None = Field(default=None, max_length=500)
    possible: float | None = None
    one_more_with_id: UUID | None = Field(default=None, foreign_key="enrolment.id")


class PairRuleKind(StrEnum):
    """What a coordinator decided about a pair before the next run."""

    PIN = "pin"
    FORBID = "forbid"


class PairRule(Stateful, table=True):
    """A coordinator's word on a pair: it must stand, or must not be. Undone ones stay for the record."""

    __table_args__ = (
        CheckConstraint("mentor_id <> mentee_id", name="two_different_people"),
        CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_by_somebody"),
        Index("one_open_rule_per_pair", "mentor_id", "mentee_id", unique=True, **partial("undone_at IS NULL")),
        Index("one_open_pin_per_mentee", "mentee_id", unique=True, **partial("undone_at IS NULL AND kind = 'pin'")),
    )

    cohort_id: UUID = Field(foreign_key="cohort.id", index=True)
    mentor_id: UUID = Field(foreign_key="enrolment.id", index=True)
    mentee_id: UUID = Field(foreign_key="enrolment.id", index=True)
    kind: PairRuleKind = Field(sa_type=one_of(PairRuleKind))
    made_by_id: UUID = Field(foreign_key="person.id")
    undone_at: datetime | None = None
    undone_by_id: UUID | None = Field(default=None, foreign_key="person.id")


class RunWork(Row, table=True):
    """A long run under way, for every screen to see. Whoever set `cancel_asked_at` wants it stopped.

    `done` of `steps` are of the present `stage`; `seen_at` is the last sign of life, so that a killed one can be told.
    """

    __table_args__ = (Index("one_run_at_work_per_cohort", "cohort_id", unique=True, **partial("ended_at IS NULL")),)

    cohort_id: UUID = Field(foreign_key="cohort.id")
    started_by_id: UUID = Field(foreign_key="person.id")
    stage: str = Field(max_length=40)
    done: int = 0
    steps: int = 0
    seen_at: datetime
    cancel_asked_at: datetime | None = None
    ended_at: datetime | None = None
    run_id: UUID | None = Field(default=None, foreign_key="matching_run.id")
    trouble: str | None = Field(default=None, max_length=500)


class TextVector(Row, table=True):
    """What an encoder made of a text, kept so that a run reads it as input and never computes it. No text is kept.

    `vector` holds one signed byte for each component; `method` names the encoder and its weights.
    """

    __table_args__ = (UniqueConstraint("text_sha256", "method"),)

    text_sha256: str = Field(max_length=64)
    method: str = Field(max_length=40)
    vector: bytes


class Proposal(Stateful, table=True):
    """Two people suggested to each other. `waits_for` is the side whose answer is due next.

    A side may say, privately, that a relationship stands in the way; only the yes is stored, as a conflict.
    """

    __table_args__ = (
        CheckConstraint("mentor_id <> mentee_id", name="two_different_people"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_0_to_1"),
        # A mentee considers one proposal at a time; decided ones stay for the record.
        Index("one_open_proposal_per_mentee", "mentee_id", unique=True, **partial("status IN ('draft', 'sent')")),
        Index("ix_proposal_board", "cohort_id", "status", "sent_at", "created_at", "mentee_id", "mentor_id"),
    )

    cohort_id: UUID = Field(foreign_key="cohort.id")
    run_id: UUID | None = Field(default=None, foreign_key="matching_run.id")
    mentor_id: UUID = Field(foreign_key="enrolment.id", index=True)
    mentee_id: UUID = Field(foreign_key="enrolment.id", index=True)
    status: ProposalStatus = Field(default=ProposalStatus.DRAFT, sa_type=one_of(ProposalStatus))
    waits_for: Side = Field(default=Side.MENTEE, sa_type=one_of(Side))
    score: float = 0.0
    reasons: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    sent_at: datetime | None = None
    expires_at: datetime | None = None
    mentee_answered_at: datetime | None = None
    mentor_answered_at: datetime | None = None
    answered_at: datetime | None = None
    decline_reason: str | None = Field(default=None, max_length=1000)
    # Set when a coordinator wrote down an answer that came by email (SECURITY.md decision 4).
    email_received_on: date | None = None
    recorded_by_id: UUID | None = Field(default=None, foreign_key="person.id")
    reminders_sent: int = 0
