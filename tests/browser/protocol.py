"""Streamlit's own protocol without a browser: what a tab sends, and every byte that comes back.

A browser draws only part of what it receives; what must never leave the server is looked for here. Loopback only, and
no wait without an end.
"""

import http.client
import re
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

SECONDS = 90.0
# After a run is over, the server says a few more words about it at once.
SILENCE_SECONDS = 0.1
COOKIE = "mentoring"
MEDIA = re.compile(rb"/media/[0-9a-f]+\.\w+")
VALUES: dict[type, str] = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}


@dataclass(frozen=True)
class Screen:
    """One entry of the navigation that the server sent."""

    address: str
    title: str
    hash: str
    is_hidden: bool


@dataclass(frozen=True)
class Widget:
    """A widget as the server described it. `element` is its protobuf message."""

    id: str
    kind: str
    element: Any
    fragment: str

    @property
    def label(self) -> str:
        return str(getattr(self.element, "label", ""))


class Tab:
    """One browser tab. `received` holds every byte that came through its socket, in order."""

    def __init__(self, url: str, token: str | None = None, *, place: str | None = None) -> None:
        self.received = b""
        self.screens: tuple[Screen, ...] = ()
        self.widgets: dict[str, Widget] = {}
        self._states: dict[str, WidgetState] = {}
        self._query = urlencode({"place": place}) if place else ""
        self._page_hash = ""
        self._url, self._token = url, token
        self._closing = ExitStack()

    def __enter__(self) -> "Tab":
        self._socket = self._closing.enter_context(_connection(self._url, self._token))
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(ConnectionClosed):
            self._closing.close()

    def open(self, address: str = "") -> bytes:
        """Go to a screen by its address, as a link does; answers what came back for it."""
        self._page_hash = next((screen.hash for screen in self.screens if screen.address == address), "")
        self._states.clear()
        return self._run(address)

    def rerun(self) -> bytes:
        """Run the screen again, as any other widget would make it."""
        return self._run()

    def set(self, label: str, value: str | bool | float) -> None:
        """Type or tick; it is sent with the next run. Raises LookupError."""
        widget = self.find(label)
        state = WidgetState(id=widget.id)
        setattr(state, VALUES[type(value)], value)
        self._states[widget.id] = state

    def press(self, label: str, *, times: int = 1) -> bytes:
        """Press a button, several times before the server can answer if asked. Raises LookupError."""
        widget = self.find(label)
        trigger = WidgetState(id=widget.id, trigger_value=True)
        for _ in range(times):
            self._send("", widget.fragment, trigger)
        return self._until_finished()

    def press_each(self, label: str, *, leaving_for: str = "") -> bytes:
        """Press every button of this label, the next before the server can answer the last, and perhaps leave then."""
        for widget in [each for each in self.widgets.values() if each.label == label]:
            self._send("", widget.fragment, WidgetState(id=widget.id, trigger_value=True))
        return self.open(leaving_for) if leaving_for else self._until_finished()

    def choose(self, label: str, *indices: int) -> bytes:
        """Choose segments of a segmented control by position. Raises LookupError."""
        widget = self.find(label)
        state = WidgetState(id=widget.id)
        state.string_array_value.data.extend(_content(widget.element.options[index]) for index in indices)
        self._states[widget.id] = state
        return self._run()

    def find(self, label: str) -> Widget:
        """The last drawn widget of this label. Raises LookupError."""
        for widget in reversed(self.widgets.values()):
            if widget.label == label:
                return widget
        raise LookupError(f"no {label!r} here; there are {sorted(each.label for each in self.widgets.values())}")

    def _run(self, address: str = "") -> bytes:
        self._send(address, "")
        return self._until_finished()

    def _send(self, address: str, fragment: str, *triggers: WidgetState) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self._query
        state.page_script_hash = self._page_hash
        if not self._page_hash:
            state.page_name = address
        state.fragment_id = fragment
        state.widget_states.widgets.extend([*self._states.values(), *triggers])
        state.context_info.timezone = "Europe/London"
        state.context_info.locale = "en-GB"
        self._socket.send(message.SerializeToString())

    def _until_finished(self) -> bytes:
        """Everything up to the end of the run that was asked for, and of those that it asked for itself."""
        begun, until, is_over = len(self.received), time.monotonic() + SECONDS, False
        while True:
            try:
                raw = self._socket.recv(timeout=SILENCE_SECONDS if is_over else until - time.monotonic())
            except TimeoutError:
                if is_over:
                    return self.received[begun:]
                raise
            is_over = self._take(raw, is_over)

    def _take(self, raw: str | bytes, was_over: bool) -> bool:
        """Note one message; answers whether the server has now come to rest."""
        if isinstance(raw, str):
            raise TypeError("Streamlit speaks in bytes.")
        self.received += raw
        message = ForwardMsg()
        message.ParseFromString(raw)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            # It would stand for a message whose bytes we have not seen again.
            raise AssertionError("The server left out a message that this tab never said it had kept.")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash or self._page_hash
            self.widgets.clear()
            return False
        if kind == "navigation":
            self._navigate(message.navigation)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta)
        elif kind == "script_finished":
            return bool(message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        return was_over

    def _navigate(self, sent: Any) -> None:
        self._page_hash = sent.page_script_hash or self._page_hash
        self.screens = tuple(
            Screen(page.url_pathname, page.page_name, page.page_script_hash, page.is_hidden) for page in sent.app_pages
        )

    def _draw(self, delta: Any) -> None:
        kind = delta.new_element.WhichOneof("type")
        element = getattr(delta.new_element, kind) if kind else None
        widget_id = getattr(element, "id", "")
        if isinstance(widget_id, str) and widget_id:
            self.widgets[widget_id] = Widget(widget_id, kind, element, delta.fragment_id)


def ask(
    url: str, path: str, *, token: str | None = None, form: dict[str, str] | None = None, seconds: float = SECONDS
) -> tuple[int, bytes]:
    """Status, and headers and body as they came. A form is posted as our own page posts it. Raises OSError."""
    parts = urlsplit(url)
    headers = {"Cookie": f"{COOKIE}={token}"} if token else {}
    if form is not None:
        headers |= {"Origin": url, "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection(_loopback(url), parts.port, timeout=seconds)
    try:
        connection.request("GET" if form is None else "POST", path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        return answer.status, str(answer.headers).encode() + answer.read()
    finally:
        connection.close()


def files_named_in(raw: bytes) -> list[str]:
    """The addresses of files that a screen offers: their content is no part of the message itself."""
    return sorted({found.decode() for found in MEDIA.findall(raw)})


def _connection(url: str, token: str | None) -> AbstractContextManager[ClientConnection]:
    port = urlsplit(url).port
    return connect(
        f"ws://{_loopback(url)}:{port}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": f"{COOKIE}={token}"} if token else {},
        origin=None,
        compression=None,  # what is compressed cannot be searched
        max_size=None,
        open_timeout=SECONDS,
        close_timeout=2,
        proxy=None,
    )


def _loopback(url: str) -> str:
    host = urlsplit(url).hostname
    if host != "127.0.0.1":
        raise ValueError(f"only servers of this machine are asked, not {host}")
    return host


def _content(option: Any) -> str:
    return str(getattr(option, "content", option))
