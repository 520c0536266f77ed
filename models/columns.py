"""What several tables share: keys, times, checked enums, partial indexes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Enum, MetaData, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

# Named constraints, so that a migration can drop on one database what it made on the other.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def utc_now() -> datetime:
    """The present moment, aware. Tests move it with time-machine."""
    return _told.get() or datetime.now(UTC)


@contextmanager
def telling(moment: datetime) -> Iterator[None]:
    """Tell a story of the past: within, `utc_now` is this moment. Only for the demonstration's year of history."""
    before = _told.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _told.reset(before)


def snake_case(name: str) -> str:
    """`SchemeDocument` as `scheme_document`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def one_of(kind: type[StrEnum]) -> Enum:
    """A column that stores an enum's value and lets the database check it."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        name=snake_case(kind.__name__),
    )


def partial(condition: str) -> dict[str, Any]:
    """An index's condition, said to SQLite and PostgreSQL at once."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Row(SQLModel):
    """What every table has: a key that says nothing, and when the row came to be."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy hands over the class
        return snake_case(cls.__name__)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    created_at: datetime = Field(default_factory=utc_now)


class Stateful(Row):
    """A row whose state changes. Of two people who change it at once, the second is told.

    `version` is counted by SQLAlchemy; a lost race surfaces as StaleDataError, which services turn into a Conflict.
    """

    version: int = Field(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy hands over the class
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]


JsonColumn: Any = JSON(none_as_null=True)
