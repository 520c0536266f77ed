"""The stage on which the year is told: a clock, what happens when, and who takes part.

Things happen in the order of time, whoever they happen to, so that the journal reads as it would have been written.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models.columns import telling
from models.enrolments import Side
from services import times
from services.access import Acting, Actor, Place
from services.demonstration.invented import Invented

P = ParamSpec("P")
YEAR_DAYS = 364


@dataclass
class Story:
    """What happens, by moment. What would happen after `now` does not."""

    now: datetime
    _agenda: list[tuple[datetime, int, Callable[[Session], object]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def at(
        self,
        moment: datetime,
        act: Callable[Concatenate[Session, P], object],
        *args: P.args,
        **facts: P.kwargs,
    ) -> None:
        """Let `act(session, *args, **facts)` happen then."""
        if moment <= self.now:
            heapq.heappush(self._agenda, (moment, next(self._order), lambda session: act(session, *args, **facts)))

    def tell(self, session: Session) -> None:
        """Let everything happen, in the order of time."""
        while self._agenda:
            moment, _, act = heapq.heappop(self._agenda)
            with telling(moment):
                act(session)

    def day(self, number: float, hour: float, zone: str) -> datetime:
        """The moment on the story's day (0 to 364, the last is today) when a clock there shows this hour."""
        local = (self.now - timedelta(days=YEAR_DAYS - number)).astimezone(ZoneInfo(zone)).date()
        minutes = round(hour * 60)
        return datetime.combine(local, time(minutes // 60, minutes % 60), ZoneInfo(zone))


@dataclass
class Member:
    """Somebody in the cohort, once they have a place in it."""

    known: Invented
    actor: Actor
    enrolment_id: UUID
    has_signed: bool = False

    @property
    def side(self) -> Side:
        return self.known.side

    def today(self, moment: datetime) -> date:
        return times.day_in(moment, self.known.zone)


@dataclass
class Stage:
    """One cohort in the story: where it stands in the database, its people so far, and its dice."""

    story: Story
    key: str
    scheme_id: UUID
    scheme: str
    cohort_id: UUID
    cohort: str
    zone: str
    channels: tuple[str, ...]
    interval_days: int
    coordinator: Actor
    dice: random.Random
    members: dict[UUID, Member] = field(default_factory=dict)
    waiting: list[UUID] = field(default_factory=list)
    pairs: int = 0

    def place(self, acting: Acting, enrolment_id: UUID | None = None) -> Place:
        """A place in this cohort."""
        return Place(acting, self.scheme_id, self.scheme, self.cohort_id, self.cohort, enrolment_id)

    def day(self, number: float, hour: float) -> datetime:
        return self.story.day(number, hour, self.zone)

    def office_hours(self, number: float) -> datetime:
        """A moment of that day when the coordinator is at work."""
        return self.day(number, 9 + self.dice.random() * 8)

    def soon(self, moment: datetime, *, least: float, most: float) -> datetime:
        """Some days (with fractions) later."""
        return moment + timedelta(days=self.dice.uniform(least, most))


def today(stage: Stage, moment: datetime) -> date:
    """The day in the scheme's zone."""
    return times.day_in(moment, stage.zone)
