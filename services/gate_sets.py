"""Whom a gate holds back: of a few people or of a whole cohort, those who do not hold what is asked.

The rules are those of readiness.py, which tells each person's lights. Here it is settled first what counts: which
edition is in force, whose days of grace are over, which completions have not run out. What is left to ask of each
person is whether they are in a set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import False_, and_, bindparam, extract, false, func, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.agreements import PublishedState, SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.enrolments import Consent, ConsentPurpose, Enrolment, Side
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import FormField, Scheme
from services import enrolment_form, readiness, signatures

_SECONDS_PER_DAY = 86_400
# A column of enrolments' ids, and a condition on its table: those in the rows that fulfil it.
Held = tuple[Any, Any]
_OF_READY = ("signature", "training", "conflicts", "contactable")


@dataclass(frozen=True)
class Evidence:
    """What these sides must hold for a gate: any one of these documents signed, or of these modules completed."""

    gate: str
    sides: tuple[str, ...]
    any_of: tuple[UUID, ...]


class Way(Enum):
    """How it is found out who is in a set."""

    ONE_BY_ONE = "each person is looked up"
    MERGED = "the set is taken from the people, both in order, as SQLite does quickly"
    BESIDE = "the set is joined to the people, as PostgreSQL does quickly"


@dataclass(frozen=True)
class Whole:
    """A cohort, the gates of its scheme, and what counts for them today.

    Where sets are read beside the people, a condition adds those that it asks for to `sets`, for `beside` to join them;
    and to `sure` who is held back whatever number they share, for `beside` to ask the others for one.
    """

    scheme: Any
    cohort_id: UUID
    today: date
    evidence: tuple[Evidence, ...]
    way: Way = Way.ONE_BY_ONE
    sets: list[Any] = field(default_factory=list)
    sure: list[Any] = field(default_factory=list)


def evidence_of(session: Session, scheme_id: UUID, today: date) -> tuple[Evidence, ...]:
    """What counts today for the gates of signatures and training. Two statements."""
    texts = session.exec(_texts(), params={"scheme_id": scheme_id, "moment": signatures.grace_until(today)}).all()
    modules = session.exec(_modules(), params={"scheme_id": scheme_id}).all()
    return (*_to_sign(texts), *_to_complete(modules, today))


def held_back(whole: Whole, gate: str, side: Side) -> Any:
    """An SQL condition on a query of Enrolment, of this side: the gate holds them back. None: it holds back nobody.

    Of "not-ready" that any gate does; of "ready" that none does.
    """
    if gate == "ready":
        return and_(true(), *(~each for each in lacks(whole, "not-ready", side)))
    numbers_last = gate == "not-ready" and whole.way is Way.BESIDE and side is Side.MENTOR
    if not numbers_last:
        found = lacks(whole, gate, side)
        return or_(*found) if found else None
    found = [each for name in _OF_READY if name != "contactable" for each in _lacks(whole, name, side)]
    whole.sure.append(or_(false(), *found))
    return or_(*found, _shares_no_address(whole, side))


def lacks(whole: Whole, gate: str, side: Side) -> list[Any]:
    """SQL conditions as `held_back` is one, each of which is enough."""
    names = _OF_READY if gate == "not-ready" else (gate,)
    return [each for name in names for each in _lacks(whole, name, side)]


def beside(whole: Whole, people: Any) -> Any:
    """A select of people of Enrolment with the sets that its conditions ask for. Nobody is in it twice."""
    for each in whole.sets:
        people = people.outerjoin(each, each.c.held_by == Enrolment.id)
    # Who holds a thing twice, a module of last year and of this, would come twice.
    people = people.distinct() if whole.sets else people
    if not whole.sure:
        return people
    # Last, and of each by itself: where it may have to ask for a number, PostgreSQL takes longer with everybody.
    few = people.add_columns(or_(*whole.sure).label("is_sure")).subquery()
    known = [each for each in few.c if each.name != "is_sure"]
    own = _numbers().where(Consent.enrolment_id == few.c.id).correlate(few).limit(1)
    return select(*known).where(or_(few.c.is_sure, own.scalar_subquery().is_(None)))


def incomplete(fields: Iterable[FormField]) -> Any:
    """The same of the profile, on either side: something that the form must know from them has no answer."""
    asked = [each for each in fields if each.required]
    blanks = [readiness.incomplete(each for each in asked if each.key not in enrolment_form.OF_PERSON)]
    for each in asked:
        if each.key in enrolment_form.OF_PERSON and not isinstance(blank := readiness.is_blank(each), False_):
            of_person = col(Enrolment.person_id).in_(select(Person.id).where(blank))
            blanks.append(readiness.of_sides(each.roles, of_person))
    return or_(*blanks)


def _lacks(whole: Whole, gate: str, side: Side) -> Iterator[Any]:
    asked = gate in readiness.gates_of(whole.scheme, side)
    match gate:
        case "signature" | "training":
            if asked:
                yield from (_in_none(whole, side, *each) for each in _held(whole, gate, side))
        case "conflicts":
            if asked:
                yield _is_undeclared(whole)
        case "capacity":
            yield _is_full(whole, side)
        case "contactable":
            if side is Side.MENTOR:
                yield _unreachable(whole, side)
        case _:
            raise ValueError(gate)


def _held(whole: Whole, gate: str, side: Side) -> Iterator[Sequence[Held]]:
    """For each thing that the gate asks of this side, the sets of those who hold it."""
    for each in whole.evidence:
        if each.gate != gate or side not in each.sides:
            continue
        # Of several texts at once people come in no order that another set could be merged with.
        apart = [(one,) for one in each.any_of] if whole.way is Way.MERGED else [each.any_of]
        if gate == "signature":
            yield [(Signature.enrolment_id, col(Signature.document_id).in_(ids)) for ids in apart]
        else:
            counts = _has_not_run_out(whole.today)
            of_modules = (and_(col(TrainingCompletion.module_id).in_(ids), counts) for ids in apart)
            yield [(TrainingCompletion.enrolment_id, which) for which in of_modules]


def _has_not_run_out(today: date) -> Any:
    return col(TrainingCompletion.expires_on) >= today


def _in_none(whole: Whole, side: Side, *sets: Held) -> Any:
    """Whether an enrolment, one of this side, is in none of the sets."""
    if whole.way is not Way.MERGED:
        return and_(*(~_is_among(whole, *each) for each in sets))
    people: Any = select(Enrolment.id).where(Enrolment.cohort_id == whole.cohort_id, Enrolment.side == side)
    others = people.correlate(None).except_(*(select(of).where(which) for of, which in sets)).order_by("id").subquery()
    return col(Enrolment.id).in_(select(others.c.id))


def _is_among(whole: Whole, of: Any, which: Any) -> Any:
    """Whether an enrolment is in this set."""
    if whole.way is not Way.BESIDE:
        return select(of).where(which, col(of) == Enrolment.id).correlate(Enrolment).exists()
    held = select(of.label("held_by")).where(which).subquery()
    whole.sets.append(held)
    return held.c.held_by.is_not(None)


def _is_undeclared(whole: Whole) -> Any:
    if whole.way is not Way.MERGED:
        return col(Enrolment.conflicts_declared_at).is_(None)
    # By their ids, or SQLite reads all people for those few.
    few = aliased(Enrolment)
    ids = select(few.id).where(few.cohort_id == whole.cohort_id, col(few.conflicts_declared_at).is_(None))
    return col(Enrolment.id).in_(ids)


def _is_full(whole: Whole, side: Side) -> Any:
    is_open = Pairing.status != PairingStatus.ENDED
    if side is Side.MENTEE:
        return _is_among(whole, Pairing.mentee_id, is_open)
    taken = select(func.count()).select_from(Pairing).where(is_open)
    if whole.way is not Way.BESIDE:
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


def _unreachable(whole: Whole, side: Side) -> Any:
    """Neither do they share an address, which everybody has, nor a number which they gave."""
    # A number is asked about only where no address is shared: to ask everybody, all the people's rows would be read.
    own = _numbers().where(Consent.enrolment_id == Enrolment.id).correlate(Enrolment)
    return and_(_shares_no_address(whole, side), ~own.exists())


def _shares_no_address(whole: Whole, side: Side) -> Any:
    shared = and_(col(Consent.purpose) == ConsentPurpose.SHARE_EMAIL, col(Consent.withdrawn_at).is_(None))
    return _in_none(whole, side, (Consent.enrolment_id, shared))


@cache  # an alias takes longer to make than all around it
def _numbers() -> Any:
    """A select of the consents by which people share a number that they gave."""
    given = or_(
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_TELEPHONE, col(Person.telephone).is_not(None)),
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_WECHAT, col(Person.wechat_id).is_not(None)),
    )
    # By the id alone, which an index has beside all the rest.
    sharing = aliased(Enrolment)
    shared = select(Consent.id).where(sharing.id == Consent.enrolment_id, col(Consent.withdrawn_at).is_(None))
    return shared.where(Person.id == sharing.person_id, given)


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
