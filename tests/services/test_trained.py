"""Who has done the training that is required of them: whom it holds back from when, and the coordinator's list."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from models.agreements import PublishedState
from models.enrolments import EnrolmentStatus, Side
from models.schemes import Cohort
from services import readiness, training
from services.errors import NotAllowed
from services.training import ProgressFilter, TrainingState
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.services.counting import reads, sent
from tests.services.training_parts import TODAY, make_completion, make_module, untrained


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


@pytest.mark.clause("U-3", "U-C5.1")
@pytest.mark.parametrize(
    ("expires_on", "is_trained"),
    [(date(2026, 10, 2), True), (date(2026, 10, 1), True), (date(2026, 9, 30), False)],
)
def test_training_that_has_run_out_counts_no_more(
    session: Session, cohort: Cohort, expires_on: date, is_trained: bool
) -> None:
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, make_module(session, cohort), expires_on)

    (shown,) = training.modules(session, make_participant(session, enrolment), TODAY)

    assert untrained(session, cohort) == (set() if is_trained else {enrolment.id})
    assert shown.state is (TrainingState.PASSED if is_trained else TrainingState.EXPIRED)


@pytest.mark.clause("U-C5.1")
def test_a_further_required_module_makes_a_trained_mentor_untrained(session: Session, cohort: Cohort) -> None:
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, make_module(session, cohort), date(2028, 9, 1))
    before = untrained(session, cohort)

    make_module(session, cohort, key="further", title="Further training")

    assert (before, untrained(session, cohort)) == (set(), {enrolment.id})


@pytest.mark.clause("U-3")
def test_a_tick_in_a_spreadsheet_is_shown_as_claimed_and_never_counts(session: Session, cohort: Cohort) -> None:
    make_module(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTOR, name="Ama", claims={"training": "Yes"})
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    page = training.progress(session, coordinator, cohort.id, today=TODAY)

    assert page == training.ProgressPage(
        rows=(
            training.Progress(
                enrolment.id, "Ama", Side.MENTOR, "Starting as a mentor", TrainingState.OPEN, None, None, "Yes"
            ),
        ),
        total=1,
    )
    assert untrained(session, cohort) == {enrolment.id}


def test_training_is_asked_only_of_the_side_and_the_cohort_it_is_required_for(session: Session, cohort: Cohort) -> None:
    make_module(session, cohort)
    make_module(session, cohort, key="offered", required_for=[])
    make_enrolment(session, cohort, Side.MENTEE)
    make_enrolment(session, make_cohort(session), Side.MENTOR)

    assert untrained(session, cohort) == set()


def test_the_coordinator_sees_the_longest_completion_of_each(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    ama, bo, zoe = (make_enrolment(session, cohort, Side.MENTOR, name=name) for name in ("Ama", "Bo", "Zoe"))
    make_enrolment(session, cohort, Side.MENTOR, name="Gone", status=EnrolmentStatus.DECLINED)
    make_completion(session, ama, module, date(2026, 9, 15))
    make_completion(session, ama, module, date(2028, 9, 1))
    make_completion(session, bo, module, date(2026, 9, 15))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    page = training.progress(session, coordinator, cohort.id, today=TODAY)

    assert [(row.enrolment_id, row.state, row.expires_on) for row in page.rows] == [
        (ama.id, TrainingState.PASSED, date(2028, 9, 1)),
        (bo.id, TrainingState.EXPIRED, date(2026, 9, 15)),
        (zoe.id, TrainingState.OPEN, None),
    ]
    assert page.total == 3


@pytest.mark.clause("U-C5.1")
def test_a_further_module_holds_nobody_back_before_its_day_is_over(session: Session, cohort: Cohort) -> None:
    make_module(session, cohort, due_on=TODAY)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)

    held = [untrained(session, cohort, day) for day in (TODAY, TODAY + timedelta(days=1))]

    assert held == [set(), {enrolment.id}]


@pytest.mark.clause("U-3", "U-C5.1")
def test_a_new_edition_to_repeat_gives_time_only_to_whoever_passed_before(session: Session, cohort: Cohort) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    passed, new = (make_enrolment(session, cohort, Side.MENTOR) for _ in range(2))
    make_completion(session, passed, old, date(2028, 9, 1))
    make_module(session, cohort, edition=2, counts_from=2, due_on=TODAY)

    held = [untrained(session, cohort, day) for day in (TODAY, TODAY + timedelta(days=1))]

    assert held == [{new.id}, {passed.id, new.id}]


@pytest.mark.clause("U-3", "U-C5.1")
def test_whoever_is_overdue_is_ready_for_a_match_again_as_soon_as_they_pass(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["training"]))
    module = make_module(session, cohort, due_on=TODAY)
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    tomorrow = TODAY + timedelta(days=1)
    lights = [readiness.lights(session, [mentor.id], today=day)[mentor.id].training.holds for day in (TODAY, tomorrow)]

    training.check(session, make_participant(session, mentor), module.id, [1, 0], tomorrow)

    lights.append(readiness.lights(session, [mentor.id], today=tomorrow)[mentor.id].training.holds)
    assert lights == [True, False, True]


@pytest.mark.clause("U-C5.1")
def test_who_is_overdue_is_a_list_of_its_own(session: Session, cohort: Cohort) -> None:
    yesterday = TODAY - timedelta(days=1)
    first = make_module(session, cohort)
    make_module(session, cohort, key="further", title="Further", due_on=yesterday)
    make_module(session, cohort, key="later", title="Later", due_on=TODAY)
    ran_out, new = (make_enrolment(session, cohort, Side.MENTOR, name=name) for name in ("Ama", "Bo"))
    make_completion(session, ran_out, first, yesterday)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    def lines(only: ProgressFilter, search: str = "") -> list[tuple[str, str, bool]]:
        found = training.progress(session, coordinator, cohort.id, today=TODAY, only=only, search=search)
        assert found.total == len(found.rows)
        return [(row.name, row.module, row.is_overdue) for row in found.rows]

    overdue = [("Ama", "Further", True), ("Ama", "Starting as a mentor", True), ("Bo", "Further", True)]
    assert lines(ProgressFilter.OVERDUE) == overdue
    assert lines(ProgressFilter.TO_DO, "bo") == [
        ("Bo", "Further", True),
        ("Bo", "Later", False),
        ("Bo", "Starting as a mentor", False),
    ]
    assert lines(ProgressFilter.PASSED) == []
    assert lines(ProgressFilter.ALL, "%") == lines(ProgressFilter.ALL, "_") == lines(ProgressFilter.ALL, "/") == []
    assert new.id in untrained(session, cohort)


def test_lists_of_one_and_of_three_take_the_same_number_of_queries(session: Session, cohort: Cohort) -> None:
    make_module(session, cohort)
    make_enrolment(session, cohort, Side.MENTOR)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    taken = []

    for more in (0, 2):
        for _ in range(more):
            make_enrolment(session, cohort, Side.MENTOR)
        session.commit()
        with sent(session) as statements:
            training.progress(session, coordinator, cohort.id, today=TODAY)
        taken.append(len(reads(statements)))

    assert taken == [3, 3]


def test_strangers_see_no_training(session: Session, cohort: Cohort) -> None:
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    with pytest.raises(NotAllowed):
        training.progress(session, stranger, cohort.id, today=TODAY)
    with pytest.raises(NotAllowed):
        training.modules(session, stranger, TODAY)
