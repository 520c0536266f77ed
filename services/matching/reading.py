"""What a matching run starts from: who is ready and free, who may meet whom, and who is left out and why.

Every rule of who may be paired stands here once; runs, drafts, sending and answering all ask it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side, Wish
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort
from services import conflicts, readiness
from services.languages import LANGUAGES
from services.matching.criteria import Profile
from services.schemes.sectors import sectors

OPEN_PROPOSAL = (ProposalStatus.DRAFT, ProposalStatus.SENT)
NOT_AVAILABLE = "This pairing is not available."

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
    """A run's input, in the order of the ids: `places` belong to `mentors`; `barred` pairs are (mentor, mentee)."""

    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...]
    places: tuple[int, ...]
    barred: frozenset[Pair]


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
    wishes = _wishes(session, cohort.id)
    mentors = _profiles(session, cohort.id, Side.MENTOR, open_now.mentors, wishes)
    return Candidates(
        mentees=_profiles(session, cohort.id, Side.MENTEE, open_now.mentees, wishes),
        mentors=mentors,
        places=tuple(open_now.places[UUID(mentor.id)] for mentor in mentors),
        barred=open_now.barred,
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


def _barred_pairs(session: Session, cohort: Cohort) -> frozenset[Pair]:
    """Conflicts either of them declared, and pairs that have been: declined, or already together."""
    met = _declined(session, cohort) | _together_before(session, cohort)
    mentors, mentees = (_enrolment_of_person(session, cohort.id, side) for side in (Side.MENTOR, Side.MENTEE))
    again = {(mentors[one], mentees[other]) for one, other in met if one in mentors and other in mentees}
    return conflicts.blocked_pairs(session, cohort.id) | again


def _declined(session: Session, cohort: Cohort) -> set[Pair]:
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
    return {(one, other) for one, other in session.exec(statement)}


def _together_before(session: Session, cohort: Cohort) -> set[Pair]:
    """The people (mentor, mentee) of every pairing of the scheme, unless its proposal was taken back as a mistake."""
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = (
        select(mentor.person_id, mentee.person_id)
        .select_from(Pairing)
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(Cohort, col(Cohort.id) == col(Pairing.cohort_id))
        .outerjoin(Proposal, col(Proposal.id) == col(Pairing.proposal_id))
        .where(Cohort.scheme_id == cohort.scheme_id)
        .where(or_(col(Proposal.id).is_(None), col(Proposal.status) != ProposalStatus.WITHDRAWN))
    )
    return {(one, other) for one, other in session.exec(statement)}


def _enrolment_of_person(session: Session, cohort_id: UUID, side: Side) -> dict[UUID, UUID]:
    statement = select(Enrolment.person_id, Enrolment.id).where(
        Enrolment.cohort_id == cohort_id, Enrolment.side == side
    )
    return dict(session.exec(statement).all())


def _wishes(session: Session, cohort_id: UUID) -> dict[UUID, tuple[str, ...]]:
    """Each mentee's wished mentors, dearest first."""
    statement = (
        select(Wish.mentee_id, Wish.mentor_id)
        .join(Enrolment, col(Enrolment.id) == col(Wish.mentee_id))
        .where(Enrolment.cohort_id == cohort_id)
        .order_by(col(Wish.rank))
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for mentee, mentor in session.exec(statement):
        found[mentee] = (*found.get(mentee, ()), str(mentor))
    return found


def _profiles(
    session: Session, cohort_id: UUID, side: Side, chosen: frozenset[UUID], wishes: Mapping[UUID, tuple[str, ...]]
) -> tuple[Profile, ...]:
    statement = (
        select(Enrolment, Person.time_zone)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(Enrolment.cohort_id == cohort_id, Enrolment.side == side, Enrolment.status == EnrolmentStatus.APPROVED)
    )
    people = [_profile(row, zone, wishes.get(row.id, ())) for row, zone in session.exec(statement) if row.id in chosen]
    return tuple(sorted(people, key=lambda person: person.id))


def _profile(row: Enrolment, zone: str | None, wishes: tuple[str, ...]) -> Profile:
    role: Literal["mentor", "mentee"] = "mentor" if row.side is Side.MENTOR else "mentee"
    return Profile(
        id=str(row.id),
        role=role,
        sector=sectors().get(row.sector or "", row.sector),
        role_title=row.role_title,
        text=(row.summary if row.side is Side.MENTOR else row.goals) or "",
        languages=frozenset(LANGUAGES.get(code, code) for code in row.languages),
        channels=frozenset(row.channels),
        time_zone=zone,
        years_of_experience=row.years_of_experience,
        wishes=wishes,
        waiting_since=row.waiting_since.date() if row.waiting_since else None,
        organisation=row.organisation,
    )
