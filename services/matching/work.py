"""Long runs: begun in the background, seen by every coordinator of the cohort, and stopped by any of them.

A run's progress is a row, so that another screen, or another process, sees it. Short runs need none of this.
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
    stopping: bool
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
    """Ask for a run to be stopped; it ends within a second or two. Raises NotAllowed, Conflict if it has ended."""
    work = session.get(RunWork, work_id, with_for_update=True)
    if work is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    access.cohort_to_coordinate(session, actor, work.cohort_id)
    if work.ended_at is not None:
        raise Conflict("This run has ended already.", remedy="Reload the page to see how.")
    work.cancel_asked_at = work.cancel_asked_at or utc_now()
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


def _busy() -> Conflict:
    return Conflict("A run of this cohort is under way.", remedy="Wait until it has ended, or stop it.")


def _do(
    engine: Engine, actor: Actor, cohort_id: UUID, work_id: UUID, seed: int, today: date, floor_first: bool
) -> None:
    """The thread: runs, and writes down how it ended whatever happens."""
    run_id, trouble = None, None
    try:
        with reading_from(engine) as session:
            watch = _Watch(engine, work_id)
            run_id = runs.run(
                session, actor, cohort_id, seed=seed, today=today, floor_first=floor_first, progress=watch
            ).id
    except _StoppedError:
        trouble = STOPPED
    except Refusal as refusal:
        trouble = str(refusal)
    except Exception as broken:
        # An exception's own words may hold somebody's data.
        _LOG.error("A matching run broke with %s", type(broken).__name__)
        trouble = BROKEN
    _write(engine, work_id, ended_at=utc_now(), run_id=run_id, trouble=trouble)


class _StoppedError(Exception):
    """Somebody asked for this run to be stopped."""


class _Watch:
    """Writes the progress down now and then, and raises _StoppedError once somebody asked for that."""

    def __init__(self, engine: Engine, work_id: UUID) -> None:
        self._engine, self._work_id, self._next = engine, work_id, 0.0

    def __call__(self, stage: str, share: float) -> None:
        if time.monotonic() < self._next:
            return
        with Session(self._engine) as session:
            asked = select(RunWork.cancel_asked_at).where(RunWork.id == self._work_id)
            if session.exec(asked).one() is not None:
                raise _StoppedError
        _write(self._engine, self._work_id, stage=stage, done=int(share * STEPS), seen_at=utc_now())
        self._next = time.monotonic() + SECONDS_BETWEEN_NEWS


def _write(engine: Engine, work_id: UUID, **facts: Any) -> None:
    try:
        with Session(engine) as session:
            session.execute(update(RunWork).where(col(RunWork.id) == work_id).values(**facts))
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
        stopping=work.cancel_asked_at is not None,
        at_work=work.ended_at is None and not lost,
        run_id=work.run_id,
        trouble=LOST if lost else work.trouble,
    )
