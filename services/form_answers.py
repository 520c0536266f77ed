"""How the people of a scheme answered one question of its form, for whoever edits the form."""

from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Cohort, FormField
from services import access, enrolment_form, form_editing, form_kinds
from services.access import Actor
from services.answer_history import NOT_FOR_COORDINATORS
from services.enrolment_form import OF_ENROLMENT, OF_PERSON

MOST_LISTED = 50


def answered(session: Session, actor: Actor, field_id: UUID) -> int:
    """How many enrolments of the scheme have an answer to it, in every cohort. Raises NotAllowed."""
    field = form_editing.field_to_edit(session, actor, field_id, None)
    return int(session.exec(_count(field, _is_answered(field))).one())


def kept_answers(
    session: Session, actor: Actor, field_id: UUID, cohort_id: UUID
) -> tuple[tuple[tuple[str, str], ...], int]:
    """(name, answer) of the first 50 people of a cohort who answered, by name, and how many there are.

    Never the actor's own, nor what only its owner may read. Raises NotAllowed.
    """
    field = form_editing.field_to_edit(session, actor, field_id, None)
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    if field.key in NOT_FOR_COORDINATORS or field.kind == "consent":
        return (), 0
    conditions = (_is_answered(field), Enrolment.cohort_id == cohort.id, Enrolment.person_id != actor.person_id)
    people = select(Enrolment, Person).join(Person, col(Person.id) == Enrolment.person_id).where(*conditions)
    total = session.exec(select(func.count()).select_from(people.subquery())).one()
    rows = session.exec(people.order_by(col(Enrolment.sort_key), col(Enrolment.id)).limit(MOST_LISTED))
    said = (
        (person.full_name, form_kinds.in_words(field, enrolment_form.value_of(field, person, enrolment)))
        for enrolment, person in rows
    )
    return tuple((name, answer) for name, answer in said if answer), total


def chosen(session: Session, actor: Actor, field_id: UUID) -> dict[str, int]:
    """How many enrolments have chosen each option, by code, also of options no longer offered. Raises NotAllowed."""
    field = form_editing.field_to_edit(session, actor, field_id, None)
    if not form_kinds.has_own_options(field):
        return {}
    answer = cast(col(Enrolment.answers)[field.key], String)
    # A code is plain letters and digits in quotation marks, in a list or alone.
    counted = [
        func.count().filter(answer.contains(f'"{code}"', autoescape=True)) for code in form_kinds.codes_ever(field)
    ]
    if not counted:
        return {}
    statement = _from_scheme(select(*counted), field)
    return {
        code: number
        for code, number in zip(form_kinds.codes_ever(field), session.exec(statement).one(), strict=True)
        if number
    }


def _from_scheme(statement: Any, field: FormField) -> Any:
    return (
        statement.select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(col(Cohort.scheme_id) == field.scheme_id)
    )


def _count(field: FormField, condition: Any) -> Any:
    return _from_scheme(select(func.count()), field).where(condition)


def _is_answered(field: FormField) -> Any:
    if field.key in OF_ENROLMENT:
        stored: Any = cast(getattr(Enrolment, field.key), String)
    elif field.key in OF_PERSON:
        return col(Enrolment.id).is_not(None)
    else:
        stored = cast(col(Enrolment.answers)[field.key], String)
    return func.coalesce(stored, "null").not_in(["null", "[]", '""', ""])
