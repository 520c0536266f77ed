"""What a scheme asks people to sign: what is in force, who signed it, and the evidence. The way in for everybody else.

Signing binds a person to the exact text that was shown: its SHA-256 comes back with the signature. A new edition asks
everybody again, and after the scheme's days of grace it holds back new matches of those who have not signed it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.enrolments import Side
from models.schemes import Cohort, Scheme
from services import access, signatures
from services.access import Actor
from services.publishing import Misfit, publish, verify
from services.signatures import (
    DocumentCount,
    Unsigned,
    UnsignedPage,
    counts,
    refuse_never_signed,
    unsigned,
    unsigned_enrolments,
)
from services.signing import KINDS, Signed, sign
from services.texts import Reading, ReadSection, languages_of, read

__all__ = [
    "KINDS",
    "DocumentCount",
    "InForce",
    "Misfit",
    "ReadSection",
    "Reading",
    "Signed",
    "SignedLine",
    "Unsigned",
    "UnsignedPage",
    "counts",
    "in_force",
    "languages_of",
    "publish",
    "read",
    "refuse_never_signed",
    "sign",
    "signed",
    "to_sign",
    "unsigned",
    "unsigned_enrolments",
    "verify",
]


@dataclass(frozen=True)
class InForce:
    """One document as it concerns one person.

    `blocked_from` is set for whoever has signed an older edition only, in a scheme that matches nobody of their side
    without: the first day on which that one counts no longer for new matches.
    `is_translated` is whether this version can be read in other languages too.
    """

    id: UUID
    kind: DocumentKind
    title: str
    edition: int
    published_at: datetime
    asks_me: bool
    signed_at: datetime | None
    signed_edition: int | None
    blocked_from: date | None
    is_translated: bool = False


@dataclass(frozen=True)
class SignedLine:
    """One signature of mine. `id` is what its signed copy is asked for by."""

    document_id: UUID
    title: str
    edition: int
    typed_name: str
    sha256: str
    signed_at: datetime
    id: UUID


def in_force(session: Session, actor: Actor) -> list[InForce]:
    """The documents in force in the actor's place, by kind. Two queries. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    mine = _editions_signed(session, enrolment.id)
    rows = session.exec(_in_force_in(), params={"cohort": enrolment.cohort_id})
    return [_in_force(enrolment.side, mine, *row) for row in rows]


def to_sign(session: Session, actor: Actor) -> list[InForce]:
    """The documents in force that ask for the actor's signature and do not have it. Raises NotAllowed."""
    return [document for document in in_force(session, actor) if document.asks_me and document.signed_at is None]


def signed(session: Session, actor: Actor) -> list[SignedLine]:
    """What the actor signed in this place, newest first. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    return [SignedLine(*row) for row in session.exec(_signed_by(), params={"enrolment": enrolment.id})]


@cache
def _in_force_in() -> Any:
    """The documents in force in a cohort's scheme, by kind."""
    return (
        select_columns(
            col(SchemeDocument.id),
            col(SchemeDocument.kind),
            col(SchemeDocument.title),
            col(SchemeDocument.edition),
            col(SchemeDocument.published_at),
            col(SchemeDocument.signed_by),
            col(Scheme.signature_grace_days),
            col(Scheme.mentor_gates),
            col(Scheme.mentee_gates),
            _is_translated(),
        )
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .join(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .where(col(Cohort.id) == bindparam("cohort"), signatures.in_force())
        .order_by(col(SchemeDocument.kind))
    )


@cache
def _signed_by() -> Any:
    """An enrolment's signatures, newest first, in the order of SignedLine."""
    return (
        select_columns(
            col(Signature.document_id),
            col(SchemeDocument.title),
            col(Signature.edition),
            col(Signature.typed_name),
            col(Signature.sha256),
            col(Signature.created_at),
            col(Signature.id),
        )
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
        .where(col(Signature.enrolment_id) == bindparam("enrolment"))
        .order_by(col(Signature.created_at).desc())
    )


def _in_force(
    side: Side,
    mine: dict[tuple[DocumentKind, int], datetime],
    document_id: UUID,
    kind: DocumentKind,
    title: str,
    edition: int,
    published_at: datetime,
    signed_by: list[str],
    grace_days: int,
    mentor_gates: list[str],
    mentee_gates: list[str],
    is_translated: bool,
) -> InForce:
    signed_at = mine.get((kind, edition))
    before = max((number for of_kind, number in mine if of_kind is kind), default=None)
    asks_me = side.value in signed_by
    is_again = asks_me and signed_at is None and before is not None
    waits = is_again and signatures.holds_back(side, mentor_gates, mentee_gates)
    day = signatures.blocked_from(published_at, grace_days) if waits else None
    return InForce(
        document_id, kind, title, edition, published_at, asks_me, signed_at, before, day, bool(is_translated)
    )


def _is_translated() -> Any:
    """Whether the same version can be read in another language too."""
    twin = aliased(SchemeDocument)
    return exists().where(
        col(twin.scheme_id) == col(SchemeDocument.scheme_id),
        col(twin.kind) == col(SchemeDocument.kind),
        col(twin.edition) == col(SchemeDocument.edition),
        col(twin.language) != col(SchemeDocument.language),
    )


def _editions_signed(session: Session, enrolment_id: UUID) -> dict[tuple[DocumentKind, int], datetime]:
    rows = session.exec(_editions(), params={"enrolment": enrolment_id})
    return {(DocumentKind(kind), edition): at for kind, edition, at in rows}


@cache
def _editions() -> Any:
    return (
        select_columns(col(SchemeDocument.kind), col(Signature.edition), func.min(col(Signature.created_at)))
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
        .where(col(Signature.enrolment_id) == bindparam("enrolment"))
        .group_by(col(SchemeDocument.kind), col(Signature.edition))
    )
