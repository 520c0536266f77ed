"""The Enrolments screen of a coordinator."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.people import Person
from models.schemes import Cohort
from services.access import DESK
from services.schemes import starting
from tests.factories import make_coordinator, make_enrolment, make_participant, make_person
from tests.pages.opening import open_page

LIST_SPACE = UUID("6f0a1c9e-3d7b-4a52-9f68-2b1c7de0a4f3")


def a_cohort(session: Session) -> tuple[Cohort, Person]:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    return cohort, make_coordinator(session, cohort)


def a_submitted(session: Session, cohort: Cohort, name: str, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    facts = {"status": EnrolmentStatus.SUBMITTED, "decided_at": None, "goals": "Energy law."} | facts
    person = make_person(session, name, email=f"{name.casefold()}@example.org")
    return make_enrolment(session, cohort, side, person=person, **facts)


def tick(page: AppTest, *drawn: Enrolment, rows: list[int]) -> AppTest:
    """The rows ticked in the list that shows these enrolments, in this order."""
    key = f"list-{uuid5(LIST_SPACE, ','.join(str(enrolment.id) for enrolment in drawn))}"
    page.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    return page.run()


def sent(session: Session) -> list[tuple[str, str]]:
    statement = select(Person.full_name, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


def test_the_list_shows_names_what_is_needed_and_what_a_spreadsheet_says(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    a_submitted(page_session, cohort, "Bo", Side.MENTOR, claims={"training": "Yes"}, sector="D")

    page = open_page("enrolments", coordinator)

    (line,) = page.dataframe[0].value.to_dict("records")
    assert line == {
        "Name": "Bo",
        "Ready for a match": "✗ Needs profile, signature, training, a way to be reached",
        "Side": "Mentor",
        "Status": "Submitted",
        "Role": "Counsel",
        "Sector": "Energy",
        "Email": "bo@example.org",
        "A spreadsheet": "says: training Yes",
    }


def test_everything_submitted_is_approved_after_one_look_at_the_mail(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    page = open_page("enrolments", coordinator)
    label = page.button(key="approve-all").label

    page.button(key="approve-all").click().run()
    asked = [heading.value for heading in page.header]
    before = sent(page_session)
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    page_session.refresh(bo)
    assert (label, asked, before) == ("Approve all 2 submitted", ["Approve 2 enrolments?"], [])
    assert [each.status for each in (ama, bo)] == [EnrolmentStatus.APPROVED] * 2
    assert [notice.value for notice in page.success] == ["2 approved. An email goes to each of them."]
    assert [template for _, template in sent(page_session)] == ["invitation"] * 2


def test_only_the_ticked_are_declined(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo")
    page = tick(open_page("enrolments", coordinator), ama, bo, rows=[1])

    page.button(key="decline").click().run()
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    page_session.refresh(bo)
    assert (ama.status, bo.status) == (EnrolmentStatus.SUBMITTED, EnrolmentStatus.DECLINED)
    assert sent(page_session) == [("Bo", "enrolment_declined")]


def test_one_form_goes_back_with_a_question_that_the_preview_shows(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama")
    page = tick(open_page("enrolments", coordinator), ama, rows=[0])

    page.button(key="return").click().run()
    page.button(key="confirm").click().run()
    refused = [notice.value for notice in page.error]
    page.text_area(key="note").set_value("Which year are you in?").run()
    previewed = ["Which year are you in?" in line.value for line in page.text]
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    assert refused == ["The question is empty\\. Write what the person should add or change\\."]
    assert previewed == [True]
    assert (ama.status, ama.decision_note) == (EnrolmentStatus.RETURNED, "Which year are you in?")


def test_cancelling_decides_nothing(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama")
    page = open_page("enrolments", coordinator)

    page.button(key="approve-all").click().run()
    page.button(key="cancel").click().run()

    page_session.refresh(ama)
    assert (ama.status, sent(page_session), list(page.header)) == (EnrolmentStatus.SUBMITTED, [], [])


def test_filters_stay_in_the_address_and_the_search_out_of_it(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    a_submitted(page_session, cohort, "Chen", status=EnrolmentStatus.APPROVED)

    page = open_page("messages", coordinator).switch_page("enrolments.py")
    page.query_params.update({"side": "mentees", "status": "Submitted"})
    page.run()
    first = list(page.dataframe[0].value["Name"])
    page.text_input(key="search").set_value("nobody of that name").run()

    assert (first, len(page.dataframe)) == (["Ama"], 0)
    assert sorted(page.query_params) == ["place", "side", "status"]


def test_one_ticked_person_is_shown_in_full_as_plain_text(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama", goals="**Loud** goals")
    page_session.get_one(Person, ama.person_id).wechat_id = "wx_secret_1"

    page = tick(open_page("enrolments", coordinator), ama, rows=[0])

    shown = [line.value for line in page.markdown]
    assert "What you would like mentoring to do for you: \\*\\*Loud\\*\\* goals" in shown
    assert [line for line in shown if "wx" in line] == []


def test_somebody_is_invited(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)
    page = open_page("enrolments", coordinator)

    name, email = (field for field in page.text_input if field.label in ("Full name", "Email address"))
    name.set_value("李")
    email.set_value("li@example.org")
    next(button for button in page.button if button.label == "Invite").click().run()

    assert [notice.value for notice in page.success] == ["李 is invited and gets an email with a link."]
    assert sent(page_session) == [("李", "invitation")]


def test_an_empty_queue_says_what_to_do(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)

    page = open_page("enrolments", coordinator)

    assert [notice.value for notice in page.info] == [
        "Nobody is here yet. Import a spreadsheet, or invite somebody below."
    ]
    assert [button.label for button in page.main.button] == ["Invite"]


def test_a_participant_does_not_see_the_queue(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)
    person = page_session.get_one(Person, mentor.person_id)

    page = open_page("enrolments", person, place_key=make_participant(page_session, mentor).place.key)

    assert len(page.dataframe) == 0


def test_a_visitor_does_not_see_the_queue(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    page_session.commit()

    page = open_page("enrolments", None)

    assert len(page.dataframe) == 0
