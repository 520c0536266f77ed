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

from sqlalchemy import and_, bindparam, case, false, or_, union, union_all
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import FormField
from models.search import SearchScope
from services import gate_sets, people_search, readiness
from services.gate_sets import Way

# Whom somebody waits for. Whoever paused, left or was declined is neither ready nor on the way.
ON_THE_WAY = frozenset(
    {EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED, EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}
)
# So many are held against the filter at once: when hardly anybody of the first fits, all the others follow.
_AT_ONCE = (100, 300, 1600)
# The gates for which a signature or a completion is looked at.
_BY_EVIDENCE = frozenset({"signature", "training", "ready", "not-ready"})
# Nobody's capacity is less. Only one index has it beside all the rest, and leads along people as they are in sets.
_LED_BY_SETS: Any = col(Enrolment.capacity) >= 0


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
    whole, search = _whole(session, sought), []
    if sought.search.strip():
        words = people_search.few_or_many(session, sought.cohort_id, sought.search, scope=SearchScope.QUEUE)
        if isinstance(words, list):
            fitting = _of_few(sought, whole, bindparam("few", expanding=True))
            return list(session.exec(fitting, params={"few": words}))[:most] if words else []
        search = [_among_namesakes(session, sought, words)]
    # Namesakes stand together in a list by name: to look for them from its start would be to look in vain.
    found = None if search else _walked(session, sought, whole, most)
    return list(session.exec(_in_order(session, sought, whole, *search).limit(most))) if found is None else found


def _in_order(session: Session, sought: Sought, whole: gate_sets.Whole, *search: Any) -> Any:
    """A select of the ids of all who fit."""
    if sought.gate is None:
        # Nothing but the search: names are read in the order in which they are kept.
        return select(Enrolment.id).where(*conditions(sought), *search).order_by(*_by_name())
    if _is_postgresql(session) and sought.gate != "profile":
        _read_in_order(session)
    wanted = _of_all(session, sought, whole, *search).subquery()
    return select(wanted.c.id).order_by(*_by_value(wanted.c))


def _among_namesakes(session: Session, sought: Sought, words: Any) -> Any:
    """An SQL condition on Enrolment: the search, a select of many ids, leads to them."""
    found = col(Enrolment.id).in_(words)
    if not _is_postgresql(session) or sought.gate is not None or sought.side is not None:
        return found
    # As a join, PostgreSQL reads everybody and puts all whom it finds in order. As a value it takes people by name,
    # until there are enough, and looks each up in one table of those found, however large that is.
    session.connection().exec_driver_sql("SET LOCAL hash_mem_multiplier = 100")
    return _as_value(found)


def everybody(session: Session, sought: Sought) -> tuple[list[Any], tuple[Any, Any]]:
    """SQL conditions on Enrolment that all of them fulfil, those of the search too; and by what they are in order."""
    search = []
    if sought.search.strip():
        # Only from a name or an address: what else somebody wrote is not what a coordinator looks for here.
        words = people_search.matching_people(session, sought.cohort_id, sought.search, scope=SearchScope.QUEUE)
        search = [col(Enrolment.id).in_(words)]
    order = _by_name() if sought.gate is None else _by_value(Enrolment)
    return [*_each_asked(sought, _whole(session, sought)), *search], order


def conditions(sought: Sought) -> list[Any]:
    """SQL conditions on Enrolment of cohort, side and status, not yet those of a gate and a search."""
    found: list[Any] = [Enrolment.cohort_id == sought.cohort_id]
    if sought.side is not None:
        found.append(Enrolment.side == sought.side)
    if sought.status is not None:
        found.append(Enrolment.status == sought.status)
    return found


def _read_in_order(session: Session) -> None:
    """Let PostgreSQL read sets along their indexes for the rest of this look, and merge them.

    It takes an index for a disk that seeks, and calls workers who would each read every set: for what lies in memory
    and is over in milliseconds both take longer than they save. A profile is no set: workers share the people's rows.
    """
    for setting in ("random_page_cost = 1.1", "max_parallel_workers_per_gather = 0"):
        session.connection().exec_driver_sql(f"SET LOCAL {setting}")


def _whole(session: Session, sought: Sought) -> gate_sets.Whole:
    """What the gate asks of people today. Two statements where it is about evidence, else none."""
    asked = sought.gate in _BY_EVIDENCE
    evidence = gate_sets.evidence_of(session, sought.scheme.id, sought.today) if asked else ()
    return gate_sets.Whole(sought.scheme, sought.cohort_id, sought.today, evidence)


def _walked(session: Session, sought: Sought, whole: gate_sets.Whole, most: int) -> list[UUID] | None:
    """The first that many of those who come first by name; None when too few of them fit to find more so."""
    found: list[UUID] = []
    holds = _of_few(sought, whole, _some(sought))
    seen = 0
    for size in _AT_ONCE:
        found += session.exec(holds, params={"seen": seen, "size": size})
        seen += size
        if len(found) >= most or seen >= sought.people:
            return found[:most]
        # Among the first few chance has a say: not even half as many as it takes, then.
        if len(found) * sum(_AT_ONCE) * (2 if seen == size else 1) < most * seen:
            break
    return None


def _some(sought: Sought) -> Any:
    """`size` people after the first `seen`, by name, whatever the gate says of them."""
    people = select(Enrolment.id).where(*conditions(sought)).order_by(*_by_name())
    return people.offset(bindparam("seen")).limit(bindparam("size")).correlate(None)


def _of_few(sought: Sought, whole: gate_sets.Whole, few: Any) -> Any:
    """Those of a few who fit, by name: what each of them has is looked up."""
    people: Any = select(Enrolment.id)
    fitting = conditions(sought)
    if sought.gate == "profile":
        people = people.join(Person, col(Person.id) == Enrolment.person_id)
        fitting.append(readiness.incomplete(sought.fields))
    elif sought.gate is not None:
        fitting += _on_the_way(sought)
        fitting.append(or_(false(), *_held_back(sought, whole).values()))
    # As a value, which no index answers: to find a few by their ids SQLite would read the whole cohort.
    return people.where(col(Enrolment.id).in_(few), _as_value(*fitting)).order_by(*_by_name())


def _of_all(session: Session, sought: Sought, whole: gate_sets.Whole, *search: Any) -> Any:
    """A select of the ids and names of all who fit."""
    people: Any = select(Enrolment.id, Enrolment.sort_key).where(*search)
    is_sqlite = not _is_postgresql(session)
    # Those whom a search leads to are fewer than a set. And whoever lacks the first thing is asked no further.
    if sought.gate in (None, "profile") or (is_sqlite and (search or sought.gate == "ready")):
        return people.where(*_each_asked(sought, whole))
    people = people.where(*conditions(sought), *_on_the_way(sought), _LED_BY_SETS)
    way = Way.MERGED if is_sqlite else Way.BESIDE
    sides = [side for side in Side if sought.side in (None, side)]
    return union_all(
        *(_of_side(replace(sought, side=side), replace(whole, way=way, sets=[], sure=[]), people) for side in sides)
    )


def _each_asked(sought: Sought, whole: gate_sets.Whole) -> list[Any]:
    """SQL conditions on Enrolment for which every person is looked up in the sets, one after the other."""
    found = conditions(sought)
    if sought.gate is None:
        return found
    if sought.gate == "profile":
        # All of each person is read for this: from the first row to the last, not along an index.
        return [_as_value(*found, gate_sets.incomplete(sought.fields))]
    held = _held_back(sought, whole)
    return [
        *found,
        *_on_the_way(sought),
        col(Enrolment.side).in_(list(held)),
        or_(false(), *held.values()),
        _LED_BY_SETS,
    ]


def _of_side(sought: Sought, whole: gate_sets.Whole, people: Any) -> Any:
    """Those of the people whom the gate holds back on one side."""
    if whole.way is Way.MERGED and sought.side is not None:
        # Of all conditions together SQLite would ask everybody, instead of going to those who are in a set.
        each = gate_sets.lacks(whole, sought.gate or "", sought.side) or [false()]
        found = union(*(people.where(col(Enrolment.side) == sought.side, one) for one in each)).subquery()
        return select(found.c.id, found.c.sort_key)
    held = _held_back(sought, whole)
    return gate_sets.beside(whole, people.where(col(Enrolment.side).in_(list(held)), or_(false(), *held.values())))


def _held_back(sought: Sought, whole: gate_sets.Whole) -> dict[Side, Any]:
    """By side an SQL condition on Enrolment: the gate holds them back; of "ready", that none does."""
    sides = [side for side in Side if sought.side in (None, side)]
    held = {side: gate_sets.held_back(whole, sought.gate or "", side) for side in sides}
    return {side: and_(col(Enrolment.side) == side, each) for side, each in held.items() if each is not None}


def _on_the_way(sought: Sought) -> list[Any]:
    """Whoever paused or left is neither ready nor not."""
    return [col(Enrolment.status).in_(ON_THE_WAY)] if sought.gate in ("ready", "not-ready") else []


def _as_value(*conditions: Any) -> Any:
    """The conditions, told so that a database does not look for an index or a join that answers them."""
    return case((and_(*conditions), 1), else_=0) == 1


def _by_name() -> tuple[Any, Any]:
    return col(Enrolment.sort_key), col(Enrolment.id)


def _by_value(people: Any) -> tuple[Any, Any]:
    """By name, but not along an index of names: each would be looked up in every set by itself."""
    return people.sort_key.concat(""), people.id


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
