"""Which of two people's records are about the same meeting. Pure, and fair: swapping the sides swaps the answer.

Records are paired one to one, the nearest starts first. Starts within 30 minutes of each other are one meeting; so are
two that are further apart on one day of the scheme's calendar, but then they differ, as they do when one says held and
the other not held. What is left over is one side's alone. Nobody is asked to agree.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from models.schemes import Channel
from services import times

NEAR = timedelta(minutes=30)
# People round a length, to a quarter of an hour at most.
ROUNDED = 15
# No calendar day is longer: the one on which clocks go back.
LONGEST_DAY = timedelta(hours=25)


class State(StrEnum):
    """How the two sides' records of a meeting stand to each other, as the first side sees it."""

    BOTH = "both"
    DIFFER = "differ"
    MINE_ONLY = "mine_only"
    THEIRS_ONLY = "theirs_only"


class Difference(StrEnum):
    """What two records of one meeting differ in, and never what either says of it."""

    HELD = "held"
    START = "start"
    LENGTH = "length"


@dataclass(frozen=True)
class Noted:
    """One side's record. `started_at` is UTC, `time_zone` the one it was entered in."""

    id: UUID
    started_at: datetime
    time_zone: str
    duration_minutes: int
    channel: Channel
    happened: bool
    began_on_time: bool | None


@dataclass(frozen=True)
class ComparedMeeting:
    """One meeting by what either side noted of it. At least one of the two is there."""

    state: State
    mine: Noted | None
    theirs: Noted | None

    @property
    def started_at(self) -> datetime:
        """When it began: by my record if there is one."""
        return (self.mine or self.theirs).started_at  # type: ignore[union-attr]  # one of the two is always there

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the two records differ in. Channels are left out: of two channels, not mine would tell theirs."""
        if self.mine is None or self.theirs is None:
            return ()
        one, other = self.mine, self.theirs
        held_by_both = one.happened and other.happened
        is_longer = abs(one.duration_minutes - other.duration_minutes) > ROUNDED
        found = {
            Difference.HELD: one.happened is not other.happened,
            Difference.START: not _is_near(one, other),
            Difference.LENGTH: held_by_both and is_longer,
        }
        return tuple(difference for difference, is_so in found.items() if is_so)


def reconcile(mine: Sequence[Noted], theirs: Sequence[Noted], zone: str) -> tuple[ComparedMeeting, ...]:
    """Every record once, newest meeting first. `zone` is the scheme's: its calendar says what one day is."""
    partner: dict[UUID, Noted] = {}
    for one, other in sorted(_candidates(mine, theirs, zone), key=_nearness):
        if one.id not in partner and other.id not in partner:
            partner[one.id], partner[other.id] = other, one
    met = [ComparedMeeting(_state(one, partner.get(one.id)), one, partner.get(one.id)) for one in mine]
    alone = [ComparedMeeting(State.THEIRS_ONLY, None, other) for other in theirs if other.id not in partner]
    return tuple(sorted(met + alone, key=_age, reverse=True))


def _candidates(mine: Iterable[Noted], theirs: Iterable[Noted], zone: str) -> Iterator[tuple[Noted, Noted]]:
    """Every two records that could be about one meeting; only neighbours in time are looked at."""
    ordered = sorted(theirs, key=_start)
    for one in mine:
        first = bisect_left(ordered, one.started_at - LONGEST_DAY, key=_start)
        last = bisect_right(ordered, one.started_at + LONGEST_DAY, key=_start)
        for other in ordered[first:last]:
            if _is_near(one, other) or times.day_in(one.started_at, zone) == times.day_in(other.started_at, zone):
                yield one, other


def _nearness(pair: tuple[Noted, Noted]) -> tuple[timedelta, datetime, datetime, UUID, UUID]:
    """What comes first: the nearest, then the earliest; ids settle the rest, the same from either side."""
    one, other = pair
    earlier, later = sorted((one.started_at, other.started_at))
    low, high = sorted((one.id, other.id))
    return later - earlier, earlier, later, low, high


def _state(one: Noted, other: Noted | None) -> State:
    if other is None:
        return State.MINE_ONLY
    agree = _is_near(one, other) and one.happened is other.happened
    return State.BOTH if agree else State.DIFFER


def _is_near(one: Noted, other: Noted) -> bool:
    return abs(one.started_at - other.started_at) <= NEAR


def _start(noted: Noted) -> datetime:
    return noted.started_at


def _age(meeting: ComparedMeeting) -> tuple[datetime, UUID]:
    """The earlier of the two starts, so that both sides list the meetings in one order."""
    records = [record for record in (meeting.mine, meeting.theirs) if record]
    return min(record.started_at for record in records), min(record.id for record in records)
