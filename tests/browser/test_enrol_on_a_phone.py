"""A new mentor on a phone: from the link in an email to approved, in few taps, with a break in the middle.

Typing costs time, not taps; whatever a finger does is a tap: a link, a field that is typed in, a choice, a button.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from sqlmodel import Session, select

from models.database import make_engine
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Account, AccountStatus, Person, Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import accounts, consents, passwords, readiness
from services.access import DESK
from services.schemes import starting, templates
from tests.browser.conftest import PATIENCE, Desk, link_in, start_server
from tests.browser.steps import EMPTY_OR_GONE, PASSWORD, Visit, approve_everybody, there

MENTOR, COORDINATOR = "wen.mentor@example.org", "chen.jing@example.com"
ROLE, SUMMARY = "Grid engineer", "Eleven years of grid projects in Ningbo and Leeds; I hire graduates every spring."
MOST_TAPS = 40
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'

pytestmark = pytest.mark.browser


class Phone:
    """A touch screen of 390 pixels that counts what the finger does."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.taps = browser, 0
        self.context: BrowserContext = self._context(None)
        self.page: Page = self.context.new_page()

    def tap(self, what: Locator) -> None:
        self.taps += 1
        what.tap()
        self.ready()

    def press(self, words: str) -> None:
        self.tap(self.page.get_by_role("button", name=words).first)

    def type(self, label: str, text: str) -> None:
        """One tap into the field; the keyboard's own key then leaves it."""
        field = self.page.get_by_label(label, exact=True)
        self.tap(field)
        field.fill(text)
        field.press("Tab")
        self.ready()

    def tick(self, box: Locator) -> None:
        self.tap(box.locator("xpath=ancestor-or-self::label").first)

    def ready(self) -> None:
        """Twice in a row, a moment apart: between two runs nothing runs either."""
        for _ in range(2):
            self.page.locator(READY).or_(self.page.locator("input[type=password]")).first.wait_for()
            self.page.wait_for_function("() => !document.querySelector('[data-stale=\"true\"]')")
            self.page.wait_for_timeout(150)

    def put_away(self) -> None:
        """Close the browser; a phone keeps its cookies."""
        kept = self.context.storage_state()
        self.context.close()
        self.context = self._context(kept)
        self.page = self.context.new_page()

    def open(self, url: str) -> None:
        """A link or a bookmark, which is a tap too."""
        self.taps += 1
        self.page.goto(url)

    def _context(self, kept: Any) -> BrowserContext:
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844},
            has_touch=True,
            is_mobile=True,
            locale="en-GB",
            timezone_id="Asia/Shanghai",
            storage_state=kept,
        )
        context.set_default_timeout(PATIENCE)
        return context


@contextmanager
def restarted(desk: Desk) -> Iterator[None]:
    """The same database and address with a new server, while the phone lies on the table."""
    desk.process.kill()
    desk.process.wait(timeout=60)
    port = int(desk.url.rpartition(":")[2])
    process = start_server(desk.home, desk.database_url, port, desk.smtp_port, desk.log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def invited(session: Session) -> None:
    """A scheme with a coordinator who can sign in, and a mentor to whom the invitation is on its way."""
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    coordinator = Person(full_name="陈静", email=COORDINATOR, email_key=COORDINATOR)
    mentor = Person(full_name="Wen Li", email=MENTOR, email_key=MENTOR)
    session.add_all([coordinator, mentor])
    session.flush()
    session.add(RoleGrant(person_id=coordinator.id, scheme_id=cohort.scheme_id, role=Role.COORDINATOR))
    session.add(
        Account(person_id=coordinator.id, status=AccountStatus.ACTIVE, password_hash=passwords.hashed(PASSWORD))
    )
    session.add(Enrolment(person_id=mentor.id, cohort_id=cohort.id, side=Side.MENTOR, sort_key="wen li"))
    accounts.ensure_invited(session, DESK, mentor.id, scheme_id=cohort.scheme_id, status=EnrolmentStatus.DRAFT)
    session.commit()


def arrive(phone: Phone, desk: Desk) -> None:
    """From the link in the email to Home, with a password."""
    phone.open(link_in(desk.mailbox.waited_for("Your enrolment in", to=MENTOR)[1]))
    for field in phone.page.locator("input[type=password]").all():
        phone.taps += 1
        field.tap()
        field.fill(PASSWORD)
    phone.taps += 1
    phone.page.locator("button[type=submit]").first.tap()
    phone.page.get_by_role("button", name="Go on").wait_for()
    phone.ready()


def fill_in_who(phone: Phone) -> None:
    phone.press("Go on")
    phone.type("Your role (optional)", ROLE)
    sector = phone.page.get_by_label("The sector you work in", exact=True)
    phone.tap(sector)
    sector.fill("Energy")
    phone.tap(phone.page.get_by_role("option", name="Energy", exact=True))
    phone.press("Save and go on")


def fill_in_the_rest(phone: Phone) -> None:
    """How to reach me as the browser suggests it, nobody to stay away from, two consents, send."""
    phone.press("Save and go on")
    phone.press("There is nobody")
    for words in ("List my profile", "Share my email address"):
        phone.tick(phone.page.get_by_role("switch", name=words).or_(phone.page.get_by_role("checkbox", name=words)))
    phone.press("Go on to the review")
    phone.press("Send to the coordinator")


def sign(phone: Phone) -> None:
    """Both texts: every section's box, the name, the button."""
    phone.press("Read and sign")
    for _ in range(2):
        phone.page.get_by_label("Your full name").wait_for()
        boxes = there(phone.page.get_by_role("checkbox", name="I have read"))
        for number in range(boxes.count()):
            phone.tick(boxes.nth(number))
        phone.type("Your full name", "Wen Li")
        phone.tap(phone.page.get_by_role("button", name="Sign", exact=True))
        phone.page.wait_for_function(EMPTY_OR_GONE)
        phone.ready()
    phone.page.get_by_text("You have signed everything").wait_for()


def train(phone: Phone) -> None:
    phone.press("Do the training")
    phone.page.get_by_role("button", name="Check my answers").wait_for()
    answers = [question.answer for question in templates.load("unnc_alumni").modules[0].questions]
    groups = there(phone.page.get_by_role("radiogroup"), len(answers))
    for group, answer in zip(groups.all(), answers, strict=True):
        phone.tick(group.get_by_role("radio").nth(answer if isinstance(answer, int) else answer[0]))
    phone.press("Check my answers")
    phone.page.get_by_text("Passed").first.wait_for()


@pytest.mark.clause("A-ME1", "U-1", "U-2", "U-3", "U-C4.5")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_mentor_is_ready_in_forty_taps_though_the_server_died_in_between(
    browser: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setenv("MENTORING_URL", desk.url)
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    engine = make_engine(desk.database_url)
    with Session(engine) as session:
        invited(session)
    desk.mailbox.waited_for("Your enrolment in", to=MENTOR)

    begun, phone = time.monotonic(), Phone(browser)
    arrive(phone, desk)
    fill_in_who(phone)
    phone.type("A summary of your work history (optional)", SUMMARY)
    phone.put_away()
    with restarted(desk):
        phone.open(f"{desk.url}/enrolment")
        phone.page.get_by_role("button", name="Save and go on").wait_for()
        phone.ready()
        fill_in_the_rest(phone)
        sign(phone)
        train(phone)
        coordinator = Visit(browser, desk, "phone-coordinator")
        coordinator.sign_in(COORDINATOR)
        approve_everybody(coordinator)
        seconds = time.monotonic() - begun
        with Session(engine) as session:
            enrolment = session.exec(select(Enrolment).join(Cohort).join(Scheme)).one()
            person = session.get_one(Person, enrolment.person_id)
            lights = readiness.lights(session, [enrolment.id])[enrolment.id]
            given = consents.given(session, enrolment.id)
    engine.dispose()

    record_property("taps", phone.taps)
    # Told, not asserted: how long it takes is the machine's affair, and typing the person's.
    record_property("seconds", round(seconds))
    assert (enrolment.status, enrolment.role_title, enrolment.summary) == (EnrolmentStatus.APPROVED, ROLE, SUMMARY)
    assert (person.time_zone, enrolment.languages, enrolment.channels) == ("Asia/Shanghai", ["en"], ["email"])
    assert given == {ConsentPurpose.DIRECTORY, ConsentPurpose.SHARE_EMAIL}
    assert lights.is_ready
    assert phone.taps <= MOST_TAPS
