"""A cohort of any size, in bulk: what a scheme looks like after half a year."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.pairings import Pairing
from models.people import Person, Role, RoleGrant
from models.schemes import Cohort
from services.access import DESK
from services.schemes import starting
from tests.benchmarks import history
from tests.benchmarks.bulk import insert_rows, row

SECTORS = ("energy", "law", "finance", "education", "technology")
NAMES = ("Chen Yuxin", "Marguerite Oyelaran", "李娜", "Ólafur Þórsson", "Priya Raghunathan", "Amara Nwosu")
# Of ten enrolments one waits for the coordinator; of ten people one has not answered the question about conflicts.
STATUSES = [EnrolmentStatus.SUBMITTED] + [EnrolmentStatus.APPROVED] * 9


@dataclass(frozen=True)
class Population:
    """Somebody of each kind to open screens as; `looking_id` is a mentee who has no mentor yet."""

    cohort_id: UUID
    coordinator_id: UUID
    manager_id: UUID
    mentor_id: UUID
    mentee_id: UUID
    looking_id: UUID


def populate(session: Session, enrolments: int, *, seed: int = 7) -> Population:
    """A UNNC-like cohort of that many enrolments, two in five of them mentors, three in four mentees paired.

    Four mentors in five have signed and are trained; half a year of meetings, messages and answers lies behind them.
    """
    chance = random.Random(seed)
    cohort = _cohort(session)
    coordinator_id, manager_id = (_staff(session, cohort, role) for role in (Role.COORDINATOR, Role.MANAGER))
    mentors = _enrol(session, cohort, Side.MENTOR, enrolments * 2 // 5, chance)
    mentees = _enrol(session, cohort, Side.MENTEE, enrolments - len(mentors), chance)
    first_mentor, first_mentee = history.live(session, cohort, mentors, mentees, chance, coordinator_id=coordinator_id)
    session.commit()
    mentor_id, mentee_id = (_person_of(session, each) for each in (first_mentor, first_mentee))
    looking_id = _person_of(session, _without_mentor(session))
    return Population(cohort.id, coordinator_id, manager_id, mentor_id, mentee_id, looking_id)


def _without_mentor(session: Session) -> UUID:
    """An approved mentee to whom the directory is open."""
    approved = (Enrolment.side == Side.MENTEE, Enrolment.status == EnrolmentStatus.APPROVED)
    paired = select(Pairing.id).where(Pairing.mentee_id == Enrolment.id).exists()
    return session.exec(select(Enrolment.id).where(*approved, ~paired).order_by(col(Enrolment.sort_key)).limit(1)).one()


def _cohort(session: Session) -> Cohort:
    today = date.today()  # noqa: DTZ011 - a cohort's dates are days, not moments
    started = starting.start(
        session,
        DESK,
        "unnc_alumni",
        cohort_name="Benchmark",
        starts_on=today - timedelta(days=180),
        ends_on=today + timedelta(days=180),
    )
    return session.get_one(Cohort, started.id)


def _enrol(
    session: Session, cohort: Cohort, side: Side, count: int, chance: random.Random
) -> list[history.Participant]:
    people, enrolments, consents = [], [], []
    for number in range(count):
        name, key = f"{chance.choice(NAMES)} {number}", f"{side}{number}-{uuid4().hex[:8]}@example.org"
        person = row(version=1, full_name=name, email=key, email_key=key, time_zone="Europe/London", language="en")
        enrolment = _enrolment(person["id"], cohort, side, name, chance)
        people.append(person)
        enrolments.append(enrolment)
        purposes = [ConsentPurpose.DIRECTORY, ConsentPurpose.SHARE_EMAIL][chance.random() < 0.1 :]
        consents += [_consent(enrolment["id"], purpose) for purpose in purposes]
    insert_rows(session, Person, people)
    insert_rows(session, Enrolment, enrolments)
    insert_rows(session, Consent, consents)
    return [history.Participant(each["id"], each["person_id"], each["status"]) for each in enrolments]


def _enrolment(person_id: Any, cohort: Cohort, side: Side, name: str, chance: random.Random) -> dict[str, Any]:
    then = utc_now() - timedelta(days=chance.randrange(150, 180))
    # The first of each side are those whom the benchmark looks through: they have done everything.
    is_first = name.endswith(" 0")
    status = EnrolmentStatus.APPROVED if is_first else chance.choice(STATUSES)
    declared = then if is_first or chance.random() < 0.9 else None
    return row(
        then,
        version=1,
        person_id=person_id,
        cohort_id=cohort.id,
        side=side,
        status=status,
        sort_key=name.casefold(),
        role_title="Counsel",
        sector=chance.choice(SECTORS),
        summary="Ten years of grid projects in three countries.",
        goals="Find a first role in an energy team.",
        languages=["en"],
        channels=["email"],
        capacity=3,
        answers={},
        claims={},
        imported=True,
        conflicts_declared_at=declared,
        submitted_at=then,
        decided_at=then if status is EnrolmentStatus.APPROVED else None,
        waiting_since=then,
    )


def _consent(enrolment_id: UUID, purpose: ConsentPurpose) -> dict[str, Any]:
    return row(enrolment_id=enrolment_id, purpose=purpose, wording_sha256="0" * 64, language="en")


def _staff(session: Session, cohort: Cohort, role: Role) -> UUID:
    key = f"{role}-{uuid4().hex[:8]}@example.org"
    person = Person(full_name=f"{role.value.title()} Benchmark", email=key, email_key=key)
    session.add(person)
    session.flush()
    session.add(RoleGrant(person_id=person.id, scheme_id=cohort.scheme_id, role=role))
    session.flush()
    return person.id


def _person_of(session: Session, enrolment_id: UUID) -> UUID:
    return session.exec(select(Enrolment.person_id).where(col(Enrolment.id) == enrolment_id)).one()
