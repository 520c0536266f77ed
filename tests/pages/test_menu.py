"""Who finds which screens, and what stands at an address that is not theirs."""

from typing import Any

import pytest
import streamlit as st
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Side
from models.people import Account, Person, SignInSession
from models.schemes import AnsweredBy
from services.access import Acting, Place
from tests.factories import make_cohort, make_coordinator, make_enrolment, make_manager, make_person, make_scheme
from tests.pages.opening import open_page


def sentences(page: AppTest) -> list[str]:
    return [caption.value for caption in page.sidebar.caption]


def test_a_coordinator_is_told_in_which_place_they_act(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, name="Alumni"), name="2026/27")
    coordinator = make_coordinator(page_session, cohort, "Rosalind *Achterberg*")

    page = open_page("home", coordinator)

    who = r"Signed in as **Rosalind \*Achterberg\*** · coordinator"
    assert sentences(page) == ["\n\n".join((r"Alumni · 2026\/27", who))]


def test_a_screen_of_another_place_says_so_politely(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    manager = make_manager(page_session, cohort)

    page = open_page("enrolments", manager)

    assert [title.value for title in page.title] == ["Enrolments"]
    assert [notice.value for notice in page.info] == [
        "This page is not part of what you do here as scheme manager. "
        "Choose another place in the menu, or go back to Home."
    ]


@pytest.mark.parametrize(
    ("answered_by", "is_there"), [(AnsweredBy.MENTEE, False), (AnsweredBy.MENTOR_AFTER_WISH, True)]
)
def test_mentees_find_the_directory_in_the_menu_only_where_there_is_one(
    page_session: Session, monkeypatch: pytest.MonkeyPatch, answered_by: AnsweredBy, is_there: bool
) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, answered_by=answered_by))
    person = make_person(page_session)
    make_enrolment(page_session, cohort, person=person)
    drawn: list[str] = []
    navigation = st.navigation

    def noted(pages: Any, **more: Any) -> Any:
        drawn.extend(page.url_path for page in pages if page.visibility == "visible")
        return navigation(pages, **more)

    monkeypatch.setattr(st, "navigation", noted)

    open_page("home", person)

    assert ("mentors" in drawn, "enrolment" in drawn) == (is_there, True)


def test_the_switch_changes_the_place_and_the_address(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    person = make_coordinator(page_session, cohort)
    enrolment = make_enrolment(page_session, make_cohort(page_session), Side.MENTOR, person=person)
    page_session.commit()
    theirs = Place(Acting.MENTOR, enrolment_id=enrolment.id).key

    page = open_page("home", person)
    first = page.query_params["place"]
    page.selectbox(key="_place").select(theirs).run()

    assert first == Place(Acting.COORDINATOR, cohort_id=cohort.id).key
    assert page.query_params["place"] == theirs
    assert page.session_state["place"] == theirs


def test_the_switch_says_as_little_as_tells_places_apart(page_session: Session) -> None:
    ours, theirs = make_scheme(page_session, name="Ours"), make_scheme(page_session, name="Theirs")
    person = make_coordinator(page_session, make_cohort(page_session, ours, name="2025"))
    make_cohort(page_session, ours, name="2026")
    make_enrolment(page_session, make_cohort(page_session, theirs, name="2027"), Side.MENTOR, person=person)
    page_session.commit()

    page = open_page("home", person)

    assert sorted(page.selectbox(key="_place").options) == ["2025 · Ours", "2026 · Ours", "Theirs"]


def test_the_place_in_a_link_is_opened(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    person = make_coordinator(page_session, cohort)
    enrolment = make_enrolment(page_session, cohort, Side.MENTEE, person=person)
    page_session.commit()
    theirs = Place(Acting.MENTEE, enrolment_id=enrolment.id).key

    page = open_page("home", person, place=theirs)

    assert page.session_state["place"] == theirs


def test_a_place_of_somebody_else_is_not_opened(page_session: Session) -> None:
    cohort, other = make_cohort(page_session), make_cohort(page_session)
    person = make_coordinator(page_session, cohort)
    page_session.commit()

    page = open_page("home", person, place=Place(Acting.COORDINATOR, cohort_id=other.id).key)

    assert page.session_state["place"] == Place(Acting.COORDINATOR, cohort_id=cohort.id).key


def test_a_person_without_any_place_still_gets_a_home(page_session: Session) -> None:
    person = make_person(page_session, "Ama")

    page = open_page("enrolments", person)

    assert sentences(page) == ["Signed in as **Ama** · no place in a scheme now"]


def test_signing_out_ends_the_session_and_leaves_the_page(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("enrolments", coordinator)
    page.button(key="sign_out").click().run()

    assert [row.revoked_at is not None for row in _sessions(page_session, coordinator)] == [True]
    assert 'href="/auth/sign-out"' in page.get("html")[0].proto.body
    assert list(page.title) == []
    assert "_token" not in page.session_state


def test_a_revoked_session_sees_the_sign_in_form_at_its_next_click(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("enrolments", coordinator)
    for row in _sessions(page_session, coordinator):
        row.revoked_at = utc_now()
    page.run()

    assert [title.value for title in page.title] == ["Welcome"]
    assert list(page.sidebar.caption) == []


def _sessions(session: Session, person: Person) -> list[SignInSession]:
    session.expire_all()
    statement = (
        select(SignInSession)
        .join(Account, col(Account.id) == col(SignInSession.account_id))
        .where(Account.person_id == person.id)
    )
    return list(session.exec(statement))


def test_whoever_is_signed_in_elsewhere_too_can_end_that_from_here(page_session: Session) -> None:
    mentor = make_person(page_session, "Bo Berg")
    make_enrolment(page_session, make_cohort(page_session), Side.MENTOR, person=mentor)
    alone = open_page("home", mentor)
    before = [button.key for button in alone.sidebar.button]

    page = open_page("home", mentor)
    page.button(key="sign_out_elsewhere").click().run()
    other = alone.run()

    assert before == ["sign_out"]
    assert [notice.value for notice in page.success] == [
        "You are signed out of 1 other browser. Here you stay signed in."
    ]
    assert [button.key for button in page.sidebar.button] == ["sign_out"]
    assert [button.label for button in other.button] == ["Sign in"]
