"""When somebody was away: a person's pauses, the pauses of their pairs, and who left for good."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from models.columns import Row, Stateful, one_of, partial
from models.enrolments import EnrolmentStatus, Side
from models.pairings import PairingStatus


class PauseChoice(StrEnum):
    """What the other half of a pair chose while one of them is away."""

    WAIT = "wait"
    ANOTHER = "another"


class Pause(Stateful, table=True):
    """One break of one person. Days are the scheme's. `planned_return_on` NULL: they said no day.

    `ended_on` is the day on which they said yes, or left for good: nobody else ends a pause. `times_asked` counts the
    mails about this planned day.
    """

    __table_args__ = (
        CheckConstraint("planned_return_on IS NULL OR planned_return_on > started_on", name="returns_later"),
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name="ends_later"),
        CheckConstraint("times_asked BETWEEN 0 AND 3", name="times_asked_0_to_3"),
        Index("one_open_pause_per_enrolment", "enrolment_id", unique=True, **partial("ended_on IS NULL")),
        Index("ix_pause_due", "planned_return_on", **partial("ended_on IS NULL")),
    )

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    begun_by_id: UUID = Field(foreign_key="person.id")
    started_on: date
    planned_return_on: date | None = None
    times_asked: int = 0
    ended_on: date | None = None


class PairingPause(Stateful, table=True):
    """Days of one pair that do not count, because one of the two was away. `was` is what it is again afterwards.

    When both are away, the first row ends with the first who is back and another begins for the other side.
    """

    __table_args__ = (
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name="ends_later"),
        Index("one_open_pause_per_pairing", "pairing_id", unique=True, **partial("ended_on IS NULL")),
    )

    pairing_id: UUID = Field(foreign_key="pairing.id", index=True)
    pause_id: UUID = Field(foreign_key="pause.id", index=True)
    away: Side = Field(sa_type=one_of(Side))
    was: PairingStatus = Field(sa_type=one_of(PairingStatus))
    started_on: date
    ended_on: date | None = None
    choice: PauseChoice | None = Field(default=None, sa_type=one_of(PauseChoice))


class Departure(Row, table=True):
    """Somebody left for good. `was` is what their enrolment was before; `told` counts those who had to be told."""

    __table_args__ = (CheckConstraint("told >= 0", name="told_0_or_more"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
    was: EnrolmentStatus = Field(sa_type=one_of(EnrolmentStatus))
    told: int = 0
    undone_at: datetime | None = None
