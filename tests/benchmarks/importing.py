"""What an import of ten thousand rows costs beside merely reading the file, in one run, on both databases.

Validation and write are the whole import without the mere reading: our own safe way of reading counts as validation.
CPU time of this process is measured, not the clock on the wall: the machines are shared. What PostgreSQL itself spends
is another process's, and is told by the clock beside it.
"""

import io
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import psutil
import xlsxwriter
from python_calamine import CalamineWorkbook
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlmodel import Session

from models.enrolments import Side
from services.access import Actor
from services.imports import arrivals
from tests.benchmarks import desks
from tests.benchmarks.population import populate
from tests.benchmarks.questions import cohort_of, coordinator
from tests.benchmarks.timing import timed

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
    for heading in (
        "Database",
        "Reading alone",
        "Preview",
        "Import",
        "The same again",
        "Validation and write × reading",
    ):
        table.add_column(heading, justify="left" if heading == "Database" else "right")
    missed = 0
    for name, url in desks.databases():
        with desks.database(url) as engine:
            with Session(engine) as session:
                actor = coordinator(session, populate(session, 100))
            reading = min(_spent(partial(_merely_read, content)) for _ in range(3))  # the first one also loads code
            preview = _spent(partial(_preview, engine, actor, content))
            first, again = (_spent(partial(_import, engine, actor, content)) for _ in range(2))
        times = (first[0] - reading[0]) / reading[0]
        missed += times > MOST_TIMES_READING
        told = (f"{cpu:.2f} ({clock:.2f})" for cpu, clock in (reading, preview, first, again))
        table.add_row(name, *told, f"{times:.1f}")
    Console(width=130).print(table)
    held = psutil.Process().memory_info().rss / 2**20
    Console(width=130).print(f"After {2 * len(table.rows)} imports this process holds {held:.0f} MB.")
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
        arrivals.preview(session, actor, cohort_of(actor), **_facts(content))


def _import(engine: Engine, actor: Actor, content: bytes) -> None:
    with Session(engine) as session:
        arrivals.confirm(session, actor, cohort_of(actor), **_facts(content))


def _spent(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of CPU of this process, and of the clock."""
    clock, cpu, _ = timed(work)
    return cpu, clock
