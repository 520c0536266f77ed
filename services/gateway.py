"""The gate in front of Streamlit (SECURITY.md c4): who is at the other end, and what may pass.

Streamlit is told who is there by a header that only this gate can set. It names the sign-in, not the person, so that
no socket can resume a session that another sign-in began.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import gateway_failures, plain_pages, sessions
from services import gateway_headers as rules
from services.gateway_watch import Watch
from services.sessions import SignedIn
from services.settings import settings

IDENTITY, ADDRESS = "x-app-session", "x-app-address"
SOCKET, UPLOADS, MEDIA = "/_stcore/stream", "/_stcore/upload_file/", "/media/"
# Doors of Streamlit that nobody here uses: figures about the server, an interface for programs, its own sign-in.
CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/auth/login", "/auth/logout", "/oauth2callback")
# Streamlit's own addresses of more than one part. At all others it answers with a page that finds none of its files.
FILES = ("/_stcore/", MEDIA, "/static/", "/component/", "/app/")
# A machine that watches over us may call us by another name.
PROBES = ("/healthz", "/readyz")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MOST_SOCKETS = 20
MOST_UPLOADED_BYTES = 20_000_000
GOING_AWAY, POLICY = 1001, 1008
FAREWELL_SECONDS = 1.0


@dataclass(frozen=True)
class Holding:
    """Whose Streamlit session an upload goes to, and how many bytes it holds already."""

    session_id: str | None
    held_bytes: int


class Gateway:
    """ASGI middleware. `holding` looks up a Streamlit session; `script_hashes` are the inline scripts that may run.

    `addresses` are those of our pages beside Streamlit.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        script_hashes: Sequence[str] = (),
        holding: Callable[[str], Holding | None] = lambda _name: None,
        addresses: Sequence[re.Pattern[str]] = (),
    ) -> None:
        self._app = app
        self._addresses = tuple(addresses)
        self._script_hashes = tuple(script_hashes)
        self._holding = holding
        self._watch = Watch()
        self._strangers: Counter[str | None] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(self._with_headers(scope["path"], Headers(scope=scope).get("host", ""), send))
        try:
            await self._pass_or_refuse(scope, receive, answer)
        except Exception as error:
            # Further out, Starlette would answer by itself, without a single one of our headers.
            if answer.has_begun:
                raise
            await gateway_failures.answer_to(error)(scope, receive, answer)

    async def _pass_or_refuse(self, scope: Scope, receive: Receive, answer: Send) -> None:
        refused = await self._refusal(scope, Headers(scope=scope))
        if refused is not None:
            status, title, remedy = refused
            link = ("/", "Go to the first page") if status == 404 else None
            await plain_pages.render(title, [remedy], link=link, status=status)(scope, receive, answer)
            return
        await self._app(_told(scope, None, client_address(scope)), receive, answer)

    async def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        """Status, title and remedy of whatever may not pass."""
        path, method = scope["path"], scope["method"]
        if path not in PROBES and not rules.host_is_ours(headers.get("host", "")):
            return 421, "This is not the address of this desk", "Open it by the address that you were given."
        if path.startswith(CLOSED) or self._leads_nowhere(path.rstrip("/"), headers):
            return 404, "There is nothing here", "Check the address."
        if path.startswith((UPLOADS, MEDIA)):
            return await self._refusal_of_file(path, method, headers)
        if method not in SAFE_METHODS and not rules.is_same_origin(headers):
            return 403, "This did not come from our own page", "Open the page again and send it from there."
        return None

    def _leads_nowhere(self, path: str, headers: Headers) -> bool:
        """Whether a reader would see a page that stays white: screens have addresses of one part."""
        if path.count("/") < 2 or "text/html" not in headers.get("accept", ""):
            return False
        return not path.startswith(FILES) and not any(ours.match(path) for ours in self._addresses)

    async def _refusal_of_file(self, path: str, method: str, headers: Headers) -> tuple[int, str, str] | None:
        try:
            signed_in = await self._watch.of_token(session_cookie(headers))
        except SQLAlchemyError:
            return 503, "We cannot look that up just now", "Try again in a minute."
        if signed_in is None:
            return 403, "You are not signed in", "Sign in and try again."
        if path.startswith(UPLOADS) and method not in SAFE_METHODS:
            return self._refusal_of_upload(path, method, headers, signed_in)
        return None

    def _refusal_of_upload(
        self, path: str, method: str, headers: Headers, signed_in: SignedIn
    ) -> tuple[int, str, str] | None:
        holding = self._holding(path.removeprefix(UPLOADS).partition("/")[0])
        if holding is None or holding.session_id != str(signed_in.session_id):
            return 403, "This page is no longer yours", "Reload it and try again."
        length = headers.get("content-length", "")
        if method == "PUT" and not length.isdecimal():
            return 411, "The size of this file is not known", "Try again with another browser."
        if method == "PUT" and holding.held_bytes + int(length) > MOST_UPLOADED_BYTES:
            return 413, "These files are too large together", "Reload the page and upload fewer at a time."
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not _may_connect(scope["path"], headers):
            await send({"type": "websocket.close", "code": POLICY})
            return
        try:
            signed_in = await self._watch.of_token(session_cookie(headers))
        except SQLAlchemyError:
            await send({"type": "websocket.close", "code": GOING_AWAY})
            return
        address = client_address(scope)
        if self._too_many(signed_in, address):
            await send({"type": "websocket.close", "code": POLICY})
            return
        told = _told(scope, signed_in.session_id if signed_in else None, address)
        if signed_in is not None:
            await self._guarded(signed_in.session_id, told, receive, send)
            return
        self._strangers[address] += 1
        try:
            await self._app(told, receive, send)
        finally:
            self._strangers[address] -= 1

    def _too_many(self, signed_in: SignedIn | None, address: str | None) -> bool:
        """A campus may stand behind one address, so whoever signed in is counted by their sign-in."""
        if not settings().is_production:
            return False
        held = self._watch.count(signed_in.session_id) if signed_in else self._strangers[address]
        return held >= MOST_SOCKETS

    async def _guarded(self, session_id: UUID, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket that ends with its sign-in: at its next message, or within seconds when it is silent."""
        ending = _Ending()
        self._watch.add(session_id, ending.come)

        async def guarded_receive() -> Message:
            message = await ending.unless_first(receive)
            if message is not None and message["type"] == "websocket.receive":
                message = message if await self._watch.is_alive(session_id) else None
            if message is not None:
                return message
            # Nothing comes in any more, but the run that ended the sign-in may still say good-bye.
            await asyncio.sleep(FAREWELL_SECONDS)
            await send({"type": "websocket.close", "code": POLICY})
            return {"type": "websocket.disconnect", "code": POLICY}

        try:
            await self._app(scope, guarded_receive, send)
        finally:
            self._watch.remove(ending.come)

    def _with_headers(self, path: str, host: str, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in rules.ALWAYS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", rules.content_policy(host, self._script_hashes))
                if settings().is_production:
                    headers["strict-transport-security"] = rules.STRICT_TRANSPORT
                if path.startswith((MEDIA, UPLOADS)):
                    headers["cache-control"] = "no-store"
            await send(message)

        return answer


def client_address(scope: Scope) -> str | None:
    """The network address at the other end, or None on this very machine.

    A proxy on this machine is unwrapped by uvicorn already; one elsewhere is believed only if the settings name it.
    """
    if not settings().is_production or not scope.get("client"):
        return None
    peer = str(scope["client"][0])
    if peer == settings().trusted_proxy:
        forwarded = Headers(scope=scope).get("x-forwarded-for", "")
        return forwarded.rpartition(",")[2].strip() or peer
    return peer


def session_cookie(headers: Headers) -> str | None:
    """The token in our cookie, if the browser sent one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(sessions.cookie_name())
    except CookieError:
        return None
    return found.value if found else None


def _may_connect(path: str, headers: Headers) -> bool:
    host, origin = headers.get("host", ""), headers.get("origin")
    if path != SOCKET or not rules.host_is_ours(host):
        return False
    # Every browser names its origin. Programs do not, and in local mode they may look, as anonymous as anyone.
    return rules.origin_is_ours(origin, host) if origin is not None else not settings().is_production


def _told(scope: Scope, session_id: UUID | None, address: str | None) -> Scope:
    """The request as Streamlit may see it: our word on who is there, and nobody else's."""
    ours = (IDENTITY.encode(), ADDRESS.encode())
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in ours]
    if session_id is not None:
        headers.append((IDENTITY.encode(), str(session_id).encode()))
    elif scope["type"] == "websocket":
        headers = [(name, _unresumed(value) if name == _PROTOCOLS else value) for name, value in headers]
    if address is not None:
        headers.append((ADDRESS.encode(), address.encode("latin-1", "replace")))
    return {**scope, "headers": headers}


_PROTOCOLS = b"sec-websocket-protocol"


def _unresumed(protocols: bytes) -> bytes:
    """Without the third entry, by which Streamlit would resume a session for anybody who knows its name."""
    return b",".join(protocols.split(b",")[:2])


class _Answer:
    """Passes an answer on, and knows whether any of it has left."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)


class _Ending:
    """The end of a sign-in, which whoever waits for a message at that moment feels at once.

    The waiting itself is interrupted: two tasks for every message that arrives, to see which is first, cost a
    millisecond of each run.
    """

    def __init__(self) -> None:
        self._has_come = False
        self._waiting: asyncio.Task[Any] | None = None

    def come(self) -> None:
        """Called on the event loop, at most once for each sign-in."""
        self._has_come = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def unless_first(self, receive: Receive) -> Message | None:
        """The next message, or None when the sign-in ended first."""
        if self._has_come:
            return None
        waiting = self._waiting = asyncio.current_task()
        try:
            message = await receive()
        except asyncio.CancelledError:
            # Somebody else, the server for instance, may want the task to end at the same moment.
            if not self._has_come or waiting is None or waiting.uncancel() > 0:
                raise
            return None
        finally:
            self._waiting = None
        return None if self._has_come else message
