"""What happens by itself: mail leaves, proposals run out, reminders go. In the server's process, or in a worker's own.

Any number of processes may run this: mail is leased message by message, and a recurring job by its row in `job_lease`.
"""

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, select

from models.columns import utc_now
from models.messages import JobLease
from services import feedback, mail, parity, pauses, proposal_jobs, resource_digest, storage, training_asking
from services.matching.texts import vectors
from services.settings import settings

_LOG = logging.getLogger("mentoring.jobs")

MAIL_SECONDS_LOCAL = 2
MAIL_SECONDS = 5
# How often a process asks whether a recurring job is due; the lease decides whether it is.
LOOK_EVERY = timedelta(minutes=5)
LEASE = timedelta(minutes=10)


@dataclass(frozen=True)
class Job:
    """A recurring job. `work` gets a session that may write, and the present moment (UTC); it commits by itself."""

    name: str
    every: timedelta
    work: Callable[[Session, datetime], object]


class Running:
    """The scheduler of this process."""

    def __init__(self, scheduler: Any, ending: threading.Event) -> None:
        self._scheduler, self._ending = scheduler, ending

    def stop(self) -> None:
        """Begin nothing more, and wait for the one message or job that is under way."""
        self._ending.set()
        self._scheduler.shutdown(wait=True)


def start(engine: Engine | None = None) -> Running:
    """Begin to look for due mail and due jobs, in threads of this process."""
    database, ending = engine or storage.engine(), threading.Event()
    seconds = MAIL_SECONDS if settings().is_production else MAIL_SECONDS_LOCAL
    scheduler = _scheduler()
    _schedule(scheduler, partial(_deliver, database, ending), timedelta(seconds=seconds))
    _schedule(scheduler, partial(_do_due, database), LOOK_EVERY)
    scheduler.start()
    return Running(scheduler, ending)


def run_forever(stopping: threading.Event | None = None) -> None:
    """Work until the process is asked to end (SIGTERM or Ctrl-C), or until `stopping` is set."""
    stopping = stopping or threading.Event()
    with _asked_by_signal(stopping):
        running = start()
        # In slices: a wait without an end does not hear Ctrl-C on Windows.
        while not stopping.wait(1):
            continue
        running.stop()


@contextmanager
def _asked_by_signal(stopping: threading.Event) -> Iterator[None]:
    """While inside, the signals that end a process only set the event. Only the main thread can hear them."""
    signals = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
    before = {each: signal.signal(each, lambda *_: stopping.set()) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def do_once(engine: Engine, job: Job, now: datetime) -> bool:
    """Do the job if it is due and nobody else has it; True when this call did it.

    A job that fails stays due and is tried again when its lease has run out.
    """
    holder = f"{os.getpid()}-{uuid4().hex[:8]}"
    if not _take(engine, job, holder, now):
        return False
    with Session(engine) as session:
        job.work(session, now)
    _finish(engine, job, holder, now)
    return True


def hold(session: Session, now: datetime) -> None:
    """Lets no recurring job begin for the time of a lease, as if somebody were at it; never commits."""
    known = {lease.name: lease for lease in session.exec(select(JobLease).with_for_update())}
    for job in recurring():
        lease = known.get(job.name) or JobLease(name=job.name)
        lease.holder, lease.leased_until = "held", now + LEASE
        session.add(lease)


def let_go(session: Session) -> None:
    """Ends `hold`; never commits."""
    for lease in session.exec(select(JobLease).where(JobLease.holder == "held").with_for_update()):
        lease.holder, lease.leased_until = None, None


def recurring() -> tuple[Job, ...]:
    """The jobs of the desk."""
    return (
        Job("proposals.expire", timedelta(hours=1), proposal_jobs.expire_due),
        Job("proposals.remind", timedelta(hours=1), proposal_jobs.remind_due),
        Job("feedback.ask", timedelta(hours=1), feedback.ask_due),
        Job("resources.digest", timedelta(days=7), resource_digest.send_due),
        Job("training.remind", timedelta(hours=1), training_asking.remind_due),
        Job("pauses.ask", timedelta(hours=1), pauses.ask_due),
        Job("parity.publish", timedelta(hours=1), parity.publish_due),
        Job("texts.sweep", timedelta(days=1), vectors.sweep),
    )


class _Rounds(MemoryJobStore):  # type: ignore[misc]
    """The rounds of this process. One that lies further ahead than rounds are apart is due at once.

    The clock was set back then, by an hour say, and the scheduler would wait until it is that late again.
    """

    def get_due_jobs(self, now: datetime) -> list[Any]:
        for each in self.get_all_jobs():
            if each.next_run_time - now > each.trigger.interval:
                each.modify(next_run_time=now)
        return list(super().get_due_jobs(now))


def _scheduler() -> Any:
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    return BackgroundScheduler(timezone="UTC", job_defaults=defaults, jobstores={"default": _Rounds()})


def _schedule(scheduler: Any, work: Callable[[], object], every: timedelta) -> None:
    scheduler.add_job(
        partial(_guarded, work), "interval", seconds=every.total_seconds(), next_run_time=utc_now(), name=str(every)
    )


def _deliver(engine: Engine, ending: threading.Event) -> None:
    """Deliver until nothing is due, so that a large sending does not wait for the clock between its parts."""
    while not ending.is_set() and mail.deliver_due(engine, utc_now(), ending=ending).sent:
        continue


def _do_due(engine: Engine) -> None:
    for job in recurring():
        _guarded(partial(do_once, engine, job, utc_now()))


def _guarded(work: Callable[[], object]) -> None:
    """Do it, and if it breaks, log where; an exception's own words may hold somebody's data."""
    try:
        work()
    except Exception as trouble:
        # The next round must come, whatever broke this one.
        last = traceback.extract_tb(trouble.__traceback__)[-1]
        _LOG.error("A job broke with %s at %s:%s", type(trouble).__name__, Path(last.filename).name, last.lineno)


def _take(engine: Engine, job: Job, holder: str, now: datetime) -> bool:
    try:
        with Session(engine) as session:
            lease = session.exec(select(JobLease).where(JobLease.name == job.name).with_for_update()).one_or_none()
            if lease is None:
                lease = JobLease(name=job.name)
                session.add(lease)
            elif not _is_free(lease, job, now):
                return False
            lease.holder, lease.leased_until = holder, now + LEASE
            session.commit()
    except (IntegrityError, OperationalError):
        # Another process wrote the first lease, or holds the database: it does the job.
        return False
    return True


def _is_free(lease: JobLease, job: Job, now: datetime) -> bool:
    held = lease.leased_until is not None and lease.leased_until > now
    # Done later than now: the clock was set back. By less than a lease, two machines may merely disagree.
    done = lease.last_done_at is not None and -LEASE <= now - lease.last_done_at < job.every
    return not held and not done


def _finish(engine: Engine, job: Job, holder: str, now: datetime) -> None:
    with Session(engine) as session:
        lease = session.exec(select(JobLease).where(JobLease.name == job.name).with_for_update()).one()
        if lease.holder == holder:
            lease.holder, lease.leased_until, lease.last_done_at = None, None, now
            session.commit()
