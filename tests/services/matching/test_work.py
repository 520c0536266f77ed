"""A long run goes on in the background, is seen by everybody who coordinates, and can be stopped by any of them."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.database import reading
from models.matching import MatchingRun, RunWork
from services import errors
from services.matching import runs, solving, work
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


def ready(engine: Engine) -> tuple[Any, Any, Any]:
    """A cohort with one pair to find, and two coordinators of it."""
    with Session(engine) as session:
        cohort = make_cohort(session)
        mentor(session, cohort)
        mentee(session, cohort)
        actors = [make_actor(make_coordinator(session, cohort, name), cohort) for name in ("Ruth", "Sam")]
        cohort_id = cohort.id
        session.commit()
    return cohort_id, actors[0], actors[1]


def seen(engine: Engine, actor: Any, cohort_id: Any, until: Callable[[work.WorkView], bool]) -> work.WorkView:
    """What another screen sees, once it is so; fails after a minute."""
    for _ in range(1200):
        with reading(engine) as session:
            found = work.latest(session, actor, cohort_id)
        if found is not None and until(found):
            return found
        time.sleep(0.05)
    raise AssertionError("It never came to that.")


def test_a_run_in_the_background_is_seen_by_a_colleague_and_kept(engine: Engine) -> None:
    cohort_id, ruth, sam = ready(engine)

    with reading(engine) as session:
        work.begin(session, ruth, cohort_id, today=TODAY)
    ended = seen(engine, sam, cohort_id, lambda found: not found.at_work)

    with Session(engine) as session:
        kept = session.exec(select(MatchingRun)).one()
        actions = {entry.action for entry in session.exec(select(AuditEntry))}
    assert (ended.started_by, ended.run_id, ended.trouble) == ("Ruth", kept.id, None)
    assert {"matching.run_begun", "matching.run"} <= actions


def test_a_colleague_stops_a_run_and_nothing_is_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort_id, ruth, sam = ready(engine)
    going = Event()

    def endless(*_: Any, progress: Any, **__: Any) -> None:
        while True:
            progress("Proving the answer", 0.5)
            going.set()
            time.sleep(0.02)

    monkeypatch.setattr(runs, "run", endless)
    monkeypatch.setattr(work, "SECONDS_BETWEEN_NEWS", 0.05)
    with reading(engine) as session:
        begun = work.begin(session, ruth, cohort_id, today=TODAY)
    going.wait(120)
    half = seen(engine, sam, cohort_id, lambda found: found.share > 0)
    with reading(engine) as session, pytest.raises(errors.Conflict):
        work.begin(session, sam, cohort_id, today=TODAY)
    with reading(engine) as session:
        work.cancel(session, sam, begun)
    ended = seen(engine, ruth, cohort_id, lambda found: not found.at_work)

    with Session(engine) as session:
        kept = session.exec(select(MatchingRun)).all()
    assert (half.stage, half.share, half.at_work) == ("Proving the answer", 0.5, True)
    assert (ended.trouble, ended.run_id, kept) == (work.STOPPED, None, [])
    with reading(engine) as session, pytest.raises(errors.Conflict):
        work.cancel(session, sam, begun)


@pytest.mark.parametrize("seconds", [0.0, 1000.0], ids=["before-it-keeps", "while-it-keeps"])
def test_a_stopped_run_has_ended_at_once_and_keeps_nothing_of_what_it_found(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    cohort_id, ruth, sam = ready(engine)
    found, go_on, solve = Event(), Event(), solving.solve

    def slow(*given: Any) -> Any:
        answer = solve(*given)
        found.set()
        go_on.wait(120)
        return answer

    monkeypatch.setattr(solving, "solve", slow)
    monkeypatch.setattr(work, "SECONDS_BETWEEN_LOOKS", seconds)
    with reading(engine) as session:
        begun = work.begin(session, ruth, cohort_id, today=TODAY)
    found.wait(120)
    with reading(engine) as session:
        work.cancel(session, sam, begun)
        ended = work.latest(session, ruth, cohort_id)
    go_on.set()
    for thread in enumerate_threads():
        if thread.name == f"run-{begun}":
            thread.join(120)

    with Session(engine) as session:
        kept = session.exec(select(MatchingRun)).all()
        after = work.latest(session, ruth, cohort_id)
    assert ended is not None
    assert (ended.at_work, ended.trouble, ended.run_id) == (False, work.STOPPED, None)
    assert (after, kept) == (ended, [])


def test_a_refusal_in_the_background_is_told_in_its_words(engine: Engine) -> None:
    with Session(engine) as session:
        cohort = make_cohort(session)
        actor, cohort_id = coordinator_of(session, cohort), cohort.id
        session.commit()

    with reading(engine) as session:
        work.begin(session, actor, cohort_id, today=TODAY)
    ended = seen(engine, actor, cohort_id, lambda found: not found.at_work)

    assert (ended.trouble or "").startswith("There is no mentee to match")


def test_a_run_that_broke_says_so_and_names_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort_id, ruth, _ = ready(engine)

    def broken(*_: Any, **__: Any) -> None:
        raise ArithmeticError("Ama Mentee")

    monkeypatch.setattr(runs, "run", broken)
    with reading(engine) as session:
        work.begin(session, ruth, cohort_id, today=TODAY)
    ended = seen(engine, ruth, cohort_id, lambda found: not found.at_work)

    assert ended.trouble == work.BROKEN


def test_a_run_that_was_killed_with_its_process_makes_room_for_the_next(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    actor, long_ago = make_actor(coordinator, cohort), utc_now() - timedelta(minutes=10)
    dead = RunWork(cohort_id=cohort.id, started_by_id=coordinator.id, stage="x", seen_at=long_ago)
    session.add(dead)
    session.flush()

    lost = work.latest(session, actor, cohort.id)
    work._open(session, actor, cohort.id)

    session.refresh(dead)
    assert lost is not None
    assert (lost.at_work, lost.trouble, dead.trouble) == (False, work.LOST, work.LOST)


def test_a_stranger_sees_and_stops_nothing(engine: Engine) -> None:
    cohort_id, ruth, _ = ready(engine)
    with Session(engine) as session:
        stranger = coordinator_of(session, make_cohort(session))
        begun = work._open(session, ruth, cohort_id)

        for attempt in (
            lambda: work.begin(session, stranger, cohort_id, today=TODAY),
            lambda: work.latest(session, stranger, cohort_id),
            lambda: work.cancel(session, stranger, begun),
        ):
            with pytest.raises(errors.NotAllowed):
                attempt()
