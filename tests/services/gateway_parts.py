"""A small app behind the gate, and how it is asked."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.types import Message, Receive, Scope, Send

from services import production, sessions
from services.gateway import Gateway, Holding
from services.settings import settings
from tests.event_loop import to_its_end
from tests.factories import make_account, make_person

HOST = "127.0.0.1:8501"
SAFE: dict[str, Any] = {
    **production.WANTED,
    "server.maxUploadSize": 5,
    "server.allowedHosts": ["desk.example.org"],
    "server.address": "0.0.0.0",  # noqa: S104 - what a container binds to
}


class Inside:
    """What stands behind the gate: notes what it was told and answers."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.received: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            self.received.append(message)

    def told(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.scopes[-1]["headers"] if key == name.encode()]


def ask(
    path: str = "/",
    method: str = "GET",
    *,
    inside: Inside | None = None,
    holding: Callable[[str], Holding | None] = lambda _name: None,
    addresses: Sequence[re.Pattern[str]] = (),
    **headers: str,
) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer. `_` in a header's name stands for `-`."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    gate = Gateway(inside or Inside(), holding=holding, addresses=addresses)
    to_its_end(gate(scope_of("http", path, headers) | {"method": method}, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def scope_of(kind: str, path: str, headers: dict[str, str], client: str = "192.0.2.1") -> dict[str, Any]:
    named = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": kind, "path": path, "headers": raw, "client": (client, 4711), "query_string": b""}


def signed_in(engine: Engine) -> str:
    with Session(engine) as session:
        return sessions.open_for(session, make_account(session, make_person(session)).id)


def in_production(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    safe = {
        "MENTORING_ENV": "production",
        "MENTORING_URL": "https://desk.example.org",
        "MENTORING_SECRET_KEYS": "some invented bytes that are good for a test",
    }
    for name, value in {**safe, **more}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
