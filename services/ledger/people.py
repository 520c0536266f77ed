"""Mentors and mentees, a row for each who was approved, with marks: signed, trained, listed, away, wishing, answered.

Who signed or did the training is a list that the database makes once, not a question about each person.
"""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlmodel import col

from models.agreements import Signature, TrainingCompletion
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.pauses import Departure, Pause
from models.resources import ResourceRead
from services.ledger.shapes import Ask
from services.pair_facts import AsOf, flag

TAKES_PART = (EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED)


def mentors(ask: Ask, wanted: Collection[str] | None = None) -> Any:
    """A query of one row a mentor: id, name order, and marks."""
    found: dict[str, Any] = {}
    for suffix, as_of in _both(ask):
        here = _takes_part(as_of)
        signed = signed_enrolments(ask, as_of, side="mentor")
        found |= {
            f"mentors{suffix}": here,
            f"signed{suffix}": and_(here, *(col(Enrolment.id).in_(each) for each in signed)) if signed else false(),
            f"in_date{suffix}": and_(here, col(Enrolment.id).in_(trained_enrolments(ask, as_of))),
            f"listed{suffix}": and_(here, col(Enrolment.id).in_(_listed(as_of))),
            f"paused{suffix}": and_(here, col(Enrolment.id).in_(_paused(as_of))),
            f"left{suffix}": col(Enrolment.id).in_(_left(as_of)),
            f"ever{suffix}": or_(here, col(Enrolment.id).in_(_left(as_of))),
            f"reading{suffix}": and_(here, col(Enrolment.id).in_(_reading(as_of))),
        }
    return _rows(ask, Side.MENTOR, found, wanted)


def mentees(ask: Ask, wanted: Collection[str] | None = None) -> Any:
    """The same of mentees."""
    found: dict[str, Any] = {}
    for suffix, as_of in _both(ask):
        here = _takes_part(as_of)
        found |= {
            f"mentees{suffix}": here,
            f"wishing{suffix}": and_(here, _wishing(as_of, ask)),
        }
    here = found["mentees"]
    found |= {
        "needs": and_(here, or_(*(_answered(key) for key in ("needs", "access_needs")))),
        "background": and_(here, _answered("background")),
        "has_goals": and_(here, col(Enrolment.goals).is_not(None)),
    }
    return _rows(ask, Side.MENTEE, found, wanted)


def signed_enrolments(ask: Ask, as_of: AsOf, *, side: str, in_grace: bool = False) -> list[Any]:
    """A query of enrolment ids for each text that the side must sign; `in_grace`, older ones may count."""
    asked = [each for each in ask.documents if side in each.signed_by]
    found = []
    for document in asked:
        if as_of is ask.now:
            editions = document.counting if in_grace else document.twins
        else:
            editions = document.counting_then if in_grace else document.twins_then
        signed = select(col(Signature.enrolment_id)).where(
            col(Signature.document_id).in_(editions), col(Signature.created_at) < (as_of.known_until or as_of.until)
        )
        found.append(signed.correlate(None))
    return found


def trained_enrolments(ask: Ask, as_of: AsOf) -> Any:
    """A query of the ids of those who hold what counts on that day for every module that mentors must have done."""
    held: Any = select(col(Enrolment.id)).where(col(Enrolment.cohort_id) == ask.cohort.id)
    modules = ask.modules if as_of is ask.now else ask.modules_then
    if modules:
        first, *rest = (_completed(module.editions, as_of) for module in modules)
        held = first.where(*(col(TrainingCompletion.enrolment_id).in_(each) for each in rest))
    return held.correlate(None)


def _completed(editions: tuple[Any, ...], as_of: AsOf) -> Any:
    return select(col(TrainingCompletion.enrolment_id)).where(
        col(TrainingCompletion.module_id).in_(editions),
        col(TrainingCompletion.completed_on) <= as_of.day,
        col(TrainingCompletion.expires_on) >= as_of.day,
        col(TrainingCompletion.created_at) < (as_of.known_until or as_of.until),
    )


def _both(ask: Ask) -> Iterator[tuple[str, AsOf]]:
    yield from (("", ask.now), ("_then", ask.then))


def _rows(ask: Ask, side: Side, found: dict[str, Any], wanted: Collection[str] | None) -> Any:
    chosen = found if wanted is None else {mark: found[mark] for mark in found if mark in wanted}
    marks = (flag(condition).label(mark) for mark, condition in chosen.items())
    rows = select(col(Enrolment.id), *marks).where(
        col(Enrolment.cohort_id) == ask.cohort.id, col(Enrolment.side) == side, col(Enrolment.decided_at).is_not(None)
    )
    return rows.subquery(f"{side}_marks")


def _takes_part(as_of: AsOf) -> Any:
    """Approved by then, and here now: of whoever left since it is not kept how they stood on an earlier day."""
    return and_(col(Enrolment.status).in_(TAKES_PART), col(Enrolment.decided_at) < (as_of.known_until or as_of.until))


def _listed(as_of: AsOf) -> Any:
    return (
        select(col(Consent.enrolment_id))
        .where(col(Consent.purpose) == ConsentPurpose.DIRECTORY, *_held(Consent, as_of))
        .correlate(None)
    )


def _held(consent: Any, as_of: AsOf) -> tuple[Any, ...]:
    moment = as_of.known_until or as_of.until
    return col(consent.created_at) < moment, or_(
        col(consent.withdrawn_at).is_(None), col(consent.withdrawn_at) >= moment
    )


def _paused(as_of: AsOf) -> Any:
    return (
        select(col(Pause.enrolment_id))
        .where(col(Pause.started_on) <= as_of.day, or_(col(Pause.ended_on).is_(None), col(Pause.ended_on) > as_of.day))
        .correlate(None)
    )


def _left(as_of: AsOf) -> Any:
    return (
        select(col(Departure.enrolment_id))
        .where(col(Departure.undone_at).is_(None), col(Departure.created_at) < (as_of.known_until or as_of.until))
        .correlate(None)
    )


def _reading(as_of: AsOf) -> Any:
    return (
        select(col(ResourceRead.enrolment_id))
        .where(col(ResourceRead.created_at) < (as_of.known_until or as_of.until))
        .correlate(None)
    )


def _wishing(as_of: AsOf, ask: Ask) -> Any:
    # Of each mentee, because a list of all wishes is longer than one of mentees.
    mine = select(col(Wish.id)).where(col(Wish.mentee_id) == col(Enrolment.id))
    if as_of is not ask.now or as_of.known_until is not None:
        mine = mine.where(col(Wish.created_at) < (as_of.known_until or as_of.until))
    return mine.correlate(Enrolment).exists()


def _answered(key: str) -> Any:
    """An answer of the form that is more than nothing."""
    return func.length(func.coalesce(col(Enrolment.answers)[key].as_string(), "")) > 0
