"""Feedback as its coordinator has it: rounds with their response, who is asked and reminded, and the answers."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.feedback import RoundPoint
from pages import charts
from pages.ui import at_a_press, empty, plain, tell
from services import feedback, feedback_asking, feedback_results, participation, times
from services.access import Actor
from services.feedback_asking import Plan
from services.feedback_results import Answer, RoundLine

POINTS = {RoundPoint.START: "At the start", RoundPoint.MIDDLE: "In the middle", RoundPoint.END: "At the end"}
USUAL_DAYS = 14
NOT_YET = "not answered yet"
NOBODY_ASKED = "You have not asked anybody yet. Open a round below: people in open pairs get a form of one minute."
NOBODY_TO_ASK = "There is no open pair yet, so there is nobody to ask. Once two people work together, you can ask here."


def draw_rounds(session: Session, actor: Actor) -> None:
    """Every round of the cohort with its response, and a way to ask."""
    if actor.place.cohort_id is None:
        empty("This scheme has no cohort yet. Start one, then ask its people.")
        return
    standing = participation.standing(session, actor, actor.place.cohort_id)
    about = actor.place.cohort_id, standing.is_protected, standing.today, standing.edition
    rounds = charts.rounds(session, actor, *about)
    left = [point for point in RoundPoint if point not in {line.point for line in rounds}]
    count = would_ask(session, actor, actor.place.cohort_id, standing.edition) if left else 0
    if not rounds:
        empty(NOBODY_ASKED if count else NOBODY_TO_ASK)
    for line in rounds:
        draw_round(session, actor, line, standing.today)
    if left and count:
        draw_opening(session, actor, left, count, standing.today)


def would_ask(session: Session, actor: Actor, cohort_id: UUID, edition: int) -> int:
    """How many people a round would write to, counted anew once something has happened in the scheme."""
    key = ("would be asked", cohort_id, edition)
    return charts.kept(key, lambda: feedback.would_ask(session, actor, cohort_id))


def draw_round(session: Session, actor: Actor, line: RoundLine, today: date) -> None:
    """One round: the response first, then what can be done, then the answers when asked for."""
    with st.container(border=True, gap="small"):
        st.markdown(f"**{POINTS[line.point]}** {state_of(line, today)}  \n{response_in_words(line)}")
        if line.closed_at is None:
            with st.container(horizontal=True):
                draw_acts(session, actor, line, today)
        if st.toggle("Show the answers", key=f"answers-{line.id}"):
            draw_answers(session, actor, line)


def draw_acts(session: Session, actor: Actor, line: RoundLine, today: date) -> None:
    """Remind, and close: each shows first what it does."""
    box = st.popover("Remind …", key=f"reminding-{line.id}", on_change="rerun")
    if box.open:
        with box:
            draw_reminding(session, actor, line, today)
    with st.popover("Close …"):
        st.markdown("Nobody can answer after this. Forms that were not sent stay unread.")
        st.button("Close this round", key=f"close-{line.id}", on_click=close, args=(line.id,))


def draw_reminding(session: Session, actor: Actor, line: RoundLine, today: date) -> None:
    """Who would be reminded, in which words, and the button that does it."""
    plan = feedback_asking.reminding(session, actor, line.id, today=today)
    if not plan.count:
        st.markdown("Nobody is left to remind today: they have answered, were reminded already, or take a break.")
        return
    draw_plan(plan)
    words = f"Remind {people(plan.count)}"
    st.button(words, key=f"remind-{line.id}", type="primary", on_click=remind, args=(line.id, today))


def draw_plan(plan: Plan) -> None:
    """To whom an email goes, and the email."""
    others = plan.count - len(plan.names)
    names = [*map(plain, plan.names), *([people(others) if not plan.names else f"{others:,} more"] if others else [])]
    st.markdown(f"To {', '.join(names[:-1]) + ' and ' if len(names) > 1 else ''}{names[-1]}")
    if plan.preview is not None:
        st.markdown(f"**{plain(plan.preview.subject)}**")
        st.text(plan.preview.text)


def remind(round_id: UUID, today: date) -> None:
    """For callbacks."""

    def act(session: Session, actor: Actor) -> None:
        written = feedback.remind(session, actor, round_id, today)
        tell(f"A reminder goes to {people(written)}." if written else "Nobody had to be reminded.")

    at_a_press(act)


def close(round_id: UUID) -> None:
    """For callbacks."""

    def act(session: Session, actor: Actor) -> None:
        feedback.close(session, actor, round_id)
        tell("The round is closed.")

    at_a_press(act)


def draw_answers(session: Session, actor: Actor, line: RoundLine) -> None:
    """By person, the least content first; who has not answered comes last."""
    page_key = f"page-{line.id}"
    words = st.text_input(
        "Search",
        key=f"search-{line.id}",
        placeholder="A name",
        max_chars=100,
        on_change=st.session_state.__setitem__,
        args=(page_key, 1),
    )
    number = st.session_state.get(page_key, 1)
    found = feedback_results.results(session, actor, line.id, page=number, search=words)
    if not found.lines:
        empty("Nobody fits. Take a word out of the search." if words.strip() else "Nobody was asked yet.")
        return
    st.caption(f"{'1 person' if found.total == 1 else f'{found.total:,} people'}, the lowest rating first")
    # One block: with an element for every answer, a page of fifty people took seven times as long.
    st.markdown("\n\n".join(answer_in_words(answer) for answer in found.lines))
    if found.pages > 1:
        st.pagination(found.pages, key=page_key)


def draw_opening(session: Session, actor: Actor, points: list[RoundPoint], count: int, today: date) -> None:
    """Who is asked, in which words, and until when, before anything leaves."""
    with st.container(border=True):
        st.header("Ask how it is going", anchor=False)
        st.selectbox("When in the mentoring", points, format_func=lambda point: POINTS[point], key="point")
        due_on = st.date_input(
            "Answers by", today + timedelta(days=USUAL_DAYS), min_value=today, key="due-on", format="DD/MM/YYYY"
        )
        st.caption(
            f"The form and an email go now to {people(count)} in open pairs, and to nobody else. "
            "Pairs made later get them as well, until that day."
        )
        box = st.expander(
            "Who is asked, and what the email says", icon=":material/mail:", key="plan", on_change="rerun"
        )
        if box.open and actor.place.cohort_id is not None:
            with box:
                draw_plan(feedback_asking.opening(session, actor, actor.place.cohort_id, due_on=due_on))
        st.button("Open this round", type="primary", key="open", on_click=open_round, args=(today,))


def open_round(today: date) -> None:
    """With what stands in the boxes; for callbacks."""
    point, due_on = st.session_state["point"], st.session_state["due-on"]

    def act(session: Session, actor: Actor) -> None:
        if actor.place.cohort_id is None:
            return
        cohort_id, days = actor.place.cohort_id, {"opens_on": today, "due_on": due_on, "today": today}
        opened = feedback.open_round(session, actor, cohort_id, point=point, **days)
        tell(f"The round is open. {people(opened.asked).capitalize()} will get an email.")

    at_a_press(act)


def state_of(line: RoundLine, today: date) -> str:
    """Whether it runs."""
    if line.closed_at is not None:
        return ":gray-badge[Closed]"
    if line.opens_on > today:
        return f":blue-badge[Opens {times.day_in_words(line.opens_on, today=today)}]"
    color = "red" if line.due_on < today else "green"
    word = "Overdue since" if line.due_on < today else "Open until"
    return f":{color}-badge[{word} {times.day_in_words(line.due_on, today=today)}]"


def response_in_words(line: RoundLine) -> str:
    """ "Answered 3 of 8"."""
    if line.response.asked == 0:
        return "Nobody was asked yet"
    if line.response.asked is None or line.response.answered is None:
        return "Hidden, because fewer than 5 would show"
    return f"Answered {line.response.answered} of {line.response.asked}"


def answer_in_words(answer: Answer) -> str:
    """Whose it is, and under it each question with its answer."""
    lines = [f"**{plain(answer.name)}** · {answer.side.value} · {standing_of(answer)}\n"]
    return "\n".join([*lines, *(f"- {plain(asked)} **{plain(in_words(given))}**" for asked, given in answer.answers)])


def standing_of(answer: Answer) -> str:
    """The rating, or that there is none."""
    if answer.submitted_at is None:
        return NOT_YET
    return "answered" if answer.rating is None else f"{answer.rating} of 5"


def in_words(given: Any) -> str:
    """One answer."""
    if isinstance(given, bool):
        return "Yes" if given else "No"
    return str(given)


def people(count: int) -> str:
    """How many."""
    return "one person" if count == 1 else f"{count} people"
