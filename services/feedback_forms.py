"""The questions of a feedback form and what counts as an answer to each. Pure: nothing here knows the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.enrolments import Side
from services import cleaning
from services.errors import Invalid

LONGEST_ANSWER = 2000
SCALE, TEXT, YES_NO, NPS = "scale_1_5", "text", "yes_no", "nps"
BOUNDS = {SCALE: (1, 5), NPS: (0, 10)}


@dataclass(frozen=True)
class Question:
    """One question. `kind` is scale_1_5 (1 to 5), nps (0 to 10), yes_no or text; `clause` is what it is evidence of."""

    key: str
    text: str
    kind: str
    required: bool = False
    clause: str | None = None


def questions_of(forms: Mapping[str, Any], side: Side) -> tuple[Question, ...]:
    """One side's questions as a round keeps them."""
    return tuple(
        Question(row["key"], row["text"], row["kind"], bool(row.get("required")), row.get("clause"))
        for row in forms.get(side.value, ())
    )


def checked(questions: Iterable[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as they are kept; None takes one back. Raises Invalid for what no form of ours can send."""
    by_key = {question.key: question for question in questions}
    if unknown := set(answers) - set(by_key):
        raise Invalid(
            f"{len(unknown)} of these answers belong to no question of this form.",
            remedy="Reload the page and try again.",
        )
    return {key: _checked(by_key[key], value) for key, value in answers.items()}


def missing(questions: Iterable[Question], answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The required questions without an answer, in their own words."""
    return tuple(question.text for question in questions if question.required and answers.get(question.key) is None)


def rating_of(questions: Iterable[Question], answers: Mapping[str, Any]) -> int | None:
    """The answer that figures use: the first on the scale from 1 to 5."""
    first = next((question for question in questions if question.kind == SCALE), None)
    return None if first is None else answers.get(first.key)


def _checked(question: Question, value: Any) -> Any:
    if value is None:
        return None
    if question.kind == TEXT and isinstance(value, str):
        return cleaning.text(value, field="This answer", longest=LONGEST_ANSWER) or None
    if question.kind == YES_NO and isinstance(value, bool):
        return value
    low, high = BOUNDS.get(question.kind, (1, 0))
    # In Python True is a 1, in an answer it is not.
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise Invalid("An answer does not fit its question.", remedy="Choose one of those on the page.")
