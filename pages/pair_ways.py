"""Ways of working on My match: what holds between the two, what waits for a yes, and a form to propose."""

from datetime import date

import streamlit as st
from sqlmodel import Session

from pages.pair_parts import BY, CHANNELS, Kind
from pages.ui import done, empty, plain, refusals
from services import times, ways_of_working
from services.access import Actor
from services.pairings import MyMatch
from services.ways_of_working import BOUNDS, LONGEST_SECTION, SECTIONS, Edition, Ways

NUMBERS = {"interval_days": "Days between contacts", "minutes": "Minutes a meeting", "months": "Months"}


def draw(session: Session, actor: Actor, match: MyMatch, ways: Ways, today: date) -> None:
    """What holds between the two, what waits for a yes, and a form to propose."""
    st.header("Ways of working", anchor=False)
    if ways.in_force and ways.in_force.in_force_from:
        with st.container(border=True, gap="small"):
            since = times.day_in_words(ways.in_force.in_force_from, today=today)
            st.markdown(f":green-badge[:material/check: Agreed by both, since {since}]")
            show(ways.in_force)
    if ways.proposed:
        with st.container(border=True, gap="small"):
            answer(session, actor, match, ways.proposed, today)
    if not match.is_open:
        return
    if ways == Ways(None, None):
        empty(
            "You two have not settled this yet. Until then the scheme's rhythm holds: "
            f"every {match.interval_days} days."
        )
    with st.expander("Propose a change" if ways.in_force or ways.proposed else "Propose ways of working"):
        propose(session, actor, match, ways.proposed or ways.in_force)


def show(edition: Edition) -> None:
    """An edition's numbers in one line, then the pair's own words."""
    how = " or ".join(BY[channel] for channel in edition.channels)
    st.markdown(f"Every {edition.interval_days} days, {edition.minutes} minutes, for {edition.months} months, {how}")
    for key, title in SECTIONS.items():
        if text := edition.sections.get(key):
            st.markdown(f"**{title}**  \n{plain(text)}")


def answer(session: Session, actor: Actor, match: MyMatch, proposed: Edition, today: date) -> None:
    """A proposal that waits: for the other side, or for the reader's yes."""
    if proposed.proposed_by is match.side:
        st.markdown(":gray-badge[:material/hourglass: Waits for the other side]")
        show(proposed)
        return
    st.markdown(":orange-badge[:material/pending_actions: Waits for your yes]")
    show(proposed)
    if not match.is_open:
        return
    kind: Kind = "secondary" if match.must_make_contact else "primary"
    if st.button("Agree", key=f"agree-{proposed.number}", type=kind):
        with refusals():
            ways_of_working.confirm(session, actor, match.pairing_id, proposed.number, today=today)
            done("Agreed. This is how you two work together from today.")


def propose(session: Session, actor: Actor, match: MyMatch, start: Edition | None) -> None:
    """The form, beginning with what was said last, or else with the scheme's rhythm."""
    last: Edition | MyMatch = start or match
    said = start.sections if start else {}
    with st.form(f"ways-{match.pairing_id}-{start.number if start else 0}", border=False):
        numbers = {
            name: st.number_input(label, *BOUNDS[name], value=getattr(last, name), step=1)
            for name, label in NUMBERS.items()
        }
        how = st.multiselect(
            "Ways to keep in touch", match.channels, list(last.channels), format_func=CHANNELS.__getitem__
        )
        st.caption("What follows is read by the two of you and nobody else. Leave out what you do not need.")
        sections = {
            key: st.text_area(title, said.get(key, ""), max_chars=LONGEST_SECTION) for key, title in SECTIONS.items()
        }
        sent = st.form_submit_button("Send for agreement")
    if sent:
        with refusals():
            ways_of_working.propose(session, actor, match.pairing_id, channels=how, sections=sections, **numbers)
            done(f"Proposed. It holds as soon as {plain(match.other_name)} agrees.")
