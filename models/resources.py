"""The library of a scheme: what people may read between meetings, and how often it is read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.agreements import PublishedState
from models.columns import JsonColumn, Row, Stateful, one_of


class Resource(Stateful, table=True):
    """Something to read: Markdown `text`, or a `link` to it elsewhere. `sides` lists for whom.

    `published_at` is when it was first published and makes it new; `before` is its content before the last change.
    """

    __table_args__ = (
        CheckConstraint("(link IS NULL) <> (text IS NULL)", name="text_or_link"),
        CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published_has_a_moment"),
        Index("ix_resource_scheme", "scheme_id", "state", "published_at"),
    )

    scheme_id: UUID = Field(foreign_key="scheme.id")
    state: PublishedState = Field(default=PublishedState.DRAFT, sa_type=one_of(PublishedState))
    title: str = Field(max_length=200)
    summary: str = Field(default="", max_length=500)
    sides: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    link: str | None = Field(default=None, max_length=2000)
    published_at: datetime | None = None
    before: dict[str, Any] | None = Field(default=None, sa_type=JsonColumn)
    text: str | None = None


class ResourceReader(Row, table=True):
    """One person's place in the library: when they last looked, and whether new titles come by email.

    What came after `previous_visit_at` is new to them; it moves up when a visit follows a longer break.
    """

    __table_args__ = (UniqueConstraint("enrolment_id"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    previous_visit_at: datetime | None = None
    latest_visit_at: datetime | None = None
    digest_since: datetime | None = None


class ResourceRead(Row, table=True):
    """That somebody opened it, once for each person, so that readers can be counted. No screen says who."""

    __table_args__ = (UniqueConstraint("resource_id", "enrolment_id"),)

    resource_id: UUID = Field(foreign_key="resource.id")
    enrolment_id: UUID = Field(foreign_key="enrolment.id", index=True)
