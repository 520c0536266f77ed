"""People & schemes: what the match sees of the answers to one question."""

from sqlmodel import Session, select

from models.enrolments import Enrolment, Side
from models.schemes import FormField
from services import enrolments
from services.enrolment_form import ALWAYS, CHOICE
from tests.factories import make_enrolment, make_participant
from tests.pages.test_scheme_settings import a_scheme, editing, field_of


def audience_of(session: Session, enrolment: Enrolment, key: str) -> str:
    form = enrolments.form(session, make_participant(session, enrolment))
    return next(question.audience for step in form.steps for question in step.questions if question.key == key)


def test_a_coordinator_says_what_a_match_sees_and_the_form_says_so(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field = field_of(page_session, cohort, "situation")
    mentee = make_enrolment(page_session, cohort)
    before = audience_of(page_session, mentee, "situation")
    page = editing(page_session, coordinator, field)

    page.selectbox(key=f"rule-mentee-{field.id}-1").set_value(CHOICE)
    page.text_input(key=f"match-words-mentee-{field.id}-1").set_value("At the moment")
    page.button(key=f"save-match-{field.id}-1").click().run()

    changed = field_of(page_session, cohort, "situation")
    assert (changed.for_match, changed.labels["match:mentee"]) == ({"mentee": CHOICE}, "At the moment")
    assert [notice.value for notice in page.success] == ["Saved. The form says so from now on."]
    assert audience_of(page_session, mentee, "situation").removeprefix(before) == (
        " Your mentor sees it only while you are matched, and only if you switch that on under Consents."
    )


def test_what_people_have_answered_cannot_be_shown_without_asking_them(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    make_enrolment(page_session, cohort, answers={"needs": "Notes."})
    field = field_of(page_session, cohort, "needs")
    page = editing(page_session, coordinator, field)

    page.selectbox(key=f"rule-mentee-{field.id}-1").set_value(ALWAYS)
    page.button(key=f"save-match-{field.id}-1").click().run()

    assert field_of(page_session, cohort, "needs").for_match == {"mentee": CHOICE}
    assert [error.value for error in page.error] == [
        "People have answered this, and read then who sees it\\. Let each person choose whether to share it\\."
    ]


def test_contact_details_and_capacity_have_no_such_choice(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    offered = []

    for key in ("email", "capacity", "summary", "share_email", "languages"):
        field = field_of(page_session, cohort, key)
        page = editing(page_session, coordinator, field)
        offered.append([box.key for box in page.selectbox if str(box.key).startswith("rule-")])

    assert offered == [[]] * 4 + [[f"rule-{side}-{field.id}-1" for side in Side]]


def test_a_new_question_can_be_for_the_match_from_the_start(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    page = editing(page_session, coordinator, field_of(page_session, cohort, "needs"))
    page.session_state["more"] = True
    page.run()

    page.text_input(key="new-label").set_value("A book that you like")
    page.selectbox(key="new-match").set_value(ALWAYS)
    next(button for button in page.button if button.label == "Add this question").click().run()

    field = page_session.exec(select(FormField).where(FormField.key == "a_book_that_you_like")).one()
    assert field.for_match == {"mentor": ALWAYS, "mentee": ALWAYS}


def test_a_sentence_that_promises_a_match_what_it_does_not_see_is_pointed_out(page_session: Session) -> None:
    cohort, coordinator = a_scheme(page_session)
    field, other = (field_of(page_session, cohort, key) for key in ("situation", "support"))
    field.audience = "The coordinator, and whoever is matched with you."
    page_session.commit()

    page = editing(page_session, coordinator, field)
    of_another = editing(page_session, coordinator, other)

    assert [warning.value for warning in page.warning] == [
        "“Who sees the answer” speaks of a match, and a match does not see it. Word it anew, or choose below that "
        "people may share it."
    ]
    assert [warning.value for warning in of_another.warning] == []
