"""Finds people by several words in any order, in any script, each by its beginning (services/search_words.py)."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, cast, column, func, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.search import SearchScope, SearchText
from services import search_words

_FTS5 = table("search_words", column("rowid"))
# Fewer than this are looked up one by one; to find more, the database walks along a list in its order.
_FEW = 500


def matching_people(session: Session, cohort_id: UUID, words: str, *, scope: SearchScope) -> Any:
    """A select of the ids of those enrolments in the cohort to which all words lead; without a word, of none.

    The scope says which facts may lead to somebody, not who may see them: that is for the caller's own conditions.
    """
    return _matching(_dialect(session)).params(wanted=_wanted(session, words, scope), search_cohort_id=cohort_id)


def few_or_many(session: Session, cohort_id: UUID, words: str, *, scope: SearchScope) -> list[UUID] | Any:
    """The ids themselves while they are few, else the select of them. Asks once.

    Unless it is told, SQLite walks along the whole list of a cohort for somebody who is not there.
    """
    found = matching_people(session, cohort_id, words, scope=scope)
    few = session.exec(found.limit(_FEW + 1)).all()
    return list(few) if len(few) <= _FEW else found


def among_matching(session: Session, cohort_id: UUID, words: str, *, scope: SearchScope) -> Any:
    """An SQL condition on a query of Enrolment: all words lead there. Asks once, like `few_or_many`."""
    return col(Enrolment.id).in_(few_or_many(session, cohort_id, words, scope=scope))


def _wanted(session: Session, words: str, scope: SearchScope) -> str:
    """The question in the database's own language. Words are letters and digits only: nothing needs to be escaped."""
    asked = [scope.value[0] + word for word in search_words.asked_for(words)]
    if _dialect(session) == "sqlite":
        # Nothing begins with a word that no text can hold.
        return " ".join(f'"{word}"*' for word in asked) or '"-"'
    return " & ".join(f"'{word}':*" for word in asked)


@cache
def _matching(dialect: str) -> Any:
    found = select(SearchText.enrolment_id).where(SearchText.cohort_id == bindparam("search_cohort_id"))
    wanted: Any = bindparam("wanted")
    if dialect == "sqlite":
        rows = select(_FTS5.c.rowid).where(column("search_words", is_literal=True).op("MATCH")(wanted))
        return found.where(col(SearchText.id).in_(rows))
    kept = func.array_to_tsvector(func.string_to_array(SearchText.tokens, " "))
    # Apart from what asks for it: for the first few rows PostgreSQL would rather read the table than the index.
    apart = found.where(kept.op("@@")(cast(wanted, TSQUERY))).cte("matching_people").prefix_with("MATERIALIZED")
    return select(apart.c.enrolment_id)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
