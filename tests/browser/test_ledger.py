"""The clause ledger with a clause open, read by axe on a desk and on a phone; and its pack, opened as a file."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlmodel import Session

from models.columns import utc_now
from models.database import make_engine
from models.enrolments import Side
from models.schemes import Cohort
from services import sessions
from services.access import DESK
from services.schemes import starting
from tests.browser.conftest import Desk
from tests.browser.steps import Visit
from tests.browser.test_accessibility import axe, dress, problems_of
from tests.factories import make_account, make_coordinator, make_enrolment, make_pairing

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def test_the_ledger_and_its_pack_are_free_of_barriers_and_load_nothing_from_outside(
    browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    visit = Visit(browser, desk, "ledger")
    visit.page.context.add_cookies([{"name": "mentoring", "value": _planted(desk), "url": desk.url}])
    visit.go("ledger")
    visit.page.get_by_label("Look closer at a clause").press_sequentially("U-C1.1")
    visit.page.keyboard.press("Enter")
    visit.ready()
    address = visit.page.url.removeprefix(desk.url)

    on_screen = problems_of(visit, address)
    told = visit.page.locator('[data-testid="stMain"]').inner_text()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download the evidence pack").click()
    download.value.save_as(tmp_path / "pack.html")
    pack = visit.page.context.new_page()
    asked: list[str] = []
    pack.on("request", lambda request: asked.append(request.url))
    pack.goto((tmp_path / "pack.html").as_uri())
    in_pack = []
    for width, scheme in ((1440, "light"), (390, "dark")):
        dress(pack, {"width": width, "height": 900}, scheme)
        in_pack += axe(pack)

    assert on_screen == []
    assert in_pack == []
    assert asked == [(tmp_path / "pack.html").as_uri()]
    assert "Who published version 1: the scheme's template" in told
    assert pack.evaluate("document.documentElement.scrollWidth") <= 390


def _planted(desk: Desk) -> str:
    """A scheme with one pair that has gone silent; answers the session token of its coordinator."""
    engine, then = make_engine(desk.database_url), utc_now() - timedelta(days=90)
    with Session(engine) as session:
        started = starting.start(
            session, DESK, "unnc_alumni", cohort_name="2026/27", starts_on=date(2026, 6, 1), ends_on=date(2027, 5, 31)
        )
        cohort = session.get_one(Cohort, started.id)
        mentor, mentee = (make_enrolment(session, cohort, side, decided_at=then) for side in (Side.MENTOR, Side.MENTEE))
        make_pairing(session, cohort, mentor=mentor, mentee=mentee, released_at=then)
        account = make_account(session, make_coordinator(session, cohort))
        session.commit()
        token = sessions.open_for(session, account.id)
    engine.dispose()
    return token
