"""Training: reading, the check graded by the server, its result; for coordinators, who has passed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlmodel import Session, select

from models.agreements import TrainingCompletion
from models.enrolments import Enrolment, Side
from models.people import Person
from models.schemes import Cohort
from tests.factories import make_account, make_cohort, make_coordinator, make_enrolment, make_person, make_scheme
from tests.pages.opening import open_page
from tests.services.test_training import make_completion, make_module


@pytest.fixture(autouse=True)
def _on_a_day_of_the_story() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


def person_of(session: Session, enrolment: Enrolment) -> Person:
    return session.get_one(Person, enrolment.person_id)


def completions(session: Session) -> list[TrainingCompletion]:
    session.rollback()
    return list(session.exec(select(TrainingCompletion)).all())


def test_a_mentor_reads_answers_and_passes(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))
    page = open_page("training", mentor)
    shown = [line.value for line in page.markdown]

    page.radio(key=f"answer-{module.id}-1").set_value(1)
    page.radio(key=f"answer-{module.id}-2").set_value(0)
    page.button(key=f"check-button-{module.id}").click().run()

    assert "### Starting\n\nRead this\\." in shown
    assert not page.exception
    assert [notice.value.split(".")[0] for notice in page.success] == [
        "You have done the training that this scheme requires",
        "Passed: 2 of 2 right",
    ]
    assert "Because b\\." in [line.value for line in page.markdown]
    assert [row.module_id for row in completions(page_session)] == [module.id]


def test_a_failed_check_explains_and_completes_nothing(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))
    page = open_page("training", mentor)

    page.radio(key=f"answer-{module.id}-1").set_value(0)
    page.radio(key=f"answer-{module.id}-2").set_value(0)
    page.button(key=f"check-button-{module.id}").click().run()

    assert [notice.value.split(".")[0] for notice in page.warning] == ["Not yet: 1 of 2 right, and 2 are needed"]
    assert "Looked for: b" in [line.value for line in page.markdown]
    assert completions(page_session) == []


def test_a_blank_answer_is_refused_and_the_others_stay(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))
    page = open_page("training", mentor)
    page.radio(key=f"answer-{module.id}-1").set_value(1)

    page.button(key=f"check-button-{module.id}").click().run()

    assert [error.value for error in page.error] == ["Question 2 has no answer\\. Choose one of its options\\."]
    assert page.radio(key=f"answer-{module.id}-1").value == 1
    assert completions(page_session) == []


def test_before_the_check_the_page_holds_no_answer(page_session: Session, cohort: Cohort) -> None:
    make_module(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))

    page = open_page("training", mentor)

    assert "Because" not in str(page)


def test_what_ran_out_says_so_and_is_offered_first(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, mentor_gates=["training"]))
    old = make_module(page_session, cohort, title="Starter")
    make_module(page_session, cohort, key="extra", title="An extra", required_for=[])
    enrolment = make_enrolment(page_session, cohort, Side.MENTOR)
    make_completion(page_session, enrolment, old, date(2020, 9, 1))

    page = open_page("training", person_of(page_session, enrolment))

    assert [header.value for header in page.header] == ["Starter"]
    assert [line.value for line in page.markdown if "Ran out" in line.value] == [
        "- **Starter** :red-badge[Ran out]\n- **An extra** :blue-badge[If you like]",
        ":red-badge[Ran out] Required before you can be matched · about 15 minutes"
        " · passed on 1 September, counted until 1 September 2020",
    ]


def test_a_side_without_training_is_told_so(page_session: Session, cohort: Cohort) -> None:
    page = open_page("training", person_of(page_session, make_enrolment(page_session, cohort)))

    assert [notice.value for notice in page.info] == ["This scheme asks no training of you."]


@pytest.mark.clause("U-3")
def test_a_coordinator_sees_a_spreadsheets_tick_as_a_claim(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    make_enrolment(page_session, cohort, Side.MENTOR, name="Ama", claims={"training": "Yes"})
    done = make_enrolment(page_session, cohort, Side.MENTOR, name="Bo")
    make_completion(page_session, done, module, date(2030, 1, 1))
    make_enrolment(page_session, cohort, Side.MENTEE, name="Cy")

    page = open_page("training", make_coordinator(page_session, cohort))

    assert [line.value for line in page.markdown if "badge" in line.value] == [
        "**Ama** · Starting as a mentor :orange-badge[To do]"
        " :gray-badge[Spreadsheet says “Yes”: claimed, does not count]\n\n"
        "**Bo** · Starting as a mentor :green-badge[:material/check: Passed] until 1 January 2030",
    ]


def test_a_coordinator_whose_scheme_requires_nothing_is_told_so(page_session: Session, cohort: Cohort) -> None:
    page = open_page("training", make_coordinator(page_session, cohort))

    assert [notice.value for notice in page.info] == [
        "This scheme requires no training, or nobody who needs it has enrolled yet."
    ]


def test_a_visitor_sees_no_training(page_session: Session, cohort: Cohort) -> None:
    make_account(page_session, make_person(page_session))
    make_module(page_session, cohort)
    page_session.commit()

    page = open_page("training", None)

    assert "Read this" not in "\n".join(line.value for line in page.markdown)
