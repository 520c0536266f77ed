"""Thousands of new rows at once: values are bound column by column, and the driver does the rest.

The ORM makes a dictionary of every row and binds it value by value, which takes longer than the database needs. No
listener of a session hears of these rows: whoever calls tells services/people_index.py of new enrolments.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table, Uuid
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

Binder = Callable[[Any], Any]

_VERSION_4 = bytes(0x40 | byte & 0x0F for byte in range(256))
_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))


def new_ids(count: int) -> list[str]:
    """Random keys (UUIDs of version 4) as 32 digits, which `insert` takes as well as UUID objects.

    They come in order: indexes then grow at one end, which is a third quicker.
    """
    random = bytearray(os.urandom(16 * count))
    random[6::16] = random[6::16].translate(_VERSION_4)
    random[8::16] = random[8::16].translate(_VARIANT)
    digits = random.hex()
    return sorted(digits[at : at + 32] for at in range(0, len(digits), 32))


def insert(connection: Connection, usual: SQLModel, own: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows into the table of `usual`, as it is but for the columns in `own`: those have a value for each row.

    Raises IntegrityError. Never commits.
    """
    count = len(next(iter(own.values()), ()))
    if not count:
        return
    table: Table = type(usual).__table__  # type: ignore[attr-defined]
    # What is NULL in every row, an automatic number among it, is left to the database.
    columns = [column for column in table.columns if column.name in own or getattr(usual, column.name) is not None]
    rows = zip(*(_bound(connection, column, usual, own, count) for column in columns), strict=True)
    # Only names of our own tables and columns become part of a statement.
    place = f"{table.name} ({', '.join(column.name for column in columns)})"
    if connection.dialect.name == "postgresql":
        _copy(connection, place, rows)
    else:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {place} VALUES ({marks})", list(rows))  # noqa: S608


def _copy(connection: Connection, place: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's way for many rows, which asks half as much of us as INSERT."""
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.dbapi
    statement = f"COPY {place} FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:
        # The first line names the rule; those after it quote the row, and errors go to the log.
        told = type(error)(str(error).partition("\n")[0])
        raise DBAPIError.instance(statement, None, told, errors.Error, hide_parameters=True) from None


def _bound(
    connection: Connection, column: Column[Any], usual: SQLModel, own: Mapping[str, Sequence[Any]], count: int
) -> Iterable[Any]:
    """A column's values as the driver takes them; those that are equal are bound once."""
    bind = _binder(connection, column)
    if column.name not in own:
        same = getattr(usual, column.name)
        return repeat(bind(same) if bind else same, count)
    values = own[column.name]
    if bind is None or (isinstance(column.type, Uuid) and set(map(type, values)) == {str}):
        return values
    names: Sequence[Any] = values
    if isinstance(column.type, JSON):
        # 1 equals True, but is not the same answer. Rows that say the same often share what they say.
        names = list(map(id, values))
        if len(set(names)) > count // 4:
            names = list(map(repr, values))
    known = dict(zip(names, values, strict=True))
    known = {name: bind(value) for name, value in known.items()}
    return map(known.__getitem__, names)


def _binder(connection: Connection, column: Column[Any]) -> Binder | None:
    if isinstance(column.type, Uuid):
        return _digits
    if isinstance(column.type, JSON):
        return _json
    return column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)


def _digits(key: Any) -> Any:
    return key if key is None or isinstance(key, str) else key.hex


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
