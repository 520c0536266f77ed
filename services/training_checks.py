"""The check at the end of a module: graded here, where the page cannot see the answers, and kept when it is passed.

It may be tried as often as somebody likes, three times in ten minutes: nobody is shut out, and nobody gets through by
clicking. `services/training.py` is the way in for everybody else.
"""

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from models.agreements import PublishedState, TrainingAttempt, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus
from models.schemes import Cohort
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.trained import unless_never
from services.training_standing import TRIES, offered_to, options_of, right_options, waiting
from services.units import writes

# One choice, or those of a question that has several right ones.
Answer = int | Collection[int]


@dataclass(frozen=True)
class Marked:
    """How one answer was. `right_option` is the text of the answer, or answers, that were looked for."""

    question: str
    right: bool
    right_option: str
    explanation: str


@dataclass(frozen=True)
class Outcome:
    """A check's result: `correct` of `len(marked)`, and `pass_mark` needed."""

    correct: int
    pass_mark: int
    passed: bool
    expires_on: date | None
    marked: tuple[Marked, ...]


@writes
def check(session: Session, actor: Actor, module_id: UUID, answers: Sequence[Answer], today: date) -> Outcome:
    """Grade a check; a pass is kept, and every attempt stands in the journal. `answers` are indices of options.

    Raises NotAllowed, Conflict when the module has a newer edition or was tried too often just now, and Invalid for a
    question without an answer.
    """
    enrolment = access.own_enrolment(session, actor)
    module = _module_to_take(session, enrolment, module_id)
    given = [frozenset({answer} if isinstance(answer, int) else answer) for answer in answers]
    _refuse_blanks(module, given)
    _refuse_haste(session, enrolment.id, module.id)
    marked = tuple(_marked(question, chosen) for question, chosen in zip(module.questions, given, strict=True))
    correct = sum(mark.right for mark in marked)
    passed = correct >= module.pass_mark
    expires_on = add_months(today, module.valid_months) if module.valid_months else date.max
    if passed:
        _complete(session, enrolment, module, correct, today, expires_on)
    else:
        session.add(TrainingAttempt(enrolment_id=enrolment.id, module_id=module.id, correct_answers=correct))
    audit.record(
        session,
        actor,
        "training.passed" if passed else "training.attempted",
        module.id,
        edition=module.edition,
        correct=correct,
        of=len(marked),
    )
    outcome = Outcome(correct, module.pass_mark, passed, unless_never(expires_on) if passed else None, marked)
    session.commit()
    return outcome


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last day when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _module_to_take(session: Session, enrolment: Enrolment, module_id: UUID) -> TrainingModule:
    row, cohort = session.get(TrainingModule, module_id), session.get_one(Cohort, enrolment.cohort_id)
    is_theirs = row is not None and row.scheme_id == cohort.scheme_id and enrolment.side.value in offered_to(row)
    if row is None or not is_theirs or row.state is PublishedState.DRAFT:
        raise NotAllowed("You cannot open this module.", remedy="Open it from the Training page.")
    if enrolment.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        raise NotAllowed(
            "Your place in this cohort has ended.", remedy="Ask the coordinator if you would like to return."
        )
    if row.state is PublishedState.RETIRED:
        _refuse_retired(session, row)
    return row


def _refuse_retired(session: Session, row: TrainingModule) -> None:
    newer = select(TrainingModule.id).where(
        TrainingModule.scheme_id == row.scheme_id,
        TrainingModule.key == row.key,
        TrainingModule.state == PublishedState.PUBLISHED,
    )
    if session.exec(newer).first() is not None:
        raise Conflict("This module has a newer version.", remedy="Reload the page and read that one.")
    raise Conflict("This module is no longer part of the training.", remedy="Reload the page to see what is.")


def _refuse_blanks(module: TrainingModule, given: Sequence[frozenset[int]]) -> None:
    if len(given) != len(module.questions):
        raise Invalid("The check has questions without an answer.", remedy="Answer each of them.")
    for number, (asked, chosen) in enumerate(zip(module.questions, given, strict=True), start=1):
        if not chosen or not all(0 <= each < len(options_of(asked)) for each in chosen):
            raise Invalid(f"Question {number} has no answer.", remedy="Choose one of its options.")


def _refuse_haste(session: Session, enrolment_id: UUID, module_id: UUID) -> None:
    until = waiting(session, enrolment_id).get(module_id)
    if until is not None:
        minutes = max(1, -(-(until - utc_now()).seconds // 60))
        raise Conflict(
            f"You have tried this check {TRIES} times just now.",
            remedy=f"Read the text again and come back in {minutes} minute{'' if minutes == 1 else 's'}.",
        )


def _marked(asked: dict[str, Any], given: frozenset[int]) -> Marked:
    right = right_options(asked)
    words = "; ".join(options_of(asked)[each] for each in sorted(right))
    return Marked(str(asked["question"]), given == right, words, str(asked["explanation"]))


def _complete(
    session: Session, enrolment: Enrolment, module: TrainingModule, correct: int, today: date, expires_on: date
) -> None:
    """One completion a day: a second press of the button adds none."""
    today_already = select(TrainingCompletion.id).where(
        TrainingCompletion.enrolment_id == enrolment.id,
        TrainingCompletion.module_id == module.id,
        TrainingCompletion.completed_on == today,
    )
    if session.exec(today_already).first() is None:
        session.add(
            TrainingCompletion(
                enrolment_id=enrolment.id,
                module_id=module.id,
                correct_answers=correct,
                completed_on=today,
                expires_on=expires_on,
            )
        )
