"""The directory in a desk with a hundred thousand enrolments, on both databases: a rerun, a search, a sector.

A rerun's CPU is the server's, as in `screens`, beside hello in the same moments. What the service takes is told by the
clock, since PostgreSQL works in another process.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from models.database import reading
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.pairings import Pairing
from models.schemes import Cohort
from services import directory
from services.access import Acting, Actor, Place
from tests.benchmarks import screens
from tests.benchmarks.population import populate
from tests.benchmarks.queueing import _databases, _median

SIZE = 100_000
MOST_MILLISECONDS, MOST_TIMES_HELLO = 80, 3
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
    """Print the tables; 0 when every target is met, else 1. Takes some minutes."""
    logging.disable(logging.WARNING)
    missed = 0
    with ExitStack() as stack:
        status = stack.enter_context(Console().status("hello …"))
        hello = stack.enter_context(screens._hello())
        for name, url in _databases():
            status.update(f"{name}: making {size:,} enrolments …")
            with screens._database(url) as engine:
                with Session(engine) as session:
                    populate(session, size)
                missed += measure(name, url, engine, hello)
    return 1 if missed else 0


def measure(name: str, url: str, engine: Any, hello: screens.Server) -> int:
    """Asks and draws as a mentee who looks for a mentor; answers how many targets are missed."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    with Session(engine) as session:
        mentee = _looking(session)
        token = screens._token(session, mentee.person_id)
    asked = {question: _median(partial(_ask, engine, mentee, facts)) for question, facts in QUESTIONS.items()}
    with _served(url, token) as desk:
        base, drawn = screens._side_by_side(screens.Screen("mentors", "mentee"), hello, [desk])
    return _told(name, asked, base.rerun, drawn.rerun)


def _told(name: str, asked: dict[str, float], base: float, drawn: float) -> int:
    table = Table(title=f"{name}: the directory's service, milliseconds of the clock")
    table.add_column("Question")
    table.add_column("Median", justify="right")
    for question, milliseconds in asked.items():
        table.add_row(question, f"{milliseconds:.1f}")
    console = Console(width=100)
    console.print(table)
    console.print(f"A rerun of the screen: {drawn:.1f} ms of CPU, {drawn / base:.1f} × hello ({base:.1f} ms).")
    return sum(each > MOST_MILLISECONDS for each in asked.values()) + (drawn / base > MOST_TIMES_HELLO)


def _looking(session: Session) -> Any:
    """The enrolment, person and places of an approved mentee without a mentor."""
    paired = select(Pairing.mentee_id)
    statement = select(Enrolment).where(
        Enrolment.side == Side.MENTEE, Enrolment.status == EnrolmentStatus.APPROVED, col(Enrolment.id).not_in(paired)
    )
    found = session.exec(statement.order_by(col(Enrolment.sort_key)).limit(1)).one()
    scheme_id = session.get_one(Cohort, found.cohort_id).scheme_id
    place = Place(Acting.MENTEE, scheme_id, "", found.cohort_id, "", found.id)
    return Actor(found.person_id, "Mentee", place, (place,))


def _ask(engine: Any, actor: Actor, facts: dict[str, Any]) -> None:
    with reading(engine) as session:
        directory.listed(session, actor, today=datetime.now(UTC).date(), **facts)


@contextmanager
def _served(url: str, token: str) -> Iterator[screens.Server]:
    with TemporaryDirectory() as folder:
        desk = {"DATABASE_URL": url, "MENTORING_HOME": str(Path(folder)), "MENTORING_WORKER_IN_SERVER": "false"}
        with screens._server(screens.ROOT / "app.py", desk, "/readyz") as (address, process):
            yield screens.Server(address, process, {"mentee": token}, {})
