"""Feedback: the coordinator's three rounds, and what people answered."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, select

from models.columns import utc_now
from models.feedback import FeedbackAnswer, RoundPoint
from services import feedback, feedback_forms
from services.demonstration.stage import Member, Stage, today
from services.feedback_forms import Question

WORDS = (
    "We took longer than planned to find a time, and then it went well.",
    "比我预想的更有帮助，谢谢安排。",
    "More guidance on how to end well would be good.",
    "Nothing to add. Thank you for bringing us together.",
)


@dataclass(frozen=True)
class Asking:
    """One round, by days of the story. `share` of those who were asked answer by today."""

    point: RoundPoint
    opens_on: int
    days: int
    share: float
    closes: bool = True


ROUNDS = (
    Asking(RoundPoint.START, 62, 21, 0.78),
    Asking(RoundPoint.MIDDLE, 186, 21, 0.68),
    Asking(RoundPoint.END, 357, 16, 0.45, closes=False),
)


def plan(stage: Stage) -> None:
    """Puts the year's rounds on the agenda."""
    for asking in ROUNDS:
        stage.story.at(stage.day(asking.opens_on, 9.5), _ask, stage, asking)


def _ask(session: Session, stage: Stage, asking: Asking) -> None:
    day, due_on = today(stage, utc_now()), today(stage, utc_now() + timedelta(days=asking.days))
    opened = feedback.open_round(
        session, stage.coordinator, stage.cohort_id, point=asking.point, opens_on=day, due_on=due_on, today=day
    )
    asked = session.exec(select(FeedbackAnswer.enrolment_id).where(FeedbackAnswer.round_id == opened.id)).all()
    left = min(asking.days, (stage.story.now - utc_now()) / timedelta(days=1)) - 0.3
    # By number and not by id: ids differ from one demonstration to the next.
    for member in sorted((stage.members[each] for each in asked), key=lambda each: (each.side, each.known.number)):
        _await(stage, asking, opened.id, member, left)
    if asking.closes:
        stage.story.at(utc_now() + timedelta(days=12), _remind, stage, opened.id)
        stage.story.at(utc_now() + timedelta(days=asking.days + 4), feedback.close, stage.coordinator, opened.id)


def _await(stage: Stage, asking: Asking, round_id: UUID, member: Member, left: float) -> None:
    """The first of each list leaves the open round for whoever looks around as them."""
    is_left_for_visitors = not asking.closes and member.known.number == 0
    roll = stage.dice.random()
    if is_left_for_visitors or roll > asking.share + 0.1:
        return
    sends = roll < asking.share
    at = utc_now() + timedelta(days=stage.dice.uniform(0.1, left))
    stage.story.at(at, _answer, stage, round_id, member, sends=sends)


def _answer(session: Session, stage: Stage, round_id: UUID, member: Member, *, sends: bool) -> None:
    forms = feedback.due(session, member.actor)
    form = next((form for form in forms if form.round_id == round_id), None)
    if form is None:
        return  # the round closed meanwhile
    answers = {question.key: _said(stage, question) for question in form.questions}
    if sends:
        feedback.submit(session, member.actor, round_id, answers)
    else:
        half = dict(list(answers.items())[:2])
        feedback.save_partial(session, member.actor, round_id, half)


def _said(stage: Stage, question: Question) -> int | bool | str | None:
    dice = stage.dice
    if question.kind == feedback_forms.SCALE:
        return dice.choices((2, 3, 4, 5), (1, 3, 8, 8))[0]
    if question.kind == feedback_forms.NPS:
        return dice.choices((5, 7, 8, 9, 10), (1, 2, 4, 5, 4))[0]
    if question.kind == feedback_forms.YES_NO:
        return dice.random() < (0.12 if question.key.startswith("need") else 0.85)
    return dice.choice(WORDS) if dice.random() < 0.3 else None


def _remind(session: Session, stage: Stage, round_id: UUID) -> None:
    feedback.remind(session, stage.coordinator, round_id, today(stage, utc_now()))
