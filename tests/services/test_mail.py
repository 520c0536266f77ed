"""Mail leaves through a real SMTP server: once, whole, to one recipient, and whatever the server says is dealt with."""

import re
import socket
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.columns import utc_now
from models.messages import MessageStatus
from models.people import LinkPurpose, LinkToken
from services import links, mail, messages, post_office
from services.mail import Delivered
from services.settings import settings
from tests.factories import make_scheme
from tests.mail_server import MailServer
from tests.services.mail_steps import SetUp, entries, kept, later, queued, state


def test_a_message_leaves_once_with_both_parts_and_is_marked_sent(
    session: Session, engine: Engine, server: MailServer
) -> None:
    scheme = make_scheme(session, name="AULP mentoring", reply_address="mentoring@example.org")
    message_id = queued(session, scheme=scheme)
    now = later()

    first = mail.deliver_due(engine, now)
    second = mail.deliver_due(engine, now + timedelta(days=2))

    assert (first, second) == (Delivered(sent=1), Delivered())
    received = server.received[0]
    assert len(server.received) == 1
    assert received.recipients == ["ama@example.org"]
    headers = {name: str(received.message[name]) for name in ("From", "To", "Reply-To", "Subject", "Message-ID")}
    assert headers == {
        "From": "AULP mentoring <desk@example.org>",
        "To": "ama@example.org",
        "Reply-To": "mentoring@example.org",
        "Subject": "A question about your enrolment in AULP mentoring",
        "Message-ID": f"<{message_id}@example.org>",
    }
    message = kept(message_id)
    assert received.part("plain") == message.body_text
    assert received.part("html") == message.body_html
    assert (message.status, message.attempts, message.sent_at) == (MessageStatus.SENT, 1, now)


@pytest.mark.clause("A-ME1")
def test_the_personal_link_is_made_at_delivery_and_opens(session: Session, engine: Engine, server: MailServer) -> None:
    message_id = queued(session, link_purpose=LinkPurpose.ANSWER_PROPOSAL, link_subject_id=UUID(int=7), link_hours=336)
    before = session.exec(select(LinkToken)).all()
    session.commit()

    mail.deliver_due(engine, later())

    received, message = server.received[0], kept(message_id)
    found = re.search(r"^http://127\.0\.0\.1:8501/answer/([\w-]+)$", received.part("plain"), re.MULTILINE)
    assert before == []
    assert found is not None
    assert received.part("html").count(f'href="{found.group(0)}"') == 1
    link = links.find(session, found.group(1), LinkPurpose.ANSWER_PROPOSAL)
    assert (link.person_id, link.subject_id) == (message.person_id, UUID(int=7))
    assert found.group(1) not in (message.body_text or "") + (message.body_html or "")


@pytest.mark.parametrize(
    ("purpose", "path"),
    [("answer_proposal", "/answer/t"), ("invitation", "/welcome/t"), ("password_reset", "/welcome/t")],
)
def test_a_link_leads_where_its_purpose_is_served(purpose: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_URL", "https://desk.example.org/")
    settings.cache_clear()

    address = messages.address_of(LinkPurpose(purpose), "t")

    assert address == f"https://desk.example.org{path}"


def test_without_a_mail_server_nothing_is_touched(session: Session, engine: Engine) -> None:
    message_id = queued(session)

    done = mail.deliver_due(engine, later(days=9))

    assert done == Delivered()
    assert state(message_id) == (MessageStatus.QUEUED, 0, None)


def test_a_greylisted_message_goes_at_the_next_try(session: Session, engine: Engine, server: MailServer) -> None:
    message_id, now = queued(session), later()
    server.to_recipient = lambda _address: "451 4.7.1 Greylisted ama@example.org, come back"

    first = mail.deliver_due(engine, now)
    after_first = state(message_id)
    server.to_recipient = lambda _address: "250 OK"
    too_early = mail.deliver_due(engine, now + timedelta(seconds=59))
    in_time = mail.deliver_due(engine, now + timedelta(seconds=60))

    assert (first, too_early, in_time) == (Delivered(postponed=1), Delivered(), Delivered(sent=1))
    reason = "The mail server does not take mail for this address (451)."
    assert after_first == (MessageStatus.QUEUED, 1, reason)
    assert state(message_id) == (MessageStatus.SENT, 2, None)
    assert [received.id for received in server.received] == [f"<{message_id}@example.org>"]


def test_one_address_that_is_refused_does_not_hold_up_the_others(
    session: Session, engine: Engine, server: MailServer
) -> None:
    bad, good = queued(session, "gone@example.org"), queued(session, "ama@example.org")
    server.to_recipient = lambda address: "550 5.1.1 <gone@example.org> unknown" if "gone" in address else "250 OK"

    done = mail.deliver_due(engine, later())

    assert done == Delivered(sent=1, failed=1)
    reason = "The mail server does not take mail for this address (550)."
    assert state(bad) == (MessageStatus.FAILED, 1, reason)
    assert state(good) == (MessageStatus.SENT, 1, None)
    assert entries() == {("message.failed", bad), ("message.sent", good)}


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("554 5.6.0 No", MessageStatus.FAILED, "The mail server did not take this message (554)."),
        ("452 4.3.1 Full", MessageStatus.QUEUED, "The mail server did not take this message (452)."),
    ],
)
def test_a_message_that_is_refused_as_a_whole_says_so(
    session: Session, engine: Engine, server: MailServer, answer: str, status: MessageStatus, reason: str
) -> None:
    message_id = queued(session)
    server.to_data = lambda _address: answer

    mail.deliver_due(engine, later())

    assert state(message_id) == (status, 1, reason)


def test_a_server_that_is_down_keeps_every_message_waiting(
    session: Session, engine: Engine, set_up_mail: SetUp
) -> None:
    first, second = queued(session, "a@example.org"), queued(session, "b@example.org")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        set_up_mail(closed.getsockname()[1])

    done = mail.deliver_due(engine, later())

    reason = "The mail server could not be reached."
    assert done == Delivered(postponed=2)
    assert {state(message_id) for message_id in (first, second)} == {(MessageStatus.QUEUED, 1, reason)}


def test_a_server_that_drops_the_line_gets_the_message_again(
    session: Session, engine: Engine, server: MailServer
) -> None:
    message_id = queued(session)
    server.to_data = lambda _address: "421 4.3.2 Shutting down"

    mail.deliver_due(engine, later())
    server.to_data = lambda _address: "250 OK"
    done = mail.deliver_due(engine, later(minutes=2))

    assert done == Delivered(sent=1)
    assert state(message_id) == (MessageStatus.SENT, 2, None)


def test_a_server_that_is_too_slow_is_left_for_later(
    session: Session, engine: Engine, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_office, "PATIENCE", 0.2)
    first, second = queued(session, "a@example.org"), queued(session, "b@example.org")
    server.seconds = 0.6

    done = mail.deliver_due(engine, later())

    assert done == Delivered(postponed=2)
    reason = "The mail server was too slow to answer."
    assert {state(message_id) for message_id in (first, second)} == {(MessageStatus.QUEUED, 1, reason)}


def test_what_was_written_before_the_clock_was_set_back_leaves_and_what_was_to_wait_waits(
    session: Session, engine: Engine, server: MailServer
) -> None:
    queued(session)
    queued(session, "bo@example.org", after_minutes=10)

    delivered = mail.deliver_due(engine, utc_now() - timedelta(hours=1))

    assert delivered == Delivered(sent=1)


def test_waits_grow_and_end_after_a_day() -> None:
    waits = [mail.wait_after(attempts) for attempts in range(1, 12)]

    minutes = [wait and wait.total_seconds() / 60 for wait in waits]
    assert minutes == [1, 5, 15, 60, 240, 240, 240, 240, 240, None, None]


def test_after_a_day_of_trying_a_message_fails_and_says_why(
    session: Session, engine: Engine, server: MailServer
) -> None:
    message_id, now = queued(session), later()
    server.to_recipient = lambda _address: "451 4.7.1 Come back"

    done = Delivered(postponed=1)
    while done.postponed:
        done = mail.deliver_due(engine, now)
        now = kept(message_id).due_at

    reason = "The mail server does not take mail for this address (451)."
    assert done == Delivered(failed=1)
    assert state(message_id) == (MessageStatus.FAILED, 10, reason)


@pytest.mark.parametrize(
    "email",
    [
        "a@example.org, victim@example.org",
        "a@example.org\r\nBcc: victim@example.org",
        "Name <victim@example.org>",
        "victim@[127.0.0.1]",
        "nobody",
        "ö@example.org",
    ],
)
def test_what_is_not_one_address_is_never_written_to(
    session: Session, engine: Engine, server: MailServer, email: str
) -> None:
    message_id = queued(session, email)

    done = mail.deliver_due(engine, later())

    assert done == Delivered(failed=1)
    assert server.received == []
    reason = "The address is not one that mail can be sent to."
    assert state(message_id) == (MessageStatus.FAILED, 1, reason)


def test_an_address_in_another_script_goes_out_in_ascii(session: Session, engine: Engine, server: MailServer) -> None:
    queued(session, "a@例子.测试")

    mail.deliver_due(engine, later())

    assert server.received[0].recipients == ["a@xn--fsqu00a.xn--0zwm56d"]


def test_names_in_any_script_arrive_as_they_are(session: Session, engine: Engine, server: MailServer) -> None:
    queued(session, name="李 Ọlájídé عائشة", scheme=make_scheme(session, name="导师计划 “Zoë”, <b>"))

    mail.deliver_due(engine, later())

    received = server.received[0]
    assert received.part("plain").splitlines()[0] == "Dear 李 Ọlájídé عائشة,"
    assert received.message["From"].addresses[0].display_name == "导师计划 “Zoë”, <b>"
    assert received.message["Subject"] == "A question about your enrolment in 导师计划 “Zoë”, <b>"


def test_a_sender_that_is_no_address_keeps_messages_waiting(
    session: Session, engine: Engine, server: MailServer, set_up_mail: SetUp
) -> None:
    message_id = queued(session)
    set_up_mail(server.port, MAIL_FROM="not an address")

    mail.deliver_due(engine, later())

    assert state(message_id) == (MessageStatus.QUEUED, 1, "MAIL_FROM in the settings is not an address.")
