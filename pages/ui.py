"""What every screen shares: who is looking, refusals where they happened, messages that outlive a rerun, plain text."""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from services import sessions, storage, times
from services.access import Actor
from services.errors import Refusal
from services.gateway import ADDRESS
from services.gateway_headers import LEAVING

T = TypeVar("T")
_NOTICES, _REFUSALS = "_notices", "_refusals"
_LEAVING = "_leaving"
# Only these are ever left for, so that nothing a person typed can stand in the link.
_OWN_ADDRESS = re.compile(r"/auth/(session\?ticket=[\w-]+|sign-out)|/second-factor/[\w-]+")
# Who the menu has found a moment ago in this very run, and the session that found them; a fragment or callback runs
# without the menu and looks again.
read_by_menu: ContextVar[tuple[Session, Actor] | None] = ContextVar("read_by_menu", default=None)
# What Markdown, LaTeX, emoji and colour shortcodes begin with: written by a person, all of it is only text.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()<>#+-.!|~$:^=&@/"})
# What Markdown makes a link of by itself, wherever it stands.
_WEB_ADDRESS = re.compile(r"(?i)(https?:(?=//)|www(?=\.))")
_PROSE_LINE = re.compile(r"(?:(?P<heading>#{1,4}) |(?P<indent> {0,3}) *(?P<item>- |\d{1,2}\. )?)(?P<words>.*)")
# A full stop that cannot begin a list, nor stand inside an address.
_SENTENCE_END = re.compile(r"(?<=[^\d\s])\\\.(?=\s|$)")
# Stars that `plain` has taken the meaning from, in pairs around words.
_BOLD = re.compile(r"\\\*\\\*(?=\S)([^*]+?)(?<=\S)\\\*\\\*")
_EMPHASIS = re.compile(r"(?<!\*)\\\*(?=[^\s\\])([^*]+?)(?<=\S)\\\*(?!\*)")


def plain(text: object) -> str:
    """Somebody's text as text: shown character by character, whatever it would mean to Markdown or LaTeX.

    No escape keeps a web address from becoming a link; a word joiner in it does, and nobody sees that.
    """
    written = str(text)
    # Asked of every line of every list: looking for one in both spellings takes longer than all the rest.
    if "://" in written or "www." in written.lower():
        written = _WEB_ADDRESS.sub("\\1\u2060", written)
    return "  \n".join(written.translate(_MARKUP).splitlines())


def label(text: object) -> str:
    """Somebody's text as the label of a widget: plain, but sentences end bare, as labels are read out as written."""
    return _SENTENCE_END.sub(".", plain(text))


def prose(text: str, *, under: int = 1) -> str:
    """A scheme's own text as Markdown: headings, lists, bold and emphasis are drawn; everything else is only text.

    Headings come out as many levels lower as there are headings above them: 1 is the screen's title alone. Links,
    pictures and formulas stay characters.
    """
    line = partial(_prose_line, "#" * under)
    return "\n\n".join(_emphasised("\n".join(map(line, block.split("\n")))) for block in text.split("\n\n"))


def _prose_line(lower: str, line: str) -> str:
    found = _PROSE_LINE.fullmatch(line)
    if found is None:
        return plain(line)
    mark = f"{lower}{found['heading']} " if found["heading"] else f"{found['indent']}{found['item'] or ''}"
    return mark + plain(found["words"])


def _emphasised(escaped: str) -> str:
    return _EMPHASIS.sub(r"*\1*", _BOLD.sub(r"**\1**", escaped))


def done(message: str, *, icon: str = ":material/check:") -> None:
    """Keep a message for the next run and start that run: drawn before a rerun, it would vanish unread."""
    tell(message, icon=icon)
    st.rerun()


def tell(message: str, *, icon: str = ":material/check:") -> None:
    """Keep a message for the run that follows: for callbacks, after which one follows anyway."""
    st.session_state.setdefault(_NOTICES, []).append((message, icon))


def at_a_press(act: Callable[[Session, Actor], None]) -> None:
    """Do this in the callback of a button, as whoever pressed it; the run that follows shows a refusal.

    What must not get lost is done in a callback. The body of a run is abandoned as soon as the browser asks for the
    next run, and a press that no line has asked about yet is gone with it; callbacks are called before a body begins.
    """
    with storage.reading() as session:
        actor = find_actor(session)
        # Without a sign-in, the run that follows shows the form.
        if actor is not None:
            try:
                act(session, actor)
            except Refusal as refusal:
                st.session_state.setdefault(_REFUSALS, []).append(plain(refusal))


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
    with looking() as (session, actor):
        if actor is None:
            # Whoever is not signed in gets the menu's sign-in form instead of this screen.
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
    for sentence in st.session_state.pop(_REFUSALS, []):
        st.error(sentence, icon=":material/error:")


def segments(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    words: Callable[[T], str] = str,
    default: T | None = None,
    required: bool = False,
    in_address: bool = False,
    **more: Any,
) -> T | None:
    """A row of choices, of which at most one holds; `more` is of st.segmented_control.

    Words are in the page's own ink, which the theme calls violet: its colour for a chosen one, which also has to carry
    white text, is too dark to read at night. `in_address` keeps a choice of text in the address, by its value: by
    itself Streamlit would put the words there, with whatever they count.
    """
    if in_address and key not in st.session_state and st.query_params.get(key) in options:
        st.session_state[key] = st.query_params[key]
    chosen: T | None = st.segmented_control(
        label,
        options,
        default=None if key in st.session_state else default,
        key=key,
        required=required,
        format_func=lambda option: f":violet[{words(option)}]",
        **more,
    )
    if in_address:
        if chosen is None or chosen == default:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = str(chosen)
    return chosen


def day_for(actor: Actor, moment: datetime) -> str:
    """The day on which it was, by the reader's calendar."""
    zone = actor.time_zone or "UTC"
    return times.day_in_words(times.day_in(moment, zone), today=times.day_in(utc_now(), zone))


def empty(sentence: str, *, icon: str = ":material/info:") -> None:
    """What a list says when it has nothing to show, and what to do next."""
    st.info(sentence, icon=icon)


def current_token() -> str | None:
    """The session token of this browser, from the cookie that the gateway set. Page tests put theirs into the state."""
    if st.session_state.get("_token"):
        return str(st.session_state["_token"])
    cookie: Any = st.context.cookies.get(sessions.cookie_name())
    # In AppTest the context is a mock: only a real text counts.
    return cookie if isinstance(cookie, str) else None


def network_address() -> str | None:
    """Where the browser is, as the gateway saw it; None on this very machine."""
    found: Any = st.context.headers.get(ADDRESS)
    return found if isinstance(found, str) else None


def leave_for(address: str) -> None:
    """Forget everything this tab holds and load an address of ours as a whole new page, at the end of this run."""
    if not _OWN_ADDRESS.fullmatch(address):
        raise ValueError(address)
    st.session_state.clear()
    st.session_state[_LEAVING] = address


def is_leaving() -> bool:
    """Whether this tab is about to load another page."""
    return _LEAVING in st.session_state


def draw_leaving() -> None:
    """The step between two pages. The link is for whoever's browser does not follow by itself."""
    address = str(st.session_state[_LEAVING])
    link = f'<a id="go-on" href="{html.escape(address)}" target="_self">Go on</a>'
    st.html(f"<p>One moment… {link}</p><script>{LEAVING}</script>", unsafe_allow_javascript=True)


@contextmanager
def looking() -> Iterator[tuple[Session, Actor | None]]:
    """A session to read in, and who looks: the menu's, if it has just asked."""
    found = read_by_menu.get()
    if found is not None:
        # Used once: whatever runs later in this thread looks for itself.
        read_by_menu.set(None)
        yield found
        return
    with storage.reading() as session:
        yield session, find_actor(session)


def find_actor(session: Session) -> Actor | None:
    """Who looks at this screen, in the place they chose."""
    return sessions.actor_of(
        session, current_token(), place_key=st.session_state.get("place"), network_address=network_address()
    )


@contextmanager
def _ending_where_refused() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        st.error(plain(refusal), icon=":material/error:")
        st.stop()
