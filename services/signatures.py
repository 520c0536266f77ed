"""Who has signed what is in force, and who has not: the questions that lists, figures and gates ask of the database.

In force is a kind's newest edition in the scheme's language. A signature counts for its kind and edition, in whatever
language the person read it. `services/agreements.py` is the way in for everybody else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access
from services.access import Actor
from services.errors import Conflict

PAGE = 20
# The gate of a scheme that lets nobody be matched who has not signed.
GATE = "signature"
# Whose signature a coordinator waits for: whoever asked to take part and was not turned away.
AWAITED = (EnrolmentStatus.SUBMITTED, EnrolmentStatus.RETURNED, EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED)
_SECONDS_PER_DAY = 86_400
# What a list of documents says of each.
_NAMED: tuple[Any, ...] = (
    col(SchemeDocument.id),
    col(SchemeDocument.kind),
    col(SchemeDocument.title),
    col(SchemeDocument.edition),
    col(SchemeDocument.published_at),
)


@dataclass(frozen=True)
class DocumentCount:
    """A document in force and how many people of a cohort have signed it, of those who are asked to."""

    id: UUID
    kind: DocumentKind
    title: str
    edition: int
    published_at: datetime
    asked: int
    signed: int


@dataclass(frozen=True)
class Unsigned:
    """Somebody whose signature is missing. `signed_edition` is None while they have never signed.

    `blocked_from` is the first day without new matches, for whoever signed an earlier edition; None where the scheme
    matches their side without.
    """

    enrolment_id: UUID
    name: str
    side: Side
    document_id: UUID
    title: str
    edition: int
    signed_edition: int | None
    blocked_from: date | None


@dataclass(frozen=True)
class UnsignedPage:
    """One page of those who have not signed, and how many there are on all pages."""

    rows: tuple[Unsigned, ...]
    total: int


def unsigned_enrolments(cohort_id: UUID, today: date) -> Select[UUID]:
    """Ids of a cohort's enrolments that lack a signature they cannot be matched without.

    Whoever never signed a document lacks it at once; whoever signed an older edition, when the days of grace are over.
    """
    return unsigned_by(cohort_id, grace_until(today))


def grace_until(today: date) -> float:
    """The end of the day, in seconds since 1970: whose days of grace end by then has none left."""
    return (datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)).timestamp()


def unsigned_by(cohort_id: Any, moment: Any) -> Select[UUID]:
    """The same, of a moment from `grace_until`, in every cohort if None is given.

    Both may be parameters of a statement that is built once.
    """
    lacking = or_(_end_of_grace() < moment, ~has_signed(earlier=True))
    found: Select[UUID] = _asked(select(col(Enrolment.id)), cohort_id).where(~has_signed(), lacking).distinct()
    return found


def first_end_of_grace(cohort_id: Any) -> Select[float]:
    """From when a missing signature counts as `unsigned_by` says, in seconds since 1970; 0 where none was ever given.

    None where nothing is missing. The caller says of whom.
    """
    ends = case((has_signed(earlier=True), _end_of_grace()), else_=0)
    found: Select[float] = _asked(select(func.min(ends)), cohort_id).where(~has_signed())
    return found


def _end_of_grace() -> Any:
    return extract("epoch", col(SchemeDocument.published_at)) + col(Scheme.signature_grace_days) * _SECONDS_PER_DAY


def refuse_never_signed(session: Session, enrolment: Enrolment) -> None:
    """Hold back somebody who never signed what their side must sign; a new edition never stops a pair that goes on.

    Raises Conflict (U-9, U-C4.1).
    """
    title = session.execute(never_signed_by(enrolment.id).limit(1)).scalar()
    if title is not None:
        raise Conflict(f"You have not signed “{title}” yet.", remedy="Read and sign it under Agreements, then go on.")


def never_signed_by(enrolment_id: Any) -> Select[str]:
    """Titles of what this enrolment, which may be a parameter, must sign and never signed in any edition."""
    found: Select[str] = _asked(select(col(SchemeDocument.title)), None).where(
        col(Enrolment.id) == enrolment_id, ~has_signed(), ~has_signed(earlier=True)
    )
    return found


def counts(session: Session, actor: Actor, cohort_id: UUID) -> list[DocumentCount]:
    """The documents in force with the signatures of a cohort's people, by kind. Two queries. Raises NotAllowed."""
    scheme_id = access.scheme_run_of(session, actor, cohort_id)
    documents = session.exec(_in_force_of(), params={"scheme": scheme_id}).all()
    if not documents:
        return []
    which = {f"document_{index}": row[0] for index, row in enumerate(documents)}
    counted = _numbers(tuple(tuple(row[-1]) for row in documents))
    found = session.exec(counted, params={"cohort": cohort_id, **which}).one()
    return [DocumentCount(*row[:-1], *of_it) for row, *of_it in zip(documents, found[::2], found[1::2], strict=True)]


@cache
def _in_force_of() -> Any:
    return (
        select(*_NAMED, col(SchemeDocument.signed_by))
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .where(col(SchemeDocument.scheme_id) == bindparam("scheme"), in_force())
        .order_by(col(SchemeDocument.kind))
    )


@lru_cache(maxsize=64)  # building it costs more than asking it; a scheme's list of documents hardly ever changes shape
def _numbers(signed_by: tuple[tuple[str, ...], ...]) -> Any:
    """Asked and signed of each document, side by side.

    One number after the other along an index: one query over people and documents would read every person.
    """
    return select(*(part for index, sides in enumerate(signed_by) for part in _asked_and_signed(index, sides)))


def unsigned(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    document_id: UUID | None = None,
    search: str = "",
    page: int = 1,
    counted: Collection[DocumentCount] | None = None,
) -> UnsignedPage:
    """Who of a cohort has not signed what is in force, by name, 20 on a page. Raises NotAllowed.

    `search` looks in names. One query when the answer of `counts` is handed over as `counted`, else three.
    """
    access.scheme_run_of(session, actor, cohort_id)
    words = search.strip()
    # What stands for anything in SQL is only a character of a name.
    literal = words.replace("/", "//").replace("%", "/%").replace("_", "/_")
    asked = {"cohort": cohort_id, "document": document_id, "words": literal}
    shape = {"of_one": document_id is not None, "named": bool(words)}
    if words:
        total = session.exec(_lacking_in_all(**shape), params=asked).one()[0]
    else:
        all_of_them = counts(session, actor, cohort_id) if counted is None else counted
        total = sum(each.asked - each.signed for each in all_of_them if document_id in (None, each.id))
    known = [each.id for each in counted or () if each.asked and document_id in (None, each.id)]
    listing = _lacking(of_one=shape["of_one"], named=shape["named"], known=counted is not None)
    rows = session.exec(listing, params={**asked, "known": known, "skipped": (page - 1) * PAGE})
    return UnsignedPage(tuple(_line(*row) for row in rows), total)


@cache
def _lacking(*, of_one: bool, named: bool, known: bool = False) -> Any:
    """A page of people with the documents that they have not signed; of one document or of all, by name or of all.

    With `known`, the ids of the documents in force are given, and need not be looked for beside each person.
    """
    chosen = select(
        col(Enrolment.id),
        col(Person.full_name),
        col(Enrolment.side),
        col(SchemeDocument.id),
        col(SchemeDocument.title),
        col(SchemeDocument.edition),
        _edition_signed_before(),
        col(SchemeDocument.published_at),
        col(Scheme.signature_grace_days),
        col(Scheme.mentor_gates),
        col(Scheme.mentee_gates),
    )
    return (
        _missing(chosen, of_one=of_one, named=named, known=known)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id), col(SchemeDocument.kind))
        .offset(bindparam("skipped"))
        .limit(PAGE)
    )


@cache
def _lacking_in_all(*, of_one: bool, named: bool) -> Any:
    """How many lines there are on all pages."""
    return _missing(select(func.count()), of_one=of_one, named=named)


def _missing(chosen: Any, *, of_one: bool, named: bool, known: bool = False) -> Any:
    missing = and_(
        ~has_signed(),
        col(Enrolment.status).in_(AWAITED),
        col(SchemeDocument.id) == bindparam("document") if of_one else true(),
        col(Person.full_name).icontains(bindparam("words"), escape="/") if named else true(),
    )
    which = col(SchemeDocument.id).in_(bindparam("known", expanding=True)) if known else in_force()
    return (
        _asked(chosen, bindparam("cohort"), which)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(missing)
    )


def missing_by_person(cohort_id: UUID | None) -> Any:
    """Enrolment, person, name, side and title of what awaits a signature in this cohort, or in any (None), by name."""
    named = (col(Person.id), col(Person.full_name), col(Enrolment.side))
    chosen = select(col(Enrolment.id), *named, col(SchemeDocument.title))
    return (
        _asked(chosen, cohort_id)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(~has_signed(), col(Enrolment.status).in_(AWAITED))
        .order_by(col(Enrolment.sort_key), col(Enrolment.id), col(SchemeDocument.kind))
    )


def _asked_and_signed(index: int, sides: Collection[str]) -> tuple[Any, Any]:
    """Two SQL counts: people whose signature of this document is awaited, and those of them who gave it."""
    this, twin = aliased(SchemeDocument), aliased(SchemeDocument)
    # The same text in another language is the same document.
    twins = (
        select(col(twin.id))
        .join(this, and_(col(twin.scheme_id) == col(this.scheme_id), col(twin.kind) == col(this.kind)))
        .where(col(this.id) == bindparam(f"document_{index}"), col(twin.edition) == col(this.edition))
    )
    people = select(func.count(col(Enrolment.id))).where(
        col(Enrolment.cohort_id) == bindparam("cohort"),
        col(Enrolment.side).in_([Side(side) for side in sides]),
        col(Enrolment.status).in_(AWAITED),
    )
    signature = (
        exists()
        .where(col(Signature.enrolment_id) == col(Enrolment.id), col(Signature.document_id).in_(twins))
        .correlate(Enrolment)
    )
    return people.scalar_subquery(), people.where(signature).scalar_subquery()


def blocked_from(published_at: datetime, grace_days: int) -> date:
    """The first day on which an older signature no longer counts for new matches."""
    return published_at.astimezone(UTC).date() + timedelta(days=grace_days)


def holds_back(side: Side, mentor_gates: Collection[str], mentee_gates: Collection[str]) -> bool:
    """Whether a scheme with these gates matches this side only once it has signed."""
    return GATE in (mentor_gates if side is Side.MENTOR else mentee_gates)


@cache  # the same for everybody, and asked of by every meeting that is noted
def in_force() -> ColumnElement[bool]:
    """Whether the joined document is its kind's newest edition in the joined scheme's language."""
    other = aliased(SchemeDocument)
    newest = (
        select(func.max(col(other.edition)))
        .where(
            col(other.scheme_id) == col(SchemeDocument.scheme_id),
            col(other.kind) == col(SchemeDocument.kind),
            col(other.language) == col(Scheme.language),
        )
        .correlate(SchemeDocument, Scheme)
        .scalar_subquery()
    )
    return and_(col(SchemeDocument.language) == col(Scheme.language), col(SchemeDocument.edition) == newest)


@cache
def has_signed(*, earlier: bool = False) -> ColumnElement[bool]:
    """Whether the joined enrolment signed the joined document's kind in this edition, or in an earlier one."""
    signed = aliased(SchemeDocument)
    this = col(SchemeDocument.edition)
    return (
        exists()
        .where(
            col(Signature.enrolment_id) == col(Enrolment.id),
            col(Signature.document_id) == col(signed.id),
            col(signed.scheme_id) == col(SchemeDocument.scheme_id),
            col(signed.kind) == col(SchemeDocument.kind),
            col(signed.edition) < this if earlier else col(signed.edition) == this,
        )
        .correlate(Enrolment, SchemeDocument)
    )


def _edition_signed_before() -> Any:
    signed = aliased(SchemeDocument)
    return (
        select(func.max(col(Signature.edition)))
        .join(signed, col(signed.id) == col(Signature.document_id))
        .where(
            col(Signature.enrolment_id) == col(Enrolment.id),
            col(signed.scheme_id) == col(SchemeDocument.scheme_id),
            col(signed.kind) == col(SchemeDocument.kind),
        )
        .correlate(Enrolment, SchemeDocument)
        .scalar_subquery()
    )


def _is_asked() -> ColumnElement[bool]:
    """Whether the joined document asks the joined enrolment's side. The list of sides is JSON: `["mentor"]`."""
    sides = cast(col(SchemeDocument.signed_by), String)
    return or_(*(and_(col(Enrolment.side) == side, sides.like(f'%"{side.value}"%')) for side in Side))


def _asked(chosen: Any, cohort_id: Any, which: Any = None) -> Any:
    """The chosen columns for every enrolment of a cohort and every document in force that asks its side.

    `which` says instead which documents those are.
    """
    return (
        chosen.select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .join(SchemeDocument, and_(col(SchemeDocument.scheme_id) == col(Scheme.id), _is_asked()))
        .where(
            in_force() if which is None else which,
            true() if cohort_id is None else col(Enrolment.cohort_id) == cohort_id,
        )
    )


def _line(
    enrolment_id: UUID,
    name: str,
    side: Side,
    document_id: UUID,
    title: str,
    edition: int,
    before: int | None,
    published_at: datetime,
    grace_days: int,
    mentor_gates: Collection[str],
    mentee_gates: Collection[str],
) -> Unsigned:
    waits = before is not None and holds_back(side, mentor_gates, mentee_gates)
    day = blocked_from(published_at, grace_days) if waits else None
    return Unsigned(enrolment_id, name, side, document_id, title, edition, before, day)
