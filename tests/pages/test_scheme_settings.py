"""The People & schemes screen: the form that a coordinator edits, its preview, and what people corrected."""

from datetime import date

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.people import Person
from models.schemes import Cohort, FormField
from pages.unsaved import OUTDATED
from services import enrolments, form_editing
from services.access import DESK
from services.form_editing import Wording
from services.schemes import starting
from tests.factories import make_actor, make_coordinator, make_enrolment, make_participant
from tests.pages.opening import open_page


def a_scheme(session: Session) -> tuple[Cohort, Person]:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    return cohort, make_coordinator(session, cohort)


def field_of(session: Session, cohort: Cohort, key: str) -> FormField:
    session.expire_all()
    return session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id, FormField.key == key)).one()


def editing(session: Session, coordinator: Person, field: FormField) -> AppTest:
    page = open_page("scheme_settings", coordinator)
    return page.selectbox(key="question").set_value(str(field.id)).run()


def test_the_form_is_listed_whole_in_its_steps(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)

    page = open_page("scheme_settings", coordinator)

    listed = next(block.value for block in page.markdown if "questions are asked" in block.value)
    total = len(page_session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id)).all())
    assert listed.startswith(f"{total} questions are asked.")
    assert listed.count("\n1. ") == total


@pytest.mark.parametrize("press", ["save", "save-match", "move1", "retire"])
def test_a_press_on_a_question_that_a_colleague_reworded_meanwhile_says_so_and_loses_no_words(
    page_session: Session, press: str
) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = field_of(page_session, cohort, "needs")
    page = editing(page_session, coordinator, field)
    page.text_input(key=f"label-mentee-{field.id}-1").set_value("Mine?")
    colleague = make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)
    theirs = {Side.MENTEE: Wording("Theirs?", "", "The coordinator only.")}
    form_editing.reword(page_session, colleague, field.id, version=1, words=theirs, required=False)

    page.button(key=f"{press}-{field.id}-1").click().run()

    assert not page.exception
    assert [error.value for error in page.error] == [OUTDATED]
    kept = {"save": ["Mine?"], "save-match": ["What helps them"]}
    assert [code.value.split("\n")[0] for code in page.code] == kept.get(press, [])
    now = field_of(page_session, cohort, "needs")
    assert (now.labels["mentee"], now.version, page.text_input(key=f"label-mentee-{field.id}-2").value) == (
        "Theirs?",
        2,
        "Theirs?",
    )


def test_rewording_a_question_is_what_people_read_next(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = field_of(page_session, cohort, "needs")
    page = editing(page_session, coordinator, field)

    page.text_input(key=f"label-mentee-{field.id}-1").set_value("What helps *you*?")
    page.button(key=f"save-{field.id}-1").click().run()

    changed = field_of(page_session, cohort, "needs")
    said = {"mentee": "What helps *you*?", "match:mentee": "What helps them"}
    assert (changed.labels, changed.version) == (said, 2)
    assert [notice.value for notice in page.success] == ["Saved. The form reads so from now on."]
    assert r"What helps \*you\*?" in [heading.value for heading in page.header]


def test_moving_a_question_up_works_by_a_button(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = field_of(page_session, cohort, "background")
    page = editing(page_session, coordinator, field)

    page.button(key=f"move-1-{field.id}-1").click().run()

    order = page_session.exec(
        select(FormField.key)
        .where(FormField.scheme_id == cohort.scheme_id, FormField.step == 2)
        .order_by(col(FormField.position))
    ).all()
    assert order == ["summary", "goals", "capacity", "background", "needs", "support", "situation"]


def test_retiring_says_first_how_many_answers_are_kept_and_then_shows_them(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    make_enrolment(page_session, cohort, name="Ama", answers={"needs": "Written *notes*."})
    field = field_of(page_session, cohort, "needs")
    page = editing(page_session, coordinator, field)

    page.button(key=f"retire-{field.id}-1").click().run()
    warned = [notice.value for notice in page.warning]
    still_asked = field_of(page_session, cohort, "needs").retired_at is None
    page.button(key=f"really-{field.id}-1").click().run()

    assert still_asked
    assert ["Answers kept: 1." in notice for notice in warned] == [True]
    assert field_of(page_session, cohort, "needs").retired_at is not None
    assert r"- **Ama**: Written \*notes\*\." in [block.value for block in page.markdown]


@pytest.mark.clause("U-1", "U-2")
@pytest.mark.parametrize("key", ["summary", "directory", "capacity"])
def test_what_the_desk_needs_offers_no_end(page_session: Session, key: str) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = field_of(page_session, cohort, key)

    page = editing(page_session, coordinator, field)

    assert [button.label for button in page.button if button.label.startswith("Retire")] == []


def test_a_choice_is_added_and_asked(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    page = open_page("scheme_settings", coordinator)
    page.session_state["more"] = True
    page.run()

    page.selectbox(key="new-kind").set_value("choice").run()
    page.text_input(key="new-label").set_value("Tea or coffee?")
    page.text_area(key="new-options").set_value("Tea\nCoffee")
    next(button for button in page.button if button.label == "Add this question").click().run()

    added = field_of(page_session, cohort, "tea_or_coffee")
    assert (added.options, added.roles, added.step) == (["tea", "coffee"], ["mentor", "mentee"], 2)


def drink_of(session: Session, cohort: Cohort, coordinator: Person) -> FormField:
    """A question with three options."""
    form_editing.add(
        session,
        make_actor(coordinator, cohort),
        cohort.scheme_id,
        kind="choice",
        step=2,
        sides=list(Side),
        words=Wording("Drink", "", "The coordinator only."),
        required=False,
        options=["Tea", "Coffee", "Milk"],
    )
    return field_of(session, cohort, "drink")


def test_an_option_goes_only_after_it_was_said_whose_it_is(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = drink_of(page_session, cohort, coordinator)
    make_enrolment(page_session, cohort, answers={"drink": "milk"})
    page = editing(page_session, coordinator, field)

    page.text_input(key=f"option-milk-{field.id}-1").set_value("")
    page.button(key=f"save-{field.id}-1").click().run()
    warned, before = [notice.value for notice in page.warning], field_of(page_session, cohort, "drink").options
    page.button(key=f"confirm-{field.id}-1").click().run()

    assert warned == ["No longer offered: “Milk”: chosen by 1. Whoever chose it keeps it, marked as no longer offered."]
    assert (before, field_of(page_session, cohort, "drink").options) == (["tea", "coffee", "milk"], ["tea", "coffee"])


def test_an_option_is_not_taken_from_a_question_that_a_colleague_changed_meanwhile_and_that_is_said(
    page_session: Session,
) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = drink_of(page_session, cohort, coordinator)
    page = editing(page_session, coordinator, field)
    page.text_input(key=f"option-milk-{field.id}-1").set_value("")
    page.text_area(key=f"more-{field.id}-1").set_value("Water")
    page.button(key=f"save-{field.id}-1").click().run()
    colleague = make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)
    form_editing.move(page_session, colleague, field.id, version=1, by=-1)

    page.button(key=f"confirm-{field.id}-1").click().run()

    assert [error.value for error in page.error] == [OUTDATED]
    assert [code.value for code in page.code] == ["Drink\n\nThe coordinator only.\n\nTea\n\nCoffee\n\nWater"]
    assert field_of(page_session, cohort, "drink").options == ["tea", "coffee", "milk"]


@pytest.mark.parametrize("side", list(Side))
def test_the_preview_shows_what_people_meet(page_session: Session, side: Side) -> None:
    _, coordinator = a_scheme(page_session)
    page = open_page("scheme_settings", coordinator, part="preview")

    page.segmented_control(key="side").set_value(side).run()

    assert page.text_input(key=f"try-{side}-full_name").label == "Full name"
    assert not page.exception


def test_corrections_are_read_with_what_stood_before_but_never_a_wechat_id(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    enrolment = make_enrolment(page_session, cohort, name="Ama *B*", goals="Old", submitted_at=utc_now())
    page_session.commit()
    actor = make_participant(page_session, page_session.get_one(Enrolment, enrolment.id))
    enrolments.save_draft(page_session, actor, {"goals": "New", "wechat_id": "wx_secret_1"})

    page = open_page("scheme_settings", coordinator, part="corrections")

    lines = [block.value for block in page.markdown if "changed on" in block.value]
    assert len(lines) == 1
    assert lines[0].startswith(r"- **Ama \*B\*** (mentee), What you would like mentoring to do for you: changed on ")
    assert lines[0].endswith(" from “Old” to “New”")


def test_a_mentor_is_told_whose_page_this_is(page_session: Session) -> None:
    cohort, _ = a_scheme(page_session)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)

    page = open_page("scheme_settings", page_session.get_one(Person, mentor.person_id))

    assert list(page.selectbox) == []


def test_new_questions_of_the_template_are_shown_and_then_asked(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    for key in ("sort_name", "availability"):
        page_session.delete(field_of(page_session, cohort, key))
    page_session.commit()

    page = open_page("scheme_settings", coordinator)
    page.session_state["template"] = True
    page.run()
    page.checkbox(key="template-sort_name").uncheck().run()
    page.button(key="take-over").click().run()

    assert not page.exception
    assert field_of(page_session, cohort, "availability").required is False
    asked = select(FormField.key).where(FormField.scheme_id == cohort.scheme_id, FormField.key == "sort_name")
    assert page_session.exec(asked).all() == []
    assert "Your template has 1 new question" in {expander.label for expander in page.expander}


@pytest.mark.clause("U-1")
def test_a_question_is_offered_to_the_directory_and_what_must_stay_private_is_not(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field, private = (field_of(page_session, cohort, key) for key in ("situation", "telephone"))
    page = editing(page_session, coordinator, field)

    page.text_input(key=f"listed-as-{field.id}-1").set_value("Whom I would like to meet")
    page.button(key=f"save-listing-{field.id}-1").click().run()
    said = [notice.value for notice in page.success]
    page.selectbox(key="question").set_value(str(private.id)).run()

    assert field_of(page_session, cohort, "situation").listing == "Whom I would like to meet"
    assert said == ["Saved. Mentors find the switch under Consents."]
    assert [each.label for each in page.text_input if "directory" in each.label] == []
