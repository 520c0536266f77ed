"""Somebody else for mentees whose proposal was declined or ran out: two ways on, each with its price.

Whoever is asked already or has accepted is frozen. What can move is what nobody has been told of: drafts, and the
pairs of the newest run that were not approved yet. Nothing is kept here; `redrafting` makes drafts of a way.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import MatchingRun, Proposal, ProposalStatus, RunPair
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access
from services.access import Actor
from services.errors import Conflict, Invalid
from services.matching import pins, reading
from services.matching.reading import Availability, Candidates
from services.matching.texts import choosing
from services.proposal_board import CAME_TO_NOTHING, without_own

if TYPE_CHECKING:
    from services.matching import rearranging


@dataclass(frozen=True)
class Shift:
    """One mentee, with whom before and with whom after; None is nobody. `draft_id` is the draft that it replaces.

    `score` and `before_score` run from 0 to 1; `reasons` are what the mentee may read of the new pair.
    """

    mentee_id: UUID
    mentee: str
    before_id: UUID | None
    before: str | None
    before_score: float
    after_id: UUID | None
    after: str | None
    score: float
    reasons: tuple[str, ...]
    draft_id: UUID | None

    @property
    def stays(self) -> bool:
        return self.before_id == self.after_id


@dataclass(frozen=True)
class Way:
    """A way on: what it does for those who were asked about, and which others it moves.

    `points` is what it changes in the scores of all, in thousandths (a loss is negative), beside what there was before
    the answers; `matched` is the same in mentees.
    """

    asked: tuple[Shift, ...]
    others: tuple[Shift, ...]
    matched: int
    points: int

    @property
    def placed(self) -> int:
        """How many of those who were asked about get somebody."""
        return sum(shift.after_id is not None for shift in self.asked)


@dataclass(frozen=True)
class Rematch:
    """Both ways for the same mentees. `best` equals `only` where moving others would gain nothing.

    `not_free` names those who cannot have anybody now: a proposal or a mentor by now, or something missing.
    """

    cohort_id: UUID
    only: Way
    best: Way
    not_free: tuple[str, ...] = ()

    @property
    def is_one(self) -> bool:
        return not self.best.others


@dataclass(frozen=True)
class Standing:
    """What stands before anybody is moved: for each mentee their mentor (None: nobody), and the draft that says so."""

    mentor_of: Mapping[UUID, UUID | None]
    draft_of: Mapping[UUID, UUID]
    open_now: Availability


def find(session: Session, actor: Actor, proposal_ids: Sequence[UUID], *, today: date) -> Rematch:
    """Both ways on for the mentees of these proposals. Changes nothing.

    Whoever is not free any more is left out and named. Raises NotAllowed; Invalid when they are of several cohorts;
    Conflict when none of them is free, or a pin cannot stand. Some tenths of a second at 1,000 mentees and 600 mentors.
    """
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in sorted(set(proposal_ids))]
    if len({one.cohort_id for one in chosen}) != 1:
        raise Invalid("Choose proposals of one cohort.", remedy="Open the cohort's proposals and begin from there.")
    cohort = session.get_one(Cohort, chosen[0].cohort_id)
    standing = _standing(session, actor, cohort, chosen, today)
    chosen, not_free = _free(session, chosen, standing.open_now)
    given = reading.candidates(session, cohort, standing.open_now)
    pins.check(session, standing.open_now, given.pins, given.forbidden)
    given = _narrowed(given, standing)
    found = _rearranged(session, actor, cohort, given, standing, chosen, today)
    named = _names(session, found.people)
    asked = {one.mentee_id for one in chosen}
    only, best = (_way(each, named, standing, asked) for each in (found.only, found.best))
    return Rematch(cohort.id, only, best, not_free)


def _standing(session: Session, actor: Actor, cohort: Cohort, chosen: Sequence[Proposal], today: date) -> Standing:
    """Who could still be moved, with whom they stand, and everybody's free places without them."""
    drafts = select(Proposal.mentee_id, Proposal.id, Proposal.mentor_id).where(
        *without_own(actor, cohort.id), Proposal.status == ProposalStatus.DRAFT
    )
    asked = {one.mentee_id for one in chosen}
    # Somebody asked about who has a draft by now is not free: a colleague was quicker.
    movable = {mentee: (draft, mentor) for mentee, draft, mentor in session.exec(drafts) if mentee not in asked}
    while True:
        held = [draft for draft, _ in movable.values()]
        open_now = reading.availability(session, cohort, today, beside=held)
        # A draft of somebody who is away by now keeps its place: it is looked at when it is sent.
        free = {mentee: draft for mentee, draft in movable.items() if mentee in open_now.mentees}
        if len(free) == len(movable):
            break
        movable = free
    mentor_of: dict[UUID, UUID | None] = {mentee: mentor for mentee, (_, mentor) in movable.items()}
    planned = _planned(session, cohort.id, open_now)
    mentor_of = planned | mentor_of | {one.mentee_id: one.mentor_id for one in chosen}
    return Standing(mentor_of, {mentee: draft for mentee, (draft, _) in movable.items()}, open_now)


def _planned(session: Session, cohort_id: UUID, open_now: Availability) -> dict[UUID, UUID | None]:
    """The pairs of the newest run of which nothing has come yet, as far as they still can be; None for its unmatched.

    They hold no place by any rule; but a coordinator who looks at them would find them taken away unasked.
    """
    newest = select(MatchingRun.id, MatchingRun.created_at).where(MatchingRun.cohort_id == cohort_id)
    run = session.exec(newest.order_by(col(MatchingRun.created_at).desc()).limit(1)).first()
    if run is None:
        return {}
    since = exists().where(col(Proposal.mentee_id) == col(RunPair.mentee_id), col(Proposal.created_at) >= run[1])
    lines = select(RunPair.mentee_id, RunPair.mentor_id).where(RunPair.run_id == run[0], ~since)
    found: dict[UUID, UUID | None] = {}
    for mentee, mentor in session.exec(lines.order_by(col(RunPair.score).desc(), col(RunPair.mentee_id))):
        if mentee not in open_now.mentees:
            continue
        holds = mentor is not None and open_now.why_not(mentor, mentee) is None
        found[mentee] = mentor if holds else None
        if mentor is not None and holds:
            open_now = open_now.taking(mentor, mentee)
    return found


def _free(
    session: Session, chosen: Sequence[Proposal], open_now: Availability
) -> tuple[list[Proposal], tuple[str, ...]]:
    """Those whose mentee can have somebody now, and the others' names. Raises Conflict when there is none."""
    free = [one for one in chosen if one.status in CAME_TO_NOTHING and one.mentee_id in open_now.mentees]
    others = {one.mentee_id for one in chosen} - {one.mentee_id for one in free}
    names = tuple(sorted(_names(session, others).values())) if others else ()
    if not free:
        raise Conflict(
            f"{' and '.join(names[:2])} {'is' if len(names) == 1 else 'are'} not free for somebody else at the moment.",
            remedy="They have a proposal or a mentor by now, or something is missing before a match. Choose again.",
        )
    return free, names


def _narrowed(given: Candidates, standing: Standing) -> Candidates:
    """Only those who stand somewhere already: whoever became ready since the run is part of the next one."""
    mentees = tuple(person for person in given.mentees if UUID(person.id) in standing.mentor_of)
    inside = {UUID(person.id) for person in mentees}
    here = tuple((mentor, mentee) for mentor, mentee in given.pins if mentee in inside)
    return replace(given, mentees=mentees, pins=here)


def _rearranged(
    session: Session,
    actor: Actor,
    cohort: Cohort,
    given: Candidates,
    standing: Standing,
    chosen: Sequence[Proposal],
    today: date,
) -> "rearranging.Rearranged":
    # NumPy, SciPy and OR-tools take a second to load: only this act needs them.
    from services.matching import fingerprints, rearranging, scoring  # noqa: PLC0415

    weights = dict(session.get_one(Scheme, cohort.scheme_id).criterion_weights)
    texts = [person.text for person in (*given.mentees, *given.mentors)]
    stored = choosing.stored_for(session, texts) if weights.get("goals") else None
    own = frozenset(session.exec(select(Enrolment.id).where(Enrolment.person_id == actor.person_id)))
    before = {one.mentee_id: (one.mentor_id, one.score) for one in chosen}
    order = fingerprints.Order(weights, 0, today, stored=stored)
    try:
        return rearranging.rearrange(given, order, standing.mentor_of, before, own)
    except scoring.WeightsError as wrong:
        raise Invalid(
            "The scheme's weights for matching are not valid.", remedy="Correct them in the scheme's settings."
        ) from wrong


def _way(
    found: "rearranging.Arrangement", named: Mapping[UUID, str], standing: Standing, asked: Collection[UUID]
) -> Way:
    shifts = [
        Shift(
            mentee_id=one.mentee_id,
            mentee=named[one.mentee_id],
            before_id=one.before_id,
            before=named.get(cast("UUID", one.before_id)),
            before_score=one.before_score,
            after_id=one.after_id,
            after=named.get(cast("UUID", one.after_id)),
            score=one.score,
            reasons=one.reasons,
            draft_id=standing.draft_of.get(one.mentee_id),
        )
        for one in found.moved
    ]
    shifts.sort(key=lambda shift: (shift.mentee, str(shift.mentee_id)))
    mine = tuple(shift for shift in shifts if shift.mentee_id in asked)
    return Way(mine, tuple(shift for shift in shifts if shift.mentee_id not in asked), found.matched, found.points)


def _names(session: Session, enrolment_ids: Collection[UUID]) -> dict[UUID, str]:
    statement = (
        select(Enrolment.id, Person.full_name)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.id).in_(enrolment_ids))
    )
    return dict(session.exec(statement).all())
