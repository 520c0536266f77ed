"""Reminds whoever is overdue with training, in one act: what would go out to whom can be read before it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.schemes import Cohort, Scheme
from services import access, audit, messages, times, trained
from services.access import Actor
from services.errors import Conflict
from services.messages import Preview
from services.units import writes

TEMPLATE = "training_due"


@dataclass(frozen=True)
class Plan:
    """Who would be written to, by name, and the first one's email to read; None when nobody is left to remind.

    `told` is how many are overdue and were reminded today.
    """

    names: tuple[str, ...]
    preview: Preview | None
    told: int = 0


def plan(session: Session, actor: Actor, cohort_id: UUID, *, today: date) -> Plan:
    """What `remind` would do now. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    overdue = list(_overdue(session, cohort_id, today))
    told = messages.already_written(
        session, template=TEMPLATE, events={who.person_id: _event(who, today) for who, _ in overdue}
    )
    found = [(who, modules) for who, modules in overdue if who.person_id not in told]
    if not found:
        return Plan((), None, len(overdue))
    facts = _facts(session, cohort, found[0][1])
    first = messages.preview(
        session,
        person_id=found[0][0].person_id,
        template=TEMPLATE,
        scheme_id=cohort.scheme_id,
        is_personal=False,
        **facts,
    )
    return Plan(tuple(who.name for who, _ in found), first, len(overdue) - len(found))


@writes
def remind(session: Session, actor: Actor, cohort_id: UUID, *, today: date) -> int:
    """Write to everybody who is overdue, once a day and person; how many. Raises NotAllowed, Conflict if to nobody."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    written = 0
    for who, modules in list(_overdue(session, cohort_id, today)):
        written += messages.queue(
            session,
            person_id=who.person_id,
            template=TEMPLATE,
            scheme_id=cohort.scheme_id,
            event=_event(who, today),
            **_facts(session, cohort, modules),
        )
    if not written:
        raise Conflict("Everybody who is overdue was reminded today.", remedy="Wait until tomorrow to remind again.")
    audit.record(session, actor, "training.reminded", cohort.id, scheme_id=cohort.scheme_id, people=written)
    session.commit()
    return written


@dataclass(frozen=True)
class _Who:
    enrolment_id: UUID
    person_id: UUID
    name: str


def _event(who: _Who, today: date) -> str:
    return f"{who.enrolment_id} {today.isoformat()}"


def _overdue(session: Session, cohort_id: UUID, today: date) -> Iterator[tuple[_Who, list[dict[str, Any]]]]:
    """Each person who is overdue wherever they are, with the modules that they are overdue with."""
    rows = session.execute(trained.overdue(cohort_id, min(today, times.gate_day()))).all()
    for who, lines in groupby(rows, lambda row: _Who(*row[:3])):
        yield who, [{"title": line[3], "due_on": line[4]} for line in lines]


def _facts(session: Session, cohort: Cohort, modules: list[dict[str, Any]]) -> dict[str, Any]:
    scheme = session.get_one(Scheme, cohort.scheme_id)
    return {"modules": modules, "is_a_gate": "training" in {*scheme.mentor_gates, *scheme.mentee_gates}}
