"""What feedback says about a clause: the questions that name it, and how many answers are good ones.

A good answer is 4 or 5 on the scale from 1 to 5, or a yes. Nobody's answer is told; a mean of few is kept back.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlmodel import Session, col

from models.enrolments import Side
from models.feedback import FeedbackAnswer, FeedbackRound
from services.feedback_forms import SCALE, YES_NO, Question, questions_of
from services.ledger.shapes import Ask, Count
from services.pair_facts import AsOf

GOOD = 4
# A pair of counts for each question, and that many questions at most: those of any number of rounds.
MOST_QUESTIONS = 20


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """`good:<clause>` and `given:<clause>` for every clause that a question names, and the mentors' forms. Two queries.

    `due` are mentors' forms whose day is over, `in` those of them that were sent, `asked` all of them.
    """
    rounds = session.execute(
        select(col(FeedbackRound.id), col(FeedbackRound.due_on), col(FeedbackRound.forms)).where(
            col(FeedbackRound.cohort_id) == ask.cohort.id
        )
    ).all()
    if not rounds:
        return {}
    asked = _asked(forms for _, _, forms in rounds)
    sums = _sums(ask, [key for key, _, _ in rounds], asked, {key: due for key, due, _ in rounds})
    row = session.execute(select(*sums.values()).where(col(FeedbackAnswer.round_id).in_([r[0] for r in rounds]))).one()
    found = dict(zip(sums, (int(value or 0) for value in row), strict=True))
    return {name: Count(found[name], found.get(f"{name}|then")) for name in found if not name.endswith("|then")}


def _asked(all_forms: Any) -> dict[str, list[tuple[Side, Question]]]:
    """The questions on a scale or with yes and no, by the clause that they are evidence of."""
    found: dict[str, dict[tuple[Side, str], Question]] = {}
    for forms in all_forms:
        for side in Side:
            for question in questions_of(forms, side):
                if question.clause and question.kind in {SCALE, YES_NO}:
                    found.setdefault(question.clause, {})[side, question.key] = question
    ordered = sorted(found.items())[:MOST_QUESTIONS]
    return {clause: [(side, question) for (side, _), question in asked.items()] for clause, asked in ordered}


def _sums(
    ask: Ask, rounds: list[UUID], asked: Mapping[str, list[tuple[Side, Question]]], due: Mapping[UUID, Any]
) -> dict[str, Any]:
    sums: dict[str, Any] = {}
    for suffix, as_of in (("", ask.now), ("|then", ask.then)):
        sent = col(FeedbackAnswer.submitted_at) < (as_of.known_until or as_of.until)
        over = [key for key in rounds if due[key] < as_of.day]
        mentors = col(FeedbackAnswer.side) == Side.MENTOR
        is_due = and_(mentors, col(FeedbackAnswer.round_id).in_(over))
        sums |= {
            f"asked{suffix}": _sum(and_(mentors, _known(as_of))),
            f"due{suffix}": _sum(and_(is_due, _known(as_of))),
            f"in{suffix}": _sum(and_(is_due, _known(as_of), sent)),
        }
        for clause, questions in asked.items():
            good, given = zip(*(_good_and_given(side, question) for side, question in questions), strict=True)
            sums |= {
                f"good:{clause}{suffix}": sum((_sum(and_(sent, each)) for each in good[1:]), _sum(and_(sent, good[0]))),
                f"given:{clause}{suffix}": sum(
                    (_sum(and_(sent, each)) for each in given[1:]), _sum(and_(sent, given[0]))
                ),
            }
    return sums


def _good_and_given(side: Side, question: Question) -> tuple[Any, Any]:
    answer = col(FeedbackAnswer.answers)[question.key]
    of_side = col(FeedbackAnswer.side) == side
    if question.kind == YES_NO:
        value = answer.as_boolean()
        return and_(of_side, value.is_(True)), and_(of_side, value.is_not(None))
    number = answer.as_integer()
    return and_(of_side, number >= GOOD), and_(of_side, number.is_not(None))


def _known(as_of: AsOf) -> Any:
    return col(FeedbackAnswer.created_at) < (as_of.known_until or as_of.until)


def _sum(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))
