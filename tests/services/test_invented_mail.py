"""What belongs to a demonstration is never sent; everybody else's mail leaves as before."""

from sqlmodel import Session, select

from models.messages import Message, MessageStatus
from models.people import Person, Role, RoleGrant
from services import invented_mail, messages
from services.invented_mail import never_leaves
from tests.factories import make_cohort, make_coordinator, make_enrolment, make_person


def test_a_message_of_a_demonstration_is_cancelled_from_the_start_and_says_why(session: Session) -> None:
    cohort = make_cohort(session, is_demonstration=True)
    person = make_person(session)

    queued = messages.queue(
        session, person_id=person.id, template="enrolment_approved", scheme_id=cohort.scheme_id, event="once"
    )

    session.flush()
    message = session.exec(select(Message)).one()
    assert queued
    assert (message.status, message.last_error) == (MessageStatus.CANCELLED, invented_mail.WHY)


def test_a_message_of_a_real_scheme_waits_to_be_sent(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_person(session)

    messages.queue(
        session, person_id=person.id, template="enrolment_approved", scheme_id=cohort.scheme_id, event="once"
    )

    session.flush()
    message = session.exec(select(Message)).one()
    assert (message.status, message.last_error) == (MessageStatus.QUEUED, None)


def test_without_a_scheme_it_depends_on_where_the_reader_takes_part(session: Session) -> None:
    shown, real = make_cohort(session, is_demonstration=True), make_cohort(session)
    invented, both = make_person(session, "Invented"), make_person(session, "Both")
    make_enrolment(session, shown, person=invented)
    for cohort in (shown, real):
        make_enrolment(session, cohort, person=both)
    nowhere = make_person(session, "Nowhere")
    staff = make_coordinator(session, shown)

    leaves = {person.full_name: not never_leaves(session, person.id, None) for person in (invented, both, nowhere)}

    assert leaves == {"Invented": False, "Both": True, "Nowhere": True}
    assert never_leaves(session, staff.id, None)


def test_an_administrator_gets_mail_whatever_else_they_do(session: Session) -> None:
    staff: Person = make_coordinator(session, make_cohort(session, is_demonstration=True))
    session.add(RoleGrant(person_id=staff.id, role=Role.ADMINISTRATOR))
    session.flush()

    assert not never_leaves(session, staff.id, None)
