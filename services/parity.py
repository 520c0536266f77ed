"""Are groups of people matched equally often? A month's table of each cohort, made from equality answers of others.

It is the same for everybody who may see figures: two looks on different days cannot be subtracted (SECURITY.md a4).
What it tells, and what not, is decided by `services/parity_rules.py`. An answer that cannot be opened counts as blank.
"""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.database import begin_looking, look_anew
from models.enrolments import Side
from models.equality import ParityTable
from models.schemes import Cohort, Scheme
from services import access, audit, equality_opening, parity_counting, parity_rules, secrets_at_rest, times
from services.access import DESK, Actor
from services.equality_opening import Opened
from services.errors import Conflict, NotAllowed
from services.parity_counting import EVERYBODY, Exact
from services.parity_rules import Counted, Difference, Told
from services.schemes import equality as questions
from services.schemes.equality import EqualityQuestion
from services.units import writes

_LOG = logging.getLogger("mentoring.parity")

UNREAD = "unread"
# By side, question and group; under `UNREAD` how many answers could not be opened, roughly (parity_rules).
Published = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """One question on one side: the groups that may be told of by name, and the names of those that may not.

    No group is told of where there are not two to compare.
    """

    name: str
    groups: Mapping[str, Told]
    kept_back: tuple[str, ...]
    difference: Difference | None


@dataclass(frozen=True)
class Parity:
    """What a cohort's newest table says. `as_of` None: none was made yet, or the scheme asks nothing.

    `unread`: how many people's answers could not be opened, as `parity_rules.roughly` tells it.
    """

    as_of: date | None
    by_side: Mapping[Side, tuple[Compared, ...]]
    unread: int = 0

    @property
    def largest(self) -> Difference | None:
        """The largest difference of all."""
        found = [each.difference for asked in self.by_side.values() for each in asked if each.difference]
        return max(found, key=lambda each: each.points, default=None)

    @property
    def groups(self) -> int:
        """How many groups are told of."""
        return sum(len(each.groups) for asked in self.by_side.values() for each in asked)


def of_cohort(session: Session, actor: Actor, cohort_id: UUID) -> Parity:
    """The newest table, for whoever sees the cohort's figures; three queries at most. Raises NotAllowed."""
    cohort = access.cohort_to_see_figures_of(session, actor, cohort_id)
    return newest(session, session.get_one(Scheme, cohort.scheme_id), cohort_id)


def newest(session: Session, scheme: Scheme, cohort_id: UUID) -> Parity:
    """The newest table as it was published: whoever calls has asked whether the reader may see it. One query."""
    columns: Any = select(col(ParityTable.as_of), col(ParityTable.published))
    row = session.execute(columns.where(col(ParityTable.cohort_id) == cohort_id)).one_or_none()
    asked = _asked(scheme)
    if row is None or not asked:
        return Parity(None, {})
    by_side = {side: tuple(_compared(each, side, row.published) for each in asked) for side in Side}
    return Parity(row.as_of, by_side, row.published.get(UNREAD, 0))


def publish_due(session: Session, now: datetime) -> int:
    """Make the table of each running cohort that has none of this month yet; how many. For the desk itself."""
    begin_looking(session)
    due = [row.id for row in session.execute(_cohorts()) if _is_due(row, row.as_of, row.ends_on, now)]
    look_anew(session)
    return sum(_publish_if_possible(session, cohort_id, now) for cohort_id in due)


def forget(session: Session, scheme_id: UUID, keys: Collection[str]) -> None:
    """Takes these questions out of the tables of every cohort of a scheme; never commits."""
    of_scheme = select(Cohort.id).where(Cohort.scheme_id == scheme_id)
    statement = select(ParityTable).where(col(ParityTable.cohort_id).in_(of_scheme)).with_for_update()
    for table in session.exec(statement):
        # Answers that could not be read are gone as well (services/equality_asked.py).
        table.published = _without(keys, {side: table.published.get(side, {}) for side in Side})
        table.exact = _sealed(_without(keys, _opened(table.exact) or {}))


def _without(keys: Collection[str], table: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {side: {key: of_key for key, of_key in asked.items() if key not in keys} for side, asked in table.items()}


def _cohorts() -> Any:
    """Every cohort, and the day of its table."""
    facts: Any = (Cohort.id, Cohort.ends_on, Scheme.time_zone, Scheme.other_settings, ParityTable.as_of)
    return (
        select(*facts)
        .select_from(Cohort)
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .outerjoin(ParityTable, col(ParityTable.cohort_id) == col(Cohort.id))
        .order_by(col(Cohort.id))
    )


def _is_due(scheme: Any, as_of: date | None, ends_on: date, now: datetime) -> bool:
    """Of a scheme its zone and settings are asked."""
    today = times.day_in(now, scheme.time_zone)
    is_new = as_of is None or (today.year, today.month) > (as_of.year, as_of.month)
    return bool(scheme.other_settings.get(questions.SETTING)) and today <= ends_on and is_new


def _publish_if_possible(session: Session, cohort_id: UUID, now: datetime) -> bool:
    """Every answer is opened before anything is locked. A cohort that is being changed waits for the next hour."""
    known = equality_opening.beforehand(session, parity_counting.answers(), {"cohort": cohort_id})
    try:
        return _publish(session, cohort_id, now, known)
    except Conflict:
        return False


@writes
def _publish(session: Session, cohort_id: UUID, now: datetime, known: Opened) -> bool:
    """Count as it is now, and replace the table as far as enough has changed; whether it was still due."""
    cohort = session.get_one(Cohort, cohort_id)
    # Held, so that no question is taken away meanwhile.
    scheme = session.exec(select(Scheme).where(Scheme.id == cohort.scheme_id).with_for_update(read=True)).one()
    statement = select(ParityTable).where(ParityTable.cohort_id == cohort_id).with_for_update()
    table = session.exec(statement).one_or_none()
    if not _is_due(scheme, table.as_of if table is not None else None, cohort.ends_on, now):
        session.commit()
        return False
    before = _opened(table.exact) if table is not None else {}
    earlier: Published = table.published if table is not None else {}
    counted, unread = parity_counting.counted(session, cohort_id, known)
    if unread or before is None:
        _LOG.warning("The keys of this server do not open every equality answer: those count as left blank.")
    exact, published = _renewed(_asked(scheme), counted, before or {}, earlier)
    published[UNREAD] = parity_rules.roughly(unread, earlier.get(UNREAD, 0))
    today = times.day_in(now, scheme.time_zone)
    table = table or ParityTable(cohort_id=cohort_id, as_of=today, exact="")
    table.as_of, table.published, table.exact = today, published, _sealed(exact)
    session.add(table)
    audit.record(session, DESK, "parity.published", cohort_id, scheme_id=scheme.id)
    session.commit()
    return True


def _renewed(
    asked: tuple[EqualityQuestion, ...], now: Exact, before: Mapping[str, Any], earlier: Published
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands behind each group's figure, and what is told of it; both as they were where too little changed."""
    exact: dict[str, Any] = {}
    published: dict[str, Any] = {}
    for side, question, code in _each(asked):
        everybody = now[side].get(EVERYBODY, {}).get(EVERYBODY, Counted())
        count = now[side].get(question.key, {}).get(code, Counted())
        was = before.get(side, {}).get(question.key, {}).get(code)
        figure = earlier.get(side, {}).get(question.key, {}).get(code)
        stands, figure = _of_group(count, everybody, Counted(*was) if was else None, figure)
        if stands:
            exact.setdefault(side, {}).setdefault(question.key, {})[code] = [stands.people, stands.matched]
        if figure:
            published.setdefault(side, {}).setdefault(question.key, {})[code] = dict(figure)
    return exact, published


def _of_group(
    now: Counted, everybody: Counted, was: Counted | None, figure: Mapping[str, int] | None
) -> tuple[Counted | None, Mapping[str, int] | None]:
    """The count behind a group's figure from now on, and the figure.

    Of an earlier figure whose count is lost with its key, every count is thought of that it may have had, and it
    stands for itself (None) until so many people have changed in any case.
    """
    possible = [was] if was else [*parity_rules.behind(Told(**figure))] if figure else []
    if not possible or all(parity_rules.is_new(each, now) for each in possible):
        said = parity_rules.told(now, everybody)
        return now, asdict(said) if said else None
    # Others may have been matched since: whoever is left must not be this group alone.
    if not all(parity_rules.hides_who_is_in_it(each, everybody) for each in possible):
        return was or now, None
    return was, figure


def _each(asked: tuple[EqualityQuestion, ...]) -> Iterator[tuple[Side, EqualityQuestion, str]]:
    return ((side, question, option.code) for side in Side for question in asked for option in question.options)


def _sealed(exact: Mapping[str, Any]) -> str:
    return secrets_at_rest.encrypted(json.dumps(exact))


def _opened(stored: str) -> dict[str, Any] | None:
    """The counts behind the figures; None where no key of this server opens them."""
    try:
        counts: dict[str, Any] = json.loads(secrets_at_rest.decrypted(stored))
    except NotAllowed:
        return None
    return counts


def _asked(scheme: Scheme) -> tuple[EqualityQuestion, ...]:
    return questions.chosen(scheme.other_settings.get(questions.SETTING, ()))


def _compared(question: EqualityQuestion, side: Side, published: Published) -> Compared:
    figures = published.get(side, {}).get(question.key, {})
    groups = {option.group: Told(**figures[option.code]) for option in question.options if option.code in figures}
    difference = parity_rules.difference(groups)
    groups = groups if difference else {}
    kept_back = tuple(option.group for option in question.options if option.group not in groups)
    return Compared(question.short, groups, kept_back, difference)
