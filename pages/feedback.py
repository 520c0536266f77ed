"""Feedback: how is it going? Participants answer the form that is due; the coordinator asks and reads."""

from datetime import date, timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.feedback import RoundPoint
from pages import charts
from pages.ui import done, empty, page, plain, refusals, segments
from pages.ui import label as as_label
from pages.why import why
from services import feedback, feedback_results, participation, times
from services.access import Actor
from services.feedback import DueForm
from services.feedback_forms import NPS, SCALE, YES_NO, Question
from services.feedback_results import Answer, RoundLine

POINTS = {RoundPoint.START: "At the start", RoundPoint.MIDDLE: "In the middle", RoundPoint.END: "At the end"}
USUAL_DAYS = 14
NOT_YET = "not answered yet"
NOBODY_ASKED = "You have not asked anybody yet. Open a round below: people in open pairs get a form of one minute."
NOBODY_TO_ASK = "There is no open pair yet, so there is nobody to ask. Once two people work together, you can ask here."


def draw_mine(session: Session, actor: Actor) -> None:
    """The form that is due, the oldest first."""
    today = times.day_in(utc_now(), actor.time_zone or "UTC")
    waiting = feedback.due(session, actor, today)
    if not waiting:
        empty(
            "No form waits for you. When the coordinator asks how it is going, the form will be here and on your Home.",
            icon=":material/check:",
        )
        return
    draw_form(session, actor, waiting[0], today)


def draw_form(session: Session, actor: Actor, form: DueForm, today: date) -> None:
    """One page. Every answer is kept when it is given; only sending shows it to anybody."""
    st.header(form.title, anchor=False)
    overdue = form.due_on < today
    badge = ":red-badge[Overdue] since" if overdue else ":orange-badge[Due] by"
    day = times.day_in_words(form.due_on, today=today, weekday=True)
    st.markdown(f"{badge} {day}\n\n{plain(form.introduction)}")
    why(session, actor, "feedback")
    with st.container(border=True, gap="medium"):
        if any(question.kind == SCALE for question in form.questions):
            st.caption("From 1 to 5, 1 is the lowest and 5 the highest.")
        for question in form.questions:
            draw_question(session, actor, form, question)
        answered = sum(question.key in form.answers for question in form.questions)
        st.caption(f"{answered} of {len(form.questions)} answered. What you enter is kept as you go.")
        if st.button("Send to the coordinator", type="primary", key="send"):
            with refusals():
                feedback.submit(session, actor, form.round_id, {})
                done("Thank you. The coordinator can read it now.")


def draw_question(session: Session, actor: Actor, form: DueForm, question: Question) -> None:
    """One widget, with what was kept before; a change is saved at once, and a refusal stands beneath it."""
    key = f"{form.round_id}-{question.key}"
    kept = form.answers.get(question.key)
    value = ask(question, key, kept)
    if value == kept:
        return
    with refusals():
        feedback.save_partial(session, actor, form.round_id, {question.key: value})
        form.answers[question.key] = value  # type: ignore[index] # this page's own copy, for the count below


def ask(question: Question, key: str, kept: Any) -> Any:
    """The answer as it stands in the widget; None when there is none."""
    label = as_label(question.text) + ("" if question.required else " *Optional.*")
    if question.kind in {SCALE, NPS}:
        low, high = (1, 5) if question.kind == SCALE else (0, 10)
        return segments(label, range(low, high + 1), default=kept, key=key)
    if question.kind == YES_NO:
        return segments(label, (True, False), default=kept, words=lambda yes: "Yes" if yes else "No", key=key)
    typed = st.text_area(label, value=kept or "", key=key, max_chars=2000)
    return typed.strip() or None


def draw_rounds(session: Session, actor: Actor) -> None:
    """Every round of the cohort with its response, and a way to ask."""
    if actor.place.cohort_id is None:
        empty("This scheme has no cohort yet. Start one, then ask its people.")
        return
    standing = participation.standing(session, actor, actor.place.cohort_id)
    about = actor.place.cohort_id, standing.is_protected, standing.today, standing.edition
    rounds = charts.rounds(session, actor, *about)
    count = feedback.would_ask(session, actor, actor.place.cohort_id)
    if not rounds:
        empty(NOBODY_ASKED if count else NOBODY_TO_ASK)
    for line in rounds:
        draw_round(session, actor, line, standing.today)
    left = [point for point in RoundPoint if point not in {line.point for line in rounds}]
    if left and count:
        draw_opening(session, actor, left, count, standing.today)


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
    """Remind, and close, which asks once more because it cannot be undone."""
    if st.button("Remind those who have not answered", key=f"remind-{line.id}"):
        with refusals():
            written = feedback.remind(session, actor, line.id, today)
            done("Nobody had to be reminded." if not written else f"A reminder goes to {people(written)}.")
    with st.popover("Close …"):
        st.markdown("Nobody can answer after this. Forms that were not sent stay unread.")
        if st.button("Close this round", key=f"close-{line.id}"):
            with refusals():
                feedback.close(session, actor, line.id)
                done("The round is closed.")


def draw_answers(session: Session, actor: Actor, line: RoundLine) -> None:
    """By person, the least content first; who has not answered comes last."""
    number = st.session_state.get(f"page-{line.id}", 1)
    found = feedback_results.results(session, actor, line.id, page=number)
    for answer in found.lines:
        st.markdown(f"**{plain(answer.name)}** · {answer.side.value} · {standing_of(answer)}")
        for question, given in answer.answers:
            st.markdown(f"{plain(question)}  \n**{plain(in_words(given))}**")
    if not found.lines:
        empty("Nobody was asked yet.")
    if found.pages > 1:
        st.pagination(found.pages, key=f"page-{line.id}")


def draw_opening(session: Session, actor: Actor, points: list[RoundPoint], count: int, today: date) -> None:
    """Who is asked, and until when, before anything leaves."""
    with st.form("open-round", border=True):
        st.header("Ask how it is going", anchor=False)
        point = st.selectbox("When in the mentoring", points, format_func=lambda point: POINTS[point], key="point")
        due_on = st.date_input(
            "Answers by", today + timedelta(days=USUAL_DAYS), min_value=today, key="due-on", format="DD/MM/YYYY"
        )
        st.caption(
            f"The form and an email go now to {people(count)} in open pairs, and to nobody else. "
            "Pairs made later get them as well, until that day."
        )
        pressed = st.form_submit_button("Open this round", type="primary", key="open")
    if pressed and actor.place.cohort_id is not None:
        with refusals():
            opened = feedback.open_round(
                session, actor, actor.place.cohort_id, point=point, opens_on=today, due_on=due_on, today=today
            )
            done(f"The round is open. {people(opened.asked).capitalize()} will get an email.")


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


with page("Feedback") as (session, actor):
    if actor.place.enrolment_id is not None:
        st.caption("What you tell here goes to the coordinator of the scheme, and to nobody else.")
        draw_mine(session, actor)
    else:
        st.caption("How it is going, in the words of those who take part. They were told that only you read them.")
        draw_rounds(session, actor)
