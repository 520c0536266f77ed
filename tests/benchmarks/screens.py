"""What a rerun of each screen costs beside a hello page, at two sizes, in one run.

CPU time of this process is measured, not the clock on the wall, since the machines are shared; the hello page takes
the same way through Streamlit, so that the ratio is what the screen itself adds.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from models.database import make_engine
from models.people import Person
from services import storage
from services.schema import migrate
from tests.benchmarks.population import Population, populate
from tests.pages.opening import open_page

ROUNDS = 15
HELLO = "import streamlit as st\nst.title('Hello')\nst.text_input('Name')"
CHARTS = {"participation"}
SCREENS = {
    "home": "coordinator",
    "enrolments": "coordinator",
    "import_people": "coordinator",
    "matching_review": "coordinator",
    "proposals": "coordinator",
    "messages": "coordinator",
    "agreements": "coordinator",
    "feedback": "coordinator",
    "participation": "coordinator",
    "mentors": "mentee",
    "my_match": "mentee",
    "meetings": "mentee",
    "enrolment": "mentee",
    "training": "mentor",
}


@dataclass(frozen=True)
class Cost:
    """Median CPU milliseconds of a rerun, and how many statements it sent."""

    milliseconds: float
    queries: int


def bench(sizes: tuple[int, int] = (100, 10_000)) -> int:
    """Print the table of all screens; 0 when every target is met, else 1."""
    hello = _cost(AppTest.from_string(HELLO, default_timeout=60).run(), None)
    small, large = (_measure(size) for size in sizes)
    table = Table(title=f"CPU per rerun; hello page {hello.milliseconds:.1f} ms")
    for column in ("screen", "as", f"ms at {sizes[0]:,}", f"ms at {sizes[1]:,}", "× hello", "growth", "queries", ""):
        table.add_column(column, justify="right" if column not in {"screen", "as", ""} else "left")
    missed = 0
    for name, role in SCREENS.items():
        ratio = large[name].milliseconds / hello.milliseconds
        growth = large[name].milliseconds / small[name].milliseconds
        good = ratio <= (5 if name in CHARTS else 3) and growth <= 1.5 and large[name].queries <= 12
        missed += not good
        costs = (f"{small[name].milliseconds:.1f}", f"{large[name].milliseconds:.1f}", f"{ratio:.1f}", f"{growth:.2f}")
        table.add_row(name, role, *costs, str(large[name].queries), "" if good else "over target")
    Console(width=110).print(table)
    return 1 if missed else 0


def _measure(size: int) -> dict[str, Cost]:
    with TemporaryDirectory() as folder, _database(Path(folder)) as engine:
        with Session(engine) as session:
            people = populate(session, size)
        return {name: _screen(engine, name, role, people) for name, role in SCREENS.items()}


def _screen(engine: Engine, name: str, role: str, people: Population) -> Cost:
    person_id = getattr(people, f"{role}_id")
    with Session(engine) as session:
        page = open_page(name, session.get_one(Person, person_id))
    if page.exception:
        raise RuntimeError(f"{name}: {page.exception[0].value}")
    return _cost(page, engine)


def _cost(page: AppTest, engine: Engine | None) -> Cost:
    page.run()
    times = []
    with _counted(engine) as statements:
        for _ in range(ROUNDS):
            started = time.process_time()
            page.run()
            times.append((time.process_time() - started) * 1000)
    return Cost(statistics.median(times), len(statements) // ROUNDS)


@contextmanager
def _counted(engine: Engine | None) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT")):
            statements.append(statement)

    if engine is None:
        yield statements
        return
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def _database(folder: Path) -> Iterator[Engine]:
    """A database of this benchmark's own, in the place of the process's."""
    engine = make_engine(f"sqlite:///{folder / 'bench.db'}")
    migrate(engine)
    kept, storage.engine = storage.engine, lambda: engine  # type: ignore[assignment]
    yield engine
    storage.engine = kept
    engine.dispose()
