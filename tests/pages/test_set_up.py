"""Set up: the first person enters the code, chooses schemes and a cohort, and is signed in."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.people import Account, Person, SignInSession
from models.schemes import Cohort, Scheme
from services import first_start
from tests.factories import make_account, make_person
from tests.pages.opening import open_page

PASSWORD = "seven quiet herons wade"


def open_set_up() -> AppTest:
    return open_page("home", None)


def fill_in(page: AppTest, code: str) -> None:
    page.text_input(key="code").input(code)
    page.text_input(key="full_name").input("Rosalind Achterberg")
    page.text_input(key="email").input("rosalind@example.org")
    page.text_input(key="password").input(PASSWORD)
    page.text_input(key="cohort_name").input("Autumn")
    page.date_input(key="starts_on").set_value(date(2026, 10, 1))
    page.date_input(key="ends_on").set_value(date(2027, 9, 30))


def announced(session: Session) -> str:
    code = first_start.announce(session)
    assert code is not None
    return code


def test_an_empty_desk_leads_to_set_up_with_a_card_for_each_template(page_session: Session) -> None:
    page = open_set_up()

    assert [title.value for title in page.title] == ["Set up your Mentoring Desk"]
    assert [header.value for header in page.header] == [
        "1 · You",
        "2 · Your scheme",
        "3 · First cohort",
        "Or look around first",
    ]
    assert [(box.label, box.value) for box in page.checkbox] == [
        ("**AULP Mentoring Scheme**", True),
        ("**UNNC Alumni Mentoring Scheme**", False),
        ("**Your mentoring scheme**", False),
    ]
    assert not page.exception


@pytest.mark.parametrize(
    ("today", "starts_on", "ends_on", "name"),
    [
        (date(2026, 11, 22), date(2026, 12, 1), date(2027, 11, 30), "2026/27"),
        (date(2026, 1, 31), date(2026, 2, 1), date(2027, 1, 31), "2026/27"),
        (date(2026, 12, 5), date(2027, 1, 1), date(2027, 12, 31), "2027"),
        (date(2099, 3, 31), date(2099, 4, 1), date(2100, 3, 31), "2099/00"),
    ],
)
def test_the_first_cohort_is_offered_as_a_year_from_next_month(
    page_session: Session, today: date, starts_on: date, ends_on: date, name: str
) -> None:
    with time_machine.travel(datetime(today.year, today.month, today.day, 12, tzinfo=UTC)):
        page = open_set_up()

    offered = (page.date_input(key="starts_on").value, page.date_input(key="ends_on").value)
    assert (offered, page.text_input(key="cohort_name").value) == ((starts_on, ends_on), name)


def test_setting_up_makes_the_account_the_schemes_and_the_cohorts_and_signs_in(page_session: Session) -> None:
    code = announced(page_session)
    page = open_set_up()
    fill_in(page, code)
    page.checkbox(key="template-unnc_alumni").check()
    page.checkbox(key="template-blank").check()
    page.text_input(key="scheme_name").input("Peers")

    page.button(key="begin").click().run()

    assert not page.exception
    assert list(page.error) == []
    page_session.rollback()
    assert page_session.exec(select(Person.full_name)).all() == ["Rosalind Achterberg"]
    assert set(page_session.exec(select(Scheme.name, Scheme.reply_address)).all()) == {
        ("AULP Mentoring Scheme", "rosalind@example.org"),
        ("UNNC Alumni Mentoring Scheme", "rosalind@example.org"),
        ("Peers", "rosalind@example.org"),
    }
    cohorts = page_session.exec(select(Cohort)).all()
    assert {(cohort.name, cohort.starts_on, cohort.ends_on) for cohort in cohorts} == {
        ("Autumn", date(2026, 10, 1), date(2027, 9, 30))
    }
    assert len(page_session.exec(select(SignInSession)).all()) == 1
    # What was typed, the password first of all, is gone from the tab.
    assert "password" not in page.session_state
    assert "set_up" not in [title.value for title in page.title]


def test_a_refusal_keeps_what_was_typed_and_makes_nothing(page_session: Session) -> None:
    announced(page_session)
    page = open_set_up()
    fill_in(page, "WRON-GWRO-NGWR")

    page.button(key="begin").click().run()

    assert [error.value for error in page.error] == [
        "This is not the code\\. Copy it from the terminal in which the server started\\."
    ]
    assert page.text_input(key="full_name").value == "Rosalind Achterberg"
    assert page.text_input(key="password").value == PASSWORD
    assert page.text_input(key="cohort_name").value == "Autumn"
    page_session.rollback()
    assert page_session.exec(select(Account)).all() == []


def test_a_demonstration_without_the_code_is_refused(page_session: Session) -> None:
    announced(page_session)
    page = open_set_up()

    page.button(key="demonstrate").click().run()

    assert len(page.error) == 1
    page_session.rollback()
    assert page_session.exec(select(Account)).all() == []


def test_a_desk_that_is_set_up_shows_the_sign_in_form_instead(page_session: Session) -> None:
    make_account(page_session, make_person(page_session))
    page_session.commit()

    page = open_set_up()

    assert [header.value for header in page.header if "1 · You" in header.value] == []
    assert [box.key for box in page.text_input if box.key == "code"] == []
