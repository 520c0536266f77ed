"""Are groups of people matched equally often? The only place that opens equality answers of others, to count them.

Once a month a table is made of each cohort, the same for everybody who may see figures: two looks on different days
cannot be subtracted (SECURITY.md a4). What it tells, and what not, is decided by `services/parity_rules.py`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.equality import EqualityAnswers, ParityTable
from models.pairings import Pairing
from models.schemes import Cohort, Scheme
from services import access, audit, equality, parity_rules, secrets_at_rest, times
from services.access import DESK, Actor
from services.parity_rules import Counted, Difference, Told
from services.schemes import equality as questions
from services.schemes.equality import EqualityQuestion
from services.units import writes

EVERYBODY = "everybody"
# By side, question and group; the groups of `EVERYBODY` have one, with the same name.
Exact = dict[Side, dict[str, dict[str, Counted]]]
Published = Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]


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
    """What a cohort's newest table says. `as_of` None: none was made yet, or the scheme asks nothing."""

    as_of: date | None
    by_side: Mapping[Side, tuple[Compared, ...]]

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
    return Parity(row.as_of, {side: tuple(_compared(each, side, row.published) for each in asked) for side in Side})


def publish_due(session: Session, now: datetime) -> int:
    """Make the table of each running cohort that has none of this month yet; how many. For the desk itself."""
    due = [(row.id, times.day_in(now, row.time_zone)) for row in session.execute(_cohorts()) if _is_due(row, now)]
    for cohort_id, today in due:
        _publish(session, cohort_id, today)
    return len(due)


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


def _is_due(row: Any, now: datetime) -> bool:
    today = times.day_in(now, row.time_zone)
    is_new = row.as_of is None or (today.year, today.month) > (row.as_of.year, row.as_of.month)
    return bool(row.other_settings.get(questions.SETTING)) and today <= row.ends_on and is_new


@writes
def _publish(session: Session, cohort_id: UUID, today: date) -> None:
    """Count, and replace the table as far as enough has changed."""
    cohort = session.get_one(Cohort, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    statement = select(ParityTable).where(ParityTable.cohort_id == cohort_id).with_for_update()
    table = session.exec(statement).one_or_none()
    before = _opened(table.exact) if table is not None else {}
    earlier: Published = table.published if table is not None else {}
    exact, published = _renewed(_asked(scheme), _counted(session, cohort_id), before, earlier)
    table = table or ParityTable(cohort_id=cohort_id, as_of=today, exact="")
    table.as_of, table.published, table.exact = today, published, secrets_at_rest.encrypted(json.dumps(exact))
    session.add(table)
    audit.record(session, DESK, "parity.published", cohort_id, scheme_id=scheme.id)
    session.commit()


def _counted(session: Session, cohort_id: UUID) -> Exact:
    """Active people by side, question and answer (KPI 5). No name and no id leaves the database. One query."""
    in_pair = exists().where(
        or_(col(Pairing.mentor_id) == col(Enrolment.id), col(Pairing.mentee_id) == col(Enrolment.id)),
        col(Pairing.ended_at).is_(None),
    )
    statement = (
        select(Enrolment.side, in_pair, EqualityAnswers.words)
        .outerjoin(EqualityAnswers, col(EqualityAnswers.enrolment_id) == col(Enrolment.id))
        .where(Enrolment.cohort_id == cohort_id, Enrolment.status == EnrolmentStatus.APPROVED)
    )
    found: Exact = {side: {} for side in Side}
    for side, is_matched, words in session.execute(statement):
        answers = equality.opened(words) if words else {}
        for key, code in ({EVERYBODY: EVERYBODY} | answers).items():
            groups = found[side].setdefault(key, {})
            sofar = groups.get(code, Counted())
            groups[code] = Counted(sofar.people + 1, sofar.matched + bool(is_matched))
    return found


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
        figure: Mapping[str, int] | None
        if was is not None and not parity_rules.is_new(Counted(*was), count):
            count, figure = Counted(*was), earlier.get(side, {}).get(question.key, {}).get(code)
            # Others may have been matched since: whoever is left must not be this group alone.
            figure = figure if parity_rules.hides_who_is_in_it(count, everybody) else None
        else:
            said = parity_rules.told(count, everybody)
            figure = asdict(said) if said else None
        exact.setdefault(side, {}).setdefault(question.key, {})[code] = [count.people, count.matched]
        if figure:
            published.setdefault(side, {}).setdefault(question.key, {})[code] = dict(figure)
    return exact, published


def _each(asked: tuple[EqualityQuestion, ...]) -> Iterator[tuple[Side, EqualityQuestion, str]]:
    return ((side, question, option.code) for side in Side for question in asked for option in question.options)


def _opened(stored: str) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(secrets_at_rest.decrypted(stored))
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
