"""A screen and the service behind it in a large desk, on both databases.

A rerun's CPU is the server's, as in `screens`, beside hello in the same moments. What the service takes is told by the
clock, since PostgreSQL works in another process.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine
from sqlmodel import Session

from models.people import Person
from models.schemes import Cohort
from services.access import Acting, Actor, Place
from tests.benchmarks import desks
from tests.benchmarks.desks import Server
from tests.benchmarks.population import Population
from tests.benchmarks.screens import Cost, Screen, side_by_side

# How many people a small desk has, and how much more a large one may hold in memory to count as flat.
FEW, MOST_GROWTH = 1_000, 1.2


@dataclass(frozen=True)
class Desk:
    """A running desk, its database and its kind, who looks at it, and hello."""

    kind: str
    engine: Engine
    actor: Actor
    hello: Server
    server: Server


def on_both(making: str, fill: Callable[[Session], Actor], measure: Callable[[Desk], int]) -> int:
    """0 when `measure` misses no target on either database, else 1. Takes some minutes.

    `fill` puts people into an empty database, commits, and answers who looks; `making` says what it makes.
    """
    logging.disable(logging.WARNING)
    missed = 0
    with ExitStack() as all_along:
        status = all_along.enter_context(Console().status("hello …"))
        hello = all_along.enter_context(desks.hello())
        for kind, url in desks.databases():
            status.update(f"{kind}: making {making} …")
            with desks.database(url) as engine:
                with Session(engine) as session:
                    actor = fill(session)
                    assert actor.person_id is not None
                    tokens = {actor.place.acting_as.value: desks.token(session, actor.person_id)}
                desks.settle(engine)
                status.update(f"{kind}: asking …")
                with desks.served(url, tokens) as server:
                    missed += measure(Desk(kind, engine, actor, hello, server))
    return 1 if missed else 0


def cohort_of(actor: Actor) -> UUID:
    """The cohort in which they look."""
    assert actor.place.cohort_id is not None
    return actor.place.cohort_id


def coordinator(session: Session, people: Population) -> Actor:
    """The coordinator of a population, in their place."""
    cohort = session.get_one(Cohort, people.cohort_id)
    person = session.get_one(Person, people.coordinator_id)
    place = Place(Acting.COORDINATOR, cohort.scheme_id, "", cohort.id, "")
    return Actor(person.id, person.full_name, place, (place,))


def print_medians(title: str, asked: dict[str, float]) -> None:
    """A table of questions and the milliseconds of each."""
    table = Table(title=f"{title}, milliseconds of the clock")
    table.add_column("Question")
    table.add_column("Median", justify="right")
    for question, milliseconds in asked.items():
        table.add_row(question, f"{milliseconds:.1f}")
    Console(width=100).print(table)


def rerun(desk: Desk, address: str) -> tuple[Cost, float]:
    """Print what a rerun of the screen costs; answers that and how many times hello it is."""
    screen = Screen(address, desk.actor.place.acting_as.value)
    base, drawn = side_by_side(screen, [desk.hello, desk.server])
    times = drawn.rerun / base.rerun
    Console(width=100).print(
        f"The screen: {drawn.first:.0f} ms of the server's CPU at first, {drawn.rerun:.1f} ms a rerun, "
        f"{times:.1f} × hello ({base.rerun:.1f} ms)."
    )
    return drawn, times


def megabytes(desk: Desk) -> float:
    """What the server holds in memory now, after it has drawn the screen."""
    return float(desk.server.process.memory_info().rss) / 2**20


def is_flat(desk: Desk, before: dict[str, float]) -> bool:
    """Print what the server holds, beside what it held on this database with few people; whether that is about as much.

    The first time it is asked of a database, it only remembers.
    """
    held = megabytes(desk)
    if desk.kind not in before:
        before[desk.kind] = held
        return True
    Console(width=100).print(f"The server holds {held:.0f} MB; with {FEW:,} people it held {before[desk.kind]:.0f} MB.")
    return held <= before[desk.kind] * MOST_GROWTH
