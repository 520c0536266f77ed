"""Long runs: begun in the background, seen by every coordinator of the cohort, and stopped by any of them.

A run's progress is a row, so that another screen, or another process, sees it. Short runs need none of this. Whoever
stops a run ends that row at once; the thread finds out a moment later, and what it has found is then not kept.
"""

import logging
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Thread
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.database import reading as reading_from
from models.matching import RunWork
from models.people import Person
from models.schemes import Cohort
from services import access, audit, storage
from services.access import Actor
from services.errors import Conflict, NotAllowed, Refusal
from services.matching import runs
from services.units import writes

_LOG = logging.getLogger("mentoring.matching")

LARGE = 200_000  # pairs; fewer are done before anybody wonders
STEPS = 1000
SECONDS_BETWEEN_NEWS = 0.5
SECONDS_BETWEEN_LOOKS = 0.1  # at whether somebody has stopped it
# A run that gave no sign of life for this long was killed with its process.
SILENT_FOR = timedelta(minutes=3)
STOPPED = "The run was stopped. Nothing was kept."
LOST = "The run was lost when the server stopped. Nothing was kept."
BROKEN = "The run could not be finished, and nothing was kept. The server's log says where it broke."


@dataclass(frozen=True)
class WorkView:
    """A run under way, or how it ended. `share` is how much of the present `stage` is done, from 0 to 1.

    `run_id` is set once it is kept; `trouble` is a sentence for people when it is not.
    """

    id: UUID
    started_by: str
    started_at: datetime
    stage: str
    share: float
    at_work: bool
    run_id: UUID | None
    trouble: str | None


def begin(
    session: Session, actor: Actor, cohort_id: UUID, *, seed: int = 0, today: date, floor_first: bool = False
) -> UUID:
    """Begin a run in the background and answer its work's id. Raises NotAllowed, Conflict if one is under way."""
    work_id = _open(session, actor, cohort_id)
    engine = storage.engine()
    Thread(
        target=_do,
        args=(engine, actor, cohort_id, work_id, seed, today, floor_first),
        name=f"run-{work_id}",
        daemon=True,
    ).start()
    return work_id


def latest(session: Session, actor: Actor, cohort_id: UUID) -> WorkView | None:
    """The newest background run of the cohort, at work or ended, or None. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    statement = (
        select(RunWork, Person.full_name)
        .join(Person, col(Person.id) == col(RunWork.started_by_id))
        .where(RunWork.cohort_id == cohort_id)
        .order_by(col(RunWork.created_at).desc())
        .limit(1)
    )
    found = session.exec(statement).first()
    return None if found is None else _view(*found)


@writes
def cancel(session: Session, actor: Actor, work_id: UUID) -> None:
    """End a run at once; nothing of it is kept. Raises NotAllowed, Conflict if it has ended already."""
    work = session.get(RunWork, work_id, with_for_update=True)
    if work is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    access.cohort_to_coordinate(session, actor, work.cohort_id)
    if work.ended_at is not None:
        raise Conflict("This run has ended already.", remedy="Reload the page to see how.")
    work.cancel_asked_at = work.ended_at = utc_now()
    work.trouble = STOPPED
    audit.record(session, actor, "matching.run_cancelled", work.id)
    session.commit()


@writes
def _open(session: Session, actor: Actor, cohort_id: UUID) -> UUID:
    cohort: Cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    under_way = select(RunWork).where(RunWork.cohort_id == cohort.id, col(RunWork.ended_at).is_(None))
    before = session.exec(under_way.with_for_update()).first()
    now = utc_now()
    if before is not None and now - before.seen_at < SILENT_FOR:
        raise _busy()
    if before is not None:
        before.ended_at, before.trouble = now, LOST
        session.flush()
    made = RunWork(
        cohort_id=cohort.id,
        started_by_id=cast("UUID", actor.person_id),  # the desk itself coordinates nothing
        stage="Reading who takes part",
        steps=STEPS,
        seen_at=now,
    )
    session.add(made)
    audit.record(session, actor, "matching.run_begun", made.id)
    made_id = made.id
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can begin at once. The unique index decides; the check above could not.
        session.rollback()
        raise _busy() from clash
    return made_id


class UnderWayError(Conflict):
    """Another run of the cohort is at work."""


def _busy() -> UnderWayError:
    return UnderWayError("A run of this cohort is under way.", remedy="Wait until it has ended, or stop it.")


def _do(
    engine: Engine, actor: Actor, cohort_id: UUID, work_id: UUID, seed: int, today: date, floor_first: bool
) -> None:
    """The thread: runs, and writes down how it ended whatever happens."""
    try:
        with reading_from(engine) as session:
            runs.run(
                session,
                actor,
                cohort_id,
                seed=seed,
                today=today,
                floor_first=floor_first,
                progress=_Watch(engine, work_id),
                before_keeping=lambda run_id: _end(session, work_id, run_id),
            )
        return
    except _StoppedError:
        # Whoever stopped it has written that down.
        return
    except Refusal as refusal:
        trouble = str(refusal)
    except Exception as broken:
        # An exception's own words may hold somebody's data.
        _LOG.error("A matching run broke with %s", type(broken).__name__)
        trouble = BROKEN
    _write(engine, work_id, ended_at=utc_now(), trouble=trouble)


def _end(session: Session, work_id: UUID, run_id: UUID) -> None:
    """Ends the work in the unit of work that keeps its run; never commits. Raises _StoppedError if it was stopped."""
    work = session.get_one(RunWork, work_id, with_for_update=True, populate_existing=True)
    if work.ended_at is not None:
        raise _StoppedError
    work.ended_at, work.run_id = utc_now(), run_id


class _StoppedError(Exception):
    """Somebody has stopped this run."""


class _Watch:
    """Writes the progress down now and then, and raises _StoppedError once somebody has stopped the run."""

    def __init__(self, engine: Engine, work_id: UUID) -> None:
        self._engine, self._work_id, self._next_look, self._next_news = engine, work_id, 0.0, 0.0

    def __call__(self, stage: str, share: float) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        with Session(self._engine) as session:
            if session.exec(select(RunWork.ended_at).where(RunWork.id == self._work_id)).one() is not None:
                raise _StoppedError
        if now >= self._next_news:
            _write(self._engine, self._work_id, stage=stage, done=int(share * STEPS), seen_at=utc_now())
            self._next_news = time.monotonic() + SECONDS_BETWEEN_NEWS
        self._next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS


def _write(engine: Engine, work_id: UUID, **facts: Any) -> None:
    try:
        with Session(engine) as session:
            at_work = (col(RunWork.id) == work_id) & col(RunWork.ended_at).is_(None)
            session.execute(update(RunWork).where(at_work).values(**facts))
            session.commit()
    except OperationalError:
        # The database is busy: the next news will get through, and an end that did not is found by its silence.
        return


def _view(work: RunWork, started_by: str) -> WorkView:
    lost = work.ended_at is None and utc_now() - work.seen_at >= SILENT_FOR
    return WorkView(
        id=work.id,
        started_by=started_by,
        started_at=work.created_at,
        stage=work.stage,
        share=work.done / work.steps if work.steps else 0.0,
        at_work=work.ended_at is None and not lost,
        run_id=work.run_id,
        trouble=LOST if lost else work.trouble,
    )
