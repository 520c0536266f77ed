"""Workers that die, come late or work at once, and what goes with a mail."""

import logging
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, select

from models.agreements import SchemeDocument
from models.messages import Message, MessageStatus
from models.signed_copies import SignedCopy
from services import mail, pdf, post_office, signed_copies, storage
from services.mail import Delivered
from tests.factories import make_cohort
from tests.mail_server import MailServer
from tests.services.mail_steps import entries, kept, later, queued, state
from tests.services.test_signed_copies import signed


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
