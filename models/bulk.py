"""Thousands of new rows at once: values are bound column by column, and the driver does the rest.

The ORM makes a dictionary of every row and binds it value by value, which takes longer than the database needs. No
listener of a session hears of these rows: whoever calls tells services/people_index.py of new enrolments.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlmodel import SQLModel

Binder = Callable[[Any], Any]


def insert(connection: Connection, usual: SQLModel, own: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows into the table of `usual`, as it is but for the columns in `own`: those have a value for each row.

    Raises IntegrityError. Never commits.
    """
    table: Table = type(usual).__table__  # type: ignore[attr-defined]
    # What is NULL in every row, an automatic number among it, is left to the database.
    columns = [column for column in table.columns if column.name in own or getattr(usual, column.name) is not None]
    bound = [_bound(connection, column, usual, own) for column in columns]
    names = ", ".join(column.name for column in columns)
    marks = ", ".join(["?" if connection.dialect.paramstyle == "qmark" else "%s"] * len(columns))
    rows = list(zip(*bound, strict=False))
    if rows:
        # Only names of our own tables and columns become part of the statement.
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608


def _bound(
    connection: Connection, column: Column[Any], usual: SQLModel, own: Mapping[str, Sequence[Any]]
) -> Iterator[Any]:
    """A column's values as the driver takes them; one that is always the same is bound once."""
    binder = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if column.name not in own:
        same = getattr(usual, column.name)
        return repeat(binder(same) if binder else same)
    return map(_remembering(binder), own[column.name]) if binder else iter(own[column.name])


def _remembering(binder: Binder) -> Binder:
    """The binder, asked once for each short list or empty dictionary: the same few languages come again and again."""
    known: dict[Any, Any] = {}

    def bind(value: Any) -> Any:
        if not isinstance(value, list | dict):
            return binder(value)
        if isinstance(value, dict) and value:
            return binder(value)
        key = tuple(value)
        if key not in known:
            known[key] = binder(value)
        return known[key]

    return bind
