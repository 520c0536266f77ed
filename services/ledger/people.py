"""Mentors and mentees, a row for each who was approved, with marks: signed, trained, listed, away, wishing, answered.

Who signed or did the training is a list that the database makes once, not a question about each person. What is asked
of several marks or of both days is looked up in a step before (MATERIALIZED), once for each person.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, case, false, func, literal, or_, select, true
from sqlmodel import col

from models.agreements import Signature, TrainingCompletion
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.pauses import Departure, Pause
from models.resources import ResourceRead
from services.ledger.moments import COHORT, Moment, Shape
from services.ledger.steps import once
from services.pair_facts import flag

TAKES_PART = (EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED)
LISTED = {"now": 1, "then": 2}


def mentors(shape: Shape, wanted: Collection[str]) -> Any:
    """A query of one row a mentor: id and the wanted marks, `<mark>_then` for before."""
    found: dict[str, Any] = {}
    now, then = shape.moments
    columns = [flag(_takes_part(moment)).label(f"here_{moment.name}") for moment in shape.moments]
    if "listed" in wanted:
        columns.append(_listing(now, then).label("listing"))
    # In the order of their ids, as the indexes are in which each of them is looked up.
    every = once(_decided(Side.MENTOR, *columns).order_by(col(Enrolment.id)), "every_mentor").c
    person, listing = every.id, every.get("listing")
    for suffix, moment in zip(("", "_then"), shape.moments, strict=True):
        here, left = every[f"here_{moment.name}"] == 1, person.in_(_left(moment))
        found |= {
            f"mentors{suffix}": here,
            # Where no text asks for a signature, there is nobody to count.
            f"signers{suffix}": here if shape.documents else false(),
            f"signed{suffix}": and_(here, signed(person, moment, shape) if shape.documents else false()),
            f"in_date{suffix}": and_(here, trained(person, moment, shape)),
            f"paused{suffix}": and_(here, person.in_(_paused(moment))),
            f"left{suffix}": left,
            f"ever{suffix}": or_(here, left),
            f"reading{suffix}": and_(here, person.in_(_reading(moment))),
        }
        if listing is not None:
            found[f"listed{suffix}"] = and_(here, listing.bitwise_and(LISTED[moment.name]) != 0)
    return select(person, *_marked(found, wanted)).subquery("mentor_marks")


def mentees(shape: Shape, wanted: Collection[str]) -> Any:
    """The same of mentees who are here now. What a form says has no past."""
    said = {
        "needs": or_(*(_answered(key) for key in ("needs", "access_needs", "support"))),
        "background": _answered("background"),
        "has_goals": col(Enrolment.goals).is_not(None),
    }
    columns = [flag(condition).label(mark) for mark, condition in said.items() if mark in wanted]
    if "wishing" in wanted:
        columns.append(_first_wish().label("wished_at"))
    decided = _decided(Side.MENTEE, col(Enrolment.decided_at), *columns).where(col(Enrolment.status).in_(TAKES_PART))
    every = once(decided.order_by(col(Enrolment.id)), "every_mentee").c
    is_here = every.decided_at < shape.now.seen
    found: dict[str, Any] = {mark: and_(is_here, every[mark] == 1) for mark in said if mark in wanted}
    for suffix, moment in zip(("", "_then"), shape.moments, strict=True):
        was_here = every.decided_at < moment.seen
        found[f"mentees{suffix}"] = was_here
        if "wishing" in wanted:
            found[f"wishing{suffix}"] = and_(was_here, every.wished_at < moment.seen)
    return select(every.id, *_marked(found, wanted)).subquery("mentee_marks")


def signed(mentor: Any, moment: Moment, shape: Shape, *, in_grace: bool = False) -> Any:
    """They signed every text that mentors must; `in_grace`, an older edition may count."""
    which = "in_grace" if in_grace else "signed"
    return and_(true(), *(mentor.in_(_signed(moment, which, number)) for number in range(shape.documents)))


def trained(mentor: Any, moment: Moment, shape: Shape) -> Any:
    """They hold what counts on that day for every module that mentors must have done."""
    modules = shape.modules if moment.name == "now" else shape.modules_then
    return and_(true(), *(mentor.in_(_completed(moment, number)) for number in range(modules)))


def _signed(moment: Moment, which: str, number: int) -> Any:
    return select(col(Signature.enrolment_id)).where(
        col(Signature.document_id).in_(moment.editions(which, number)), col(Signature.created_at) < moment.seen
    )


def _completed(moment: Moment, number: int) -> Any:
    return select(col(TrainingCompletion.enrolment_id)).where(
        col(TrainingCompletion.module_id).in_(moment.editions("module", number)),
        col(TrainingCompletion.completed_on) <= moment.day,
        col(TrainingCompletion.expires_on) >= moment.day,
        col(TrainingCompletion.created_at) < moment.seen,
    )


def _marked(found: dict[str, Any], wanted: Collection[str]) -> list[Any]:
    return [flag(condition).label(mark) for mark, condition in found.items() if mark in wanted]


def _decided(side: Side, *columns: Any) -> Any:
    """Everybody of that side who was ever decided about."""
    return select(col(Enrolment.id), *columns).where(
        col(Enrolment.cohort_id) == COHORT, col(Enrolment.side) == side, col(Enrolment.decided_at).is_not(None)
    )


def _takes_part(moment: Moment) -> Any:
    """Approved by then, and here now: of whoever left since it is not kept how they stood on an earlier day."""
    return and_(col(Enrolment.status).in_(TAKES_PART), col(Enrolment.decided_at) < moment.seen)


def _listing(*both: Moment) -> Any:
    """On which of the two days a mentor agreed to be listed, as bits: one look at their consents."""
    # Of each mentor: a list would hold everybody's consents.
    at = (func.max(case((_given(moment), LISTED[moment.name]), else_=0)) for moment in both)
    mine = select(sum(at, literal(0))).where(
        col(Consent.purpose) == ConsentPurpose.DIRECTORY, col(Consent.enrolment_id) == col(Enrolment.id)
    )
    return case((_takes_part(both[0]), mine.correlate(Enrolment).scalar_subquery()), else_=0)


def _given(moment: Moment) -> Any:
    return and_(
        col(Consent.created_at) < moment.seen,
        or_(col(Consent.withdrawn_at).is_(None), col(Consent.withdrawn_at) >= moment.seen),
    )


def _paused(moment: Moment) -> Any:
    return select(col(Pause.enrolment_id)).where(
        col(Pause.started_on) <= moment.day, or_(col(Pause.ended_on).is_(None), col(Pause.ended_on) > moment.day)
    )


def _left(moment: Moment) -> Any:
    return select(col(Departure.enrolment_id)).where(
        col(Departure.undone_at).is_(None), col(Departure.created_at) < moment.seen
    )


def _reading(moment: Moment) -> Any:
    return select(col(ResourceRead.enrolment_id)).where(col(ResourceRead.created_at) < moment.seen)


def _first_wish() -> Any:
    """When a mentee first wished for a mentor."""
    # Of each mentee, because a list of all wishes is longer than one of mentees.
    wishes = select(func.min(col(Wish.created_at))).where(col(Wish.mentee_id) == col(Enrolment.id))
    return wishes.correlate(Enrolment).scalar_subquery()


def _answered(key: str) -> Any:
    """An answer of the form that is more than nothing."""
    return func.coalesce(col(Enrolment.answers)[key].as_string(), "").not_in(["", "[]"])
