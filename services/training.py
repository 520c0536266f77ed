"""Training: modules with a short check, and until when a passed one counts.

What a spreadsheet says about training ("training: yes") is shown as a claim and counts for nothing. A new edition of a
module asks for its check again. `valid_months` 0 means that a completion does not run out.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.agreements import TrainingCompletion, TrainingModule
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort, Scheme
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.trained import (
    Progress,
    ProgressPage,
    TrainingState,
    is_newest,
    progress,
    state_on,
    unless_never,
    untrained_enrolments,
)
from services.units import writes

__all__ = [
    "Marked",
    "Module",
    "Outcome",
    "Progress",
    "ProgressPage",
    "Question",
    "TrainingState",
    "add_months",
    "check",
    "modules",
    "progress",
    "untrained_enrolments",
]


@dataclass(frozen=True)
class Question:
    """One question of a check, without its answer."""

    question: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Module:
    """A module as one person sees it; `text` goes without its title.

    `expires_on` is the last day on which the completion counts; None for one that does not run out.
    """

    id: UUID
    title: str
    summary: str
    text: str
    minutes: int
    questions: tuple[Question, ...]
    pass_mark: int
    required: bool
    state: TrainingState
    completed_on: date | None
    expires_on: date | None


@dataclass(frozen=True)
class Marked:
    """How one answer was. `right_option` is the text of the answer that was looked for."""

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


def modules(session: Session, actor: Actor, today: date) -> list[Module]:
    """The modules offered to the actor's side, required ones first. Four queries. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    scheme = _scheme_of(session, enrolment)
    last = {row.module_id: row for row in session.exec(_completions(enrolment.id))}
    found = session.exec(
        select(TrainingModule)
        .where(TrainingModule.scheme_id == scheme.id, is_newest())
        .order_by(col(TrainingModule.title))
    )
    mine = [row for row in found if enrolment.side.value in _offered_to(scheme, row)]
    shown = [_module(row, scheme, enrolment.side, last.get(row.id), today) for row in mine]
    return sorted(shown, key=lambda module: not module.required)


@writes
def check(session: Session, actor: Actor, module_id: UUID, answers: Sequence[int], today: date) -> Outcome:
    """Grade a check; a pass is kept, and every attempt stands in the journal. `answers` are indices of options.

    Raises NotAllowed, Conflict when the module has a newer edition, and Invalid for a question without an answer.
    """
    enrolment = access.own_enrolment(session, actor)
    module = _module_to_take(session, enrolment, module_id)
    _refuse_blanks(module, answers)
    marked = tuple(_marked(question, given) for question, given in zip(module.questions, answers, strict=True))
    correct = sum(mark.right for mark in marked)
    passed = correct >= module.pass_mark
    expires_on = add_months(today, module.valid_months) if module.valid_months else date.max
    if passed:
        _complete(session, enrolment, module, correct, today, expires_on)
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


def _module(row: TrainingModule, scheme: Scheme, side: Side, last: TrainingCompletion | None, today: date) -> Module:
    return Module(
        id=row.id,
        title=row.title,
        summary=str(scheme.other_settings.get("modules", {}).get(row.key, {}).get("summary", "")),
        text=row.text.removeprefix(f"# {row.title}\n").strip(),
        minutes=row.minutes,
        questions=tuple(Question(str(asked["question"]), _options(asked)) for asked in row.questions),
        pass_mark=row.pass_mark,
        required=side.value in row.required_for,
        state=state_on(last.expires_on if last else None, today),
        completed_on=last.completed_on if last else None,
        expires_on=unless_never(last.expires_on) if last else None,
    )


def _offered_to(scheme: Scheme, row: TrainingModule) -> list[str]:
    """The sides that a module is meant for; one that a scheme added without saying so is for both."""
    said = scheme.other_settings.get("modules", {}).get(row.key, {}).get("roles")
    return [*row.required_for, *(said if said is not None else list(Side))]


def _module_to_take(session: Session, enrolment: Enrolment, module_id: UUID) -> TrainingModule:
    row, scheme = session.get(TrainingModule, module_id), _scheme_of(session, enrolment)
    if row is None or row.scheme_id != scheme.id or enrolment.side.value not in _offered_to(scheme, row):
        raise NotAllowed("You cannot open this module.", remedy="Open it from the Training page.")
    if enrolment.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        raise NotAllowed(
            "Your place in this cohort has ended.", remedy="Ask the coordinator if you would like to return."
        )
    newest = session.exec(select(TrainingModule.id).where(TrainingModule.id == module_id, is_newest())).first()
    if newest is None:
        raise Conflict("This module has a newer version.", remedy="Reload the page and read that one.")
    return row


def _refuse_blanks(module: TrainingModule, answers: Sequence[int]) -> None:
    if len(answers) != len(module.questions):
        raise Invalid("The check has questions without an answer.", remedy="Answer each of them.")
    for number, (asked, given) in enumerate(zip(module.questions, answers, strict=True), start=1):
        if not 0 <= given < len(_options(asked)):
            raise Invalid(f"Question {number} has no answer.", remedy="Choose one of its options.")


def _marked(asked: dict[str, Any], given: int) -> Marked:
    right = int(asked["answer"])
    return Marked(str(asked["question"]), given == right, _options(asked)[right], str(asked["explanation"]))


def _options(asked: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(option) for option in asked["options"])


def _complete(
    session: Session, enrolment: Enrolment, module: TrainingModule, correct: int, today: date, expires_on: date
) -> None:
    """One completion a day: a second press of the button adds none."""
    newest_first = _completions(enrolment.id).where(TrainingCompletion.module_id == module.id)
    if any(row.completed_on == today for row in session.exec(newest_first)):
        return
    session.add(
        TrainingCompletion(
            enrolment_id=enrolment.id,
            module_id=module.id,
            correct_answers=correct,
            completed_on=today,
            expires_on=expires_on,
        )
    )


def _completions(enrolment_id: UUID) -> Any:
    """A person's completions, the one that counts longest last."""
    found = select(TrainingCompletion).where(TrainingCompletion.enrolment_id == enrolment_id)
    return found.order_by(col(TrainingCompletion.expires_on))


def _scheme_of(session: Session, enrolment: Enrolment) -> Scheme:
    return session.get_one(Scheme, session.get_one(Cohort, enrolment.cohort_id).scheme_id)
