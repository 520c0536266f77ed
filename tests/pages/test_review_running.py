"""A long run on the screen: how far it is, how anybody stops it, and what is said of one that came to nothing."""

from datetime import timedelta
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import MatchingRun, RunWork
from models.people import Person
from models.schemes import Cohort
from pages.ui import plain
from services.matching import pins, review_acts, solving, work
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.pages.opening import open_page
from tests.pages.review_steps import drawn, labels, run_of
from tests.services.matching.run_parts import TODAY, mentee, mentor

INTERRUPTED = "The last run was interrupted when the server stopped, and nothing of it was kept. Run again."


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    found = make_cohort(page_session)
    mentor(page_session, found)
    mentee(page_session, found)
    return found


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def work_of(session: Session, cohort: Cohort, by: Person, *, silent: timedelta) -> RunWork:
    made = RunWork(
        cohort_id=cohort.id,
        started_by_id=by.id,
        stage="Proving the answer",
        done=500,
        steps=work.STEPS,
        seen_at=utc_now() - silent,
    )
    session.add(made)
    session.flush()
    return made


def test_a_run_under_way_is_shown_to_a_colleague_who_stops_it(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    begun = work_of(page_session, cohort, make_coordinator(page_session, cohort, "Sam"), silent=timedelta(0))
    page = open_page("matching_review", coordinator)
    before = labels(page)

    page.button(key="stop-run").click().run()

    page_session.refresh(begun)
    assert before == ["Stop this run"]
    assert begun.trouble == work.STOPPED
    assert plain(work.STOPPED) in drawn(page)
    assert labels(page) == ["Run matching"]


@pytest.mark.parametrize("has_run", [False, True], ids=["before the first run", "after a run"])
def test_a_run_that_was_killed_with_its_server_says_so_and_leaves_the_button(
    page_session: Session, cohort: Cohort, coordinator: Person, has_run: bool
) -> None:
    if has_run:
        run_of(page_session, cohort, coordinator)
        page_session.exec(select(MatchingRun)).one().created_at = utc_now() - timedelta(hours=1)
    work_of(page_session, cohort, coordinator, silent=timedelta(minutes=10))
    page = open_page("matching_review", coordinator)
    said, offered = [notice.value for notice in page.warning], labels(page)

    page.button(key="run").click().run()

    assert said == [INTERRUPTED]
    assert ("Run again" if has_run else "Run matching") in offered
    assert [notice.value for notice in page.warning] == []
    assert len(page_session.exec(select(MatchingRun)).all()) == 1 + has_run


def test_a_solver_that_is_stopped_in_the_middle_keeps_nothing_and_another_run_can_begin(
    page_session: Session, cohort: Cohort, coordinator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    solving_now, go_on, solve = Event(), Event(), solving.solve

    def slow(*given: Any) -> Any:
        solving_now.set()
        go_on.wait(120)
        return solve(*given)

    monkeypatch.setattr(solving, "solve", slow)
    monkeypatch.setattr(work, "LARGE", 0)
    page = open_page("matching_review", coordinator)
    page.button(key="run").click().run()
    solving_now.wait(120)

    page.button(key="stop-run").click().run()
    go_on.set()
    for thread in enumerate_threads():
        if thread.name.startswith("run-"):
            thread.join(120)

    assert plain(work.STOPPED) in drawn(page)
    assert "Run matching" in labels(page)
    page_session.rollback()
    assert page_session.exec(select(MatchingRun)).all() == []
    assert [row.trouble for row in page_session.exec(select(RunWork))] == [work.STOPPED]


def test_a_decision_that_is_undone_while_a_run_works_is_said_to_stand(
    page_session: Session, cohort: Cohort, coordinator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    them = {row.side: row for row in page_session.exec(select(Enrolment))}
    pins.pin(
        page_session,
        make_actor(coordinator, cohort),
        cohort.id,
        them[Side.MENTOR].id,
        them[Side.MENTEE].id,
        today=TODAY,
    )
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator, pair=str(them[Side.MENTEE].id))
    work_of(page_session, cohort, coordinator, silent=timedelta(0))
    monkeypatch.setattr(work, "LARGE", 0)

    page.button(key="unpin").click().run()

    assert f"Undone. {plain(review_acts.STILL_RUNNING)}" in drawn(page)
    assert page.error == []
    assert pins.in_force(page_session, make_actor(coordinator, cohort), cohort.id) == ()
