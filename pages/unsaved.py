"""What somebody typed and could not save, because a colleague was quicker: said, and kept to copy from.

Fields that show a version have it in their keys, so that another version shows its own words. A press on one that a
colleague has replaced meanwhile finds its button gone, or the colleague's words in its place: neither is what it was
about. `note` in the callback of such a button remembers what it stood on.
"""

from dataclasses import dataclass
from uuid import UUID

import streamlit as st

_UNSAVED, _PRESSED = "unsaved_words", "pressed_on"
OUTDATED = "A colleague changed this a moment ago, so what you pressed is not done. This is how it reads now."


@dataclass(frozen=True)
class _Unsaved:
    about: UUID | str
    words: str


@dataclass(frozen=True)
class _Press:
    about: UUID | str
    mark: str
    words: str


def keep(about: UUID | str, words: str) -> None:
    """In place of what was kept before."""
    st.session_state[_UNSAVED] = _Unsaved(about, words)


def draw(about: UUID | str) -> None:
    """Above the words that are there now."""
    kept: _Unsaved | None = st.session_state.get(_UNSAVED)
    if kept is None or kept.about != about:
        return
    with st.container(border=True):
        st.markdown("**What you wrote, not saved**")
        st.code(kept.words, language=None, wrap_lines=True)
        st.button("I have what I need", key="unsaved-done", on_click=st.session_state.pop, args=(_UNSAVED, None))


def note(about: UUID | str, mark: str, *fields: str) -> None:
    """A button was pressed that was drawn with this mark, which stands at the end of its fields' keys."""
    typed = [str(st.session_state.get(f"{field}-{mark}") or "") for field in fields]
    st.session_state[_PRESSED] = _Press(about, mark, "\n\n".join(filter(None, typed)))


def draw_outdated(about: UUID | str, mark: str) -> bool:
    """Above what is drawn with this mark now; whether the press was about another one, and is not to be acted on."""
    pressed: _Press | None = st.session_state.get(_PRESSED)
    is_outdated = False
    if pressed is not None and pressed.about == about:
        del st.session_state[_PRESSED]
        is_outdated = pressed.mark != mark
        if is_outdated:
            st.error(OUTDATED, icon=":material/error:")
            if pressed.words:
                keep(about, pressed.words)
    draw(about)
    return is_outdated
