"""What a coordinator decides in the queue: approve, ask, decline, invite, undo."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import Account, Person
from services import enrolment_decisions, enrolments
from services.enrolments import Filter
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import (
    make_account,
    make_actor,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_person,
)
from tests.services.queue_parts import SUBMITTED, TODAY, a_cohort, a_submitted


def mails(session: Session) -> list[tuple[str, str]]:
    """(name, template) of everything in the outbox."""
    statement = select(Person.full_name, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


def test_approving_tells_the_person_and_invites_them_to_sign_in(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, Side.MENTOR, name="Bo")
    make_account(session, session.get_one(Person, bo.person_id))
    session.commit()

    number = enrolments.approve(session, actor, [ama.id, bo.id])

    assert number == 2
    assert [each.status for each in (ama, bo)] == [EnrolmentStatus.APPROVED] * 2
    assert None not in (ama.decided_at, ama.waiting_since)
    assert mails(session) == [("Ama", "invitation"), ("Bo", "enrolment_approved")]


def test_one_that_cannot_be_approved_leaves_all_as_they_were(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, draft = a_submitted(session, cohort), a_submitted(session, cohort, status=EnrolmentStatus.DRAFT)
    session.commit()

    with pytest.raises(Conflict):
        enrolments.approve(session, actor, [ama.id, draft.id])

    assert (ama.status, draft.status, mails(session)) == (SUBMITTED, EnrolmentStatus.DRAFT, [])


def test_everything_submitted_on_the_filter_is_approved_but_never_ones_own(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, chen = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, name="Chen")
    a_submitted(session, cohort, Side.MENTOR, name="Bo")
    mine = a_submitted(session, cohort, person=session.get_one(Person, actor.person_id))
    session.commit()

    waiting = enrolments.submitted_on(session, actor, cohort.id, Filter(side=Side.MENTEE), TODAY)
    shown = enrolments.queue(session, actor, cohort.id, side=Side.MENTEE, today=TODAY)
    enrolments.approve(session, actor, waiting)

    assert (set(waiting), shown.decidable, shown.total) == ({ama.id, chen.id}, 2, 3)
    assert mine.status is SUBMITTED


def test_everybody_on_the_way_is_whoever_may_still_have_something_to_do(session: Session) -> None:
    cohort, actor = a_cohort(session)
    for status in EnrolmentStatus:
        make_enrolment(session, cohort, name=status.value, status=status, sort_key=status.value)
    make_enrolment(session, cohort, person=session.get_one(Person, actor.person_id))
    session.commit()

    found = enrolments.on_the_way(session, actor, cohort.id, Filter(side=Side.MENTEE), TODAY)

    people = [session.get_one(Enrolment, each).status.value for each in found]
    assert people == ["approved", "draft", "returned", "submitted"]


def test_nobody_decides_about_their_own_enrolment(session: Session) -> None:
    cohort, actor = a_cohort(session)
    mine = a_submitted(session, cohort, person=session.get_one(Person, actor.person_id))
    session.commit()

    for decide in (enrolments.approve, enrolments.decline):
        with pytest.raises(NotAllowed):
            decide(session, actor, [mine.id])
    with pytest.raises(NotAllowed):
        enrolments.return_(session, actor, mine.id, "Why?")
    with pytest.raises(NotAllowed):
        enrolments.details(session, actor, mine.id)

    assert (mine.status, mails(session)) == (SUBMITTED, [])


def test_a_form_goes_back_with_a_question_as_often_as_needed(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    for question in ("Which year are you in?", "Which year will that be?"):
        enrolments.return_(session, actor, ama.id, question)
        session.get_one(Enrolment, ama.id).status = SUBMITTED
        session.commit()
    enrolments.approve(session, actor, [ama.id])

    assert ama.decision_note is None
    assert mails(session) == [
        ("Ama", "enrolment_returned"),
        ("Ama", "enrolment_returned"),
        ("Ama", "invitation"),
    ]


@pytest.mark.parametrize("question", ["", "  ", "x" * 2001])
def test_a_question_must_say_something(session: Session, question: str) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort)
    session.commit()

    with pytest.raises(Invalid):
        enrolments.return_(session, actor, ama.id, question)

    assert (ama.status, mails(session)) == (SUBMITTED, [])


def test_declining_tells_the_person_and_closes_the_form(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    enrolments.decline(session, actor, [ama.id])

    assert (ama.status, mails(session)) == (EnrolmentStatus.DECLINED, [("Ama", "enrolment_declined")])


def test_the_preview_is_what_the_decision_sends(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    preview = enrolments.preview(session, actor, ama.id, EnrolmentStatus.RETURNED, note="Which year are you in?")
    enrolments.return_(session, actor, ama.id, "Which year are you in?")

    sent = session.exec(select(Message)).one()
    assert (preview.subject, "Which year are you in?" in preview.text) == (sent.subject, True)


def test_an_invitation_makes_a_person_a_place_and_an_account(session: Session) -> None:
    cohort, actor = a_cohort(session)
    session.commit()

    invited = enrolments.invite(session, actor, cohort.id, side=Side.MENTOR, full_name="李", email="Li.Wei@Example.org")

    enrolment = session.get_one(Enrolment, invited.enrolment_id)
    person = session.get_one(Person, enrolment.person_id)
    assert (person.full_name, person.email, person.email_key) == ("李", "Li.Wei@Example.org", "li.wei@example.org")
    assert (enrolment.side, enrolment.status, invited.mail_queued) == (Side.MENTOR, EnrolmentStatus.DRAFT, True)
    assert session.exec(select(Account.person_id)).all() == [person.id]
    assert mails(session) == [("李", "invitation")]


def test_somebody_whom_the_desk_knows_gets_a_place_and_no_second_account(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = make_person(session, "Ama Boateng", email="ama@example.org")
    make_account(session, ama)
    session.commit()

    invited = enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="A. B.", email="AMA@example.org")

    assert (invited.mail_queued, mails(session)) == (True, [("Ama Boateng", "place_offered")])
    assert session.get_one(Person, ama.id).full_name == "Ama Boateng"


def test_a_second_place_on_the_same_side_is_refused(session: Session) -> None:
    cohort, actor = a_cohort(session)
    session.commit()
    person = {"full_name": "Ama", "email": "ama@example.org"}
    enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, **person)

    with pytest.raises(Conflict):
        enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, **person)

    assert len(session.exec(select(Enrolment)).all()) == 1


@pytest.mark.parametrize(("full_name", "email"), [("", "ama@example.org"), ("Ama", "ama"), ("Ama", "a@b.org, c@d.org")])
def test_an_invitation_needs_a_name_and_one_address(session: Session, full_name: str, email: str) -> None:
    cohort, actor = a_cohort(session)
    session.commit()

    with pytest.raises(Invalid):
        enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name=full_name, email=email)

    assert session.exec(select(Enrolment)).all() == []


def test_nobody_but_the_schemes_coordinator_sees_or_decides(session: Session) -> None:
    cohort, _ = a_cohort(session)
    ama, mentor = a_submitted(session, cohort), make_enrolment(session, cohort, Side.MENTOR)
    _, other_coordinator = a_cohort(session)
    session.commit()

    for actor in (other_coordinator, make_participant(session, mentor)):
        for look in (enrolments.queue, enrolments.details):
            with pytest.raises(NotAllowed):
                look(session, actor, cohort.id if look is enrolments.queue else ama.id)
        with pytest.raises(NotAllowed):
            enrolments.submitted_on(session, actor, cohort.id, Filter(), TODAY)
        with pytest.raises(NotAllowed):
            enrolments.on_the_way(session, actor, cohort.id, Filter(), TODAY)
        with pytest.raises(NotAllowed):
            enrolment_decisions.undoable(session, actor, cohort.id)
        with pytest.raises(NotAllowed):
            enrolments.preview(session, actor, ama.id, EnrolmentStatus.APPROVED)
        with pytest.raises(NotAllowed):
            enrolments.approve(session, actor, [ama.id])
        with pytest.raises(NotAllowed):
            enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="X", email="x@example.org")

    assert (ama.status, mails(session)) == (SUBMITTED, [])


@pytest.mark.parametrize("decision", ["declined", "returned"])
def test_a_decision_can_be_undone_until_its_email_leaves(session: Session, decision: str) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    for _ in range(2):
        if decision == "declined":
            enrolments.decline(session, actor, [ama.id])
        else:
            enrolments.return_(session, actor, [ama.id], "Which year?")
        waiting = session.exec(select(Message).where(Message.status == MessageStatus.QUEUED)).one()
        assert waiting.due_at > utc_now() + timedelta(minutes=5)
        assert enrolments.undo(session, actor, [ama.id]) == 1

    kept = session.exec(select(Message.status)).all()
    assert (ama.status, ama.decided_at, ama.decision_note) == (SUBMITTED, None, None)
    assert kept == [MessageStatus.CANCELLED] * 2


def test_a_correction_meanwhile_does_not_let_the_email_about_an_undone_question_leave(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()
    enrolments.return_(session, actor, [ama.id], "Which year?")
    ama.goals = "Second year, energy law."
    session.commit()

    enrolments.undo(session, actor, [ama.id])

    assert session.exec(select(Message.status)).all() == [MessageStatus.CANCELLED]


def test_what_can_be_undone_is_known_without_remembering_it(session: Session) -> None:
    cohort, actor = a_cohort(session)
    colleague = make_actor(make_coordinator(session, cohort, "Colleague"), cohort)
    ama, bo, chen, dee, eve = (
        a_submitted(session, cohort, name=name, sort_key=name.casefold())
        for name in ("Ama", "Bo", "Chen", "Dee", "Eve")
    )
    session.commit()
    now = utc_now()
    with time_machine.travel(now - timedelta(minutes=11), tick=False):
        enrolments.decline(session, actor, [dee.id])
    with time_machine.travel(now - timedelta(minutes=9), tick=False):
        enrolments.return_(session, actor, [ama.id, bo.id], "Which year?")
        enrolments.decline(session, colleague, [eve.id])
    with time_machine.travel(now, tick=False):
        enrolments.decline(session, actor, [chen.id])
        found = enrolment_decisions.undoable(session, actor, cohort.id)
        queued = enrolments.queue(session, actor, cohort.id, today=TODAY)
        enrolments.undo(session, actor, found[0].ids)
        rest = enrolment_decisions.undoable(session, actor, cohort.id)
    with time_machine.travel(now + timedelta(minutes=2), tick=False):
        later = enrolments.queue(session, actor, cohort.id, today=TODAY)

    assert [(each.status, each.ids, each.name) for each in found] == [
        (EnrolmentStatus.DECLINED, (chen.id,), "Chen"),
        (EnrolmentStatus.RETURNED, (ama.id, bo.id), ""),
    ]
    assert rest == found[1:]
    assert (queued.has_held, later.has_held) == (True, False)


def test_nothing_is_undone_once_one_of_the_emails_has_left(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, name="Bo")
    approved = make_enrolment(session, cohort, name="Chen")
    session.commit()
    enrolments.decline(session, actor, [ama.id, bo.id])
    left = session.exec(select(Message).where(Message.person_id == ama.person_id)).one()
    left.status = MessageStatus.SENT
    session.commit()

    for ids in ([ama.id, bo.id], [approved.id]):
        with pytest.raises(Conflict, match="too late"):
            enrolments.undo(session, actor, ids)
        session.rollback()  # the open unit of work is this test's own

    assert {ama.status, bo.status} == {EnrolmentStatus.DECLINED}


def test_everybody_who_would_be_written_to_is_named_with_their_email(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Bo"), a_submitted(session, cohort, name="Ama")
    make_account(session, session.get_one(Person, ama.person_id))
    session.commit()

    told = enrolments.recipients(session, actor, [ama.id, bo.id], EnrolmentStatus.APPROVED)

    assert [(each.name, each.template) for each in told] == [("Ama", "invitation"), ("Bo", "enrolment_approved")]
    assert mails(session) == []
