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
from services.matching.runs import RunView


@dataclass(frozen=True)
class Load:
    """One mentor of a run: how many mentees it gives them, of how many free places."""

    mentor: str
    mentees: int
    places: int


def in_one_sentence(run: RunView) -> str:
    """Why not more people have a mentor. It counts nobody by whom they may meet, which can be private."""
    without = "1 mentee has no mentor" if run.unmatched == 1 else f"{run.unmatched} mentees have no mentor"
    spare = run.places - run.matched
    places = "1 place" if run.places == 1 else f"{run.places} places"
    if run.places == 0:
        return f"{without}: no mentor is ready with a free place."
    if run.unmatched == 0:
        left = {0: "no place is left", 1: "1 place stays open"}.get(spare, f"{spare} places stay open")
        return f"Everybody has a mentor, and {left}."
    if spare == 0:
        return f"{without}: {run.mentees} mentees share {places}."
    still = "1 place stays open" if spare == 1 else f"{spare} places stay open"
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
