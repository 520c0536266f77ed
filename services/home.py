"""Home: what needs somebody now, whoever they are in the place they act in."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models.enrolments import EnrolmentStatus
from models.people import Person
from models.schemes import Scheme
from services import home_administrator, home_coordinator, home_participant, tasks, times
from services.access import Acting, Actor
from services.home_coordinator import Keep, count_now
from services.my_matches import MyMatch
from services.tasks import Task

NOON, EVENING = 12, 18
NIGHT_ENDS = 4


@dataclass(frozen=True)
class Home:
    """What the screen shows first. `edition` says until when the cohort's figures may be kept; None: there are none."""

    greeting: str
    today: date
    tasks: tuple[Task, ...]
    matches: tuple[MyMatch, ...] = ()
    edition: int | None = None
    is_demonstration: bool = False
    has_left_a_place: bool = False
    status: EnrolmentStatus | None = None


def look(session: Session, actor: Actor, now: datetime, keep: Keep = count_now) -> Home:
    """The whole of it for this actor; at most six queries at any size. `keep` may remember a cohort's counts."""
    zone = _zone(session, actor)
    today = times.day_in(now, zone)
    if actor.side is not None:
        found, matches, own = home_participant.todo(session, actor, today)
        said = greeting(actor, own.called, now, zone)
        return Home(said, today, found, matches=matches, has_left_a_place=own.has_left_a_place, status=own.status)
    if actor.place.acting_as is Acting.COORDINATOR and actor.place.cohort_id is not None:
        listed, asked = home_coordinator.todo(session, actor, today, keep)
        said = greeting(actor, asked.called, now, zone)
        return Home(said, today, listed, edition=asked.edition or 0, is_demonstration=asked.is_demonstration)
    person = session.get(Person, actor.person_id)
    called = person.called if person else None
    # Whoever has no place any more is asked here about the ones that they left.
    return Home(greeting(actor, called, now, zone), today, todo(session, actor, today), has_left_a_place=True)


def todo(session: Session, actor: Actor, today: date) -> tuple[Task, ...]:
    """What needs the actor in this place, in the order that it is due. Raises NotAllowed for a place that is gone."""
    if actor.side is not None:
        return home_participant.todo(session, actor, today)[0]
    if actor.place.acting_as is Acting.COORDINATOR and actor.place.cohort_id is not None:
        return home_coordinator.todo(session, actor, today)[0]
    if actor.place.acting_as is Acting.MANAGER and actor.place.cohort_id is not None:
        detail = "Counts without people, as of the last day that is over"
        return (Task(tasks.WHEN_YOU_CAN, "See how the cohort gets on", detail, "See the figures", "participation"),)
    if actor.place.acting_as is Acting.ADMINISTRATOR:
        return home_administrator.todo(session)
    if actor.place.acting_as is Acting.COORDINATOR:
        return (_first_cohort(),)
    return ()


def _first_cohort() -> Task:
    """For the coordinator of a scheme that has no cohort yet."""
    detail = "People enrol in a cohort, with a first and a last day"
    return Task(
        tasks.TODAY, "Start the first cohort", detail, "Start it", "scheme_settings", address=(("part", "cohorts"),)
    )


def greeting(actor: Actor, called: str | None, now: datetime, zone: str) -> str:
    """ "Good morning, Rosalind Achieng", by the clock where the person is, and by the name they want to be called by.

    A name is never cut: which part of it to call somebody by, only they know.
    """
    hour = now.astimezone(ZoneInfo(zone)).hour
    daytime = "morning" if hour < NOON else "afternoon"
    part = daytime if NIGHT_ENDS <= hour < EVENING else "evening"
    return f"Good {part}, {called or actor.name}"


def _zone(session: Session, actor: Actor) -> str:
    if actor.time_zone is not None:
        return actor.time_zone
    scheme = session.get(Scheme, actor.place.scheme_id) if actor.place.scheme_id else None
    return scheme.time_zone if scheme else "UTC"
