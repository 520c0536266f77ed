"""What a matching run starts from: who is ready and free, who may meet whom, and who is left out and why.

Every rule of who may be paired stands here once; runs, drafts, sending and answering all ask it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.matching import PairRule, PairRuleKind, Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.schemes import Cohort
from services import conflicts, readiness
from services.matching import profile_reading as profiles
from services.matching.profiles import Profile

OPEN_PROPOSAL = (ProposalStatus.DRAFT, ProposalStatus.SENT)
# Of more people than this, all are read.
MOST_NAMED = 500
NOT_AVAILABLE = "This pairing is not available."
DECIDED_AGAINST = "A coordinator decided against this pair."

Pair = tuple[UUID, UUID]  # mentor's enrolment, mentee's enrolment


@dataclass(frozen=True)
class Availability:
    """Who may be paired now. Ids are enrolments; `places` holds the free ones of every mentor of the cohort.

    `barred` pairs (mentor, mentee) must not meet, for whatever reason: conflict, decline, or paired before.
    """

    ready_mentees: frozenset[UUID]
    ready_mentors: frozenset[UUID]
    busy_mentees: frozenset[UUID]
    places: Mapping[UUID, int]
    barred: frozenset[Pair]

    @property
    def mentees(self) -> frozenset[UUID]:
        return self.ready_mentees - self.busy_mentees

    @property
    def mentors(self) -> frozenset[UUID]:
        """Those who can be proposed: ready, which includes a way to be reached, and with a free place."""
        return frozenset(mentor for mentor in self.ready_mentors if self.places.get(mentor, 0) > 0)

    def taking(self, mentor: UUID, mentee: UUID) -> "Availability":
        """The same, once this pair has been proposed."""
        places = {**self.places, mentor: max(0, self.places.get(mentor, 0) - 1)}
        return replace(self, places=places, busy_mentees=self.busy_mentees | {mentee})

    def why_not(self, mentor: UUID, mentee: UUID) -> str | None:
        """Why the coordinator cannot pair these two now, or None. A barred pair's reason is never named."""
        reasons = {
            "The mentee has not done everything that the scheme asks before a match.": mentee in self.ready_mentees,
            "The mentee has an open proposal or a mentor.": mentee not in self.busy_mentees,
            "The mentor has not done everything that the scheme asks before a match.": mentor in self.ready_mentors,
            "The mentor has no free place.": self.places.get(mentor, 0) > 0,
            NOT_AVAILABLE: (mentor, mentee) not in self.barred,
        }
        return next((reason for reason, holds in reasons.items() if not holds), None)


@dataclass(frozen=True)
class Candidates:
    """A run's input, in the order of the ids: `places` belong to `mentors`; pairs are (mentor, mentee).

    `barred` pairs must not meet; `pins` and `forbidden` are what coordinators decided. The dates are the programme's.
    """

    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...]
    places: tuple[int, ...]
    barred: frozenset[Pair]
    pins: tuple[Pair, ...] = ()
    forbidden: frozenset[Pair] = frozenset()
    starts_on: date | None = None
    ends_on: date | None = None


def availability(session: Session, cohort: Cohort, today: date, *, beside: Collection[UUID] = ()) -> Availability:
    """Who may be paired now, as if the proposals in `beside` did not exist: they hold the places they ask for."""
    return Availability(
        ready_mentees=readiness.ready_ids(session, cohort.id, Side.MENTEE, today),
        ready_mentors=readiness.ready_ids(session, cohort.id, Side.MENTOR, today),
        busy_mentees=_busy_mentees(session, cohort.id, beside),
        places=_free_places(session, cohort.id, beside),
        barred=_barred_pairs(session, cohort),
    )


def candidates(session: Session, cohort: Cohort, open_now: Availability) -> Candidates:
    """The people of a run with what the criteria look at, from `availability`."""
    places = {mentor: open_now.places[mentor] for mentor in open_now.mentors}
    rules = rules_in_force(session, cohort.id)
    return _with_profiles(session, cohort, open_now.mentees, places, open_now.barred, rules)


def same_people(
    session: Session,
    cohort: Cohort,
    mentees: Collection[UUID],
    places: Mapping[UUID, int],
    rules: tuple[tuple[Pair, ...], frozenset[Pair]],
    *,
    before: datetime,
) -> Candidates:
    """The people of a run of the past as they are now, with what barred a pair at that moment."""
    barred = _barred_pairs(session, cohort, before)
    return _with_profiles(session, cohort, mentees, places, barred, rules, before)


def rules_in_force(
    session: Session, cohort_id: UUID, at: datetime | None = None
) -> tuple[tuple[Pair, ...], frozenset[Pair]]:
    """What coordinators pinned, and what they forbade; now, or as it was at a moment of the past."""
    statement = select(PairRule.kind, PairRule.mentor_id, PairRule.mentee_id).where(PairRule.cohort_id == cohort_id)
    if at is None:
        statement = statement.where(col(PairRule.undone_at).is_(None))
    else:
        still = or_(col(PairRule.undone_at).is_(None), col(PairRule.undone_at) > at)
        statement = statement.where(col(PairRule.created_at) <= at, still)
    found = session.exec(statement).all()
    pins = sorted(((mentor, mentee) for kind, mentor, mentee in found if kind is PairRuleKind.PIN), key=str)
    return tuple(pins), frozenset((mentor, mentee) for kind, mentor, mentee in found if kind is PairRuleKind.FORBID)


def _with_profiles(
    session: Session,
    cohort: Cohort,
    mentees: Collection[UUID],
    places: Mapping[UUID, int],
    barred: frozenset[Pair],
    rules: tuple[tuple[Pair, ...], frozenset[Pair]],
    at: datetime | None = None,
) -> Candidates:
    mentors = profiles.of_side(session, cohort.id, Side.MENTOR, frozenset(places), at)
    return Candidates(
        mentees=profiles.of_side(session, cohort.id, Side.MENTEE, frozenset(mentees), at),
        mentors=mentors,
        places=tuple(places[UUID(mentor.id)] for mentor in mentors),
        barred=barred,
        pins=rules[0],
        forbidden=rules[1],
        starts_on=cohort.starts_on,
        ends_on=cohort.ends_on,
    )


def _busy_mentees(session: Session, cohort_id: UUID, beside: Collection[UUID]) -> frozenset[UUID]:
    """Mentees with an open pairing, or with an open proposal other than those in `beside`."""
    paired = select(Pairing.mentee_id).where(Pairing.cohort_id == cohort_id, Pairing.status != PairingStatus.ENDED)
    asked = select(Proposal.id, Proposal.mentee_id).where(
        Proposal.cohort_id == cohort_id, col(Proposal.status).in_(OPEN_PROPOSAL)
    )
    waiting = {mentee for proposal, mentee in session.exec(asked) if proposal not in beside}
    return frozenset(session.exec(paired)) | waiting


def _free_places(session: Session, cohort_id: UUID, beside: Collection[UUID]) -> dict[UUID, int]:
    """Each mentor's capacity, less open pairings and open proposals; never below 0."""
    capacity = select(Enrolment.id, Enrolment.capacity).where(
        Enrolment.cohort_id == cohort_id, Enrolment.side == Side.MENTOR
    )
    paired = (
        select(Pairing.mentor_id, func.count())
        .where(Pairing.cohort_id == cohort_id, Pairing.status != PairingStatus.ENDED)
        .group_by(col(Pairing.mentor_id))
    )
    asked = select(Proposal.id, Proposal.mentor_id).where(
        Proposal.cohort_id == cohort_id, col(Proposal.status).in_(OPEN_PROPOSAL)
    )
    taken = Counter(dict(session.exec(paired).all()))
    taken.update(mentor for proposal, mentor in session.exec(asked) if proposal not in beside)
    return {mentor: max(0, places - taken[mentor]) for mentor, places in session.exec(capacity)}


def _barred_pairs(session: Session, cohort: Cohort, before: datetime | None = None) -> frozenset[Pair]:
    """Conflicts either of them declared, and pairs that have been: declined, or already together.

    With `before`, only what was known at that moment.
    """
    met = _declined(session, cohort, before) | _together_before(session, cohort, before)
    people = {person for pair in met for person in pair}
    mentors, mentees = (_enrolment_of_person(session, cohort.id, side, people) for side in (Side.MENTOR, Side.MENTEE))
    again = {(mentors[one], mentees[other]) for one, other in met if one in mentors and other in mentees}
    return conflicts.blocked_pairs(session, cohort.id, before=before) | again


def _declined(session: Session, cohort: Cohort, before: datetime | None) -> set[Pair]:
    """The people (mentor, mentee) of every declined proposal of the scheme: a declined pair never comes back."""
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = (
        select(mentor.person_id, mentee.person_id)
        .select_from(Proposal)
        .join(mentor, col(mentor.id) == col(Proposal.mentor_id))
        .join(mentee, col(mentee.id) == col(Proposal.mentee_id))
        .join(Cohort, col(Cohort.id) == col(Proposal.cohort_id))
        .where(Cohort.scheme_id == cohort.scheme_id, Proposal.status == ProposalStatus.DECLINED)
    )
    if before is not None:
        statement = statement.where(col(Proposal.answered_at) <= before)
    return {(one, other) for one, other in session.exec(statement)}


def _together_before(session: Session, cohort: Cohort, before: datetime | None) -> set[Pair]:
    """The people (mentor, mentee) of every pairing of the scheme, unless its proposal was taken back as a mistake.

    Those who are together in this cohort now are left out: the mentee is busy, and they are most of all there are.
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    is_over = or_(col(Pairing.cohort_id) != cohort.id, col(Pairing.status) == PairingStatus.ENDED)
    statement = (
        select(mentor.person_id, mentee.person_id)
        .select_from(Pairing)
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(Cohort, col(Cohort.id) == col(Pairing.cohort_id))
        .outerjoin(Proposal, col(Proposal.id) == col(Pairing.proposal_id))
        .where(Cohort.scheme_id == cohort.scheme_id)
        .where(or_(col(Proposal.id).is_(None), col(Proposal.status) != ProposalStatus.WITHDRAWN), is_over)
    )
    if before is not None:
        statement = statement.where(col(Pairing.created_at) <= before)
    return {(one, other) for one, other in session.exec(statement)}


def _enrolment_of_person(session: Session, cohort_id: UUID, side: Side, people: Collection[UUID]) -> dict[UUID, UUID]:
    """The enrolments of these people; of many, all of the side's are read, which is quicker than naming them."""
    if not people:
        return {}
    statement = select(Enrolment.person_id, Enrolment.id).where(
        Enrolment.cohort_id == cohort_id, Enrolment.side == side
    )
    if len(people) <= MOST_NAMED:
        statement = statement.where(col(Enrolment.person_id).in_(people))
    return dict(session.exec(statement).all())
