"""Finds people by several words in any order, in any script, each by its beginning (services/search_words.py)."""

from typing import Any
from uuid import UUID

from sqlalchemy import cast, column, func, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col, select

from models.search import SearchScope, SearchText
from services import search_words

_FTS5 = table("search_words", column("rowid"))


def matching_people(session: Session, cohort_id: UUID, words: str, *, scope: SearchScope) -> Any:
    """A select of the ids of those enrolments in the cohort to which all words lead; without a word, of none.

    The scope says which facts may lead to somebody, not who may see them: that is for the caller's own conditions.
    """
    asked = search_words.asked_for(words)
    found = select(SearchText.enrolment_id).where(SearchText.cohort_id == cohort_id)
    if not asked:
        return found.where(col(SearchText.id).is_(None))
    initial = scope.value[0]
    if session.get_bind().dialect.name == "sqlite":
        wanted = " ".join(f'"{initial}{word}"*' for word in asked)
        rows = select(_FTS5.c.rowid).where(column("search_words", is_literal=True).op("MATCH")(wanted))
        return found.where(col(SearchText.id).in_(rows))
    wanted = " & ".join(f"'{initial}{word}':*" for word in asked)
    kept = func.array_to_tsvector(func.string_to_array(SearchText.tokens, " "))
    return found.where(kept.op("@@")(cast(wanted, TSQUERY)))
