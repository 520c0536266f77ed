"""A press on the Agreements screen: done with what was shown, and refused beside its button.

What a press is about (which version of which text) is handed to the callback when the button is drawn. Read when it is
pressed, it could be what a colleague saved a moment ago, which the presser never saw.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from sqlmodel import Session

from pages.ui import at_a_press, plain
from services.access import Actor
from services.errors import Refusal

_REFUSED = "refused_press"


def act_at(where: str, act: Callable[[Session, Actor], None]) -> None:
    """Do this in a callback; a refusal waits for `draw_refused` of the same place."""

    def or_refuse(session: Session, actor: Actor) -> None:
        try:
            act(session, actor)
        except Refusal as refusal:
            refuse(where, str(refusal))

    at_a_press(or_refuse)


def refuse(where: str, sentence: str) -> None:
    st.session_state[_REFUSED] = (where, sentence)


def draw_refused(where: str) -> None:
    """Why the last press at this place came to nothing, told once."""
    refused = st.session_state.get(_REFUSED)
    if refused is not None and refused[0] == where:
        _draw(st.session_state.pop(_REFUSED)[1])


def forget_refused() -> None:
    """For where the screen says the same by itself."""
    st.session_state.pop(_REFUSED, None)


@contextmanager
def refused_on_top() -> Iterator[None]:
    """Around the whole screen: a refusal whose button is gone stands above everything."""
    top = st.container() if _REFUSED in st.session_state else None
    try:
        yield
    finally:
        refused = st.session_state.pop(_REFUSED, None)
        if top is not None and refused is not None:
            with top:
                _draw(refused[1])


def _draw(sentence: str) -> None:
    st.error(plain(sentence), icon=":material/error:")
