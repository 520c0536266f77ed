"""Sign-in with a second factor in real Chromium: from the form to the page that asks for a code, and to the screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session

from models.columns import utc_now
from models.database import make_engine
from services import passwords, second_factor
from services.schema import migrate
from services.settings import settings
from tests.browser.conftest import PATIENCE, start_server
from tests.factories import make_account, make_cohort, make_coordinator
from tests.ports import free_port

PASSWORD = "seven quiet herons wade"


@dataclass(frozen=True)
class Serving:
    """The real server, and the app of the coordinator ros@example.org."""

    url: str
    app: pyotp.TOTP


@pytest.fixture
def serving(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "some invented bytes that are good for a test")
    settings.cache_clear()
    folder, port = tmp_path_factory.mktemp("second-factor"), free_port()
    url = f"sqlite:///{folder / 'desk.db'}"
    engine = make_engine(url)
    migrate(engine)
    with Session(engine) as session:
        app = pyotp.TOTP(_set_up(session))
    process = start_server(folder / "home", url, port, free_port(), folder / "server.log")
    yield Serving(f"http://127.0.0.1:{port}", app)
    process.terminate()
    process.wait(timeout=60)


def _set_up(session: Session) -> str:
    """A coordinator who has an authenticator app; its secret. The code of the next half minute is still unused."""
    coordinator = make_coordinator(session, make_cohort(session))
    coordinator.email = coordinator.email_key = "ros@example.org"
    account = make_account(session, coordinator, password_hash=passwords.hashed(PASSWORD))
    token = second_factor.ask(session, account.id).rpartition("/")[2]
    secret = second_factor.asked(session, token).secret
    assert secret is not None
    code = pyotp.TOTP(secret).at(utc_now() - timedelta(seconds=30))
    second_factor.prove(session, token, code, network_address=None)
    return secret


@pytest.mark.browser
def test_a_password_and_a_code_lead_to_the_screen_that_was_asked_for(serving: Serving, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{serving.url}/enrolments")
    page.get_by_label("Email address").fill("ros@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    before = page.context.cookies()
    page.reload()
    page.get_by_label("Code from the app").fill("not it")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "This is not the code that we expect now. "
        "Type the newest one, and check that your phone sets its clock by itself."
    )
    page.get_by_label("Code from the app").fill(serving.app.now())
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Enrolments", level=1)).to_be_visible()
    assert page.url.startswith(f"{serving.url}/enrolments")
    assert [cookie["name"] for cookie in before if cookie["name"] == "mentoring"] == []
    assert [cookie["httpOnly"] for cookie in page.context.cookies() if cookie["name"] == "mentoring"] == [True]
    page.close()
