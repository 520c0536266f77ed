"""Each side's own record of a meeting (A-SH6): two records of one meeting, never one shared."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from models.columns import Stateful, one_of
from models.enrolments import Side
from models.schemes import Channel


class MeetingRecord(Stateful, table=True):
    """What one side noted. `started_at` is UTC, `time_zone` the zone it was entered in; words are not stored here.

    `operation_id` is made when the form is drawn: a second press of the same button is the same record.
    """

    __table_args__ = (
        CheckConstraint("duration_minutes BETWEEN 1 AND 600", name="duration_1_to_600"),
        Index("ix_meeting_record_pairing", "pairing_id", "side", "started_at"),
        # With all that figures ask of a pair's meetings, so that they never read the record itself.
        Index(
            "ix_meeting_record_held",
            "pairing_id",
            "happened",
            "started_at",
            "channel",
            "created_at",
            "side",
            "began_on_time",
        ),
    )

    pairing_id: UUID = Field(foreign_key="pairing.id")
    side: Side = Field(sa_type=one_of(Side))
    started_at: datetime
    time_zone: str = Field(max_length=64)
    duration_minutes: int
    channel: Channel = Field(sa_type=one_of(Channel))
    happened: bool = True
    began_on_time: bool | None = None
    operation_id: UUID = Field(unique=True)
