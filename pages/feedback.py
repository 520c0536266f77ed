"""Feedback: how is it going? Participants answer the form that is due; the coordinator asks and reads."""

from datetime import date
from typing import Any

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.feedback_rounds import draw_rounds
from pages.ui import done, empty, page, plain, refusals, segments
from pages.ui import label as as_label
from pages.why import why
from services import feedback, times
from services.access import Actor
from services.feedback import DueForm
from services.feedback_forms import NPS, SCALE, YES_NO, Question


def draw_mine(session: Session, actor: Actor) -> None:
    """The form that is due, the oldest first."""
    today = times.day_in(utc_now(), actor.time_zone or "UTC")
    waiting = feedback.due(session, actor)
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


with page("Feedback") as (session, actor):
    if actor.place.enrolment_id is not None:
        st.caption("What you tell here goes to the coordinator of the scheme, and to nobody else.")
        draw_mine(session, actor)
    else:
        st.caption("How it is going, in the words of those who take part. They were told that only you read them.")
        draw_rounds(session, actor)
