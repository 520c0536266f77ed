"""Whose signed copies a coordinator can download: every signature in one of their cohorts, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from models.agreements import SchemeDocument, Signature
from models.enrolments import Enrolment
from models.people import Person
from services import access
from services.access import Actor

PAGE = 50


@dataclass(frozen=True)
class SignedBy:
    """One signature. `id` is what services/signed_copies.py makes the paper of."""

    id: UUID
    name: str
    title: str
    edition: int
    signed_at: datetime


@dataclass(frozen=True)
class SignedPage:
    """One page of signatures, and how many there are on all pages."""

    lines: tuple[SignedBy, ...]
    total: int


def of_cohort(session: Session, actor: Actor, cohort_id: UUID, *, search: str = "", page: int = 1) -> SignedPage:
    """The signatures of a cohort's people, 50 a page; `search` looks in names and titles. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    which = [col(Enrolment.cohort_id) == cohort_id, *_matching(search)]
    total = session.execute(_joined(select(func.count())).where(*which)).scalar_one()
    columns: tuple[Any, ...] = (
        col(Signature.id),
        col(Person.full_name),
        col(SchemeDocument.title),
        col(Signature.edition),
        col(Signature.created_at),
    )
    statement = (
        _joined(select(*columns))
        .where(*which)
        .order_by(col(Signature.created_at).desc(), col(Signature.id))
        .offset((max(page, 1) - 1) * PAGE)
        .limit(PAGE)
    )
    return SignedPage(tuple(SignedBy(*row) for row in session.execute(statement)), total)


def _joined(chosen: Any) -> Any:
    return (
        chosen.select_from(Signature)
        .join(Enrolment, col(Enrolment.id) == col(Signature.enrolment_id))
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
    )


def _matching(search: str) -> list[Any]:
    words = search.strip()
    if not words:
        return []
    looked_in = (col(Person.full_name), col(SchemeDocument.title))
    return [or_(*(column.icontains(words, autoescape=True) for column in looked_in))]
