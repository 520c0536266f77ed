"""Two runs person by person: who would get somebody else, who is placed now, and who is not any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import MatchingRun, RunPair
from models.people import Person
from services.access import Actor
from services.errors import Invalid
from services.matching import review_lines, runs
from services.matching.criteria import CRITERIA

PAGE_SIZE = 50
NAMED_AT_ONCE = 500


class Difference(StrEnum):
    """What became of one mentee between two runs."""

    OTHER_MENTOR = "other_mentor"
    PLACED = "placed"
    LEFT_OUT = "left_out"
    SAME = "same"
    ONLY_IN_FIRST = "only_in_first"
    ONLY_IN_SECOND = "only_in_second"


@dataclass(frozen=True)
class Change:
    """One mentee in both runs. Mentors are names, None for nobody; scores run from 0 to 100."""

    mentee_id: UUID
    mentee: str
    what: Difference
    before: str | None
    after: str | None
    score_before: int
    score_after: int


@dataclass(frozen=True)
class Comparison:
    """One page of the mentees for whom something changed, by name. `counts` are of everybody.

    `settings` says in sentences how the two runs were asked differently. `page` is the one that is shown: the last one
    for whoever asked for one beyond it.
    """

    changes: tuple[Change, ...]
    counts: dict[Difference, int]
    settings: tuple[str, ...]
    page: int = 1

    @property
    def changed(self) -> int:
        return sum(count for what, count in self.counts.items() if what is not Difference.SAME)

    @property
    def pages(self) -> int:
        return pages_of(self.changed)


Answer = tuple[UUID | None, float]


def compare(session: Session, actor: Actor, run_a: UUID, run_b: UUID, *, page: int = 1) -> Comparison:
    """What the later of two runs does differently, whichever is named first.

    Raises NotAllowed, Invalid for runs of two cohorts.
    """
    first, second = sorted(
        (runs.to_coordinate(session, actor, run_id)[0] for run_id in (run_a, run_b)), key=lambda run: run.created_at
    )
    if first.cohort_id != second.cohort_id:
        raise Invalid("These two runs are of different cohorts.", remedy="Choose two runs of one cohort.")
    before, after = (_answers(session, run.id) for run in (first, second))
    found = {mentee: _difference(before.get(mentee), after.get(mentee)) for mentee in before.keys() | after.keys()}
    changed = [mentee for mentee, what in found.items() if what is not Difference.SAME]
    names = _names(session, changed)
    ordered = sorted(changed, key=lambda mentee: (names[mentee].casefold(), str(mentee)))
    at = min(max(1, page), pages_of(len(ordered)))
    shown = ordered[(at - 1) * PAGE_SIZE : at * PAGE_SIZE]
    mentors = {answer[0] for mentee in shown for answer in (before.get(mentee), after.get(mentee)) if answer}
    names |= _names(session, [mentor for mentor in mentors if mentor])
    return Comparison(
        tuple(_change(mentee, found[mentee], before.get(mentee), after.get(mentee), names) for mentee in shown),
        {what: list(found.values()).count(what) for what in Difference},
        _settings(first, second),
        at,
    )


def moved(session: Session, actor: Actor, run_a: UUID, run_b: UUID, *, beside: UUID | None = None) -> int:
    """How many mentees of both runs have another mentor in the second, or one more or less, without `beside`.

    Raises NotAllowed. Nobody's name is read.
    """
    for run_id in (run_a, run_b):
        review_lines.facts(session, actor, run_id)
    asked = {"first": run_a, "second": run_b, "beside": beside}
    return int(session.execute(_moved(), asked).scalar_one())


@cache
def _moved() -> Any:
    first, second = aliased(RunPair), aliased(RunPair)
    beside: Any = bindparam("beside", type_=Uuid())
    other = col(first.mentor_id).is_distinct_from(col(second.mentor_id))
    both = select(func.count()).select_from(first).join(second, col(second.mentee_id) == col(first.mentee_id))
    return both.where(
        col(first.run_id) == bindparam("first"),
        col(second.run_id) == bindparam("second"),
        col(first.mentee_id).is_distinct_from(beside),
        other,
    )


def pages_of(changed: int) -> int:
    """On how many pages so many changes stand; at least on one."""
    return max(1, -(-changed // PAGE_SIZE))


def _answers(session: Session, run_id: UUID) -> dict[UUID, Answer]:
    columns = select(RunPair.mentee_id, RunPair.mentor_id, RunPair.score).where(RunPair.run_id == run_id)
    return {mentee: (mentor, score) for mentee, mentor, score in session.exec(columns)}


def _difference(before: Answer | None, after: Answer | None) -> Difference:
    if before is None or after is None:
        return Difference.ONLY_IN_SECOND if before is None else Difference.ONLY_IN_FIRST
    if before[0] == after[0]:
        return Difference.SAME
    if before[0] is None:
        return Difference.PLACED
    return Difference.LEFT_OUT if after[0] is None else Difference.OTHER_MENTOR


def _change(
    mentee: UUID, what: Difference, before: Answer | None, after: Answer | None, names: dict[UUID, str]
) -> Change:
    sides = [
        (names[answer[0]] if answer and answer[0] else None, answer[1] if answer else 0) for answer in (before, after)
    ]
    scores = [round(score * 100) for _, score in sides]
    return Change(mentee, names[mentee], what, sides[0][0], sides[1][0], scores[0], scores[1])


def _names(session: Session, enrolment_ids: Iterable[UUID]) -> dict[UUID, str]:
    ids, names = list(enrolment_ids), dict[UUID, str]()
    for start in range(0, len(ids), NAMED_AT_ONCE):
        statement = (
            select(Enrolment.id, Person.full_name)
            .join(Person, col(Person.id) == col(Enrolment.person_id))
            .where(col(Enrolment.id).in_(ids[start : start + NAMED_AT_ONCE]))
        )
        names.update(session.exec(statement).all())
    return names


def _settings(first: MatchingRun, second: MatchingRun) -> tuple[str, ...]:
    told = [
        f"{CRITERIA[key].label if key in CRITERIA else key}: weight {was} before, {now} after"
        for key in sorted(first.weights.keys() | second.weights.keys())
        if (was := first.weights.get(key, 0)) != (now := second.weights.get(key, 0))
    ]
    if (first.policy or "total_first") != (second.policy or "total_first"):
        floor = "first" if first.policy == "floor_first" else "second"
        told.append(f"Only the {floor} run lifted the worst pair before the total")
    if first.seed != second.seed:
        told.append("Lots were drawn anew")
    if first.text_method != second.text_method:
        told.append("Goals and work histories were compared in another way")
    return tuple(told)
