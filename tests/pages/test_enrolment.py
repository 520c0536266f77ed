"""The Enrolment screen."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import (
    Conflict,
    ConsentPurpose,
    Enrolment,
    EnrolmentStatus,
    Side,
)
from models.people import Person
from models.schemes import Cohort
from pages.ui import plain
from services import conflicts, enrolments
from services.access import DESK
from services.schemes import starting
from tests.bad_inputs import BadInput, of_kind
from tests.factories import make_consent, make_enrolment, make_pairing, make_participant, make_person
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
        "Where a list should have you (optional)",
    ]
    seen_by = [line.value for line in page.caption if line.value.startswith(":material/visibility: Seen by the ")]
    assert len(seen_by) == 8


def test_an_answer_is_saved_the_moment_it_is_given_and_says_so(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment)

    page.text_input(key=key(enrolment, "year_of_study")).set_value("Year 3").run()

    page_session.refresh(enrolment)
    assert enrolment.answers == {"year_of_study": "Year 3"}
    assert [line.value[:26] for line in page.caption if ":material/check:" in line.value] == [
        ":material/check: Saved at "
    ]


def test_what_was_saved_is_there_in_another_browser_at_the_first_open_step(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment)
    page.text_input(key=key(enrolment, "year_of_study")).set_value("Year 3").run()
    page.selectbox(key=key(enrolment, "sector")).set_value("D").run()

    elsewhere = opened(page_session, enrolment)

    assert elsewhere.segmented_control(key="step").value == 2
    elsewhere.segmented_control(key="step").set_value(1).run()
    assert elsewhere.text_input(key=key(enrolment, "year_of_study")).value == "Year 3"
    assert elsewhere.selectbox(key=key(enrolment, "sector")).value == "D"


def test_going_on_keeps_the_step_and_opens_the_next(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment)

    page.text_input(key=key(enrolment, "year_of_study")).set_value("Year 3")
    page.selectbox(key=key(enrolment, "sector")).set_value("D")
    page.button(key="save-1").click().run()

    page_session.refresh(enrolment)
    assert (enrolment.sector, enrolment.answers) == ("D", {"year_of_study": "Year 3"})
    assert page.segmented_control(key="step").value == 2


def test_a_wrong_answer_is_named_under_its_field_the_rest_is_saved_and_what_was_typed_stays(
    page_session: Session,
) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment, step=3)

    page.text_input(key=key(enrolment, "telephone")).set_value("ring me")
    page.text_input(key=key(enrolment, "wechat_id")).set_value("wx_ama_123")
    page.button(key="save-3").click().run()
    page.segmented_control(key="step").set_value(1).run()
    page.segmented_control(key="step").set_value(3).run()

    assert [fault.value[:41] for fault in page.error] == ["Telephone is not a complete telephone numb"[:41]]
    assert page.text_input(key=key(enrolment, "telephone")).value == "ring me"
    person = page_session.get_one(Person, enrolment.person_id)
    page_session.refresh(person)
    assert (person.telephone, person.wechat_id) == (None, "wx_ama_123")


def test_two_windows_do_not_overwrite_each_other_without_asking(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    field = key(enrolment, "year_of_study")
    one, two = opened(page_session, enrolment), opened(page_session, enrolment)
    one.text_input(key=field).set_value("Year 3").run()

    two.text_input(key=field).set_value("Master").run()

    page_session.refresh(enrolment)
    assert enrolment.answers == {"year_of_study": "Year 3"}
    assert [notice.value for notice in two.warning] == [
        "Another window has a different answer to this. Yours, above, is not saved. Saved is: Year 3"
    ]
    two.button(key=f"mine-{field}").click().run()
    page_session.refresh(enrolment)
    assert (enrolment.answers, len(two.warning)) == ({"year_of_study": "Master"}, 0)


def test_the_answer_of_the_other_window_can_be_taken_instead(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    field = key(enrolment, "year_of_study")
    one, two = opened(page_session, enrolment), opened(page_session, enrolment)
    one.text_input(key=field).set_value("Year 3").run()
    two.text_input(key=field).set_value("Master").run()

    two.button(key=f"other-{field}").click().run()

    page_session.refresh(enrolment)
    assert enrolment.answers == {"year_of_study": "Year 3"}
    assert (two.text_input(key=f"{field}-1").value, len(two.warning)) == ("Year 3", 0)


@pytest.mark.clause("U-C6.2")
def test_the_browsers_time_zone_is_suggested_and_kept_only_once_it_is_confirmed(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment)
    page.context["timezone"] = "Asia/Shanghai"
    person = page_session.get_one(Person, enrolment.person_id)

    page.segmented_control(key="step").set_value(3).run()
    suggested, before = page.selectbox(key=key(enrolment, "time_zone")).value, person.time_zone
    page.button(key="save-3").click().run()

    page_session.refresh(person)
    assert (suggested, before, person.time_zone) == ("Asia/Shanghai", None, "Asia/Shanghai")


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
        page.text_area(key="conflict-words").set_value(typed)
        page.button(key="words").click().run()
        shown.append([notice.value for notice in page.success])

    assert shown[0][0] == shown[1][0]
    assert shown[0][0] == (
        "Your answer is kept. A proposal between you, if there is one, is taken back; nobody is told why."
    )
    assert page.text_area(key="conflict-words").value == ""
    rows = page_session.exec(select(Conflict)).all()
    assert [(row.declared_by_id, row.other_id) for row in rows] == [(enrolment.person_id, mentor.person_id)]
    page.text_area(key="conflict-words").set_value("bo lindqvist")
    page.button(key="words-back").click().run()
    assert page_session.exec(select(Conflict)).all() == []


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_there_is_nobody_is_one_press_and_leads_on(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment, step=4)

    page.button(key="nobody").click().run()

    page_session.refresh(enrolment)
    assert enrolment.conflicts_declared_at is not None
    assert page.segmented_control(key="step").value == 5


@pytest.mark.clause("U-C4.5")
def test_a_listed_mentor_is_found_by_name_and_taken_back_with_one_press(page_session: Session) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.APPROVED)
    cohort = page_session.get_one(Cohort, enrolment.cohort_id)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR, name="Bo *Lindqvist*")
    make_consent(page_session, mentor, ConsentPurpose.DIRECTORY)
    make_enrolment(page_session, cohort, Side.MENTOR, name="Bo Hidden")
    page = opened(page_session, enrolment, step=4)

    page.text_input(key="conflict-search").set_value("bo").run()
    offered = [button.label for button in page.button if button.label.startswith("Never pair me with ")]
    page.button(key=f"name-{mentor.id}").click().run()
    kept = [(row.declared_by_id, row.other_id) for row in page_session.exec(select(Conflict))]
    page.button(key=f"back-{mentor.id}").click().run()

    assert offered == [r"Never pair me with Bo \*Lindqvist\*", "Never pair me with them"]
    assert kept == [(enrolment.person_id, mentor.person_id)]
    assert page_session.exec(select(Conflict)).all() == []


@pytest.mark.parametrize(
    ("step", "name", "corrected"), [(2, "capacity", 12), (1, "years_of_experience", 79), (2, "summary", "a" * 4999)]
)
def test_an_answer_beyond_todays_limit_is_opened_uncut_and_can_be_corrected(
    page_session: Session, step: int, name: str, corrected: Any
) -> None:
    kept: dict[str, Any] = {"capacity": 20, "years_of_experience": 80, "summary": "a" * 5000}
    mentor = a_draft(page_session, side=Side.MENTOR, **kept)
    page = opened(page_session, mentor, step=step)
    fields = [*page.number_input, *page.text_area]

    shown = {str(field.key).removeprefix(f"{mentor.id}-"): field.value for field in fields}
    next(field for field in fields if field.key == key(mentor, name)).set_value(corrected).run()

    page_session.refresh(mentor)
    assert shown[name] == kept[name]
    assert not page.exception
    assert {each: getattr(mentor, each) for each in kept} == kept | {name: corrected}


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


def test_after_approval_a_correction_shows_what_stood_there_before(page_session: Session) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.APPROVED, goals="Old *goal*", submitted_at=utc_now())
    page = opened(page_session, enrolment, step=2)

    page.text_area(key=key(enrolment, "goals")).set_value("New goal").run()
    page.segmented_control(key="step").set_value(6).run()

    lines = [line.value for line in page.markdown if "changed on" in line.value]
    assert [line.partition(" changed on ")[0] for line in lines] == ["- What you would like mentoring to do for you:"]
    assert lines[0].endswith(r"from “Old \*goal\*” to “New goal”")


def test_the_review_leads_back_into_each_step(page_session: Session) -> None:
    enrolment = a_draft(page_session)
    page = opened(page_session, enrolment, step=6)

    page.button(key="change-2").click().run()

    assert page.segmented_control(key="step").value == 2


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


@pytest.mark.parametrize(
    ("step", "name", "kinds"),
    [
        (1, "full_name", ("name_ok", "name_bad", "emoji", "email_header")),
        (3, "telephone", ("phone_ok", "phone_bad")),
        (3, "wechat_id", ("wechat_ok", "wechat_bad")),
    ],
)
def test_bad_input_is_refused_under_its_field_and_stays_and_good_input_is_kept(
    page_session: Session, step: int, name: str, kinds: tuple[str, ...]
) -> None:
    enrolment = a_draft(page_session)
    person = page_session.get_one(Person, enrolment.person_id)
    page, field = opened(page_session, enrolment, step=step), key(enrolment, name)

    for item in (parameter.values[0] for parameter in of_kind(*kinds)):
        before = getattr(person, name)
        page.text_input(key=field).set_value(item.value).run()
        page_session.refresh(person)
        faults, kept = [fault.value for fault in page.error], getattr(person, name)

        typed = unicodedata.normalize("NFC", item.value).strip()
        assert (item.id, len(faults)) == (item.id, 0 if item.expect == "accept" else 1)
        assert (item.id, kept) == (item.id, typed if item.expect == "accept" else before)
        assert page.text_input(key=field).value == item.value


@pytest.mark.parametrize("item", of_kind("markdown", "html", "latex")[::4])
def test_what_looks_like_markup_is_read_back_as_text(page_session: Session, item: BadInput) -> None:
    enrolment = a_draft(page_session, goals=item.value)

    page = opened(page_session, enrolment, step=6)

    assert [plain(item.value) in block.value for block in page.markdown].count(True) == 1


def test_a_visitor_is_asked_to_sign_in(page_session: Session) -> None:
    a_draft(page_session)

    page = open_page("enrolment", None)

    assert len(page.segmented_control) == 0
    assert [field.label for field in page.text_input if field.label == "Full name"] == []


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_whoever_names_the_mentor_they_have_reads_that_the_pair_goes_on_and_where_to_end_it(
    page_session: Session,
) -> None:
    enrolment = a_draft(page_session, status=EnrolmentStatus.APPROVED)
    cohort = page_session.get_one(Cohort, enrolment.cohort_id)
    pairing = make_pairing(page_session, cohort, mentor="Bo *Lindqvist*", mentee=enrolment)
    page = opened(page_session, enrolment, step=4)

    page.text_input(key="conflict-search").set_value("bo").run()
    page.button(key=f"name-{pairing.mentor_id}").click().run()

    said = [element.value for element in page.main.markdown]
    assert r"**Bo \*Lindqvist\*** is never proposed to you again." in said
    assert any("You two are paired at the moment, and that goes on until one of you ends it." in one for one in said)
    assert "Open My match" in [link.proto.label for link in page.main.get("page_link")]
