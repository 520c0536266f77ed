"""The gate before a page's socket: whose it is, from where it may come, and that it ends with the sign-in."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.types import Message

from services import gateway_watch, sessions
from services.gateway import ADDRESS, IDENTITY, MOST_SOCKETS, Gateway
from tests.event_loop import to_its_end
from tests.services.gateway_parts import Inside, in_production, scope_of, signed_in


def test_a_visitors_socket_cannot_resume_anybodys_session(engine: Engine) -> None:
    inside = Inside()

    connect(inside, sec_websocket_protocol="streamlit, token, somebodys-session", x_app_session="forged")

    assert inside.told("sec-websocket-protocol") == ["streamlit, token"]
    assert inside.told(IDENTITY) == []


def test_a_signed_in_socket_is_named_by_its_sign_in(engine: Engine) -> None:
    inside = Inside()
    token = signed_in(engine)
    with Session(engine) as session:
        found = sessions.resolve(session, token)

    connect(inside, cookie=f"mentoring={token}", sec_websocket_protocol="streamlit, t, mine", x_app_session="forged")

    assert found is not None
    assert inside.told(IDENTITY) == [str(found.session_id)]
    assert inside.told("sec-websocket-protocol") == ["streamlit, t, mine"]


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.test"}, {"origin": "http://localhost:9999"}, {"host": "evil.test"}]
)
def test_a_socket_from_another_page_is_refused(engine: Engine, headers: dict[str, Any]) -> None:
    inside = Inside()

    assert connect(inside, **headers) == [{"type": "websocket.close", "code": 1008}]
    assert inside.scopes == []


def test_in_production_a_socket_must_say_where_it_comes_from(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    in_production(monkeypatch)
    inside = Inside()

    assert connect(inside, host="desk.example.org") == [{"type": "websocket.close", "code": 1008}]
    assert connect(inside, host="desk.example.org", origin="https://desk.example.org")[0]["type"] == "websocket.accept"
    assert inside.told(ADDRESS) == ["192.0.2.1"]


def test_the_address_behind_a_trusted_proxy_is_the_last_that_it_names(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(monkeypatch, MENTORING_TRUSTED_PROXY="192.0.2.1")
    inside = Inside()
    ours: dict[str, Any] = {"host": "desk.example.org", "origin": "https://desk.example.org"}

    connect(inside, x_forwarded_for="203.0.113.77, 198.51.100.9", **ours)
    behind = inside.told(ADDRESS)
    in_production(monkeypatch, MENTORING_TRUSTED_PROXY="192.0.2.2")
    connect(inside, x_forwarded_for="203.0.113.77", **ours)

    assert (behind, inside.told(ADDRESS)) == (["198.51.100.9"], ["192.0.2.1"])


def test_in_production_one_address_holds_so_many_sockets_and_no_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(monkeypatch)
    headers = {"host": "desk.example.org", "origin": "https://desk.example.org"}

    async def flood() -> list[str]:
        gate, first = Gateway(Inside()), []

        async def one(client: str) -> None:
            sent: list[Message] = []

            async def send(message: Message) -> None:
                sent.append(message)
                if len(sent) == 1:
                    first.append(str(message["type"]))

            await gate(scope_of("websocket", "/_stcore/stream", headers, client), _forever, send)

        tasks = [asyncio.create_task(one("192.0.2.1")) for _ in range(MOST_SOCKETS + 2)]
        tasks.append(asyncio.create_task(one("192.0.2.2")))
        async with asyncio.timeout(60):
            while len(first) < len(tasks):
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        return first

    assert sorted(to_its_end(flood())) == ["websocket.accept"] * (MOST_SOCKETS + 1) + ["websocket.close"] * 2


def test_a_message_after_sign_out_is_not_passed_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_watch, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr("services.gateway.FAREWELL_SECONDS", 0.0)
    inside, token = Inside(), signed_in(engine)

    def before(number: int) -> None:
        if number == 1:
            with Session(engine) as session:
                sessions.revoke(session, token)

    sent = connect(inside, messages=3, before=before, cookie=f"mentoring={token}")

    assert [message["bytes"] for message in inside.received] == [b"0"]
    assert sent[-1] == {"type": "websocket.close", "code": 1008}


def test_a_silent_socket_ends_soon_after_sign_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_watch, "TICK_SECONDS", 0.05)
    monkeypatch.setattr("services.gateway.FAREWELL_SECONDS", 0.0)
    token = signed_in(engine)

    async def run() -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "websocket.accept":
                await asyncio.to_thread(_sign_out, engine, token)

        scope = scope_of("websocket", "/_stcore/stream", {"cookie": f"mentoring={token}"})
        await asyncio.wait_for(Gateway(Inside())(scope, _forever, send), 60)
        return sent

    assert to_its_end(run())[-1] == {"type": "websocket.close", "code": 1008}


def connect(
    inside: Inside, *, messages: int = 0, before: Callable[[int], None] = lambda _number: None, **headers: str
) -> list[Message]:
    """What a socket is sent, after so many messages of its own ("0", "1", …) and its end."""
    sent: list[Message] = []

    async def run() -> None:
        queue = iter(range(messages))

        async def receive() -> Message:
            number = next(queue, None)
            if number is None:
                return {"type": "websocket.disconnect", "code": 1000}
            await asyncio.to_thread(before, number)
            return {"type": "websocket.receive", "bytes": str(number).encode()}

        async def send(message: Message) -> None:
            sent.append(message)

        await Gateway(inside)(scope_of("websocket", "/_stcore/stream", headers), receive, send)

    to_its_end(run())
    return sent


async def _forever() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def _sign_out(engine: Engine, token: str) -> None:
    with Session(engine) as session:
        sessions.revoke(session, token)
