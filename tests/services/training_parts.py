"""What the tests of training share: a module, a completion of it, and who is then untrained."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from models.agreements import TrainingCompletion, TrainingModule
from models.enrolments import Enrolment
from models.schemes import Cohort
from services import training

TODAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SEVERAL = {"question": "Which?", "options": ["a", "b", "c"], "answer": [0, 2], "explanation": "A and c."}
QUESTIONS = [
    {"question": "One?", "options": ["a", "b"], "answer": 1, "explanation": "Because b."},
    {"question": "Two?", "options": ["a", "b", "c"], "answer": 0, "explanation": "Because a."},
]


def make_module(session: Session, cohort: Cohort, **facts: Any) -> TrainingModule:
    chosen: dict[str, Any] = {
        "scheme_id": cohort.scheme_id,
        "key": "starter",
        "edition": 1,
        "title": "Starting as a mentor",
        "text": "# Starting\n\nRead this.",
        "minutes": 15,
        "questions": QUESTIONS,
        "pass_mark": 2,
        "valid_months": 24,
        "required_for": ["mentor"],
    }
    module = TrainingModule(**(chosen | facts))
    session.add(module)
    session.flush()
    return module


def make_completion(session: Session, enrolment: Enrolment, module: TrainingModule, expires_on: date) -> None:
    session.add(
        TrainingCompletion(
            enrolment_id=enrolment.id,
            module_id=module.id,
            correct_answers=2,
            completed_on=date(2026, 9, 1),
            expires_on=expires_on,
        )
    )
    session.flush()


def completions(session: Session) -> list[TrainingCompletion]:
    return list(session.exec(select(TrainingCompletion)).all())


def untrained(session: Session, cohort: Cohort, today: date = TODAY) -> set[UUID]:
    return set(session.scalars(training.untrained_enrolments(cohort.id, today)).all())
