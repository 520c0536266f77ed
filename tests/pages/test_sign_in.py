"""The sign-in form: what a visitor sees at any address, and what a right and a wrong password lead to."""

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.people import SignInSession
from services import passwords, second_factor, sessions
from services.settings import settings
from tests.factories import make_account, make_cohort, make_coordinator
from tests.pages.opening import open_page

PASSWORD = " correct horse battery staple "


@pytest.fixture
def visitor(page_session: Session) -> AppTest:
    """Somebody at the address of a coordinator's screen, with an account but not signed in."""
    coordinator = make_coordinator(page_session, make_cohort(page_session))
    coordinator.email_key = "ros@example.org"
    make_account(page_session, coordinator, password_hash=passwords.hashed(PASSWORD))
    page_session.commit()
    return open_page("enrolments", None)


def enter(page: AppTest, email: str, password: str) -> AppTest:
    page.text_input[0].input(email)
    page.text_input[1].input(password)
    return page.button[0].click().run()


def test_a_visitor_sees_the_form_and_nothing_else_at_a_deep_link(visitor: AppTest) -> None:
    assert [title.value for title in visitor.title] == ["Welcome"]
    assert [field.label for field in visitor.text_input] == ["Email address", "Password"]
    assert [button.label for button in visitor.button] == ["Sign in"]
    assert [field.proto.autocomplete for field in visitor.text_input] == ["username", "current-password"]
    assert [button.proto.type for button in visitor.button] == ["primary"]
    assert [link.proto.body for link in visitor.get("html")] == [
        '<a href="/forgot" target="_self" style="color: inherit">Forgot your password?</a>',
        '<a href="/rights" target="_self" style="color: inherit">Your rights and how to complain</a>',
    ]
    assert list(visitor.sidebar.caption) == []


def test_the_right_password_leaves_for_the_address_that_sets_the_cookie(
    visitor: AppTest, page_session: Session
) -> None:
    page = enter(visitor, "Ros@Example.org", PASSWORD)

    body = page.get("html")[0].proto.body
    ticket = body.partition("ticket=")[2].partition('"')[0]
    assert list(page.text_input) == []
    assert "username" not in page.session_state
    assert sessions.redeem(page_session, ticket) is not None


def test_in_production_the_right_password_of_a_coordinator_leaves_for_the_page_that_asks_for_a_code(
    visitor: AppTest, page_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "some invented bytes that are good for a test")
    settings.cache_clear()

    page = enter(visitor, "ros@example.org", PASSWORD)

    address = page.get("html")[0].proto.body.partition('href="')[2].partition('"')[0]
    path, _, token = address.rpartition("/")
    assert (path, list(page.error)) == ("/second-factor", [])
    assert second_factor.asked(page_session, token).secret is not None
    assert page_session.exec(select(SignInSession)).all() == []


def test_blanks_at_the_ends_of_a_password_count(visitor: AppTest) -> None:
    page = enter(visitor, "ros@example.org", PASSWORD.strip())

    assert [error.value for error in page.error] == [
        "This email address and password do not open an account. Check both and try again."
    ]


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(visitor: AppTest, page_session: Session) -> None:
    wrong = [error.value for error in enter(visitor, "ros@example.org", "wrong").error]
    unknown = [error.value for error in enter(visitor, "nobody@example.org", "wrong").error]

    assert wrong == unknown == ["This email address and password do not open an account. Check both and try again."]
    assert page_session.exec(select(SignInSession)).all() == []


def test_an_empty_form_says_nothing_and_opens_nothing(visitor: AppTest, page_session: Session) -> None:
    page = enter(visitor, "", "")

    assert list(page.error) == []
    assert page_session.exec(select(SignInSession)).all() == []


def test_after_five_failures_the_form_says_when_to_come_back(visitor: AppTest) -> None:
    for _ in range(5):
        enter(visitor, "ros@example.org", "wrong")

    page = enter(visitor, "ros@example.org", PASSWORD)

    assert len(page.error) == 1
    assert "too many tries" in page.error[0].value


def test_a_desk_without_any_account_shows_its_set_up(page_session: Session) -> None:
    page = open_page("enrolments", None)

    assert [title.value for title in page.title] == ["Set up your Mentoring Desk"]
