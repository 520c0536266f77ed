"""What a rerun of each screen costs beside a hello page, at two sizes, in one run.

The screens are drawn by the real server, asked over its own protocol. CPU time of its process is measured, not the
clock on the wall, since the machines are shared; the hello page takes the same way through Streamlit, so that the
ratio is what the screen itself adds. Statements are counted by running the same screens in this process.
"""

import logging
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
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
# The hello page and the two sizes take turns, so that a busy minute of the machine is a busy minute for all three.
ROUNDS, RERUNS = 3, 3
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
    Screen("invitations", "coordinator"),
    Screen("import_people", "coordinator"),
    Screen("matching_review", "coordinator"),
    Screen("proposals", "coordinator"),
    Screen("ways", "coordinator"),
    Screen("meetings", "coordinator"),
    Screen("agreements", "coordinator"),
    Screen("training", "coordinator"),
    Screen("resources", "coordinator"),
    Screen("feedback", "coordinator"),
    Screen("participation", "coordinator", has_charts=True),
    Screen("ledger", "coordinator"),
    Screen("messages", "coordinator"),
    Screen("scheme_settings", "coordinator"),
    Screen("participation", "manager", has_charts=True),
    Screen("home", "mentee"),
    Screen("my_match", "mentee"),
    Screen("ways", "mentee"),
    Screen("meetings", "mentee"),
    Screen("mentors", "looking"),
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


def bench(sizes: tuple[int, int] = (100, 10_000), only: Collection[str] = ()) -> int:
    """Print the table of all screens, or of those addresses alone; 0 when every target is met, else 1.

    All of them take about three minutes.
    """
    chosen = [screen for screen in SCREENS if not only or screen.address in only]
    # Drawn in this process, screens miss a browser and say so at every run.
    logging.disable(logging.WARNING)
    with ExitStack() as stack:
        status = stack.enter_context(Console().status("The servers start …"))
        hello = stack.enter_context(_hello())
        desks = [stack.enter_context(_desk(size, chosen)) for size in sizes]
        measured = []
        for screen in chosen:
            status.update(f"{screen.address} as {screen.role} …")
            measured.append((screen, _side_by_side(screen, hello, desks)))
    return _told(sizes, measured)


def _told(sizes: tuple[int, int], measured: list[tuple[Screen, list[Cost]]]) -> int:
    table = Table(title="Server CPU a rerun, in milliseconds")
    for heading in ("Screen", "As", "Hello", *map(_count, sizes), "× hello", "Growth", "Queries", "First", ""):
        table.add_column(heading, justify="left" if heading in {"Screen", "As", ""} else "right")
    missed = 0
    for screen, (hello, small, large) in measured:
        over = _over(screen, hello, small, large)
        missed += bool(over)
        milliseconds = (f"{cost.rerun:.1f}" for cost in (hello, small, large))
        ratios = f"{large.rerun / hello.rerun:.1f}", f"{large.rerun / small.rerun:.2f}"
        rest = str(large.queries), f"{large.first:.0f}", ", ".join(over)
        table.add_row(screen.address, screen.role, *milliseconds, *ratios, *rest)
    Console(width=130).print(table)
    Console().print(f"{len(measured) - missed} of {len(measured)} screens meet every target.")
    return 1 if missed else 0


def _count(size: int) -> str:
    return f"{size:,}"


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


@dataclass(frozen=True)
class Server:
    """A running server, who may look at what, and what a rerun of each screen asks the database."""

    url: str
    process: psutil.Process
    tokens: dict[str, str]
    queries: dict[Screen, int]


@contextmanager
def _hello() -> Iterator[Server]:
    with TemporaryDirectory() as folder:
        script = Path(folder, "hello.py")
        script.write_text(HELLO, encoding="utf-8")
        with _server(script, {}, "/_stcore/health") as (url, process):
            yield Server(url, process, {}, {})


@contextmanager
def _desk(size: int, chosen: list[Screen]) -> Iterator[Server]:
    """The desk with a cohort of that size."""
    with TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder, 'bench.db')}"
        with _database(database) as engine:
            with Session(engine) as session:
                people = populate(session, size)
            queries = {screen: _queries(engine, screen, people) for screen in chosen}
            with Session(engine) as session:
                # Last, because of an account's sessions only the newest five live.
                tokens = {role: _token(session, getattr(people, f"{role}_id")) for role in {s.role for s in chosen}}
        desk = {"DATABASE_URL": database, "MENTORING_HOME": folder, "MENTORING_WORKER_IN_SERVER": "false"}
        with _server(ROOT / "app.py", desk, "/readyz") as (url, process):
            yield Server(url, process, tokens, queries)


def _side_by_side(screen: Screen, hello: Server, desks: list[Server]) -> list[Cost]:
    """What the screen costs at each size, after what hello costs in the same moments."""
    with ExitStack() as stack:
        servers = [hello, *desks]
        tabs = [stack.enter_context(Tab(each.url, each.tokens.get(screen.role))) for each in servers]
        first = [_opened(tab, each, screen) for tab, each in zip(tabs, servers, strict=True)]
        spent: list[list[float]] = [[] for _ in servers]
        for _ in range(ROUNDS):
            for index, (tab, each) in enumerate(zip(tabs, servers, strict=True)):
                before = _cpu(each.process)
                for _ in range(RERUNS):
                    tab.rerun()
                spent[index].append((_cpu(each.process) - before) / RERUNS)
        asked = (each.queries.get(screen, 0) for each in servers)
        reruns = map(statistics.median, spent)
        return [Cost(*figures) for figures in zip(first, reruns, asked, strict=True)]


def _opened(tab: Tab, server: Server, screen: Screen) -> float:
    """CPU milliseconds of the first run in a new tab."""
    before = _cpu(server.process)
    tab.open()
    if server.tokens:
        if screen.path not in {shown.address for shown in tab.screens if not shown.is_hidden}:
            raise RuntimeError(f"{screen.address} is not open to the {screen.role}")
        before = _cpu(server.process)
        tab.open(screen.path)
    first = _cpu(server.process) - before
    tab.rerun()
    return first


def _cpu(process: psutil.Process) -> float:
    """Milliseconds of CPU that the process has used: to the microsecond on Linux, elsewhere in the system's steps."""
    if sys.platform == "linux":
        # The clock of another process's CPU time, as clock_getcpuclockid(3) makes its number.
        return time.clock_gettime(~process.pid << 3 | 2) * 1000
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
    quietly = os.environ | environment | {"STREAMLIT_LOGGER_LEVEL": "error"}
    process = subprocess.Popen(command, cwd=ROOT, env=quietly, stdout=subprocess.DEVNULL)
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
