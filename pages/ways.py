"""Ways of working: the first-meeting guide of a pair; for a coordinator how far each pair is, never what it says."""

from contextlib import nullcontext
from datetime import date

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages import charts, pair_guide, pair_ways
from pages.pair_parts import choose
from pages.ui import empty, heading, page, plain, segments
from services import my_matches, times, ways_figures, ways_of_working
from services.access import Actor
from services.pairings import MyMatch
from services.ways_figures import CohortWays, PairWays, State
from services.ways_of_working import Edition, Ways

TITLE = "Ways of working"
WIDTHS = [1.7, 1.0]
READING_WIDTH = 760
STATES = {
    State.LATE: "Late",
    State.ASKED: "Proposed",
    State.NOT_YET: "Not yet",
    State.AGREED: "Agreed",
}
BADGES = {
    State.LATE: ":red-badge[:material/error: Late]",
    State.ASKED: ":gray-badge[:material/hourglass: Proposed]",
    State.NOT_YET: ":gray-badge[:material/edit_note: Not yet]",
    State.AGREED: ":green-badge[:material/check: Agreed]",
}


def draw_pair(session: Session, actor: Actor, matches: tuple[MyMatch, ...]) -> None:
    """What holds, then the guide to settle or change it, then what held before."""
    top = st.container() if len(matches) > 1 else nullcontext()
    match = choose(matches)
    today = times.day_in(utc_now(), match.my_zone)
    ways = ways_of_working.of_pairing(session, actor, match.pairing_id)
    with top:
        heading(f"How you work with {plain(match.other_name)}", plain(facts(ways, match, today)))
    # The step that is due comes first, also on a telephone; what holds stands beside it.
    held = ways.in_force
    left, right = st.columns(WIDTHS, gap="medium") if held else (st.container(width=READING_WIDTH), nullcontext())
    with left:
        if match.is_open:
            pair_guide.take_next_step()
            pair_guide.draw(session, actor, match, ways, today)
        else:
            empty("This mentoring has ended. What you agreed stays yours to read, and nothing in it changes any more.")
            with st.container(border=True, gap="small"):
                pair_guide.expect(session, actor, match)
    if held is None:
        return
    with right:
        with st.container(border=True):
            st.markdown(f":green-badge[:material/check: In force]\n\n{pair_ways.in_words(held, match, today)}")
        draw_history(session, actor, match, today)


def facts(ways: Ways, match: MyMatch, today: date) -> str:
    """The grey line."""
    said = []
    if ways.in_force is not None and ways.in_force.in_force_from is not None:
        since = times.day_in_words(ways.in_force.in_force_from, today=today)
        said.append(f"Version {ways.in_force.number} in force since {since}")
    if ways.proposed is not None:
        waits_for = match.other_name if ways.proposed.proposed_by is match.side else "you"
        said.append(f"version {ways.proposed.number} waits for {waits_for}")
    words = " · ".join(said) or "Six short steps, best done together at your first meeting"
    return f"{words[0].upper()}{words[1:]} · only the two of you read this"


def draw_history(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """Every version with its days, and the one of any day."""
    with st.expander("Earlier versions", icon=":material/history:", key="history", on_change="rerun") as opened:
        if not opened.open:
            return
        editions = ways_of_working.history(session, actor, match.pairing_id)
        st.markdown("\n".join(f"- {span(edition, today)}" for edition in editions))
        # Editions begin on days of the scheme's calendar, which may be ahead of the reader's.
        last = times.day_in(utc_now(), match.scheme_zone)
        day = st.date_input("What held on", last, max_value=last, key=f"held-{match.pairing_id}", format="DD/MM/YYYY")
        held = ways_of_working.of_day(editions, day)
        when = times.day_in_words(day, today=today)
        if held is None:
            st.markdown(f"On {when} nothing was agreed yet: the scheme's rhythm held.")
        else:
            st.markdown(f"**Version {held.number}** held on {when}.\n\n{pair_ways.in_words(held, match, today)}")


def span(edition: Edition, today: date) -> str:
    """ "Version 1: from 9 October to 1 November"."""
    begun = times.day_in_words(edition.in_force_from, today=today) if edition.in_force_from else ""
    until = (
        f" to {times.day_in_words(edition.in_force_until, today=today)}"
        if edition.in_force_until
        else ", still in force"
    )
    return f"Version {edition.number}: from {begun}{until}"


def draw_cohort(session: Session, actor: Actor) -> None:
    """Done or not done, and when."""
    cohort_id = actor.place.cohort_id
    if cohort_id is None:
        heading(TITLE)
        empty("This scheme has no cohort yet. Start one, then open this page again.")
        return
    today = times.day_in(utc_now(), actor.time_zone or "UTC")
    # Counted before the boxes are drawn, which say how many there are: what they hold is known already.
    chosen = st.session_state.get("state", st.query_params.get("state"))
    state = State(chosen) if chosen in STATES else None
    search, number = st.session_state.get("search") or "", st.session_state.get("page-number") or 1
    found = ways_figures.of_cohort(
        session, actor, cohort_id, today=today, state=state, search=search, page=number, keep=charts.kept
    )
    total = sum(found.counts.values())
    pairs = "1 open pair" if total == 1 else f"{total} open pairs"
    heading(TITLE, f"{pairs} · you see whether and when a pair agreed, never what they wrote")
    if not total and not search:
        empty("There is no pair yet. Each appears here once its proposal is accepted.")
        st.page_link("proposals.py", label="See the proposals", icon=":material/forward_to_inbox:")
        return
    st.text_input("Search", key="search", placeholder="A name of either of the two", on_change=from_the_first)
    segments(
        "Show",
        list(STATES),
        key="state",
        words=lambda one: f"{STATES[one]} {found.counts.get(one, 0):,}",
        in_address=True,
        on_change=from_the_first,
    )
    draw_pairs(found, today)


def from_the_first() -> None:
    """Another list begins with its first page."""
    st.session_state["page-number"] = 1


def draw_pairs(found: CohortWays, today: date) -> None:
    if not found.pairs:
        empty("No pair is here. Choose another state or search for another name.")
        return
    with st.container(border=True):
        st.markdown("\n\n".join(line(pair, today) for pair in found.pairs))
    if found.pages > 1:
        st.pagination(found.pages, key="page-number")


def line(pair: PairWays, today: date) -> str:
    """One pair: who, where they are, and the days that matter."""
    said = []
    if pair.agreed_on is not None:
        said.append(f"version {pair.edition}, since {times.day_in_words(pair.agreed_on, today=today)}")
    if pair.first_meeting_on is not None:
        said.append(f"first met on {times.day_in_words(pair.first_meeting_on, today=today)}")
    else:
        said.append("have not met yet")
    if pair.due_on is not None:
        verb = "was due by" if pair.due_on < today else "due by"
        said.append(f"{verb} {times.day_in_words(pair.due_on, today=today)}")
    said.append(("neither has", "one has", "both have")[pair.expectations] + " written expectations")
    words = " · ".join(said)
    who = f"**{plain(pair.mentee)}** and **{plain(pair.mentor)}**"
    return f"{BADGES[pair.state]} {who}  \n{plain(words[0].upper() + words[1:])}"


with page("") as (session, actor):
    if actor.side is None:
        draw_cohort(session, actor)
    elif found := my_matches.mine_without_contacts(session, actor):
        draw_pair(session, actor, found)
    else:
        heading(TITLE)
        empty(
            "You have no match yet. As soon as you two are introduced, this page leads you through the first meeting."
        )
