"""Where one person stands with the training: the modules offered to their side, and what they have passed.

`services/training.py` is the way in for everybody else.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, inspect
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from models.agreements import PublishedState, TrainingAttempt, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Side
from models.schemes import Cohort, Scheme
from services import access
from services.access import Actor
from services.trained import TrainingState, state_on, unless_never

TRIES = 3
PAUSE = timedelta(minutes=10)


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
    `passed_before_on` is when an earlier edition was passed that no longer counts, unless this one was since.
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
    passed_before_on: date | None = None


@dataclass(frozen=True)
class Completed:
    """One module passed, in the edition that it was passed in. Each has its certificate.

    Of one that `is_replaced`, a later edition is asked for instead, whatever day it would have counted until.
    """

    id: UUID
    title: str
    edition: int
    completed_on: date
    expires_on: date | None
    is_replaced: bool = False


@dataclass(frozen=True)
class Standing:
    """Where one person stands: the modules offered, required ones first, and what they passed, newest first."""

    modules: tuple[Module, ...]
    completed: tuple[Completed, ...]


def modules(session: Session, actor: Actor, today: date) -> list[Module]:
    """The modules offered to the actor's side, required ones first. Raises NotAllowed."""
    return list(standing(session, actor, today).modules)


def standing(session: Session, actor: Actor, today: date) -> Standing:
    """The modules offered to the actor's side, and all that they have passed. Five queries. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    scheme_id, *gates = session.exec(_scheme_and_gates(), params={"cohort_id": enrolment.cohort_id}).one()
    is_a_gate = "training" in gates[enrolment.side is Side.MENTEE]
    taken = session.exec(_taken(), params={"enrolment_id": enrolment.id}).all()
    waits = waiting(session, enrolment.id)
    in_force = session.exec(_published(), params={"scheme_id": scheme_id}).all()
    shown = [
        as_shown(
            row,
            enrolment.side,
            today,
            last=_that_counts(row, taken),
            is_a_gate=is_a_gate,
            waits_until=waits.get(row.id),
            before=max((_day_of(line) for line in taken if line.key == row.key), default=None),
        )
        for row in in_force
        if enrolment.side.value in offered_to(row)
    ]
    in_order = sorted(shown, key=lambda module: (not module.required, module.due_on or date.min))
    asked = {row.key: row.counts_from for row in in_force}
    completed = (_completed(line, asked.get(line.key, 0)) for line in sorted(taken, key=_day_of, reverse=True))
    return Standing(tuple(in_order), tuple(completed))


def as_shown(
    row: Any,
    side: Side | None,
    today: date,
    *,
    last: Any = None,
    is_a_gate: bool = True,
    waits_until: datetime | None = None,
    before: date | None = None,
) -> Module:
    """An edition as somebody of this side sees it; with no side, as its coordinator looks at it.

    `row` is a TrainingModule or its columns, `last` the completion that counts longest, `before` the day of the newest
    of any edition.
    """
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
        passed_before_on=None if last else before,
    )


def questions_of(row: Any) -> tuple[Question, ...]:
    """The questions of an edition, without what is right."""
    return tuple(Question(str(asked["question"]), options_of(asked), _is_several(asked)) for asked in row.questions)


def right_options(asked: dict[str, Any]) -> frozenset[int]:
    """The indices of what is right: the answer is kept as one, or as a list of them."""
    answer = asked["answer"]
    return frozenset(answer) if isinstance(answer, list) else frozenset({int(answer)})


def options_of(asked: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(option) for option in asked["options"])


def _is_several(asked: dict[str, Any]) -> bool:
    return isinstance(asked["answer"], list)


def offered_to(row: Any) -> Collection[str]:
    """The sides that a module is meant for, among them those of whom it is required."""
    return {*row.required_for, *row.offered_to}


def waiting(session: Session, enrolment_id: UUID) -> dict[UUID, datetime]:
    """When each check that was tried too often may be tried again."""
    given = {"enrolment_id": enrolment_id, "since": utc_now() - PAUSE}
    return {module_id: first + PAUSE for module_id, first in session.exec(_tries(), params=given)}


@cache  # asked whenever somebody opens the page: building it costs more than asking
def _tries() -> Any:
    of_module, at = col(TrainingAttempt.module_id), col(TrainingAttempt.created_at)
    return (
        select_columns(of_module, func.min(at))
        .where(col(TrainingAttempt.enrolment_id) == bindparam("enrolment_id"), at > bindparam("since"))
        .group_by(of_module)
        .having(func.count() >= TRIES)
    )


@cache
def _scheme_and_gates() -> Any:
    """A cohort's scheme, and what it asks of mentors and of mentees before a match."""
    return (
        select_columns(col(Scheme.id), col(Scheme.mentor_gates), col(Scheme.mentee_gates))
        .join(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .where(col(Cohort.id) == bindparam("cohort_id"))
    )


@cache
def _published() -> Any:
    """Columns of the editions in force: rows that are looked at need not be rows that can be changed."""
    columns = (getattr(TrainingModule, column.key) for column in inspect(TrainingModule).column_attrs)
    mine = col(TrainingModule.scheme_id) == bindparam("scheme_id")
    in_force = col(TrainingModule.state) == PublishedState.PUBLISHED
    return select_columns(*columns).where(mine, in_force).order_by(col(TrainingModule.title))


@cache
def _taken() -> Any:
    """A person's completions, with the key, the edition and the title that each was of; the longest last."""
    return (
        select_columns(
            col(TrainingCompletion.id),
            col(TrainingCompletion.completed_on),
            col(TrainingCompletion.expires_on),
            col(TrainingModule.key),
            col(TrainingModule.edition),
            col(TrainingModule.title),
        )
        .join(TrainingModule, col(TrainingModule.id) == col(TrainingCompletion.module_id))
        .where(col(TrainingCompletion.enrolment_id) == bindparam("enrolment_id"))
        .order_by(col(TrainingCompletion.expires_on))
    )


def _that_counts(row: Any, taken: Iterable[Any]) -> Any:
    """Of this edition, or of an earlier one that still counts, the completion that does so longest; None for none."""
    found = [line for line in taken if line.key == row.key and line.edition >= row.counts_from]
    return found[-1] if found else None


def _completed(row: Any, counts_from: int) -> Completed:
    until = unless_never(row.expires_on)
    return Completed(row.id, row.title, row.edition, row.completed_on, until, is_replaced=row.edition < counts_from)


def _day_of(row: Any) -> date:
    day: date = row.completed_on
    return day
