"""What feedback says about a clause: the questions that name it, and how many answers are good ones.

A good answer is 4 or 5 on the scale from 1 to 5, or a yes. Nobody's answer is told; a mean of few is kept back.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, and_, bindparam, case, cast, func, select
from sqlmodel import Session, col

from models.enrolments import Side
from models.feedback import FeedbackAnswer, FeedbackRound
from services.feedback_forms import SCALE, YES_NO, Question, questions_of
from services.ledger import moments
from services.ledger.shapes import Ask, Count
from services.pair_facts import flag

GOOD = 4
# A pair of counts for each question, and that many questions at most: those of any number of rounds.
MOST_QUESTIONS = 20
Asked = tuple[str, Side, Question]


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """`good:<clause>` and `given:<clause>` for every clause that a question names, and the mentors' forms. Two queries.

    `due` are mentors' forms whose day is over, `in` those of them that were sent, `overdue` those that were not;
    `not_due` are their forms whose day is still to come.
    """
    rounds = session.execute(
        select(col(FeedbackRound.id), col(FeedbackRound.due_on), col(FeedbackRound.forms)).where(
            col(FeedbackRound.cohort_id) == ask.cohort.id
        )
    ).all()
    if not rounds:
        return {}
    statement = _sums(_asked(forms for _, _, forms in rounds), moments.shape_of(ask))
    row = session.execute(statement, moments.values(ask) | _rounds(rounds, ask)).one()
    found = {name: int(value or 0) for name, value in row._mapping.items()}
    return {name: Count(found[name], found.get(f"{name}_then")) for name in found if not name.endswith("_then")}


def _rounds(rounds: Iterable[Any], ask: Ask) -> dict[str, list[UUID]]:
    """All of them, and those whose last day is over."""
    due: dict[UUID, date] = {key: due_on for key, due_on, _ in rounds}
    over = {f"{name}_over": [key for key in due if due[key] < day] for name, day in _both_days(ask)}
    return {"rounds": list(due), **over}


def _both_days(ask: Ask) -> tuple[tuple[str, date], ...]:
    return ("now", ask.now.day), ("then", ask.then.day)


def _asked(all_forms: Iterable[Any]) -> tuple[Asked, ...]:
    """The questions on a scale or with yes and no, with the clause that each is evidence of."""
    found: dict[tuple[str, Side, str], Question] = {}
    for forms in all_forms:
        for side in Side:
            for question in questions_of(forms, side):
                if question.clause and question.kind in {SCALE, YES_NO}:
                    found[question.clause, side, question.key] = question
    clauses = sorted({clause for clause, _, _ in found})[:MOST_QUESTIONS]
    return tuple((clause, side, found[clause, side, key]) for clause, side, key in sorted(found) if clause in clauses)


@lru_cache(maxsize=64)
def _sums(asked: tuple[Asked, ...], shape: moments.Shape) -> Any:
    """One row of sums. What a form says is taken out of it once, however many sums ask for it."""
    given = _given(asked, shape)
    sums: dict[str, Any] = {}
    for suffix, moment in zip(("", "_then"), shape.moments, strict=True):
        sent, due = given[f"sent_{moment.name}"] == 1, given[f"due_{moment.name}"]
        sums |= {
            f"due{suffix}": due == 1,
            f"in{suffix}": and_(due == 1, sent),
            f"overdue{suffix}": and_(due == 1, ~sent),
            f"not_due{suffix}": due == 0,
        }
        for clause in dict.fromkeys(clause for clause, _, _ in asked):
            places = [place for place, each in enumerate(asked) if each[0] == clause]
            sums |= {
                f"good:{clause}{suffix}": [and_(sent, given[f"answer_{place}"] == 1) for place in places],
                f"given:{clause}{suffix}": [and_(sent, given[f"answer_{place}"].is_not(None)) for place in places],
            }
    return select(*(_sum(conditions).label(name) for name, conditions in sums.items()))


def _given(asked: tuple[Asked, ...], shape: moments.Shape) -> Any:
    """A row for each form in small numbers, because every sum compares them.

    `sent_<moment>` is 1 or 0, `due_<moment>` of a mentor's form 1 once its day is over and 0 before, and `answer_<n>` 1
    for good, 0 for not; NULL is none.
    """
    answer = FeedbackAnswer
    columns: list[Any] = []
    for moment in shape.moments:
        of_mentor = and_(col(answer.side) == Side.MENTOR, col(answer.created_at) < moment.seen)
        is_over = col(answer.round_id).in_(bindparam(f"{moment.name}_over", expanding=True))
        columns += [
            flag(col(answer.submitted_at) < moment.seen).label(f"sent_{moment.name}"),
            case((of_mentor, flag(is_over))).label(f"due_{moment.name}"),
        ]
    answers = (_is_good(side, question).label(f"answer_{place}") for place, (_, side, question) in enumerate(asked))
    of_rounds = col(answer.round_id).in_(bindparam("rounds", expanding=True))
    return select(*columns, *answers).where(of_rounds).cte("given").prefix_with("MATERIALIZED").c


def _is_good(side: Side, question: Question) -> Any:
    answer = col(FeedbackAnswer.answers)[question.key]
    is_good = answer.as_boolean() if question.kind == YES_NO else answer.as_integer() >= GOOD
    # Cast, so that the answer is looked up once.
    return case((col(FeedbackAnswer.side) == side, cast(is_good, Integer)))


def _sum(conditions: Any) -> Any:
    first, *rest = (
        func.count(case((each, 1))) for each in (conditions if isinstance(conditions, list) else [conditions])
    )
    return sum(rest, first)
