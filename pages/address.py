"""What of a screen stands in its address, so that a reload, a link and the browser's way back open the same view.

Codes, numbers and ids only: never a name, nor what somebody searched for.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import streamlit as st

_WRITTEN = "_in_address"


def follow(key: str, read: Callable[[str], Any], *, otherwise: Any = None) -> None:
    """Take over what the address says, where it is not what this tab wrote there: a link, or a way back.

    To be asked before what is chosen under this key is drawn. `read` raises ValueError for what means nothing here.
    """
    asked = st.query_params.get(key)
    if asked == st.session_state.get(_WRITTEN, {}).get(key):
        return
    try:
        st.session_state[key] = otherwise if asked is None else read(asked)
    except ValueError:
        st.session_state[key] = otherwise


def keep(key: str, value: object | None) -> None:
    """Write what is chosen, None for nothing, and remember that it was this tab."""
    text = None if value is None else str(value)
    if text is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != text:
        st.query_params[key] = text
    note(key)


def note(key: str) -> None:
    """Remember what stands there now as this tab's own."""
    st.session_state.setdefault(_WRITTEN, {})[key] = st.query_params.get(key)


def one_of(*values: str) -> Callable[[str], str]:
    """Reads one of these codes."""

    def read(asked: str) -> str:
        if asked not in values:
            raise ValueError(asked)
        return asked

    return read


def a_page(asked: str) -> int:
    """Reads the number of a page; one that is past the end shows the last."""
    number = int(asked)
    if not 1 <= number <= 100_000:
        raise ValueError(asked)
    return number


def an_id(asked: str) -> str:
    """Reads an id, as text."""
    return str(UUID(asked))
