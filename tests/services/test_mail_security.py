"""Mail over lines that are not safe, with passwords and senders that a server refuses."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from models.messages import MessageStatus
from services import mail, post_office
from services.settings import settings
from tests.mail_server import MailServer, mail_server
from tests.services.mail_steps import SetUp, knows_the_password, later, queued, self_signed, state


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
