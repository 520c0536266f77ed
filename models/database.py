"""One engine a process, on SQLite or PostgreSQL, and the difference between looking and changing.

A screen only looks: its session reads from one snapshot and takes no lock. What changes something first asks
`begin_writing`, which on SQLite takes the write lock before it reads, so that nobody can slip in between.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Engine, Select, event
from sqlalchemy.engine import make_url
from sqlmodel import Session, create_engine
from sqlmodel.sql.expression import SelectOfScalar

READ_ONLY = {"readonly": True}
BUSY_SECONDS = 5


def normalised(url: str) -> str:
    """The address with the driver we ship: `postgres://` and `postgresql://` mean psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine with the settings that durability and correctness need (SECURITY.md W36, F1 to F5)."""
    url = normalised(url)
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url, pool_size=pool_size, max_overflow=10, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "handle_error", _say_no_values)
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, pool_size=pool_size)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(engine: Engine) -> Session:
    """A session for a screen: it reads one consistent snapshot, and writes only after `begin_writing`."""
    return Look(_looking(engine))


class Look(Session):
    """A screen's session, quicker in two ways that a session by itself is not.

    A row that it has got once, it keeps until the look is over, instead of asking for the same cohort again and again.
    And as long as it only looks, columns come straight from the connection: for rows that are no objects, what the
    ORM does around a statement costs more than the statement.
    """

    def exec(self, statement: Any, *, params: Any = None, **options: Any) -> Any:
        """As Session.exec."""
        found = None if options else self._directly(statement, params)
        if found is None:
            return super().exec(statement, params=params, **options)
        return found.scalars() if isinstance(statement, SelectOfScalar) else found

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As Session.execute."""
        found = None if options else self._directly(statement, params)
        return super().execute(statement, params, **options) if found is None else found

    def _directly(self, statement: Any, params: Any) -> Any:
        """The rows as the connection gives them, or None where the ORM has to make objects or look after changes."""
        if not _asks_for_columns(statement):
            return None
        connection = self.connection()
        return connection.execute(statement, params or {}) if _only_reads(connection) else None

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As Session.get."""
        found = super().get(entity, ident, **options)
        if found is not None:
            self.info.setdefault("kept", []).append(found)
        return found


def _asks_for_columns(statement: Any) -> bool:
    """Of a select: whether no whole row is among what it asks for."""
    if isinstance(statement, CompoundSelect):
        return all(map(_asks_for_columns, statement.selects))
    # What SQLAlchemy says of it in public, `column_descriptions`, takes as long as the query.
    wanted = statement._raw_columns if isinstance(statement, Select) else ()
    return bool(wanted) and all(isinstance(each, ColumnElement) for each in wanted)


@lru_cache(maxsize=8)
def _looking(engine: Engine) -> Engine:
    """The same engine with the option, made once: every look at every screen asks for it."""
    return engine.execution_options(**READ_ONLY)


def begin_writing(session: Session) -> bool:
    """Turn a reading session into one that holds the right to write; True when a new unit of work was begun."""
    if session.in_transaction():
        if not _only_reads(session.connection()):
            return False
        # What was read until now may be old: the unit of work reads again, under its own lock.
        session.rollback()
    session.connection(execution_options={"readonly": False})
    return True


def begin_looking(session: Session) -> None:
    """Ask for no lock until `begin_writing`; within an open unit of work there is nothing to do."""
    if not session.in_transaction():
        session.connection(execution_options=READ_ONLY)


def look_anew(session: Session) -> None:
    """Let a screen's session see the present once more, instead of the moment at which its look began."""
    if session.in_transaction() and _only_reads(session.connection()):
        session.rollback()


def _only_reads(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("readonly"))


def _say_no_values(context: Any) -> None:
    """Keep an error's first line, which names the rule: those after it quote the row, and errors go to the log."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # Figures are single statements of many parts: to compile one takes several times as long as to answer it.
    connection.execute("SET jit = off")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # our BEGIN, not the driver's
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    if _only_reads(connection):
        # Asks for no lock, so it cannot fail: it needs nothing of what SQLAlchemy does around a statement.
        connection.connection.driver_connection.execute("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
