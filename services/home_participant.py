"""What needs a mentor or a mentee now, in the place they act in."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.feedback import FeedbackAnswer, FeedbackRound
from models.matching import Proposal, ProposalStatus
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus, WaysOfWorking
from models.pauses import Pause
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, consents, my_matches, signatures, tasks, times, trained
from services.access import Actor
from services.feedback import is_waiting
from services.my_matches import MyMatch
from services.tasks import Task

FIRST_CONTACT_DAYS = 7
# Whose Home it is, in statements that are built once and asked often.
OWN: Any = bindparam("enrolment_id")


class Own(NamedTuple):
    """What waits for one enrolment."""

    called: str | None
    zone: str
    is_unsigned: bool
    is_untrained: bool
    is_training_a_gate: bool
    training_due_on: date | None
    is_undeclared: bool
    is_unreachable: bool
    is_unlisted: bool
    proposal_expires_at: datetime | None
    feedback_due_on: date | None
    first_contact_days: int
    back_on: date | None = None
    ways_due_days: int | None = None


@dataclass(frozen=True)
class PairState:
    """What one side still has to do in a pair. `first_met_at` is of the first meeting that either recorded as held."""

    newest_edition: int | None
    awaits_my_yes: bool
    my_last_record_at: datetime | None
    is_agreed: bool = False
    first_met_at: datetime | None = None


def todo(session: Session, actor: Actor, today: date) -> tuple[tuple[Task, ...], tuple[MyMatch, ...], Own]:
    """The list, the matches, and what it was made from. Five queries. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    own = _own(session, enrolment, today)
    matches = my_matches.mine(session, actor)
    # Whoever is away has nothing to do in their pairs either.
    at_work = [match for match in matches if match.is_open and enrolment.status is not EnrolmentStatus.PAUSED]
    states = _states(session, enrolment) if at_work else {}
    of_pairs = [task for match in at_work for task in _of_pair(match, states[match.pairing_id], own, today)]
    return tasks.in_order([*_of_enrolment(enrolment, own, today), *of_pairs]), matches, own


def _of_enrolment(enrolment: Enrolment, own: Own, today: date) -> list[Task]:
    found: list[Task] = []
    if enrolment.status is EnrolmentStatus.PAUSED:
        # A break is a break: nothing else is asked of whoever takes one (U-C5.3).
        return [_on_a_break(own, today)]
    if enrolment.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        return found
    if enrolment.status is EnrolmentStatus.DRAFT:
        detail = "What you have filled in is kept; nobody reads it before you send it"
        found.append(Task(tasks.THIS_WEEK, "Finish your enrolment", detail, "Go on", "enrolment"))
    if enrolment.status is EnrolmentStatus.RETURNED:
        detail = "It stands at the top of your form"
        found.append(Task(tasks.TODAY, "The coordinator has a question", detail, "Answer it", "enrolment", today))
    if own.is_unsigned:
        detail = "A few minutes; you two cannot begin before it"
        found.append(Task(tasks.THIS_WEEK, "Read and sign what the scheme asks", detail, "Read and sign", "agreements"))
    found.extend(_of_training(own, today))
    found.extend(_of_consents(enrolment, own))
    if own.proposal_expires_at is not None:
        found.append(_proposal(enrolment.side, own.proposal_expires_at, own.zone, today))
    if own.feedback_due_on is not None:
        found.append(_feedback(enrolment.side, own.feedback_due_on, today))
    return found


def _of_training(own: Own, today: date) -> list[Task]:
    if own.is_untrained:
        detail = "It is short, and a match needs it" if own.is_training_a_gate else "It is short"
        return [Task(tasks.THIS_WEEK, "Do the training", detail, "Start", "training")]
    if own.training_due_on is None:
        return []
    detail = f"It is short; please do it by {tasks.day_words(own.training_due_on, today)}"
    return [tasks.due(own.training_due_on, today, "Do the further training", detail, "Start", "training")]


def _on_a_break(own: Own, today: date) -> Task:
    back_on = own.back_on
    if back_on is not None and back_on <= today:
        detail = "Say yes, choose a later day, or stop; nothing happens until you say so"
        return tasks.due(back_on, today, "Are you back?", detail, "Answer", "enrolment")
    detail = "Come back whenever you like"
    if back_on is not None:
        detail = f"Until {times.day_in_words(back_on, today=today, weekday=True)}; come back earlier if you like"
    return Task(tasks.WHEN_YOU_CAN, "You are taking a break", detail, "See", "enrolment")


def _of_consents(enrolment: Enrolment, own: Own) -> list[Task]:
    """What only the person can say, and what nobody else may say for them: an import brings none of it."""
    found: list[Task] = []
    if enrolment.status not in {EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}:
        return found
    if own.is_undeclared:
        detail = "One private question, before anybody is proposed to you"
        found.append(Task(tasks.THIS_WEEK, "Say whom you must not be paired with", detail, "Answer", "enrolment"))
    if enrolment.side is Side.MENTOR and own.is_unreachable:
        detail = "Under Consents; without one open way nobody can be proposed to you"
        found.append(Task(tasks.THIS_WEEK, "Choose how your mentee may reach you", detail, "Choose", "enrolment"))
    if own.is_unlisted:
        detail = "Under Consents; four facts about you, and only to students of your cohort"
        found.append(Task(tasks.WHEN_YOU_CAN, "Let students find you", detail, "Choose", "enrolment"))
    return found


def _proposal(side: Side, expires_at: datetime, zone: str, today: date) -> Task:
    last = times.day_in(expires_at, zone)
    sentence = "A mentor has been proposed to you" if side is Side.MENTEE else "A mentee would like to work with you"
    return tasks.due(last, today, sentence, f"Please answer by {tasks.day_words(last, today)}", "Answer", "proposals")


def _feedback(side: Side, due_on: date, today: date) -> Task:
    verb = "was due on" if due_on < today else "is due by"
    detail = f"About a minute; it {verb} {times.day_in_words(due_on, weekday=True)}"
    # Of everything that waits, a mentor sees this first (U-6).
    is_first = side is Side.MENTOR
    return Task(
        tasks.when(due_on, today), "Tell the scheme how it is going", detail, "Answer", "feedback", due_on, is_first
    )


def _of_pair(match: MyMatch, state: PairState, own: Own, today: date) -> list[Task]:
    found, name = [], match.other_name
    if match.is_paused:
        return [_choice(match, today)] if match.must_choose else []
    begun_on = times.day_in(match.released_at, match.scheme_zone)
    if match.must_make_contact:
        last = match.due_after(begun_on, own.first_contact_days)
        detail = f"You make the first contact, by {tasks.day_words(last, today)}"
        found.append(tasks.due(last, today, f"Contact {name}, your mentor", detail, "See how", "my_match"))
    if task := _ways(match, state, own.ways_due_days, today):
        found.append(task)
    if task := _record(match, state, begun_on, today):
        found.append(task)
    return found


def _ways(match: MyMatch, state: PairState, due_days: int | None, today: date) -> Task | None:
    """A scheme may set days for it: the first meeting opens the agreement, and then it can be overdue (U-C4.4)."""
    at = (("match", str(match.pairing_id)),)
    met_on = times.day_in(state.first_met_at, match.scheme_zone) if state.first_met_at else None
    due_on = match.due_after(met_on, due_days) if met_on and due_days and not state.is_agreed else None
    if state.awaits_my_yes:
        sentence, button = "Confirm your ways of working", "Read them"
        detail = f"{match.other_name} has suggested how you two could work together"
    elif due_on is not None and state.newest_edition is None:
        sentence, button = "Settle your ways of working", "Open the guide"
        detail = f"You and {match.other_name} have met; please agree by {tasks.day_words(due_on, today)}"
    elif state.newest_edition is None and match.first_contact_on is not None:
        sentence, button = "Settle your ways of working", "Open the guide"
        detail = f"How often, how long, by which channels, with {match.other_name}"
        return Task(tasks.WHEN_YOU_CAN, sentence, detail, button, "ways", address=at)
    else:
        return None
    when = tasks.when(due_on, today) if due_on else tasks.THIS_WEEK
    return Task(when, sentence, detail, button, "ways", due_on, address=at)


def _choice(match: MyMatch, today: date) -> Task:
    until = f" until {times.day_in_words(match.back_on, today=today, weekday=True)}" if match.back_on else ""
    detail = f"{match.other_name} is taking a break{until}"
    return Task(tasks.THIS_WEEK, "Wait, or find another match", detail, "Choose", "my_match")


def _record(match: MyMatch, state: PairState, begun_on: date, today: date) -> Task | None:
    """Each side keeps a record of its own (A-SH6), so the other's does not count here."""
    if match.first_contact_on is None:
        return None
    last = times.day_in(state.my_last_record_at, match.scheme_zone) if state.my_last_record_at else None
    expected = match.due_after(last or begun_on, match.interval_days)
    if expected >= today:
        return None
    detail = f"Your last record is of {times.day_in_words(last, today=today)}" if last else "You have recorded none yet"
    agreed = f"; you two agreed on every {match.interval_days} days"
    return tasks.due(
        expected, today, f"Record your meeting with {match.other_name}", detail + agreed, "Record", "meetings"
    )


def _own(session: Session, enrolment: Enrolment, today: date) -> Own:
    """Everything about the enrolment itself, in one query."""
    given = {"enrolment_id": enrolment.id, "cohort_id": enrolment.cohort_id, "today": today}
    given |= {"grace_until": signatures.grace_until(today)}
    row = session.exec(_asked(enrolment.side), params=given).one()
    called, zone, unsigned, untrained, training_due_on, reachable, listed, expires_at, due_on, back_on, scheme = row
    is_mentor = enrolment.side is Side.MENTOR
    gates = scheme.mentor_gates if is_mentor else scheme.mentee_gates
    return Own(
        called=called,
        zone=zone,
        is_unsigned=bool(unsigned),
        is_untrained=bool(untrained),
        is_training_a_gate="training" in gates,
        training_due_on=training_due_on,
        is_undeclared="conflicts" in gates and enrolment.conflicts_declared_at is None,
        is_unreachable=is_mentor and not reachable,
        is_unlisted=is_mentor and bool(scheme.other_settings.get("directory")) and not listed,
        proposal_expires_at=expires_at,
        feedback_due_on=due_on,
        first_contact_days=scheme.other_settings.get("first_contact_days", FIRST_CONTACT_DAYS),
        back_on=back_on,
        ways_due_days=scheme.other_settings.get("ways_due_days"),
    )


@cache  # asked whenever somebody opens Home: building it costs more than asking
def _asked(side: Side) -> Any:
    cohort_id: Any = bindparam("cohort_id")
    today: Any = bindparam("today")
    grace_until: Any = bindparam("grace_until")
    return (
        select(
            col(Person.called),
            func.coalesce(Person.time_zone, Scheme.time_zone),
            signatures.unsigned_by(cohort_id, grace_until).where(col(Enrolment.id) == OWN).exists(),
            trained.untrained_enrolments(cohort_id, today).where(col(Enrolment.id) == OWN).exists(),
            trained.earliest_due(col(Enrolment.id) == OWN, today).correlate(None).scalar_subquery(),
            consents.reachable(),
            consents.gives(ConsentPurpose.DIRECTORY),
            _proposal_waiting(side),
            _feedback_waiting(today),
            _planned_return(),
            Scheme,
        )
        .select_from(Enrolment)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(col(Enrolment.id) == OWN)
    )


def _proposal_waiting(side: Side) -> Any:
    own = Proposal.mentor_id if side is Side.MENTOR else Proposal.mentee_id
    return (
        select(func.min(Proposal.expires_at))
        .where(
            col(own) == OWN,
            col(Proposal.status) == ProposalStatus.SENT,
            col(Proposal.waits_for) == side,
        )
        .scalar_subquery()
    )


def _feedback_waiting(today: Any) -> Any:
    return (
        select(func.min(FeedbackRound.due_on))
        .join(FeedbackAnswer, col(FeedbackAnswer.round_id) == col(FeedbackRound.id))
        .where(col(FeedbackAnswer.enrolment_id) == OWN, *is_waiting(today))
        .scalar_subquery()
    )


def _planned_return() -> Any:
    return (
        select(col(Pause.planned_return_on))
        .where(col(Pause.enrolment_id) == OWN, col(Pause.ended_on).is_(None))
        .scalar_subquery()
    )


def _states(session: Session, enrolment: Enrolment) -> dict[UUID, PairState]:
    """What this side has still to do in each open pair, in one query."""
    rows = session.exec(_steps(enrolment.side), params={"enrolment_id": enrolment.id})
    return {row[0]: PairState(row[1], bool(row[2]), row[3], row[4] is not None, row[5]) for row in rows}


@cache
def _steps(side: Side) -> Any:
    is_mentor = side is Side.MENTOR
    own = Pairing.mentor_id if is_mentor else Pairing.mentee_id
    confirmed = WaysOfWorking.mentor_confirmed_at if is_mentor else WaysOfWorking.mentee_confirmed_at
    newer = aliased(WaysOfWorking)
    is_newest = ~exists().where(
        col(newer.pairing_id) == col(WaysOfWorking.pairing_id), col(newer.edition) > col(WaysOfWorking.edition)
    )
    waiting = and_(
        col(WaysOfWorking.pairing_id) == col(Pairing.id),
        col(WaysOfWorking.in_force_from).is_(None),
        col(confirmed).is_(None),
    )
    return select(
        col(Pairing.id),
        _latest(WaysOfWorking, WaysOfWorking.edition),
        exists().where(waiting, is_newest),
        _latest(MeetingRecord, MeetingRecord.started_at, col(MeetingRecord.side) == side),
        _latest(WaysOfWorking, WaysOfWorking.in_force_from),
        _first_met(),
    ).where(col(own) == OWN, col(Pairing.status) != PairingStatus.ENDED)


def _first_met() -> Any:
    held = select(func.min(MeetingRecord.started_at)).where(
        col(MeetingRecord.pairing_id) == col(Pairing.id), col(MeetingRecord.happened).is_(True)
    )
    return held.correlate(Pairing).scalar_subquery()


def _latest(table: Any, column: Any, *conditions: Any) -> Any:
    newest = select(func.max(column)).where(col(table.pairing_id) == col(Pairing.id), *conditions)
    return newest.correlate(Pairing).scalar_subquery()
