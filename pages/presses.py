"""No press is lost: each is a run of its own, which goes on to its end whatever is asked for meanwhile.

By itself Streamlit breaks a run off as soon as the browser asks for the next, wherever it touches the screen or the
session state, and begins the next beside it. A press whose line had not been reached is then gone, and one that was
being acted on loses its answer. Of buttons read in the body of a page, every press was lost that something else
followed at once: another press, another screen, a closed tab (measured, 72 of 72); of callbacks one in six.

Three things are changed, which reach into Streamlit; its version is held to one minor, and tests/faults shows that
they still hold. `runner.fastReruns` is off in .streamlit/config.toml, so that all that a tab asks for is done by one
thread. `OnePressOneRun` keeps presses in line. And callbacks are never broken off, whatever they belong to.
"""

from collections import deque
from dataclasses import replace
from functools import wraps
from threading import RLock
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx, script_runner
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequest,
    ScriptRequests,
    ScriptRequestType,
)
from streamlit.runtime.state.safe_session_state import SafeSessionState

# So many wait at most. Nobody presses that fast; what comes after is merged with the last, as Streamlit merges.
MOST = 50
STOP, RERUN, CONTINUE = ScriptRequestType.STOP, ScriptRequestType.RERUN, ScriptRequestType.CONTINUE


def keep_all() -> None:
    """From now on, in this process."""
    patched: Any = script_runner
    patched.ScriptRequests = OnePressOneRun
    session: Any = AppSession
    session._handle_stop_script_request = _end_by_hand
    _leave_callbacks_undisturbed()


def let_go() -> None:
    """Where a press is long and what is left of it is kept: from here, the next press or a closed tab may end it."""
    context = get_script_run_ctx(suppress_warning=True)
    requests = context.script_requests if context else None
    if isinstance(requests, OnePressOneRun):
        requests.let_go()


class OnePressOneRun(ScriptRequests):
    """What is asked of one tab's runs: by its browser, or by the run itself, which goes first.

    A request with a press is never merged with another one and never breaks off for one. The same press once more,
    before anything can be seen of the first, is no other press: that is a double click. A tab that is gone ends its
    run, but not before what was pressed in it is done.
    """

    def __init__(self) -> None:
        super().__init__()
        # The run and the browser ask at the same time; our own steps are several of Streamlit's.
        self._lock: Any = RLock()
        # After the one that Streamlit holds: presses, and at the very end perhaps something else.
        self._later: deque[RerunData] = deque()
        # The press that the run goes on about, or that it is the answer to.
        self._press: RerunData | None = None
        self._is_acting = False  # the run is the press itself
        self._has_asked = False  # the run has asked for the next
        self._has_ended = False  # the run has asked for nothing more
        self._is_gone = False  # the tab has left

    def _request_rerun_locked(self, new_data: RerunData) -> bool:
        if self._state == STOP:
            return False
        if new_data.fragment_id:
            new_data = replace(new_data, fragment_id=None, fragment_id_queue=[new_data.fragment_id])
        if self._is_asked_by_the_run():
            return self._go_on(new_data)
        self._is_gone = False
        if is_press(new_data) and any(_is_same(new_data, each) for each in self._in_hand()):
            return True
        return self._line_up(new_data)

    def request_stop(self) -> None:
        with self._lock:
            if self._is_asked_by_the_run():
                self._has_ended = True
                return
            presses = [each for each in self._waiting() if is_press(each)]
            if not presses and not self._is_acting:
                super().request_stop()
                return
            self._is_gone, self._state, self._later = True, CONTINUE, deque(presses)
            self._bring_up()

    def end_by_hand(self) -> None:
        """Somebody pressed Streamlit's own Stop, perhaps in the middle of a thousand emails."""
        with self._lock:
            self._is_acting = False
            self._later.clear()
            super().request_stop()

    def let_go(self) -> None:
        self._is_acting = False

    def on_scriptrunner_yield(self) -> ScriptRequest | None:
        if self._has_ended:
            self._has_ended = False
            return ScriptRequest(STOP)
        if self._is_acting and not self._has_asked:
            return None
        if self._is_gone:
            return ScriptRequest(STOP)
        if self._state == CONTINUE:
            return None
        with self._lock:
            return self._begin(super().on_scriptrunner_yield())

    def on_scriptrunner_ready(self) -> ScriptRequest:
        with self._lock:
            request = super().on_scriptrunner_ready()
            self._begin(request)
            return request

    def _is_asked_by_the_run(self) -> bool:
        context = get_script_run_ctx(suppress_warning=True)
        return context is not None and context.script_requests is self

    def _waiting(self) -> list[RerunData]:
        return [*([self._rerun_data] if self._state == RERUN else []), *self._later]

    def _in_hand(self) -> list[RerunData]:
        """What was asked for and cannot have been answered yet."""
        return [*([self._press] if self._press else []), *self._waiting()]

    def _line_up(self, asked: RerunData) -> bool:
        if self._state != RERUN or not is_press(self._rerun_data):
            return super()._request_rerun_locked(asked)
        if self._later and (len(self._later) == MOST or not is_press(self._later[-1])):
            asked = self._merged(self._later.pop(), asked)
        self._later.append(asked)
        return True

    def _merged(self, first: RerunData, second: RerunData) -> RerunData:
        held, self._rerun_data = self._rerun_data, first
        super()._request_rerun_locked(second)
        merged, self._rerun_data = self._rerun_data, held
        return merged

    def _go_on(self, asked: RerunData) -> bool:
        """What the run itself asks for: before the presses that wait, but never away from where somebody is going."""
        self._has_asked = True
        if self._is_gone:
            return True
        if self._state == RERUN and is_press(self._rerun_data):
            self._later.appendleft(self._rerun_data)
            self._state = CONTINUE
        elif self._state == RERUN and self._leads_away(self._rerun_data):
            return True
        return super()._request_rerun_locked(asked)

    def _leads_away(self, asked: RerunData) -> bool:
        context = get_script_run_ctx(suppress_warning=True)
        here = context.page_script_hash if context else ""
        return not asked.fragment_id_queue and asked.page_script_hash != here

    def _begin(self, request: ScriptRequest | None) -> ScriptRequest | None:
        """This is run next, if anything is."""
        if request is None or request.type != RERUN:
            return request
        self._is_acting = is_press(request.rerun_data)
        if self._is_acting:
            self._press = request.rerun_data
        elif not self._has_asked:
            self._press = None
        self._has_asked = self._has_ended = False
        self._bring_up()
        return request

    def _bring_up(self) -> None:
        """The next in line is what Streamlit holds."""
        if self._later and self._state == CONTINUE:
            super()._request_rerun_locked(self._later.popleft())


def is_press(asked: RerunData) -> bool:
    """Whether a button was pressed or a form sent: something that happens once, unlike what is typed or ticked."""
    states = asked.widget_states
    return states is not None and any(map(_is_pressed, states.widgets))


def _is_pressed(state: WidgetState) -> bool:
    """Or an entry of a button's list was chosen."""
    kind = state.WhichOneof("value")
    return (kind == "trigger_value" and state.trigger_value) or (
        kind == "string_trigger_value" and state.string_trigger_value.HasField("data")
    )


def _is_same(one: RerunData, other: RerunData) -> bool:
    """The same button with the same things typed and ticked. Times and sizes of the browser do not matter."""
    return (one.widget_states, one.page_script_hash, one.fragment_id_queue) == (
        other.widget_states,
        other.page_script_hash,
        other.fragment_id_queue,
    )


def _end_by_hand(session: Any) -> None:
    if session._scriptrunner is not None:
        session._scriptrunner._requests.end_by_hand()


def _leave_callbacks_undisturbed() -> None:
    """Also those of a box that is ticked, which is no press: half of what they do would be done."""
    calling: Any = SafeSessionState.on_script_will_rerun

    @wraps(calling)
    def undisturbed(state: SafeSessionState, *args: Any, **kwargs: Any) -> None:
        context = get_script_run_ctx()
        requests: Any = context.script_requests if context else None
        if requests is None:
            calling(state, *args, **kwargs)
            return
        # One tab's own requests: whatever comes meanwhile is collected there, and asked for right afterwards.
        requests.on_scriptrunner_yield = _nothing
        try:
            calling(state, *args, **kwargs)
        finally:
            del requests.on_scriptrunner_yield

    patched: Any = SafeSessionState
    patched.on_script_will_rerun = undisturbed


def _nothing() -> None:
    """No request to break off for."""
