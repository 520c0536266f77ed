"""How many answered, counted without looking at what they said.

All counts of feedback come from one set of cells and are published together, so that the sum over all rounds and the
rounds one by one cannot be subtracted from each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from models.enrolments import Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from services import suppression
from services.pair_facts import AsOf
from services.suppression import Shown


@dataclass(frozen=True)
class Response:
    """Forms asked for, and forms answered. None is not shown to this reader."""

    asked: Shown
    answered: Shown


class FormCell(NamedTuple):
    """Forms of one round and one side, with the round's last day over or not, answered or not."""

    point: RoundPoint
    side: Side
    is_due: int
    is_answered: int


@dataclass(frozen=True)
class Responses:
    """A cohort's response: of all rounds whose last day is over, by round, and answered by round and side.

    `not_due` counts the forms of the other rounds (KPI.md 24), answered already or not; `points_due` are in order.
    """

    due: Response
    not_due: Shown
    points_due: tuple[RoundPoint, ...]
    by_point: Mapping[RoundPoint, Response]
    answered_by_side: Mapping[tuple[RoundPoint, Side], Shown]


def responses(session: Session, cohort_id: UUID, as_of: AsOf, *, protect: bool) -> Responses:
    """What may be shown of who answered. One query."""
    is_answered = case((col(FeedbackAnswer.submitted_at) < as_of.until, 1), else_=0).label("is_answered")
    is_due = case((col(FeedbackRound.due_on) < as_of.day, 1), else_=0).label("is_due")
    forms = (
        select(col(FeedbackRound.point), col(FeedbackAnswer.side), is_due, is_answered)
        .join(FeedbackRound, col(FeedbackRound.id) == col(FeedbackAnswer.round_id))
        .where(col(FeedbackRound.cohort_id) == cohort_id, as_of.known(FeedbackAnswer))
        .subquery("forms")
    )
    counted: Any = select(*forms.columns, func.count()).group_by(*forms.columns)
    return published({FormCell(*row[:-1]): row[-1] for row in session.exec(counted)}, protect=protect)


def published(cells: Mapping[FormCell, int], *, protect: bool) -> Responses:
    """The counts of these cells that a reader may see."""
    groups: list[tuple[str, Callable[[FormCell], bool]]] = [
        ("due", lambda cell: bool(cell.is_due)),
        ("answered", lambda cell: bool(cell.is_due and cell.is_answered)),
        ("not due", lambda cell: not cell.is_due),
    ]
    groups += [(f"asked {point}", _of(point)) for point in RoundPoint]
    groups += [(f"answered {point}", _of(point, answered=True)) for point in RoundPoint]
    groups += [(f"answered {point} {side}", _of(point, side, answered=True)) for point in RoundPoint for side in Side]
    together = [
        frozenset(f"asked {point}" for point in RoundPoint),
        frozenset(f"answered {point}" for point in RoundPoint),
        frozenset(f"answered {point} {side}" for point in RoundPoint for side in Side),
    ]
    publish = suppression.protected if protect else suppression.exact
    shown = publish(cells, groups, together=together)
    return Responses(
        due=Response(shown["due"], shown["answered"]),
        not_due=shown["not due"],
        points_due=tuple(point for point in RoundPoint if any(cell.is_due for cell in cells if cell.point is point)),
        by_point={point: Response(shown[f"asked {point}"], shown[f"answered {point}"]) for point in RoundPoint},
        answered_by_side={(point, side): shown[f"answered {point} {side}"] for point in RoundPoint for side in Side},
    )


def _of(point: RoundPoint, side: Side | None = None, *, answered: bool = False) -> Callable[[FormCell], bool]:
    def belongs(cell: FormCell) -> bool:
        return cell.point is point and side in {None, cell.side} and (not answered or bool(cell.is_answered))

    return belongs
