"""Keeps the words that lead to people equal to what the people say, in the transaction that changes it.

It listens to every session, because whoever writes the next way to change a name would forget to call it; what is
written or deleted in bulk is heard as well. A search never decides who may see whom: the words of somebody who
withdrew stay until their enrolment goes, and the query that uses them asks for everything else.
"""

from collections.abc import Collection, Iterable, Sequence
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

_CHUNK = 500
# By themselves, because a look into the class takes longer than all else that is done with them.
_QUEUE, _DIRECTORY, _MENTOR = SearchScope.QUEUE, SearchScope.DIRECTORY, Side.MENTOR
# So that one index answers for both scopes without reading the other's rows.
_QUEUE_INITIAL, _DIRECTORY_INITIAL = _QUEUE.value[0], _DIRECTORY.value[0]
_NO_WORDS: frozenset[str] = frozenset()
_OF_PERSON = frozenset({"full_name", "called", "email"})
_OF_ENROLMENT = frozenset({"role_title", "sector", "summary"})
_TEXT: Any = SearchText.__table__  # type: ignore[attr-defined]
_FACTS: Any = (
    select(  # type: ignore[call-overload]
        Enrolment.id,
        Enrolment.side,
        Person.full_name,
        Person.called,
        Person.email,
        Enrolment.role_title,
        Enrolment.sector,
        Enrolment.summary,
        Enrolment.cohort_id,
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


class Said(NamedTuple):
    """What new enrolments of one cohort say that leads to them: a column each, a value for each enrolment."""

    enrolment_id: Sequence[UUID | str]
    side: Sequence[Side]
    full_name: Sequence[str]
    called: Sequence[str | None]
    email: Sequence[str]
    role_title: Sequence[str | None]
    sector: Sequence[str | None]
    summary: Sequence[str | None]


def add(connection: Connection, cohort_id: UUID, said: Said) -> None:
    """Write the words of enrolments that have none yet; never commits."""
    words = _Words()
    words.learn(said.full_name, said.called, said.email, said.role_title, said.summary)
    rows = [row for each in zip(*said, strict=True) for row in _rows(words, each)]
    ids, scopes, tokens = zip(*rows, strict=True) if rows else ((), (), ())
    usual = SearchText(enrolment_id=uuid4(), cohort_id=cohort_id, scope=_QUEUE, tokens="")
    last = connection.execute(select(func.max(SearchText.id))).scalar() or 0 if _is_sqlite(connection) else 0
    bulk.insert(connection, usual, {"enrolment_id": ids, "scope": scopes, "tokens": tokens})
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
    now = {
        (enrolment_id, scope): {"cohort_id": cohort_id, "tokens": tokens}
        for *said, cohort_id in facts
        for enrolment_id, scope, tokens in _rows(words, said)
    }
    changed = {key for key, row in now.items() if key not in before or before[key].tokens != row["tokens"]}
    if not changed:
        return
    if _is_sqlite(connection):
        _forget(connection, [before[key] for key in changed & before.keys()])
    rows = [{"enrolment_id": key[0], "scope": key[1], **row} for key, row in now.items() if key in changed]
    connection.execute(_upsert(connection), rows)
    if _is_sqlite(connection):
        anew = [row for row in connection.execute(mine) if (row.enrolment_id, row.scope) in changed]
        connection.execute(_FTS5_IN, [{"id": row.id, "tokens": row.tokens} for row in anew])


class _Words(dict[str | None, frozenset[str]]):
    """What leads to a text, found once for all rows that say it."""

    def __init__(self) -> None:
        super().__init__({None: _NO_WORDS})
        self._of_sectors: dict[str | None, frozenset[str]] = {}

    def learn(self, *columns: Iterable[str | None]) -> None:
        """Find what leads to these texts, all at once."""
        self.update(search_words.leading_to_each({text for column in columns for text in set(column) if text}))

    def __missing__(self, text: str) -> frozenset[str]:
        found = self[text] = frozenset(search_words.leading_to(text))
        return found

    def of_sector(self, code: str | None) -> frozenset[str]:
        """What leads to a sector by any of its names."""
        if code not in self._of_sectors:
            self._of_sectors[code] = frozenset().union(*map(self.__getitem__, words_for(code)))
        return self._of_sectors[code]


def _rows(words: _Words, said: Sequence[Any]) -> list[tuple[Any, SearchScope, str]]:
    """A row for the queue, and for a mentor one for the directory: the four facts that it shows, and none besides.

    Of what `Said` has of one enrolment; a row is the enrolment, the scope and its words.
    """
    enrolment_id, side, full_name, called, email, role_title, sector, summary = said
    named = words[full_name]
    row = (enrolment_id, _QUEUE, _tokens(_QUEUE_INITIAL, named, words[called], words[email]))
    if side is not _MENTOR:
        return [row]
    # The most words first: they are copied as they lie.
    shown = _tokens(_DIRECTORY_INITIAL, words[summary], words.of_sector(sector), words[role_title], named)
    return [row, (enrolment_id, _DIRECTORY, shown)]


def _tokens(initial: str, first: frozenset[str], *others: frozenset[str]) -> str:
    """The words in one text, each behind the scope's initial."""
    leading = sorted(first.union(*others))
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
