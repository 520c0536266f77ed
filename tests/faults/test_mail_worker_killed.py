"""A worker that is killed in the middle of its round loses nothing, and doubles at most one message a kill."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from models.messages import Message, MessageStatus
from services import messages
from tests.factories import make_person, make_scheme
from tests.mail_server import MailServer, mail_server

ROOT = Path(__file__).parents[2]
MAILS, KILLS = 60, 2
# Every worker's clock is ahead of the one before by more than a lease, as if nobody had come to restart it for so long.
WORKER = """
import sys
from datetime import timedelta
from models.columns import utc_now
from services import mail, storage
ahead = timedelta(minutes=11 * int(sys.argv[1]), seconds=1)
while mail.deliver_due(storage.engine(), utc_now() + ahead).sent:
    pass
"""


def fill_outbox(engine: Engine) -> set[str]:
    """The Message-IDs that must arrive."""
    with Session(engine) as session:
        scheme = make_scheme(session)
        for number in range(MAILS):
            person = make_person(session, email=f"p{number}@example.org")
            messages.queue(
                session, person_id=person.id, template="enrolment_approved", scheme_id=scheme.id, event="approved"
            )
        session.commit()
        return {f"<{message_id}@example.org>" for message_id in session.exec(select(Message.id))}


def start_worker(engine: Engine, server: MailServer, number: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DATABASE_URL": str(engine.url),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_SECURITY": "none",
        "MAIL_FROM": "desk@example.org",
    }
    return subprocess.Popen([sys.executable, "-c", WORKER, str(number)], cwd=ROOT, env=environment)


def wait_for(server: MailServer, number: int) -> None:
    until = time.monotonic() + 90
    while len(server.received) < number and time.monotonic() < until:
        time.sleep(0.002)


def test_kill_9_in_the_middle_of_60_mails_loses_none(sqlite_engine: Engine) -> None:
    expected = fill_outbox(sqlite_engine)

    with mail_server(seconds=0.01) as server:
        for kill in range(KILLS):
            worker = start_worker(sqlite_engine, server, kill)
            wait_for(server, (kill + 1) * MAILS // (KILLS + 1))
            worker.send_signal(signal.SIGKILL)
            assert worker.wait(timeout=60) == -signal.SIGKILL
        last = start_worker(sqlite_engine, server, KILLS)
        assert last.wait(timeout=120) == 0

    arrived = Counter(received.id for received in server.received)
    assert set(arrived) == expected
    assert sum(arrived.values()) - MAILS <= KILLS
    with Session(sqlite_engine) as session:
        assert set(session.exec(select(Message.status))) == {MessageStatus.SENT}
