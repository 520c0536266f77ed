"""A part of People & schemes: an administrator starts a further scheme from a template."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.scheme_cohorts import next_dates, usual_name
from pages.scheme_people import READING_WIDTH
from pages.ui import done, plain, refusals
from services.access import Actor
from services.schemes import starting


def draw(session: Session, actor: Actor, _scheme_id: UUID | None, _cohort_id: UUID | None) -> None:
    """What to start from, its name, its first cohort. The form, the texts and the rules are changed afterwards."""
    offers = {offer.key: offer for offer in starting.offers()}
    first, last = next_dates((), utc_now().date())
    with st.container(width=READING_WIDTH):
        st.header("Start a scheme", anchor=False)
        st.markdown(
            "You become its first coordinator. Give the role to whoever runs it, and have them take it from you "
            "afterwards. Nothing of another scheme is copied: a template brings its own form, texts and rules."
        )
        with st.form("new-scheme", enter_to_submit=False):
            key = st.radio(
                "Start from",
                list(offers),
                format_func=lambda each: offers[each].name,
                captions=[offer.summary for offer in offers.values()],
                key="new-template",
            )
            name = st.text_input("What the scheme is called", max_chars=200, key="new-scheme-name")
            office = st.text_input("Office's email address (optional)", max_chars=254, key="new-scheme-office")
            cohort = st.text_input("First cohort", usual_name(first, last), max_chars=100, key="new-scheme-cohort")
            left, right = st.columns(2)
            starts_on = left.date_input("First day", first, key="new-scheme-first", format="DD/MM/YYYY")
            ends_on = right.date_input("Last day", last, key="new-scheme-last", format="DD/MM/YYYY")
            pressed = st.form_submit_button("Start this scheme", type="primary", key="start-scheme")
        if pressed:
            with refusals():
                starting.start(
                    session,
                    actor,
                    key,
                    scheme_name=name,
                    reply_address=office.strip() or None,
                    cohort_name=cohort,
                    starts_on=starts_on,
                    ends_on=ends_on,
                )
                done(f"{plain(name)} is here. Find it under “Acting as”, and give its roles under People with a role.")
