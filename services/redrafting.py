"""Drafts of one of two ways on: whoever is moved has their draft replaced, all of it in one act or none of it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment
from models.matching import Proposal, ProposalStatus
from models.schemes import Cohort
from services import access, audit, proposal_mail, times
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.matching import reading
from services.rematching import Shift, Way
from services.units import writes


@writes
def redraft(session: Session, actor: Actor, cohort_id: UUID, way: Way) -> tuple[UUID, ...]:
    """Make drafts of a way on and take back those that it replaces; answers the new ones. Nobody is written to.

    Every gate, place, conflict and decision is asked again. Raises NotAllowed; Conflict when anything of it changed
    since it was worked out, and then nothing is saved.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    moving = [shift for shift in (*way.asked, *way.others) if not (shift.stays and shift.draft_id)]
    _check_ours(session, actor, cohort, moving)
    for shift in moving:
        _take_back(session, actor, cohort, shift)
    # One open proposal for each mentee: the database must see the old one closed before the new one comes.
    session.flush()
    _check_possible(session, cohort, moving)
    made = [_draft(session, actor, cohort, shift, shift.after_id) for shift in moving if shift.after_id is not None]
    ids = tuple(one.id for one in made)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise _changed() from clash
    return ids


def _check_ours(session: Session, actor: Actor, cohort: Cohort, moving: Sequence[Shift]) -> None:
    """Raises NotAllowed unless all are of this cohort, and none is the actor."""
    ids = {one for shift in moving for one in (shift.mentee_id, shift.after_id) if one is not None}
    statement = select(Enrolment.id, Enrolment.person_id).where(
        col(Enrolment.id).in_(ids), Enrolment.cohort_id == cohort.id
    )
    people = dict(session.exec(statement.order_by(col(Enrolment.id)).with_for_update()).all())
    if people.keys() != ids or actor.person_id in people.values():
        raise NotAllowed("You cannot decide about one of these pairs.", remedy="Ask another coordinator to handle it.")


def _take_back(session: Session, actor: Actor, cohort: Cohort, shift: Shift) -> None:
    """Adds the end of the draft that this shift replaces."""
    if shift.draft_id is None:
        return
    old = session.get(Proposal, shift.draft_id, with_for_update=True, populate_existing=True)
    stands = old is not None and (old.status, old.mentee_id, old.mentor_id, old.cohort_id) == (
        ProposalStatus.DRAFT,
        shift.mentee_id,
        shift.before_id,
        cohort.id,
    )
    if old is None or not stands:
        raise _changed()
    old.status, old.answered_at = ProposalStatus.WITHDRAWN, utc_now()
    audit.record(session, actor, "proposal.withdrawn", old.id, was="draft", replaced=True)


def _check_possible(session: Session, cohort: Cohort, moving: Sequence[Shift]) -> None:
    """Raises Conflict unless all of it can be, one after the other, by every rule of today."""
    open_now = reading.availability(session, cohort, times.gate_day())
    pins, forbidden = reading.rules_in_force(session, cohort.id)
    pinned = {mentee: mentor for mentor, mentee in pins}
    for shift in moving:
        if shift.after_id is None:
            continue
        why = open_now.why_not(shift.after_id, shift.mentee_id)
        against = (shift.after_id, shift.mentee_id) in forbidden
        elsewhere = pinned.get(shift.mentee_id, shift.after_id) != shift.after_id
        if why or against or elsewhere:
            raise _changed()
        open_now = open_now.taking(shift.after_id, shift.mentee_id)


def _draft(session: Session, actor: Actor, cohort: Cohort, shift: Shift, mentor_id: UUID) -> Proposal:
    """Adds a draft of no run: the newest run says something else about this mentee."""
    made = Proposal(
        cohort_id=cohort.id,
        mentor_id=mentor_id,
        mentee_id=shift.mentee_id,
        score=shift.score,
        reasons=list(shift.reasons),
    )
    scheme = proposal_mail.scheme_of(session, made)
    (made.waits_for,) = proposal_mail.first_asked(session, scheme, [made])
    session.add(made)
    audit.record(session, actor, "proposal.drafted", made.id, again=True)
    return made


def _changed() -> Conflict:
    return Conflict(
        "Something about these people changed since this was worked out, so nothing was saved.",
        remedy="Look for somebody else once more.",
    )
