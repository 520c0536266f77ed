"""Two people whom a scheme has introduced to each other, each with details that nobody else may read yet."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlmodel import Session, select

from models.agreements import SchemeDocument, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, Side, Wish
from models.matching import Proposal
from models.people import Person
from models.schemes import Cohort
from services import proposals, sessions
from services.access import DESK, Acting, Place
from services.matching import runs
from services.schemes import starting
from tests.factories import (
    make_account,
    make_actor,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_person,
    make_signature,
)

AULP, UNNC = "aulp", "unnc_alumni"
SHARING = (ConsentPurpose.SHARE_EMAIL, ConsentPurpose.SHARE_TELEPHONE, ConsentPurpose.SHARE_WECHAT)


@dataclass(frozen=True)
class Half:
    """One of the two. `planted` are the words that only their owner and the scheme may read, by what they are."""

    person_id: UUID
    enrolment_id: UUID
    name: str
    email: str
    place: str
    token: str
    planted: dict[str, str]

    @property
    def contacts(self) -> dict[str, str]:
        """The ways to reach them, of what is planted."""
        return {name: self.planted[name] for name in ("email", "telephone", "wechat")}


@dataclass(frozen=True)
class Introduced:
    """A mentor and a mentee with a proposal that has been sent and not been answered."""

    scheme_key: str
    scheme_id: UUID
    proposal_id: UUID
    mentor: Half
    mentee: Half


def introduce(engine: Engine, scheme_key: str, *, consents: tuple[ConsentPurpose, ...] = SHARING) -> Introduced:
    """A scheme of its own from a real template, its run and its proposal. In a scheme of wishes the mentee wished."""
    with Session(engine) as session:
        today = datetime.now(UTC).date()
        cohort = starting.start(
            session,
            DESK,
            scheme_key,
            cohort_name="One",
            starts_on=date(today.year, 1, 1),
            ends_on=date(today.year + 1, 12, 31),
            scheme_name=f"Scheme {uuid4().hex[:8]}",
        )
        mentor, mentee = (_half(session, cohort, side) for side in (Side.MENTOR, Side.MENTEE))
        for purpose in (ConsentPurpose.DIRECTORY, *consents):
            make_consent(session, session.get_one(Enrolment, mentor.enrolment_id), purpose)
        make_consent(session, session.get_one(Enrolment, mentee.enrolment_id), ConsentPurpose.SHARE_EMAIL)
        if scheme_key == UNNC:
            session.add(Wish(mentee_id=mentee.enrolment_id, mentor_id=mentor.enrolment_id, rank=1))
        _send(session, cohort, mentee)
        proposal_id = session.exec(select(Proposal.id).where(Proposal.cohort_id == cohort.id)).one()
        return Introduced(scheme_key, cohort.scheme_id, proposal_id, mentor, mentee)


def stranger(engine: Engine) -> str:
    """The token of somebody who is signed in and has no place in any scheme."""
    with Session(engine) as session:
        return sessions.open_for(session, make_account(session, make_person(session, "Nemo Nobody")).id)


def coordinator_of(engine: Engine, introduced: Introduced) -> tuple[str, str]:
    """The token and the place of somebody who runs the scheme of the two."""
    with Session(engine) as session:
        cohort = session.exec(select(Cohort).where(Cohort.scheme_id == introduced.scheme_id)).one()
        person = make_coordinator(session, cohort)
        place = make_actor(person, cohort).place.key
        return sessions.open_for(session, make_account(session, person).id), place


def _half(session: Session, cohort: Cohort, side: Side) -> Half:
    """An approved place for which nothing is missing."""
    code, digits = uuid4().hex[:8], f"{uuid4().int % 10**7:07}"
    planted = {
        "email": f"{side.value}.{code}@hidden-{code}.example.org",
        "telephone": f"+44 20 7{digits[:3]} {digits[3:]}",
        "wechat": f"wx_{code}_{side.value[-3:]}",
        "organisation": f"Employer {uuid4().hex[:12]}",
        "access_needs": f"Captions {uuid4().hex[:12]}",
        "background": f"Born in {uuid4().hex[:12]}",
    }
    person = make_person(
        session,
        f"{side.value.title()} {code.title()}",
        email=planted["email"],
        telephone=planted["telephone"],
        telephone_key=planted["telephone"].replace(" ", ""),
        wechat_id=planted["wechat"],
        time_zone="Europe/London",
    )
    enrolment = make_enrolment(
        session,
        cohort,
        side,
        person=person,
        organisation=planted["organisation"],
        goals="To understand how tariffs are made.",
        answers={name: planted[name] for name in ("access_needs", "background")},
    )
    token = _ready(session, cohort, enrolment, person)
    place = Place(Acting(side.value), cohort.scheme_id, cohort_id=cohort.id, enrolment_id=enrolment.id)
    return Half(person.id, enrolment.id, person.full_name, person.email, place.key, token, planted)


def _ready(session: Session, cohort: Cohort, enrolment: Enrolment, person: Person) -> str:
    """Everything signed and learnt that the scheme asks of this side; answers the token of a signed-in browser."""
    account = make_account(session, person)
    documents = session.exec(select(SchemeDocument).where(SchemeDocument.scheme_id == cohort.scheme_id))
    for document in documents.all():
        if enrolment.side in document.signed_by:
            make_signature(session, enrolment, document, account)
    for module in session.exec(select(TrainingModule).where(TrainingModule.scheme_id == cohort.scheme_id)).all():
        session.add(
            TrainingCompletion(
                enrolment_id=enrolment.id,
                module_id=module.id,
                correct_answers=len(module.questions),
                completed_on=utc_now().date(),
                expires_on=date.max,
            )
        )
    return sessions.open_for(session, account.id)


def _send(session: Session, cohort: Cohort, mentee: Half) -> None:
    """What the coordinator does: run, approve, send."""
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    run = runs.run(session, coordinator, cohort.id, today=utc_now().date())
    drafted = proposals.draft(session, coordinator, run.id, [mentee.enrolment_id])
    sent = proposals.send(session, coordinator, drafted.done)
    assert (len(sent.done), sent.held_back) == (1, ())
