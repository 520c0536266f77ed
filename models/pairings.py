"""Two people who work together: what was released between them, and what they agreed."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, Stateful, one_of, partial
from models.enrolments import Side
from models.schemes import Channel


class PairingStatus(StrEnum):
    """A pairing's life, in order. It can end from any point."""

    RELEASED = "released"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSING = "closing"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a pairing ended, as U-C6.8 has it, plus three that say less."""

    HELP_RECEIVED = "help_received"
    NO_LONGER_HELPS = "no_longer_helps"
    REFERRED_ELSEWHERE = "referred_elsewhere"
    PERSONAL = "personal"
    END_OF_COHORT = "end_of_cohort"
    NOT_GIVEN = "not_given"


class Pairing(Stateful, table=True):
    """A mentor and a mentee who work together in one cohort. Both ids are enrolments. Times are UTC.

    `released_at` starts the pair's clock. Contact details are open from then until `ended_at`.
    """

    __table_args__ = (
        CheckConstraint("mentor_id <> mentee_id", name="two_different_people"),
        CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL)", name="ended_at_only_when_ended"),
        # A mentee has one mentor at a time; ended pairings stay for the record.
        Index("one_open_pairing_per_mentee", "mentee_id", unique=True, **partial("status <> 'ended'")),
        Index("ix_pairing_cohort", "cohort_id", "status"),
        # Whose places are taken.
        Index("ix_pairing_open", "mentor_id", "mentee_id", "status", **partial("status <> 'ended'")),
    )

    cohort_id: UUID = Field(foreign_key="cohort.id")
    mentor_id: UUID = Field(foreign_key="enrolment.id", index=True)
    mentee_id: UUID = Field(foreign_key="enrolment.id", index=True)
    proposal_id: UUID | None = Field(default=None, foreign_key="proposal.id", unique=True)
    status: PairingStatus = Field(default=PairingStatus.RELEASED, sa_type=one_of(PairingStatus))
    released_at: datetime
    first_contact_on: date | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = Field(default=None, sa_type=one_of(EndReason))
    ended_by: Side | None = Field(default=None, sa_type=one_of(Side))


class Release(Row, table=True):
    """One side's contact details opened to the other. `channels` lists what consent allowed that day."""

    __table_args__ = (UniqueConstraint("pairing_id", "of_side"),)

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    of_side: Side = Field(sa_type=one_of(Side))
    channels: list[str] = Field(default_factory=list, sa_type=JsonColumn)


class WaysOfWorking(Stateful, table=True):
    """What a pair settled between the two. In force from the day the second of them confirmed.

    `words` is what they wrote, sealed (services/private_words.py); `covers` names its sections, and no more. The usual
    hour is wall time in `usual_zone`: a weekday from 0 (Monday) and minutes after midnight.
    """

    __table_args__ = (
        UniqueConstraint("pairing_id", "edition"),
        CheckConstraint("interval_days BETWEEN 1 AND 366", name="interval_1_to_366_days"),
        CheckConstraint("minutes BETWEEN 5 AND 480", name="minutes_5_to_480"),
        CheckConstraint("months BETWEEN 1 AND 36", name="months_1_to_36"),
        CheckConstraint("usual_weekday BETWEEN 0 AND 6", name="weekday_0_to_6"),
        CheckConstraint("usual_minute BETWEEN 0 AND 1439", name="minute_of_a_day"),
        CheckConstraint(
            "(usual_weekday IS NULL) = (usual_minute IS NULL) AND (usual_minute IS NULL) = (usual_zone IS NULL)",
            name="usual_hour_whole_or_not_at_all",
        ),
    )

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    edition: int
    proposed_by: Side = Field(sa_type=one_of(Side))
    interval_days: int
    minutes: int
    months: int
    channels: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    usual_weekday: int | None = None
    usual_minute: int | None = None
    usual_zone: str | None = Field(default=None, max_length=64)
    covers: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    mentor_confirmed_at: datetime | None = None
    mentee_confirmed_at: datetime | None = None
    in_force_from: date | None = None
    words: str = ""


class WaysDraft(Stateful, table=True):
    """What one side has filled in of ways of working and not sent yet: sealed, and read by its author alone."""

    __table_args__ = (UniqueConstraint("pairing_id", "side"),)

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    side: Side = Field(sa_type=one_of(Side))
    words: str


class Expectation(Stateful, table=True):
    """What one side expects, written alone and sealed. The other reads it once `done_at` is set on both sides."""

    __table_args__ = (
        UniqueConstraint("pairing_id", "side"),
        Index("ix_expectation_done", "pairing_id", "done_at", "created_at", **partial("done_at IS NOT NULL")),
    )

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    side: Side = Field(sa_type=one_of(Side))
    done_at: datetime | None = None
    words: str


class TopicMarks(Stateful, table=True):
    """The subjects that a mentee marked as open, ask me first or off limits: one sealed list for each pair."""

    pairing_id: UUID = Field(foreign_key="pairing.id", unique=True)
    words: str


class Contact(Row, table=True):
    """A sign of life between the two: who noted it, by which channel, on which day."""

    __table_args__ = (Index("ix_contact_pairing", "pairing_id", "contact_on"),)

    pairing_id: UUID = Field(foreign_key="pairing.id")
    noted_by: Side = Field(sa_type=one_of(Side))
    channel: Channel = Field(sa_type=one_of(Channel))
    contact_on: date
