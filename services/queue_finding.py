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
from services import people_search, readiness

# Whom somebody waits for. Whoever paused, left or was declined is neither ready nor on the way.
ON_THE_WAY = frozenset(
    {EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED, EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}
)
# So many are held against the filter at once: when hardly anybody of the first fits, all the others follow.
_AT_ONCE = (400, 800, 1600, 3200)


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
    among: Any = None
    if sought.search.strip():
        words = people_search.few_or_many(session, sought.cohort_id, sought.search, scope=SearchScope.QUEUE)
        if isinstance(words, list):
            fitting = _of_few(sought, bindparam("few", expanding=True))
            return list(session.exec(fitting, params={"few": words}))[:most] if words else []
        among = words
        if sought.gate is None:
            # Namesakes stand together in a list by name: to look for them from its start would be to look in vain.
            return _of_all(session, sought, among, most)
    found, is_everybody = _walked(session, sought, most)
    return found if is_everybody else _of_all(session, sought, among, most)


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


def of_people(statement: Any, sought: Sought) -> Any:
    """Gates ask the person too; whoever asks for less reads less."""
    statement = statement.select_from(Enrolment)
    return statement.join(Person, col(Person.id) == Enrolment.person_id) if sought.gate is not None else statement


def _walked(session: Session, sought: Sought, most: int) -> tuple[list[UUID], bool]:
    """The first that many, and whether these are all there is to know; not so when hardly anybody fits."""
    found: list[UUID] = []
    words = people_search.holding(sought.search, scope=SearchScope.QUEUE)
    holds = _of_few(sought, _some(sought), words=words)
    seen = 0
    for size in _AT_ONCE:
        found += session.exec(holds, params={"seen": seen, "size": size})
        seen += size
        if len(found) >= most or seen >= sought.people:
            return found[:most], True
    return [], False


def _some(sought: Sought) -> Any:
    """`size` people after the first `seen`, by name, whatever the gate or the search says of them."""
    everybody = select(Enrolment.id).where(*conditions(replace(sought, gate=None))).order_by(*_by_name())
    return everybody.offset(bindparam("seen")).limit(bindparam("size")).correlate(None)


def _of_few(sought: Sought, few: Any, *, words: Any = None) -> Any:
    """Those of a few who fit, by name."""
    fitting = and_(*conditions(sought, among=few), *([] if words is None else [words]))
    # Told as a value, which no index answers: to find a few by their ids SQLite would read the whole cohort.
    by_value = case((fitting, 1), else_=0) == 1
    return of_people(select(Enrolment.id), sought).where(col(Enrolment.id).in_(few), by_value).order_by(*_by_name())


def _of_all(session: Session, sought: Sought, among: Any, most: int) -> list[UUID]:
    wanted = conditions(sought) + ([] if among is None else [col(Enrolment.id).in_(among)])
    return list(session.exec(of_people(select(Enrolment.id), sought).where(*wanted).order_by(*_by_name()).limit(most)))


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
