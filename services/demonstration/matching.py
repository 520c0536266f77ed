"""How pairs come about: the coordinator's runs, what was sent, and who answered what."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Side
from models.matching import Proposal, ProposalStatus, RunPair
from models.pairings import Pairing
from services import proposals
from services.demonstration import pairs
from services.demonstration.stage import Member, Stage, today
from services.matching import runs

DECLINED_FOR = (
    "Our fields are further apart than the profile suggests; I would rather wait for somebody closer to mine.",
    "I am about to change jobs and could not give this the time it deserves.",
)


@dataclass(frozen=True)
class Wave:
    """One matching. `answers` says, by position, what differs from a yes; `kept_back` stay drafts."""

    day: int
    answers: dict[int, str]
    kept_back: int = 0
    otherwise: str = "yes"


WAVES = (
    Wave(32, {3: "no", 5: "too close", 8: "silence", 9: "by email"}),
    Wave(146, {1: "no", 3: "by email"}),
    Wave(304, {1: "silence"}),
    Wave(360, {0: "yes"}, kept_back=2, otherwise="later"),
)


def plan(stage: Stage) -> None:
    """Puts the year's matchings on the agenda."""
    for wave in WAVES:
        stage.story.at(stage.day(wave.day, 10), _match, stage, wave)


def _match(session: Session, stage: Stage, wave: Wave) -> None:
    run = runs.run(session, stage.coordinator, stage.cohort_id, seed=wave.day, today=today(stage, utc_now()))
    found = select(RunPair.mentee_id).where(RunPair.run_id == run.id, col(RunPair.mentor_id).is_not(None))
    drafted = proposals.draft(session, stage.coordinator, run.id, session.exec(found).all()).done
    stage.story.at(utc_now() + timedelta(hours=3), _send, stage, wave, drafted)


def _send(session: Session, stage: Stage, wave: Wave, drafted: tuple[UUID, ...]) -> None:
    """Sends them, the longest-known mentees first, but for those that the coordinator wants to look at again."""
    rows = session.exec(select(Proposal.id, Proposal.mentee_id).where(col(Proposal.id).in_(drafted))).all()
    ordered = sorted(rows, key=lambda row: stage.members[row[1]].known.number)
    chosen = [proposal_id for proposal_id, _ in ordered[: max(2, len(ordered) - wave.kept_back)]]
    sent = frozenset(proposals.send(session, stage.coordinator, chosen).done)
    for position, proposal_id in enumerate(each for each in chosen if each in sent):
        _await(stage, proposal_id, wave.answers.get(position, wave.otherwise))


def _await(stage: Stage, proposal_id: UUID, answer: str) -> None:
    if answer == "later":
        return
    if answer == "silence":
        reminded, over = utc_now() + timedelta(days=6), utc_now() + timedelta(days=14, hours=1)
        stage.story.at(reminded, proposals.remind, stage.coordinator, proposal_id)
        stage.story.at(over, _expire)
        return
    at = stage.soon(utc_now(), least=0.1, most=1.5 if stage.story.now - utc_now() < timedelta(days=5) else 6)
    stage.story.at(at, _answer, stage, proposal_id, answer)


def _expire(session: Session) -> None:
    proposals.expire_due(session, utc_now())


def _answer(session: Session, stage: Stage, proposal_id: UUID, answer: str) -> None:
    """Whoever is asked answers; where the mentor answers last, a mentee's yes asks the mentor."""
    asked = _asked(session, stage, proposal_id)
    if answer == "no":
        reason = stage.dice.choice(DECLINED_FOR)
        proposals.decline(session, asked.actor, proposal_id, reason=reason)
        return
    if answer == "too close":
        proposals.declare_relationship(session, asked.actor, proposal_id)
        return
    if answer == "by email" and asked.side is Side.MENTEE:
        received_on = today(stage, utc_now())
        done = proposals.record_email_answer(
            session, stage.coordinator, proposal_id, accepted=True, received_on=received_on
        )
    else:
        done = proposals.accept(session, asked.actor, proposal_id)
    if done.status is ProposalStatus.ACCEPTED:
        _begin(session, stage, proposal_id)
    else:
        at = stage.soon(utc_now(), least=0.1, most=4)
        stage.story.at(at, _answer, stage, proposal_id, "yes")


def _asked(session: Session, stage: Stage, proposal_id: UUID) -> Member:
    proposal = session.get_one(Proposal, proposal_id)
    return stage.members[proposal.mentor_id if proposal.waits_for is Side.MENTOR else proposal.mentee_id]


def _begin(session: Session, stage: Stage, proposal_id: UUID) -> None:
    statement = select(Pairing.id, Pairing.mentor_id, Pairing.mentee_id).where(Pairing.proposal_id == proposal_id)
    pairing_id, mentor_id, mentee_id = session.exec(statement).one()
    pairs.begin(stage, pairing_id, stage.members[mentor_id], stage.members[mentee_id])
