"""Whose approved answers an import would correct: they are told by email which, so that they can look."""

from uuid import UUID

from sqlmodel import Session

from models.enrolments import EnrolmentStatus
from services import messages
from services.imports.asked import Form
from services.imports.comparing import Line, Plan

TEMPLATE = "enrolment_corrected"
# Before that, the coordinator reads the answers anyway, and the person waits for word.
APPROVED = frozenset({EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED})


def of(plan: Plan) -> tuple[Line, ...]:
    """The rows that correct an answer of somebody approved. What a spreadsheet claims is no answer of theirs."""
    return tuple(
        line for line in plan.lines if line.place is not None and line.place.status in APPROVED and _corrected(line)
    )


def letter(session: Session, form: Form, scheme_id: UUID, plan: Plan) -> messages.Preview | None:
    """The email to the first of them, as it would be sent; None when nobody is told."""
    told = of(plan)
    if not told or told[0].person is None:
        return None
    questions = questions_of(form, told[0])
    return messages.preview(
        session, person_id=told[0].person.id, template=TEMPLATE, scheme_id=scheme_id, questions=questions
    )


def tell(session: Session, form: Form, scheme_id: UUID, plan: Plan, *, event: str) -> None:
    """Adds an email for each of them; never commits. `event` names the file."""
    for line in of(plan):
        if line.person is not None and line.place is not None:
            messages.queue(
                session,
                person_id=line.person.id,
                template=TEMPLATE,
                scheme_id=scheme_id,
                event=f"{line.place.id}:{line.place.version}:{event}",
                questions=questions_of(form, line),
            )


def questions_of(form: Form, line: Line) -> list[str]:
    """The questions, in the words of their form. What was answered stays out of emails."""
    return [form.label(each.key, line.side) for each in line.differences if each.where != "claims"]


def _corrected(line: Line) -> bool:
    return any(each.where != "claims" for each in line.differences)
