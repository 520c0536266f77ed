"""A cohort of any size, in bulk: what a scheme looks like after half a year."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, select

from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, PairingStatus
from models.people import Person, Role, RoleGrant
from models.schemes import Channel, Cohort
from services.access import DESK
from services.schemes import starting

SECTORS = ("energy", "law", "finance", "education", "technology")
NAMES = ("Chen Yuxin", "Marguerite Oyelaran", "李娜", "Ólafur Þórsson", "Priya Raghunathan", "Amara Nwosu")
CHUNK = 2000


@dataclass(frozen=True)
class Population:
    """Somebody of each kind to open screens as."""

    cohort_id: UUID
    coordinator_id: UUID
    manager_id: UUID
    mentor_id: UUID
    mentee_id: UUID


def populate(session: Session, enrolments: int, *, seed: int = 7) -> Population:
    """A UNNC-like cohort of that many enrolments, two in five of them mentors, three in four mentees paired."""
    chance = random.Random(seed)
    cohort = _cohort(session)
    mentors = _enrol(session, cohort, Side.MENTOR, enrolments * 2 // 5, chance)
    mentees = _enrol(session, cohort, Side.MENTEE, enrolments - len(mentors), chance)
    pairs = list(zip(mentees[: len(mentees) * 3 // 4], mentors * 2, strict=False))
    _pair(session, cohort, pairs, chance)
    staff = [_staff(session, cohort, role) for role in (Role.COORDINATOR, Role.MANAGER)]
    session.commit()
    first_mentee, first_mentor = pairs[0]
    return Population(cohort.id, *staff, _person_of(session, first_mentor), _person_of(session, first_mentee))


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


def _enrol(session: Session, cohort: Cohort, side: Side, count: int, chance: random.Random) -> list[UUID]:
    now, people, enrolments, consents = utc_now(), [], [], []
    for number in range(count):
        name, key = f"{chance.choice(NAMES)} {number}", f"{side}{number}-{uuid4().hex[:8]}@example.org"
        person = {"id": uuid4(), "created_at": now, "version": 1, "full_name": name, "email": key, "email_key": key}
        enrolment = _enrolment(person["id"], cohort, side, name, chance)
        people.append(person | {"time_zone": "Europe/London", "language": "en"})
        enrolments.append(enrolment)
        for purpose in (ConsentPurpose.DIRECTORY, ConsentPurpose.SHARE_EMAIL):
            consents.append(_consent(enrolment["id"], purpose))
    _insert(session, Person, people)
    _insert(session, Enrolment, enrolments)
    _insert(session, Consent, consents)
    return [enrolment["id"] for enrolment in enrolments]


def _enrolment(person_id: Any, cohort: Cohort, side: Side, name: str, chance: random.Random) -> dict[str, Any]:
    now = utc_now() - timedelta(days=chance.randrange(150, 180))
    return {
        "id": uuid4(),
        "created_at": now,
        "version": 1,
        "person_id": person_id,
        "cohort_id": cohort.id,
        "side": side,
        "status": chance.choice([EnrolmentStatus.SUBMITTED] + [EnrolmentStatus.APPROVED] * 9),
        "sort_key": name.casefold(),
        "role_title": "Counsel",
        "sector": chance.choice(SECTORS),
        "summary": "Ten years of grid projects in three countries.",
        "goals": "Find a first role in an energy team.",
        "languages": ["en"],
        "channels": ["email"],
        "capacity": 2,
        "answers": {},
        "claims": {},
        "imported": True,
        "conflicts_declared_at": now,
        "submitted_at": now,
        "decided_at": now,
        "waiting_since": now,
    }


def _consent(enrolment_id: UUID, purpose: ConsentPurpose) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "created_at": utc_now(),
        "enrolment_id": enrolment_id,
        "purpose": purpose,
        "wording_sha256": "0" * 64,
        "language": "en",
    }


def _pair(session: Session, cohort: Cohort, pairs: list[tuple[UUID, UUID]], chance: random.Random) -> None:
    now, proposals, pairings, records, contacts = utc_now(), [], [], [], []
    for mentee_id, mentor_id in pairs:
        released = now - timedelta(days=chance.randrange(20, 140))
        both = {"created_at": released, "version": 1, "cohort_id": cohort.id}
        both |= {"mentor_id": mentor_id, "mentee_id": mentee_id}
        proposal = both | {"id": uuid4(), "status": ProposalStatus.ACCEPTED, "waits_for": Side.MENTOR, "score": 0.7}
        proposals.append(proposal | {"reasons": [], "sent_at": released, "answered_at": released, "reminders_sent": 0})
        pairing = both | {"id": uuid4(), "status": PairingStatus.ACTIVE, "released_at": released}
        pairings.append(pairing | {"proposal_id": proposal["id"], "first_contact_on": released.date()})
        contacts.append(_contact(pairing["id"], released))
        for number in range(chance.randrange(0, 6)):
            records += _records(pairing["id"], released + timedelta(days=1 + number * 14), chance)
    for table, rows in ((Proposal, proposals), (Pairing, pairings), (MeetingRecord, records), (Contact, contacts)):
        _insert(session, table, rows)


def _contact(pairing_id: Any, at: Any) -> dict[str, Any]:
    sign = {"id": uuid4(), "created_at": at, "pairing_id": pairing_id, "noted_by": Side.MENTEE}
    return sign | {"channel": Channel.EMAIL, "contact_on": at.date()}


def _records(pairing_id: Any, at: Any, chance: random.Random) -> list[dict[str, Any]]:
    sides = [Side.MENTEE, Side.MENTOR] if chance.random() < 0.8 else [Side.MENTEE]
    shared = {"created_at": at, "version": 1, "pairing_id": pairing_id, "started_at": at, "happened": True}
    shared |= {"time_zone": "Asia/Shanghai", "duration_minutes": 45, "channel": Channel.WECHAT}
    return [shared | {"id": uuid4(), "side": side, "operation_id": uuid4()} for side in sides]


def _staff(session: Session, cohort: Cohort, role: Role) -> UUID:
    key = f"{role}-{uuid4().hex[:8]}@example.org"
    person = Person(full_name=f"{role.value.title()} Benchmark", email=key, email_key=key)
    session.add(person)
    session.flush()
    session.add(RoleGrant(person_id=person.id, scheme_id=cohort.scheme_id, role=role))
    return person.id


def _person_of(session: Session, enrolment_id: UUID) -> UUID:
    return session.exec(select(Enrolment.person_id).where(col(Enrolment.id) == enrolment_id)).one()


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        session.execute(insert(table), rows[start : start + CHUNK])
