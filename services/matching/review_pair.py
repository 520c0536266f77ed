"""Two people of a run side by side, as a coordinator reads them before proposing: what each said in the form."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import RunPair
from models.people import Person
from services import access
from services.access import Actor
from services.errors import NotAllowed
from services.languages import LANGUAGES
from services.matching import review, runs
from services.matching.pins import RuleView, in_force
from services.matching.review import PairLine
from services.schemes.sectors import sectors


@dataclass(frozen=True)
class SideView:
    """One person: `facts` are short (what, answer), `text` is a mentor's work history or a mentee's goals."""

    enrolment_id: UUID
    name: str
    facts: tuple[tuple[str, str], ...]
    text: str


@dataclass(frozen=True)
class PairView:
    """A mentee's line of a run with both people; `rule` is the pin or ban of just these two that is in force."""

    line: PairLine
    mentee: SideView
    mentor: SideView | None
    rule: RuleView | None


def pair(session: Session, actor: Actor, run_id: UUID, mentee_id: UUID) -> PairView:
    """A mentee with whoever they have in the run, and what both said. Raises NotAllowed."""
    run, _ = runs.to_coordinate(session, actor, run_id)
    line = review.line(session, actor, run_id, mentee_id)
    asked = select(RunPair.mentor_id).where(RunPair.run_id == run_id, RunPair.mentee_id == mentee_id)
    mentor_id = session.exec(asked).one()
    sides = _sides(session, [one for one in (mentee_id, mentor_id) if one])
    rules = [rule for rule in in_force(session, actor, run.cohort_id) if rule.mentee_id == mentee_id]
    return PairView(
        line,
        sides[mentee_id],
        sides[mentor_id] if mentor_id else None,
        next((rule for rule in rules if rule.mentor_id == mentor_id), None),
    )


def side(session: Session, actor: Actor, enrolment_id: UUID) -> SideView:
    """One person of a cohort that the actor coordinates. Raises NotAllowed."""
    found = access.enrolment_to_coordinate(session, actor, enrolment_id)
    sides = _sides(session, [found.id])
    if not sides:
        raise NotAllowed("You cannot open this enrolment.", remedy="Ask one of the scheme's coordinators.")
    return sides[enrolment_id]


def _sides(session: Session, enrolment_ids: list[UUID]) -> dict[UUID, SideView]:
    statement = (
        select(Enrolment, Person.full_name, Person.time_zone)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.id).in_(enrolment_ids))
    )
    return {row.id: _side(row, name, zone) for row, name, zone in session.exec(statement)}


def _side(row: Enrolment, name: str, zone: str | None) -> SideView:
    is_mentor = row.side.value == "mentor"
    years = row.years_of_experience
    told = {
        "Role": row.role_title,
        "Organisation": row.organisation,
        "Sector": sectors().get(row.sector or "", row.sector),
        "Experience": None if years is None else f"{years} {'year' if years == 1 else 'years'}",
        "Languages": ", ".join(LANGUAGES.get(code, code) for code in row.languages),
        "In touch by": ", ".join(row.channels),
        "Time zone": (zone or "").replace("_", " "),
        "Mentees at a time": str(row.capacity) if is_mentor else None,
    }
    facts = tuple((what, said) for what, said in told.items() if said)
    return SideView(row.id, name, facts, (row.summary if is_mentor else row.goals) or "")
