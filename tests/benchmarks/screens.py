"""What a rerun of each screen costs beside a hello page, at two sizes, in one run.

The screens are drawn by the real server, asked over its own protocol. CPU time of its process is measured, not the
clock on the wall, since the machines are shared; the hello page takes the same way through Streamlit, so that the
ratio is what the screen itself adds. Statements are counted by running the same screens in this process.
"""

import logging
import statistics
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlmodel import Session

from models.people import Person
from tests.benchmarks import desks
from tests.benchmarks.desks import Server
from tests.benchmarks.population import Population, populate
from tests.benchmarks.timing import cpu_of
from tests.browser.protocol import Tab
from tests.pages.opening import open_page
from tests.services.counting import sent

# The hello page and the two sizes take turns, so that a busy minute of the machine is a busy minute for all three.
ROUNDS, RERUNS = 3, 3
FIRST_RUN_SECONDS = 300
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
    """CPU milliseconds of the server: of the first run in a new tab, and of a rerun."""

    first: float
    rerun: float


def bench(sizes: tuple[int, int] = (100, 10_000), only: Collection[str] = ()) -> int:
    """Print the table of all screens, or of those addresses alone; 0 when every target is met, else 1.

    All of them take about three minutes.
    """
    chosen = [screen for screen in SCREENS if not only or screen.address in only]
    # Drawn in this process, screens miss a browser and say so at every run.
    logging.disable(logging.WARNING)
    with ExitStack() as stack:
        status = stack.enter_context(Console().status("The servers start …"))
        hello = stack.enter_context(desks.hello())
        by_size = [stack.enter_context(_desk(size, chosen)) for size in sizes]
        measured = []
        for screen in chosen:
            status.update(f"{screen.address} as {screen.role} …")
            costs = side_by_side(screen, [hello, *(desk.server for desk in by_size)])
            measured.append((screen, costs, by_size[-1].queries[screen]))
    return _told(sizes, measured)


def _told(sizes: tuple[int, int], measured: list[tuple[Screen, list[Cost], int]]) -> int:
    """Prints the table; answers as bench() does. Costs are of hello, of the small desk and of the large one."""
    table = Table(title="Server CPU a rerun, in milliseconds")
    for heading in ("Screen", "As", "Hello", *map(_count, sizes), "× hello", "Growth", "Queries", "First", ""):
        table.add_column(heading, justify="left" if heading in {"Screen", "As", ""} else "right")
    missed = 0
    for screen, (hello, small, large), queries in measured:
        over = _over(screen, hello, small, large, queries)
        missed += bool(over)
        milliseconds = (f"{cost.rerun:.1f}" for cost in (hello, small, large))
        ratios = f"{large.rerun / hello.rerun:.1f}", f"{large.rerun / small.rerun:.2f}"
        rest = str(queries), f"{large.first:.0f}", ", ".join(over)
        table.add_row(screen.address, screen.role, *milliseconds, *ratios, *rest)
    Console(width=130).print(table)
    Console().print(f"{len(measured) - missed} of {len(measured)} screens meet every target.")
    return 1 if missed else 0


def _count(size: int) -> str:
    return f"{size:,}"


def _over(screen: Screen, hello: Cost, small: Cost, large: Cost, queries: int) -> list[str]:
    """Which targets are missed, and by how much."""
    found = []
    if (times := large.rerun / hello.rerun) > screen.most_times_hello:
        found.append(f"{times - screen.most_times_hello:.1f} × hello over")
    if (growth := large.rerun / small.rerun) > MOST_GROWTH:
        found.append(f"growth {growth - MOST_GROWTH:.2f} over")
    if queries > MOST_QUERIES:
        found.append(f"{queries - MOST_QUERIES} queries over")
    return found


@dataclass(frozen=True)
class Desk:
    """The desk with a cohort of one size, and how many statements a rerun of each screen sends."""

    server: Server
    queries: dict[Screen, int]


@contextmanager
def _desk(size: int, chosen: list[Screen]) -> Iterator[Desk]:
    with desks.a_file() as url:
        with desks.database(url) as engine:
            with Session(engine) as session:
                people = populate(session, size)
            queries = {screen: _queries(engine, screen, people) for screen in chosen}
            with Session(engine) as session:
                # Last, because of an account's sessions only the newest five live.
                roles = {screen.role for screen in chosen}
                tokens = {role: desks.token(session, getattr(people, f"{role}_id")) for role in roles}
        with desks.served(url, tokens) as server:
            yield Desk(server, queries)


def side_by_side(screen: Screen, servers: list[Server]) -> list[Cost]:
    """What the screen costs on each server, in turns; hello is among them, or nothing can be said of the figures."""
    with ExitStack() as stack:
        tabs = [stack.enter_context(Tab(each.url, each.tokens.get(screen.role))) for each in servers]
        first = [_opened(tab, each, screen) for tab, each in zip(tabs, servers, strict=True)]
        spent: list[list[float]] = [[] for _ in servers]
        for _ in range(ROUNDS):
            for index, (tab, each) in enumerate(zip(tabs, servers, strict=True)):
                before = cpu_of(each.process)
                for _ in range(RERUNS):
                    tab.rerun()
                spent[index].append((cpu_of(each.process) - before) / RERUNS)
        return [Cost(*figures) for figures in zip(first, map(statistics.median, spent), strict=True)]


def _opened(tab: Tab, server: Server, screen: Screen) -> float:
    """CPU milliseconds of the first run in a new tab."""
    before = cpu_of(server.process)
    tab.open()
    if server.tokens:
        if screen.path not in {shown.address for shown in tab.screens if not shown.is_hidden}:
            raise RuntimeError(f"{screen.address} is not open to the {screen.role}")
        before = cpu_of(server.process)
        tab.open(screen.path)
    first = cpu_of(server.process) - before
    tab.rerun()
    return first


def _queries(engine: Engine, screen: Screen, people: Population) -> int:
    """How many statements a rerun sends."""
    with Session(engine) as session:
        page = open_page(screen.address, session.get_one(Person, getattr(people, f"{screen.role}_id")))
    page.default_timeout = FIRST_RUN_SECONDS
    if page.exception:
        raise RuntimeError(f"{screen.address}: {page.exception[0].value}")
    page.run()
    with sent(engine) as statements:
        page.run()
    return sum(not each.startswith(("BEGIN", "PRAGMA", "SAVEPOINT")) for each in statements)
