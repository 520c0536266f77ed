"""What a coordinator does while reviewing: pin, forbid, swap, undo. Each act is a decision and a new run.

So the newest run always says what follows from the decisions in force, and what the next question is answered from.
Whoever decides about a run that is no longer the newest is told so: nothing of a colleague's is overwritten.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import MatchingRun, PairRule, PairRuleKind, Proposal, ProposalStatus, RunWork
from models.schemes import Cohort
from services import access
from services.access import Actor
from services.errors import Conflict, NotAllowed, Refusal
from services.matching import pins, runs, work
from services.matching.runs import RunView
from services.units import writes

STILL_RUNNING = (
    "The run that is under way began before and may still go by the old decision. Run again when it has ended."
)


@dataclass(frozen=True)
class Standing:
    """Where a cohort stands: its newest run, if any, and what happened beside it.

    `decisions` are the pins and bans in force, of which some may be newer than the run; `drafts` are proposals that
    wait to be sent, without those that the reader is a party to. `edition` is the number of the scheme's newest entry
    in the journal: while it stays, so does all that was counted. `was_interrupted`: a later run than the newest one
    ended with its server, and kept nothing.
    """

    run_id: UUID | None = None
    decisions: int = 0
    newer_than_run: bool = False
    is_running: bool = False
    drafts: int = 0
    edition: int = 0
    was_interrupted: bool = False


@dataclass(frozen=True)
class Undone:
    """A decision was taken back, which stands whatever comes of the run after it.

    `run` is that run; None if it has begun in the background, if there was none before, or if there can be none now,
    and then `why_no_run` says so in a sentence.
    """

    run: RunView | None = None
    why_no_run: str | None = None


def decide(
    session: Session, actor: Actor, run_id: UUID, mentor_id: UUID, mentee_id: UUID, *, kind: PairRuleKind, today: date
) -> RunView | None:
    """Pin or forbid a pair and run again; None if the run has begun in the background. Raises NotAllowed, Conflict.

    A decision with which no run is possible is taken back.
    """
    rule_id = _decide(session, actor, run_id, mentor_id, mentee_id, kind=kind, today=today)
    before = _settings_of(session, run_id)
    try:
        return run_like(session, actor, before, today=today)
    except Refusal:
        pins.undo(session, actor, rule_id, version=_version(session, rule_id))
        raise


def undo(session: Session, actor: Actor, rule_id: UUID, *, version: int, today: date) -> Undone:
    """Take a decision back and run again. Raises NotAllowed, and Conflict when a colleague was quicker."""
    pins.undo(session, actor, rule_id, version=version)
    rule = session.get_one(PairRule, rule_id)
    newest = runs.latest(session, actor, rule.cohort_id)
    if newest is None:
        return Undone()
    try:
        return Undone(run_like(session, actor, _settings_of(session, newest.id), today=today))
    except work.UnderWayError:
        return Undone(why_no_run=STILL_RUNNING)
    except Refusal as refusal:
        return Undone(why_no_run=f"No new run could be made: {refusal}")


def run_like(session: Session, actor: Actor, before: "Settings", *, today: date) -> RunView | None:
    """Run again with the same seed and policy. Raises NotAllowed, Conflict, Invalid."""
    return run(session, actor, before.cohort_id, today=today, seed=before.seed, floor_first=before.floor_first)


def run(
    session: Session, actor: Actor, cohort_id: UUID, *, today: date, seed: int = 0, floor_first: bool = False
) -> RunView | None:
    """Run now; a large one begins in the background, and the answer is None. Raises NotAllowed, Conflict, Invalid."""
    if pairs_to_compare(session, actor, cohort_id) >= work.LARGE:
        work.begin(session, actor, cohort_id, seed=seed, today=today, floor_first=floor_first)
        return None
    return runs.run(session, actor, cohort_id, seed=seed, today=today, floor_first=floor_first)


def standing(session: Session, actor: Actor, cohort_id: UUID) -> Standing:
    """Where the cohort stands now. Raises NotAllowed. One query."""
    asked = {"cohort_id": cohort_id, "person_id": actor.person_id}
    found = session.execute(_standing(), asked).first()
    if found is None or found[0] not in actor.coordinates:
        raise NotAllowed("You cannot open this cohort.", remedy="Ask one of the scheme's coordinators.")
    run_id, run_at, number, *moments, seen_at, drafts, edition = found[1:]
    is_newer = any(run_at and moment and moment > run_at for moment in moments)
    is_running = seen_at is not None and utc_now() - seen_at < work.SILENT_FOR
    # A run of a cohort that is small by now needs no row of work, and leaves a lost one as it is.
    was_interrupted = seen_at is not None and not is_running and (run_at is None or run_at < seen_at)
    return Standing(run_id, number, is_newer, is_running, drafts, edition or 0, was_interrupted)


@cache
def _standing() -> Any:
    cohort_id: Any = bindparam("cohort_id")
    own = select(Enrolment.id).where(Enrolment.person_id == bindparam("person_id"))
    drafts = select(func.count(col(Proposal.id))).where(
        Proposal.cohort_id == cohort_id,
        Proposal.status == ProposalStatus.DRAFT,
        col(Proposal.mentee_id).not_in(own),
        col(Proposal.mentor_id).not_in(own),
    )
    # At most one, says the database; one that gives no sign of life any more was killed with its process.
    at_work = select(RunWork.seen_at).where(RunWork.cohort_id == cohort_id, col(RunWork.ended_at).is_(None))
    edition = select(func.max(AuditEntry.sequence)).where(col(AuditEntry.scheme_id) == col(Cohort.scheme_id))
    columns: tuple[Any, ...] = (
        Cohort.scheme_id,
        _newest(MatchingRun.id),
        _newest(MatchingRun.created_at),
        _of_rules(func.count(col(PairRule.id)).filter(col(PairRule.undone_at).is_(None))),
        _of_rules(func.max(PairRule.created_at)),
        _of_rules(func.max(PairRule.undone_at)),
        at_work.scalar_subquery(),
        drafts.scalar_subquery(),
        edition.scalar_subquery(),
    )
    return select(*columns).where(Cohort.id == cohort_id)


def _newest(column: Any) -> Any:
    of_cohort = select(column).where(MatchingRun.cohort_id == bindparam("cohort_id"))
    return of_cohort.order_by(col(MatchingRun.created_at).desc()).limit(1).scalar_subquery()


def _of_rules(column: Any) -> Any:
    return select(column).where(PairRule.cohort_id == bindparam("cohort_id")).scalar_subquery()


def pairs_to_compare(session: Session, actor: Actor, cohort_id: UUID) -> int:
    """About how many pairs a run of the cohort looks at: approved mentees times approved mentors. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    mentees, mentors = (func.count().filter(col(Enrolment.side) == side) for side in (Side.MENTEE, Side.MENTOR))
    statement: Any = select(mentees, mentors).where(
        Enrolment.cohort_id == cohort_id, Enrolment.status == EnrolmentStatus.APPROVED
    )
    found = session.exec(statement).one()
    return int(found[0]) * int(found[1])


@dataclass(frozen=True)
class Settings:
    """How a run was asked."""

    cohort_id: UUID
    seed: int
    floor_first: bool


@writes
def _decide(
    session: Session, actor: Actor, run_id: UUID, mentor_id: UUID, mentee_id: UUID, *, kind: PairRuleKind, today: date
) -> UUID:
    _, cohort = runs.to_coordinate(session, actor, run_id)
    newest = select(MatchingRun.id).where(MatchingRun.cohort_id == cohort.id)
    if session.exec(newest.order_by(col(MatchingRun.created_at).desc()).limit(1)).one() != run_id:
        raise Conflict(
            "The matching was run again since you opened this.", remedy="Look at how the pairs stand now, then decide."
        )
    if kind is PairRuleKind.FORBID:
        return pins.forbid(session, actor, cohort.id, mentor_id, mentee_id)
    return pins.pin(session, actor, cohort.id, mentor_id, mentee_id, today=today)


def _settings_of(session: Session, run_id: UUID) -> Settings:
    statement = select(MatchingRun.cohort_id, MatchingRun.seed, MatchingRun.policy).where(MatchingRun.id == run_id)
    cohort_id, seed, policy = session.exec(statement).one()
    return Settings(cohort_id, seed, policy == "floor_first")


def _version(session: Session, rule_id: UUID) -> int:
    return session.exec(select(PairRule.version).where(PairRule.id == rule_id)).one()
