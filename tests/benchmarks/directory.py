"""The directory in a desk with a hundred thousand enrolments, on both databases: a rerun, a search, a sector."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlmodel import Session, select

from models.database import reading
from models.enrolments import Enrolment
from models.schemes import Cohort
from services import directory
from services.access import Acting, Actor, Place
from tests.benchmarks.population import populate
from tests.benchmarks.questions import FEW, Desk, is_flat, on_both, print_medians, rerun
from tests.benchmarks.timing import first_and_median

SIZE = 100_000
MOST_MILLISECONDS = 80
QUESTIONS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "third page": {"page": 3},
    "search: many": {"search": "chen"},
    "search: three words": {"search": "grid counsel oyelaran"},
    "search: one of many": {"search": "raghunathan 1711"},
    "search: Chinese": {"search": "李娜"},
    "search: nobody": {"search": "glaciology"},
    "a sector": {"sector": "energy"},
    "a sector and a word": {"sector": "energy", "search": "李娜"},
}


def bench(size: int = SIZE) -> int:
    """Print the tables; 0 when every question, the page's script and the memory keep to their targets, else 1.

    Takes some minutes.
    """
    held: dict[str, float] = {}
    on_both(f"{FEW:,} enrolments", partial(_filled, size=FEW), partial(_measured, held=held))
    return on_both(f"{size:,} enrolments", partial(_filled, size=size), partial(_measured, held=held))


def _filled(session: Session, size: int) -> Actor:
    """Answers a mentee who looks for a mentor."""
    people = populate(session, size)
    found = session.exec(select(Enrolment).where(Enrolment.person_id == people.looking_id)).one()
    scheme_id = session.get_one(Cohort, found.cohort_id).scheme_id
    place = Place(Acting.MENTEE, scheme_id, "", found.cohort_id, "", found.id)
    return Actor(found.person_id, "Mentee", place, (place,))


def _measured(desk: Desk, held: dict[str, float]) -> int:
    """How many targets are missed."""
    asked = {question: first_and_median(partial(_ask, desk, facts))[1] for question, facts in QUESTIONS.items()}
    print_medians(f"{desk.kind}: the directory's service", asked)
    drawn, _ = rerun(desk, "mentors")
    slow = [question for question, each in asked.items() if each > MOST_MILLISECONDS]
    return len(slow) + (drawn.rerun > MOST_MILLISECONDS) + (not is_flat(desk, held))


def _ask(desk: Desk, facts: dict[str, Any]) -> None:
    with reading(desk.engine) as session:
        directory.listed(session, desk.actor, today=datetime.now(UTC).date(), **facts)
