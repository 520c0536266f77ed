"""What a coordinator writes in a training module, and what it must hold before people may read it."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from models.agreements import TrainingModule
from models.enrolments import Side
from services import cleaning
from services.errors import Invalid
from services.training import right_options

LONGEST_TEXT = 60_000
LONGEST_QUESTION = 500
LONGEST_EXPLANATION = 1_000
MOST_QUESTIONS = 30
MOST_OPTIONS = 8
MOST_MINUTES = 240
MOST_MONTHS = 120
# One answer on each line, a star before each right one: what a coordinator types.
_STARRED = re.compile(r"^\s*\*\s*")


@dataclass(frozen=True)
class AskedQuestion:
    """A question with its answer, as its author sees it. With more than one `right`, people tick all that fit."""

    question: str
    options: tuple[str, ...]
    right: tuple[int, ...]
    explanation: str


@dataclass(frozen=True)
class Content:
    """What a coordinator writes. Sides are "mentor" and "mentee"; `valid_months` 0 is for one that does not run out."""

    title: str
    summary: str = ""
    text: str = ""
    minutes: int = 10
    offered_to: tuple[str, ...] = (Side.MENTOR.value,)
    is_required: bool = True
    pass_mark: int = 1
    valid_months: int = 24
    due_on: date | None = None
    questions: tuple[AskedQuestion, ...] = ()


def content_of(row: TrainingModule) -> Content:
    """What an edition says, with its answers."""
    return Content(
        title=row.title,
        summary=row.summary,
        text=row.text,
        minutes=row.minutes,
        offered_to=tuple(dict.fromkeys([*row.required_for, *row.offered_to])),
        is_required=bool(row.required_for),
        pass_mark=row.pass_mark,
        valid_months=row.valid_months,
        due_on=row.due_on,
        questions=tuple(
            AskedQuestion(
                question=str(asked["question"]),
                options=tuple(str(option) for option in asked["options"]),  # type: ignore[attr-defined]
                right=tuple(sorted(right_options(asked))),
                explanation=str(asked["explanation"]),
            )
            for asked in row.questions
        ),
    )


def columns_of(content: Content) -> dict[str, Any]:
    """The content as the columns of a module."""
    columns = asdict(content)
    is_required, questions = columns.pop("is_required"), columns.pop("questions")
    columns["offered_to"] = list(content.offered_to)
    columns["required_for"] = list(content.offered_to) if is_required else []
    columns["questions"] = [
        {
            "question": asked["question"],
            "options": list(asked["options"]),
            "answer": asked["right"][0] if len(asked["right"]) == 1 else list(asked["right"]),
            "explanation": asked["explanation"],
        }
        for asked in questions
    ]
    return columns


def checked(content: Content) -> Content:
    """The content as it is kept. Raises Invalid for what could never be published; what is missing may be."""
    title = cleaning.text(content.title, field="Title", longest=200, lines=False)
    if not cleaning.visible(title):
        raise Invalid("The module has no title.", remedy="Give it one.")
    if not 1 <= content.minutes <= MOST_MINUTES:
        raise Invalid(f"A module takes 1 to {MOST_MINUTES} minutes.", remedy="Change the number of minutes.")
    if not 0 <= content.valid_months <= MOST_MONTHS:
        raise Invalid(f"A pass counts for at most {MOST_MONTHS} months.", remedy="Change the number, or choose 0.")
    if not set(content.offered_to) <= {side.value for side in Side}:
        raise Invalid("A module is for mentors, for mentees, or for both.", remedy="Choose whom it is for.")
    if len(content.questions) > MOST_QUESTIONS:
        raise Invalid(f"A check has at most {MOST_QUESTIONS} questions.", remedy="Take some out: short is kind.")
    return replace(
        content,
        title=title,
        summary=cleaning.text(content.summary, field="Summary", longest=500, lines=False),
        text=cleaning.text(content.text, field="Text", longest=LONGEST_TEXT),
        questions=tuple(_checked_question(number, each) for number, each in enumerate(content.questions, start=1)),
    )


def _checked_question(number: int, asked: AskedQuestion) -> AskedQuestion:
    name = f"Question {number}"
    options = tuple(
        cleaning.text(each, field=f"{name}, an answer", longest=LONGEST_QUESTION, lines=False) for each in asked.options
    )
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) != len(options) or not all(options):
        raise Invalid(
            f"{name} needs 2 to {MOST_OPTIONS} answers to choose from, each different.",
            remedy="Write one on each line.",
        )
    if not asked.right or not set(asked.right) <= set(range(len(options))):
        raise Invalid(f"{name} has no right answer.", remedy="Put a star in front of each right one.")
    words = cleaning.text(asked.question, field=name, longest=LONGEST_QUESTION, lines=False)
    if not cleaning.visible(words):
        raise Invalid(f"{name} has no words.", remedy="Write the question, or delete it.")
    return AskedQuestion(
        question=words,
        options=options,
        right=tuple(sorted(set(asked.right))),
        explanation=cleaning.text(
            asked.explanation, field=f"{name}, the explanation", longest=LONGEST_EXPLANATION, lines=False
        ),
    )


def refuse_unfinished(content: Content, today: date) -> None:
    """Raises Invalid for the first thing that people could not do without."""
    for is_missing, happened, remedy in _missing(content, today):
        if is_missing:
            raise Invalid(happened, remedy=remedy)


def _missing(content: Content, today: date) -> Sequence[tuple[bool, str, str]]:
    total = len(content.questions)
    return (
        (not content.text, "There is nothing to read in it yet.", "Write the text first."),
        (not content.offered_to, "It is for nobody yet.", "Choose mentors, mentees or both."),
        (not total, "Its check has no questions yet.", "Add at least one."),
        (
            not 1 <= content.pass_mark <= max(1, total),
            f"{content.pass_mark} right answers are asked for, and there are {total} questions.",
            "Lower the number, or add questions.",
        ),
        (
            content.due_on is not None and content.due_on < today,
            "Its due date is over already.",
            "Choose a later day, or none.",
        ),
    )


def options_typed(options: Sequence[str], right: Sequence[int]) -> str:
    """Options as they stand in the box of the editor."""
    return "\n".join(f"* {each}" if number in right else each for number, each in enumerate(options))


def options_read(typed: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The options of the editor's box, and which of them are right."""
    lines = [line.strip() for line in typed.splitlines() if line.strip(" *")]
    right = tuple(number for number, line in enumerate(lines) if line.startswith("*"))
    return tuple(_STARRED.sub("", line) for line in lines), right
