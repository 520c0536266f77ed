"""Mail leaves through a real SMTP server: once, whole, to one recipient, and whatever the server says is dealt with."""

import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, update
from sqlmodel import Session, select

from models.agreements import SchemeDocument
from models.audit import AuditEntry
from models.columns import utc_now
from models.messages import Message, MessageStatus
from models.people import LinkPurpose, LinkToken
from models.signed_copies import SignedCopy
from services import links, mail, messages, pdf, post_office, signed_copies, storage
from services.mail import Delivered
from services.settings import settings
from tests.factories import make_cohort, make_person, make_scheme
from tests.mail_server import MailServer, mail_server
from tests.services.test_signed_copies import signed

SetUp = Callable[..., None]


@pytest.fixture
def set_up_mail(monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Names a mail server in the settings."""

    def chosen(port: int, **more: str) -> None:
        facts = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none"}
        for name, value in (facts | {"MAIL_FROM": "desk@example.org"} | more).items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    return chosen


@pytest.fixture
def server(set_up_mail: SetUp) -> Iterator[MailServer]:
    with mail_server() as running:
        set_up_mail(running.port)
        yield running


def queued(session: Session, email: str = "ama@example.org", **facts: Any) -> UUID:
    """A message in the outbox, as its id."""
    scheme = facts.pop("scheme", None) or make_scheme(session, name="AULP mentoring")
    person = make_person(session, facts.pop("name", "Ama Boateng"), email=email)
    chosen = {"template": "enrolment_returned", "note": "Which sector?"} | facts
    messages.queue(session, person_id=person.id, scheme_id=scheme.id, event=f"for {person.id}", **chosen)
    message_id = session.exec(select(Message.id).where(Message.person_id == person.id)).one()
    # The test's own session must hold no lock while mail is delivered.
    session.commit()
    return message_id


def kept(message_id: UUID) -> Message:
    """The message as it is in the database now."""
    with storage.reading() as looking:
        message = looking.get_one(Message, message_id)
        looking.expunge(message)
    return message


def entries() -> set[tuple[str, UUID | None]]:
    """What the journal says was done, to what."""
    with storage.reading() as looking:
        return {(entry.action, entry.subject_id) for entry in looking.exec(select(AuditEntry))}


def state(message_id: UUID) -> tuple[MessageStatus, int, str | None]:
    message = kept(message_id)
    return message.status, message.attempts, message.last_error


def later(**how: float) -> datetime:
    return utc_now() + timedelta(seconds=1) + timedelta(**how)


def knows_the_password(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    # "Not handled" leaves the answer to aiosmtpd: 235 or 535.
    return AuthResult(success=(given.login, given.password) == (b"desk", b"secret"), handled=False)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for 127.0.0.1, left in the folder as certificate.pem."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


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


def test_a_server_without_the_security_that_is_set_gets_nothing(
    session: Session, engine: Engine, server: MailServer, set_up_mail: SetUp
) -> None:
    message_id = queued(session)
    set_up_mail(server.port, SMTP_SECURITY="starttls")

    mail.deliver_due(engine, later())

    reason = "The mail server does not offer the security or sign-in that is set."
    assert server.received == []
    assert state(message_id) == (MessageStatus.QUEUED, 1, reason)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    session: Session, engine: Engine, set_up_mail: SetUp, tmp_path: Path, security: str
) -> None:
    message_id = queued(session)
    context = self_signed(tmp_path)
    how = {"tls_context": context} if security == "starttls" else {"ssl_context": context}

    with mail_server(protocol=how) as server:
        set_up_mail(server.port, SMTP_SECURITY=security, SMTP_USER="desk", SMTP_PASSWORD="secret")
        mail.deliver_due(engine, later())

    assert server.received == []
    assert state(message_id) == (MessageStatus.QUEUED, 1, "The mail server's certificate is not to be trusted.")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_through_a_secure_line_after_signing_in(
    session: Session, engine: Engine, set_up_mail: SetUp, tmp_path: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = queued(session)
    context = self_signed(tmp_path)
    how = {"tls_context": context} if security == "starttls" else {"ssl_context": context, "auth_require_tls": False}
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    with mail_server(protocol=how | {"authenticator": knows_the_password}) as server:
        set_up_mail(server.port, SMTP_SECURITY=security, SMTP_USER="desk", SMTP_PASSWORD="secret")
        mail.deliver_due(engine, later())

    assert [received.id for received in server.received] == [f"<{message_id}@example.org>"]
    assert state(message_id) == (MessageStatus.SENT, 1, None)


def test_a_wrong_password_keeps_every_message_waiting(session: Session, engine: Engine, set_up_mail: SetUp) -> None:
    first, second = queued(session, "a@example.org"), queued(session, "b@example.org")
    how = {"authenticator": knows_the_password, "auth_require_tls": False}

    with mail_server(protocol=how) as server:
        set_up_mail(server.port, SMTP_USER="desk", SMTP_PASSWORD="wrong")
        mail.deliver_due(engine, later())

    reason = "The mail server did not accept our user name and password (535)."
    assert server.received == []
    assert {state(message_id) for message_id in (first, second)} == {(MessageStatus.QUEUED, 1, reason)}


def test_a_sender_that_the_server_refuses_keeps_messages_waiting(
    session: Session, engine: Engine, set_up_mail: SetUp
) -> None:
    message_id = queued(session)

    with mail_server(protocol={"authenticator": knows_the_password, "auth_required": True}) as server:
        set_up_mail(server.port)
        mail.deliver_due(engine, later())

    reason = "The mail server does not take mail from this desk (530)."
    assert state(message_id) == (MessageStatus.QUEUED, 1, reason)


def test_the_desk_names_itself_to_the_server_by_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = []
    for url in ("https://desk.example.org/x", "http://127.0.0.1:8501", "nonsense"):
        monkeypatch.setenv("MENTORING_URL", url)
        settings.cache_clear()
        names.append(post_office._own_name())

    assert names == ["desk.example.org", "[127.0.0.1]", "localhost"]


def test_a_worker_that_died_leaves_its_messages_to_the_next(
    session: Session, engine: Engine, server: MailServer
) -> None:
    message_id, now = queued(session), later()
    leased = mail._lease(engine, now, 20)

    meanwhile = mail.deliver_due(engine, now + mail.LEASE)
    afterwards = mail.deliver_due(engine, now + mail.LEASE + timedelta(seconds=1))

    assert [taken.id for taken in leased] == [message_id]
    assert (meanwhile, afterwards) == (Delivered(), Delivered(sent=1))


def test_a_worker_whose_lease_ran_out_changes_nothing_that_another_has_done(
    session: Session, engine: Engine, server: MailServer
) -> None:
    message_id, now = queued(session), later()
    (slow,) = mail._lease(engine, now, 20)
    mail.deliver_due(engine, now + timedelta(minutes=11))

    mail._mark_failure(engine, slow, post_office.Failure("Too slow."), now)
    mail._give_back(engine, slow, now)
    mail._mark_sent(engine, slow, now)

    assert state(message_id) == (MessageStatus.SENT, 2, None)
    assert entries() == {("message.sent", message_id)}


def test_what_no_longer_fits_into_the_lease_is_given_back(
    session: Session, engine: Engine, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id, now = queued(session), later()
    monkeypatch.setattr(mail, "ENOUGH_LEASE", mail.LEASE)

    done = mail.deliver_due(engine, now)

    assert (done, server.received) == (Delivered(), [])
    assert state(message_id) == (MessageStatus.QUEUED, 0, None)


def test_two_workers_at_once_send_each_message_once(session: Session, engine: Engine, server: MailServer) -> None:
    expected = {f"<{queued(session, f'p{number}@example.org')}@example.org>" for number in range(12)}
    together, now = Barrier(2), later()

    def work() -> None:
        together.wait()
        while mail.deliver_due(engine, now, limit=2).sent:
            pass

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(received.id for received in server.received) == sorted(expected)


def test_logs_name_a_message_and_never_a_person(
    session: Session, engine: Engine, server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    message_id = queued(session, "gone@example.org", name="Ama Boateng")
    server.to_recipient = lambda _address: "550 <gone@example.org> Ama Boateng is gone"

    with caplog.at_level(logging.DEBUG, logger="mentoring"):
        mail.deliver_due(engine, later())

    assert caplog.messages == [
        f"Message {message_id}, try 1: The mail server does not take mail for this address (550)."
    ]


def test_a_signed_copy_is_made_at_delivery_and_goes_with_the_mail(
    session: Session, engine: Engine, server: MailServer
) -> None:
    signature_id, message_id = signed_with_mail(session)

    delivered = mail.deliver_due(engine, later())

    (attached,) = server.received[0].message.iter_attachments()
    with storage.reading() as looking:
        copy = looking.exec(select(SignedCopy).where(SignedCopy.signature_id == signature_id)).one()
        paper = signed_copies.make(looking, copy.id)
    assert delivered == Delivered(sent=1)
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", paper.file_name)
    assert attached.get_content() == paper.content
    assert server.received[0].part("plain") == kept(message_id).body_text


def test_no_copy_of_a_changed_text_is_sent_and_the_others_still_are(
    session: Session, engine: Engine, server: MailServer
) -> None:
    _, message_id = signed_with_mail(session)
    other_id = queued(session, "bo@example.org")
    session.execute(update(SchemeDocument).values(text="# Something else"))
    session.commit()

    delivered = mail.deliver_due(engine, later())

    assert delivered == Delivered(sent=1, failed=1)
    assert state(message_id) == (MessageStatus.FAILED, 1, "The text that was signed has been changed since.")
    assert state(other_id)[0] is MessageStatus.SENT


def test_a_copy_that_cannot_be_made_waits_for_another_try(
    session: Session, engine: Engine, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message_id = signed_with_mail(session)
    other_id = queued(session, "bo@example.org")
    # As when a font package is missing.
    monkeypatch.setattr(pdf, "_FONT_PACKAGES", ("not_there",))
    pdf._font_folders.cache_clear()

    delivered = mail.deliver_due(engine, later())

    pdf._font_folders.cache_clear()
    assert delivered == Delivered(sent=1, postponed=1)
    assert state(message_id) == (MessageStatus.QUEUED, 1, "The PDF that goes with it could not be made.")
    assert state(other_id)[0] is MessageStatus.SENT


def signed_with_mail(session: Session) -> tuple[UUID, UUID]:
    """Ids of a signature, and of the message that brings its copy."""
    _, signature_id = signed(session, make_cohort(session))
    message_id = session.exec(select(Message.id).where(Message.template == "signed_copy")).one()
    session.commit()
    return signature_id, message_id
