"""Two people of a run side by side, as a coordinator reads them before proposing: what each said in the form."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.people import Person
from services import access, zone_names
from services.access import Actor
from services.errors import NotAllowed
from services.languages import LANGUAGES
from services.matching import pins, review, review_lines
from services.matching.pins import RuleView
from services.matching.review import PairLine
from services.matching.sentences import channel_words
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
    """A mentee with whoever they have in the run, and what both said. Raises NotAllowed. Four queries."""
    of_run = review_lines.facts(session, actor, run_id)
    line, mentor_id = review.line_and_mentor(session, actor, of_run, mentee_id)
    sides = _sides(session, [one for one in (mentee_id, mentor_id) if one])
    if mentor_id is None:
        return PairView(line, sides[mentee_id], None, None)
    rule = pins.of_pair(session, of_run.cohort_id, mentor_id, mentee_id)
    return PairView(line, sides[mentee_id], sides[mentor_id], rule)


def side(session: Session, actor: Actor, enrolment_id: UUID) -> SideView:
    """One person of a cohort that the actor coordinates. Raises NotAllowed."""
    found = access.enrolment_to_coordinate(session, actor, enrolment_id)
    sides = _sides(session, [found.id])
    if not sides:
        raise NotAllowed("You cannot open this enrolment.", remedy="Ask one of the scheme's coordinators.")
    return sides[enrolment_id]


def _sides(session: Session, enrolment_ids: list[UUID]) -> dict[UUID, SideView]:
    return {row.id: _side(row) for row in session.exec(_people(), params={"ids": enrolment_ids})}


@cache
def _people() -> Any:
    columns: tuple[Any, ...] = (
        Enrolment.id,
        Enrolment.side,
        Enrolment.role_title,
        Enrolment.organisation,
        Enrolment.sector,
        Enrolment.years_of_experience,
        Enrolment.languages,
        Enrolment.channels,
        Enrolment.capacity,
        Enrolment.summary,
        Enrolment.goals,
        Person.full_name,
        Person.time_zone,
    )
    people = select(*columns).select_from(Enrolment).join(Person, col(Person.id) == col(Enrolment.person_id))
    return people.where(col(Enrolment.id).in_(bindparam("ids", expanding=True)))


def _side(row: Any) -> SideView:
    is_mentor, years = row.side is Side.MENTOR, row.years_of_experience
    told = {
        "Role": row.role_title,
        "Organisation": row.organisation,
        "Sector": sectors().get(row.sector or "", row.sector),
        "Experience": None if years is None else f"{years} {'year' if years == 1 else 'years'}",
        "Languages": ", ".join(LANGUAGES.get(code, code) for code in row.languages),
        "In touch by": ", ".join(map(channel_words, row.channels)),
        "Time zone": zone_names.present(row.time_zone or "").replace("_", " "),
        "Mentees at a time": str(row.capacity) if is_mentor else None,
    }
    facts = tuple((what, said) for what, said in told.items() if said)
    return SideView(row.id, row.full_name, facts, (row.summary if is_mentor else row.goals) or "")
