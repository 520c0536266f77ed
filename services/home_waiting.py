"""What waits for one mentor or mentee, for their Home: read by column, in a few statements that are built once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, false, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.feedback import FeedbackAnswer, FeedbackRound
from models.matching import Proposal, ProposalStatus
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus, WaysOfWorking
from models.pauses import Pause
from models.people import Person
from models.schemes import AnsweredBy, Cohort, Scheme
from services import consents, departures, readiness, signatures, trained
from services.access import Actor
from services.errors import NotAllowed
from services.feedback import is_waiting

FIRST_CONTACT_DAYS = 7
# Whose Home it is.
OWN: Any = bindparam("enrolment_id")


class Own(NamedTuple):
    """What waits for one enrolment.

    `must_sign_again`: a new version is in force, and an older signature counts until the day before `blocked_from`,
    which is None where the scheme matches this side without.
    """

    status: EnrolmentStatus
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
    has_left_a_place: bool = False
    may_wish: bool = False
    must_sign_again: bool = False
    blocked_from: date | None = None


@dataclass(frozen=True)
class PairState:
    """What one side still has to do in a pair. `first_met_at` is of the first meeting that it recorded as held itself.

    `has_met`: either side recorded one; when, only the side that recorded it knows.
    """

    newest_edition: int | None
    awaits_my_yes: bool
    my_last_record_at: datetime | None
    is_agreed: bool = False
    first_met_at: datetime | None = None
    has_met: bool = False


def own(session: Session, actor: Actor, today: date) -> tuple[Side, Own]:
    """Everything about the enrolment in whose place the actor acts, in one query. Raises NotAllowed."""
    side = actor.side
    given: dict[str, Any] = {"enrolment_id": actor.place.enrolment_id, "person_id": actor.person_id, "today": today}
    given |= {"cohort_id": actor.place.cohort_id}
    row = session.exec(_asked(side), params=given).one_or_none() if side else None
    if side is None or row is None:
        raise NotAllowed(
            "This page is for people who take part as mentor or mentee.",
            remedy="Choose your place as mentor or mentee at the top of the menu.",
        )
    return side, _read(side, row, signatures.grace_until(today))


def _read(side: Side, row: Any, grace_until: float) -> Own:
    is_mentor = side is Side.MENTOR
    ends = None if row.end_of_grace is None else float(row.end_of_grace)
    is_unsigned = ends is not None and ends < grace_until
    blocks = ends is not None and signatures.GATE in row.gates
    return Own(
        status=row.status,
        called=row.called,
        zone=row.zone,
        is_unsigned=is_unsigned,
        is_untrained=bool(row.is_untrained),
        is_training_a_gate="training" in row.gates,
        training_due_on=row.training_due_on,
        is_undeclared="conflicts" in row.gates and row.conflicts_declared_at is None,
        is_unreachable=is_mentor and not row.is_reachable,
        is_unlisted=is_mentor and bool(row.other_settings.get("directory")) and not row.is_listed,
        proposal_expires_at=row.proposal_expires_at,
        feedback_due_on=row.feedback_due_on,
        first_contact_days=row.other_settings.get("first_contact_days", FIRST_CONTACT_DAYS),
        back_on=row.back_on,
        ways_due_days=row.other_settings.get("ways_due_days"),
        has_left_a_place=bool(row.has_left),
        may_wish=_may_wish(side, row),
        must_sign_again=ends is not None and not is_unsigned,
        blocked_from=datetime.fromtimestamp(ends, UTC).date() if ends and blocks else None,
    )


def _may_wish(side: Side, row: Any) -> bool:
    """Whether the directory waits for somebody who has looked for nobody yet; as `directory.visit` opens it."""
    is_open = row.answered_by is AnsweredBy.MENTOR_AFTER_WISH and row.status is EnrolmentStatus.APPROVED
    # Nobody is sent to an empty list.
    return side is Side.MENTEE and is_open and not row.taken and not row.has_wished and bool(row.has_mentors)


@cache  # asked whenever somebody opens Home: building it costs more than asking
def _asked(side: Side) -> Any:
    return (
        select(*_facts(side), *(part.label(name) for name, part in _waiting(side).items()))
        .select_from(Enrolment)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(
            col(Enrolment.id) == OWN,
            col(Enrolment.side) == side,
            col(Enrolment.person_id) == bindparam("person_id"),
            col(Enrolment.cohort_id) == bindparam("cohort_id"),
        )
    )


def _facts(side: Side) -> tuple[Any, ...]:
    """Columns, because whole rows of a person and a scheme cost ten times as much to read."""
    return (
        col(Enrolment.status),
        col(Enrolment.conflicts_declared_at),
        col(Person.called),
        func.coalesce(Person.time_zone, Scheme.time_zone).label("zone"),
        col(Scheme.mentor_gates if side is Side.MENTOR else Scheme.mentee_gates).label("gates"),
        col(Scheme.other_settings),
        col(Scheme.answered_by),
    )


def _waiting(side: Side) -> dict[str, Any]:
    """What may wait for this enrolment, each part a column of one row."""
    cohort_id: Any = bindparam("cohort_id")
    today: Any = bindparam("today")
    is_own = col(Enrolment.id) == OWN
    return {
        "end_of_grace": signatures.first_end_of_grace(cohort_id).where(is_own).correlate(None).scalar_subquery(),
        "is_untrained": trained.untrained_enrolments(cohort_id, today).where(is_own).exists(),
        "training_due_on": trained.earliest_due(is_own, today).correlate(None).scalar_subquery(),
        "is_reachable": consents.reachable(),
        "is_listed": consents.gives(ConsentPurpose.DIRECTORY),
        "proposal_expires_at": _proposal_waiting(side),
        "feedback_due_on": _feedback_waiting(),
        "back_on": _planned_return(),
        "taken": readiness.places_taken(),
        "has_wished": or_(exists().where(col(Wish.mentee_id) == OWN), _is_proposed()),
        "has_mentors": _has_listed_mentors() if side is Side.MENTEE else false(),
        "has_left": departures.has_left(bindparam("person_id")),
    }


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


def _is_proposed() -> Any:
    """Whoever has a proposal under way, whomever it waits for, need not look around."""
    return exists().where(col(Proposal.mentee_id) == OWN, col(Proposal.status) == ProposalStatus.SENT)


def _has_listed_mentors() -> Any:
    """Whether any approved mentor of the cohort agreed to be listed."""
    mentors = select(Enrolment.id).where(
        col(Enrolment.cohort_id) == bindparam("cohort_id"),
        col(Enrolment.side) == Side.MENTOR,
        col(Enrolment.status) == EnrolmentStatus.APPROVED,
        consents.gives(ConsentPurpose.DIRECTORY),
    )
    return mentors.correlate(None).exists()


def _feedback_waiting() -> Any:
    return (
        select(func.min(FeedbackRound.due_on))
        .join(FeedbackAnswer, col(FeedbackAnswer.round_id) == col(FeedbackRound.id))
        .where(col(FeedbackAnswer.enrolment_id) == OWN, *is_waiting())
        .scalar_subquery()
    )


def _planned_return() -> Any:
    return (
        select(col(Pause.planned_return_on))
        .where(col(Pause.enrolment_id) == OWN, col(Pause.ended_on).is_(None))
        .scalar_subquery()
    )


def states(session: Session, enrolment_id: UUID, side: Side) -> dict[UUID, PairState]:
    """What this side has still to do in each open pair, in one query."""
    rows = session.exec(_steps(side), params={"enrolment_id": enrolment_id})
    return {row[0]: PairState(row[1], bool(row[2]), row[3], row[4] is not None, row[5], bool(row[6])) for row in rows}


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
    columns: tuple[Any, ...] = (
        col(Pairing.id),
        _latest(WaysOfWorking, WaysOfWorking.edition),
        exists().where(waiting, is_newest),
        _latest(MeetingRecord, MeetingRecord.started_at, col(MeetingRecord.side) == side),
        _latest(WaysOfWorking, WaysOfWorking.in_force_from),
        _first_met(side),
        exists().where(*_held()).correlate(Pairing),
    )
    return select(*columns).where(col(own) == OWN, col(Pairing.status) != PairingStatus.ENDED)


def _first_met(side: Side) -> Any:
    own = select(func.min(MeetingRecord.started_at)).where(*_held(), col(MeetingRecord.side) == side)
    return own.correlate(Pairing).scalar_subquery()


def _held() -> tuple[Any, ...]:
    return col(MeetingRecord.pairing_id) == col(Pairing.id), col(MeetingRecord.happened).is_(True)


def _latest(table: Any, column: Any, *conditions: Any) -> Any:
    newest = select(func.max(column)).where(col(table.pairing_id) == col(Pairing.id), *conditions)
    return newest.correlate(Pairing).scalar_subquery()
