"""Links by which people enrol themselves, and the views that a coordinator keeps of the queue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import Row, Stateful, one_of
from models.enrolments import EnrolmentStatus, Side


class SelfEnrolmentLink(Stateful, table=True):
    """A link for one side of one cohort. Only its token's SHA-256 is stored. `used` counts places, `most` ends it."""

    __table_args__ = (CheckConstraint("used BETWEEN 0 AND most", name="used_up_to_most"),)

    cohort_id: UUID = Field(foreign_key="cohort.id", index=True)
    side: Side = Field(sa_type=one_of(Side))
    label: str = Field(max_length=100)
    token_hash: str = Field(max_length=64, unique=True)
    expires_at: datetime
    most: int
    used: int = 0
    revoked_at: datetime | None = None


class JoinAttempt(Row, table=True):
    """One form sent at a self-enrolment link, counted per link and per network address; neither is stored in clear."""

    __table_args__ = (
        Index("ix_join_attempt_link", "link_id", "created_at"),
        Index("ix_join_attempt_address", "address_hash", "created_at"),
    )

    link_id: UUID = Field(foreign_key="self_enrolment_link.id")
    address_hash: str = Field(max_length=64)


class SavedView(Row, table=True):
    """Filters of the queue that one coordinator named, for one scheme. What they searched for is never part of it."""

    __table_args__ = (UniqueConstraint("person_id", "scheme_id", "name"),)

    person_id: UUID = Field(foreign_key="person.id", index=True)
    scheme_id: UUID = Field(foreign_key="scheme.id", index=True)
    name: str = Field(max_length=60)
    side: Side | None = Field(default=None, sa_type=one_of(Side))
    status: EnrolmentStatus | None = Field(default=None, sa_type=one_of(EnrolmentStatus))
    gate: str | None = Field(default=None, max_length=20)
