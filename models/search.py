"""What people are found by, and what mentees do in the directory."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import Row, one_of


class SearchScope(StrEnum):
    """Where somebody searches, and so which of a person's facts may lead to them."""

    DIRECTORY = "directory"
    QUEUE = "queue"


class SearchText(SQLModel, table=True):
    """The folded words that lead to one enrolment in one scope, with a blank between them.

    services/people_index.py writes them whenever the facts change. What looks them up is made by a migration, because
    the two databases do it each in their own way: PostgreSQL in the GIN index `ix_search_words`, SQLite in the FTS5
    table `search_words`, which refers to rows here by number; no number is ever given twice.
    """

    __tablename__ = "search_text"
    __table_args__ = (UniqueConstraint("enrolment_id", "scope"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    enrolment_id: UUID = Field(foreign_key="enrolment.id", ondelete="CASCADE")
    cohort_id: UUID = Field(foreign_key="cohort.id")
    scope: SearchScope = Field(sa_type=one_of(SearchScope))
    tokens: str


class Shortlisted(Row, table=True):
    """A mentor whom a mentee keeps in mind. Nobody else sees it; it is no wish."""

    __table_args__ = (UniqueConstraint("mentee_id", "mentor_id"),)

    mentee_id: UUID = Field(foreign_key="enrolment.id", index=True)
    mentor_id: UUID = Field(foreign_key="enrolment.id", index=True)


class DirectorySearches(Row, table=True):
    """How many searches a cohort's mentees made in the directory on one day (UTC): neither the words nor who."""

    __table_args__ = (
        UniqueConstraint("cohort_id", "searched_on"),
        CheckConstraint("searches >= 0", name="searches_not_negative"),
    )

    cohort_id: UUID = Field(foreign_key="cohort.id")
    searched_on: date
    searches: int = 0
