"""Training is what somebody passed here: graded on the server, kept until it runs out, and never taken from a claim."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingAttempt, TrainingCompletion, TrainingModule
from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort
from services import readiness, training
from services.errors import Conflict, Invalid, NotAllowed
from services.training import ProgressFilter, TrainingState, add_months
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.services.test_agreements import counted_queries

TODAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SEVERAL = {"question": "Which?", "options": ["a", "b", "c"], "answer": [0, 2], "explanation": "A and c."}
QUESTIONS = [
    {"question": "One?", "options": ["a", "b"], "answer": 1, "explanation": "Because b."},
    {"question": "Two?", "options": ["a", "b", "c"], "answer": 0, "explanation": "Because a."},
]


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


def make_module(session: Session, cohort: Cohort, **facts: Any) -> TrainingModule:
    chosen: dict[str, Any] = {
        "scheme_id": cohort.scheme_id,
        "key": "starter",
        "edition": 1,
        "title": "Starting as a mentor",
        "text": "# Starting\n\nRead this.",
        "minutes": 15,
        "questions": QUESTIONS,
        "pass_mark": 2,
        "valid_months": 24,
        "required_for": ["mentor"],
    }
    module = TrainingModule(**(chosen | facts))
    session.add(module)
    session.flush()
    return module


def make_completion(session: Session, enrolment: Enrolment, module: TrainingModule, expires_on: date) -> None:
    session.add(
        TrainingCompletion(
            enrolment_id=enrolment.id,
            module_id=module.id,
            correct_answers=2,
            completed_on=date(2026, 9, 1),
            expires_on=expires_on,
        )
    )
    session.flush()


def completions(session: Session) -> list[TrainingCompletion]:
    return list(session.exec(select(TrainingCompletion)).all())


def untrained(session: Session, cohort: Cohort, today: date = TODAY) -> set[UUID]:
    return set(session.scalars(training.untrained_enrolments(cohort.id, today)).all())


def test_a_module_is_shown_with_its_questions_and_without_their_answers(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    assert training.modules(session, actor, TODAY) == [
        training.Module(
            id=module.id,
            title="Starting as a mentor",
            summary="",
            text="# Starting\n\nRead this.",
            minutes=15,
            questions=(training.Question("One?", ("a", "b")), training.Question("Two?", ("a", "b", "c"))),
            pass_mark=2,
            required=True,
            state=TrainingState.OPEN,
            completed_on=None,
            expires_on=None,
            is_a_gate=False,
        )
    ]


def test_each_side_sees_what_is_meant_for_it_and_what_is_required_comes_first(session: Session) -> None:
    cohort = make_cohort(session)
    make_module(session, cohort, key="extra", title="An extra", summary="More.", offered_to=["mentor"], required_for=[])
    make_module(session, cohort)
    make_module(session, cohort, key="open", title="For everybody", required_for=[])
    mentor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    mentee = make_participant(session, make_enrolment(session, cohort, Side.MENTEE))

    seen = [(module.title, module.required, module.summary) for module in training.modules(session, mentor, TODAY)]

    assert seen == [
        ("Starting as a mentor", True, ""),
        ("An extra", False, "More."),
        ("For everybody", False, ""),
    ]
    # A module that says nothing about roles is for both; a required one still for its side first of all.
    titles = [module.title for module in training.modules(session, mentee, TODAY)]
    assert titles == ["For everybody", "Starting as a mentor"]


@pytest.mark.clause("U-3")
def test_passing_the_check_is_kept_with_the_day_it_runs_out(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    actor = make_participant(session, enrolment)

    outcome = training.check(session, actor, module.id, [1, 0], TODAY)

    assert outcome == training.Outcome(
        correct=2,
        pass_mark=2,
        passed=True,
        expires_on=date(2028, 10, 1),
        marked=(
            training.Marked("One?", True, "b", "Because b."),
            training.Marked("Two?", True, "a", "Because a."),
        ),
    )
    (row,) = completions(session)
    assert (row.enrolment_id, row.module_id, row.correct_answers) == (enrolment.id, module.id, 2)
    assert (row.completed_on, row.expires_on) == (TODAY, date(2028, 10, 1))
    (shown,) = training.modules(session, actor, TODAY)
    assert (shown.state, shown.expires_on) == (TrainingState.PASSED, date(2028, 10, 1))
    assert untrained(session, cohort) == set()


@pytest.mark.clause("U-3")
def test_failing_the_check_completes_nothing_and_explains(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    actor = make_participant(session, enrolment)

    outcome = training.check(session, actor, module.id, [0, 0], TODAY)

    assert (outcome.correct, outcome.passed, outcome.expires_on) == (1, False, None)
    assert outcome.marked[0] == training.Marked("One?", False, "b", "Because b.")
    assert completions(session) == []
    assert untrained(session, cohort) == {enrolment.id}


def test_every_attempt_stands_in_the_journal(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    training.check(session, actor, module.id, [0, 0], TODAY)
    training.check(session, actor, module.id, [1, 0], TODAY)

    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
    assert [(entry.action, entry.details["correct"], entry.subject_id) for entry in entries] == [
        ("training.attempted", 1, module.id),
        ("training.passed", 2, module.id),
    ]


def test_a_second_press_on_the_same_day_completes_nothing_twice(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    training.check(session, actor, module.id, [1, 0], TODAY)
    training.check(session, actor, module.id, [1, 0], TODAY)

    assert len(completions(session)) == 1


def test_a_module_without_a_term_never_runs_out(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort, valid_months=0)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    outcome = training.check(session, actor, module.id, [1, 0], TODAY)

    assert (outcome.passed, outcome.expires_on) == (True, None)
    (shown,) = training.modules(session, actor, date(2999, 1, 1))
    assert (shown.state, shown.expires_on) == (TrainingState.PASSED, None)


@pytest.mark.parametrize("answers", [[], [1], [1, 0, 0], [1, -1], [1, 3]])
def test_a_check_with_a_blank_is_refused(session: Session, cohort: Cohort, answers: list[int]) -> None:
    module = make_module(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    with pytest.raises(Invalid):
        training.check(session, actor, module.id, answers, TODAY)

    assert (completions(session), session.exec(select(AuditEntry)).all()) == ([], [])


def test_another_schemes_module_cannot_be_taken(session: Session, cohort: Cohort) -> None:
    theirs = make_module(session, make_cohort(session))
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    with pytest.raises(NotAllowed):
        training.check(session, actor, theirs.id, [1, 0], TODAY)

    assert completions(session) == []


def test_a_coordinator_takes_no_check_for_anybody(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(NotAllowed):
        training.check(session, actor, module.id, [1, 0], TODAY)

    assert completions(session) == []


def test_a_place_that_has_ended_takes_no_check(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTOR, status=EnrolmentStatus.WITHDRAWN)

    with pytest.raises(NotAllowed):
        training.check(session, make_participant(session, enrolment), module.id, [1, 0], TODAY)

    assert completions(session) == []


@pytest.mark.clause("U-C5.1")
def test_a_new_edition_asks_for_its_check_again_and_the_old_one_is_closed(session: Session, cohort: Cohort) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, old, date(2028, 9, 1))
    new = make_module(session, cohort, edition=2, counts_from=2)
    actor = make_participant(session, enrolment)

    with pytest.raises(Conflict):
        training.check(session, actor, old.id, [1, 0], TODAY)

    (shown,) = training.modules(session, actor, TODAY)
    assert (shown.id, shown.state) == (new.id, TrainingState.OPEN)
    assert untrained(session, cohort) == {enrolment.id}


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


@pytest.mark.parametrize(("ticked", "passed"), [({0, 2}, True), ({0}, False), ({0, 1, 2}, False)])
def test_of_several_right_answers_all_are_to_be_ticked_and_no_other(
    session: Session, cohort: Cohort, ticked: set[int], passed: bool
) -> None:
    module = make_module(session, cohort, questions=[SEVERAL], pass_mark=1)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    outcome = training.check(session, actor, module.id, [ticked], TODAY)

    assert (outcome.passed, outcome.marked) == (passed, (training.Marked("Which?", passed, "a; c", "A and c."),))


def test_after_three_tries_in_ten_minutes_the_check_waits(session: Session, cohort: Cohort) -> None:
    module = make_module(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(3):
            training.check(session, actor, module.id, [0, 0], TODAY)

        with pytest.raises(Conflict) as refused:
            training.check(session, actor, module.id, [1, 0], TODAY)
        (waiting,) = training.modules(session, actor, TODAY)
        clock.shift(timedelta(minutes=10))
        passed = training.check(session, actor, module.id, [1, 0], TODAY).passed

    assert refused.value.remedy == "Read the text again and come back in 10 minutes."
    assert waiting.waits_until == NOON + timedelta(minutes=10)
    assert (passed, len(session.exec(select(TrainingAttempt)).all())) == (True, 3)


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


@pytest.mark.clause("U-C5.1")
def test_a_new_edition_that_nobody_repeats_leaves_earlier_passes_as_they_are(session: Session, cohort: Cohort) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, old, date(2028, 9, 1))
    make_module(session, cohort, edition=2, counts_from=1)

    standing = training.standing(session, make_participant(session, enrolment), TODAY)

    assert [(module.edition, module.state) for module in standing.modules] == [(2, TrainingState.PASSED)]
    assert [(line.edition, line.expires_on) for line in standing.completed] == [(1, date(2028, 9, 1))]
    assert untrained(session, cohort) == set()


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
        with counted_queries(session) as statements:
            training.progress(session, coordinator, cohort.id, today=TODAY)
        taken.append(len([statement for statement in statements if statement.startswith("SELECT")]))

    assert taken == [3, 3]


def test_strangers_see_no_training(session: Session, cohort: Cohort) -> None:
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    with pytest.raises(NotAllowed):
        training.progress(session, stranger, cohort.id, today=TODAY)
    with pytest.raises(NotAllowed):
        training.modules(session, stranger, TODAY)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 10, 1), 24, date(2028, 10, 1)),
        (date(2026, 11, 30), 0, date(2026, 11, 30)),
    ],
)
def test_months_are_counted_to_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later
