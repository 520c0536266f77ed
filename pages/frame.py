"""Who is there, which screens their place has, and the switch between their places.

It only chooses what to show. What somebody may see or do is decided again by every service that a screen calls.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from sqlmodel import Session

from pages import ui
from services import first_start, rights, sessions, storage
from services.access import Acting, Actor, Place
from services.address_routes import ACCOUNT
from services.address_routes import TITLE as ACCOUNT_LABEL

HERE = Path(__file__).parent


def _as_address(picture: str) -> str:
    """As Streamlit sends it. It would look for a file of that name first and then make this anew, in every run."""
    return f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"


BRAND = _as_address(
    '<svg xmlns="http://www.w3.org/2000/svg" width="170" height="28" viewBox="0 0 170 28" role="img" '
    'aria-label="Mentoring Desk"><style>text{fill:#1B5E68}@media(prefers-color-scheme:dark){text{fill:#8FD3DA}}'
    '</style><text x="0" y="21" font-family="Source Serif, Georgia, serif" font-size="21" '
    'font-weight="600">Mentoring Desk</text></svg>'
)
# In the page itself: Streamlit would fetch the icon of a screen from outside, and files are only for whoever signed in.
ICON = _as_address(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1B5E68"/>'
    '<circle cx="12" cy="16" r="6.5" fill="none" stroke="#fff" stroke-width="2.5"/>'
    '<circle cx="20" cy="16" r="6.5" fill="none" stroke="#fff" stroke-width="2.5"/></svg>'
)
# Opens beside what somebody may just be filling in.
_QUIETLY = "color: inherit; font-size: 0.875rem"
# What the theme has no word for. A circle or box that nobody has chosen yet has the fine line of a card, too faint for
# something to press; half of the ink beside it is at least 3:1 by day and by night. The words of a quiet popover
# turn nearly black while it is open, at night too. And the words of a chart are too pale by day, while a colour of our
# own would stay as it was when the page turns from day to night. Those on a bar stand out from the bar.
_CORRECTIONS = (
    '<style>[data-testid="stRadioOption"]:not([data-selected]) > div > div:first-child, '
    '[data-testid="stCheckbox"] label:not([data-selected]) > div:empty '
    "{border-color: color-mix(in srgb, currentColor 55%, transparent)} "
    '[data-testid="stPopoverButton"][kind="tertiary"][aria-expanded="true"] {color: inherit} '
    '[data-testid="stPlotlyChart"] text:not(.bartext-inside, .hoverlayer *) {fill: currentColor !important}</style>'
)
RIGHTS = (
    f'<p><a href="{rights.PATH}" target="_blank" rel="noopener" style="{_QUIETLY}">{rights.LABEL}</a> · '
    f'<a href="{ACCOUNT}" target="_blank" rel="noopener" style="{_QUIETLY}">{ACCOUNT_LABEL}</a></p>{_CORRECTIONS}'
)
COORDINATOR, MANAGER, ADMINISTRATOR = Acting.COORDINATOR, Acting.MANAGER, Acting.ADMINISTRATOR
MENTOR, MENTEE = Acting.MENTOR, Acting.MENTEE
EVERYBODY = frozenset(Acting)
PARTICIPANTS = frozenset({MENTOR, MENTEE})


@dataclass(frozen=True)
class Screen:
    """One file of this folder. `url` is the file's name; whoever acts as one of `places` has it in the menu."""

    url: str
    title: str
    icon: str
    places: frozenset[Acting]

    @property
    def exists(self) -> bool:
        return (HERE / f"{self.url}.py").is_file()


# In the order of the menu, which is the order of the work.
SCREENS = (
    Screen("home", "Home", ":material/home:", EVERYBODY),
    Screen("enrolments", "Enrolments", ":material/how_to_reg:", frozenset({COORDINATOR})),
    Screen("invitations", "Invitations", ":material/person_add:", frozenset({COORDINATOR})),
    Screen("import_people", "Import", ":material/upload_file:", frozenset({COORDINATOR})),
    Screen("matching_review", "Matching review", ":material/join_inner:", frozenset({COORDINATOR})),
    Screen("proposals", "Proposals", ":material/mark_email_unread:", PARTICIPANTS | {COORDINATOR}),
    Screen("my_match", "My match", ":material/handshake:", PARTICIPANTS),
    Screen("ways", "Ways of working", ":material/diversity_3:", PARTICIPANTS | {COORDINATOR}),
    Screen("meetings", "Meetings", ":material/event:", PARTICIPANTS | {COORDINATOR}),
    Screen("mentors", "Mentors", ":material/person_search:", frozenset({MENTEE})),
    Screen("enrolment", "Enrolment", ":material/assignment_ind:", PARTICIPANTS),
    Screen("agreements", "Agreements", ":material/contract:", PARTICIPANTS | {COORDINATOR}),
    Screen("training", "Training", ":material/school:", PARTICIPANTS | {COORDINATOR}),
    Screen("resources", "Resources", ":material/local_library:", PARTICIPANTS | {COORDINATOR}),
    Screen("feedback", "Feedback", ":material/rate_review:", PARTICIPANTS | {COORDINATOR}),
    Screen("participation", "Participation", ":material/monitoring:", frozenset({COORDINATOR, MANAGER})),
    Screen("ledger", "Clause ledger", ":material/fact_check:", frozenset({COORDINATOR, MANAGER})),
    Screen("messages", "Messages", ":material/outgoing_mail:", frozenset({COORDINATOR})),
    Screen("scheme_settings", "People & schemes", ":material/tune:", frozenset({COORDINATOR, ADMINISTRATOR})),
)
ROLES = {
    Acting.COORDINATOR: "coordinator",
    Acting.MANAGER: "scheme manager",
    Acting.ADMINISTRATOR: "administrator",
    Acting.MENTOR: "mentor",
    Acting.MENTEE: "mentee",
    Acting.NOBODY: "no place in a scheme now",
}


def run() -> None:
    """One run of the whole screen."""
    st.logo(BRAND, size="large")
    if ui.is_leaving():
        _without_menu(ui.draw_leaving)
        return
    _take_place_from_address()
    with storage.reading() as session:
        actor = ui.find_actor(session)
        if actor is not None:
            _draw(session, actor)
            return
        is_new = first_start.is_needed(session)
    _without_menu("set_up.py" if is_new else "sign_in.py")


def _draw(session: Session, actor: Actor) -> None:
    """The menu, and the screen that was chosen in it."""
    _keep_place_in_address(actor)
    current = _navigation(actor)
    # Once a run, with everything in it: each call is a message to the browser.
    st.set_page_config(page_title=f"{current.title} · Mentoring Desk", page_icon=ICON, layout="wide")
    _draw_who(actor)
    ui.read_by_menu.set((session, actor))
    try:
        current.run()
    finally:
        ui.read_by_menu.set(None)
        # Also under a screen that ended early. Not in the menu, which a telephone folds away.
        st.html(RIGHTS)


def _without_menu(body: str | Callable[[], None]) -> None:
    """Sign in, begin, or leave: the only thing there is."""
    st.set_page_config(page_icon=ICON, layout="wide")
    _everywhere(body).run()


def _everywhere(body: str | Callable[[], None]) -> Any:
    """The same body at every address, so that a deep link still leads there after signing in."""
    pages = [_again(page) for page in _one_at_all(body)]
    return st.navigation(pages, position="hidden")


@cache
def _one_at_all(body: str | Callable[[], None]) -> tuple[Any, ...]:
    return tuple(
        st.Page(body, title="Mentoring Desk", url_path=screen.url, default=screen.url == "home") for screen in SCREENS
    )


def _navigation(actor: Actor) -> Any:
    """Flat, because sections in the sidebar fail the accessibility check."""
    # Copies, because a run marks the page that it may open.
    return st.navigation(
        [_again(page) for page in _pages_of(actor.place.acting_as, actor.place.has_directory)], expanded=True
    )


def _again(page: Any) -> Any:
    """As copy.copy, at a tenth of its cost."""
    same = object.__new__(type(page))
    same.__dict__.update(page.__dict__)
    return same


@cache  # looking for fourteen files on every run of every screen costs more than most screens
def _pages_of(acting_as: Acting, has_directory: bool) -> tuple[Any, ...]:
    """Every screen, as whoever acts so finds it."""
    # Where the coordinator proposes there is nobody to look through: an old address of it says so.
    left_out = set() if has_directory else {"mentors"}
    return tuple(_page(screen, acting_as, screen.url not in left_out) for screen in SCREENS if screen.exists)


def _page(screen: Screen, acting_as: Acting, is_in_menu: bool) -> Any:
    theirs = acting_as in screen.places
    return st.Page(
        f"{screen.url}.py" if theirs else _belongs_elsewhere(screen, acting_as),
        title=screen.title,
        icon=screen.icon,
        url_path=screen.url,
        default=screen.url == "home",
        visibility="visible" if theirs and is_in_menu else "hidden",
    )


def _belongs_elsewhere(screen: Screen, acting_as: Acting) -> Callable[[], None]:
    def draw() -> None:
        ui.heading(screen.title)
        st.info(
            f"This page is not part of what you do here as {ROLES[acting_as]}. "
            "Choose another place in the menu, or go back to Home.",
            icon=":material/info:",
        )
        st.page_link("home.py", label="Go to Home", icon=":material/home:")

    return draw


def _draw_who(actor: Actor) -> None:
    """Under the menu: where they act, who they are, and the way out."""
    with st.sidebar:
        said = _draw_switch(actor) if len(actor.places) > 1 else None
        where = _place_in_words(actor.place) if actor.place.scheme else ""
        if said == actor.place.scheme:
            where = actor.place.cohort
        who = f"Signed in as **{ui.plain(actor.name)}** · {ROLES[actor.place.acting_as]}"
        st.caption("\n\n".join(filter(None, (ui.plain(where), who))))
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=_sign_out)
        if actor.is_elsewhere_too:
            label, key = "Sign out everywhere else", "sign_out_elsewhere"
            st.button(label, key=key, type="tertiary", on_click=_sign_out_elsewhere)


def _draw_switch(actor: Actor) -> str:
    """Answers what the box says of the place they are in."""
    words = {place.key: _told_apart(place, actor.places) for place in actor.places}
    # The database decided which place it is; the box only shows it.
    st.session_state["_place"] = actor.place.key
    st.selectbox("Acting as", list(words), format_func=lambda key: words[key], key="_place", on_change=_switch)
    return words[actor.place.key]


def _told_apart(place: Place, places: Sequence[Place]) -> str:
    """As few words as tell this place from the others, because the box is narrow; all of them stand below it."""
    alike = [other for other in places if other.scheme == place.scheme]
    parts = [place.scheme or "The whole desk"]
    if len({other.cohort for other in alike}) > 1 and place.cohort:
        parts = [place.cohort, *parts]
    if len({other.acting_as for other in alike}) > 1:
        parts = [ROLES[place.acting_as].capitalize(), *parts]
    return " · ".join(parts)


def _place_in_words(place: Place) -> str:
    return " · ".join(part for part in (place.scheme, place.cohort) if part) or "The whole desk"


def _switch() -> None:
    """Callbacks run before the menu, which reads the address first."""
    st.session_state["place"] = st.query_params["place"] = st.session_state["_place"]


def _take_place_from_address() -> None:
    """A link opens the place that it names; going from screen to screen empties the address, not the choice."""
    if asked := st.query_params.get("place"):
        st.session_state["place"] = asked


def _keep_place_in_address(actor: Actor) -> None:
    """Screens read the place again by its key, and a colleague who may can open the same view."""
    st.session_state["place"] = actor.place.key
    if st.query_params.get("place") != actor.place.key:
        st.query_params["place"] = actor.place.key


def _sign_out() -> None:
    """End the session in the database first: whatever happens to this browser now, its cookie opens nothing."""
    token = ui.current_token()
    if token is not None:
        with storage.reading() as session:
            sessions.revoke(session, token)
    ui.leave_for("/auth/sign-out")


def _sign_out_elsewhere() -> None:
    """This browser stays; whatever the others ask for next, they have to sign in for."""

    def act(session: Session, actor: Actor) -> None:
        ended = sessions.revoke_others(session, actor)
        where = "1 other browser" if ended == 1 else f"{ended} other browsers"
        ui.tell(f"You are signed out of {where}. Here you stay signed in.")

    ui.at_a_press(act)
