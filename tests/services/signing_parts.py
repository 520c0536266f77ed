"""What the tests of texts and signatures share: a code, somebody who signs it, and what is then in the database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from sqlmodel import Session, select

from models.agreements import SchemeDocument, Signature
from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Cohort
from services import agreements
from services.access import Actor
from tests.factories import (
    make_account,
    make_document,
    make_participant,
)

TEXT = """# Code of conduct

Please read it all.

# Respect

## X-1 · Be kind

Please be kind.

## X-2 · Listen

Please listen.

# Time

Both of you are busy.

## X-3 · Be punctual

Come on time.
"""
PUBLISHED = datetime(2026, 9, 10, 15, 30, tzinfo=UTC)


def make_code(session: Session, cohort: Cohort, **facts: object) -> SchemeDocument:
    return make_document(session, cohort.scheme_id, **({"text": TEXT, "published_at": PUBLISHED} | facts))


def make_signer(session: Session, enrolment: Enrolment) -> Actor:
    actor = make_participant(session, enrolment)
    account = make_account(session, session.get_one(Person, enrolment.person_id))
    return replace(actor, account_id=account.id, network_address="192.0.2.7")


def sign(session: Session, actor: Actor, document: SchemeDocument, **changed: object) -> agreements.Signed:
    shown = {"typed_name": actor.name, "sections": ["1", "2"], "sha256": document.sha256}
    return agreements.sign(session, actor, document.id, **(shown | changed))  # type: ignore[arg-type]


def signatures(session: Session) -> list[Signature]:
    return list(session.exec(select(Signature)).all())


def blocked(session: Session, cohort: Cohort, today: date) -> set[UUID]:
    return set(session.scalars(agreements.unsigned_enrolments(cohort.id, today)).all())
