"""The queue in a desk with a hundred thousand enrolments, on both databases: a rerun, every filter, a search."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from models.database import reading
from models.enrolments import EnrolmentStatus, Side
from models.schemes import Cohort
from services import enrolments
from services.access import Actor
from services.enrolments import Gate
from tests.benchmarks import desks, history
from tests.benchmarks.population import populate
from tests.benchmarks.questions import FEW, Desk, cohort_of, coordinator, is_flat, on_both, print_medians, rerun
from tests.benchmarks.timing import first_and_median

SIZE = 100_000
MOST_MILLISECONDS = 80
# What a coordinator asks: by side and status, for a name or address, and by what is missing.
QUESTIONS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "last page": {"page": 10**6},
    "submitted mentors": {"side": Side.MENTOR, "status": EnrolmentStatus.SUBMITTED},
    "search: one name": {"search": "raghunathan 4711"},
    "search: many people": {"search": "oyelaran"},
    "search: an address": {"search": "mentor4711"},
    "search: Chinese": {"search": "李娜 12"},
    "search: nobody": {"search": "nobody of that name"},
    **{f"gate: {gate.value}": {"gate": gate} for gate in Gate},
    "search and gate": {"search": "oyelaran", "gate": Gate.SIGNATURE},
}
# So many lack each thing once nearly everybody has done all of it: whom to find is what takes longest.
STILL_LACKING = 30


def bench(size: int = SIZE) -> int:
    """Print the tables; 0 when every question, the page's script and the memory keep to their targets, else 1.

    Takes some minutes.
    """
    held: dict[str, float] = {}
    on_both(f"{FEW:,} enrolments", partial(_filled, size=FEW), partial(_measured, held=held))
    return on_both(f"{size:,} enrolments", partial(_filled, size=size), partial(_measured, held=held))


def _filled(session: Session, size: int) -> Actor:
    return coordinator(session, populate(session, size))


def _measured(desk: Desk, held: dict[str, float]) -> int:
    """How many targets are missed."""
    slow = _slow(desk, QUESTIONS, "the queue's service")
    drawn, _ = rerun(desk, "enrolments")
    with Session(desk.engine) as session:
        history.catch_up(session, session.get_one(Cohort, cohort_of(desk.actor)), but=STILL_LACKING)
        session.commit()
    desks.settle(desk.engine)
    gates = {question: facts for question, facts in QUESTIONS.items() if "gate" in facts}
    slow += _slow(desk, gates, "hardly anybody lacks anything")
    return slow + (drawn.rerun > MOST_MILLISECONDS) + (not is_flat(desk, held))


def _slow(desk: Desk, questions: dict[str, dict[str, Any]], title: str) -> int:
    """Ask and print them; how many take too long."""
    asked = {question: first_and_median(partial(_ask, desk, facts))[1] for question, facts in questions.items()}
    print_medians(f"{desk.kind}: {title}", asked)
    return sum(each > MOST_MILLISECONDS for each in asked.values())


def _ask(desk: Desk, facts: dict[str, Any]) -> None:
    with reading(desk.engine) as session:
        enrolments.queue(session, desk.actor, cohort_of(desk.actor), today=datetime.now(UTC).date(), **facts)
