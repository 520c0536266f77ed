"""Which people of a cohort a filter of the queue shows, as far as anybody pages through them.

A gate is asked of the rows themselves, whatever was true yesterday, and that takes longer the more rows there are. So
people are taken in the order of their names, some hundreds at a time, until the pages are full. Only when hardly
anybody fits is the whole cohort asked, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, false, or_
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import FormField
from models.search import SearchScope
from services import gate_sets, people_search, readiness

# Whom somebody waits for. Whoever paused, left or was declined is neither ready nor on the way.
ON_THE_WAY = frozenset(
    {EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED, EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}
)
# So many are held against the filter at once: when hardly anybody of the first fits, all the others follow.
_AT_ONCE = (400, 1600)
# The gates for which a signature or a completion is looked at.
_BY_EVIDENCE = frozenset({"signature", "training", "ready", "not-ready"})


@dataclass(frozen=True)
class Sought:
    """A cohort's people of one side and status, if given, whom a gate and a search lead to.

    `people` is how many there are without gate and search. `scheme` has the gates; `fields` are the form's, where the
    gate is about the profile.
    """

    cohort_id: UUID
    people: int
    scheme: Any
    fields: Sequence[FormField]
    today: date
    side: Side | None = None
    status: EnrolmentStatus | None = None
    gate: str | None = None
    search: str = ""


def first(session: Session, sought: Sought, most: int) -> list[UUID]:
    """The first that many of them, by name."""
    search = []
    if sought.search.strip():
        words = people_search.few_or_many(session, sought.cohort_id, sought.search, scope=SearchScope.QUEUE)
        if isinstance(words, list):
            fitting = _of_few(sought, bindparam("few", expanding=True))
            return list(session.exec(fitting, params={"few": words}))[:most] if words else []
        search = [col(Enrolment.id).in_(words)]
    # Namesakes stand together in a list by name: to look for them from its start would be to look in vain.
    found = None if search else _walked(session, sought, most)
    if found is None:
        wanted = select(Enrolment.id).where(*_of_all(session, sought), *search)
        found = list(session.exec(wanted.order_by(*_order(sought)).limit(most)))
    return found


def everybody(session: Session, sought: Sought) -> tuple[list[Any], tuple[Any, Any]]:
    """SQL conditions on Enrolment that all of them fulfil, those of the search too; and by what they are in order."""
    if not sought.search.strip():
        return _of_all(session, sought), _order(sought)
    # Only from a name or an address: what else somebody wrote is not what a coordinator looks for here.
    words = people_search.matching_people(session, sought.cohort_id, sought.search, scope=SearchScope.QUEUE)
    return [*_of_all(session, sought), col(Enrolment.id).in_(words)], _order(sought)


def conditions(sought: Sought, *, among: Any = None) -> list[Any]:
    """SQL conditions on Enrolment, joined with Person where the filter is about a gate; not yet those of a search.

    `among` are the ids of a few, to which the answer is limited: then the gates are asked of them alone.
    """
    found: list[Any] = [Enrolment.cohort_id == sought.cohort_id]
    if sought.side is not None:
        found.append(Enrolment.side == sought.side)
    if sought.status is not None:
        found.append(Enrolment.status == sought.status)
    if sought.gate is not None:
        found.append(_as_far(sought, among))
    return found


def _walked(session: Session, sought: Sought, most: int) -> list[UUID] | None:
    """The first that many of those who come first by name; None when too few of them fit to find more so."""
    found: list[UUID] = []
    holds = _of_few(sought, _some(sought))
    seen = 0
    for size in _AT_ONCE:
        found += session.exec(holds, params={"seen": seen, "size": size})
        seen += size
        if len(found) >= most or seen >= sought.people:
            return found[:most]
        if len(found) * sum(_AT_ONCE) < most * seen:
            break
    return None


def _some(sought: Sought) -> Any:
    """`size` people after the first `seen`, by name, whatever the gate says of them."""
    people = select(Enrolment.id).where(*conditions(replace(sought, gate=None))).order_by(*_by_name())
    return people.offset(bindparam("seen")).limit(bindparam("size")).correlate(None)


def _of_few(sought: Sought, few: Any) -> Any:
    """Those of a few who fit, by name."""
    # Told as a value, which no index answers: to find a few by their ids SQLite would read the whole cohort.
    by_value = case((and_(*conditions(sought, among=few)), 1), else_=0) == 1
    people: Any = select(Enrolment.id)
    if sought.gate is not None:
        people = people.join(Person, col(Person.id) == Enrolment.person_id)
    return people.where(col(Enrolment.id).in_(few), by_value).order_by(*_by_name())


def _order(sought: Sought) -> tuple[Any, Any]:
    """By name. With a gate as a value: along an index of names, each would be looked up in every set by itself."""
    if sought.gate is None:
        return _by_name()
    return col(Enrolment.sort_key).concat(""), col(Enrolment.id)


def _of_all(session: Session, sought: Sought) -> list[Any]:
    """The conditions on Enrolment but for the search's, a gate asked of everybody by sets (services/gate_sets.py)."""
    if sought.gate is None:
        return conditions(sought)
    found = conditions(replace(sought, gate=None))
    if sought.gate == "profile":
        # All of each person is read for this: from the first row to the last, not along an index.
        return [case((and_(*found, gate_sets.incomplete(sought.fields)), 1), else_=0) == 1]
    evidence = gate_sets.evidence_of(session, sought.scheme.id, sought.today) if sought.gate in _BY_EVIDENCE else ()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    whole = gate_sets.Whole(sought.scheme, sought.cohort_id, sought.today, evidence, one_by_one=is_sqlite)
    held = {each: gate_sets.held_back(whole, sought.gate, each) for each in Side if sought.side in (None, each)}
    held = {side: condition for side, condition in held.items() if condition is not None}
    of_side = (and_(col(Enrolment.side) == side, condition) for side, condition in held.items())
    if sought.gate in ("ready", "not-ready"):
        found.append(col(Enrolment.status).in_(ON_THE_WAY))
    # Nobody's capacity is less. Only one index has it beside all the rest, and leads along people as they are in sets.
    return [*found, col(Enrolment.side).in_(list(held)), or_(false(), *of_side), col(Enrolment.capacity) >= 0]


def _by_name() -> tuple[Any, Any]:
    return col(Enrolment.sort_key), col(Enrolment.id)


def _as_far(sought: Sought, among: Any) -> Any:
    """An SQL condition: the gate holds them back, or, of "ready" and "not-ready", that every gate holds or not."""
    match sought.gate:
        case "profile":
            return readiness.incomplete(sought.fields)
        case "ready":
            return and_(col(Enrolment.status).in_(ON_THE_WAY), _ready(sought, among))
        case "not-ready":
            return and_(col(Enrolment.status).in_(ON_THE_WAY), ~_ready(sought, among))
        case None:
            return false()
    return readiness.lacks(sought.scheme, sought.cohort_id, sought.gate, sought.today, among=among)


def _ready(sought: Sought, among: Any) -> Any:
    return or_(
        *(
            and_(
                col(Enrolment.side) == side,
                readiness.gates_hold(sought.scheme, sought.cohort_id, side, sought.today, among=among),
            )
            for side in Side
        )
    )
