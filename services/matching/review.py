"""What a coordinator reads before proposing: the pairs of a run, the unmatched, and those who could not take part."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import MatchingRun, Proposal, ProposalStatus, RunPair
from models.people import Person
from models.schemes import Cohort
from services import access
from services.access import Actor
from services.errors import NotAllowed
from services.matching import missing, reading
from services.matching.review_solved import percent
from services.schemes.sectors import sectors

PAGE_SIZE = 20
# Beyond this many, reading all of a run is quicker than naming them one by one.
MOST_NAMED = 500
STRONGEST = 3
# Of such a pair nothing is left to approve; one that ran out or was taken back may be proposed once more.
DECIDED = frozenset(set(ProposalStatus) - {ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN})


class Show(StrEnum):
    """What of a run to show."""

    ALL = "all"
    WARNINGS = "warnings"
    UNMATCHED = "unmatched"


class Sort(StrEnum):
    """In which order; whoever has no mentor always comes first."""

    BEST = "best"
    WORST = "worst"
    NAME = "name"
    WISH = "wish"


@dataclass(frozen=True)
class Part:
    """What one criterion adds to a score out of 100, and why; `most` is what it could add."""

    label: str
    points: float
    sentence: str
    most: float = 0.0


@dataclass(frozen=True)
class PairLine:
    """A mentee of a run with a mentor, or with nobody and why (`note`); beside a mentor, `note` is a warning.

    `score` runs from 0 to 100; `parts` add up to it before it is rounded. `percent` is how much of what is possible
    for this mentee that is. `proposal` is what came of it since: the state of this run's newest proposal.
    With one more place, the mentor `one_more_with` could take a mentee who has nobody.
    """

    mentee_id: UUID
    mentee: str
    mentor: str | None
    score: int
    wish_rank: int | None
    reasons: tuple[str, ...]
    parts: tuple[Part, ...]
    note: str | None
    proposal: ProposalStatus | None
    percent: int = 0
    one_more_with: str | None = None

    @property
    def can_approve(self) -> bool:
        return self.mentor is not None and self.proposal not in DECIDED


@dataclass(frozen=True)
class OpenPairs:
    """How many pairs of a run can still be proposed; `ticked` are the mentees of those that were asked about."""

    number: int
    ticked: frozenset[UUID]


@dataclass(frozen=True)
class Pairs:
    """One page of a run's lines. `counts` are of the whole run, `found` of what was searched for.

    `to_approve` counts the pairs of the whole run that can still be proposed.
    """

    lines: tuple[PairLine, ...]
    found: int
    counts: dict[Show, int]
    to_approve: int = 0


def pairs(
    session: Session,
    actor: Actor,
    run_id: UUID,
    *,
    show: Show = Show.ALL,
    search: str = "",
    sort: Sort = Sort.BEST,
    page: int = 1,
) -> Pairs:
    """One page of a run: whoever has no mentor first, then the pairs as sorted. Raises NotAllowed."""
    counts, still_open = _counts(session, actor, run_id)
    # First which lines, which an index can say for a whole run, then what stands in these few.
    chosen = _chosen(run_id, show, search, sort).limit(PAGE_SIZE).offset((max(1, page) - 1) * PAGE_SIZE)
    ids = session.exec(chosen).all()
    rows = {row[0].id: row for row in session.exec(_lines(), params={"run_id": run_id, "ids": list(ids)})}
    found = _found(session, run_id, show, search) if search.strip() else counts[show]
    return Pairs(tuple(_line(*rows[one]) for one in ids), found, counts, still_open)


def line(session: Session, actor: Actor, run_id: UUID, mentee_id: UUID) -> PairLine:
    """One mentee's line of a run. Raises NotAllowed."""
    _check_run(session, actor, run_id)
    asked = select(RunPair.id).where(RunPair.run_id == run_id, RunPair.mentee_id == mentee_id)
    found = session.exec(_lines(), params={"run_id": run_id, "ids": list(session.exec(asked))}).first()
    if found is None:
        raise NotAllowed("This mentee is not in the newest run.", remedy="Go back to the list to see who is.")
    return _line(*found)


def carried(session: Session, actor: Actor, before: UUID, after: UUID, ticked: Collection[UUID]) -> frozenset[UUID]:
    """Of these mentees of one run, those who have the same mentor in another. Raises NotAllowed."""
    _check_run(session, actor, before)
    _check_run(session, actor, after)
    first, second = aliased(RunPair), aliased(RunPair)
    same = (
        select(first.mentee_id)
        .join(second, (col(second.mentee_id) == first.mentee_id) & (col(second.mentor_id) == first.mentor_id))
        .where(first.run_id == before, second.run_id == after)
    )
    return frozenset(session.exec(same)) & frozenset(ticked)


def to_approve(session: Session, actor: Actor, run_id: UUID) -> tuple[UUID, ...]:
    """The mentees of a run's pairs that can still be proposed. Raises NotAllowed."""
    _check_run(session, actor, run_id)
    return tuple(session.exec(_open(run_id, col(RunPair.mentee_id))))


def open_pairs(session: Session, actor: Actor, run_id: UUID, ticked: Collection[UUID]) -> OpenPairs:
    """How many pairs of a run can still be proposed, and which of the ticked mentees' are among them. NotAllowed."""
    scheme_id, found = session.exec(_how_many_open(), params={"run_id": run_id}).first() or (None, 0)
    if scheme_id not in actor.coordinates:
        raise _not_yours()
    if not ticked:
        return OpenPairs(found, frozenset())
    mentees = _open(run_id, col(RunPair.mentee_id))
    if len(ticked) <= MOST_NAMED:
        mentees = mentees.where(col(RunPair.mentee_id).in_(ticked))
    return OpenPairs(found, frozenset(session.exec(mentees)) & frozenset(ticked))


@cache
def _how_many_open() -> Any:
    run_id: Any = bindparam("run_id")
    number = _open(run_id, func.count(col(RunPair.id))).scalar_subquery()
    of_run = select(Cohort.scheme_id, number).join(MatchingRun, col(MatchingRun.cohort_id) == col(Cohort.id))
    return of_run.where(MatchingRun.id == run_id)


def _open(run_id: Any, column: Any) -> Any:
    known = select(Proposal.mentee_id).where(Proposal.run_id == run_id, col(Proposal.status).in_(DECIDED))
    return select(column).where(
        RunPair.run_id == run_id, col(RunPair.mentor_id).is_not(None), col(RunPair.mentee_id).not_in(known)
    )


def left_out(session: Session, actor: Actor, cohort_id: UUID, today: date) -> tuple[str, ...]:
    """Who is approved and would not be in a run of today, counted by reason. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    return missing.sentences(session, cohort, reading.availability(session, cohort, today), today)


def _check_run(session: Session, actor: Actor, run_id: UUID) -> None:
    """Raises NotAllowed unless the actor coordinates the run's scheme. The run, with its long proof, is not loaded."""
    of_run = select(Cohort.scheme_id).join(MatchingRun, col(MatchingRun.cohort_id) == col(Cohort.id))
    if session.exec(of_run.where(MatchingRun.id == run_id)).one_or_none() not in actor.coordinates:
        raise _not_yours()


def _not_yours() -> NotAllowed:
    return NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")


def _chosen(run_id: UUID, show: Show, search: str, sort: Sort) -> Any:
    """The ids of a run's lines: whoever has no mentor, then the pairs, both as sorted."""
    statement = _searched(run_id, show, search, RunPair.id)
    if sort is Sort.NAME:
        whose = aliased(Enrolment)
        statement = statement.join(whose, col(whose.id) == col(RunPair.mentee_id))
        order: tuple[Any, ...] = (col(whose.sort_key),)
    else:
        share, score = col(RunPair.score) / func.coalesce(func.nullif(RunPair.possible, 0), 1), col(RunPair.score)
        order = {
            Sort.BEST: (share.desc(), score.desc()),
            Sort.WORST: (share, score),
            Sort.WISH: (func.coalesce(RunPair.wish_rank, MOST_NAMED), score.desc()),
        }[sort]
    return statement.order_by(col(RunPair.mentor_id).is_not(None), *order, col(RunPair.mentee_id))


def _searched(run_id: UUID, show: Show, search: str, column: Any) -> Any:
    """This column of a run's lines."""
    statement = select(column).select_from(RunPair).where(RunPair.run_id == run_id, *_shown(show))
    if search.strip():
        mentee, mentor = aliased(Enrolment), aliased(Enrolment)
        statement = (
            statement.join(mentee, col(mentee.id) == col(RunPair.mentee_id))
            .outerjoin(mentor, col(mentor.id) == col(RunPair.mentor_id))
            .where(_matches(search, mentee, mentor))
        )
    return statement


def _found(session: Session, run_id: UUID, show: Show, search: str) -> int:
    return int(session.exec(_searched(run_id, show, search, func.count())).one())


@cache  # asked at every look at a run: building it costs more than asking
def _lines() -> Any:
    """The select of lines by their ids, with both names and this run's newest proposal."""
    mentee, mentor = aliased(Enrolment), aliased(Enrolment)
    more, mentee_person, mentor_person, more_person = (aliased(Enrolment), *(aliased(Person) for _ in range(3)))
    newest = (
        select(Proposal.status)
        .where(Proposal.run_id == bindparam("run_id"), col(Proposal.mentee_id) == col(RunPair.mentee_id))
        .order_by(col(Proposal.created_at).desc())
        .limit(1)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        RunPair,
        mentee_person.full_name,
        mentor_person.full_name,
        newest,
        more_person.full_name,
    )
    return (
        select(*columns)
        .select_from(RunPair)
        .join(mentee, col(mentee.id) == col(RunPair.mentee_id))
        .join(mentee_person, col(mentee_person.id) == col(mentee.person_id))
        .outerjoin(mentor, col(mentor.id) == col(RunPair.mentor_id))
        .outerjoin(mentor_person, col(mentor_person.id) == col(mentor.person_id))
        .outerjoin(more, col(more.id) == col(RunPair.one_more_with_id))
        .outerjoin(more_person, col(more_person.id) == col(more.person_id))
        .where(col(RunPair.id).in_(bindparam("ids", expanding=True)))
    )


def _shown(show: Show) -> tuple[ColumnElement[bool], ...]:
    matched = col(RunPair.mentor_id).is_not(None)
    return {
        Show.ALL: (),
        Show.WARNINGS: (matched, col(RunPair.reason).is_not(None)),
        Show.UNMATCHED: (~matched,),
    }[show]


def _matches(search: str, mentee: Any, mentor: Any) -> ColumnElement[bool]:
    """Part of a name of either, or part of a sector's name."""
    word = search.strip().casefold()
    codes = [code for code, label in sectors().items() if word in label.casefold()]
    return or_(
        *(col(one.sort_key).contains(word, autoescape=True) for one in (mentee, mentor)),
        *(col(one.sector).in_(codes) for one in (mentee, mentor)),
        *(func.lower(one.sector).contains(word, autoescape=True) for one in (mentee, mentor)),
    )


def _counts(session: Session, actor: Actor, run_id: UUID) -> tuple[dict[Show, int], int]:
    """A run never changes: it knows how many it matched, and few of its lines have a note. Raises NotAllowed."""
    found = session.exec(_counted(), params={"run_id": run_id}).first()
    scheme_id, mentees, matched, warnings, still_open = found or [None] * 5
    if scheme_id not in actor.coordinates:
        raise _not_yours()
    return {Show.ALL: mentees, Show.WARNINGS: warnings, Show.UNMATCHED: mentees - matched}, still_open


@cache
def _counted() -> Any:
    run_id: Any = bindparam("run_id")
    noted = select(func.count(col(RunPair.id))).where(RunPair.run_id == run_id, *_shown(Show.WARNINGS))
    still_open = _open(run_id, func.count(col(RunPair.id)))
    columns: tuple[Any, ...] = (
        Cohort.scheme_id,
        MatchingRun.mentees,
        MatchingRun.matched,
        noted.scalar_subquery(),
        still_open.scalar_subquery(),
    )
    of_run = select(*columns).join(Cohort, col(Cohort.id) == col(MatchingRun.cohort_id))
    return of_run.where(MatchingRun.id == run_id)


def _line(
    row: RunPair, mentee: str, mentor: str | None, proposal: ProposalStatus | None, one_more_with: str | None
) -> PairLine:
    return PairLine(
        mentee_id=row.mentee_id,
        mentee=mentee,
        mentor=mentor,
        score=round(row.score * 100),
        wish_rank=row.wish_rank,
        reasons=tuple(part["sentence"] for part in row.parts if part["strong"])[:STRONGEST],
        parts=tuple(
            Part(part["label"], part["points"] / 10, part["sentence"], part.get("most", 0) / 10) for part in row.parts
        ),
        note=row.reason,
        proposal=proposal,
        percent=percent(row.score, row.possible or 1),
        one_more_with=one_more_with,
    )
