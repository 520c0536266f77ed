"""Loads the demonstration: opens two cohorts a year ago, lets everything happen, and hands over the accounts.

Of one scheme the next intake is there too, ready to be matched.

Nothing here writes a row of its own. What cannot be said through a service does not happen in the demonstration.
"""

import random
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.audit import Installation
from models.columns import telling, utc_now
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus
from models.people import LinkPurpose, Person, Role
from models.schemes import Cohort
from services import accounts, audit, feedback, jobs, links, parity, people, roles
from services.access import DESK, Acting, Actor, Place
from services.demonstration import asking, intake, invented, joining, learning, matching, removing
from services.demonstration.stage import YEAR_DAYS, Member, Stage, Story
from services.errors import Conflict, NotAllowed
from services.schemes import starting
from services.settings import settings
from services.units import writes

TEMPLATES = ("aulp", "unnc_alumni")
COORDINATOR = ("Judith Wennington", f"judith.wennington@{invented.DOMAIN}")
MANAGER = ("Harriet Molyneux", f"harriet.molyneux@{invented.DOMAIN}")
# No vowels, so that no name can come up in a password, and nothing that looks like something else.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
_GROUPS, _GROUP = 5, 4
_SEED = 20_260_901


@dataclass(frozen=True)
class DemoAccount:
    """Somebody to sign in as. The password is known here only: the database has its hash."""

    role: str
    name: str
    email: str
    password: str


def load(session: Session) -> tuple[DemoAccount, ...]:
    """Load both cohorts with their year; gives accounts for each role, which open at once.

    Takes half a minute and many commits; if it fails, what there is already is removed again.
    Raises NotAllowed in production, and Conflict when the demonstration, or one of its addresses, is here already.
    """
    if settings().is_production:
        raise NotAllowed(
            "A demonstration has no place in production.", remedy="Start a desk of its own for it, on another machine."
        )
    story = Story(now=utc_now())
    with telling(story.now - timedelta(days=YEAR_DAYS)):
        stages = _open(session, story)
    try:
        for stage in stages:
            joining.plan(stage)
            matching.plan(stage)
            asking.plan(stage)
            learning.plan(stage)
            intake.plan(stage)
        story.tell(session)
        parity.publish_due(session, story.now)
        given = _hand_over(session, stages)
        _close(session)
    except BaseException:
        session.rollback()
        removing.remove(session, DESK)
        _close(session)
        raise
    return given


def is_loaded(session: Session) -> bool:
    """Whether a demonstration is here."""
    return session.exec(select(Cohort.id).where(col(Cohort.is_demonstration)).limit(1)).first() is not None


@writes
def _open(session: Session, story: Story) -> list[Stage]:
    """The two who run it, and both schemes with their cohort, all or nothing. Raises Conflict."""
    # The desk's own row is held: of two who load at once, the second finds the first one's cohorts.
    session.exec(select(Installation).where(Installation.id == 1).with_for_update()).one()
    _refuse_twice(session)
    coordinator, manager = (_staff(session, *who) for who in (COORDINATOR, MANAGER))
    stages = [_stage(session, story, key, coordinator, manager) for key in TEMPLATES]
    for person in (coordinator, manager):
        accounts.ensure_invited(session, DESK, person.id, scheme_id=stages[0].scheme_id)
    # A running server would find last year's proposals overdue while they are still being told of.
    jobs.hold(session, story.now)
    audit.record(session, DESK, "demonstration.begun")
    session.commit()
    return stages


@writes
def _close(session: Session) -> None:
    jobs.let_go(session)
    session.commit()


def _refuse_twice(session: Session) -> None:
    if is_loaded(session):
        raise Conflict(
            "The demonstration is loaded already.", remedy="Sign in with its accounts, or remove it and load it again."
        )
    keys = [person.email for key in TEMPLATES for side in Side for person in invented.people(key, side)]
    keys += [*intake.addresses(), COORDINATOR[1], MANAGER[1]]
    taken = select(Person.id).where(col(Person.email_key).in_(keys)).limit(1)
    if session.exec(taken).first() is not None:
        raise Conflict(
            "Somebody here has the address of one of the demonstration's invented people.",
            remedy="Load it on a desk of its own.",
        )


def _staff(session: Session, name: str, email: str) -> Person:
    person = people.add(session, DESK, full_name=name, email=email, email_key=email, time_zone="Europe/London")
    session.flush()  # the person's row first: without a relationship nothing else orders the two
    return person


def _stage(session: Session, story: Story, key: str, coordinator: Person, manager: Person) -> Stage:
    """A scheme with its cohort, begun a month into the story: people join before it starts."""
    office = f"{key.replace('_', '.')}.office@{invented.DOMAIN}"
    scheme = starting.add_scheme(session, DESK, key, reply_address=office)
    for person, role in ((coordinator, Role.COORDINATOR), (manager, Role.MANAGER)):
        roles.add(session, DESK, person_id=person.id, scheme_id=scheme.id, role=role)
    starts_on, ends_on = _dates(story.now)
    name = f"{starts_on.year}/{ends_on.year % 100:02} (demonstration)"
    cohort = starting.add_run(session, DESK, scheme, name, starts_on, ends_on, is_demonstration=True)
    session.flush()  # whoever is written to from here on is written to in a demonstration
    place = Place(Acting.COORDINATOR, scheme.id, scheme.name, cohort.id, cohort.name)
    return Stage(
        story=story,
        key=key,
        scheme_id=scheme.id,
        scheme=scheme.name,
        cohort_id=cohort.id,
        cohort=cohort.name,
        zone=scheme.time_zone,
        channels=tuple(scheme.channels),
        interval_days=scheme.default_interval_days,
        coordinator=Actor(coordinator.id, coordinator.full_name, place, (place,), time_zone="Europe/London"),
        dice=random.Random(f"{_SEED} {key}"),  # noqa: S311 - dice for a story, nothing secret
    )


def _dates(now: datetime) -> tuple[date, date]:
    """The cohort's first and last day: a month after the story begins, and some weeks from now."""
    first = (now - timedelta(days=YEAR_DAYS - 28)).date().replace(day=1)
    return first, (now + timedelta(days=45)).date()


def _hand_over(session: Session, stages: list[Stage]) -> tuple[DemoAccount, ...]:
    """Accounts for both members of staff, and for the pair of each cohort that has most to show."""
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    chosen = [("Coordinator of both schemes", COORDINATOR[1]), ("Scheme manager of both", MANAGER[1])]
    for stage in stages:
        for side, email in _liveliest(session, stage).items():
            chosen.append((f"{side.value.capitalize()}, {stage.scheme}", email))
    return tuple(_opened(session, role, email, password) for role, email in chosen)


def _liveliest(session: Session, stage: Stage) -> dict[Side, str]:
    """The addresses of two who work together, keep in rhythm, have noted most, and have a form to fill in."""
    statement = (
        select(Pairing.mentor_id, Pairing.mentee_id)
        .join(MeetingRecord, col(MeetingRecord.pairing_id) == col(Pairing.id))
        .where(Pairing.cohort_id == stage.cohort_id, Pairing.status == PairingStatus.ACTIVE)
        .group_by(col(Pairing.id))
        .having(func.max(MeetingRecord.started_at) > stage.story.now - timedelta(days=stage.interval_days))
        .order_by(func.count().desc())
        .limit(8)
    )
    found = [(stage.members[mentor], stage.members[mentee]) for mentor, mentee in session.exec(statement).all()]
    mentor, mentee = min(found, key=lambda pair: (_forms_missing(session, stage, *pair), pair[1].known.number))
    return {Side.MENTOR: mentor.known.email, Side.MENTEE: mentee.known.email}


def _forms_missing(session: Session, stage: Stage, *pair: Member) -> int:
    """How many of the two have no form of feedback waiting for them."""
    return sum(not feedback.due(session, member.actor) for member in pair)


def _opened(session: Session, role: str, email: str, password: str) -> DemoAccount:
    """The account with its password, chosen as everybody chooses one: by the link of the invitation."""
    person = session.exec(select(Person).where(Person.email_key == email)).one()
    name, person_id = person.full_name, person.id
    accounts.choose_password(session, _invitation(session, person_id), password)
    return DemoAccount(role, name, email, password)


@writes
def _invitation(session: Session, person_id: UUID) -> str:
    token = links.mint(session, LinkPurpose.INVITATION, person_id, hours=1)
    session.commit()
    return token
