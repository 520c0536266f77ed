"""Mail that asks for what its reader has done in the minutes before it leaves is dropped; what still waits goes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.feedback import RoundPoint
from models.messages import Message, MessageStatus
from models.pairings import WaysOfWorking
from models.pauses import Pause
from models.people import Account, Person
from models.schemes import Cohort, Scheme
from services import (
    agreements_asking,
    enrolment_decisions,
    feedback,
    mail,
    nudges,
    outdated_mail,
    pauses,
    training_asking,
    training_reminders,
    ways_mail,
)
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_pairing,
    make_participant,
    make_scheme,
    make_signature,
)
from tests.mail_server import MailServer
from tests.services.mail_steps import later
from tests.services.training_parts import make_completion, make_module

SENT = (MessageStatus.SENT, None)
DONE = (MessageStatus.CANCELLED, outdated_mail.DONE)
Outcomes = dict[tuple[str, str], tuple[MessageStatus, str | None]]
Deliver = Callable[[], Outcomes]


@pytest.fixture
def deliver(session: Session, engine: Engine, server: MailServer) -> Deliver:
    """The worker's round; what became of each message, by its reader's name and its template."""

    def outcomes() -> Outcomes:
        session.commit()
        mail.deliver_due(engine, later(minutes=11))
        session.expire_all()
        named = select(Message, Person.full_name).join(Person, col(Person.id) == col(Message.person_id))
        return {(name, each.template): (each.status, each.last_error) for each, name in session.exec(named)}

    return outcomes


def mentors(session: Session, cohort: Cohort) -> tuple[Enrolment, Enrolment]:
    """One who will do what is asked, and one who will not."""
    quick, slow = (member(session, cohort, name, Side.MENTOR) for name in ("Quick", "Slow"))
    return quick, slow


def member(session: Session, cohort: Cohort, name: str, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    """Somebody approved who can sign in."""
    enrolment = make_enrolment(session, cohort, side, name=name, **facts)
    make_account(session, session.get_one(Person, enrolment.person_id))
    return enrolment


def sign(session: Session, enrolment: Enrolment, document: SchemeDocument) -> None:
    account = session.exec(select(Account).where(Account.person_id == enrolment.person_id)).one()
    make_signature(session, enrolment, document, account)


def test_whoever_signed_meanwhile_is_not_asked_to(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    quick, slow = mentors(session, cohort)
    first = make_document(session, scheme.id)
    code = make_document(session, scheme.id, edition=2)
    # Another text that both have still to sign says nothing about this one.
    make_document(session, scheme.id, kind=DocumentKind.PRIVACY, title="Privacy")
    for each in (quick, slow):
        sign(session, each, first)
    agreements_asking.ask_for(session, scheme, code)

    sign(session, quick, code)

    assert deliver() == {("Quick", "sign_again"): DONE, ("Slow", "sign_again"): SENT}


def test_of_several_texts_one_that_is_missing_is_enough_to_remind(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    quick, slow = mentors(session, cohort)
    texts = [make_document(session, cohort.scheme_id, kind=kind) for kind in (DocumentKind.CODE, DocumentKind.PRIVACY)]
    actor = make_actor(make_coordinator(session, cohort), cohort)
    agreements_asking.remind(session, actor, cohort.id, today=utc_now().date())

    for who, signed in ((quick, texts), (slow, texts[:1])):
        for text in signed:
            sign(session, who, text)

    assert deliver() == {("Quick", "sign_documents"): DONE, ("Slow", "sign_documents"): SENT}


def test_whoever_did_the_training_meanwhile_is_not_asked_to(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    scheme, today = session.get_one(Scheme, cohort.scheme_id), utc_now().date()
    quick, _ = mentors(session, cohort)
    module = make_module(session, cohort, due_on=today + timedelta(days=5))
    late = make_module(session, cohort, key="late", title="Late", due_on=today - timedelta(days=5))
    training_asking.ask_for(session, scheme, module, today=today)
    training_reminders.remind(session, make_actor(make_coordinator(session, cohort), cohort), cohort.id, today=today)

    for each in (module, late):
        make_completion(session, quick, each, today + timedelta(days=365))

    assert deliver() == {
        ("Quick", "training_asked"): DONE,
        ("Quick", "training_due"): DONE,
        ("Slow", "training_asked"): SENT,
        ("Slow", "training_due"): SENT,
    }


def test_whoever_answered_meanwhile_is_not_asked_for_feedback(session: Session, deliver: Deliver) -> None:
    forms = {side.value: [{"key": "well", "text": "Well?", "kind": "scale_1_5", "required": True}] for side in Side}
    cohort = make_cohort(session, make_scheme(session, other_settings={"feedback": forms}))
    quick, slow = mentors(session, cohort)
    for each in (quick, slow):
        make_pairing(session, cohort, mentor=each)
    today = utc_now().date()
    opened = feedback.open_round(
        session,
        make_actor(make_coordinator(session, cohort), cohort),
        cohort.id,
        point=RoundPoint.MIDDLE,
        opens_on=today,
        due_on=today + timedelta(days=7),
        today=today,
    )

    feedback.submit(session, make_participant(session, quick), opened.id, {"well": 4})

    found = deliver()
    assert (found["Quick", "feedback_due"], found["Slow", "feedback_due"]) == (DONE, SENT)


def test_whoever_agreed_meanwhile_is_not_asked_to_read_what_was_suggested(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    editions = []
    for each in mentors(session, cohort):
        pairing = make_pairing(session, cohort, mentor=each)
        edition = WaysOfWorking(
            pairing_id=pairing.id, edition=1, proposed_by=Side.MENTEE, interval_days=14, minutes=60, months=6
        )
        edition.mentee_confirmed_at = utc_now()
        session.add(edition)
        editions.append(edition)
        ways_mail.tell_other_side(session, pairing, scheme, edition, is_change=False)

    editions[0].mentor_confirmed_at, editions[0].in_force_from = utc_now(), utc_now().date()

    assert deliver() == {("Quick", "ways_proposed"): DONE, ("Slow", "ways_proposed"): SENT}


def test_whoever_sent_the_form_again_is_not_asked_the_question(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    both = mentors(session, cohort)
    for each in both:
        each.status = EnrolmentStatus.SUBMITTED
    actor = make_actor(make_coordinator(session, cohort), cohort)
    enrolment_decisions.return_(session, actor, [each.id for each in both], "Which sector?")

    both[0].status = EnrolmentStatus.SUBMITTED

    assert deliver() == {("Quick", "enrolment_returned"): DONE, ("Slow", "enrolment_returned"): SENT}


def test_whoever_has_done_all_of_it_is_not_reminded_and_whoever_rests_is_not_either(
    session: Session, deliver: Deliver
) -> None:
    cohort = make_cohort(session, make_scheme(session, mentee_gates=["conflicts"]))
    quick, _, resting = (member(session, cohort, name) for name in ("Quick", "Slow", "Resting"))
    everybody = [*session.exec(select(Enrolment)), make_enrolment(session, cohort, name="Without a password")]
    for each in everybody:
        each.conflicts_declared_at = None
    actor = make_actor(make_coordinator(session, cohort), cohort)
    nudges.send(session, actor, [each.id for each in everybody])

    quick.conflicts_declared_at, resting.status = utc_now(), EnrolmentStatus.PAUSED

    assert deliver() == {
        ("Quick", "nudge"): DONE,
        ("Slow", "nudge"): SENT,
        ("Resting", "nudge"): DONE,
        ("Without a password", "nudge"): SENT,
    }


def test_whoever_said_a_later_day_is_not_asked_whether_they_are_back(session: Session, deliver: Deliver) -> None:
    cohort = make_cohort(session)
    today = utc_now().date()
    breaks = []
    for each in mentors(session, cohort):
        each.status = EnrolmentStatus.PAUSED
        rest = Pause(enrolment_id=each.id, begun_by_id=each.person_id, started_on=today - timedelta(days=30))
        rest.planned_return_on = today - timedelta(days=2)
        session.add(rest)
        breaks.append(rest)
    pauses.ask_due(session, utc_now())

    breaks[0].planned_return_on = today + timedelta(days=30)

    assert deliver() == {("Quick", "pause_return_asked"): DONE, ("Slow", "pause_return_asked"): SENT}
