"""Keeps the words that lead to people equal to what the people say, in the transaction that changes it.

It listens to every session, because whoever writes the next way to change a name would forget to call it; what is
written or deleted in bulk is heard as well. A search never decides who may see whom: the words of somebody who
withdrew stay until their enrolment goes, and the query that uses them asks for everything else.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, event, func, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, col, select

from models import bulk
from models.enrolments import Enrolment, Side
from models.people import Person
from models.search import SearchScope, SearchText
from services import search_words
from services.schemes.sectors import words_for

# As `_FACTS` has them: enrolment, cohort, side, full name, name to be called by, email, role, sector, summary.
Facts = tuple[UUID | str, UUID, Side, str, str | None, str, str | None, str | None, str | None]

_CHUNK = 500
# By themselves, because a look into the class takes longer than all else that is done with them.
_QUEUE, _DIRECTORY, _MENTOR = SearchScope.QUEUE, SearchScope.DIRECTORY, Side.MENTOR
_INITIALS = {scope: scope.value[0] for scope in SearchScope}
_OF_PERSON = frozenset({"full_name", "called", "email"})
_OF_ENROLMENT = frozenset({"role_title", "sector", "summary"})
_TEXT: Any = SearchText.__table__  # type: ignore[attr-defined]
_FACTS: Any = (
    select(  # type: ignore[call-overload]
        Enrolment.id,
        Enrolment.cohort_id,
        Enrolment.side,
        Person.full_name,
        Person.called,
        Person.email,
        Enrolment.role_title,
        Enrolment.sector,
        Enrolment.summary,
    )
    .join(Person, col(Person.id) == Enrolment.person_id)
    .order_by(col(Enrolment.id))
)
_KEPT = select(SearchText.id, SearchText.enrolment_id, SearchText.scope, SearchText.tokens)
# FTS5 has to be told what it knew of a row, word by word.
_FTS5_OUT = text("INSERT INTO search_words(search_words, rowid, tokens) VALUES ('delete', :id, :tokens)")
_FTS5_IN = text("INSERT INTO search_words(rowid, tokens) VALUES (:id, :tokens)")
_FTS5_NEW = text("INSERT INTO search_words(rowid, tokens) SELECT id, tokens FROM search_text WHERE id > :last")
_FTS5_ANEW = text("INSERT INTO search_words(search_words) VALUES ('rebuild')")


def refresh(connection: Connection, enrolment_ids: Iterable[UUID]) -> None:
    """Write the words of these enrolments anew; never commits."""
    ids = sorted(set(enrolment_ids))
    for start in range(0, len(ids), _CHUNK):
        _refresh(connection, ids[start : start + _CHUNK])


def add(connection: Connection, facts: Iterable[Facts]) -> None:
    """Write the words of enrolments that have none yet, from what is said about them here; never commits."""
    words = _Words()
    rows = [row for each in facts for row in _rows(words, *each)]
    usual = SearchText(enrolment_id=uuid4(), cohort_id=uuid4(), scope=SearchScope.QUEUE, tokens="")
    last = connection.execute(select(func.max(SearchText.id))).scalar() or 0 if _is_sqlite(connection) else 0
    bulk.insert(connection, usual, dict(zip(_Row._fields, zip(*rows, strict=True), strict=False)))
    if _is_sqlite(connection):
        connection.execute(_FTS5_NEW, {"last": last})


def fill(connection: Connection) -> int:
    """Write the words of every enrolment that has none yet; how many those were. Never commits."""
    known = select(SearchText.enrolment_id).where(SearchText.scope == SearchScope.QUEUE)
    missing = connection.execute(select(Enrolment.id).where(col(Enrolment.id).not_in(known))).scalars().all()
    refresh(connection, missing)
    return len(missing)


def rebuild(connection: Connection) -> int:
    """Write the words of every enrolment anew; how many there are. Never commits."""
    everybody = connection.execute(select(Enrolment.id)).scalars().all()
    refresh(connection, everybody)
    if _is_sqlite(connection):
        connection.execute(_FTS5_ANEW)
    return len(everybody)


def _refresh(connection: Connection, ids: list[UUID]) -> None:
    mine = _KEPT.where(col(SearchText.enrolment_id).in_(ids))
    # Of two who change one person at once, the second reads what the first has left, and not what was before.
    before = {(row.enrolment_id, row.scope): row for row in connection.execute(mine.with_for_update())}
    facts, words = connection.execute(_FACTS.where(col(Enrolment.id).in_(ids))), _Words()
    now = {(row.enrolment_id, row.scope): row for each in facts for row in _rows(words, *each)}
    changed = {key for key, row in now.items() if key not in before or before[key].tokens != row.tokens}
    if not changed:
        return
    if _is_sqlite(connection):
        _forget(connection, [before[key] for key in changed & before.keys()])
    connection.execute(_upsert(connection), [now[key]._asdict() for key in now if key in changed])
    if _is_sqlite(connection):
        anew = [row for row in connection.execute(mine) if (row.enrolment_id, row.scope) in changed]
        connection.execute(_FTS5_IN, [{"id": row.id, "tokens": row.tokens} for row in anew])


class _Row(NamedTuple):
    """A row of `search_text` without its number."""

    enrolment_id: UUID | str
    cohort_id: UUID
    scope: SearchScope
    tokens: str


class _Words(dict[str | None, frozenset[str]]):
    """What leads to a text, found once for all rows that say it."""

    def __init__(self) -> None:
        super().__init__({None: frozenset()})
        self._of_sectors: dict[str | None, frozenset[str]] = {}

    def __missing__(self, text: str) -> frozenset[str]:
        found = self[text] = frozenset(search_words.leading_to(text))
        return found

    def of_sector(self, code: str | None) -> frozenset[str]:
        """What leads to a sector by any of its names."""
        if code not in self._of_sectors:
            self._of_sectors[code] = frozenset().union(*map(self.__getitem__, words_for(code)))
        return self._of_sectors[code]


def _rows(
    words: _Words,
    enrolment_id: UUID | str,
    cohort_id: UUID,
    side: Side,
    full_name: str,
    called: str | None,
    email: str,
    role_title: str | None,
    sector: str | None,
    summary: str | None,
) -> Iterator[_Row]:
    """A row for the queue, and for a mentor one for the directory: the four facts that it shows, and none besides."""
    named = words[full_name]
    yield _Row(enrolment_id, cohort_id, _QUEUE, _tokens(_QUEUE, named, words[called], words[email]))
    if side is _MENTOR:
        shown = (named, words[role_title], words.of_sector(sector), words[summary])
        yield _Row(enrolment_id, cohort_id, _DIRECTORY, _tokens(_DIRECTORY, *shown))


def _tokens(scope: SearchScope, *shown: frozenset[str]) -> str:
    """The scope's initial before each word lets one index answer for both without reading the other's rows."""
    leading = sorted(frozenset[str]().union(*shown))
    initial = _INITIALS[scope]
    return initial + f" {initial}".join(leading) if leading else ""


def _upsert(connection: Connection) -> Any:
    insert = sqlite.insert if _is_sqlite(connection) else postgresql.insert
    statement: Any = insert(SearchText)
    return statement.on_conflict_do_update(
        index_elements=["enrolment_id", "scope"], set_={"tokens": statement.excluded.tokens}
    )


def _forget(connection: Connection, rows: Collection[Any]) -> None:
    """Takes rows of `search_text` out of SQLite's FTS5, before they change or go."""
    if rows:
        connection.execute(_FTS5_OUT, [{"id": row.id, "tokens": row.tokens} for row in rows])


def _remove(connection: Connection, which: Any) -> None:
    """Deletes rows of `search_text` with all that leads to them. PostgreSQL needs no help when an enrolment goes."""
    if _is_sqlite(connection):
        _forget(connection, connection.execute(_KEPT.where(which)).all())
        connection.execute(_TEXT.delete().where(which))


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _enrolments_of(connection: Connection, person_ids: Collection[UUID]) -> list[UUID]:
    if not person_ids:
        return []
    of_people = select(Enrolment.id).where(col(Enrolment.person_id).in_(person_ids))
    return list(connection.execute(of_people).scalars())


@event.listens_for(Session, "before_flush")
def _hear_farewells(session: Session, _context: Any, _instances: Any) -> None:
    gone = [row.id for row in session.deleted if isinstance(row, Enrolment)]
    if gone:
        _remove(session.connection(), col(SearchText.enrolment_id).in_(gone))


@event.listens_for(Session, "after_flush")
def _hear_rows(session: Session, _context: Any) -> None:
    changed = {row.id for row in session.new if isinstance(row, Enrolment)}
    renamed = set()
    for row in session.dirty:
        if isinstance(row, Enrolment) and _differs(row, _OF_ENROLMENT):
            changed.add(row.id)
        elif isinstance(row, Person) and _differs(row, _OF_PERSON):
            renamed.add(row.id)
    if changed or renamed:
        connection = session.connection()
        refresh(connection, changed.union(_enrolments_of(connection, renamed)))


@event.listens_for(Session, "do_orm_execute")
def _hear_statements(state: ORMExecuteState) -> Any:
    """Many rows at once, without their objects."""
    if state.is_select:
        return None
    # By name: the statement may carry an annotated copy of the table.
    table = getattr(getattr(state.statement, "table", None), "name", None)
    if table not in {"enrolment", "person", "search_text"}:
        return None
    connection = state.session.connection()
    if state.is_delete:
        _hear_deletes(connection, table, state.statement)
        return None
    if table == "search_text" or (table == "person" and state.is_insert):
        return None  # nobody is enrolled yet
    ids = _named(connection, state)
    result = state.invoke_statement()
    if ids is None:
        fill(connection)
    else:
        refresh(connection, ids if table == "enrolment" else _enrolments_of(connection, ids))
    return result


def _hear_deletes(connection: Connection, table: str, statement: Any) -> None:
    if table == "search_text":
        _remove(connection, _TEXT.c.id.in_(_chosen(statement)))
    elif table == "enrolment":
        _remove(connection, _TEXT.c.enrolment_id.in_(_chosen(statement)))


def _named(connection: Connection, state: ORMExecuteState) -> list[UUID] | None:
    """Ids of the rows that a statement is about; None for inserts that let a default choose them."""
    given: Any = state.parameters
    rows: list[dict[str, Any]] = given if isinstance(given, list) else [given] if given else []
    if rows and all("id" in row for row in rows):
        return [row["id"] for row in rows]
    return None if state.is_insert else list(connection.execute(_chosen(state.statement)).scalars())


def _chosen(statement: Any) -> Any:
    """The ids of the rows that an update or a delete is about."""
    chosen: Any = select(statement.table.c.id)
    return chosen if statement.whereclause is None else chosen.where(statement.whereclause)


def _differs(row: Any, names: Collection[str]) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names)
