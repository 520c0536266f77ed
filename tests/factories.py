"""Valid rows in one call. A factory flushes and never commits; name only what the test is about."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlmodel import Session, SQLModel

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.people import Account, AccountStatus, Person, Role, RoleGrant
from models.schemes import AnsweredBy, Cohort, Scheme, Style
from services.access import Acting, Actor, Place

RowT = TypeVar("RowT", bound=SQLModel)


def make_person(session: Session, name: str = "Ama Boateng", **facts: Any) -> Person:
    email = facts.pop("email", f"{uuid4().hex[:12]}@example.org")
    person = Person(full_name=name, email=email, email_key=email.casefold(), **facts)
    return _kept(session, person)


def make_account(session: Session, person: Person, **facts: Any) -> Account:
    facts.setdefault("status", AccountStatus.ACTIVE)
    return _kept(session, Account(person_id=person.id, **facts))


def make_scheme(session: Session, **facts: Any) -> Scheme:
    chosen: dict[str, Any] = {
        "key": "test",
        "name": f"Scheme {uuid4().hex[:6]}",
        "style": Style.FACILITATIVE,
        "answered_by": AnsweredBy.MENTEE,
        "channels": ["email", "telephone", "video"],
        "criterion_weights": {"sector": 5, "goals": 5},
        "reminder_days": [5, 10],
    }
    return _kept(session, Scheme(**(chosen | facts)))


def make_cohort(session: Session, scheme: Scheme | None = None, **facts: Any) -> Cohort:
    chosen: dict[str, Any] = {
        "scheme_id": (scheme or make_scheme(session)).id,
        "name": f"Cohort {uuid4().hex[:6]}",
        "starts_on": date(2026, 9, 1),
        # In a year or ten these tests must still be about a cohort that goes on.
        "ends_on": max(date(2027, 8, 31), utc_now().date() + timedelta(days=30)),
    }
    return _kept(session, Cohort(**(chosen | facts)))


def make_enrolment(
    session: Session, cohort: Cohort, side: Side = Side.MENTEE, *, person: Person | None = None, **facts: Any
) -> Enrolment:
    """An approved place with nothing missing but a signature and training."""
    person = person or make_person(session, facts.pop("name", "Bo Lindqvist"))
    chosen: dict[str, Any] = {
        "person_id": person.id,
        "cohort_id": cohort.id,
        "side": side,
        "status": EnrolmentStatus.APPROVED,
        "sort_key": person.full_name.casefold(),
        "role_title": "Counsel",
        "sector": "energy",
        "summary": "Ten years of grid projects.",
        "languages": ["en"],
        "channels": ["email"],
        "conflicts_declared_at": utc_now(),
        "submitted_at": utc_now(),
        "decided_at": utc_now(),
        "waiting_since": utc_now(),
    }
    return _kept(session, Enrolment(**(chosen | facts)))


def make_consent(session: Session, enrolment: Enrolment, purpose: ConsentPurpose) -> Consent:
    return _kept(session, Consent(enrolment_id=enrolment.id, purpose=purpose, wording_sha256="0" * 64))


def make_document(session: Session, scheme_id: UUID, **facts: Any) -> SchemeDocument:
    text = facts.pop("text", "# One\n\n## X-1 · Be kind\n\nPlease be kind.\n")
    chosen: dict[str, Any] = {
        "scheme_id": scheme_id,
        "kind": DocumentKind.CODE,
        "edition": 1,
        "title": "Code of conduct",
        "text": text,
        "sha256": sha256(text.encode()).hexdigest(),
        "signed_by": ["mentor", "mentee"],
        "published_at": utc_now(),
    }
    return _kept(session, SchemeDocument(**(chosen | facts)))


def make_signature(session: Session, enrolment: Enrolment, document: SchemeDocument, account: Account) -> Signature:
    signature = Signature(
        enrolment_id=enrolment.id,
        document_id=document.id,
        account_id=account.id,
        side=enrolment.side,
        typed_name="As signed",
        sha256=document.sha256,
        edition=document.edition,
        language=document.language,
    )
    return _kept(session, signature)


def make_proposal(session: Session, cohort: Cohort, **facts: Any) -> Proposal:
    """A sent proposal; `mentor` and `mentee` may be names or enrolments."""
    mentor, mentee = facts.pop("mentor", "Bo Mentor"), facts.pop("mentee", "Ama Mentee")
    now = utc_now()
    chosen: dict[str, Any] = {
        "cohort_id": cohort.id,
        "mentor_id": _enrolled(session, cohort, Side.MENTOR, mentor).id,
        "mentee_id": _enrolled(session, cohort, Side.MENTEE, mentee).id,
        "status": ProposalStatus.SENT,
        "score": 0.8,
        "reasons": ["Both work in energy"],
        "sent_at": now,
        "expires_at": now + timedelta(days=14),
    }
    return _kept(session, Proposal(**(chosen | facts)))


def make_pairing(session: Session, cohort: Cohort, **facts: Any) -> Pairing:
    """A pairing released now; `mentor` and `mentee` may be names or enrolments."""
    mentor, mentee = facts.pop("mentor", "Bo Mentor"), facts.pop("mentee", "Ama Mentee")
    chosen: dict[str, Any] = {
        "cohort_id": cohort.id,
        "mentor_id": _enrolled(session, cohort, Side.MENTOR, mentor).id,
        "mentee_id": _enrolled(session, cohort, Side.MENTEE, mentee).id,
        "status": PairingStatus.RELEASED,
        "released_at": utc_now(),
    }
    return _kept(session, Pairing(**(chosen | facts)))


def make_coordinator(session: Session, cohort: Cohort, name: str = "Rosalind Achterberg") -> Person:
    return _with_role(session, cohort, Role.COORDINATOR, name)


def make_manager(session: Session, cohort: Cohort, name: str = "Hugh Manager") -> Person:
    return _with_role(session, cohort, Role.MANAGER, name)


def make_actor(person: Person, cohort: Cohort, acting: Acting = Acting.COORDINATOR) -> Actor:
    """The person, acting for the cohort's scheme."""
    place = Place(acting, cohort.scheme_id, "Scheme", cohort.id, cohort.name)
    return Actor(person_id=person.id, name=person.full_name, place=place, places=(place,))


def make_participant(session: Session, enrolment: Enrolment) -> Actor:
    """The person of an enrolment, acting in that place."""
    person, cohort = session.get_one(Person, enrolment.person_id), session.get_one(Cohort, enrolment.cohort_id)
    place = Place(
        Acting(enrolment.side.value), cohort.scheme_id, "Scheme", cohort.id, cohort.name, enrolment_id=enrolment.id
    )
    return Actor(person_id=person.id, name=person.full_name, place=place, places=(place,))


def _with_role(session: Session, cohort: Cohort, role: Role, name: str) -> Person:
    person = make_person(session, name)
    _kept(session, RoleGrant(person_id=person.id, scheme_id=cohort.scheme_id, role=role))
    return person


def _enrolled(session: Session, cohort: Cohort, side: Side, who: Any) -> Enrolment:
    return who if isinstance(who, Enrolment) else make_enrolment(session, cohort, side, name=str(who))


def _kept(session: Session, row: RowT) -> RowT:
    session.add(row)
    session.flush()
    return row
