"""A page that breaks: a calm text, every protecting header, and a reference that the log knows."""

import logging
import re
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from models.database import make_engine
from services import answer_routes, join_routes, rights_routes, storage, welcome_routes
from services.gateway import Gateway
from services.gateway_headers import ALWAYS
from tests.services.gateway_parts import in_production

TYPED = "zephyrine@hidden.example.org"
TOKEN = "a-token-of-one-person"
AWAY = {
    # A folder that is not there, and a port on which nobody listens.
    "sqlite": "sqlite:////nowhere/to/be/found.db",
    "postgresql": "postgresql+psycopg://nobody@127.0.0.1:1/desk?connect_timeout=2",
}


def browser(*routes: Route) -> TestClient:
    """A browser that sees what leaves, as uvicorn would send it."""
    server = Starlette(routes=routes, middleware=[Middleware(Gateway)])
    return TestClient(server, base_url="http://127.0.0.1:8501", raise_server_exceptions=True)


async def broken(_request: Request) -> Response:
    raise ValueError(TYPED)


async def broken_halfway(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise ValueError(TYPED)

    return StreamingResponse(parts())


def test_a_page_that_breaks_says_so_calmly_and_the_log_knows_its_reference(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), browser(Route("/broken/{token}", broken)) as client:
        answer = client.get(f"/broken/{TOKEN}")

    shown = re.search("tell the coordinator the reference ([0-9a-f]{8})", answer.text)
    assert shown is not None
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong on our side" in answer.text
    assert f"the reference {shown.group(1)}" in caplog.text
    assert "ValueError" in caplog.text
    # Neither what somebody typed nor the address, which opens one person's page.
    assert [word for word in (TYPED, TOKEN) if word in caplog.text or word in answer.text] == []
    assert [word for word in ("Traceback", "ValueError", ".py") if word in answer.text] == []


def test_a_page_that_breaks_carries_every_header_that_protects(monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)

    with browser(Route("/broken", broken)) as client:
        answer = client.get("/broken", headers={"host": "desk.example.org"})

    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", list(AWAY))
@pytest.mark.parametrize("path", [f"/answer/{TOKEN}", f"/welcome/{TOKEN}", "/join/a-scheme", "/rights"])
def test_without_its_database_a_page_asks_to_come_back_in_a_minute(
    kind: str, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(AWAY[kind])
    monkeypatch.setattr(storage, "engine", lambda: engine)
    routes = (answer_routes, welcome_routes, join_routes, rights_routes)

    with caplog.at_level(logging.ERROR), browser(*(each for module in routes for each in module.routes())) as client:
        answer = client.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "We cannot open this page just now" in answer.text
    assert "Try again in a minute" in answer.text
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert TOKEN not in caplog.text


def test_an_answer_that_has_begun_is_not_followed_by_another() -> None:
    with browser(Route("/halfway", broken_halfway)) as client, pytest.raises(ValueError, match="hidden"):
        client.get("/halfway")
