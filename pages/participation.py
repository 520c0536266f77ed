"""Participation: is the scheme working? Figures, funnel and rhythm, each with its table and its download."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.feedback import RoundPoint
from pages import charts, parity
from pages.ui import empty, page, plain
from services import feedback_results, participation, times
from services.access import Actor
from services.feedback_results import Number
from services.pair_facts import QUIET, SILENT
from services.participation import Overview, Standing

BADGES = {QUIET: ("Quiet", "orange"), SILENT: ("Silent", "red")}
POINTS = {RoundPoint.START: "At the start", RoundPoint.MIDDLE: "In the middle", RoundPoint.END: "At the end"}
PROTECTED = (
    "You see counts, never people, as of the end of that day. A count is hidden where fewer than 5 people would show, "
    "in it or in what is left over."
)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The numbers behind a chart."""
    lines = [" | ".join(headers), " | ".join("---" for _ in headers), *(" | ".join(map(plain, row)) for row in rows)]
    st.markdown("\n".join(f"| {line} |" for line in lines))


def download(data: bytes, name: str) -> None:
    """The same numbers as a file."""
    st.download_button(
        "Download CSV",
        data,
        f"{name}.csv",
        "text/csv",
        key=f"download-{name}",
        icon=":material/download:",
        on_click="ignore",
    )


def draw_figures(found: Overview) -> None:
    """The five figures, and what each means for whoever cannot hover."""
    charts.draw_figures(found.figures)
    with st.expander("What these figures mean", icon=":material/help:"):
        # A number and its base stay on one line.
        whole = (participation.in_words(f).replace(" ", "\u00a0") for f in found.figures)
        rows = [(f.label, words, f.also or "–", f.definition) for f, words in zip(found.figures, whole, strict=True)]
        table(("Figure", "Value", "Also", "Definition"), rows)
        download(participation.figures_csv(found), "figures")


def draw_funnel(found: Overview) -> None:
    """How far people have come."""
    st.header(charts.funnel_finding(found.stages), anchor=False)
    charts.draw_funnel(found.stages)
    with st.expander("The funnel as a table", icon=":material/table:"):
        words = participation.count_in_words
        rows = [(s.label, words(s.mentors), words(s.mentees), s.definition) for s in found.stages]
        table(("Stage", "Mentors", "Mentees", "Definition"), rows)
        download(participation.funnel_csv(found), "funnel")


def draw_rhythm(found: Overview) -> None:
    """How pairs keep to what they agreed, now and over twelve weeks."""
    st.header(charts.rhythm_finding(found), anchor=False)
    now = found.rhythm
    words = participation.count_in_words
    st.markdown(
        f":green-badge[In rhythm {charts.label(now.in_rhythm)}] :orange-badge[Quiet {charts.label(now.quiet)}] "
        f":red-badge[Silent {charts.label(now.silent)}]"
    )
    charts.draw_history(found.history)
    with st.expander("The weeks as a table", icon=":material/table:"):
        rows = [
            (times.day_in_words(week.day), *(words(count) for count in participation.of_week(week)))
            for week in found.history
        ]
        table(("End of", "In rhythm", "Quiet", "Silent", "Open pairs"), rows)
        download(participation.history_csv(found), "rhythm")


def draw_quiet(session: Session, actor: Actor, cohort_id: UUID, standing: Standing) -> None:
    """Who they are: for the coordinator, and only when asked for."""
    if not st.toggle("Show who is quiet or silent", key="who", bind="query-params"):
        return
    number = st.session_state.get("quiet-page", 1)
    found = participation.quiet_pairs(session, actor, cohort_id, standing.today, page=number)
    if not found.lines:
        empty("No pair is quiet or silent. All keep the rhythm that they agreed.", icon=":material/check:")
        return
    st.caption("1 pair" if found.total == 1 else f"{found.total} pairs, the longest silence first")
    with st.container(border=True, gap="small"):
        for pair in found.lines:
            state, words = st.columns([1, 6], vertical_alignment="center", gap="small")
            label, color = BADGES[pair.state]
            state.badge(label, color=color)  # type: ignore[arg-type] # one of Streamlit's colour names
            words.markdown(
                f"**{plain(pair.mentee)}** with **{plain(pair.mentor)}**  \n"
                f"{pair.days_since} days since any contact, agreed every {pair.agreed_days} days"
            )
    if found.pages > 1:
        st.pagination(found.pages, key="quiet-page")


def draw_feedback(session: Session, actor: Actor, cohort_id: UUID, standing: Standing) -> None:
    """Means and shares, never one person's answer."""
    if not st.toggle("Show what feedback says in numbers", key="numbers", bind="query-params"):
        return
    rounds = feedback_results.rounds(session, actor, cohort_id, standing.today)
    if not rounds:
        empty("No feedback was asked for yet. The coordinator opens a round on the Feedback screen.")
        return
    chosen = st.selectbox("Round", rounds, format_func=lambda line: POINTS[line.point], key="numbers-round")
    rows = [
        (number.side.value.capitalize(), number.question, number_in_words(number))
        for number in feedback_results.numbers(session, actor, chosen.id, standing.today)
    ]
    table(("Asked", "Question", f"Where {feedback_results.FEWEST_FOR_NUMBERS} or more answered"), rows)


def number_in_words(number: Number) -> str:
    """A mean with its scale, or a share."""
    if number.value is None:
        return "too few answers"
    if number.kind == "yes_no":
        return f"{number.value:.0%} yes".replace("%", " %")
    return f"{number.value} of {10 if number.kind == 'nps' else 5} on average"


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """The answer first, then what it is made of."""
    standing = participation.standing(session, actor, cohort_id)
    found = charts.overview(session, actor, cohort_id, standing.is_protected, standing.today, standing.edition)
    st.caption(
        f"{plain(actor.place.cohort)} · as of {plain(times.day_there(found.as_of, standing.zone, actor.time_zone))}"
    )
    if found.is_protected:
        st.info(PROTECTED, icon=":material/shield_person:")
    if all(not (stage.mentors or stage.mentees) for stage in found.stages) and not found.is_protected:
        empty("Nobody has enrolled yet. Import people or invite them, and their figures appear here.")
        return
    draw_figures(found)
    draw_rhythm(found)
    if not found.is_protected:
        draw_quiet(session, actor, cohort_id, standing)
    draw_funnel(found)
    draw_feedback(session, actor, cohort_id, standing)
    if standing.asks_equality:
        parity.draw(session, actor, cohort_id)


with page("Participation") as (session, actor):
    if actor.place.cohort_id is None:
        empty("This scheme has no cohort yet. Its figures appear here once it has one.")
    else:
        draw(session, actor, actor.place.cohort_id)
