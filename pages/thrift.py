"""What a run costs beside the screen itself: Streamlit says each element by itself, and says some things ever anew.

Each element woke the server's other thread three times, and what is the same in every run, the theme above all, was
put together again. That was a tenth to a fifth of the processor time of a screen (measured). Reaches into Streamlit,
whose version is held to one minor.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

from streamlit.navigation import page as navigation_page
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

# Shorter than anybody sees, and long enough for a part of a screen. With the 5 ms that Streamlit itself waits before
# it sends again, it stays below the 10 ms that st.switch_page leaves for what was said before it.
GATHERED_SECONDS = 0.003
# Sent in one go before other tabs have their turn: about a millisecond. A tab's own queue holds 500.
SENT_AT_ONCE = 25


def begin() -> None:
    """From now on, in this process."""
    _say_many_at_once()
    _send_many_at_once()
    _remember_the_theme()
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
