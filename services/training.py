"""Training: modules with a short check, and until when a passed one counts.

What a spreadsheet says about training ("training: yes") is shown as a claim and counts for nothing. A check may be
tried as often as somebody likes, three times in ten minutes: nobody is shut out, and nobody gets through by clicking.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingAttempt, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort, Scheme
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.trained import (
    Progress,
    ProgressFilter,
    ProgressPage,
    TrainingState,
    progress,
    state_on,
    unless_never,
    untrained_enrolments,
)
from services.units import writes

__all__ = [
    "Completed",
    "Marked",
    "Module",
    "Outcome",
    "Progress",
    "ProgressFilter",
    "ProgressPage",
    "Question",
    "Standing",
    "TrainingState",
    "add_months",
    "as_shown",
    "check",
    "modules",
    "progress",
    "questions_of",
    "right_options",
    "standing",
    "untrained_enrolments",
]

TRIES = 3
PAUSE = timedelta(minutes=10)
# One choice, or those of a question that has several right ones.
Answer = int | Collection[int]


@dataclass(frozen=True)
class Question:
    """One question of a check, without its answer. Of `several`, all right ones are to be ticked and no other."""

    question: str
    options: tuple[str, ...]
    several: bool = False


@dataclass(frozen=True)
class Module:
    """A module as one person sees it; `text` goes without its title.

    `expires_on` is the last day on which the completion counts; None for one that does not run out. `waits_until` is
    when the check may be tried again, if that is not now. Passing a module that `is_a_gate` opens the way to a match.
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
    edition: int = 1
    due_on: date | None = None
    is_a_gate: bool = True
    waits_until: datetime | None = None


@dataclass(frozen=True)
class Completed:
    """One module passed, in the edition that it was passed in. Each has its certificate."""

    id: UUID
    title: str
    edition: int
    completed_on: date
    expires_on: date | None


@dataclass(frozen=True)
class Standing:
    """Where one person stands: the modules offered, required ones first, and what they passed, newest first."""

    modules: tuple[Module, ...]
    completed: tuple[Completed, ...]


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


def modules(session: Session, actor: Actor, today: date) -> list[Module]:
    """The modules offered to the actor's side, required ones first. Raises NotAllowed."""
    return list(standing(session, actor, today).modules)


def standing(session: Session, actor: Actor, today: date) -> Standing:
    """The modules offered to the actor's side, and all that they have passed. Five queries. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    scheme = _scheme_of(session, enrolment)
    taken = list(session.exec(_taken(), params={"enrolment_id": enrolment.id}))
    found = session.exec(_published(), params={"scheme_id": scheme.id})
    waits = _waits(session, enrolment.id)
    shown = [
        as_shown(
            row,
            enrolment.side,
            today,
            last=_that_counts(row, taken),
            is_a_gate=_is_a_gate(scheme, enrolment.side),
            waits_until=waits.get(row.id),
        )
        for row in found
        if enrolment.side.value in _offered_to(row)
    ]
    in_order = sorted(shown, key=lambda module: (not module.required, module.due_on or date.min))
    return Standing(tuple(in_order), tuple(_completed(*line) for line in sorted(taken, key=_day_of, reverse=True)))


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


def as_shown(
    row: TrainingModule,
    side: Side | None,
    today: date,
    *,
    last: TrainingCompletion | None = None,
    is_a_gate: bool = True,
    waits_until: datetime | None = None,
) -> Module:
    """An edition as somebody of this side sees it; with no side, as its coordinator looks at it."""
    return Module(
        id=row.id,
        title=row.title,
        summary=row.summary,
        text=row.text.removeprefix(f"# {row.title}\n").strip(),
        minutes=row.minutes,
        questions=questions_of(row),
        pass_mark=row.pass_mark,
        required=side.value in row.required_for if side else bool(row.required_for),
        state=state_on(last.expires_on if last else None, today),
        completed_on=last.completed_on if last else None,
        expires_on=unless_never(last.expires_on) if last else None,
        edition=row.edition,
        due_on=row.due_on,
        is_a_gate=is_a_gate,
        waits_until=waits_until,
    )


def questions_of(row: TrainingModule) -> tuple[Question, ...]:
    """The questions of an edition, without what is right."""
    return tuple(Question(str(asked["question"]), _options(asked), _is_several(asked)) for asked in row.questions)


def right_options(asked: dict[str, Any]) -> frozenset[int]:
    """The indices of what is right: the answer is kept as one, or as a list of them."""
    answer = asked["answer"]
    return frozenset(answer) if isinstance(answer, list) else frozenset({int(answer)})


def _is_several(asked: dict[str, Any]) -> bool:
    return isinstance(asked["answer"], list)


def _offered_to(row: TrainingModule) -> Collection[str]:
    """The sides that a module is meant for, among them those of whom it is required."""
    return {*row.required_for, *row.offered_to}


def _is_a_gate(scheme: Scheme, side: Side) -> bool:
    return "training" in (scheme.mentor_gates if side is Side.MENTOR else scheme.mentee_gates)


def _module_to_take(session: Session, enrolment: Enrolment, module_id: UUID) -> TrainingModule:
    row, scheme = session.get(TrainingModule, module_id), _scheme_of(session, enrolment)
    is_theirs = row is not None and row.scheme_id == scheme.id and enrolment.side.value in _offered_to(row)
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
        if not chosen or not all(0 <= each < len(_options(asked)) for each in chosen):
            raise Invalid(f"Question {number} has no answer.", remedy="Choose one of its options.")


def _refuse_haste(session: Session, enrolment_id: UUID, module_id: UUID) -> None:
    until = _waits(session, enrolment_id).get(module_id)
    if until is not None:
        minutes = max(1, -(-(until - utc_now()).seconds // 60))
        raise Conflict(
            f"You have tried this check {TRIES} times just now.",
            remedy=f"Read the text again and come back in {minutes} minute{'' if minutes == 1 else 's'}.",
        )


def _waits(session: Session, enrolment_id: UUID) -> dict[UUID, datetime]:
    """When each check that was tried too often may be tried again."""
    given = {"enrolment_id": enrolment_id, "since": utc_now() - PAUSE}
    return {module_id: first + PAUSE for module_id, first in session.exec(_tries(), params=given)}


@cache  # asked whenever somebody opens the page: building it costs more than asking
def _tries() -> Any:
    enrolment_id: Any = bindparam("enrolment_id")
    since: Any = bindparam("since")
    return (
        select(TrainingAttempt.module_id, func.min(TrainingAttempt.created_at))
        .where(TrainingAttempt.enrolment_id == enrolment_id, col(TrainingAttempt.created_at) > since)
        .group_by(col(TrainingAttempt.module_id))
        .having(func.count() >= TRIES)
    )


@cache
def _published() -> Any:
    scheme_id: Any = bindparam("scheme_id")
    mine = [TrainingModule.scheme_id == scheme_id, TrainingModule.state == PublishedState.PUBLISHED]
    return select(TrainingModule).where(*mine).order_by(col(TrainingModule.title))


@cache
def _taken() -> Any:
    """A person's completions with the key, the edition and the title that each was of, the longest last."""
    enrolment_id: Any = bindparam("enrolment_id")
    return (
        select(TrainingCompletion, TrainingModule.key, TrainingModule.edition, TrainingModule.title)
        .join(TrainingModule, col(TrainingModule.id) == col(TrainingCompletion.module_id))
        .where(TrainingCompletion.enrolment_id == enrolment_id)
        .order_by(col(TrainingCompletion.expires_on))
    )


def _that_counts(row: TrainingModule, taken: Iterable[Any]) -> TrainingCompletion | None:
    """Of this edition, or of an earlier one that still counts, the completion that does so longest."""
    found = [line[0] for line in taken if line[1] == row.key and line[2] >= row.counts_from]
    return found[-1] if found else None


def _completed(row: TrainingCompletion, _key: str, edition: int, title: str) -> Completed:
    return Completed(row.id, title, edition, row.completed_on, unless_never(row.expires_on))


def _day_of(line: Any) -> date:
    day: date = line[0].completed_on
    return day


def _marked(asked: dict[str, Any], given: frozenset[int]) -> Marked:
    right = right_options(asked)
    words = "; ".join(_options(asked)[each] for each in sorted(right))
    return Marked(str(asked["question"]), given == right, words, str(asked["explanation"]))


def _options(asked: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(option) for option in asked["options"])


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


def _scheme_of(session: Session, enrolment: Enrolment) -> Scheme:
    return session.get_one(Scheme, session.get_one(Cohort, enrolment.cohort_id).scheme_id)
