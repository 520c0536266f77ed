"""What every screen shares: who is looking, refusals where they happened, messages that outlive a rerun, plain text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from sqlmodel import Session

from services import sessions, storage
from services.access import Actor
from services.errors import Refusal

_NOTICES = "_notices"
# What Markdown, LaTeX, emoji and colour shortcodes begin with: written by a person, all of it is only text.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()<>#+-.!|~$:^=&@/"})


def plain(text: object) -> str:
    """Somebody's text as text: shown character by character, whatever it would mean to Markdown or LaTeX."""
    lines = str(text).translate(_MARKUP).splitlines()
    return "  \n".join(lines) if lines else ""


def done(message: str, *, icon: str = ":material/check:") -> None:
    """Keep a message for the next run and start that run: drawn before a rerun, it would vanish unread."""
    st.session_state.setdefault(_NOTICES, []).append((message, icon))
    st.rerun()


@contextmanager
def refusals() -> Iterator[None]:
    """Draw a refusal where it happened, and leave the rest of the page as it is."""
    try:
        yield
    except Refusal as refusal:
        st.error(plain(refusal), icon=":material/error:")


@contextmanager
def page(title: str, *, caption: str | None = None) -> Iterator[tuple[Session, Actor]]:
    """The frame of a screen: its title, one grey line of facts, notices, and a session for whoever is signed in.

    A refusal inside ends the screen where it happened. Pass an empty title to draw your own with `heading`.
    """
    with storage.reading() as session:
        actor = sessions.actor_of(session, current_token(), place_key=st.session_state.get("place"))
        if actor is None:
            st.session_state["_signed_out"] = True
            st.rerun()
        if title:
            heading(title, caption)
        with _ending_where_refused():
            yield session, actor


def heading(title: str, caption: str | None = None) -> None:
    """A screen's title, the grey line under it, and what happened since the last run."""
    st.title(title, anchor=False)
    if caption:
        st.caption(caption)
    for message, icon in st.session_state.pop(_NOTICES, []):
        st.success(message, icon=icon)


def empty(sentence: str, *, icon: str = ":material/info:") -> None:
    """What a list says when it has nothing to show, and what to do next."""
    st.info(sentence, icon=icon)


def current_token() -> str | None:
    """The session token of this browser: from this tab's sign-in, or from the cookie that the gateway set."""
    if st.session_state.get("_token"):
        return str(st.session_state["_token"])
    cookie: Any = st.context.cookies.get(sessions.cookie_name())
    # In AppTest the context is a mock: only a real text counts.
    return cookie if isinstance(cookie, str) else None


@contextmanager
def _ending_where_refused() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        st.error(plain(refusal), icon=":material/error:")
        st.stop()
