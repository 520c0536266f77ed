"""Thousands of new rows at once: values are bound column by column, and the driver does the rest.

The ORM makes a dictionary of every row and binds it value by value, which takes longer than the database needs. No
listener of a session hears of these rows: whoever calls tells services/people_index.py of new enrolments.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice, repeat
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table, Uuid
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

Binder = Callable[[Any], Any]

_VERSION_4 = bytes(0x40 | byte & 0x0F for byte in range(256))
_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))
_LINES = 1_000
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


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
    if not len(next(iter(own.values()), ())):
        return
    table: Table = type(usual).__table__  # type: ignore[attr-defined]
    # What is NULL in every row, an automatic number among it, is left to the database.
    columns = [column for column in table.columns if column.name in own or getattr(usual, column.name) is not None]
    # Only names of our own tables and columns become part of a statement.
    place = f"{table.name} ({', '.join(column.name for column in columns)})"
    if connection.dialect.name == "postgresql":
        lines = map("\t".join, zip(*(_bound(connection, each, usual, own, _copied) for each in columns), strict=True))
        _execute(connection, f"COPY {place} FROM STDIN", partial(_copy, lines=lines))
    else:
        rows = zip(*(_bound(connection, each, usual, own) for each in columns), strict=True)
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {place} VALUES ({marks})"  # noqa: S608
        _execute(connection, statement, lambda cursor, statement: cursor.executemany(statement, rows))


def _execute(connection: Connection, statement: str, send: Callable[[Any, str], object]) -> None:
    """Send rows to the driver itself, which takes them one after the other: no list of them all is made."""
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.dbapi
    try:
        with closing(driver.cursor()) as cursor:
            send(cursor, statement)
    except errors.Error as error:
        # The first line names the rule; those after it quote the row, and errors go to the log.
        told = type(error)(str(error).partition("\n")[0])
        raise DBAPIError.instance(statement, None, told, errors.Error, hide_parameters=True) from None


def _copy(cursor: Any, statement: str, *, lines: Iterator[str]) -> None:
    """PostgreSQL's way for many rows, which asks half as much of us as INSERT; the driver is handed whole lines."""
    with cursor.copy(statement) as copy:
        while some := list(islice(lines, _LINES)):
            copy.write("\n".join((*some, "")))


def _copied(value: Any) -> str:
    """A value as COPY reads it."""
    return "\\N" if value is None else str(value).translate(_ESCAPED)


def _bound(
    connection: Connection,
    column: Column[Any],
    usual: SQLModel,
    own: Mapping[str, Sequence[Any]],
    written: Binder | None = None,
) -> Iterable[Any]:
    """A column's values as the driver takes them, each then `written`; those that are equal are bound once."""
    bind = _binder(connection, column)
    binders = [each for each in (bind, written) if each]
    if column.name not in own:
        return repeat(_through(binders, getattr(usual, column.name)), len(next(iter(own.values()))))
    values = own[column.name]
    taken = bind is None or (isinstance(column.type, Uuid) and _are_texts(values))
    if taken and (written is None or (_are_texts(values) and _need_no_escape(values))):
        return values
    names: Sequence[Any] = values
    if isinstance(column.type, JSON):
        # 1 equals True, but is not the same answer. Rows that say the same often share what they say.
        names = list(map(id, values))
        if len(set(names)) > len(values) // 4:
            names = list(map(repr, values))
    known = dict(zip(names, values, strict=True))
    known = {name: _through(binders, value) for name, value in known.items()}
    return map(known.__getitem__, names)


def _through(binders: Iterable[Binder], value: Any) -> Any:
    for bind in binders:
        value = bind(value)
    return value


def _are_texts(values: Iterable[Any]) -> bool:
    return set(map(type, values)) == {str}


def _need_no_escape(texts: Iterable[str]) -> bool:
    """Whether `_copied` would leave them as they are."""
    together = "".join(texts)
    return not any(sign in together for sign in "\\\t\n\r")


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
