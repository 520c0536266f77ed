"""What the two of a pair read of one another's forms while it is open, and what only by each person's own switch.

A scheme's form says by question and side what a match sees (`FormField.for_match`): some answers as soon as there is a
match, which the sentence under the question says; others only once their owner shares them, one switch each, off until
moved. Nothing leaves the database before a yes, after the end, or without the choice. Whoever leaves the scheme, or
whose question is no longer shared, has taken it back with that: it never comes on again by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, exists
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, SharedAnswer, Side
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort, FormField, Scheme
from services import access, answer_choices, audit, cleaning, enrolment_form, form_answers, form_editing, form_kinds
from services.access import Actor
from services.answer_choices import Choice
from services.answer_history import NOT_FOR_COORDINATORS
from services.consents import Agreed
from services.enrolment_form import ALWAYS, CHOICE, SEEN_ANYWAY, Question
from services.errors import Invalid, NotAllowed
from services.schemes import wording
from services.schemes.shapes import NEVER_MATCHED
from services.units import writes

LONGEST = 200
HELP = "Stands on their screen while you are matched, and goes with the match. Off until you switch it on."
WHO = {Side.MENTOR: "mentee", Side.MENTEE: "mentor"}
AUDIENCES = {
    Side.MENTOR: "Each mentee you are matched with, while you are. The coordinator reads it anyway.",
    Side.MENTEE: "Your mentor, while you are matched. The coordinator reads it anyway.",
}
_NEVER = NOT_FOR_COORDINATORS | {"full_name", "sort_name", "summary", "goals"}


@dataclass(frozen=True)
class Fact:
    """One answer of the other half, in words. `by_choice`: they switched it on for this."""

    key: str
    label: str
    answer: str
    kind: str
    by_choice: bool


def may_be_shared(key: str, kind: str) -> bool:
    """Whether the answer to such a question could be shown to a match by its own rule at all."""
    return kind not in NEVER_MATCHED and key not in _NEVER


def of_other(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Fact, ...]:
    """What the actor may read of the other half's form, in its order; nothing of a pair that is not open or not theirs.

    Only what was answered. What every introduction says anyway is left out. Two queries. Raises NotAllowed.
    """
    side = actor.side
    if side is None:
        raise NotAllowed("This is for the two of a pair.", remedy="Choose your place as mentor or mentee in the menu.")
    theirs = Side.MENTEE if side is Side.MENTOR else Side.MENTOR
    pair = {"pairing_id": pairing_id, "enrolment_id": actor.place.enrolment_id, "person_id": actor.person_id}
    fields = [field for field in session.exec(_fields_of_pair(side), params=pair) if _rule(field, theirs)]
    if not fields:
        return ()
    asked = tuple(sorted((field.key, _rule(field, theirs)) for field in fields))
    row = session.exec(_answers(side, asked), params=pair).one_or_none()
    said = {} if row is None else dict(zip((key for key, _ in asked), row, strict=True))
    facts = (_fact(field, theirs, said.get(field.key)) for field in fields)
    return tuple(fact for fact in facts if fact.answer)


def mine(session: Session, actor: Actor, asked: Iterable[Question]) -> tuple[Choice, ...]:
    """The switches for these questions of one's own form, where sharing is a choice. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    shareable = [question for question in asked if question.for_match == CHOICE]
    if not shareable:
        return ()
    on = answer_choices.switched_on(session, SharedAnswer, enrolment.id)
    return tuple(
        _choice(question.key, question.label, enrolment.side, is_on=question.key in on, answer=question.shown)
        for question in shareable
    )


@writes
def share(session: Session, actor: Actor, key: str) -> None:
    """Let one's match read the answer to one question. Raises NotAllowed, Invalid, Conflict."""
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    fields = {field.key: field for field in session.exec(_own_fields(), params={"enrolment_id": enrolment.id})}
    if key not in fields or _rule(fields[key], enrolment.side) != CHOICE:
        raise Invalid("This scheme does not share that.", remedy="Reload the page to see its questions.")
    field = fields[key]
    words = _choice(key, wording.label(field, enrolment.side), enrolment.side).words
    fingerprint = answer_choices.add(session, SharedAnswer, enrolment.id, key, words, field.language)
    if fingerprint is not None:
        audit.record(session, actor, "answer.shared", enrolment.id, question=key, wording_sha256=fingerprint)
    answer_choices.commit(session)


@writes
def keep_back(session: Session, actor: Actor, key: str) -> None:
    """Share it no longer, whatever the state of the enrolment; gone at the other's next look. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    which = answer_choices.of_question(SharedAnswer, enrolment.id, key)
    if answer_choices.withdraw(session, SharedAnswer, *which):
        audit.record(session, actor, "answer.kept_back", enrolment.id, question=key)
    session.commit()


def forget(session: Session, enrolment_id: UUID) -> None:
    """Takes back all that somebody shares, as they leave; never commits."""
    answer_choices.forget(session, (SharedAnswer,), enrolment_id)


def history(session: Session, actor: Actor) -> tuple[Agreed, ...]:
    """All that the person ever shared with a match, newest first, also what they took back. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    fields = session.exec(_own_fields(), params={"enrolment_id": enrolment.id})
    today = {
        field.key: _choice(field.key, wording.label(field, enrolment.side), enrolment.side).words
        for field in fields
        if _rule(field, enrolment.side) == CHOICE
    }
    return answer_choices.history(session, SharedAnswer, enrolment.id, None, today)


@writes
def set_rules(
    session: Session,
    actor: Actor,
    field_id: UUID,
    *,
    version: int,
    rules: Mapping[Side, str],
    labels: Mapping[Side, str],
) -> None:
    """What the match sees of each side's answers to a question: ALWAYS, CHOICE or '' for never, and under which words.

    Answers that are there were given to a narrower circle: ALWAYS is for a question that nobody has answered. What is
    no longer a choice is taken back for everybody. Raises NotAllowed, Invalid, Conflict when it was changed meanwhile.
    """
    field = form_editing.field_to_edit(session, actor, field_id, version)
    before = dict(field.for_match or {})
    after: dict[str, str] = {side.value: rule for side, rule in rules.items() if rule and side.value in field.roles}
    if after and not may_be_shared(field.key, field.kind):
        raise Invalid("This answer is never shown to a match that way.", remedy="Choose another question.")
    if not set(after.values()) <= {ALWAYS, CHOICE}:
        raise Invalid("There is no such choice.", remedy="Reload the page.")
    if _widens(before, after) and form_answers.answered(session, actor, field_id):
        raise Invalid(
            "People have answered this, and read then who sees it.",
            remedy="Let each person choose whether to share it.",
        )
    _put_labels(field, labels)
    field.for_match = after or None
    for side in {side for side, rule in before.items() if rule == CHOICE and after.get(side) != CHOICE}:
        _take_back_all(session, field, Side(side))
    if before != after:
        details = {f"for_{side}": rule for side, rule in after.items()}
        what = "form.question_shown_to_match"
        audit.record(session, actor, what, field.id, scheme_id=field.scheme_id, key=field.key, **details)
    session.commit()


def _widens(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    return any(rule == ALWAYS and before.get(side) != ALWAYS for side, rule in after.items())


def _put_labels(field: FormField, labels: Mapping[Side, str]) -> None:
    typed = {
        f"match:{side.value}": cleaning.text(words, field="The words", longest=LONGEST, lines=False)
        for side, words in labels.items()
    }
    field.labels = {key: words for key, words in (field.labels | typed).items() if words}


def _take_back_all(session: Session, field: FormField, side: Side) -> None:
    of_side = (Cohort.scheme_id == field.scheme_id, Enrolment.side == side)
    theirs = select(Enrolment.id).join(Cohort, col(Cohort.id) == Enrolment.cohort_id).where(*of_side)
    which = (col(SharedAnswer.field_key) == field.key, col(SharedAnswer.enrolment_id).in_(theirs))
    answer_choices.withdraw(session, SharedAnswer, *which)


def _choice(key: str, label: str, side: Side, *, is_on: bool = False, answer: str = "") -> Choice:
    return Choice(key, f"Share with my {WHO[side]}: {label}", answer, is_on, HELP, AUDIENCES[side])


def _rule(field: Any, side: Side) -> str:
    """Whether the match of somebody on that side sees their answer: ALWAYS, CHOICE or ''."""
    if side.value not in field.roles or field.key in SEEN_ANYWAY[side] or not may_be_shared(field.key, field.kind):
        return ""
    return str((field.for_match or {}).get(side.value, ""))


def _fact(field: Any, side: Side, text: str | None) -> Fact:
    answer = form_kinds.in_words(field, answer_choices.read(field.key, text))
    return Fact(field.key, wording.match_label(field, side), answer, field.kind, _rule(field, side) == CHOICE)


_COLUMNS: tuple[Any, ...] = (
    FormField.key,
    FormField.kind,
    FormField.roles,
    FormField.labels,
    FormField.options,
    FormField.for_match,
)
# Columns, for reading only; a question that nobody is shown never leaves the database.
_ASKED = (col(FormField.retired_at).is_(None), col(FormField.for_match).is_not(None))


def _is_open_for(side: Side) -> tuple[Any, ...]:
    """The pair in question is open, and this side of it is the place of the person who asks."""
    own = col(Pairing.mentor_id) if side is Side.MENTOR else col(Pairing.mentee_id)
    mine = aliased(Enrolment)
    return (
        col(Pairing.id) == bindparam("pairing_id"),
        own == bindparam("enrolment_id"),
        exists().where(col(mine.id) == own, col(mine.person_id) == bindparam("person_id")).correlate(Pairing),
        col(Pairing.status) != PairingStatus.ENDED,
    )


@cache
def _fields_of_pair(side: Side) -> Any:
    return (
        select_columns(*_COLUMNS)
        .select_from(Pairing)
        .join(Cohort, col(Cohort.id) == Pairing.cohort_id)
        .join(FormField, col(FormField.scheme_id) == Cohort.scheme_id)
        .where(*_is_open_for(side), *_ASKED)
        .order_by(col(FormField.step), col(FormField.position))
    )


@cache
def _own_fields() -> Any:
    return (
        select_columns(*_COLUMNS, col(Scheme.language))
        .select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .join(FormField, col(FormField.scheme_id) == Scheme.id)
        .where(col(Enrolment.id) == bindparam("enrolment_id"), *_ASKED)
    )


@cache
def _answers(side: Side, asked: tuple[tuple[str, str], ...]) -> Any:
    """One row: the other's answer to each of these (key, rule), as it is kept; NULL where they do not share it."""
    other = col(Pairing.mentee_id) if side is Side.MENTOR else col(Pairing.mentor_id)
    return (
        select_columns(*(_if_allowed(key, rule).label(key) for key, rule in asked))
        .select_from(Pairing)
        .join(Enrolment, col(Enrolment.id) == other)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(*_is_open_for(side))
    )


def _if_allowed(key: str, rule: str) -> Any:
    if rule == ALWAYS:
        return answer_choices.kept(key)
    shared = select(SharedAnswer.id).where(
        col(SharedAnswer.enrolment_id) == col(Enrolment.id),
        col(SharedAnswer.field_key) == key,
        col(SharedAnswer.withdrawn_at).is_(None),
    )
    return case((shared.correlate(Enrolment).exists(), answer_choices.kept(key)))
