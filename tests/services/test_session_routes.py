"""The addresses outside Streamlit, behind the real gate: alive, ready, signing in and out, choosing a password."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.messages import Message
from models.people import Account, AccountStatus, LinkPurpose, LinkToken
from services import accounts, links, passwords, plain_pages, session_routes, sessions, storage, welcome_routes
from services.gateway import Gateway
from services.settings import settings
from tests.factories import make_account, make_cohort, make_coordinator, make_person

PASSWORD = "correct horse battery staple"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def browser(engine: Engine) -> Iterator[TestClient]:
    """A browser that follows no redirect by itself and comes from no page in particular."""
    routes = [*session_routes.routes(), *welcome_routes.routes()]
    server = Starlette(routes=routes, middleware=[Middleware(Gateway)])
    with TestClient(server, base_url="http://127.0.0.1:8501", follow_redirects=False) as client:
        yield client


def make_user(session: Session, **facts: object) -> Account:
    account = make_account(session, make_person(session, "Ama Boateng", email="ama@example.org"), **facts)
    session.commit()
    return account


def make_link(session: Session, account: Account, purpose: LinkPurpose = LinkPurpose.INVITATION) -> str:
    token = links.mint(session, purpose, account.person_id, hours=1)
    session.commit()
    return token


def test_the_server_is_alive_and_ready(browser: TestClient) -> None:
    assert browser.get("/healthz").json() == {"status": "alive"}
    assert browser.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(("asked", "led_to"), [("/home", "/"), ("/home?place=mentor-1", "/?place=mentor-1")])
def test_the_name_of_the_first_screen_leads_to_it(browser: TestClient, asked: str, led_to: str) -> None:
    answer = browser.get(asked)

    assert (answer.status_code, answer.headers["location"]) == (307, led_to)


def test_a_server_with_other_tables_is_not_ready(browser: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    answer = browser.get("/readyz")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})

    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


def test_a_server_without_its_database_is_alive_and_not_ready(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.database import make_engine

    broken = make_engine("sqlite:////nowhere/at/all.db")
    monkeypatch.setattr(storage, "engine", lambda: broken)

    assert browser.get("/healthz").status_code == 200
    assert browser.get("/readyz").json() == {"status": "not ready", "because": "The database does not answer."}


def test_a_ticket_becomes_a_cookie_out_of_scripts_reach(browser: TestClient, session: Session) -> None:
    ticket = sessions.open_with_ticket(session, make_user(session).id)

    answer = browser.get(f"/auth/session?ticket={ticket}&to=%2Fenrolments%3Fplace%3Dmentor-1", headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/enrolments?place=mentor-1")
    cookie = answer.headers["set-cookie"]
    token = browser.cookies["mentoring"]
    assert cookie == f"mentoring={token}; HttpOnly; Path=/; SameSite=lax"
    assert sessions.resolve(session, token) is not None
    assert ticket not in (token, answer.headers["location"])


def test_a_ticket_works_once(browser: TestClient, session: Session) -> None:
    ticket = sessions.open_with_ticket(session, make_user(session).id)
    browser.get(f"/auth/session?ticket={ticket}", headers=OURS)

    again = browser.get(f"/auth/session?ticket={ticket}", headers=OURS)

    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_a_ticket_in_somebody_elses_link_is_not_redeemed(
    browser: TestClient, session: Session, site: str | None
) -> None:
    ticket = sessions.open_with_ticket(session, make_user(session).id)

    answer = browser.get(f"/auth/session?ticket={ticket}", headers={"sec-fetch-site": site} if site else {})

    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert sessions.redeem(session, ticket) is not None


@pytest.mark.parametrize(
    "to", ["https://evil.test", "//evil.test", "/\\evil.test", "/a/b", "/home?x=1", "javascript:1"]
)
def test_signing_in_never_leads_away(browser: TestClient, session: Session, to: str) -> None:
    ticket = sessions.open_with_ticket(session, make_user(session).id)

    answer = browser.get("/auth/session", params={"ticket": ticket, "to": to}, headers=OURS)

    assert answer.headers["location"] == "/"


def test_in_production_the_cookie_is_for_this_host_over_tls(
    browser: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_URL", "https://desk.example.org")
    settings.cache_clear()
    ticket = sessions.open_with_ticket(session, make_user(session).id)

    answer = browser.get(f"/auth/session?ticket={ticket}", headers=OURS | {"host": "desk.example.org"})

    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert (name, rest.partition("; ")[2]) == ("__Host-mentoring", "HttpOnly; Path=/; SameSite=lax; Secure")


def test_signing_out_ends_the_session_and_takes_the_cookie(browser: TestClient, session: Session) -> None:
    token = sessions.open_for(session, make_user(session).id)

    answer = browser.get("/auth/sign-out", headers=OURS | {"cookie": f"mentoring={token}"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'mentoring=""; ' in answer.headers["set-cookie"]
    assert sessions.resolve(session, token) is None


def test_signing_out_without_a_session_leads_home(browser: TestClient) -> None:
    assert browser.get("/auth/sign-out", headers=OURS).headers["location"] == "/"


def test_another_sites_page_signs_nobody_out(browser: TestClient, session: Session) -> None:
    token = sessions.open_for(session, make_user(session).id)

    browser.get("/auth/sign-out", headers={"sec-fetch-site": "cross-site", "cookie": f"mentoring={token}"})

    assert sessions.resolve(session, token) is not None


def test_looking_at_a_link_changes_nothing(browser: TestClient, session: Session) -> None:
    token = make_link(session, make_user(session, status=AccountStatus.INVITED))

    answers = [browser.get(f"/welcome/{token}") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert session.exec(select(LinkToken.used_at)).all() == [None]


def test_choosing_a_password_signs_in_at_once(browser: TestClient, session: Session) -> None:
    token = make_link(session, make_user(session, status=AccountStatus.INVITED))

    answer = browser.post(f"/welcome/{token}", data={"password": PASSWORD, "again": PASSWORD}, headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert sessions.resolve(session, browser.cookies["mentoring"]) is not None
    session.expire_all()
    account = session.exec(select(Account)).one()
    assert (account.status, passwords.matches(PASSWORD, account.password_hash)) == (AccountStatus.ACTIVE, True)


def test_a_used_link_gets_a_calm_page(browser: TestClient, session: Session) -> None:
    token = make_link(session, make_user(session, status=AccountStatus.INVITED))
    form = {"password": PASSWORD, "again": PASSWORD}
    browser.post(f"/welcome/{token}", data=form, headers=OURS)

    looked, sent = browser.get(f"/welcome/{token}"), browser.post(f"/welcome/{token}", data=form, headers=OURS)

    assert [answer.status_code for answer in (looked, sent)] == [403, 403]
    assert "has been used already" in looked.text
    assert 'href="/forgot"' in looked.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"password": "tiny", "again": "tiny"}, "too short"),
        ({"password": PASSWORD, "again": PASSWORD + " "}, "not the same"),
        ({}, "too short"),
        ({"password": "boateng is my family name", "again": "boateng is my family name"}, "others would try first"),
        ({"password": "x" * 20_000, "again": "x" * 20_000}, "too long"),
    ],
)
def test_a_password_that_will_not_do_is_said_beside_the_field(
    browser: TestClient, session: Session, form: dict[str, str], said: str
) -> None:
    token = make_link(session, make_user(session, status=AccountStatus.INVITED))

    answer = browser.post(f"/welcome/{token}", data=form, headers=OURS)

    assert answer.status_code == 422
    assert said in answer.text
    assert form.get("password", "nothing") not in answer.text
    assert session.exec(select(LinkToken.used_at)).all() == [None]


def test_in_production_a_coordinators_new_password_leads_to_a_code_and_not_in(
    browser: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = make_coordinator(session, make_cohort(session))
    token = make_link(session, make_account(session, coordinator, status=AccountStatus.INVITED))
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_URL", "http://127.0.0.1:8501")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "some invented bytes that are good for a test")
    settings.cache_clear()

    answer = browser.post(f"/welcome/{token}", data={"password": PASSWORD, "again": PASSWORD}, headers=OURS)

    assert (answer.status_code, "set-cookie" in answer.headers) == (303, False)
    assert answer.headers["location"].rpartition("/")[0] == "/second-factor"


@pytest.mark.parametrize(("server", "said"), [("mail.example.org", "is on its way"), ("", "has no mail server yet")])
def test_forgetting_a_password_gets_the_same_answer_for_every_address(
    browser: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch, server: str, said: str
) -> None:
    monkeypatch.setenv("SMTP_HOST", server)
    settings.cache_clear()
    make_user(session)
    shown = browser.get("/forgot")

    known, unknown, nothing = (
        browser.post("/forgot", data=form, headers=OURS)
        for form in ({"email": "ama@example.org"}, {"email": "nobody@example.org"}, {})
    )

    assert (shown.status_code, known.status_code) == (200, 200)
    assert known.text == unknown.text == nothing.text
    assert [words for words in ("is on its way", "has no mail server yet") if words in known.text] == [said]
    assert [row.template for row in session.exec(select(Message))] == ["password_reset"]


def test_a_form_from_another_site_is_refused(browser: TestClient, session: Session) -> None:
    token = make_link(session, make_user(session, status=AccountStatus.INVITED))
    form = {"password": PASSWORD, "again": PASSWORD}

    answer = browser.post(f"/welcome/{token}", data=form, headers={"origin": "https://evil.test"})

    assert answer.status_code == 403
    assert session.exec(select(LinkToken.used_at)).all() == [None]


def test_a_plain_page_shows_text_as_text_and_runs_nothing() -> None:
    answer = plain_pages.render("<b>Hello</b>", ["<script>alert(1)</script>"])

    body = bytes(answer.body).decode()
    assert "<b>Hello</b>" not in body
    assert "<script>" not in body
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_every_purpose_that_opens_an_account_is_chosen_by_link() -> None:
    assert set(accounts.BY_LINK) == set(LinkPurpose) - {LinkPurpose.ANSWER_PROPOSAL, LinkPurpose.SECOND_FACTOR}
