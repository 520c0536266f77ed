"""What a run costs beside its screen: what the server is told, and how often."""

import asyncio
from threading import Thread
from typing import Any

import pytest
from sqlmodel import Session
from streamlit import config
from streamlit.navigation import page as navigation_page
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner import ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, SessionState

from pages import thrift
from tests.event_loop import to_its_end
from tests.factories import make_cohort, make_coordinator
from tests.pages.opening import open_page

ELEMENT, STARTED = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, ScriptRunnerEvent.SCRIPT_STARTED
ENDED = ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS
Heard = list[tuple[Any, dict[str, Any]]]


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What reaches the event loop, in its order. Whatever is changed in Streamlit, this test alone sees."""
    said: Heard = []

    def handle(_session: Any, sender: Any, event: Any, **details: Any) -> None:
        said.append((event, details))
        if sender == "broken":
            raise ValueError

    monkeypatch.setattr(AppSession, "_handle_scriptrunner_event_on_event_loop", handle)
    monkeypatch.setattr(AppSession, "_on_scriptrunner_event", AppSession._on_scriptrunner_event)
    monkeypatch.setattr(AppSession, "_create_scriptrunner", lambda _session, asked: said.append(("begun", asked)))
    monkeypatch.setattr(AppSession, "flush_browser_queue", lambda _session: list(range(60)))
    monkeypatch.setattr(Runtime, "_send_message", lambda _runtime, to, message: to.append(message))
    monkeypatch.setattr(app_session, "_populate_theme_msg", app_session._populate_theme_msg)
    monkeypatch.setattr(navigation_page, "calc_hash", navigation_page.calc_hash)  # type: ignore[attr-defined]
    monkeypatch.setattr(thrift.navigation, "_navigation", thrift.navigation._navigation)
    monkeypatch.setattr(SafeSessionState, "filtered_state", SafeSessionState.filtered_state)
    return said


def run(*said: tuple[str, Any, dict[str, Any]]) -> list[str]:
    """A run in a thread of its own that says this; answers each word that there is something to send."""
    words: list[str] = []

    async def tab() -> None:
        session: Any = object.__new__(AppSession)
        session._event_loop = asyncio.get_running_loop()
        session._message_enqueued_callback = lambda: words.append("send")
        session._event_loop.set_exception_handler(
            lambda _loop, failed: words.append(type(failed["exception"]).__name__)
        )
        thread = Thread(
            target=lambda: [session._on_scriptrunner_event(who, event, **more) for who, event, more in said]
        )
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(10 * thrift.GATHERED_SECONDS)
        # It was never begun, so there is nothing to shut down when it goes.
        session._state = app_session.AppSessionState.SHUTDOWN_REQUESTED

    to_its_end(tab())
    return words


def test_the_elements_of_a_run_reach_the_browser_in_their_order_and_together(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that a busy machine does not part them.
    monkeypatch.setattr(thrift, "GATHERED_SECONDS", 0.1)
    elements = [("run", ELEMENT, {"forward_msg": number}) for number in range(40)]

    thrift.begin()
    words = run(("run", STARTED, {}), *elements, ("run", ENDED, {"run_descriptor": 1}))

    assert heard == [(STARTED, {}), *((event, more) for _, event, more in elements), (ENDED, {"run_descriptor": 1})]
    assert len(words) <= 4


def test_what_a_run_says_is_not_held_back_until_its_end(heard: Heard) -> None:
    thrift.begin()
    words = run(("run", ELEMENT, {"forward_msg": 1}))

    assert (heard, words) == ([(ELEMENT, {"forward_msg": 1})], ["send"])


def test_what_a_run_has_said_is_heard_before_the_next_one_begins(heard: Heard) -> None:
    async def two_runs() -> None:
        session: Any = object.__new__(AppSession)
        session._event_loop, session._message_enqueued_callback = asyncio.get_running_loop(), None
        session._create_scriptrunner({"run": 1})
        session._on_scriptrunner_event("run", ELEMENT, forward_msg=1)
        session._create_scriptrunner({"run": 2})
        session._state = app_session.AppSessionState.SHUTDOWN_REQUESTED

    thrift.begin()
    to_its_end(two_runs())

    assert heard == [("begun", {"run": 1}), (ELEMENT, {"forward_msg": 1}), ("begun", {"run": 2})]


def test_an_element_that_fails_holds_up_none_after_it(heard: Heard) -> None:
    thrift.begin()
    words = run(("broken", ELEMENT, {}), ("run", ELEMENT, {"forward_msg": 2}), ("run", ENDED, {}))

    assert [event for event, _ in heard] == [ELEMENT, ELEMENT, ENDED]
    assert "ValueError" in words


def test_what_waits_for_a_tab_is_sent_to_it_in_its_order_and_in_a_few_turns() -> None:
    thrift.begin()
    tab, running = object.__new__(AppSession), object.__new__(Runtime)
    tab._state = app_session.AppSessionState.SHUTDOWN_REQUESTED
    received: Any = []
    turns: Any = tab.flush_browser_queue()
    for turn in turns:
        running._send_message(received, turn)

    assert (received, len(turns)) == (list(range(60)), 3)


@pytest.mark.parametrize("section", ["theme", "theme.light", "theme.dark.sidebar"])
def test_the_theme_is_put_together_once_and_is_the_same_ever_after(
    section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_streamlit, first, second = CustomThemeConfig(), CustomThemeConfig(), CustomThemeConfig()
    app_session._populate_theme_msg(by_streamlit, section)

    thrift.begin()
    app_session._populate_theme_msg(first, section)
    monkeypatch.setattr(config, "get_options_for_section", None)
    app_session._populate_theme_msg(second, section)

    assert by_streamlit == first == second != CustomThemeConfig()


@pytest.fixture
def menus(monkeypatch: pytest.MonkeyPatch) -> tuple[list[ForwardMsg], list[None]]:
    """What browsers are told of their menus, and one entry for each time that Streamlit put one together."""
    told: list[ForwardMsg] = []
    made: list[None] = []
    enqueue, lay_out = ScriptRunContext.enqueue, thrift.navigation._navigation

    def tell(context: ScriptRunContext, message: ForwardMsg) -> None:
        enqueue(context, message)
        if message.WhichOneof("type") == "navigation":
            told.append(message)

    def make(*pages: Any, **more: Any) -> Any:
        made.append(None)
        return lay_out(*pages, **more)

    monkeypatch.setattr(ScriptRunContext, "enqueue", tell)
    monkeypatch.setattr(thrift.navigation, "_navigation", make)
    return told, made


def test_a_menu_is_put_together_once_and_told_in_every_run(
    page_session: Session, menus: tuple[list[ForwardMsg], list[None]]
) -> None:
    told, made = menus
    coordinator = make_coordinator(page_session, make_cohort(page_session))

    thrift.begin()
    page = open_page("messages", coordinator)
    first = [title.value for title in page.title]
    again = [title.value for title in page.run().title]

    assert first == again == ["Messages"]
    assert (len(made), told[0] == told[1]) == (1, True)
    assert sum(not entry.is_hidden for entry in told[1].navigation.app_pages) > 5


def test_another_screen_of_a_remembered_menu_is_another_screen(
    page_session: Session, menus: tuple[list[ForwardMsg], list[None]]
) -> None:
    told, _made = menus
    coordinator = make_coordinator(page_session, make_cohort(page_session))

    thrift.begin()
    titles = [[title.value for title in open_page(name, coordinator).title] for name in ("messages", "training")]

    assert titles == [["Messages"], ["Training"]]
    assert told[0].navigation.page_script_hash != told[1].navigation.page_script_hash


def test_addresses_that_do_not_exist_are_not_remembered(
    page_session: Session, menus: tuple[list[ForwardMsg], list[None]]
) -> None:
    _told, made = menus
    coordinator = make_coordinator(page_session, make_cohort(page_session))

    thrift.begin()
    page = open_page("nowhere", coordinator)
    page.run()

    assert len(made) == 2


def test_a_box_finds_its_own_value_as_among_all_of_them() -> None:
    state = SessionState()
    state._set_key_widget_mapping("$$ID-1-search", "search")
    state._old_state |= {"$$ID-1-search": None, "$$ID-2-None": 2, f"{STREAMLIT_INTERNAL_KEY_PREFIX}-x": 3}
    safe = SafeSessionState(state, lambda: None)
    safe["sector"] = "law"
    by_streamlit = safe.filtered_state

    thrift.begin()
    found = safe.filtered_state

    assert by_streamlit == {"search": None, "sector": "law"}
    assert (dict(found), len(found), repr(found)) == (by_streamlit, 2, repr(by_streamlit))
    assert [name in found for name in ("search", "$$ID-2-None", f"{STREAMLIT_INTERNAL_KEY_PREFIX}-x", "gone")] == [
        True,
        False,
        False,
        False,
    ]
