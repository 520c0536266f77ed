"""The clause ledger of a cohort with 10,000 pairs and 200,000 meetings, on both databases."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.database import reading
from models.enrolments import Consent, Side, Wish
from models.meetings import MeetingRecord
from models.pairings import Expectation, Pairing, Release
from services import ledger
from services.access import Acting, Actor
from services.ledger.reading import Keep, fresh
from tests.benchmarks import history
from tests.benchmarks.bulk import insert_rows, row
from tests.benchmarks.population import Population, populate
from tests.benchmarks.questions import Desk, cohort_of, coordinator, on_both, rerun
from tests.benchmarks.timing import first_and_median
from tests.services.counting import reads, sent

# About 10,000 pairs come of so many enrolments.
ENROLMENTS, MEETINGS = 24_800, 200_000
OLD_DAYS = 100
MOST_MILLISECONDS, MOST_QUERIES = 300, 12


def bench(enrolments: int = ENROLMENTS, meetings: int = MEETINGS) -> int:
    """Print what the ledger costs; 0 when every target is met, else 1. Takes some minutes."""
    return on_both(f"{meetings:,} meetings", partial(_filled, enrolments=enrolments, meetings=meetings), _measured)


def _filled(session: Session, enrolments: int, meetings: int) -> Actor:
    people = populate(session, enrolments)
    fill(session, people, meetings)
    return coordinator(session, people)


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


def _measured(desk: Desk) -> int:
    """How many targets are missed."""
    asked = {role: _asked(desk, role) for role in (Acting.COORDINATOR, Acting.MANAGER)}
    table = Table(title=f"{desk.kind}: the ledger's service, milliseconds of the clock")
    for heading in ("As", "First", "Median", "Queries"):
        table.add_column(heading, justify="left" if heading == "As" else "right")
    for role, (first, median, queries) in asked.items():
        table.add_row(role.value, f"{first:.0f}", f"{median:.0f}", str(queries))
    first, median = _after_a_meeting(desk)
    table.add_row("… after a meeting was noted", f"{first:.0f}", f"{median:.0f}", "")
    Console(width=100).print(table)
    drawn, _ = rerun(desk, "ledger")
    over = sum(median > MOST_MILLISECONDS or queries > MOST_QUERIES for _, median, queries in asked.values())
    return over + (drawn.rerun > MOST_MILLISECONDS)


def _asked(desk: Desk, role: Acting) -> tuple[float, float, int]:
    """Milliseconds of the first look, of those after it, and the queries of one."""
    place = replace(desk.actor.place, acting_as=role)
    look = partial(_look, desk, replace(desk.actor, place=place, places=(place,)))
    times = first_and_median(look)
    with sent(desk.engine) as statements:
        look()
    return *times, len(reads(statements))


def _after_a_meeting(desk: Desk) -> tuple[float, float]:
    """The same for a coordinator when all that was done since is meetings: what was counted of people is kept."""
    kept: list[Any] = []

    def keep(make: Callable[[], Any]) -> Any:
        if not kept:
            kept.append(make())
        return kept[0]

    _look(desk, desk.actor, keep)
    return first_and_median(partial(_look, desk, desk.actor, keep))


def _look(desk: Desk, actor: Actor, keep: Keep = fresh) -> None:
    with reading(desk.engine) as session:
        ledger.ledger(session, actor, cohort_of(actor), today=datetime.now(UTC).date(), keep=keep)
