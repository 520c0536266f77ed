"""What somebody typed and could not save, because a colleague was quicker: kept to copy from until they say so."""

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

_UNSAVED = "unsaved_words"


@dataclass(frozen=True)
class _Unsaved:
    about: UUID
    words: str


def keep(about: UUID, words: str) -> None:
    """In place of what was kept before."""
    st.session_state[_UNSAVED] = _Unsaved(about, words)


def draw(about: UUID) -> None:
    """Above the words that are there now."""
    kept: _Unsaved | None = st.session_state.get(_UNSAVED)
    if kept is None or kept.about != about:
        return
    with st.container(border=True):
        st.markdown("**What you wrote, not saved**")
        st.code(kept.words, language=None, wrap_lines=True, height=260)
        st.button("I have what I need", key="unsaved-done", on_click=st.session_state.pop, args=(_UNSAVED, None))
