"""What a run costs beside the screen itself: Streamlit says each element by itself, and says some things ever anew.

Each element woke the server's other thread three times, and what is the same in every run, the theme above all, was
put together again. That was a tenth to a fifth of the processor time of a screen (measured). Reaches into Streamlit,
whose version is held to one minor.
"""

import importlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

from streamlit.navigation import page as navigation_page
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner import ScriptRunnerEvent, get_script_run_ctx
from streamlit.runtime.state.common import is_element_id
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX

# Shorter than anybody sees, and long enough for a part of a screen. With the 5 ms that Streamlit itself waits before
# it sends again, it stays below the 10 ms that st.switch_page leaves for what was said before it.
GATHERED_SECONDS = 0.003
# A module that Streamlit hides behind its function of the same name.
navigation: Any = importlib.import_module("streamlit.commands.navigation")
# Sent in one go before other tabs have their turn: about a millisecond. A tab's own queue holds 500.
SENT_AT_ONCE = 25


def begin() -> None:
    """From now on, in this process."""
    _say_many_at_once()
    _send_many_at_once()
    _remember_the_theme()
    _remember_the_menu()
    _ask_for_one_name_at_a_time()
    # A name is hashed for each screen in the menu, four times a run.
    named: Any = navigation_page
    named.calc_hash = lru_cache(maxsize=512)(named.calc_hash)


class _Outbox:
    """What the runs of one tab have said and the event loop has not heard yet, in order.

    It hangs on its session and does not know it: Streamlit ends a session when nothing refers to it any more.
    """

    def __init__(self) -> None:
        self.waiting: deque[tuple[tuple[Any, ...], dict[str, Any]]] = deque()
        self.is_due = False


def _say_many_at_once() -> None:
    """Elements wait for the next for a moment; that a run begins or ends takes all of them along at once."""
    patched: Any = AppSession
    handle = patched._handle_scriptrunner_event_on_event_loop

    def say(session: Any, sender: Any, event: ScriptRunnerEvent, **details: Any) -> None:
        """In the thread of a run."""
        outbox: _Outbox = session.__dict__.setdefault("_outbox", _Outbox())
        outbox.waiting.append(((sender, event), details))
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            session._call_soon_on_event_loop(partial(hear, session))
        elif not outbox.is_due:
            # Taken back before the box is emptied, so that nothing can stay behind in it.
            outbox.is_due = True
            session._call_soon_on_event_loop(partial(hear_later, session))

    def hear_later(session: Any) -> None:
        session._event_loop.call_later(GATHERED_SECONDS, hear, session)

    def hear(session: Any) -> None:
        """On the event loop: everything that waits, and then one word that there is something to send."""
        outbox, tell = session._outbox, session._message_enqueued_callback
        outbox.is_due, session._message_enqueued_callback = False, None
        try:
            while outbox.waiting:
                said, details = outbox.waiting.popleft()
                handle(session, *said, **details)
        finally:
            session._message_enqueued_callback = tell
            if tell is not None:
                tell()
            if outbox.waiting:
                # One has failed, as it would have by itself; that must not hold up those after it.
                session._call_soon_on_event_loop(partial(hear, session))

    def create(session: Any, *asked: Any) -> None:
        """Of the run before, nothing that is heard later counts any more: what it has said is heard first."""
        if "_outbox" in session.__dict__:
            hear(session)
        begin_another(session, *asked)

    begin_another, patched._create_scriptrunner = patched._create_scriptrunner, create
    patched._on_scriptrunner_event = say


@dataclass(frozen=True)
class _Several:
    """Messages to one tab, in order, that take one turn of the event loop instead of one each."""

    messages: Sequence[Any]


def _send_many_at_once() -> None:
    session, runtime_of_all = cast("Any", AppSession), cast("Any", Runtime)
    flush, send = session.flush_browser_queue, runtime_of_all._send_message

    def flush_together(of: Any) -> list[_Several]:
        messages = flush(of)
        return [_Several(messages[at : at + SENT_AT_ONCE]) for at in range(0, len(messages), SENT_AT_ONCE)]

    def send_together(running: Any, to: Any, several: _Several) -> None:
        for message in several.messages:
            send(running, to, message)

    session.flush_browser_queue, runtime_of_all._send_message = flush_together, send_together


def _remember_the_theme() -> None:
    """It comes from a file that is read when the server starts."""
    patched: Any = app_session
    populate, made = patched._populate_theme_msg, dict[str, CustomThemeConfig]()

    def remembered(message: CustomThemeConfig, section: str = "theme") -> None:
        if section not in made:
            theme = CustomThemeConfig()
            populate(theme, section)
            made[section] = theme
        message.MergeFrom(made[section])

    patched._populate_theme_msg = remembered


@dataclass(frozen=True)
class _Menu:
    """What st.navigation has made of the same screens before: its register of them, and its message for one."""

    register: dict[str, Any]
    chosen: str
    message: ForwardMsg


def _remember_the_menu() -> None:
    """The same few menus, in every run: twenty screens in each, of which Streamlit checks and describes every one."""
    lay_out, made = navigation._navigation, dict[tuple[Any, ...], _Menu]()

    def remembered(pages: Sequence[Any], *, position: str, expanded: bool) -> Any:
        context = get_script_run_ctx()
        if context is None:
            return lay_out(pages, position=position, expanded=expanded)
        manager = context.pages_manager
        wanted = manager.intended_page_script_hash or manager.intended_page_name
        looks = [(each._page, each._url_path, each._title, each._icon, each._visibility) for each in pages]
        key = (position, expanded, wanted, *looks)
        if key in made:
            return _as_before(context, pages, made[key])
        chosen, told = _laid_out(lay_out, context, pages, position, expanded)
        # Only addresses that exist, so that no invented ones can pile up here.
        if len(told) == 1 and wanted in (None, "", chosen._script_hash, chosen._url_path):
            made[key] = _Menu(manager.get_pages(), chosen._script_hash, told[0])
        return chosen

    navigation._navigation = remembered


def _laid_out(lay_out: Any, context: Any, pages: Any, position: str, expanded: bool) -> tuple[Any, list[ForwardMsg]]:
    """The screen that Streamlit chose, and what it told the browser: one message, unless there is no such screen."""
    told: list[ForwardMsg] = []
    tell = context.enqueue

    def overheard(message: ForwardMsg) -> None:
        tell(message)
        said = ForwardMsg()
        said.CopyFrom(message)
        told.append(said)

    context.enqueue = overheard
    try:
        return lay_out(pages, position=position, expanded=expanded), told
    finally:
        context.__dict__.pop("enqueue", None)


def _as_before(context: Any, pages: Sequence[Any], menu: _Menu) -> Any:
    """The same steps in the same order, without the describing."""
    context.pages_manager.set_pages_and_resolve(menu.register, fallback_page_hash=menu.chosen)
    chosen = next(page for page in pages if page._script_hash == menu.chosen)
    chosen._can_be_called = True
    context.set_mpa_v2_page(menu.chosen)
    message = ForwardMsg()
    message.CopyFrom(menu.message)
    context.enqueue(message)
    return chosen


def _ask_for_one_name_at_a_time() -> None:
    """A text or choice box asks whether its own value was emptied; Streamlit hands it all of the tab for that."""
    patched: Any = SafeSessionState
    all_of_them = patched.filtered_state.fget
    patched.filtered_state = property(lambda state: _Values(state, all_of_them))


class _Values(Mapping[str, Any]):
    """What stands in st.session_state, each looked up when it is asked for."""

    def __init__(self, state: Any, all_of_them: Any) -> None:
        self._of, self._all = state, all_of_them

    def __getitem__(self, name: str) -> Any:
        # Those are Streamlit's own, and nobody's business.
        if is_element_id(name) or name.startswith(STREAMLIT_INTERNAL_KEY_PREFIX):
            raise KeyError(name)
        with self._of._lock:
            return self._of._state[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all(self._of))

    def __len__(self) -> int:
        return len(self._all(self._of))

    def __repr__(self) -> str:
        return repr(self._all(self._of))
