"""People & schemes, the part about equality questions: switched all at once or one by one, and what goes is said."""

from datetime import date

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Side
from models.equality import EqualityAnswers
from models.people import Person
from models.schemes import Cohort, Scheme
from pages.scheme_equality import MEANS
from pages.unsaved import OUTDATED
from services import equality_asked
from services.access import DESK
from services.schemes import starting
from tests.factories import make_actor, make_coordinator
from tests.pages.opening import open_page
from tests.services.counting import reads, sent
from tests.services.test_equality_asked import kept, somebody


def a_scheme(session: Session, template: str) -> tuple[Cohort, Person]:
    first, last = date(2026, 9, 1), date(2027, 8, 31)
    cohort = starting.start(session, DESK, template, cohort_name="2026", starts_on=first, ends_on=last)
    return cohort, make_coordinator(session, cohort)


def asked(session: Session, cohort: Cohort) -> list[str]:
    session.expire_all()
    found: list[str] = session.get_one(Scheme, cohort.scheme_id).other_settings["equality"]
    return found


def opened(coordinator: Person) -> AppTest:
    return open_page("scheme_settings", coordinator, part="equality")


@pytest.mark.clause("A-SH3")
def test_a_question_goes_after_it_was_said_that_its_answers_go_and_no_answer_is_ever_shown(
    page_session: Session,
) -> None:
    cohort, coordinator = a_scheme(page_session, "aulp")
    mentee = somebody(page_session, cohort, {"age": "25_34", "disability": "yes"}, Side.MENTEE)
    page = opened(coordinator)
    boxes = [(box.label, box.value) for box in page.checkbox]

    page.checkbox[3].uncheck().run()
    page.button(key="equality-save").click().run()
    warned, before = [notice.value for notice in page.warning], asked(page_session, cohort)
    page.button(key="equality-go").click().run()

    assert [value for _, value in boxes] == [True] * 5
    assert warned == [
        "No longer asked: Disability. All answers to it are deleted at once, in every cohort of the scheme, and nobody "
        "can bring them back. The comparisons made from them are deleted as well. Answers to the other questions stay, "
        "unless this server's key no longer opens them. Nobody is written to."
    ]
    assert before == ["age", "gender", "ethnicity", "disability", "first_family"]
    assert asked(page_session, cohort) == ["age", "gender", "ethnicity", "first_family"]
    assert kept(page_session) == {mentee.id: {"age": "25_34"}}
    said = [notice.value for notice in page.success]
    assert said == ["Saved. People find the questions under Consents. Answers to the others are deleted."]
    assert [box.value for box in page.checkbox] == [True, True, True, False, True]


@pytest.mark.clause("A-SH3")
def test_all_go_by_one_switch_and_can_be_left_as_they_are_instead(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session, "aulp")
    somebody(page_session, cohort, {"age": "25_34"})
    page = opened(coordinator)

    page.toggle[0].set_value(False).run()
    page.button(key="equality-save").click().run()
    page.button(key="equality-stay").click().run()
    stayed = (page.toggle[0].value, len(page.checkbox), len(page.warning), len(kept(page_session)))
    page.toggle[0].set_value(False).run()
    page.button(key="equality-save").click().run()
    warned = page.warning[0].value
    page.button(key="equality-go").click().run()

    assert stayed == (True, 5, 0, 1)
    assert warned.startswith("No equality question is asked any more. All answers are deleted at once,")
    assert (asked(page_session, cohort), page_session.exec(select(EqualityAnswers)).all()) == ([], [])
    assert (page.toggle[0].value, len(page.checkbox)) == (False, 0)


@pytest.mark.parametrize(
    ("template", "boxes"), [("blank", 5), ("unnc_alumni", 3)], ids=["nothing asked", "two ruled out"]
)
def test_questions_are_switched_on_without_a_word_of_warning(page_session: Session, template: str, boxes: int) -> None:
    cohort, coordinator = a_scheme(page_session, template)
    page = opened(coordinator)

    if template == "blank":
        page.toggle[0].set_value(True).run()
    with sent(page_session) as statements:
        page.checkbox[0].check().run()
    page.button(key="equality-save").click().run()

    assert (len(page.checkbox), len(page.warning)) == (boxes, 0)
    assert len(asked(page_session, cohort)) == boxes
    assert [notice.value for notice in page.success] == ["Saved. People find the questions under Consents."]
    never = [caption.value for caption in page.caption if caption.value.startswith("Never asked")]
    assert len(never) == (template == "unnc_alumni")
    assert MEANS in [block.value for block in page.markdown]
    assert len(reads(statements)) <= 12


def test_a_press_on_what_a_colleague_changed_meanwhile_changes_nothing_and_says_so(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session, "aulp")
    page = opened(coordinator)
    page.checkbox[0].uncheck().run()
    colleague = make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)
    seen = asked(page_session, cohort)
    equality_asked.keep(page_session, colleague, cohort.scheme_id, seen[:4], seen=seen)

    page.button(key="equality-save").click().run()

    assert not page.exception
    assert [error.value for error in page.error] == [OUTDATED]
    assert (asked(page_session, cohort), [box.value for box in page.checkbox]) == (seen[:4], [True] * 4 + [False])
