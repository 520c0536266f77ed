"""Set up: what the very first person sees, who holds the code from the terminal. Three steps on one page."""

from datetime import date, timedelta
from typing import Any

import streamlit as st

from models.columns import utc_now
from pages import ui
from services import first_start, storage
from services.schemes import starting
from services.schemes.starting import Offer


def draw() -> None:
    """The whole page is one form, so that a refusal keeps everything that was typed."""
    ui.heading("Set up your Mentoring Desk", "Three steps, about two minutes.")
    with st.form("set_up", border=False, enter_to_submit=False):
        draw_account()
        draw_schemes()
        draw_cohort()
        begins = st.form_submit_button("Set up", type="primary", icon=":material/check:", key="begin")
        # Right under the button that was pressed: at the end of the page nobody would see it.
        beside = st.container()
        st.header("Or look around first", anchor=False)
        st.markdown(
            "A demonstration fills the desk with invented people: a cohort of each scheme and a year of history. "
            "It needs the code above and nothing else."
        )
        explores = st.form_submit_button("Open a demonstration", key="demonstrate")
    if begins:
        with beside, ui.refusals():
            begin()
    elif explores:
        with ui.refusals():
            demonstrate()


def draw_account() -> None:
    """Step one: the proof that this person runs the server, and how they will sign in."""
    st.header("1 · You", anchor=False)
    st.text_input(
        "Code from the terminal",
        key="code",
        placeholder="ABCD-EFGH-JKLM",
        autocomplete="one-time-code",
    )
    st.caption("The server printed it when it started. It shows that you are the one who runs it.")
    st.text_input("Your full name", key="full_name", autocomplete="name")
    st.text_input("Your email address", key="email", autocomplete="email")
    st.caption(
        "You sign in with it. Answers to the scheme's emails go there too, and it stands on the public page of rights, "
        "until you enter an office's address under People & schemes."
    )
    st.text_input(
        "A password",
        key="password",
        type="password",
        autocomplete="new-password",
    )
    st.caption("At least 15 characters. A few words in a row are easy to remember and hard to guess.")


def draw_schemes() -> None:
    """Step two: what to start from. More than one is fine."""
    st.header("2 · Your scheme", anchor=False)
    st.caption("Choose one or more. Each comes with its own form, texts and rules.")
    for number, offer in enumerate(starting.offers()):
        draw_offer(offer, chosen=number == 0)


def draw_offer(offer: Offer, *, chosen: bool) -> None:
    with st.container(border=True, gap="small"):
        st.checkbox(f"**{offer.name}**", chosen, key=f"template-{offer.key}")
        st.markdown(offer.summary)
        st.caption(" · ".join(offer.facts))
        if offer.key == starting.NAMELESS:
            # Drawn whether it is chosen or not: in a form nothing appears before it is sent.
            st.text_input(
                "What your scheme is called", key="scheme_name", max_chars=200, placeholder="Only for this one"
            )


def draw_cohort() -> None:
    """Step three: the first run, from the first of next month for a year unless they say otherwise."""
    st.header("3 · First cohort", anchor=False)
    starts_on, ends_on = usual_dates(utc_now().date())
    st.text_input("Name", usual_name(starts_on, ends_on), key="cohort_name", max_chars=100)
    left, right = st.columns(2)
    left.date_input("First day", starts_on, key="starts_on", format="DD/MM/YYYY")
    right.date_input("Last day", ends_on, key="ends_on", format="DD/MM/YYYY")


def usual_dates(today: date) -> tuple[date, date]:
    """A year from the first of next month."""
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first, first.replace(year=first.year + 1) - timedelta(days=1)


def usual_name(starts_on: date, ends_on: date) -> str:
    """2026/27, or 2027 when it stays within a year."""
    same_year = starts_on.year == ends_on.year
    return str(starts_on.year) if same_year else f"{starts_on.year}/{ends_on.year % 100:02}"


def begin() -> None:
    """Make it all, then leave for the address that signs this browser in."""
    entered = st.session_state
    zone: Any = st.context.timezone
    with storage.reading() as session:
        address = first_start.begin(
            session,
            code=entered["code"],
            full_name=entered["full_name"],
            email=entered["email"],
            password=entered["password"],
            template_keys=[offer.key for offer in starting.offers() if entered[f"template-{offer.key}"]],
            cohort_name=entered["cohort_name"],
            starts_on=entered["starts_on"],
            ends_on=entered["ends_on"],
            scheme_name=entered["scheme_name"],
            time_zone=zone if isinstance(zone, str) else None,
            network_address=ui.network_address(),
        )
    ui.leave_for(address)
    st.rerun()


def demonstrate() -> None:
    """Load it, and show whom one can sign in as: the next run of this page is the sign-in form."""
    with storage.reading() as session, st.spinner("Making a year of history. This can take a minute…"):
        accounts = first_start.begin_demonstration(
            session, code=st.session_state["code"], network_address=ui.network_address()
        )
    st.success("The demonstration is ready. Everybody in it is invented.", icon=":material/check:")
    st.markdown("**Sign in as** one of these. Keep the passwords: they are shown only once.")
    for account in accounts:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{ui.plain(account.name)}** · {ui.plain(account.role)}")
            st.code(f"{account.email}\n{account.password}", language=None)
    st.button("Go to the sign-in page", type="primary", key="go_to_sign_in")


_left, middle, _right = st.columns([1, 2, 1])
with middle:
    draw()
