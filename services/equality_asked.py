"""Which equality questions a scheme asks, as its coordinators decide. What goes with a question is deleted with it.

No coordinator learns whether anybody answered, let alone what: nothing here counts, and the journal names questions.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.equality import EqualityAnswers
from models.schemes import Cohort, Scheme
from services import access, audit, equality, equality_opening, parity
from services.access import Actor
from services.equality_opening import Opened
from services.errors import Conflict, Invalid
from services.schemes import equality as questions
from services.schemes import templates
from services.schemes.equality import EqualityQuestion
from services.units import writes


@dataclass(frozen=True)
class Asked:
    """What the scheme asks now (by key), what it may ask, and what its template rules out."""

    now: tuple[str, ...]
    offered: tuple[EqualityQuestion, ...]
    never: tuple[EqualityQuestion, ...]


def of_scheme(session: Session, actor: Actor, scheme_id: UUID) -> Asked:
    """For whoever runs the scheme. Raises NotAllowed."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    now, never = _now(scheme), _never(scheme)
    offered = tuple(each for each in questions.questions() if each.key in now or each.key not in never)
    return Asked(now, offered, tuple(each for each in questions.chosen(never) if each not in offered))


def keep(session: Session, actor: Actor, scheme_id: UUID, keys: Collection[str], *, seen: Collection[str]) -> None:
    """From now on ask these, of a scheme that was seen to ask `seen`; answers to others are deleted at once.

    An answer that no key of this server opens goes whole as soon as any question goes: no part can be taken out of it.
    Raises NotAllowed, Invalid, and Conflict when a colleague has changed the questions meanwhile.
    """
    access.scheme_to_coordinate(session, actor, scheme_id)
    gone = set(seen) - set(keys)
    known: Opened = {}
    if gone and keys:
        known = equality_opening.beforehand(session, _sealed(), {"scheme": scheme_id})
    # Sealed anew before anything is locked, as they were opened: it takes as long.
    shortened = {sealed: _only(keys, said) for sealed, said in known.items()}
    _keep(session, actor, scheme_id, frozenset(keys), frozenset(seen), shortened)


@writes
def _keep(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    keys: frozenset[str],
    seen: frozenset[str],
    shortened: Mapping[str, str | None],
) -> None:
    access.scheme_to_coordinate(session, actor, scheme_id)
    # Held, so that nobody answers a question while it goes.
    scheme = session.get_one(Scheme, scheme_id, with_for_update=True, populate_existing=True)
    before = _now(scheme)
    if set(before) != seen:
        raise Conflict("A colleague changed these questions a moment ago.", remedy="Reload the page to see how.")
    if keys - seen - ({question.key for question in questions.questions()} - _never(scheme)):
        raise Invalid("This scheme cannot ask that.", remedy="Reload the page to see its questions.")
    if keys == seen:
        session.commit()
        return
    gone = seen - keys
    asked = [question.key for question in questions.chosen(keys)]
    # A new dictionary: a change inside the old one would go unnoticed.
    scheme.other_settings = {**scheme.other_settings, questions.SETTING: asked}
    if gone:
        _take_out(session, scheme_id, keys, shortened)
        parity.forget(session, scheme_id, gone)
    details = {"asked": asked, "no_longer": sorted(gone)}
    audit.record(session, actor, "scheme.equality_questions_set", scheme.id, scheme_id=scheme.id, **details)
    session.commit()


def _take_out(session: Session, scheme_id: UUID, keys: Collection[str], shortened: Mapping[str, str | None]) -> None:
    """Everybody's answers but those to these questions; of whoever answered nothing else, the row."""
    if not keys:
        theirs = select(Enrolment.id).join(Cohort).where(Cohort.scheme_id == scheme_id)
        session.execute(delete(EqualityAnswers).where(col(EqualityAnswers.enrolment_id).in_(theirs)))
        return
    kept, emptied = [], []
    for row_id, sealed in session.execute(_rows_of(), {"scheme": scheme_id}):
        is_known = sealed in shortened
        shorter = shortened[sealed] if is_known else _only(keys, equality_opening.said(sealed))
        if shorter is None:
            emptied.append({"row": row_id})
        else:
            # Everybody's, also where nothing was taken out: whose row has changed must tell nothing.
            kept.append({"row": row_id, "sealed": shorter})
    row: Any = col(EqualityAnswers.id) == bindparam("row")
    connection = session.connection()
    if kept:
        connection.execute(update(EqualityAnswers).where(row).values(words=bindparam("sealed")), kept)
    if emptied:
        connection.execute(delete(EqualityAnswers).where(row), emptied)


def _only(keys: Collection[str], said: Mapping[str, str] | None) -> str | None:
    """The answers to these, sealed; None where there is none, or where they cannot be opened."""
    left = {key: code for key, code in (said or {}).items() if key in keys}
    return equality.sealed(left) if left else None


def _now(scheme: Scheme) -> tuple[str, ...]:
    asked: Any = scheme.other_settings.get(questions.SETTING, ())
    return tuple(question.key for question in questions.chosen(asked))


def _never(scheme: Scheme) -> frozenset[str]:
    """What its template rules out; a scheme of no template may ask everything."""
    is_known = scheme.key in templates.keys()  # noqa: SIM118 - a function, not a dict
    return frozenset(templates.load(scheme.key).equality_never) if is_known else frozenset()


@cache
def _rows_of() -> Any:
    """Every sealed answer in the scheme, with its row."""
    return (
        select(EqualityAnswers.id, EqualityAnswers.words)
        .join(Enrolment, col(Enrolment.id) == col(EqualityAnswers.enrolment_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(Cohort.scheme_id == bindparam("scheme"))
    )


@cache
def _sealed() -> Any:
    return _rows_of().with_only_columns(EqualityAnswers.words)
