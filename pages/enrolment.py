"""Enrolment: a person fills in the scheme's form step by step, and can correct, pause or leave at any time."""

from typing import Any

import streamlit as st
from sqlmodel import Session

from models.enrolments import ConsentPurpose, EnrolmentStatus, Side
from pages.ui import done, page, plain, refusals, segments
from services import conflicts, consents, enrolments
from services.access import Actor
from services.enrolment_form import CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP, Question
from services.enrolments import EnrolmentForm, Step

STANDING = {
    EnrolmentStatus.DRAFT: (":gray-badge[Draft]", "Nobody but you sees this until you send it."),
    EnrolmentStatus.SUBMITTED: (":blue-badge[Sent]", "The coordinator reads it next. You can still correct it."),
    EnrolmentStatus.RETURNED: (":orange-badge[Question]", "Answer the coordinator's question, then send it again."),
    EnrolmentStatus.APPROVED: (":green-badge[Approved]", "You can correct your answers here at any time."),
    EnrolmentStatus.PAUSED: (":orange-badge[Paused]", "No new match is looked for until you are back."),
    EnrolmentStatus.DECLINED: (":gray-badge[Closed]", "The scheme could not offer you a place this time."),
    EnrolmentStatus.WITHDRAWN: (":gray-badge[Left]", "You have left this cohort."),
}


def draw(session: Session, actor: Actor) -> None:
    """The form at the step that is chosen, or at the first that is not complete."""
    form = enrolments.form(session, actor)
    badge, sentence = STANDING[form.status]
    st.markdown(f"{badge} {sentence}")
    if form.status is EnrolmentStatus.RETURNED and form.note:
        st.warning(f"The coordinator asks: {plain(form.note)}", icon=":material/help:")
    if not form.is_open:
        review(session, actor, form)
        return
    step = choose_step(form)
    if step.number == CONFLICTS_STEP:
        ask_conflicts(session, actor, form)
    elif step.number == CONSENTS_STEP:
        ask_consents(session, actor, form, step)
    elif step.number == REVIEW_STEP:
        review(session, actor, form)
    else:
        ask(session, actor, form, step)


def choose_step(form: EnrolmentForm) -> Step:
    """How far the form is, and the step to work on."""
    first_open = next((step.number for step in form.steps if not step.is_done), REVIEW_STEP)
    if "_go_to_step" in st.session_state:
        st.session_state["step"] = st.session_state.pop("_go_to_step")
    finished = sum(step.is_done for step in form.steps[:-1])
    st.progress(finished / (len(form.steps) - 1), text=f"{finished} of {len(form.steps) - 1} steps complete")
    by_number = {step.number: step for step in form.steps}
    chosen = segments(
        "Step",
        list(by_number),
        default=first_open,
        words=lambda number: (":material/check: " if by_number[number].is_done else "") + by_number[number].title,
        key="step",
        required=True,
        label_visibility="collapsed",
    )
    return by_number[chosen if chosen in by_number else first_open]


def ask(session: Session, actor: Actor, form: EnrolmentForm, step: Step) -> None:
    """One step of questions, saved together."""
    with st.form(f"step-{step.number}", enter_to_submit=False):
        answers = {question.key: field(form, question) for question in step.questions}
        pressed = st.form_submit_button("Save and go on", type="primary", key=f"save-{step.number}")
    if pressed:
        with refusals():
            enrolments.save_draft(session, actor, answers)
            go_on(form, step.number, "Saved.")


def field(form: EnrolmentForm, question: Question) -> Any:
    """The widget of one question, and under it who will see the answer."""
    key = f"{form.enrolment_id}-{question.key}"
    label = question.label + ("" if question.required else " (optional)")
    answer = widget(question, label, key)
    st.caption(seen_by(question))
    return answer


def seen_by(question: Question) -> str:
    """ "Seen by the coordinator, and …", from a sentence that begins with whom."""
    return f":material/visibility: Seen by {question.audience[:1].lower()}{question.audience[1:]}"


def widget(question: Question, label: str, key: str) -> Any:
    """What fits the kind of answer."""
    codes, words = [code for code, _ in question.options], dict(question.options)
    help_text = question.help or None
    match question.kind:
        case "long_text":
            return st.text_area(label, question.value or "", max_chars=question.longest, help=help_text, key=key)
        case "choice" | "sector" | "time_zone":
            index = codes.index(question.value) if question.value in codes else None
            return st.selectbox(label, codes, index, format_func=words.get, help=help_text, key=key)  # type: ignore[arg-type]
        case "choices" | "languages":
            return st.multiselect(label, codes, question.value, format_func=words.get, help=help_text, key=key)  # type: ignore[arg-type]
        case "whole_number":
            return st.number_input(label, 0, question.longest, question.value, help=help_text, key=key)
    typed = "" if question.value is None else str(question.value)
    is_email = question.kind == "email"
    return st.text_input(label, typed, max_chars=question.longest, help=help_text, key=key, disabled=is_email)


def ask_conflicts(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """The private question. What is typed is compared at once, then forgotten; nothing says who was found."""
    st.header(form.conflicts_question, anchor=False)
    st.markdown(form.conflicts_examples)
    st.caption(f":material/visibility: {form.conflicts_audience}")
    if form.conflicts_declared_at:
        st.success("You have answered this. You can add people at any time.", icon=":material/check:")
    # A new key once it is saved: what was typed must not stay on the screen.
    with st.form(f"conflicts-{form.version}"):
        typed = st.text_area(
            "People you must not be paired with, one on each line",
            help="The email address, or the full name exactly as they write it. Leave it empty if there is nobody.",
            max_chars=5000,
        )
        st.caption(
            "We compare each line with the people who are here today and keep no line that fits nobody. You will not "
            "be told whether somebody takes part. For people who join later, you are asked again about every match."
        )
        sure = st.checkbox("This is my answer for now")
        pressed = st.form_submit_button("Save my answer", type="primary")
    if pressed and not sure:
        st.error("Tick the box to confirm your answer.", icon=":material/error:")
    elif pressed:
        with refusals():
            conflicts.declare_by_words(session, actor, typed.splitlines())
            go_on(form, CONFLICTS_STEP, "Your answer is kept.")


def ask_consents(session: Session, actor: Actor, form: EnrolmentForm, step: Step) -> None:
    """One switch each; a switch works the moment it is moved."""
    st.markdown("Each switch stands alone, is off until you move it, and works at once in both directions.")
    for question in step.questions:
        purpose = ConsentPurpose(question.key)
        is_given = purpose in form.given
        with st.container(border=True, gap="small"):
            wanted = st.toggle(question.label, is_given, key=f"{form.enrolment_id}-{question.key}")
            if question.help:
                st.caption(question.help)
            st.caption(seen_by(question))
            if wanted != is_given:
                with refusals():
                    (consents.give if wanted else consents.withdraw)(session, actor, purpose)
                    done("Switched on." if wanted else "Switched off. It is hidden from now on.")
    if form.side is Side.MENTOR and not form.can_be_reached:
        st.info(
            "Without one open way to reach you, nobody can be proposed to you: your mentee makes the first contact.",
            icon=":material/info:",
        )
    if st.button("Go on to the review"):
        go_on(form, CONSENTS_STEP, None)


def review(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Everything on one page, then the act that people came for."""
    for step in form.steps:
        answered = [question for question in step.questions if question.kind != "consent" and question.shown]
        if answered:
            with st.container(border=True, gap="small"):
                st.markdown(f"**{step.title}**")
                for question in answered:
                    st.markdown(f"{question.label}: {plain(question.shown)}")
    if form.is_open and not form.is_sent:
        send(session, actor, form)
    if form.is_open and form.is_sent:
        leave(session, actor, form)


def send(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Send the form, or say what is missing."""
    if form.missing:
        st.info(f"Still to answer: {', '.join(form.missing)}.", icon=":material/info:")
    if st.button("Send to the coordinator", type="primary", key="submit", disabled=bool(form.missing)):
        with refusals():
            enrolments.submit(session, actor)
            done("Sent. The coordinator reads it next, and you get an email.")


def leave(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Pause, come back or leave; leaving asks once more."""
    with st.expander("Pause or leave"), refusals():
        if form.status is EnrolmentStatus.APPROVED and st.button("Pause", key="pause"):
            enrolments.pause(session, actor)
            done("You are paused. No new match is looked for until you are back.")
        if form.status is EnrolmentStatus.PAUSED and st.button("I am back", key="resume"):
            enrolments.resume(session, actor)
            done("Welcome back.")
        sure = st.checkbox("I want to leave this cohort for good", key="sure")
        if st.button("Leave", key="leave", disabled=not sure):
            enrolments.withdraw(session, actor)
            done("You have left this cohort.")


def go_on(form: EnrolmentForm, number: int, message: str | None) -> None:
    """Open the next step, with a message if there is one."""
    st.session_state["_go_to_step"] = next(step.number for step in form.steps if step.number > number)
    if message:
        done(message)
    st.rerun()


with page("Enrolment", caption="What the scheme needs to know about you, and who will see it") as (session, actor):
    draw(session, actor)
