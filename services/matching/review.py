"""What a coordinator reads before proposing: the pairs of a run, the unmatched, and those who could not take part."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import Proposal, ProposalStatus, RunPair
from models.people import Person
from services import access
from services.access import Actor
from services.errors import NotAllowed
from services.matching import missing, reading, review_lines
from services.matching.review_lines import Facts, RunLines, Show, Sort

__all__ = ["BeforeARun", "Show", "Sort", "before_a_run", "carried", "line", "open_pairs", "pairs", "to_approve"]

PAGE_SIZE = 20
# Beyond this many, reading all of a run is quicker than naming them one by one.
MOST_NAMED = 500
STRONGEST = 3
# Of such a pair nothing is left to approve; one that ran out or was taken back may be proposed once more.
DECIDED = frozenset(set(ProposalStatus) - {ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN})


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

    `score` runs from 0 to 100; `parts` add up to it before it is rounded. `possible` is the most that anybody who may
    be this mentee's could have. `proposal` is what came of it since: the state of the mentee's newest proposal. When
    that is with another mentor, the pair `is_moved`, and `instead` names the other, unless the reader is one of the
    two. With one more place, the mentor `one_more_with` could take a mentee who has nobody. Of a pair that `is_own` the
    reader is one half: another coordinator proposes it.
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
    possible: int = 0
    one_more_with: str | None = None
    is_moved: bool = False
    instead: str | None = None
    is_own: bool = False

    @property
    def can_approve(self) -> bool:
        return self.mentor is not None and self.proposal not in DECIDED and not self.is_own


@dataclass(frozen=True)
class OpenPairs:
    """How many pairs of a run the reader can still propose; `ticked` are the mentees of those that were asked about."""

    number: int
    ticked: frozenset[UUID]


@dataclass(frozen=True)
class Pairs:
    """One page of a run's lines. `counts` are of the whole run, `found` of what was searched for.

    `page` is the one that is shown: the last one for whoever asked for one beyond it.
    """

    lines: tuple[PairLine, ...]
    found: int
    counts: dict[Show, int]
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PAGE_SIZE))


def pairs(
    session: Session,
    actor: Actor,
    run_id: UUID,
    *,
    show: Show = Show.ALL,
    search: str = "",
    sort: Sort = Sort.BEST,
    page: int = 1,
    known: RunLines | None = None,
) -> Pairs:
    """One page of a run: whoever has no mentor first, then the pairs as sorted. Raises NotAllowed.

    `known` are the run's lines, if somebody kept them: then only what stands in the page's few is read.
    """
    of_run = known or review_lines.read(session, actor, run_id)
    of_run.facts.check(actor)
    ids = _chosen(session, of_run, show, search, sort)
    # A later run can be shorter than the page that somebody had reached.
    at = min(max(1, page), max(1, -(-len(ids) // PAGE_SIZE)))
    first = (at - 1) * PAGE_SIZE
    lines = _read(session, actor, of_run.facts, ids[first : first + PAGE_SIZE])
    return Pairs(lines, len(ids), of_run.counts, at)


def line(session: Session, actor: Actor, run_id: UUID, mentee_id: UUID) -> PairLine:
    """One mentee's line of a run. Raises NotAllowed."""
    return line_and_mentor(session, actor, review_lines.facts(session, actor, run_id), mentee_id)[0]


def line_and_mentor(session: Session, actor: Actor, of_run: Facts, mentee_id: UUID) -> tuple[PairLine, UUID | None]:
    """The same of a run that the actor may see, and the mentor's enrolment. Raises NotAllowed. One query."""
    found = session.execute(_line_of_mentee(), {**_asked(of_run), "mentee_id": mentee_id}).first()
    if found is None:
        raise NotAllowed("This mentee is not in the newest run.", remedy="Go back to the list to see who is.")
    return _line(actor.person_id, *found[1:]), found[2]


def carried(session: Session, actor: Actor, before: UUID, after: UUID, ticked: Collection[UUID]) -> frozenset[UUID]:
    """Of these mentees of one run, those who have the same mentor in another. Raises NotAllowed."""
    for run_id in (before, after):
        review_lines.facts(session, actor, run_id)
    first, second = aliased(RunPair), aliased(RunPair)
    same = (
        select(first.mentee_id)
        .join(second, (col(second.mentee_id) == first.mentee_id) & (col(second.mentor_id) == first.mentor_id))
        .where(first.run_id == before, second.run_id == after)
    )
    return frozenset(session.exec(same)) & frozenset(ticked)


def to_approve(session: Session, actor: Actor, run_id: UUID) -> tuple[UUID, ...]:
    """The mentees of a run's pairs that the actor, who is no party to them, can still propose. Raises NotAllowed."""
    asked = _asked(review_lines.facts(session, actor, run_id)) | {"person_id": actor.person_id}
    return tuple(session.execute(_open_mentees(), asked).scalars())


def open_pairs(session: Session, actor: Actor, run_id: UUID, ticked: Collection[UUID]) -> OpenPairs:
    """How many pairs of a run can still be proposed, and which of the ticked mentees' are among them. NotAllowed."""
    asked = _asked(review_lines.facts(session, actor, run_id)) | {"person_id": actor.person_id}
    number = int(session.execute(_how_many_open(), asked).scalar_one())
    if not ticked:
        return OpenPairs(number, frozenset())
    mentees = _open_mentees()
    if len(ticked) <= MOST_NAMED:
        mentees = mentees.where(col(RunPair.mentee_id).in_(ticked))
    return OpenPairs(number, frozenset(session.execute(mentees, asked).scalars()) & frozenset(ticked))


@dataclass(frozen=True)
class BeforeARun:
    """How many a run of today could pair, and who is approved and would not be in it, counted by reason."""

    mentees: int
    mentors: int
    left_out: tuple[str, ...]


def before_a_run(session: Session, actor: Actor, cohort_id: UUID, today: date) -> BeforeARun:
    """Whom a run of today would find, for a cohort that has had none. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    open_now = reading.availability(session, cohort, today)
    left_out = missing.sentences(session, cohort, open_now, today)
    return BeforeARun(len(open_now.mentees), len(open_now.mentors), left_out)


def _chosen(session: Session, of_run: RunLines, show: Show, search: str, sort: Sort) -> tuple[UUID, ...]:
    """The ids of a run's lines: whoever has no mentor, then the pairs, both as sorted."""
    if sort is Sort.NAME:
        ids = of_run.unmatched_first(show, review_lines.by_name(session, of_run.facts.run_id))
    else:
        ids = of_run.ordered(show, sort)
    if not search.strip():
        return ids
    found = review_lines.matching(session, of_run.facts.run_id, search)
    return tuple(one for one in ids if one in found)


def _asked(of_run: Facts) -> dict[str, Any]:
    return {"run_id": of_run.run_id, "cohort_id": of_run.cohort_id, "made_at": of_run.made_at}


def _since() -> Any:
    """Proposals of this run, and those of the cohort that were made since: a re-match is of no run."""
    since = col(Proposal.created_at) >= bindparam("made_at")
    return (col(Proposal.cohort_id) == bindparam("cohort_id")) & ((col(Proposal.run_id) == bindparam("run_id")) | since)


@cache
def _how_many_open() -> Any:
    return _open(func.count(col(RunPair.id)))


@cache
def _open_mentees() -> Any:
    return _open(col(RunPair.mentee_id))


def _open(column: Any) -> Any:
    known = select(Proposal.mentee_id).where(_since(), col(Proposal.status).in_(DECIDED))
    own = select(Enrolment.id).where(Enrolment.person_id == bindparam("person_id", type_=Uuid()))
    return select(column).where(
        RunPair.run_id == bindparam("run_id"),
        col(RunPair.mentor_id).is_not(None),
        col(RunPair.mentee_id).not_in(known),
        # A party to a pair never proposes it: drafting would hold it back every time.
        col(RunPair.mentee_id).not_in(own),
        col(RunPair.mentor_id).not_in(own),
    )


def _read(session: Session, actor: Actor, of_run: Facts, ids: Collection[UUID]) -> tuple[PairLine, ...]:
    """These lines of a run, in this order."""
    rows = {row[0]: row for row in session.execute(_lines(), {**_asked(of_run), "ids": list(ids)})} if ids else {}
    return tuple(_line(actor.person_id, *rows[one][1:]) for one in ids)


@cache  # asked at every look at a run: building it costs more than asking
def _lines() -> Any:
    return _lines_with_names().where(col(RunPair.id).in_(bindparam("ids", expanding=True)))


@cache
def _line_of_mentee() -> Any:
    of_run = RunPair.run_id == bindparam("run_id")
    return _lines_with_names().where(of_run, col(RunPair.mentee_id) == bindparam("mentee_id"))


def _lines_with_names() -> Any:
    """The select of lines with both names and the mentee's newest proposal."""
    mentee, mentor, more, other = (aliased(Enrolment) for _ in range(4))
    mentee_person, mentor_person, more_person, other_person = (aliased(Person) for _ in range(4))
    since = aliased(Proposal)
    newest = (
        select(Proposal.id)
        .where(_since(), col(Proposal.mentee_id) == col(RunPair.mentee_id))
        .order_by(col(Proposal.created_at).desc())
        .limit(1)
        .correlate(RunPair)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        RunPair.id,
        RunPair.mentee_id,
        RunPair.mentor_id,
        RunPair.score,
        RunPair.possible,
        RunPair.wish_rank,
        RunPair.parts,
        RunPair.reason,
        mentee_person.full_name,
        mentor_person.full_name,
        more_person.full_name,
        since.status,
        since.mentor_id,
        mentee_person.id,
        other_person.id,
        other_person.full_name,
        mentor_person.id,
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
        .outerjoin(since, col(since.id) == newest)
        .outerjoin(other, col(other.id) == col(since.mentor_id))
        .outerjoin(other_person, col(other_person.id) == col(other.person_id))
    )


def _line(
    reader_id: UUID | None,
    mentee_id: UUID,
    mentor_id: UUID | None,
    score: float,
    possible: float | None,
    wish_rank: int | None,
    parts: list[dict[str, Any]],
    note: str | None,
    mentee: str,
    mentor: str | None,
    one_more_with: str | None,
    proposal: ProposalStatus | None,
    proposed_id: UUID | None,
    mentee_person_id: UUID,
    other_person_id: UUID | None,
    other: str | None,
    mentor_person_id: UUID | None,
) -> PairLine:
    is_other = proposed_id != mentor_id
    is_moved = is_other and proposal in DECIDED
    # Another coordinator handles what one is a party to.
    is_party = reader_id in {mentee_person_id, other_person_id}
    return PairLine(
        mentee_id=mentee_id,
        mentee=mentee,
        mentor=mentor,
        score=round(score * 100),
        wish_rank=wish_rank,
        reasons=tuple(part["sentence"] for part in parts if part["strong"])[:STRONGEST],
        parts=tuple(
            Part(part["label"], part["points"] / 10, part["sentence"], part.get("most", 0) / 10) for part in parts
        ),
        note=note,
        proposal=None if is_other and not is_moved else proposal,
        possible=round(100 * (possible or 1)),
        one_more_with=one_more_with,
        is_moved=is_moved,
        instead=other if is_moved and not is_party else None,
        is_own=reader_id is not None and reader_id in {mentee_person_id, mentor_person_id},
    )
