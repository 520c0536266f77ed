"""What happens by itself happens once, whichever process does it, and goes on after something broke."""

import logging
import os
import signal
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread, current_thread, main_thread

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from time_machine import travel

from models.columns import utc_now
from models.matching import Proposal, ProposalStatus
from models.messages import JobLease, Message
from services import jobs, messages, storage
from services.jobs import Job
from services.settings import settings
from tests.factories import make_cohort, make_person, make_proposal, make_scheme
from tests.mail_server import mail_server
from tests.services.counting import soon

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def counted(done: list[datetime]) -> Job:
    return Job("count", timedelta(hours=1), lambda _session, now: done.append(now))


def test_a_job_is_done_when_it_is_due_and_not_before(engine: Engine) -> None:
    done: list[datetime] = []
    hours = (0, 0.5, 0.99, 1, 73)

    did = [jobs.do_once(engine, counted(done), NOW + timedelta(hours=hour)) for hour in hours]

    assert did == [True, False, False, True, True]
    assert done == [NOW + timedelta(hours=hour) for hour in (0, 1, 73)]


def test_a_clock_that_is_set_back_holds_no_job_up(engine: Engine) -> None:
    done: list[datetime] = []
    hours = (0, -0.1, -1, -0.5, 0.1)

    did = [jobs.do_once(engine, counted(done), NOW + timedelta(hours=hour)) for hour in hours]

    assert did == [True, False, True, False, True]


def test_rounds_go_on_at_once_after_the_clock_was_set_back() -> None:
    done: list[datetime] = []
    scheduler = jobs._scheduler()

    with travel(NOW, tick=True) as clock:
        jobs._schedule(scheduler, lambda: done.append(utc_now()), timedelta(seconds=0.05))
        scheduler.start()
        began = soon(lambda: len(done) > 1)
        clock.shift(timedelta(hours=-1))
        went_on = soon(lambda: done[-1] < NOW)
        scheduler.shutdown()

    assert (began, went_on) == (True, True)


def test_two_processes_do_a_job_once(engine: Engine) -> None:
    done: list[datetime] = []
    together = Barrier(4)

    def process() -> None:
        together.wait()
        jobs.do_once(engine, counted(done), NOW)

    processes = [Thread(target=process) for _ in range(4)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()

    assert done == [NOW]


def test_a_job_that_broke_is_tried_again_when_its_lease_has_run_out(engine: Engine) -> None:
    done: list[datetime] = []

    def breaks(_session: Session, _now: datetime) -> None:
        raise ValueError("Ama Boateng")

    with pytest.raises(ValueError, match="Ama"):
        jobs.do_once(engine, Job("count", timedelta(hours=1), breaks), NOW)
    at_once = jobs.do_once(engine, counted(done), NOW + timedelta(minutes=9))
    afterwards = jobs.do_once(engine, counted(done), NOW + timedelta(minutes=10))

    assert (at_once, afterwards) == (False, True)


def test_a_process_that_was_overtaken_does_not_close_the_others_lease(engine: Engine) -> None:
    overtaking: list[datetime] = []

    def slow(_session: Session, now: datetime) -> None:
        jobs.do_once(engine, counted(overtaking), now + timedelta(minutes=11))

    jobs.do_once(engine, Job("count", timedelta(hours=1), slow), NOW)

    with storage.reading() as session:
        lease = session.exec(select(JobLease)).one()
    assert overtaking == [NOW + timedelta(minutes=11)]
    assert lease.last_done_at == NOW + timedelta(minutes=11)


@pytest.mark.clause("A-ME1")
def test_the_desk_reminds_and_ends_proposals_by_itself(session: Session, engine: Engine) -> None:
    cohort = make_cohort(session)
    old = make_proposal(session, cohort, sent_at=NOW - timedelta(days=15), expires_at=NOW - timedelta(days=1))
    open_one = make_proposal(session, cohort, sent_at=NOW - timedelta(days=5), expires_at=NOW + timedelta(days=9))
    ids = (old.id, open_one.id)
    session.commit()

    did = [jobs.do_once(engine, job, NOW) for job in jobs.recurring()]

    assert did == [True] * len(jobs.recurring())
    with storage.reading() as looking:
        found = [looking.get_one(Proposal, proposal_id) for proposal_id in ids]
        written = sorted(looking.exec(select(Message.template)))
    states = [(proposal.status, proposal.reminders_sent) for proposal in found]
    assert states == [(ProposalStatus.EXPIRED, 0), (ProposalStatus.SENT, 1)]
    assert written == ["proposal_expired", "proposal_reminder"]


def test_the_server_delivers_mail_by_itself_and_more_than_one_round(
    session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = make_scheme(session)
    for number in range(25):
        messages.queue(
            session,
            person_id=make_person(session, email=f"p{number}@example.org").id,
            template="enrolment_approved",
            scheme_id=scheme.id,
            event="approved",
        )
    session.commit()
    with mail_server() as server:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(server.port))
        monkeypatch.setenv("SMTP_SECURITY", "none")
        settings.cache_clear()

        running = jobs.start(engine)
        arrived = soon(lambda: len(server.received) >= 25)
        running.stop()

    assert arrived
    assert len({received.id for received in server.received}) == 25


def test_what_breaks_is_logged_without_anybodys_data(caplog: pytest.LogCaptureFixture) -> None:
    def breaks() -> None:
        raise ValueError("ama@example.org")

    with caplog.at_level(logging.DEBUG):
        jobs._guarded(breaks)

    assert len(caplog.records) == 1
    assert caplog.messages[0].startswith("A job broke with ValueError at test_jobs.py:")
    assert "ama@" not in caplog.text


def test_a_worker_runs_until_it_is_asked_to_stop(engine: Engine) -> None:
    stopping = Event()
    worker = Thread(target=jobs.run_forever, args=(stopping,))

    worker.start()
    looked = soon(lambda: _jobs_done() == {job.name for job in jobs.recurring()})
    stopping.set()
    worker.join(timeout=60)

    assert looked
    assert not worker.is_alive()


@pytest.mark.skipif(current_thread() is not main_thread(), reason="only the main thread hears signals")
def test_a_signal_ends_a_worker_and_is_its_own_again_afterwards(engine: Engine) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def ask() -> None:
        soon(lambda: _jobs_done() == {job.name for job in jobs.recurring()})
        os.kill(os.getpid(), signal.SIGTERM)

    asking = Thread(target=ask)
    asking.start()
    jobs.run_forever()
    asking.join()

    assert signal.getsignal(signal.SIGTERM) is before


def test_a_round_that_is_asked_to_end_leaves_the_rest_for_later(
    session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme, ending = make_scheme(session), Event()
    for number in range(3):
        person = make_person(session, email=f"p{number}@example.org")
        messages.queue(
            session, person_id=person.id, template="enrolment_approved", scheme_id=scheme.id, event="approved"
        )
    session.commit()

    def end(_address: str) -> str:
        ending.set()
        return "250 OK"

    with mail_server(to_data=end) as server:
        monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("SMTP_PORT", str(server.port))
        monkeypatch.setenv("SMTP_SECURITY", "none")
        settings.cache_clear()
        jobs._deliver(engine, ending)

    with storage.reading() as looking:
        states = sorted((message.status.value, message.attempts) for message in looking.exec(select(Message)))
    assert states == [("queued", 0), ("queued", 0), ("sent", 1)]


def _jobs_done() -> set[str]:
    with storage.reading() as session:
        return {lease.name for lease in session.exec(select(JobLease)) if lease.last_done_at is not None}


def test_while_jobs_are_held_none_begins_and_afterwards_they_do(engine: Engine) -> None:
    done: list[datetime] = []
    job = Job("proposals.expire", timedelta(hours=1), lambda _session, now: done.append(now))
    with Session(engine) as session:
        jobs.hold(session, NOW)
        session.commit()

    while_held = jobs.do_once(engine, job, NOW)
    with Session(engine) as session:
        jobs.let_go(session)
        session.commit()
    afterwards = jobs.do_once(engine, job, NOW)

    assert (while_held, afterwards, done) == (False, True, [NOW])
