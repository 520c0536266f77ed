"""Signing without a mouse or a finger: Tab, Space, letters and Enter, at the width of a phone."""

from datetime import date

import pytest
from playwright.sync_api import Browser, Page
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature
from models.database import make_engine
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Account, AccountStatus, Person
from services import passwords
from services.access import DESK
from services.schemes import starting
from tests.browser.conftest import Desk
from tests.browser.steps import PASSWORD, Visit, there

MENTEE = "ama.boateng@example.org"
# What has the focus is called so; the name of an icon stands on a line of its own before it.
FOCUSED = """() => {
    const at = document.activeElement, label = at.labels && at.labels[0];
    const words = at.getAttribute('aria-label') || (label || at).innerText || '';
    return words.trim().split('\\n').pop();
}"""
SEEN = """() => {
    const at = document.activeElement.closest('label') || document.activeElement;
    const box = at.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= window.innerHeight && box.left >= 0 && box.right <= window.innerWidth;
}"""
MOST_TABS = 40

pytestmark = pytest.mark.browser


def tab_to(page: Page, words: str) -> None:
    """On from where the focus is, in the order of the page, to what is called so; it is then in sight."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        passed.append(str(page.evaluate(FOCUSED)))
        if passed[-1].startswith(words):
            assert page.evaluate(SEEN), f"{words} has the focus and is out of sight"
            return
    raise AssertionError(f"{words} is not reached by Tab; passed: {passed}")


def enrolled(session: Session) -> Enrolment:
    """A mentee of a scheme whose code both sides sign."""
    cohort = starting.start(
        session, DESK, "aulp", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    person = Person(full_name="Ama Boateng", email=MENTEE, email_key=MENTEE)
    session.add(person)
    session.flush()
    session.add(Account(person_id=person.id, status=AccountStatus.ACTIVE, password_hash=passwords.hashed(PASSWORD)))
    enrolment = Enrolment(
        person_id=person.id,
        cohort_id=cohort.id,
        side=Side.MENTEE,
        status=EnrolmentStatus.APPROVED,
        sort_key="ama boateng",
    )
    session.add(enrolment)
    session.commit()
    return enrolment


@pytest.mark.clause("A-SH2")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_text_is_read_ticked_and_signed_by_the_keyboard_alone(browser: Browser, desk: Desk) -> None:
    engine = make_engine(desk.database_url)
    with Session(engine) as session:
        enrolment_id = enrolled(session).id
    visit = Visit(browser, desk, "keyboard", phone=True)
    page = visit.page
    visit.go()
    for label, typed in (("Email", MENTEE), ("Password", PASSWORD)):
        tab_to(page, label)
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.locator('[data-testid="stExpandSidebarButton"]').first.wait_for()
    visit.ready()

    visit.go("agreements")
    boxes = there(page.get_by_role("checkbox", name="I have read")).count()
    for _ in range(boxes):
        tab_to(page, "I have read")
        page.keyboard.press("Space")
        visit.ready()
    tab_to(page, "Your full name")
    page.keyboard.type("Ama Boateng")
    tab_to(page, "Sign")
    visit.ready()
    page.keyboard.press("Enter")
    visit.sees("You have signed everything that is in force.")

    with Session(engine) as session:
        signed = session.exec(
            select(SchemeDocument.kind, Signature.typed_name, Signature.sha256 == col(SchemeDocument.sha256))
            .join(Signature, col(Signature.document_id) == col(SchemeDocument.id))
            .where(Signature.enrolment_id == enrolment_id)
        ).all()
    engine.dispose()
    assert boxes >= 2
    assert [tuple(line) for line in signed] == [("code", "Ama Boateng", True)]
