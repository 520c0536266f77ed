"""Training: reading, the check graded by the server, its result; for coordinators, who has passed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
import time_machine
from sqlmodel import Session, select

from models.agreements import PublishedState, TrainingCompletion, TrainingModule
from models.enrolments import Enrolment, Side
from models.messages import Message
from models.people import Person
from models.schemes import Cohort
from services import training_authoring
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_person,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.training_parts import SEVERAL, make_completion, make_module


@pytest.fixture(autouse=True)
def _on_a_day_of_the_story() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


def person_of(session: Session, enrolment: Enrolment) -> Person:
    return session.get_one(Person, enrolment.person_id)


def modules(session: Session) -> list[TrainingModule]:
    session.rollback()
    return list(session.exec(select(TrainingModule)).all())


def completions(session: Session) -> list[TrainingCompletion]:
    session.rollback()
    return list(session.exec(select(TrainingCompletion)).all())


def test_a_mentor_reads_answers_and_passes(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))
    # Where they are, the day after this one has begun.
    mentor.time_zone = "Pacific/Kiritimati"
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
    assert [(row.module_id, row.completed_on) for row in completions(page_session)] == [(module.id, date(2026, 11, 23))]


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

    assert [header.value for header in page.header] == ["Starter", "Your certificates"]
    assert [line.value for line in page.markdown if "Ran out" in line.value] == [
        "- **Starter** :red-badge[Ran out]\n- **An extra** :blue-badge[If you like]",
        ":red-badge[Ran out] Required before you can be matched · about 15 minutes"
        " · passed on 1 September, counted until 1 September 2020",
    ]
    assert "version 1, passed on 1 September, counted until 1 September 2020]" in page.markdown[-1].value


@pytest.mark.clause("U-C5.1")
def test_whoever_passed_an_earlier_version_reads_why_it_is_asked_again(page_session: Session, cohort: Cohort) -> None:
    old = make_module(page_session, cohort, state=PublishedState.RETIRED)
    make_module(page_session, cohort, edition=2, counts_from=2, due_on=date(2026, 12, 13))
    enrolment = make_enrolment(page_session, cohort, Side.MENTOR)
    make_completion(page_session, enrolment, old, date(2028, 9, 1))

    page = open_page("training", person_of(page_session, enrolment))

    assert "about 15 minutes · new since you passed it on 1 September" in "".join(line.value for line in page.markdown)
    assert "version 1, passed on 1 September; a newer version is asked for now]" in page.markdown[-1].value


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
        "This scheme requires no training before a match, or nobody who needs it has enrolled yet. "
        "What people can learn anyway stands under “Modules”."
    ]


def test_of_several_right_answers_all_are_ticked(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort, questions=[SEVERAL], pass_mark=1)
    page = open_page("training", person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR)))

    for option in (0, 2):
        page.checkbox(key=f"answer-{module.id}-1-{option}").check()
    page.button(key=f"check-button-{module.id}").click().run()

    assert [row.module_id for row in completions(page_session)] == [module.id]


def test_after_three_tries_the_page_says_when_the_check_opens_again(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    page = open_page("training", person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR)))

    for _ in range(3):
        page.radio(key=f"answer-{module.id}-1").set_value(0)
        page.radio(key=f"answer-{module.id}-2").set_value(1)
        page.button(key=f"check-button-{module.id}").click().run()

    assert not page.exception
    assert [notice.value.split(";")[0] for notice in page.info] == [
        "You have tried it 3 times just now. Read the text again"
    ]
    assert list(page.radio) == []


@pytest.mark.clause("U-C5.1")
def test_a_further_module_says_by_when(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, mentor_gates=["training"]))
    make_module(page_session, cohort, due_on=date(2026, 11, 27))

    page = open_page("training", person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR)))

    assert [line.value for line in page.markdown if "badge" in line.value] == [
        ":orange-badge[To do] To be done by Friday 27 November; after that, no new match until you have"
        " · about 15 minutes"
    ]


@pytest.mark.clause("U-3")
def test_whoever_passed_finds_the_certificate(page_session: Session, cohort: Cohort) -> None:
    module = make_module(page_session, cohort)
    enrolment = make_enrolment(page_session, cohort, Side.MENTOR)
    make_completion(page_session, enrolment, module, date(2028, 9, 1))

    page = open_page("training", person_of(page_session, enrolment))

    assert [header.value for header in page.header] == ["Your certificates", "Starting as a mentor"]
    assert (
        "**Starting as a mentor**  \n:small[:gray[version 1, passed on 1 September, counts until 1 September 2028]]"
        in [line.value for line in page.markdown]
    )


@pytest.mark.clause("U-C5.1")
def test_a_coordinator_reads_and_sends_a_reminder_to_whoever_is_overdue(page_session: Session, cohort: Cohort) -> None:
    make_module(page_session, cohort, due_on=date(2026, 11, 1))
    make_enrolment(page_session, cohort, Side.MENTOR, name="Ama *B*")
    page = open_page("training", make_coordinator(page_session, cohort), state="overdue")
    preview = [text.value for text in page.text]

    page.button(key="remind").click().run()

    assert not page.exception
    assert "Starting as a mentor (due by Sunday 1 November 2026)" in preview[0]
    assert [notice.value for notice in page.success] == ["1 email waits: this desk has no mail server yet."]
    page_session.rollback()
    assert [message.template for message in page_session.exec(select(Message))] == ["training_due"]


def test_another_search_begins_at_the_first_page_in_the_browser_too(page_session: Session, cohort: Cohort) -> None:
    make_module(page_session, cohort)
    for number in range(45):
        make_enrolment(page_session, cohort, Side.MENTOR, name=f"Ama {number:02}")
    page = open_page("training", make_coordinator(page_session, cohort))
    cast("Any", page.get("pagination")[0]).set_value(3).run()
    third = page.markdown[0].value

    page.text_input(key="search").set_value("Ama").run()

    # Told to the browser, which would otherwise ask for the third page again at its next press.
    (pages,) = page.get("pagination")
    assert "Ama 44" in third
    assert "Ama 00" in page.markdown[0].value
    assert (pages.proto.num_pages, pages.proto.value, pages.proto.set_value) == (3, 1, True)


@pytest.mark.clause("U-C5.1")
def test_a_coordinator_writes_a_module_and_publishes_it(page_session: Session, cohort: Cohort) -> None:
    page = open_page("training", make_coordinator(page_session, cohort), view="modules")
    page.text_input(key="new_title").set_value("Further")
    page.button(key="begin").click().run()
    draft = modules(page_session)[0]
    page.text_area(key=f"text-{draft.id}-1").set_value("Read this.")
    page.button(key=f"save-{draft.id}-1").click().run()
    page.text_input(key=f"question-words-{draft.id}-2-0").set_value("When?")
    page.text_area(key=f"options-{draft.id}-2-0").set_value("* First\nLater")
    page.button(key=f"save-question-{draft.id}-2").click().run()

    page.button(key=f"publish-{draft.id}-3").click().run()

    assert not page.exception
    assert [notice.value for notice in page.success] == ["Version 1 of “Further” is in force."]
    (row,) = modules(page_session)
    assert (row.state, row.text, row.required_for) == (PublishedState.PUBLISHED, "Read this.", ["mentor"])
    assert row.questions == [{"question": "When?", "options": ["First", "Later"], "answer": 0, "explanation": ""}]


def a_draft(page_session: Session, cohort: Cohort, **facts: Any) -> TrainingModule:
    draft = make_module(page_session, cohort, key="further", state=PublishedState.DRAFT, **facts)
    page_session.commit()
    return draft


@pytest.mark.clause("U-C5.1")
def test_who_is_asked_and_how_is_read_before_publishing(page_session: Session, cohort: Cohort) -> None:
    make_enrolment(page_session, cohort, Side.MENTOR, name="Ama *B*")
    draft = a_draft(page_session, cohort, due_on=date(2099, 1, 1))

    page = open_page("training", make_coordinator(page_session, cohort), view="modules", module=str(draft.id))
    words = "\n".join(line.value for line in page.markdown)
    preview = [text.value for text in page.text]
    page.button(key=f"publish-{draft.id}-1").click().run()

    assert "1 person gets an email, and another a week before" in words
    assert "To Ama \\*B\\*" in words
    assert "Please do it by Thursday 1 January 2099." in preview[0]
    assert page.success[0].value.endswith("is in force. 1 email waits: this desk has no mail server yet.")
    page_session.rollback()
    assert [message.template for message in page_session.exec(select(Message))] == ["training_asked"]


def test_a_draft_whose_day_has_passed_opens_and_can_be_thrown_away(page_session: Session, cohort: Cohort) -> None:
    draft = a_draft(page_session, cohort, due_on=date(2026, 1, 1))
    page = open_page("training", make_coordinator(page_session, cohort), view="modules", module=str(draft.id))

    day = page.date_input(key=f"due-{draft.id}-1").value
    page.button(key=f"discard-{draft.id}-1").click().run()

    assert not page.exception
    assert day == date(2026, 1, 1)
    assert modules(page_session) == []


def test_an_unfinished_module_is_not_published(page_session: Session, cohort: Cohort) -> None:
    page = open_page("training", make_coordinator(page_session, cohort), view="modules")
    page.text_input(key="new_title").set_value("Further")
    page.button(key="begin").click().run()
    draft = modules(page_session)[0]

    page.button(key=f"publish-{draft.id}-1").click().run()

    assert [error.value for error in page.error] == ["There is nothing to read in it yet\\. Write the text first\\."]
    assert [row.state for row in modules(page_session)] == [PublishedState.DRAFT]


def test_a_certificates_code_is_verified(page_session: Session, cohort: Cohort) -> None:
    enrolment = make_enrolment(page_session, cohort, Side.MENTOR, name="Ọlájídé")
    make_completion(page_session, enrolment, make_module(page_session, cohort), date(2028, 9, 1))
    page = open_page("training", make_coordinator(page_session, cohort))

    page.session_state["verifying"] = True
    page.run()
    page.text_input(key="code").set_value(completions(page_session)[0].code.lower())
    page.button(key="verify-button").click().run()

    assert [notice.value for notice in page.success] == [
        "Genuine: Ọlájídé passed “Starting as a mentor”, version 1, on 1 September."
    ]


def test_a_visitor_sees_no_training(page_session: Session, cohort: Cohort) -> None:
    make_account(page_session, make_person(page_session))
    make_module(page_session, cohort)
    page_session.commit()

    page = open_page("training", None)

    assert "Read this" not in "\n".join(line.value for line in page.markdown)


def changed_by_a_colleague(session: Session, cohort: Cohort, draft: TrainingModule, title: str) -> None:
    colleague = make_actor(make_coordinator(session, cohort, "Rui Reader"), cohort)
    now = training_authoring.edition(session, colleague, draft.id)
    training_authoring.save(session, colleague, draft.id, replace(now.content, title=title), version=now.version)


CHANGED = "Somebody else changed this draft a moment ago\\. This is how it reads now\\."


@pytest.mark.parametrize("press", ["save", "save-question", "publish", "discard"])
def test_a_press_on_a_draft_that_a_colleague_saved_meanwhile_says_so_and_loses_no_words(
    page_session: Session, cohort: Cohort, press: str
) -> None:
    draft = a_draft(page_session, cohort, text="Read this.")
    page = open_page("training", make_coordinator(page_session, cohort), view="modules", module=str(draft.id))
    page.text_area(key=f"text-{draft.id}-1").set_value("Mine, all mine.")
    page.text_input(key=f"question-words-{draft.id}-1-0").set_value("Mine?")
    changed_by_a_colleague(page_session, cohort, draft, "Theirs")

    page.button(key=f"{press}-{draft.id}-1").click().run()

    assert not page.exception
    assert [error.value for error in page.error] == [CHANGED]
    kept = {"save": ["Starting as a mentor\n\nMine, all mine."], "save-question": ["Mine?"]}
    assert [code.value for code in page.code] == kept.get(press, [])
    (row,) = modules(page_session)
    assert (row.title, row.text, row.state) == ("Theirs", "Read this.", PublishedState.DRAFT)


def test_what_was_typed_into_a_draft_that_a_colleague_threw_away_can_still_be_copied(
    page_session: Session, cohort: Cohort
) -> None:
    draft = a_draft(page_session, cohort)
    page = open_page("training", make_coordinator(page_session, cohort), view="modules", module=str(draft.id))
    page.text_area(key=f"text-{draft.id}-1").set_value("Mine, all mine.")
    page_session.delete(draft)
    page_session.commit()

    page.button(key=f"save-{draft.id}-1").click().run()
    said = {error.value for error in page.error}
    kept = [code.value for code in page.code]
    page.button(key="unsaved-done").click().run()

    assert said == {"You cannot open this module\\. Ask one of the scheme's coordinators\\."}
    assert kept == ["Starting as a mentor\n\nMine, all mine."]
    assert list(page.code) == []
