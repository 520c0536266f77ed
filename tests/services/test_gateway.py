"""The gate: what passes, what is told to Streamlit, and what every answer carries."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.types import Message

from services import answer_routes, production, sessions
from services.gateway import ADDRESS, IDENTITY, Gateway, Holding, session_cookie
from services.gateway_headers import host_is_ours, is_same_origin, origin_is_ours, script_hash
from tests.event_loop import to_its_end
from tests.services.gateway_parts import HOST, SAFE, Inside, ask, in_production, scope_of, signed_in


def test_every_answer_carries_the_headers_that_protect_it() -> None:
    for path in ("/", "/_stcore/health", "/_stcore/metrics", "/media/x"):
        _status, headers = ask(path)

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]


def test_only_named_inline_scripts_may_run() -> None:
    async def run() -> str:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        gate = Gateway(Inside(), script_hashes=[script_hash("one()")])
        await gate(scope_of("http", "/", {}) | {"method": "GET"}, _nothing, send)
        return str(dict(sent[0]["headers"])[b"content-security-policy"])

    policy = to_its_end(run())

    assert f"script-src 'self' {script_hash('one()')};" in policy


def test_in_production_browsers_are_told_to_stay_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)

    assert ask(host="desk.example.org")[1]["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/interact", "/auth/login"]
)
def test_doors_that_nobody_uses_are_closed(path: str) -> None:
    assert ask(path)[0] == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/no/such/page", 404),
        ("/answer/token/more", 404),
        ("/answer/token", 200),
        ("/answer/token/", 200),
        ("/enrolments", 200),
        ("/enrolments/", 200),
        ("/_stcore/health", 200),
        ("/media/x", 403),
    ],
)
def test_a_reader_of_an_address_that_leads_nowhere_is_told_so(path: str, status: int) -> None:
    answers = [route.path_regex for route in answer_routes.routes()]

    assert ask(path, addresses=answers, accept="text/html,*/*;q=0.8")[0] == status


def test_what_a_page_of_streamlit_asks_for_below_its_own_address_passes() -> None:
    assert ask("/enrolments/_stcore/health", accept="application/json, text/plain, */*")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8501", "127.0.0.1.evil.test", "a@127.0.0.1", "", "[::1", ":x"]
)
def test_another_name_for_this_server_is_refused(host: str) -> None:
    inside = Inside()

    assert ask("/", host=host, inside=inside)[0] == 421
    assert inside.scopes == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "127.0.0.1:9000", "[::1]:8501"])
def test_this_machines_names_are_ours_in_local_mode(host: str) -> None:
    assert ask("/", host=host)[0] == 200


def test_in_production_only_the_name_that_people_type_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)

    assert [host_is_ours(host) for host in ("desk.example.org", "localhost", "desk.example.org.evil.test")] == [
        True,
        False,
        False,
    ]
    assert ask("/healthz", host="10.0.0.7")[0] == 200


def test_a_post_from_another_page_is_refused() -> None:
    inside = Inside()
    strangers: tuple[dict[str, Any], ...] = (
        {},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site", "origin": f"http://{HOST}"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"referer": "https://evil.test/forgot"},
    )

    assert [ask("/forgot", "POST", inside=inside, **headers)[0] for headers in strangers] == [403] * len(strangers)
    assert inside.scopes == []


def test_a_post_from_our_own_page_passes() -> None:
    ours: tuple[dict[str, Any], ...] = (
        {"sec_fetch_site": "same-origin"},
        {"origin": f"http://{HOST}"},
        {"referer": f"http://{HOST}/forgot"},
    )

    assert [ask("/forgot", "POST", **headers)[0] for headers in ours] == [200] * 3


def test_a_broken_referer_is_no_page_of_ours() -> None:
    assert not is_same_origin({"host": HOST, "referer": "http://[::1"})


def test_in_production_an_origin_must_be_exactly_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)
    origins = ("https://desk.example.org", "http://desk.example.org", "https://desk.example.org:8443", "null")

    assert [origin_is_ours(origin, "desk.example.org") for origin in origins] == [True, False, False, False]


def test_files_are_refused_to_visitors(engine: Engine) -> None:
    inside = Inside()
    gone = signed_in(engine)
    with Session(engine) as session:
        sessions.revoke(session, gone)

    for cookie in ("", "mentoring=forged", f"mentoring={gone}", "=;broken"):
        assert ask("/media/abc.png", inside=inside, cookie=cookie)[0] == 403
        assert ask("/_stcore/upload_file/s/f", "PUT", inside=inside, cookie=cookie, content_length="9")[0] == 403
    assert inside.scopes == []


def test_files_are_served_to_whoever_signed_in_and_kept_by_nobody(engine: Engine) -> None:
    status, headers = ask("/media/abc.png", cookie=f"mentoring={signed_in(engine)}")

    assert (status, headers["cache-control"]) == (200, "no-store")


def test_an_upload_goes_only_into_ones_own_page(engine: Engine) -> None:
    token = signed_in(engine)
    with Session(engine) as session:
        found = sessions.resolve(session, token)
    assert found is not None

    def put(holding: Holding | None, length: str = "1000") -> int:
        return ask(
            "/_stcore/upload_file/s/f",
            "PUT",
            holding=lambda name: holding if name == "s" else None,
            cookie=f"mentoring={token}",
            content_length=length,
        )[0]

    mine = str(found.session_id)
    assert put(Holding(mine, 0)) == 200
    assert put(Holding("another", 0)) == 403
    assert put(Holding(None, 0)) == 403
    assert put(None) == 403
    assert put(Holding(mine, 0), length="") == 411
    assert put(Holding(mine, 19_999_500)) == 413


def test_an_identity_from_outside_never_reaches_streamlit(engine: Engine) -> None:
    inside = Inside()

    ask("/", inside=inside, x_app_session="forged", x_app_address="forged")

    assert (inside.told(IDENTITY), inside.told(ADDRESS)) == ([], [])


def test_a_broken_cookie_is_nobodys() -> None:
    from starlette.datastructures import Headers

    found = [session_cookie(Headers({"cookie": cookie})) for cookie in ("", "a=b", "mentoring=x; a=b", "mentoring")]

    assert found == [None, None, "x", None]


def test_a_safe_production_server_has_nothing_to_complain_about(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch, MENTORING_PASSWORD_COST="12")

    assert production.unsafe(SAFE.__getitem__) == []


@pytest.mark.parametrize("address", ["desk@uni.ac.uk", "Mentoring Desk <desk@uni.ac.uk>"])
def test_a_server_that_sends_mail_from_a_real_address_may_start(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    in_production(monkeypatch, MENTORING_PASSWORD_COST="12", SMTP_HOST="mail.uni.ac.uk", MAIL_FROM=address)

    assert production.unsafe(SAFE.__getitem__) == []


@pytest.mark.parametrize("name", [*production.WANTED, "server.maxUploadSize", "server.allowedHosts"])
def test_every_unsafe_option_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    in_production(monkeypatch, MENTORING_PASSWORD_COST="12")
    wrong: dict[str, Any] = SAFE | {name: 200 if name == "server.maxUploadSize" else ["something else"]}

    found = production.unsafe(wrong.__getitem__)

    assert [name in sentence for sentence in found] == [True]


@pytest.mark.parametrize(
    ("settings_", "named"),
    [
        ({"MENTORING_URL": "http://desk.example.org"}, "MENTORING_URL"),
        ({"MENTORING_PASSWORD_COST": "4"}, "MENTORING_PASSWORD_COST"),
        ({"SMTP_HOST": "mail.uni.ac.uk", "SMTP_SECURITY": "none", "MAIL_FROM": "desk@uni.ac.uk"}, "SMTP_SECURITY"),
        ({"SMTP_HOST": "mail.uni.ac.uk"}, "MAIL_FROM"),
        ({"SMTP_HOST": "mail.uni.ac.uk", "MAIL_FROM": "the mentoring desk"}, "MAIL_FROM"),
        ({"SMTP_HOST": "mail.uni.ac.uk", "MAIL_FROM": "Desk <desk@localhost>"}, "MAIL_FROM"),
        ({"SMTP_HOST": "mail.uni.ac.uk", "MAIL_FROM": "desk@"}, "MAIL_FROM"),
        ({"MENTORING_SECRET_KEYS": ""}, "MENTORING_SECRET_KEYS must hold a key"),
        ({"MENTORING_SECRET_KEYS": " , "}, "MENTORING_SECRET_KEYS must hold a key"),
        ({"MENTORING_SECRET_KEYS": "a key as long as it has to be here,too short"}, "at least 32 bytes"),
    ],
)
def test_every_unsafe_setting_is_named(monkeypatch: pytest.MonkeyPatch, settings_: dict[str, str], named: str) -> None:
    in_production(monkeypatch, **{"MENTORING_PASSWORD_COST": "12"} | settings_)

    found = production.unsafe(SAFE.__getitem__)

    assert [named in sentence for sentence in found] == [True]


def test_a_server_behind_a_proxy_must_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch, MENTORING_PASSWORD_COST="12")

    found = production.unsafe((SAFE | {"server.address": "127.0.0.1"}).__getitem__)

    assert found == ["MENTORING_TRUSTED_PROXY must be the address of the proxy in front of this server."]


async def _nothing() -> Message:
    return {"type": "http.request", "body": b""}
