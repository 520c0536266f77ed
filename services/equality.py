"""Optional equality answers of a person: theirs to give, change and withdraw, and nobody else's to read (A-SH3).

They lie in a table of their own, sealed with a key that is not in the database: a database that is copied tells
nothing, and no query joins them to anything. Those of others are opened by `services/equality_opening.py` alone, to
count them and to take a question out that is asked no longer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.equality import EqualityAnswers
from models.schemes import Cohort, Scheme
from services import access, audit, consents, secrets_at_rest
from services.access import Actor
from services.enrolment_form import own_open_enrolment
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import equality
from services.schemes.equality import EqualityQuestion
from services.units import writes

# Every sealed text is made of so many characters: its length must not say what somebody chose.
_LONG = 400


@dataclass(frozen=True)
class OwnAnswers:
    """What the scheme asks, and what its owner answered, by question: a code, or nothing where it is left blank."""

    questions: tuple[EqualityQuestion, ...]
    answers: Mapping[str, str]
    promise: tuple[str, ...]

    @property
    def has_answered(self) -> bool:
        return bool(self.answers)


def mine(session: Session, actor: Actor) -> OwnAnswers:
    """The actor's own, and only those. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    _, questions = _asked(session, enrolment)
    row = _row(session, enrolment.id)
    given = opened(row.words) if row is not None else {}
    asked = {question.key for question in questions}
    return OwnAnswers(questions, {key: code for key, code in given.items() if key in asked}, equality.promise())


@writes
def give(session: Session, actor: Actor, answers: Mapping[str, str | None]) -> None:
    """Keep these answers in place of the earlier ones; None is left blank. Raises NotAllowed, Invalid, Conflict.

    The press that keeps them agrees to the promise as it reads now.
    """
    enrolment = own_open_enrolment(session, actor)
    # Held, so that nobody takes a question away while it is answered.
    scheme, questions = _asked(session, enrolment, with_for_update={"read": True})
    chosen = _checked(questions, answers)
    fingerprint = consents.keep_words(session, "\n".join(equality.promise()), scheme.language)
    row = _row(session, enrolment.id) or EqualityAnswers(enrolment_id=enrolment.id, wording_sha256="", words="")
    row.words, row.wording_sha256, row.language = sealed(chosen), fingerprint, scheme.language
    session.add(row)
    # That somebody answered, never what: the journal is read by others, and cannot be changed.
    audit.record(session, actor, "equality.answered", enrolment.id, wording_sha256=fingerprint)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("You answered in another window a moment ago.", remedy="Reload the page to see it.") from clash


@writes
def withdraw(session: Session, actor: Actor) -> None:
    """Delete the actor's answers, whatever the state of the enrolment. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    if forget(session, enrolment.id):
        audit.record(session, actor, "equality.withdrawn", enrolment.id)
    session.commit()


def forget(session: Session, enrolment_id: UUID) -> bool:
    """Deletes somebody's answers, as when they leave; whether there were any. Never commits."""
    gone: Any = session.execute(delete(EqualityAnswers).where(col(EqualityAnswers.enrolment_id) == enrolment_id))
    return bool(gone.rowcount)


def is_answered() -> Any:
    """An SQL condition on a query of Enrolment: there are answers, whatever they are."""
    return exists().where(col(EqualityAnswers.enrolment_id) == col(Enrolment.id))


def sealed(answers: Mapping[str, str]) -> str:
    """What may be stored of them, equally long for everybody."""
    return secrets_at_rest.encrypted(json.dumps(dict(answers)).ljust(_LONG))


def opened(stored: str) -> dict[str, str]:
    """The answers again. Raises NotAllowed when this server does not have the key."""
    try:
        answers: dict[str, str] = json.loads(secrets_at_rest.decrypted(stored))
    except NotAllowed as unknown:
        raise NotAllowed(
            "This server no longer has the key that your answers were kept with.",
            remedy="Withdraw them and answer again, or ask whoever runs it to put the old key back.",
        ) from unknown
    return answers


def _checked(questions: tuple[EqualityQuestion, ...], answers: Mapping[str, str | None]) -> dict[str, str]:
    """Those that are not blank, in the order of the questions. Raises Invalid."""
    by_key = {question.key: question for question in questions}
    chosen = {key: code for key, code in answers.items() if code is not None}
    if any(key not in by_key or code not in by_key[key].answers for key, code in chosen.items()):
        raise Invalid("This scheme does not ask for that.", remedy="Reload the page to see its questions.")
    if not chosen:
        raise Invalid("There is no answer to keep.", remedy="Choose one, or leave this part as it is.")
    return {key: chosen[key] for key in by_key if key in chosen}


def _asked(session: Session, enrolment: Enrolment, **options: Any) -> tuple[Scheme, tuple[EqualityQuestion, ...]]:
    cohort = session.get_one(Cohort, enrolment.cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id, **options)
    keys: Any = scheme.other_settings.get(equality.SETTING, ())
    return scheme, equality.chosen(keys)


def _row(session: Session, enrolment_id: UUID) -> EqualityAnswers | None:
    return session.exec(select(EqualityAnswers).where(EqualityAnswers.enrolment_id == enrolment_id)).one_or_none()
