"""What limits a run, in one sentence; and how full each mentor is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import RunPair
from models.people import Person
from services.access import Actor
from services.matching import runs
from services.matching.review_solved import SolvedRun
from services.matching.runs import RunView

# So many mentors are named of whom one more place would be worth most; never fewer, and never all.
NAMED = 3
POINTS = 10  # thousandths of a score in one point


@dataclass(frozen=True)
class Load:
    """One mentor of a run: how many mentees it gives them, of how many free places."""

    mentor: str
    mentees: int
    places: int


def in_one_sentence(run: RunView) -> str:
    """Why not more people have a mentor. It counts nobody by whom they may meet, which can be private."""
    without = "1 mentee has no mentor" if run.unmatched == 1 else f"{run.unmatched:,} mentees have no mentor"
    spare = run.places - run.matched
    places = "1 place" if run.places == 1 else f"{run.places:,} places"
    if run.places == 0:
        return f"{without}: no mentor is ready with a free place."
    if run.unmatched == 0:
        left = {0: "no place is left", 1: "1 place stays open"}.get(spare, f"{spare:,} places stay open")
        return f"Everybody has a mentor, and {left}."
    if spare == 0:
        return f"{without}: {run.mentees:,} mentees share {places}."
    still = "1 place stays open" if spare == 1 else f"{spare:,} places stay open"
    return f"{without}, although {still}: none of those mentors is available to them."


def loads(session: Session, actor: Actor, run_id: UUID) -> tuple[Load, ...]:
    """Every mentor of the run, the fullest first. Raises NotAllowed."""
    run, _ = runs.to_coordinate(session, actor, run_id)
    places: dict[str, int] = (run.inputs or {}).get("places", {})
    counted: Any = select(RunPair.mentor_id, func.count()).where(RunPair.run_id == run_id)
    taken = dict(session.exec(counted.group_by(col(RunPair.mentor_id))).all())
    names = (
        select(Enrolment.id, Person.full_name)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(Enrolment.cohort_id == run.cohort_id)
    )
    found = [Load(name, taken.get(one, 0), places[str(one)]) for one, name in session.exec(names) if str(one) in places]
    return tuple(sorted(found, key=lambda load: (-load.mentees, -load.places, load.mentor.casefold())))


@dataclass(frozen=True)
class MorePlaces:
    """The mentors of whom one more place would be worth most, by name, and what each would add, in words."""

    mentors: tuple[str, ...]
    each_adds: str


def worth_most(session: Session, actor: Actor, run: SolvedRun) -> MorePlaces | None:
    """Whom to ask for one more place; None where it would not help. Raises NotAllowed.

    Of every mentor, a worth of nothing could tell whom somebody may not meet, which can be private. So it is always the
    same number of mentors, of whom each adds the same kind of thing, and of the others nothing is said: not that they
    would add less, nor that it would be nothing.
    """
    run.check(actor)
    worth = run.explainer.one_more_place()
    best = sorted(range(len(worth)), key=lambda j: (-worth[j].matched, -worth[j].total, str(run.mentor_ids[j])))[:NAMED]
    if len(worth) <= NAMED or len({worth[j].matched for j in best}) > 1:
        return None
    if worth[best[0]].matched:
        adds = "1 more mentee would have a mentor"
    elif (least := min(worth[j].total for j in best)) >= POINTS:
        adds = f"the pairs together would have at least {least // POINTS} points more"
    else:
        return None
    ids = [run.mentor_ids[j] for j in best]
    named = select(Enrolment.id, Person.full_name).join(Person, col(Person.id) == col(Enrolment.person_id))
    names = dict(session.exec(named.where(col(Enrolment.id).in_(ids))).all())
    return MorePlaces(tuple(names[one] for one in ids), adds)


def in_words(found: MorePlaces) -> str:
    """As one sentence."""
    *others, last = found.mentors
    return f"One more place would help most with {', '.join(others)} or {last}: with each, {found.each_adds}."
