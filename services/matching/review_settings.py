"""What else a run could be asked: other weights, or the worst pair first. Nothing is kept until somebody says so."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import MatchingRun
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access
from services.access import Actor
from services.errors import Conflict, Refusal
from services.matching import review_acts, runs, scheme_criteria
from services.matching.runs import Preview, RunView
from services.matching.scheme_criteria import SchemeCriterion


@dataclass(frozen=True)
class Weighing:
    """A scheme's criteria with their weights; `version` is the scheme's, as it was read.

    `before` are the weights of the newest run that was asked with others, to go back to; None if there is none.
    """

    scheme_id: UUID
    version: int
    criteria: tuple[SchemeCriterion, ...]
    before: Mapping[str, int] | None

    @property
    def weights(self) -> dict[str, int]:
        return {each.key: each.weight for each in self.criteria}


def weighing(session: Session, actor: Actor, cohort_id: UUID) -> Weighing:
    """How the cohort's scheme weighs now. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    criteria = scheme_criteria.criteria_of(scheme)
    now = {each.key: each.weight for each in criteria}
    asked = select(MatchingRun.weights).where(MatchingRun.cohort_id == cohort_id)
    newest = session.exec(asked.order_by(col(MatchingRun.created_at).desc()).limit(20))
    before = next((one for one in newest if {key: one.get(key, 0) for key in now} != now), None)
    return Weighing(scheme.id, scheme.version, criteria, before)


def preview(
    session: Session,
    actor: Actor,
    beside: RunView,
    cohort_id: UUID,
    weights: Mapping[str, int],
    *,
    floor_first: bool,
    today: date,
) -> Preview:
    """What these weights and this policy would give beside a run. Keeps nothing. Raises as `runs.run` does."""
    return runs.preview(
        session,
        actor,
        cohort_id,
        weights=weights,
        seed=beside.seed,
        today=today,
        floor_first=floor_first,
        beside=beside.id,
    )


@dataclass(frozen=True)
class Moved:
    """One mentee of a preview with the mentor in the run and the one instead, by name; None for nobody."""

    mentee: str
    before: str | None
    after: str | None


def moved(session: Session, actor: Actor, cohort_id: UUID, found: Preview) -> tuple[Moved, ...]:
    """Some of those for whom a preview changes something, by name, without the reader; one query.

    Whoever does not coordinate the cohort reads of nobody.
    """
    named: Any = select(Enrolment.id, Enrolment.sort_key, Person.full_name, Person.id)
    named = named.join(Person, col(Person.id) == col(Enrolment.person_id))
    named = named.join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id)).where(
        col(Enrolment.id).in_({one for move in found.moves for one in move if one}),
        Enrolment.cohort_id == cohort_id,
        col(Cohort.scheme_id).in_(actor.coordinates),
    )
    people = {row[0]: row[1:] for row in session.exec(named)}
    # What would become of themselves is for another coordinator to look at.
    shown = [move for move in found.moves if all(one is None or _is_another(one, people, actor) for one in move)]
    shown.sort(key=lambda move: (people[move[0]][0], move[0]))
    names = {one: facts[1] for one, facts in people.items()}
    return tuple(
        Moved(names[mentee], names[was] if was else None, names[now] if now else None) for mentee, was, now in shown
    )


def _is_another(enrolment_id: UUID, people: Mapping[UUID, tuple[Any, ...]], actor: Actor) -> bool:
    return enrolment_id in people and people[enrolment_id][2] != actor.person_id


def keep(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    now: Weighing,
    weights: Mapping[str, int],
    *,
    floor_first: bool,
    seed: int,
    today: date,
) -> RunView | None:
    """Keep these weights for the whole scheme and run with them; None if the run has begun in the background.

    Weights with which no run is possible are taken back, as a decision is. Raises NotAllowed, Invalid, and Conflict if
    a colleague has changed the scheme meanwhile.
    """
    if dict(weights) == now.weights:
        return review_acts.run(session, actor, cohort_id, today=today, seed=seed, floor_first=floor_first)
    scheme_criteria.change(session, actor, now.scheme_id, weights=weights, version=now.version)
    kept = session.get_one(Scheme, now.scheme_id).version
    try:
        return review_acts.run(session, actor, cohort_id, today=today, seed=seed, floor_first=floor_first)
    except Refusal:
        # If a colleague was quicker, what they chose stands; why there is no run is what matters here.
        with suppress(Conflict):
            scheme_criteria.change(session, actor, now.scheme_id, weights=now.weights, version=kept)
        raise


def what_would_change(found: Preview) -> str:
    """The preview as a sentence or two for the screen."""
    if found.changed == 0:
        who = "the 1 mentee keeps" if found.mentees == 1 else f"all {found.mentees:,} mentees keep"
        said = f"Nothing would change: {who} what this run gave."
    else:
        who = "1 mentee" if found.mentees == 1 else f"{found.mentees:,} mentees"
        said = f"{found.changed:,} of {who} would get another mentor, a first one, or none."
    if found.matched != found.matched_before:
        said += f" {found.matched:,} instead of {found.matched_before:,} would have a mentor."
    if found.settled:
        more = (
            "1 more mentee of this run stays"
            if found.settled == 1
            else f"{found.settled:,} more mentees of this run stay"
        )
        said += f" {more} out of it: they have a proposal or a mentor by now, or are not ready any more."
    return said


def price_of_floor(total_first: Preview, floor_first: Preview) -> str:
    """What it costs to lift the worst pair first, in a sentence or two."""
    if total_first.pairs == floor_first.pairs:
        return "The worst pair is already as good as it can be: this changes nothing."
    before, after = ((one.worst or 0) / 10 for one in (total_first, floor_first))
    worst = f"have {after:g} points instead of {before:g}" if after != before else f"still have {before:g} points"
    # Balanced load counts beside the points, so that another choice can even have more of them.
    gained = floor_first.total - total_first.total
    if gained == 0:
        return f"The worst pair would {worst}. All pairs together would have as many points as without it."
    share = f", {100 * abs(gained) / total_first.total:.1f} % of the total" if total_first.total else ""
    verb = "gain" if gained > 0 else "lose"
    return f"The worst pair would {worst}. All pairs together would {verb} {abs(gained) / 10:g} points{share}."
