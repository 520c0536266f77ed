"""Training is what somebody passed here: graded on the server, and never taken from a claim."""

from datetime import date, timedelta

import pytest
import time_machine
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingAttempt
from models.audit import AuditEntry
from models.enrolments import EnrolmentStatus, Side
from models.schemes import Cohort
from services import training
from services.errors import Conflict, Invalid, NotAllowed
from services.training import TrainingState, add_months
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_participant,
)
from tests.services.training_parts import (
    NOON,
    SEVERAL,
    TODAY,
    completions,
    make_completion,
    make_module,
    untrained,
)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


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
def test_a_new_edition_that_nobody_repeats_leaves_earlier_passes_as_they_are(session: Session, cohort: Cohort) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, old, date(2028, 9, 1))
    make_module(session, cohort, edition=2, counts_from=1)

    standing = training.standing(session, make_participant(session, enrolment), TODAY)

    assert [(module.edition, module.state) for module in standing.modules] == [(2, TrainingState.PASSED)]
    assert [(line.edition, line.expires_on, line.is_replaced) for line in standing.completed] == [
        (1, date(2028, 9, 1), False)
    ]
    assert untrained(session, cohort) == set()


@pytest.mark.clause("U-C5.1")
def test_a_new_edition_to_be_repeated_says_that_the_earlier_pass_is_replaced(session: Session, cohort: Cohort) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    enrolment = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, enrolment, old, date(2028, 9, 1))
    make_module(session, cohort, edition=2, counts_from=2)

    standing = training.standing(session, make_participant(session, enrolment), TODAY)

    assert [(each.state, each.completed_on, each.passed_before_on) for each in standing.modules] == [
        (TrainingState.OPEN, None, date(2026, 9, 1))
    ]
    assert [(line.edition, line.is_replaced) for line in standing.completed] == [(1, True)]


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
