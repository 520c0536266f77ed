"""The queue in a desk with a hundred thousand enrolments, on both databases: a rerun, every filter, a search."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from models.database import reading
from models.enrolments import EnrolmentStatus, Side
from services import enrolments
from services.access import Actor
from services.enrolments import Gate
from tests.benchmarks.population import populate
from tests.benchmarks.questions import Desk, cohort_of, coordinator, on_both, print_medians, rerun
from tests.benchmarks.timing import first_and_median

SIZE = 100_000
MOST_MILLISECONDS, MOST_TIMES_HELLO = 80, 3
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
}


def bench(size: int = SIZE) -> int:
    """Print the tables; 0 when every question but the gates' keeps to its target, else 1. Takes some minutes."""
    return on_both(f"{size:,} enrolments", partial(_filled, size=size), _measured)


def _filled(session: Session, size: int) -> Actor:
    return coordinator(session, populate(session, size))


def _measured(desk: Desk) -> int:
    """How many targets are missed."""
    asked = {question: first_and_median(partial(_ask, desk, facts))[1] for question, facts in QUESTIONS.items()}
    print_medians(f"{desk.kind}: the queue's service", asked)
    _, times = rerun(desk, "enrolments")
    slow = [question for question, each in asked.items() if each > MOST_MILLISECONDS and "gate" not in question]
    return len(slow) + (times > MOST_TIMES_HELLO)


def _ask(desk: Desk, facts: dict[str, Any]) -> None:
    with reading(desk.engine) as session:
        enrolments.queue(session, desk.actor, cohort_of(desk.actor), today=datetime.now(UTC).date(), **facts)
