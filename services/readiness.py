"""Who is ready to be matched, and what is still missing: the scheme's gates, asked of the rows themselves.

What a spreadsheet claimed ("training: yes") is never looked at here. Besides the gates that a scheme sets, a mentor
needs one open way to be reached: the mentee makes first contact (SECURITY.md decision 7).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Integer, String, and_, bindparam, case, cast, false, func, or_, true
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.pairings import Pairing, PairingStatus
from models.pauses import Pause
from models.people import Person
from models.schemes import FormField
from services import consents, enrolment_form, signatures, times, training


@dataclass(frozen=True)
class Light:
    """One thing on the way to a match. `holds` is None where the scheme does not ask; `why` is a short phrase."""

    holds: bool | None
    why: str


@dataclass(frozen=True)
class Readiness:
    """Six lights. `is_ready` says whether every gate holds; room is another matter, which matching counts itself."""

    profile: Light
    signature: Light
    training: Light
    conflicts: Light
    capacity: Light
    contactable: Light

    @property
    def is_ready(self) -> bool:
        return False not in (self.signature.holds, self.training.holds, self.conflicts.holds, self.contactable.holds)


def lights(session: Session, enrolment_ids: Iterable[UUID], *, today: date | None = None) -> dict[UUID, Readiness]:
    """The lights of these enrolments, by id. A fixed number of queries for each cohort among them."""
    by_cohort: dict[UUID, list[UUID]] = {}
    wanted = select(Enrolment.cohort_id, Enrolment.id).where(col(Enrolment.id).in_(list(enrolment_ids)))
    for cohort_id, enrolment_id in session.exec(wanted):
        by_cohort.setdefault(cohort_id, []).append(enrolment_id)
    found = {}
    for cohort_id, ids in by_cohort.items():
        scheme = enrolment_form.scheme_of(session, cohort_id)
        for row, light in with_lights(session, scheme, cohort_id, ids, today=today):
            found[row.id] = light
    return found


def with_lights(
    session: Session, scheme: Any, cohort_id: UUID, enrolment_ids: list[UUID], *, today: date | None = None
) -> Iterator[tuple[Any, Readiness]]:
    """These enrolments of one cohort with their lights, in no order. Two queries.

    What stands for an enrolment has its columns and its person's by name, as far as a list or a form needs them:
    making objects of both would cost more than everything else.
    """
    if not enrolment_ids:
        return
    fields = session.exec(_required(), params={"scheme_id": scheme.id}).all()
    day = today or times.gate_day()
    asked = {"ids": enrolment_ids, "today": day, "moment": signatures.grace_until(day)}
    for row in session.exec(_with_facts(), params=asked):
        yield row, _read(scheme, fields, row)


def ready_ids(session: Session, cohort_id: UUID, side: Side, today: date) -> frozenset[UUID]:
    """The approved enrolments of one side whose gates all hold."""
    scheme = enrolment_form.scheme_of(session, cohort_id)
    statement = (
        select(Enrolment.id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(
            Enrolment.cohort_id == cohort_id,
            Enrolment.side == side,
            Enrolment.status == EnrolmentStatus.APPROVED,
            gates_hold(scheme, cohort_id, side, today),
        )
    )
    return frozenset(session.exec(statement))


def lacking(session: Session, cohort_id: UUID, side: Side, today: date) -> dict[str, int]:
    """How many approved enrolments of one side lack what a gate asks, by the gate's light; those without any are 0."""
    scheme = enrolment_form.scheme_of(session, cohort_id)
    gates = gates_of(scheme, side)
    conditions: dict[str, Any] = {
        "signature": col(Enrolment.id).in_(_unsigned(cohort_id, today)) if "signature" in gates else false(),
        "training": col(Enrolment.id).in_(_untrained(cohort_id, today)) if "training" in gates else false(),
        "conflicts": col(Enrolment.conflicts_declared_at).is_(None) if "conflicts" in gates else false(),
        "contactable": ~consents.reachable() if side is Side.MENTOR else false(),
    }
    counts: Any = (
        select(*(func.count(case((condition, 1))) for condition in conditions.values()))
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(Enrolment.cohort_id == cohort_id, Enrolment.side == side, Enrolment.status == EnrolmentStatus.APPROVED)
    )
    return dict(zip(conditions, session.exec(counts).one(), strict=True))


def incomplete(fields: Iterable[FormField]) -> Any:
    """An SQL condition on a query of Enrolment joined with Person: an answer that the form must know is missing."""
    blanks = [of_sides(field.roles, is_blank(field)) for field in fields if field.required]
    return or_(false(), *blanks)


def of_sides(sides: Collection[str], condition: Any) -> Any:
    """The condition, of these sides only: of both it is asked once, and nobody's side needs to be read."""
    return condition if set(sides) >= set(Side) else and_(col(Enrolment.side).in_(sides), condition)


def is_blank(field: FormField) -> Any:
    """The rule of enrolment_form.missing, an SQL condition on a query of Enrolment joined with Person."""
    if field.key not in enrolment_form.OF_PERSON | enrolment_form.OF_ENROLMENT:
        # As one value, or a database takes the answers apart twice.
        return func.coalesce(col(Enrolment.answers)[field.key].as_string(), "").in_(("", "[]"))
    table: Any = Person if field.key in enrolment_form.OF_PERSON else Enrolment
    column = table.__table__.c[field.key]
    if isinstance(column.type, JSON):
        return func.coalesce(cast(column, String), "").in_(("", "[]", "null"))
    if not column.nullable:
        return false()  # a name, an address, a time zone: nobody is kept without
    return column.is_(None) if isinstance(column.type, Integer) else or_(column.is_(None), column == "")


def gates_hold(scheme: Any, cohort_id: UUID, side: Side, today: date) -> Any:
    """An SQL condition on a query of Enrolment joined with Person: every gate of this side holds."""
    gates = gates_of(scheme, side)
    conditions: list[Any] = [true()]
    if "signature" in gates:
        conditions.append(col(Enrolment.id).not_in(_unsigned(cohort_id, today)))
    if "training" in gates:
        conditions.append(col(Enrolment.id).not_in(_untrained(cohort_id, today)))
    if "conflicts" in gates:
        conditions.append(col(Enrolment.conflicts_declared_at).is_not(None))
    if side is Side.MENTOR:
        conditions.append(consents.reachable())
    return and_(*conditions)


def gates_of(scheme: Any, side: Side) -> list[str]:
    """The names of the gates: "signature", "training", "conflicts". A scheme is its row, or just these two columns."""
    gates: list[str] = scheme.mentor_gates if side is Side.MENTOR else scheme.mentee_gates
    return gates


def places_taken() -> Any:
    """An SQL count on a query of Enrolment: its open pairings, whichever side it is on."""
    mine = or_(col(Pairing.mentor_id) == Enrolment.id, col(Pairing.mentee_id) == Enrolment.id)
    return (
        select(func.count())
        .select_from(Pairing)
        .where(mine, Pairing.status != PairingStatus.ENDED)
        .correlate(Enrolment)
        .scalar_subquery()
    )


def _unsigned(cohort_id: UUID, today: date) -> Any:
    # It stands inside queries of the same table: without this, SQLAlchemy may take the outer row for its own.
    return signatures.unsigned_enrolments(cohort_id, today).correlate(None)


def _untrained(cohort_id: UUID, today: date) -> Any:
    return training.untrained_enrolments(cohort_id, today).correlate(None)


@cache  # asked on every run of the queue: building it costs more than asking
def _required() -> Any:
    """What must be known of whom, which is all that the light of the profile asks."""
    return (
        select(*(getattr(FormField, name) for name in ("key", "kind", "roles", "required", "labels")))
        .where(FormField.scheme_id == bindparam("scheme_id"), FormField.required, col(FormField.retired_at).is_(None))
        .order_by(col(FormField.step), col(FormField.position))
    )


@cache
def _with_facts() -> Any:
    """Of the enrolments `ids`, on the day `today`, which ends at `moment`. By cohort too, SQLite would read it all."""
    these: Any = bindparam("ids", expanding=True)
    unsigned = signatures.unsigned_by(None, bindparam("moment")).where(col(Enrolment.id).in_(these))
    untrained = training.untrained_enrolments(None, bindparam("today"), among=these)
    own = ("id", "person_id", "side", "status", "answers", "claims", "conflicts_declared_at", "submitted_at")
    wanted: list[Any] = [
        *(getattr(Enrolment, name) for name in (*own, *sorted(enrolment_form.OF_ENROLMENT))),
        *(getattr(Person, name) for name in sorted(enrolment_form.OF_PERSON)),
        col(Enrolment.id).in_(unsigned.correlate(None)).label("is_unsigned"),
        col(Enrolment.id).in_(untrained.correlate(None)).label("is_untrained"),
        consents.reachable().label("is_reachable"),
        places_taken().label("taken"),
        col(Pause.planned_return_on).label("back_on"),
        col(Pause.begun_by_id).label("paused_by"),
    ]
    resting = and_(col(Pause.enrolment_id) == Enrolment.id, col(Pause.ended_on).is_(None))
    statement: Any = select(*wanted)
    statement = statement.join(Person, col(Person.id) == Enrolment.person_id).outerjoin(Pause, resting)
    return statement.where(col(Enrolment.id).in_(these))


def _read(scheme: Any, fields: Sequence[Any], row: Any) -> Readiness:
    gates, side = gates_of(scheme, row.side), row.side
    blanks = enrolment_form.missing(fields, side, row, row)
    return Readiness(
        profile=Light(not blanks, f"missing: {', '.join(blanks)}" if blanks else "complete"),
        signature=_gate("signature" in gates, not row.is_unsigned, "signed", "not signed yet"),
        training=_gate("training" in gates, not row.is_untrained, "completed", "not completed yet"),
        conflicts=_gate("conflicts" in gates, row.conflicts_declared_at is not None, "answered", "not answered yet"),
        capacity=_capacity(row, row.taken),
        contactable=_gate(side is Side.MENTOR, row.is_reachable, "one way is open", "no way to be reached is open"),
    )


def _gate(asked: bool, holds: bool, yes: str, no: str) -> Light:
    if not asked:
        return Light(None, "not asked for")
    return Light(holds, yes if holds else no)


def _capacity(enrolment: Any, taken: int) -> Light:
    if enrolment.side is Side.MENTEE:
        return Light(not taken, "has a mentor" if taken else "looking for a mentor")
    free = max(0, enrolment.capacity - taken)
    return Light(free > 0, f"{free} of {enrolment.capacity} {'place' if enrolment.capacity == 1 else 'places'} free")
