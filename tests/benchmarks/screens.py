"""What a rerun of each screen costs beside a hello page, at two sizes, in one run.

The screens are drawn by the real server, asked over its own protocol. CPU time of its process is measured, not the
clock on the wall, since the machines are shared; the hello page takes the same way through Streamlit, so that the
ratio is what the screen itself adds. Statements are counted by running the same screens in this process.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, event
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.database import make_engine
from models.people import Account, AccountStatus, Person
from services import sessions, storage
from services.schema import migrate
from tests.benchmarks.population import Population, populate
from tests.browser.protocol import Tab, ask
from tests.pages.opening import open_page

ROOT = Path(__file__).parents[2]
# The process's CPU time comes in steps of 10 ms: this many reruns make one step two thirds of a millisecond.
RERUNS = 15
FIRST_RUN_SECONDS = 300
HELLO = "import streamlit as st\nst.title('Hello')\nst.text_input('Name')"
MOST_TIMES_HELLO, MOST_TIMES_HELLO_WITH_CHARTS = 3, 5
MOST_GROWTH, MOST_QUERIES = 1.5, 12


@dataclass(frozen=True)
class Screen:
    """One screen as somebody sees it."""

    address: str
    role: str
    has_charts: bool = False

    @property
    def path(self) -> str:
        """Home is where one arrives."""
        return "" if self.address == "home" else self.address

    @property
    def most_times_hello(self) -> int:
        return MOST_TIMES_HELLO_WITH_CHARTS if self.has_charts else MOST_TIMES_HELLO


SCREENS = (
    Screen("home", "coordinator"),
    Screen("enrolments", "coordinator"),
    Screen("import_people", "coordinator"),
    Screen("matching_review", "coordinator"),
    Screen("proposals", "coordinator"),
    Screen("meetings", "coordinator"),
    Screen("agreements", "coordinator"),
    Screen("training", "coordinator"),
    Screen("feedback", "coordinator"),
    Screen("participation", "coordinator", has_charts=True),
    Screen("messages", "coordinator"),
    Screen("participation", "manager", has_charts=True),
    Screen("home", "mentee"),
    Screen("my_match", "mentee"),
    Screen("meetings", "mentee"),
    Screen("mentors", "mentee"),
    Screen("proposals", "mentee"),
    Screen("enrolment", "mentee"),
    Screen("home", "mentor"),
    Screen("agreements", "mentor"),
    Screen("training", "mentor"),
    Screen("feedback", "mentor"),
)


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds of the server: of the first run in a new tab, and of a rerun; and a rerun's statements."""

    first: float
    rerun: float
    queries: int = 0


def bench(sizes: tuple[int, int] = (100, 10_000)) -> int:
    """Print the table of all screens; 0 when every target is met, else 1. Takes about three minutes."""
    with Console().status("Hello …"):
        hello = _hello()
    costs = [_measure(size) for size in sizes]
    table = Table(title=f"Server CPU a rerun; hello page {hello.rerun:.1f} ms")
    for heading in (
        "Screen",
        "As",
        *(f"ms at {size:,}" for size in sizes),
        "× hello",
        "Growth",
        "Queries",
        "First",
        "",
    ):
        table.add_column(heading, justify="left" if heading in {"Screen", "As", ""} else "right")
    missed = 0
    for screen in SCREENS:
        small, large = (cost[screen] for cost in costs)
        over = _over(screen, hello, small, large)
        missed += bool(over)
        figures = (small.rerun, large.rerun, large.rerun / hello.rerun, large.rerun / small.rerun)
        table.add_row(
            *(screen.address, screen.role),
            *(f"{figure:.{digits}f}" for figure, digits in zip(figures, (1, 1, 1, 2), strict=True)),
            *(str(large.queries), f"{large.first:.0f}", ", ".join(over)),
        )
    Console(width=130).print(table)
    Console().print(f"{len(SCREENS) - missed} of {len(SCREENS)} screens meet every target.")
    return 1 if missed else 0


def _over(screen: Screen, hello: Cost, small: Cost, large: Cost) -> list[str]:
    """Which targets are missed, and by how much."""
    found = []
    if (times := large.rerun / hello.rerun) > screen.most_times_hello:
        found.append(f"{times - screen.most_times_hello:.1f} × hello over")
    if (growth := large.rerun / small.rerun) > MOST_GROWTH:
        found.append(f"growth {growth - MOST_GROWTH:.2f} over")
    if large.queries > MOST_QUERIES:
        found.append(f"{large.queries - MOST_QUERIES} queries over")
    return found


def _hello() -> Cost:
    with TemporaryDirectory() as folder:
        script = Path(folder, "hello.py")
        script.write_text(HELLO, encoding="utf-8")
        with _server(script, {}, "/_stcore/health") as (url, process), Tab(url) as tab:
            return _cost(tab, process, "")


def _measure(size: int) -> dict[Screen, Cost]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        status = stack.enter_context(Console().status(f"{size:,} enrolments …"))
        url = f"sqlite:///{Path(folder, 'bench.db')}"
        engine = stack.enter_context(_database(url))
        with Session(engine) as session:
            people = populate(session, size)
        queries = {screen: _queries(engine, screen, people) for screen in SCREENS}
        with Session(engine) as session:
            # Last, because of an account's sessions only the newest five live.
            tokens = {role: _token(session, getattr(people, f"{role}_id")) for role in {s.role for s in SCREENS}}
        desk = {"DATABASE_URL": url, "MENTORING_HOME": folder, "MENTORING_WORKER_IN_SERVER": "false"}
        address, process = stack.enter_context(_server(ROOT / "app.py", desk, "/readyz"))
        found = {}
        for screen in SCREENS:
            status.update(f"{size:,} enrolments: {screen.address} as {screen.role} …")
            with Tab(address, tokens[screen.role]) as tab:
                tab.open()
                if screen.path not in {shown.address for shown in tab.screens if not shown.is_hidden}:
                    raise RuntimeError(f"{screen.address} is not open to the {screen.role}")
                cost = _cost(tab, process, screen.path)
            found[screen] = Cost(cost.first, cost.rerun, queries[screen])
        return found


def _cost(tab: Tab, process: psutil.Process, address: str) -> Cost:
    before = _cpu(process)
    tab.open(address)
    first = _cpu(process) - before
    for _ in range(2):
        tab.rerun()
    before = _cpu(process)
    for _ in range(RERUNS):
        tab.rerun()
    return Cost(first, (_cpu(process) - before) / RERUNS)


def _cpu(process: psutil.Process) -> float:
    """Milliseconds of CPU that the process has used."""
    spent = process.cpu_times()
    return (spent.user + spent.system) * 1000


def _token(session: Session, person_id: UUID) -> str:
    account = session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()
    if account is None:
        account = Account(person_id=person_id, status=AccountStatus.ACTIVE)
        session.add(account)
    session.commit()
    return sessions.open_for(session, account.id)


@contextmanager
def _server(script: Path, environment: dict[str, str], sign: str) -> Iterator[tuple[str, psutil.Process]]:
    """The real server with the project's settings; answers its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not _answers(port, sign):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server of {script.name} did not start")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int, path: str) -> bool:
    with suppress(OSError):
        return ask(f"http://127.0.0.1:{port}", path, seconds=2)[0] == HTTPStatus.OK
    return False


def _queries(engine: Engine, screen: Screen, people: Population) -> int:
    """How many statements a rerun sends."""
    with Session(engine) as session:
        page = open_page(screen.address, session.get_one(Person, getattr(people, f"{screen.role}_id")))
    page.default_timeout = FIRST_RUN_SECONDS
    if page.exception:
        raise RuntimeError(f"{screen.address}: {page.exception[0].value}")
    page.run()
    return _counted(engine, page)


def _counted(engine: Engine, page: AppTest) -> int:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    page.run()
    event.remove(engine, "before_cursor_execute", note)
    return len(statements)


@contextmanager
def _database(url: str) -> Iterator[Engine]:
    """A database of this benchmark's own, in the place of the process's."""
    engine = make_engine(url)
    migrate(engine)
    kept, storage.engine = storage.engine, lambda: engine  # type: ignore[assignment]
    yield engine
    storage.engine = kept
    engine.dispose()
