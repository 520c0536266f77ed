"""What the two kinds of choice about single answers have in common: one row for each agreement, kept as a consent is.

In the directory (services/listing_choices.py) and with a match (services/match_sharing.py) somebody lets one answer be
read, question by question, in the words of that day.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import String, bindparam, cast, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, ConsentText, DirectoryChoice, Enrolment, SharedAnswer
from models.people import Person
from services import consents
from services.consents import Agreed
from services.enrolment_form import OF_ENROLMENT, OF_PERSON
from services.errors import Conflict

# A kind of choice is its table.
Kind: TypeAlias = type[DirectoryChoice] | type[SharedAnswer]
# Kept as plain text or a number; every other answer is kept as JSON.
_AS_TEXT = (OF_PERSON | OF_ENROLMENT) - {"languages", "channels"}


@dataclass(frozen=True)
class Choice:
    """One switch: what it says, who sees the answer, what the answer is now ('' for none), whether it is on."""

    key: str
    label: str
    answer: str
    is_on: bool
    help: str
    audience: str

    @property
    def words(self) -> str:
        """What the person reads at the switch."""
        return "\n".join((self.label, self.help, self.audience))


def switched_on(session: Session, kind: Kind, enrolment_id: UUID) -> frozenset[str]:
    """The questions whose answers somebody lets be read at this moment."""
    return frozenset(session.exec(_open_keys(kind), params={"enrolment_id": enrolment_id}))


def add(session: Session, kind: Kind, enrolment_id: UUID, key: str, words: str, language: str) -> str | None:
    """Adds the agreement to these words and answers their fingerprint, None where it stands already; never commits."""
    fingerprint = consents.keep_words(session, words, language)
    if key in switched_on(session, kind, enrolment_id):
        return None
    session.add(kind(enrolment_id=enrolment_id, field_key=key, wording_sha256=fingerprint, language=language))
    return fingerprint


def commit(session: Session) -> None:
    """Commits what was added. Raises Conflict where another tab was sooner: the partial unique index keeps one."""
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("This was switched on a moment ago.", remedy="Reload the page to see it.") from clash


def withdraw(session: Session, kind: Kind, *which: Any) -> bool:
    """Takes back what these conditions name; whether there was anything. Never commits."""
    taken = update(kind).where(col(kind.withdrawn_at).is_(None), *which)
    done: Any = session.execute(taken.values(withdrawn_at=utc_now()))
    return bool(done.rowcount)


def of_question(kind: Kind, enrolment_id: UUID, key: str) -> tuple[Any, Any]:
    """Conditions for one answer of one person."""
    return col(kind.enrolment_id) == enrolment_id, col(kind.field_key) == key


def history(
    session: Session, kind: Kind, enrolment_id: UUID, purpose: ConsentPurpose | None, today: Mapping[str, str]
) -> tuple[Agreed, ...]:
    """All that somebody ever let be read, newest first. `today`: what the switches say now, by question."""
    rows = session.exec(_ever(kind), params={"enrolment_id": enrolment_id})
    return tuple(
        Agreed(
            purpose=purpose,
            label=text.splitlines()[0],
            text=text,
            language=choice.language,
            given_at=choice.created_at,
            withdrawn_at=choice.withdrawn_at,
            is_worded_so=today.get(choice.field_key) == text,
        )
        for choice, text in rows
    )


def kept(key: str) -> Any:
    """SQL: the answer to a question as text, of a query with Enrolment and Person; `read` undoes it."""
    if key in OF_PERSON:
        return cast(getattr(Person, key), String)
    if key in OF_ENROLMENT:
        return cast(getattr(Enrolment, key), String)
    return cast(col(Enrolment.answers)[key], String)


def read(key: str, text: str | None) -> Any:
    """The answer itself."""
    return text if text is None or key in _AS_TEXT else json.loads(text)


def in_order(labelled: Iterable[tuple[str, str]], said: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(label, answer) of whatever was answered; `labelled` is (key, label) in the order of the form."""
    return tuple((label, said[key]) for key, label in labelled if said.get(key))


def forget(session: Session, kinds: Collection[Kind], enrolment_id: UUID) -> None:
    """Takes everything of these kinds back, as somebody leaves; never commits."""
    for kind in kinds:
        withdraw(session, kind, col(kind.enrolment_id) == enrolment_id)


@cache
def _open_keys(kind: Kind) -> Any:
    mine = col(kind.enrolment_id) == bindparam("enrolment_id")
    return select(kind.field_key).where(mine, col(kind.withdrawn_at).is_(None))


@cache
def _ever(kind: Kind) -> Any:
    worded = (col(ConsentText.sha256) == col(kind.wording_sha256)) & (col(ConsentText.language) == col(kind.language))
    return (
        select(kind, ConsentText.text)
        .join(ConsentText, worded)
        .where(col(kind.enrolment_id) == bindparam("enrolment_id"))
        .order_by(col(kind.created_at).desc(), col(kind.id))
    )
