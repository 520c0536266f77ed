"""The outbox: one event writes once, bodies keep a mark for the link, and coordinators see states, not texts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.messages import Message, MessageStatus
from models.people import LinkPurpose, Person
from models.schemes import Cohort
from services import messages, outbox
from services.access import Acting
from services.errors import Conflict, Invalid, NotAllowed
from services.messages import Preview
from services.outbox import Outbox, OutboxLine
from services.settings import settings
from tests.factories import make_actor, make_cohort, make_coordinator, make_manager, make_person, make_scheme
from tests.services.counting import queries_of


def queued(session: Session, cohort: Cohort, person: Person, event: str = "one", **facts: Any) -> Message:
    """A queued question about an enrolment, as its row."""
    messages.queue(
        session,
        person_id=person.id,
        template="enrolment_returned",
        scheme_id=cohort.scheme_id,
        event=event,
        note=facts.pop("note", "Which sector?"),
        **facts,
    )
    session.commit()
    return session.exec(select(Message).order_by(Message.created_at.desc())).first()  # type: ignore[attr-defined, return-value]


def test_one_event_writes_to_a_person_once(session: Session) -> None:
    cohort, ama, bo = make_cohort(session), make_person(session), make_person(session)
    facts = {"template": "enrolment_approved", "scheme_id": cohort.scheme_id}

    first = messages.queue(session, person_id=ama.id, event="approved-1", **facts)  # type: ignore[arg-type]
    again_unsaved = messages.queue(session, person_id=ama.id, event="approved-1", **facts)  # type: ignore[arg-type]
    session.commit()
    again = messages.queue(session, person_id=ama.id, event="approved-1", **facts)  # type: ignore[arg-type]
    other_event = messages.queue(session, person_id=ama.id, event="approved-2", **facts)  # type: ignore[arg-type]
    other_person = messages.queue(session, person_id=bo.id, event="approved-1", **facts)  # type: ignore[arg-type]
    session.commit()

    assert [first, again_unsaved, again, other_event, other_person] == [True, False, False, True, True]
    assert len(session.exec(select(Message)).all()) == 3


def test_an_email_can_be_queued_for_somebody_who_was_only_just_added(session: Session) -> None:
    scheme = make_scheme(session, name="AULP")
    newcomer = Person(full_name="Li Wei", called="Wei", email="wei@example.org", email_key="wei@example.org")
    session.add(newcomer)

    messages.queue(session, person_id=newcomer.id, template="enrolment_approved", scheme_id=scheme.id, event="x")
    session.commit()

    message = session.exec(select(Message)).one()
    assert (message.subject, (message.body_text or "").partition("\n")[0]) == ("Welcome to AULP", "Dear Wei,")


def test_a_personal_link_is_only_a_mark_until_it_is_sent(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)

    message = queued(session, cohort, person, link_purpose=LinkPurpose.INVITATION, link_hours=72)

    mark = f"[[link:{message.id.hex}]]"
    assert ((message.body_text or "").count(mark), (message.body_html or "").count(mark)) == (1, 1)


def test_without_a_personal_link_the_address_of_the_desk_stands_in(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = queued(session, make_cohort(session), make_person(session))

    assert (message.body_text or "").count("Open your enrolment:\nhttp://127.0.0.1:8501\n") == 1


def test_a_fact_that_would_break_the_subject_is_refused(session: Session) -> None:
    scheme, person = make_scheme(session, name="Hello\r\nBcc: victim@example.org"), make_person(session)

    with pytest.raises(Invalid):
        messages.queue(session, person_id=person.id, template="enrolment_approved", scheme_id=scheme.id, event="x")

    assert session.exec(select(Message)).all() == []


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(session: Session) -> None:
    scheme, person = make_scheme(session, name="AULP"), make_person(session)

    shown = messages.preview(
        session, person_id=person.id, template="proposal_accepted_mentee", scheme_id=scheme.id, mentor_name="Bo"
    )

    assert shown == Preview(
        "You have a mentor in AULP",
        "Dear Ama Boateng,\n\nYou and Bo are now working together.\n\nThe next step is yours: sign in to see how to"
        " reach Bo, write a few lines about yourself, and suggest a time to talk.\n\nSee your match:\n(a personal link,"
        " made when this is sent)\n\nIf anything is unclear, ask whoever runs AULP at your university.\n\nWith kind"
        " regards\nAULP\n\nYour rights and how to complain: http://127.0.0.1:8501/rights/aulp\n",
    )
    assert session.exec(select(Message)).all() == []


def test_a_coordinator_sees_states_and_never_what_a_message_says(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    message = queued(session, cohort, make_person(session, "Li Wei"), note="A private question")
    message.status, message.attempts, message.last_error = MessageStatus.FAILED, 1, "No such address (550)."
    session.commit()

    found = outbox.shown(session, actor)

    line = OutboxLine(
        id=message.id,
        recipient="Li Wei",
        title="Enrolment returned with a question",
        subject=message.subject,
        status=MessageStatus.FAILED,
        queued_at=message.created_at,
        at=message.due_at,
        attempts=1,
        problem="No such address (550).",
    )
    assert found == Outbox((line,), {MessageStatus.FAILED: 1}, 1, 1)
    assert "private" not in repr(found)


def test_the_outbox_shows_only_the_messages_of_the_scheme(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    actor = make_actor(make_coordinator(session, ours), ours)
    queued(session, theirs, make_person(session, "Someone Else"))
    person = make_person(session)
    messages.queue(
        session, person_id=person.id, template="password_reset", scheme_id=None, event="r", link_hours=0.5,
        link_purpose=LinkPurpose.PASSWORD_RESET,
    )  # fmt: skip
    session.commit()

    assert outbox.shown(session, actor) == Outbox((), {}, 0, 1)


@pytest.mark.parametrize("acting", [Acting.MANAGER, Acting.MENTOR, Acting.ADMINISTRATOR])
def test_the_outbox_is_refused_to_everybody_but_coordinators(session: Session, acting: Acting) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_manager(session, cohort), cohort, acting)

    with pytest.raises(NotAllowed):
        outbox.shown(session, actor)
    with pytest.raises(NotAllowed):
        messages.example(session, actor, "feedback_due")


def test_messages_are_found_by_recipient_subject_and_state(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    for name, status in (("Ama 100%", "sent"), ("Bo", "leased"), ("Li", "queued")):
        queued(session, cohort, make_person(session, name)).status = MessageStatus(status)
    session.commit()

    def names(**what: Any) -> set[str]:
        return {line.recipient for line in outbox.shown(session, actor, **what).lines}

    assert names(search="100%") == {"Ama 100%"}
    assert names(search="%%") == set()
    assert names(search="a question about") == {"Ama 100%", "Bo", "Li"}
    assert names(status=MessageStatus.QUEUED) == {"Bo", "Li"}
    assert outbox.shown(session, actor, search="  ").counts == {MessageStatus.SENT: 1, MessageStatus.QUEUED: 2}


def test_twenty_fit_on_a_page_and_the_newest_come_first(session: Session) -> None:
    cohort = make_cohort(session)
    actor, person = make_actor(make_coordinator(session, cohort), cohort), make_person(session)
    for number in range(21):
        messages.queue(
            session, person_id=person.id, template="enrolment_approved", scheme_id=cohort.scheme_id, event=f"{number}"
        )
    session.commit()
    oldest = session.exec(select(Message).order_by(Message.created_at)).first()  # type: ignore[arg-type]

    first, last, beyond = (outbox.shown(session, actor, page=page) for page in (1, 2, 9))

    assert (len(first.lines), first.pages, first.total) == (20, 2, 21)
    assert oldest is not None
    assert [line.id for line in last.lines] == [oldest.id]
    assert beyond == last


@pytest.mark.parametrize("rows", [1, 3])
def test_the_outbox_takes_as_many_queries_for_one_row_as_for_three(session: Session, engine: Engine, rows: int) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    for number in range(rows):
        queued(session, cohort, make_person(session, f"Person {number}"))

    with queries_of(session) as asked:
        outbox.shown(session, actor)

    assert len(asked) == 3


def test_a_failed_message_can_be_sent_again(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    message = queued(session, cohort, make_person(session))
    message.status, message.attempts, message.last_error = MessageStatus.FAILED, 9, "Too slow."
    message.due_at = utc_now() - timedelta(days=2)
    session.commit()

    line = messages.send_again(session, make_actor(coordinator, cohort), message.id)

    assert (line.status, line.attempts, line.problem) == (MessageStatus.QUEUED, 0, None)
    assert (message.status, message.due_at <= utc_now()) == (MessageStatus.QUEUED, True)
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.subject_id, entry.details) == (
        "message.requeued", coordinator.id, message.id, {"template": "enrolment_returned"},
    )  # fmt: skip


def test_sending_again_is_refused_to_the_coordinator_of_another_scheme(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    message = queued(session, theirs, make_person(session))
    message.status = MessageStatus.FAILED
    session.commit()

    with pytest.raises(NotAllowed):
        messages.send_again(session, make_actor(make_coordinator(session, ours), ours), message.id)

    assert message.status is MessageStatus.FAILED


@pytest.mark.parametrize("status", ["queued", "leased", "sent", "cancelled"])
def test_only_a_failed_message_is_sent_again(session: Session, status: str) -> None:
    cohort = make_cohort(session)
    message = queued(session, cohort, make_person(session))
    message.status = MessageStatus(status)
    session.commit()

    with pytest.raises(Conflict):
        messages.send_again(session, make_actor(make_coordinator(session, cohort), cohort), message.id)

    assert message.status is MessageStatus(status)


def test_a_message_whose_text_is_gone_is_not_sent_again(session: Session) -> None:
    cohort = make_cohort(session)
    message = queued(session, cohort, make_person(session))
    message.status, message.body_text = MessageStatus.FAILED, None
    session.commit()

    with pytest.raises(Conflict):
        messages.send_again(session, make_actor(make_coordinator(session, cohort), cohort), message.id)

    assert message.status is MessageStatus.FAILED


def test_cancelling_touches_only_what_waits_in_that_scheme(session: Session) -> None:
    ours, theirs, person = make_cohort(session), make_cohort(session), make_person(session)
    waiting, other = queued(session, ours, person, "a"), queued(session, theirs, person, "b")
    sent = queued(session, ours, person, "c")
    sent.status = MessageStatus.SENT

    number = messages.cancel_waiting(session, ours.scheme_id)

    assert number == 1
    assert [message.status.value for message in (waiting, other, sent)] == ["cancelled", "queued", "sent"]


def test_an_example_shows_a_templates_wording_with_invented_people(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, name="AULP"))
    queued(session, cohort, make_person(session, "Real Person"))

    shown = messages.example(session, make_actor(make_coordinator(session, cohort), cohort), "proposal_accepted_mentor")

    assert shown.subject == "You have a mentee in AULP"
    assert shown.text.startswith("Dear Ama,\n\nYou and Li Wei are now working together.")


def test_what_was_written_is_on_the_way_or_waits_for_a_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    without = [messages.on_the_way(number, "reminder") for number in (1, 1200)]
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    settings.cache_clear()

    assert [messages.on_the_way(number, "reminder") for number in (1, 1200)] == [
        "1 reminder is on the way.",
        "1,200 reminders are on the way.",
    ]
    assert without == [
        "1 reminder waits: this desk has no mail server yet.",
        "1,200 reminders wait: this desk has no mail server yet.",
    ]
