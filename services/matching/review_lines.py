"""The lines of a run, read once: a run never changes. Ids, scores and ranks only; names belong to the page shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import MatchingRun, RunPair
from models.schemes import Cohort
from services.access import Actor
from services.errors import NotAllowed
from services.schemes.sectors import sectors

UNWISHED = 1000
_ESCAPED = str.maketrans({character: f"/{character}" for character in "%_/"})


class Show(StrEnum):
    """What of a run to show."""

    ALL = "all"
    MATCHED = "matched"
    WARNINGS = "warnings"
    UNMATCHED = "unmatched"


class Sort(StrEnum):
    """In which order; whoever has no mentor always comes first."""

    BEST = "best"
    WORST = "worst"
    NAME = "name"
    WISH = "wish"


class Line(NamedTuple):
    """One line by its id. Scores run from 0 to 1; `share` is the score of what is possible for this mentee."""

    id: UUID
    mentee_id: UUID
    is_matched: bool
    score: float
    share: float
    wish_rank: int
    is_noted: bool

    def is_in(self, show: Show) -> bool:
        """Whether it belongs to what is shown. A note beside a mentor is a warning; without one, it says why."""
        if show is Show.ALL:
            return True
        if show is Show.UNMATCHED:
            return not self.is_matched
        return self.is_matched and (self.is_noted or show is Show.MATCHED)


@dataclass(frozen=True)
class Facts:
    """Of which cohort a run is, and when it was made."""

    run_id: UUID
    scheme_id: UUID
    cohort_id: UUID
    made_at: datetime

    def check(self, actor: Actor) -> None:
        """Raises NotAllowed unless the actor coordinates the run's scheme."""
        if self.scheme_id not in actor.coordinates:
            raise _not_yours()


@dataclass(frozen=True, eq=False)
class RunLines:
    """All lines of a run, which a server may keep for everybody: whoever asks is checked at every question."""

    facts: Facts
    lines: tuple[Line, ...]
    counts: dict[Show, int]
    _orders: dict[tuple[Show, Sort], tuple[UUID, ...]] = field(default_factory=dict)

    def ordered(self, show: Show, sort: Sort) -> tuple[UUID, ...]:
        """The ids of the lines to show: whoever has no mentor, then the pairs, both as sorted, but not by name."""
        found = self._orders.get((show, sort))
        if found is None:
            lines = sorted(self._shown(show), key=_KEYS[sort])
            found = self._orders[show, sort] = tuple(line.id for line in lines)
        return found

    def unmatched_first(self, show: Show, ids: Sequence[UUID]) -> tuple[UUID, ...]:
        """Of these ids those to show, in their order, but whoever has no mentor first."""
        matched = {line.id: line.is_matched for line in self._shown(show)}
        return tuple(sorted((one for one in ids if one in matched), key=matched.__getitem__))

    def _shown(self, show: Show) -> list[Line]:
        return [line for line in self.lines if line.is_in(show)]


_KEYS: dict[Sort, Any] = {
    Sort.BEST: lambda line: (line.is_matched, -line.share, -line.score, line.mentee_id),
    Sort.WORST: lambda line: (line.is_matched, line.share, line.score, line.mentee_id),
    Sort.WISH: lambda line: (line.is_matched, line.wish_rank, -line.score, line.mentee_id),
}


def read(session: Session, actor: Actor, run_id: UUID) -> RunLines:
    """All lines of a run, to be kept. Raises NotAllowed. Two queries."""
    of_run = facts(session, actor, run_id)
    lines = tuple(_line(*row) for row in session.execute(_lines(), {"run_id": run_id}))
    return RunLines(of_run, lines, {show: sum(line.is_in(show) for line in lines) for show in Show})


def facts(session: Session, actor: Actor, run_id: UUID) -> Facts:
    """Of which cohort a run is. Raises NotAllowed. The run itself, with its long proof, is not loaded."""
    found = session.execute(_facts(), {"run_id": run_id}).first()
    if found is None:
        raise _not_yours()
    of_run = Facts(run_id, *found)
    of_run.check(actor)
    return of_run


def by_name(session: Session, run_id: UUID) -> Sequence[UUID]:
    """The ids of all lines of a run by the mentee's name."""
    return session.execute(_by_name(), {"run_id": run_id}).scalars().all()


def matching(session: Session, run_id: UUID, search: str) -> frozenset[UUID]:
    """The ids of those lines where this is part of a name of either, or part of a sector's name."""
    word = search.strip().casefold()
    codes = [code for code, label in sectors().items() if word in label.casefold()]
    asked = {"run_id": run_id, "part": f"%{word.translate(_ESCAPED)}%", "codes": codes}
    return frozenset(session.execute(_matching(), asked).scalars())


def _line(
    line_id: UUID,
    mentee_id: UUID,
    is_matched: bool,
    score: float,
    possible: float | None,
    wish: int | None,
    is_noted: bool,
) -> Line:
    return Line(line_id, mentee_id, is_matched, score, score / (possible or 1), wish or UNWISHED, is_noted)


def _not_yours() -> NotAllowed:
    return NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")


@cache
def _facts() -> Any:
    of_run = select(Cohort.scheme_id, MatchingRun.cohort_id, MatchingRun.created_at)
    of_run = of_run.join(Cohort, col(Cohort.id) == col(MatchingRun.cohort_id))
    return of_run.where(MatchingRun.id == bindparam("run_id"))


@cache
def _lines() -> Any:
    columns: tuple[Any, ...] = (
        RunPair.id,
        RunPair.mentee_id,
        col(RunPair.mentor_id).is_not(None),
        RunPair.score,
        RunPair.possible,
        RunPair.wish_rank,
        col(RunPair.reason).is_not(None),
    )
    return select(*columns).where(RunPair.run_id == bindparam("run_id"))


@cache
def _by_name() -> Any:
    named = select(RunPair.id).join(Enrolment, col(Enrolment.id) == col(RunPair.mentee_id))
    return named.where(RunPair.run_id == bindparam("run_id")).order_by(col(Enrolment.sort_key), col(RunPair.mentee_id))


@cache
def _matching() -> Any:
    mentee, mentor = aliased(Enrolment), aliased(Enrolment)
    part: Any = bindparam("part")
    found = [col(one.sort_key).like(part, escape="/") for one in (mentee, mentor)]
    found += [col(one.sector).in_(bindparam("codes", expanding=True)) for one in (mentee, mentor)]
    found += [func.lower(one.sector).like(part, escape="/") for one in (mentee, mentor)]
    return (
        select(RunPair.id)
        .join(mentee, col(mentee.id) == col(RunPair.mentee_id))
        .outerjoin(mentor, col(mentor.id) == col(RunPair.mentor_id))
        .where(RunPair.run_id == bindparam("run_id"), or_(*found))
    )
