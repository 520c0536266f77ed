"""The Enrolment screen."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Conflict, Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import conflicts, consents, enrolments
from services.access import DESK
from services.schemes import starting
from tests.factories import make_enrolment, make_participant, make_person
from tests.pages.opening import open_page
from tests.services.test_enrolments import HOPES, REACH, WHO


def a_draft(session: Session, template: str = "unnc_alumni", side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    """Somebody invited who has answered nothing."""
    cohort = starting.start(
        session, DESK, template, cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    person = make_person(session, "A. Boateng", email="ama@example.org")
    enrolment = Enrolment(person_id=person.id, cohort_id=cohort.id, side=side, **facts)
    session.add(enrolment)
    session.commit()
    return enrolment


def opened(session: Session, enrolment: Enrolment, step: int | None = None) -> AppTest:
    person = session.get_one(Person, enrolment.person_id)
    place = make_participant(session, enrolment).place.key
    page = open_page("enrolment", person, place_key=place)
    return page.segmented_control(key="step").set_value(step).run() if step else page


def key(enrolment: Enrolment, name: str) -> str:
    return f"{enrolment.id}-{name}"


def test_the_first_step_asks_and_says_who_will_see_each_answer(page_session: Session) -> None:
    enrolment = a_draft(page_session)

    page = opened(page_session, enrolment)

    assert page.segmented_control(key="step").value == 1
    assert [field.label for field in page.text_input] == [
        "Full name",
        "What people call you (optional)",
        "Pronouns (optional)",
        "Year of study",
        "Where you are now (optional)",
        "The role you are aiming for (optional)",
    ]
    seen_by = [line.value for line in page.caption if line.value.startswith(":material/visibility: Seen by the ")]
    assert len(seen_by) == 7


def test_saving_a_step_keeps_it_and_opens_the_next(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment)

    page.text_input(key=key(enrolment, "year_of_study")).set_value("Year 3")
    page.selectbox(key=key(enrolment, "sector")).set_value("D")
    page.button(key="save-1").click().run()

    page_session.refresh(enrolment)
    assert (enrolment.sector, enrolment.answers) == ("D", {"year_of_study": "Year 3"})
    assert page.segmented_control(key="step").value == 2
    assert [notice.value for notice in page.success] == ["Saved."]


def test_a_wrong_answer_is_named_and_everything_typed_stays(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment, step=3)

    page.text_input(key=key(enrolment, "telephone")).set_value("ring me")
    page.text_input(key=key(enrolment, "wechat_id")).set_value("wx_ama_123")
    page.button(key="save-3").click().run()

    assert len(page.error) == 1
    assert page.error[0].value.startswith("Telephone is not a complete telephone number")
    assert page.text_input(key=key(enrolment, "wechat_id")).value == "wx_ama_123"
    assert page_session.get_one(Person, enrolment.person_id).wechat_id is None


def test_the_address_to_sign_in_with_cannot_be_changed_here(page_session: Session) -> None:
    enrolment = a_draft(page_session)

    page = opened(page_session, enrolment, step=3)

    field = page.text_input(key=key(enrolment, "email"))
    assert (field.value, field.disabled) == ("ama@example.org", True)


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_the_conflicts_step_says_the_same_whoever_was_meant_and_forgets_the_words(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    mentor = make_enrolment(
        page_session, page_session.get_one(Cohort, enrolment.cohort_id), Side.MENTOR, name="Bo Lindqvist"
    )
    page = opened(page_session, enrolment, step=4)

    shown = []
    for typed in ("Bo Lindqvist", "Nobody Here"):
        page.text_area[0].set_value(typed)
        page.checkbox[0].check()
        next(button for button in page.button if button.label == "Save my answer").click().run()
        shown.append([notice.value for notice in page.success])
        page.segmented_control(key="step").set_value(4).run()

    assert shown == [["Your answer is kept."], ["Your answer is kept."]]
    assert page.text_area[0].value == ""
    rows = page_session.exec(select(Conflict)).all()
    assert [(row.declared_by_id, row.other_id) for row in rows] == [(enrolment.person_id, mentor.person_id)]


def test_the_conflicts_answer_needs_the_tick(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment, step=4)

    next(button for button in page.button if button.label == "Save my answer").click().run()

    assert [notice.value for notice in page.error] == ["Tick the box to confirm your answer."]
    page_session.refresh(enrolment)
    assert enrolment.conflicts_declared_at is None


@pytest.mark.clause("U-1", "U-2")
def test_consents_are_off_and_work_the_moment_they_are_moved(page_session: Session) -> None:
    enrolment = a_draft(page_session, side=Side.MENTOR)
    page = opened(page_session, enrolment, step=5)
    before = [switch.value for switch in page.toggle]

    page.toggle(key=key(enrolment, "directory")).set_value(True).run()
    given = consents.given(page_session, enrolment.id)
    page_session.commit()
    page.toggle(key=key(enrolment, "directory")).set_value(False).run()

    assert before == [False] * 4
    assert given == {ConsentPurpose.DIRECTORY}
    assert [notice.value for notice in page.success] == ["Switched off. It is hidden from now on."]
    assert [consent.withdrawn_at is None for consent in page_session.exec(select(Consent))] == [False]


def test_the_review_names_what_is_missing_and_sends_when_nothing_is(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    actor = make_participant(page_session, enrolment)
    page = opened(page_session, enrolment, step=6)
    early = page.button(key="submit").disabled
    enrolments.save_draft(page_session, actor, {**WHO, **HOPES, **REACH})
    conflicts.declare(page_session, actor, [])

    page.run()
    page.button(key="submit").click().run()

    page_session.refresh(enrolment)
    assert (early, enrolment.status) == (True, EnrolmentStatus.SUBMITTED)
    assert [notice.value for notice in page.success] == ["Sent. The coordinator reads it next, and you get an email."]


def test_a_returned_form_shows_the_coordinators_question_as_plain_text(page_session: Session) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.RETURNED, decision_note="Which *year*? $x$")

    page = opened(page_session, enrolment)

    assert [notice.value for notice in page.warning] == ["The coordinator asks: Which \\*year\\*? \\$x\\$"]


@pytest.mark.clause("U-C5.3")
def test_an_approved_person_pauses_and_comes_back(page_session: Session) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.APPROVED)
    page = opened(page_session, enrolment, step=6)

    page.button(key="pause").click().run()
    page_session.refresh(enrolment)
    paused = enrolment.status
    page_session.commit()
    page.button(key="resume").click().run()

    page_session.refresh(enrolment)
    assert (paused, enrolment.status) == (EnrolmentStatus.PAUSED, EnrolmentStatus.APPROVED)


def test_leaving_asks_once_more(page_session: Session) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.APPROVED)
    page = opened(page_session, enrolment, step=6)
    asked_first = page.button(key="leave").disabled

    page.checkbox(key="sure").check().run()
    page.button(key="leave").click().run()

    page_session.refresh(enrolment)
    assert (asked_first, enrolment.status) == (True, EnrolmentStatus.WITHDRAWN)


def test_a_visitor_is_asked_to_sign_in(page_session: Session) -> None:
    a_draft(page_session)

    page = open_page("enrolment", None)

    assert len(page.segmented_control) == 0
    assert [field.label for field in page.text_input if field.label == "Full name"] == []
