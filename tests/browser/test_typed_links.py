"""What somebody types into a form never becomes a way out of the desk for whoever reads it."""

from datetime import date

import pytest
from playwright.sync_api import Browser
from sqlmodel import Session

from models.database import make_engine
from services import passwords
from services.access import DESK
from services.schemes import starting
from tests.browser.conftest import Desk
from tests.browser.steps import PASSWORD, Visit
from tests.factories import make_account, make_coordinator, make_enrolment, make_person

TYPED = "https://evil.example/a www.evil.example (HTTP://evil.example) <a href=//evil.example>x</a> [y](//evil.example)"

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_typed_web_address_is_shown_and_leads_nowhere(browser: Browser, desk: Desk) -> None:
    engine = make_engine(desk.database_url)
    with Session(engine) as session:
        cohort = starting.start(
            session, DESK, "aulp", cohort_name="One", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
        )
        coordinator = make_coordinator(session, cohort)
        make_account(session, coordinator, password_hash=passwords.hashed(PASSWORD))
        make_enrolment(session, cohort, person=make_person(session, "www.evil.example"), role_title=TYPED)
        session.commit()
        email = coordinator.email
    engine.dispose()
    visit = Visit(browser, desk, "typed")

    visit.sign_in(email)
    visit.go("enrolments")
    visit.page.get_by_text("evil.example").first.wait_for()

    links = [str(link.evaluate("link => link.href")) for link in visit.page.locator("a").all()]
    assert [link for link in links if not link.startswith(desk.url)] == []
