"""Next year's intake of the alumni scheme: sixty students and forty mentors, imported from two files and admitted.

Everything is done that the scheme asks before a match, and nobody is matched yet: the matching day is left to whoever
looks around. The alumni scheme, because here students rank wishes and write what they hope for in several languages.
There are fewer places than students, and of some fields far fewer. The files are as a forms tool exports them.
"""

import csv
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, Side
from models.people import Account, Person
from models.schemes import Cohort, Scheme
from services import conflicts, directory, enrolments, wishes
from services.access import DESK, Acting, Actor, Place
from services.demonstration import invented
from services.demonstration.invented import Invented
from services.demonstration.joining import agree, sign, take_checks
from services.demonstration.stage import Member, Stage, today
from services.imports import arrivals
from services.schemes import starting
from services.units import writes

KEY = "unnc_alumni"
# Days of the story: the cohort is opened, the files arrive, people do their part until the day before yesterday.
OPENED, IMPORTED, ADMITTED, DONE = 318, 330, 333, 362
_FILES = Path(__file__).with_name("intake")
MOST_WISHES = 3


def addresses() -> list[str]:
    """The email addresses of everybody who is in the files."""
    return [row["Email"] for side in Side for row in csv.DictReader(_text(side).splitlines())]


def plan(stage: Stage) -> None:
    """Puts the intake on the agenda of the scheme's running cohort."""
    if stage.key == KEY:
        stage.story.at(stage.office_hours(OPENED), _open, stage)


def _text(side: Side) -> str:
    return (_FILES / f"{side.value}s.csv").read_text(encoding="utf-8")


@writes
def _open(session: Session, running: Stage) -> None:
    """The next cohort of the scheme, for a year from next month on."""
    starts_on, ends_on = _dates(running.story.now)
    name = f"{starts_on.year} intake (demonstration)"
    scheme = session.get_one(Scheme, running.scheme_id)
    cohort = starting.add_run(session, DESK, scheme, name, starts_on, ends_on, is_demonstration=True)
    session.commit()
    stage = _stage(running, cohort)
    stage.story.at(stage.office_hours(IMPORTED), _import, stage)


def _dates(now: datetime) -> tuple[date, date]:
    starts_on = (now + timedelta(days=40)).date().replace(day=1)
    return starts_on, starts_on.replace(year=starts_on.year + 1) - timedelta(days=1)


def _stage(running: Stage, cohort: Cohort) -> Stage:
    place = Place(Acting.COORDINATOR, running.scheme_id, running.scheme, cohort.id, cohort.name)
    return replace(
        running,
        cohort_id=cohort.id,
        cohort=cohort.name,
        coordinator=replace(running.coordinator, place=place, places=(place,)),
        dice=random.Random(f"intake {running.key}"),  # noqa: S311 - dice for a story, nothing secret
        members={},
        waiting=[],
        pairs=0,
    )


def _import(session: Session, stage: Stage) -> None:
    for side in (Side.MENTOR, Side.MENTEE):
        name, content = f"{side.value}s.csv", _text(side).encode()
        arrivals.confirm(
            session, stage.coordinator, stage.cohort_id, file_name=name, content=content, mapping=None, side=side
        )
    stage.story.at(stage.office_hours(ADMITTED), _admit, stage)


def _admit(session: Session, stage: Stage) -> None:
    """Everybody is let in at once; then each does their part, the mentors first."""
    imported = select(Enrolment.id).where(Enrolment.cohort_id == stage.cohort_id)
    enrolments.approve(session, stage.coordinator, session.exec(imported).all())
    first, between = stage.day(ADMITTED + 1, 9), stage.day(ADMITTED + 12, 9)
    for member in _members(session, stage):
        stage.members[member.enrolment_id] = member
        begins, days = (first, 9.0) if member.side is Side.MENTOR else (between, float(DONE - ADMITTED - 13))
        stage.story.at(begins + timedelta(days=stage.dice.uniform(0, days)), _settle, stage, member)


def _members(session: Session, stage: Stage) -> list[Member]:
    """By address and not by id: ids differ from one demonstration to the next."""
    found = session.exec(
        select(Enrolment, Person, Account.id)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(Enrolment.cohort_id == stage.cohort_id)
        .order_by(col(Person.email_key))
    )
    return [_member(stage, number, *row) for number, row in enumerate(found)]


def _member(stage: Stage, number: int, enrolment: Enrolment, person: Person, account_id: UUID) -> Member:
    zone = person.time_zone or stage.zone
    place = stage.place(Acting(enrolment.side.value), enrolment.id)
    actor = Actor(person.id, person.full_name, place, (place,), account_id, time_zone=zone)
    shared = {
        ConsentPurpose.SHARE_EMAIL: True,
        ConsentPurpose.SHARE_WECHAT: bool(person.wechat_id),
        ConsentPurpose.DIRECTORY: enrolment.side is Side.MENTOR,
    }
    said = enrolment.answers | {"organisation": enrolment.organisation, "languages": enrolment.languages}
    known = Invented(
        number=number,
        side=enrolment.side,
        full_name=person.full_name,
        email=person.email,
        zone=zone,
        answers={"sector": enrolment.sector},
        consents=tuple(purpose for purpose, given in shared.items() if given),
        listed=invented.listed(enrolment.side, number, said),
        shared=invented.shared(number, said),
    )
    return Member(known, actor, enrolment.id)


def _settle(session: Session, stage: Stage, member: Member) -> None:
    """What everybody does before a match: whom not to meet, what to share; mentors sign and learn, students wish."""
    conflicts.declare_by_words(session, member.actor, _not_with(stage, member))
    agree(session, member)
    if member.side is Side.MENTOR:
        sign(session, member)
        take_checks(session, stage, member, passes=True)
    elif member.known.number % 4:
        _wish(session, stage, member)


def _not_with(stage: Stage, member: Member) -> list[str]:
    """Now and then somebody names a person whom they know too well; the files name some more."""
    others = [each.known.email for each in stage.members.values() if each.side is not member.side]
    return [stage.dice.choice(others)] if member.known.number % 14 == 3 else []


def _wish(session: Session, stage: Stage, member: Member) -> None:
    """Ranks up to three mentors of the field: where there are few, many wish for the same ones."""
    day = today(stage, utc_now())
    listed = directory.listed(session, member.actor, sector=member.known.answers["sector"], today=day).mentors
    count = min(len(listed), 1 + member.known.number % MOST_WISHES)
    for mentor in stage.dice.sample(sorted(listed, key=lambda each: each.full_name), count):
        wishes.add(session, member.actor, mentor.id, today=day)
