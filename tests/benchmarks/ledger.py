"""The clause ledger of a cohort with 10,000 pairs and 200,000 meetings, on both databases.

What the service takes is told by the clock, which counts both the statements' making and the database's work, in
another process too. What the screen takes beside it is told as the server's CPU of a first run and of a rerun.
"""

import logging
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import event, func, update
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.database import reading
from models.enrolments import Consent, Side, Wish
from models.meetings import MeetingRecord
from models.pairings import Expectation, Pairing, Release
from models.schemes import Cohort
from services import ledger
from services.access import Acting, Actor, Place
from tests.benchmarks import history, screens
from tests.benchmarks.bulk import insert_rows, row
from tests.benchmarks.population import Population, populate
from tests.benchmarks.queueing import _databases

# About 10,000 pairs come of so many enrolments.
ENROLMENTS, MEETINGS = 24_800, 200_000
TRIES = 5
OLD_DAYS = 100
MOST_MILLISECONDS, MOST_QUERIES = 300, 12


def bench(enrolments: int = ENROLMENTS, meetings: int = MEETINGS) -> int:
    """Print what the ledger costs; 0 when every target is met, else 1. Takes some minutes."""
    logging.disable(logging.WARNING)
    missed = 0
    with ExitStack() as stack:
        status = stack.enter_context(Console().status("hello …"))
        hello = stack.enter_context(screens._hello())
        for name, url in _databases():
            status.update(f"{name}: making {meetings:,} meetings …")
            with _desk(url, enrolments, meetings) as (desk, people, engine):
                status.update(f"{name}: asking …")
                missed += _told(name, engine, people, hello, desk)
    return 1 if missed else 0


def fill(session: Session, people: Population, meetings: int, *, seed: int = 11) -> tuple[int, int]:
    """Give the pairs of a population meetings until there are so many; commits. Answers pairs and meetings."""
    chance = random.Random(seed)
    pairs = session.exec(
        select(Pairing.id, Pairing.released_at).where(Pairing.cohort_id == people.cohort_id).order_by(col(Pairing.id))
    ).all()
    # The mentee has a record of every meeting, the mentor of most.
    there = select(func.count()).where(MeetingRecord.side == Side.MENTEE)
    more = max(0, meetings - session.exec(there).one())
    rows: list[dict[str, Any]] = []
    for number in range(more):
        pairing_id, released_at = pairs[number % len(pairs)]
        rows += _records(pairing_id, released_at, chance)
    insert_rows(session, MeetingRecord, rows)
    _settle(session, [key for key, _ in pairs])
    _age(session)
    session.commit()
    return len(pairs), meetings


def _settle(session: Session, pairs: Sequence[UUID]) -> None:
    """Both sides' releases and expectations of every pair, as the scheme would have them."""
    then = utc_now() - timedelta(days=OLD_DAYS)
    releases = [row(then, pairing_id=pair, of_side=side, channels=["email"]) for pair in pairs for side in Side]
    written = [
        row(then, version=1, pairing_id=pair, side=side, done_at=then, words="") for pair in pairs for side in Side
    ]
    insert_rows(session, Release, releases)
    insert_rows(session, Expectation, written)


def _age(session: Session) -> None:
    """What was published, signed and done today was so long ago, or a manager would know of none of it yet."""
    then = utc_now() - timedelta(days=OLD_DAYS)
    for table, column in (
        (SchemeDocument, "published_at"),
        (TrainingModule, "published_at"),
        (Signature, "created_at"),
        (TrainingCompletion, "created_at"),
        (Consent, "created_at"),
        (Wish, "created_at"),
    ):
        session.execute(update(table).values({column: then}))


def _records(pairing_id: UUID, released_at: datetime, chance: random.Random) -> list[dict[str, Any]]:
    """One meeting some time between the release and now, in one record or in both."""
    since = (utc_now() - released_at).total_seconds()
    return history._records(pairing_id, released_at + timedelta(seconds=since * chance.random()), chance)


def _told(name: str, engine: Any, people: Population, hello: screens.Server, desk: screens.Server) -> int:
    asked = {role: _asked(engine, people, role) for role in (Acting.COORDINATOR, Acting.MANAGER)}
    table = Table(title=f"{name}: the ledger's service, milliseconds of the clock")
    for heading in ("As", "First", "Median", "Queries"):
        table.add_column(heading, justify="left" if heading == "As" else "right")
    for role, (first, median, queries) in asked.items():
        table.add_row(role.value, f"{first:.0f}", f"{median:.0f}", str(queries))
    console = Console(width=100)
    console.print(table)
    base, screen = screens._side_by_side(screens.Screen("ledger", "coordinator"), hello, [desk])
    console.print(
        f"The screen: {screen.first:.0f} ms of the server's CPU at first, {screen.rerun:.1f} ms a rerun, "
        f"{screen.rerun / base.rerun:.1f} × hello."
    )
    over = sum(median > MOST_MILLISECONDS or queries > MOST_QUERIES for _, median, queries in asked.values())
    return over + (screen.rerun > MOST_MILLISECONDS)


def _asked(engine: Any, people: Population, role: Acting) -> tuple[float, float, int]:
    """Milliseconds of the first look, of those after it, and the queries of one."""
    with reading(engine) as session:
        cohort = session.get_one(Cohort, people.cohort_id)
        place = Place(role, cohort.scheme_id, "", cohort.id, "")
        actor = Actor(people.coordinator_id, "", place, (place,))
    today = datetime.now(UTC).date()

    def look() -> float:
        before = time.perf_counter()
        with reading(engine) as session:
            ledger.ledger(session, actor, people.cohort_id, today=today)
        return (time.perf_counter() - before) * 1000

    first, *spent = (look() for _ in range(TRIES + 1))
    return first, statistics.median(spent), _queries(engine, look)


def _queries(engine: Any, look: Callable[[], float]) -> int:
    """How many statements a look sends."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    look()
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)


@contextmanager
def _desk(url: str, enrolments: int, meetings: int) -> Iterator[tuple[screens.Server, Population, Any]]:
    with TemporaryDirectory() as folder, screens._database(url) as engine:
        with Session(engine) as session:
            people = populate(session, enrolments)
            fill(session, people, meetings)
            token = screens._token(session, people.coordinator_id)
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        environment = {"DATABASE_URL": url, "MENTORING_HOME": folder, "MENTORING_WORKER_IN_SERVER": "false"}
        with screens._server(screens.ROOT / "app.py", environment, "/readyz") as (address, process):
            yield screens.Server(address, process, {"coordinator": token}, {}), people, engine
