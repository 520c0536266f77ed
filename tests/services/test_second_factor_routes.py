"""The page that asks for a code, behind the real gate: from the password to the cookie."""

import html
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pyotp
import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.people import Account, AccountStatus, LinkPurpose, Person, SignInSession
from services import accounts, links, second_factor_routes, session_routes, sessions, welcome_routes
from services.gateway import Gateway
from services.settings import settings
from tests.factories import make_account, make_cohort, make_coordinator

PASSWORD = "correct horse battery staple"
KEY = "some invented bytes that are good for a test"
OURS = {"sec-fetch-site": "same-origin"}
NOON = datetime(2026, 11, 22, 12, 0, 15, tzinfo=UTC)


@pytest.fixture
def browser(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser at a production server, which follows no redirect by itself."""
    for name, value in (("ENV", "production"), ("URL", "https://desk.example.org"), ("SECRET_KEYS", KEY)):
        monkeypatch.setenv(f"MENTORING_{name}", value)
    settings.cache_clear()
    routes = [*session_routes.routes(), *second_factor_routes.routes(), *welcome_routes.routes()]
    server = Starlette(routes=routes, middleware=[Middleware(Gateway)])
    with TestClient(server, base_url="https://desk.example.org", follow_redirects=False, headers=OURS) as client:
        yield client


def make_staff(session: Session, status: AccountStatus = AccountStatus.ACTIVE) -> Account:
    account = make_account(session, make_coordinator(session, make_cohort(session)), status=status)
    session.commit()
    return account


def asked(session: Session, account: Account) -> str:
    return accounts.sign_in(session, account.id, network_address=None)


def code_from(page: str, moment: datetime = NOON) -> str:
    """What an app shows that somebody typed the page's key into."""
    found = re.search(r"Key: ([A-Z2-7 ]+)<", page)
    assert found is not None
    return pyotp.TOTP(found.group(1).replace(" ", "")).at(moment)


def test_a_new_coordinator_comes_from_the_invitation_to_the_desk(browser: TestClient, session: Session) -> None:
    account = make_staff(session, AccountStatus.INVITED)
    with time_machine.travel(NOON, tick=False):
        invitation = links.mint(session, LinkPurpose.INVITATION, account.person_id, hours=1)
        session.commit()

        chosen = browser.post(f"/welcome/{invitation}", data={"password": PASSWORD, "again": PASSWORD})
        shown = browser.get(chosen.headers["location"])
        entered = browser.post(chosen.headers["location"], data={"code": code_from(shown.text)})
        token = entered.headers["set-cookie"].partition("=")[2].partition(";")[0]
        found = sessions.resolve(session, token)

    assert (chosen.status_code, "set-cookie" in chosen.headers) == (303, False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert entered.headers["set-cookie"] == f"__Host-mentoring={token}; HttpOnly; Path=/; SameSite=lax; Secure"
    assert found is not None
    assert found.account_id == account.id


def test_the_page_shows_a_picture_that_stands_in_it_and_runs_nothing(browser: TestClient, session: Session) -> None:
    account = make_staff(session)

    shown = browser.get(asked(session, account))

    picture = re.search(r'<img class="code" src="(data:image/svg\+xml[^"]+)" alt="([^"]+)">', shown.text)
    assert picture is not None
    assert unquote(html.unescape(picture.group(1))).count("<svg") == 1
    policy = shown.headers["content-security-policy"]
    assert ("img-src 'self' data:;" in policy, "script" in policy + shown.text) == (True, False)
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert 'autocomplete="one-time-code" inputmode="numeric"' in shown.text


def test_whoever_has_an_app_is_asked_for_a_code_and_shown_no_key(browser: TestClient, session: Session) -> None:
    account = make_staff(session)
    with time_machine.travel(NOON, tick=False):
        first = asked(session, account)
        page = browser.get(first).text
        browser.post(first, data={"code": code_from(page)})
    later = NOON + timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        second = asked(session, account)
        shown = browser.get(second)
        entered = browser.post(second, data={"code": code_from(page, later)})

    assert ("Key:" in shown.text, "<img" in shown.text, "One more step" in shown.text) == (False, False, True)
    assert "data:" not in shown.headers["content-security-policy"]
    assert (entered.status_code, entered.headers["location"]) == (303, "/")


def test_the_screen_that_somebody_came_for_is_where_they_end(browser: TestClient, session: Session) -> None:
    with time_machine.travel(NOON, tick=False):
        address = asked(session, make_staff(session))
        shown = browser.get(f"{address}?to=%2Fenrolments%3Fplace%3Dmanager-1").text
        action = re.search(r'action="([^"]+)"', shown)
        assert action is not None
        entered = browser.post(html.unescape(action.group(1)), data={"code": code_from(shown)})

    assert entered.headers["location"] == "/enrolments?place=manager-1"


@pytest.mark.parametrize("to", ["https://evil.test", "//evil.test", "/a/b"])
def test_a_code_never_leads_away(browser: TestClient, session: Session, to: str) -> None:
    with time_machine.travel(NOON, tick=False):
        address = asked(session, make_staff(session))
        shown = browser.get(address, params={"to": to}).text
        entered = browser.post(address, params={"to": to}, data={"code": code_from(shown)})

    assert ("evil" in shown, entered.headers["location"]) == (False, "/")


@pytest.mark.parametrize("form", [{"code": "12345"}, {}, {"code": "9" * 20_000}])
def test_a_wrong_code_gets_the_same_page_with_a_calm_sentence(
    browser: TestClient, session: Session, form: dict[str, str]
) -> None:
    address = asked(session, make_staff(session))
    before = browser.get(address).text

    answer = browser.post(address, data=form)

    assert (answer.status_code, "set-cookie" in answer.headers) == (422, False)
    assert "This is not the code that we expect now." in answer.text
    assert re.findall("Key: .*<", answer.text) == re.findall("Key: .*<", before)
    assert session.exec(select(SignInSession)).all() == []


def test_after_five_wrong_codes_the_page_is_closed(browser: TestClient, session: Session) -> None:
    address = asked(session, make_staff(session))

    answers = [browser.post(address, data={"code": "0"}).status_code for _ in range(6)]

    assert answers == [422, 422, 422, 422, 403, 403]
    closed = browser.get(address)
    assert (closed.status_code, "Sign in again with your password." in closed.text) == (403, True)


def test_looking_changes_nothing(browser: TestClient, session: Session) -> None:
    account = make_staff(session)
    address = asked(session, account)

    seen = {browser.get(address).text for _ in range(3)}

    session.expire_all()
    assert (len(seen), account.totp_confirmed_at) == (1, None)
    assert session.exec(select(SignInSession)).all() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_link_from_elsewhere_signs_nobody_in_as_somebody_else(
    browser: TestClient, session: Session, site: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        address = asked(session, make_staff(session))
        shown = browser.get(address, headers={"sec-fetch-site": site})
        code = code_from(browser.get(address).text)
        sent = browser.post(address, data={"code": code}, headers={"sec-fetch-site": site})

    assert (shown.status_code, "Key:" in shown.text) == (403, False)
    assert (sent.status_code, "set-cookie" in sent.headers) == (403, False)


@pytest.mark.parametrize("address", ["/second-factor/forged", "/second-factor/" + "x" * 5000])
def test_a_forged_link_gets_a_calm_page(browser: TestClient, address: str) -> None:
    shown, sent = browser.get(address), browser.post(address, data={"code": "123456"})

    assert [answer.status_code for answer in (shown, sent)] == [403, 403]
    assert "We do not know this link" in shown.text


def test_a_key_that_is_gone_is_said_on_the_page(
    browser: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = asked(session, make_staff(session))
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "another key of invented words for a test")
    settings.cache_clear()

    shown = browser.get(address)

    assert (shown.status_code, "no longer has the key" in shown.text) == (403, True)


def test_nothing_of_the_secret_is_in_an_address_or_in_the_log(
    browser: TestClient, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = make_staff(session)
    with time_machine.travel(NOON, tick=False):
        address = asked(session, account)
        shown = browser.get(address)
        browser.post(address, data={"code": "wrong"})
        entered = browser.post(address, data={"code": code_from(shown.text)})
        second = asked(session, account)
        secret = re.findall(r"Key: ([A-Z2-7 ]+)<", shown.text)[0].replace(" ", "")
        email = session.get_one(Person, account.person_id).email

    places = [address, second, str(entered.headers), caplog.text]
    assert [word for word in (secret, code_from(shown.text), email) for place in places if word in place] == []
    # In the page itself the secret stands as text and in the picture, never in a link.
    assert re.findall(r'href="[^"]*otpauth', shown.text) == []
