"""What a coordinator reads before proposing: the pairs of a run, the unmatched, and those who could not take part."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import MatchingRun, Proposal, ProposalStatus, RunPair
from models.people import Person
from services import access, readiness
from services.access import Actor
from services.errors import NotAllowed
from services.matching import reading
from services.schemes.sectors import sectors

PAGE_SIZE = 20
STRONGEST = 3
# Of such a pair nothing is left to approve; one that ran out or was taken back may be proposed once more.
DECIDED = frozenset(set(ProposalStatus) - {ProposalStatus.EXPIRED, ProposalStatus.WITHDRAWN})


class Show(StrEnum):
    """What of a run to show."""

    ALL = "all"
    WARNINGS = "warnings"
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class Part:
    """What one criterion adds to a score out of 100, and why."""

    label: str
    points: float
    sentence: str


@dataclass(frozen=True)
class PairLine:
    """A mentee of a run with a mentor, or with nobody and why (`note`); beside a mentor, `note` is a warning.

    `score` runs from 0 to 100; `parts` add up to it before it is rounded. `proposal` is what came of it since: the
    state of this run's newest proposal.
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

    @property
    def can_approve(self) -> bool:
        return self.mentor is not None and self.proposal not in DECIDED


@dataclass(frozen=True)
class Pairs:
    """One page of a run's lines. `counts` are of the whole run, `found` of what was searched for."""

    lines: tuple[PairLine, ...]
    found: int
    counts: dict[Show, int]


def pairs(
    session: Session, actor: Actor, run_id: UUID, *, show: Show = Show.ALL, search: str = "", page: int = 1
) -> Pairs:
    """One page of a run: the unmatched first, then the best pairs. Raises NotAllowed."""
    run = session.get(MatchingRun, run_id)
    if run is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    access.cohort_to_coordinate(session, actor, run.cohort_id)
    lines = _lines(run_id, show, search)
    found = session.exec(select(func.count()).select_from(lines.subquery())).one()
    on_page = lines.order_by(col(RunPair.mentor_id).is_not(None), col(RunPair.score).desc(), col(RunPair.mentee_id))
    rows = session.exec(on_page.limit(PAGE_SIZE).offset((max(1, page) - 1) * PAGE_SIZE))
    return Pairs(tuple(_line(*row) for row in rows), found, _counts(session, run_id))


def to_approve(session: Session, actor: Actor, run_id: UUID) -> tuple[UUID, ...]:
    """The mentees of a run's pairs that can still be proposed. Raises NotAllowed."""
    run = session.get(MatchingRun, run_id)
    if run is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    access.cohort_to_coordinate(session, actor, run.cohort_id)
    known = select(Proposal.mentee_id).where(Proposal.run_id == run_id, col(Proposal.status).in_(DECIDED))
    statement = select(RunPair.mentee_id).where(
        RunPair.run_id == run_id, col(RunPair.mentor_id).is_not(None), col(RunPair.mentee_id).not_in(known)
    )
    return tuple(session.exec(statement))


def left_out(session: Session, actor: Actor, cohort_id: UUID, today: date) -> tuple[str, ...]:
    """Who is approved and yet not in a run, counted by reason ("12 mentors have not signed"). Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    open_now = reading.availability(session, cohort, today)
    mentees, mentors = (_approved(session, cohort_id, side) for side in (Side.MENTEE, Side.MENTOR))
    lights = readiness.lights(
        session, [*(mentees - open_now.ready_mentees), *(mentors - open_now.ready_mentors)], today=today
    )
    full = open_now.ready_mentors - open_now.mentors
    return (
        *_missing("mentee", [lights[one] for one in mentees - open_now.ready_mentees]),
        *_missing("mentor", [lights[one] for one in mentors - open_now.ready_mentors]),
        *_counted(len(full), "mentor", "has no free place", "have no free place"),
    )


def _lines(run_id: UUID, show: Show, search: str) -> Any:
    """The select of a run's lines, with both names and this run's newest proposal."""
    mentee, mentor = aliased(Enrolment), aliased(Enrolment)
    mentee_person, mentor_person = aliased(Person), aliased(Person)
    newest = (
        select(Proposal.status)
        .where(Proposal.run_id == run_id, col(Proposal.mentee_id) == col(RunPair.mentee_id))
        .order_by(col(Proposal.created_at).desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(RunPair, mentee_person.full_name, mentor_person.full_name, newest)
        .join(mentee, col(mentee.id) == col(RunPair.mentee_id))
        .join(mentee_person, col(mentee_person.id) == col(mentee.person_id))
        .outerjoin(mentor, col(mentor.id) == col(RunPair.mentor_id))
        .outerjoin(mentor_person, col(mentor_person.id) == col(mentor.person_id))
        .where(RunPair.run_id == run_id, *_shown(show))
    )
    if search.strip():
        statement = statement.where(_matches(search, mentee, mentor))
    return statement


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


def _counts(session: Session, run_id: UUID) -> dict[Show, int]:
    matched, noted = col(RunPair.mentor_id).is_not(None), col(RunPair.reason).is_not(None)
    statement = select(matched, noted, func.count()).where(RunPair.run_id == run_id).group_by(matched, noted)
    counts = dict.fromkeys(Show, 0)
    for has_mentor, has_note, number in session.exec(statement):
        counts[Show.ALL] += number
        counts[Show.UNMATCHED] += 0 if has_mentor else number
        counts[Show.WARNINGS] += number if has_mentor and has_note else 0
    return counts


def _line(row: RunPair, mentee: str, mentor: str | None, proposal: ProposalStatus | None) -> PairLine:
    return PairLine(
        mentee_id=row.mentee_id,
        mentee=mentee,
        mentor=mentor,
        score=round(row.score * 100),
        wish_rank=row.wish_rank,
        reasons=tuple(part["sentence"] for part in row.parts if part["strong"])[:STRONGEST],
        parts=tuple(Part(part["label"], part["points"] / 10, part["sentence"]) for part in row.parts),
        note=row.reason,
        proposal=proposal,
    )


def _approved(session: Session, cohort_id: UUID, side: Side) -> frozenset[UUID]:
    statement = select(Enrolment.id).where(
        Enrolment.cohort_id == cohort_id, Enrolment.side == side, Enrolment.status == EnrolmentStatus.APPROVED
    )
    return frozenset(session.exec(statement))


def _missing(who: str, lights: Sequence[readiness.Readiness]) -> list[str]:
    """One sentence for each thing that is missing; somebody who lacks two things is counted in both."""
    words = {
        "signature": ("has not signed", "have not signed"),
        "training": ("has not completed the training", "have not completed the training"),
        "conflicts": (
            "has not answered the question about conflicts",
            "have not answered the question about conflicts",
        ),
        "contactable": ("shares no way to be reached", "share no way to be reached"),
    }
    counts = Counter(name for one in lights for name in words if getattr(one, name).holds is False)
    return [sentence for name in words for sentence in _counted(counts[name], who, *words[name])]


def _counted(number: int, who: str, one: str, many: str) -> list[str]:
    if not number:
        return []
    return [f"1 {who} {one}" if number == 1 else f"{number} {who}s {many}"]
