"""Whom a gate holds back: of a few people or of a whole cohort, those who do not hold what is asked.

The rules are those of readiness.py, which tells each person's lights. Here it is settled first what counts: which
edition is in force, whose days of grace are over, which completions have not run out. What is left to ask of each
person is whether they are in a set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import False_, and_, bindparam, exists, extract, func, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.agreements import PublishedState, SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.enrolments import Consent, ConsentPurpose, Enrolment, Side
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import FormField, Scheme
from services import enrolment_form, readiness, signatures

_SECONDS_PER_DAY = 86_400
_OF_READY = ("signature", "training", "conflicts", "contactable")


@dataclass(frozen=True)
class Evidence:
    """What these sides must hold for a gate: any one of these documents signed, or of these modules completed."""

    gate: str
    sides: tuple[str, ...]
    any_of: tuple[UUID, ...]


@dataclass(frozen=True)
class Whole:
    """A cohort, the gates of its scheme, and what counts for them today.

    A set is asked about each person in turn: SQLite does so quickly for everybody, since people come in the order of its
    index. PostgreSQL is quicker when it reads each set but once, beside the people: with `sets`, each set that a
    condition asks for is added there, for `beside` to join it.
    """

    scheme: Any
    cohort_id: UUID
    today: date
    evidence: tuple[Evidence, ...]
    sets: list[Any] | None = None


def evidence_of(session: Session, scheme_id: UUID, today: date) -> tuple[Evidence, ...]:
    """What counts today for the gates of signatures and training. Two statements."""
    texts = session.exec(_texts(), params={"scheme_id": scheme_id, "moment": signatures.grace_until(today)}).all()
    modules = session.exec(_modules(), params={"scheme_id": scheme_id}).all()
    return (*_to_sign(texts), *_to_complete(modules, today))


def held_back(whole: Whole, gate: str, side: Side) -> Any:
    """An SQL condition on a query of Enrolment, of this side: the gate holds them back. None: it holds back nobody.

    Of "not-ready" that any gate does; of "ready" that none does.
    """
    if gate not in ("ready", "not-ready"):
        return _lacks(whole, gate, side)
    lacks = [each for name in _OF_READY if (each := _lacks(whole, name, side)) is not None]
    if gate == "ready":
        return and_(true(), *(~each for each in lacks))
    return or_(*lacks) if lacks else None


def beside(whole: Whole, people: Any) -> Any:
    """A select of people of Enrolment with the sets that its conditions ask for. Nobody is in it twice."""
    sets = whole.sets or ()
    for each in sets:
        people = people.outerjoin(each, each.c.held_by == Enrolment.id)
    # Who holds a thing twice, a module of last year and of this, would come twice.
    return people.distinct() if sets else people


def incomplete(fields: Iterable[FormField]) -> Any:
    """The same of the profile, on either side: something that the form must know from them has no answer."""
    asked = [field for field in fields if field.required]
    blanks = [readiness.incomplete(field for field in asked if field.key not in enrolment_form.OF_PERSON)]
    for field in asked:
        if field.key in enrolment_form.OF_PERSON and not isinstance(blank := readiness.is_blank(field), False_):
            people = select(Person.id).where(blank)
            blanks.append(and_(col(Enrolment.side).in_(field.roles), col(Enrolment.person_id).in_(people)))
    return or_(*blanks)


def _lacks(whole: Whole, gate: str, side: Side) -> Any:
    asked = gate in readiness.gates_of(whole.scheme, side)
    match gate:
        case "signature" | "training":
            missing = [~each for each in _held(whole, gate, side)] if asked else []
            return or_(*missing) if missing else None
        case "conflicts":
            return col(Enrolment.conflicts_declared_at).is_(None) if asked else None
        case "capacity":
            return _is_full(whole, side)
        case "contactable":
            return and_(*(~each for each in _reachable(whole))) if side is Side.MENTOR else None
    raise ValueError(gate)


def _held(whole: Whole, gate: str, side: Side) -> Iterator[Any]:
    """For each thing that the gate asks of this side, the condition that they hold it."""
    for each in whole.evidence:
        if each.gate != gate or side not in each.sides:
            continue
        if gate == "signature":
            yield _is_among(whole, Signature.enrolment_id, col(Signature.document_id).in_(each.any_of))
        else:
            counts = and_(col(TrainingCompletion.module_id).in_(each.any_of), _has_not_run_out(whole.today))
            yield _is_among(whole, TrainingCompletion.enrolment_id, counts)


def _has_not_run_out(today: date) -> Any:
    return col(TrainingCompletion.expires_on) >= today


def _is_among(whole: Whole, of: Any, which: Any) -> Any:
    """Whether an enrolment is one of these: `of` is the column with its id, `which` a condition on the same table."""
    if whole.sets is None:
        return select(of).where(which, col(of) == Enrolment.id).correlate(Enrolment).exists()
    held = select(of.label("held_by")).where(which).subquery()
    whole.sets.append(held)
    return held.c.held_by.is_not(None)


def _is_full(whole: Whole, side: Side) -> Any:
    is_open = Pairing.status != PairingStatus.ENDED
    if side is Side.MENTEE:
        return _is_among(whole, Pairing.mentee_id, is_open)
    taken = select(func.count()).select_from(Pairing).where(is_open)
    if whole.sets is None:
        own = taken.where(Pairing.mentor_id == Enrolment.id).correlate(Enrolment)
        return col(Enrolment.capacity) <= own.scalar_subquery()
    mentor = aliased(Enrolment)
    full = (
        select(Pairing.mentor_id)
        .join(mentor, col(mentor.id) == Pairing.mentor_id)
        .where(is_open, col(mentor.cohort_id) == whole.cohort_id, col(mentor.side) == side)
        .group_by(col(Pairing.mentor_id))
        .having(func.count() >= func.max(mentor.capacity))
    )
    return or_(col(Enrolment.capacity) <= 0, col(Enrolment.id).in_(full))


def _reachable(whole: Whole) -> Iterator[Any]:
    """That they share an address, which everybody has; and that they share a number which they gave."""
    is_open = col(Consent.withdrawn_at).is_(None)
    shares_address = and_(col(Consent.purpose) == ConsentPurpose.SHARE_EMAIL, is_open)
    yield _is_among(whole, Consent.enrolment_id, shares_address)
    given = or_(
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_TELEPHONE, col(Person.telephone).is_not(None)),
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_WECHAT, col(Person.wechat_id).is_not(None)),
    )
    # Said of both, so that a database begins with the few.
    numbers = col(Consent.purpose).in_((ConsentPurpose.SHARE_TELEPHONE, ConsentPurpose.SHARE_WECHAT))
    sharing = aliased(Enrolment)
    of_person = exists().where(col(sharing.id) == Consent.enrolment_id, col(Person.id) == col(sharing.person_id), given)
    yield _is_among(whole, Consent.enrolment_id, and_(numbers, is_open, of_person.correlate(Consent)))


@cache
def _texts() -> Any:
    """The texts of a scheme, an earlier edition before a later one."""
    is_over = extract("epoch", col(SchemeDocument.published_at)) + col(
        Scheme.signature_grace_days
    ) * _SECONDS_PER_DAY < bindparam("moment")
    named = (SchemeDocument.id, SchemeDocument.kind, SchemeDocument.edition, SchemeDocument.signed_by)
    in_own_language = col(SchemeDocument.language) == col(Scheme.language)
    return (
        select(*named, in_own_language.label("is_own"), is_over.label("is_over"))  # type: ignore[call-overload]
        .join(Scheme, col(Scheme.id) == SchemeDocument.scheme_id)
        .where(SchemeDocument.scheme_id == bindparam("scheme_id"))
        .order_by(col(SchemeDocument.edition))
    )


def _to_sign(texts: Sequence[Any]) -> Iterator[Evidence]:
    """Of each kind the newest edition; until the days of grace are over an earlier one does as well."""
    newest = {text.kind: text for text in texts if text.is_own}
    for kind, text in newest.items():
        counts = {text.edition} if text.is_over else set(range(text.edition + 1))
        any_of = tuple(each.id for each in texts if each.kind == kind and each.edition in counts)
        yield Evidence("signature", tuple(text.signed_by), any_of)


@cache
def _modules() -> Any:
    names = ("id", "key", "edition", "state", "required_for", "counts_from", "due_on")
    columns = [getattr(TrainingModule, name) for name in names]
    return select(*columns).where(TrainingModule.scheme_id == bindparam("scheme_id"))


def _to_complete(modules: Iterable[Any], today: date) -> Iterator[Evidence]:
    """Each published module: before its day nobody is held back but whoever had to repeat it and holds no edition."""
    modules = list(modules)
    for module in modules:
        has_time = module.due_on is not None and module.due_on >= today
        if module.state != PublishedState.PUBLISHED or (has_time and module.counts_from <= 1):
            continue
        since = 1 if has_time else module.counts_from
        any_of = tuple(each.id for each in modules if each.key == module.key and each.edition >= since)
        yield Evidence("training", tuple(module.required_for), any_of)
