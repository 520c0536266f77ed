"""Small files against what is kept."""

from typing import Any

from sqlmodel import Session

from models.enrolments import Enrolment, Side
from models.schemes import Cohort
from services.access import Actor
from services.imports import arrivals
from services.imports.arrivals import Imported, Preview
from tests.factories import make_enrolment, make_person

HEAD = "Name,Email,Job title,Goals\n"


def previewed(session: Session, actor: Actor, content: str, side: Side | None = Side.MENTEE) -> Preview:
    given = {"file_name": "a.csv", "content": content.encode(), "mapping": None, "side": side}
    assert actor.place.cohort_id is not None
    return arrivals.preview(session, actor, actor.place.cohort_id, **given)  # type: ignore[arg-type] # as a page does


def confirmed(session: Session, actor: Actor, content: str, side: Side | None = Side.MENTEE) -> Imported:
    given = {"file_name": "a.csv", "content": content.encode(), "mapping": None, "side": side}
    assert actor.place.cohort_id is not None
    return arrivals.confirm(session, actor, actor.place.cohort_id, **given)  # type: ignore[arg-type] # as a page does


def make_ada(session: Session, cohort: Cohort, **facts: Any) -> Enrolment:
    person = make_person(
        session, "Ada", email="a@example.org", telephone="+44 7700 900123", telephone_key="+447700900123"
    )
    enrolment = make_enrolment(session, cohort, person=person, **{"role_title": "Clerk", "goals": "Learn"} | facts)
    session.commit()
    return enrolment
