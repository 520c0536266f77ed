"""Asks for signatures by email: everybody concerned when a text is published, and later whoever has not signed.

What would go out to whom can be read before it does. A pair that goes on is never stopped by a new version (U-9).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.schemes import Cohort, Scheme
from services import access, audit, messages, signatures, times
from services.access import Actor
from services.errors import Conflict
from services.messages import Addressed, Preview
from services.signatures import AWAITED
from services.units import writes

NEW_VERSION, TO_SIGN = "sign_again", "sign_documents"


@dataclass(frozen=True)
class Chase:
    """Who would be reminded, by name, and the first one's email to read; None when nobody is left to remind."""

    names: tuple[str, ...]
    preview: Preview | None


def asked_by(session: Session, scheme_id: UUID, sides: Iterable[Side]) -> int:
    """How many people a text that these sides sign would write to."""
    people = select(func.count(func.distinct(col(Enrolment.person_id)))).join(
        Cohort, col(Cohort.id) == col(Enrolment.cohort_id)
    )
    return int(session.execute(people.where(*_concerned(session, scheme_id, sides))).scalar_one())


def ask_for(session: Session, scheme: Scheme, document: SchemeDocument) -> int:
    """Adds an email to everybody who is asked to sign a text that has just been published; never commits. How many.

    Whoever signed an earlier version reads from when they get no new match without this one, if their scheme matches
    nobody of their side without.
    """
    sides = [Side(side) for side in document.signed_by]
    held_back = [side for side in sides if _holds_back(scheme, side)]
    statement = (
        select(
            col(Enrolment.person_id),
            func.max(_signed_before(document)),
            func.max(case((col(Enrolment.side).in_(held_back), 1), else_=0)),
        )
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(*_concerned(session, scheme.id, sides))
        .group_by(col(Enrolment.person_id))
    )
    rows = session.execute(statement).all()
    day = signatures.blocked_from(document.published_at, scheme.signature_grace_days)
    again = [Addressed(person_id, {"is_a_gate": bool(waits)}) for person_id, signed, waits in rows if signed]
    first = [Addressed(person_id, {"is_a_gate": bool(waits)}) for person_id, signed, waits in rows if not signed]
    event = f"published {document.id}"
    asked_again = messages.queue_many(
        session,
        again,
        template=NEW_VERSION,
        scheme_id=scheme.id,
        event=event,
        about=document.id,
        document=document.title,
        blocked_from=day,
    )
    return asked_again + messages.queue_many(
        session,
        first,
        template=TO_SIGN,
        scheme_id=scheme.id,
        event=event,
        about=document.id,
        documents=[document.title],
    )


def chase(session: Session, actor: Actor, cohort_id: UUID) -> Chase:
    """What `remind` would do now. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    missing = _missing(session, cohort)
    if not missing:
        return Chase((), None)
    first = missing[0]
    preview = messages.preview(
        session,
        person_id=first.person_id,
        template=TO_SIGN,
        scheme_id=cohort.scheme_id,
        documents=first.documents,
        is_a_gate=first.is_a_gate,
    )
    return Chase(tuple(each.name for each in missing), preview)


@writes
def remind(session: Session, actor: Actor, cohort_id: UUID, *, today: date) -> int:
    """Write to everybody of a cohort whose signature is missing, once a day and person; how many.

    Raises NotAllowed, and Conflict when there is nobody to write to.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    readers = [Addressed(each.person_id, each.facts()) for each in _missing(session, cohort)]
    event = f"unsigned {cohort_id} {today.isoformat()}"
    written = messages.queue_many(session, readers, template=TO_SIGN, scheme_id=cohort.scheme_id, event=event)
    if not written:
        happened = "Everybody who has not signed was reminded today." if readers else "Everybody has signed."
        raise Conflict(happened, remedy="Wait until tomorrow to remind again." if readers else "There is nobody left.")
    audit.record(session, actor, "agreement.reminded", cohort.id, scheme_id=cohort.scheme_id, people=written)
    session.commit()
    return written


@dataclass(frozen=True)
class _Missing:
    person_id: UUID
    name: str
    documents: list[str]
    is_a_gate: bool

    def facts(self) -> dict[str, object]:
        return {"documents": self.documents, "is_a_gate": self.is_a_gate}


def _missing(session: Session, cohort: Cohort) -> Sequence[_Missing]:
    """Each person whose signature is awaited and missing, by name, with the titles."""
    rows = session.execute(signatures.missing_by_person(cohort.id)).all()
    scheme = session.get_one(Scheme, cohort.scheme_id)
    return [
        _Missing(person_id, name, [row[4] for row in lines], _holds_back(scheme, side))
        for (_, person_id, name, side), lines in groupby(rows, lambda row: tuple(row[:4]))
    ]


def _holds_back(scheme: Scheme, side: Side) -> bool:
    return signatures.holds_back(side, scheme.mentor_gates, scheme.mentee_gates)


def _concerned(session: Session, scheme_id: UUID, sides: Iterable[Side]) -> tuple[Any, ...]:
    """Places whose signature is awaited, in cohorts of the scheme that are not over."""
    zone = session.get_one(Scheme, scheme_id).time_zone
    return (
        col(Cohort.scheme_id) == scheme_id,
        col(Cohort.ends_on) >= times.day_in(utc_now(), zone),
        col(Enrolment.side).in_(list(sides)),
        col(Enrolment.status).in_(AWAITED),
    )


def _signed_before(document: SchemeDocument) -> Any:
    """1 for an enrolment that signed an earlier edition of this kind, else 0."""
    earlier = aliased(SchemeDocument)
    found = exists().where(
        and_(
            col(Signature.enrolment_id) == col(Enrolment.id),
            col(Signature.document_id) == col(earlier.id),
            col(earlier.scheme_id) == document.scheme_id,
            col(earlier.kind) == document.kind,
            col(earlier.edition) < document.edition,
        )
    )
    return case((found, 1), else_=0)
