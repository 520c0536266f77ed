"""What a template asks by now and a scheme's form does not: schemes that began earlier can take it over.

After a scheme has started its own rows are the truth, so nothing comes by itself. A question that was retired is known
to the form and is not offered again. No answer is touched.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Side
from models.schemes import FormField, Scheme
from services import access, audit, enrolment_form
from services.access import Actor
from services.enrolment_form import Question
from services.errors import Conflict, Invalid
from services.form_editing import MOST_FIELDS
from services.form_kinds import LISTS
from services.schemes import rows, templates
from services.schemes.shapes import TemplateField
from services.units import writes

# The criterion of matching that only this question's answers feed.
WEIGHED_BY = {"situation": "mentor_wish"}
# Answers that can be there before this form asks: from another scheme, or from a coordinator's file.
KNOWN_BEFORE = enrolment_form.OF_PERSON | enrolment_form.OF_ENROLMENT


@dataclass(frozen=True)
class Offered:
    """A question of the template that the form does not have. `questions` say how each side would be asked it."""

    key: str
    step: int
    questions: tuple[tuple[Side, Question], ...]


def offered(session: Session, actor: Actor, scheme_id: UUID) -> tuple[Offered, ...]:
    """The template's questions that the form never had, in the template's order. Raises NotAllowed."""
    access.refuse_unless_run(actor, scheme_id)
    return tuple(_offer(scheme_id, field) for field in _unknown(session, scheme_id))


@writes
def take_over(session: Session, actor: Actor, scheme_id: UUID, keys: Sequence[str]) -> int:
    """Ask these questions of the template too, each at the end of its step; how many were added.

    None becomes required: whoever is enrolled already would be incomplete from one moment to the next. Raises
    NotAllowed, Invalid, and Conflict when one of them is asked by now.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    new = {field.key: field for field in _unknown(session, scheme_id)}
    if not keys or not set(keys) <= new.keys():
        raise Conflict("The form has changed since you looked.", remedy="Reload the page to see what is new now.")
    positions = session.exec(_keys_and_positions(), params={"scheme_id": scheme_id}).all()
    if len(positions) + len(set(keys)) > MOST_FIELDS:
        raise Invalid(f"A form has at most {MOST_FIELDS} questions.", remedy="Leave some of the new ones out.")
    last = max((position for _, position in positions), default=0)
    for at, key in enumerate((key for key in new if key in keys), start=last + 1):
        field = _row(scheme_id, at, new[key])
        session.add(field)
        what = "form.question_added"
        audit.record(session, actor, what, field.id, scheme_id=scheme_id, key=key, kind=field.kind, by="template")
    _weigh(scheme, keys)
    session.commit()
    return len(set(keys))


def _unknown(session: Session, scheme_id: UUID) -> tuple[TemplateField, ...]:
    template = session.exec(_template_of(), params={"scheme_id": scheme_id}).one_or_none()
    if template not in templates.keys():  # noqa: SIM118 - a function, not a dict
        return ()
    known = {key for key, _ in session.exec(_keys_and_positions(), params={"scheme_id": scheme_id})}
    return tuple(field for field in templates.load(template).fields if field.key not in known)


def _row(scheme_id: UUID, position: int, field: TemplateField) -> FormField:
    """The question as it is added: nobody must answer it, and an answer from elsewhere is shown only by choice."""
    row = rows.form_field(scheme_id, position, field)
    row.required = False
    if row.for_match and row.key in KNOWN_BEFORE:
        # Whoever answered it elsewhere has not read here that a match would see it.
        row.for_match = dict.fromkeys(row.for_match, enrolment_form.CHOICE)
    return row


def _weigh(scheme: Scheme, keys: Collection[str]) -> None:
    """What came to the template together with a question counts here as there; a weight that the scheme has stays."""
    shipped = templates.load(scheme.key).criteria
    missing = {criterion for key, criterion in WEIGHED_BY.items() if key in keys} - scheme.criterion_weights.keys()
    if missing:
        new = {criterion: int(getattr(shipped, criterion)) for criterion in missing}
        scheme.criterion_weights = scheme.criterion_weights | new


def _offer(scheme_id: UUID, field: TemplateField) -> Offered:
    row = _row(scheme_id, 0, field)
    blank: Any = [] if row.kind in LISTS else None
    asked = tuple((side, enrolment_form.question(row, side, blank)) for side in map(Side, row.roles))
    return Offered(field.key, field.step, asked)


@cache
def _template_of() -> Any:
    return select(Scheme.key).where(col(Scheme.id) == bindparam("scheme_id"))


@cache
def _keys_and_positions() -> Any:
    return select(FormField.key, FormField.position).where(col(FormField.scheme_id) == bindparam("scheme_id"))
