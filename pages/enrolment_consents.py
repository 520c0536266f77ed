"""The step of the enrolment form about consents: one switch each, what was agreed to, and what else is shown to whom.

A switch works the moment it is moved, in both directions.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Side
from pages import equality_questions, form_parts, ui
from pages.ui import plain
from pages.why import why
from services import consents, listing_choices, match_sharing, storage, times
from services.access import Actor
from services.answer_choices import Choice
from services.enrolment_form import REVIEW_STEP, Question
from services.enrolments import EnrolmentForm, Step
from services.errors import Refusal


def ask_consents(session: Session, actor: Actor, form: EnrolmentForm, step: Step) -> None:
    """One switch each; a switch works the moment it is moved."""
    draw_answer()
    st.markdown("Each switch stands alone, is off until you move it, and works at once in both directions.")
    why(session, actor, "consents")
    for question in step.questions:
        key = form_parts.name_of(form.enrolment_id, question.key)
        with st.container(border=True, gap="small"):
            st.toggle(
                ui.label(question.label),
                ConsentPurpose(question.key) in form.given,
                key=key,
                on_change=partial(switch, ConsentPurpose(question.key), key),
            )
            if question.help:
                st.caption(plain(question.help))
            st.caption(f":material/visibility: {form_parts.seen_by(question)}")
            if question.key == ConsentPurpose.DIRECTORY:
                why(session, actor, "directory")
        if question.key == ConsentPurpose.DIRECTORY and ConsentPurpose.DIRECTORY in form.given:
            ask_what_else(session, actor, form)
    ask_sharing(session, actor, form)
    if form.asks_equality:
        equality_questions.draw(session, actor, form.enrolment_id)
    if form.side is Side.MENTOR and not form.can_be_reached:
        st.info(
            "Without one open way to reach you, nobody can be proposed to you: your mentee makes the first contact.",
            icon=":material/info:",
        )
    st.button("Go on to the review", type="primary", on_click=partial(go_to, REVIEW_STEP))
    draw_agreed(session, actor)


def ask_what_else(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """What a listed mentor may show beside the four facts, one switch for each answer."""
    choices = listing_choices.mine(session, actor)
    ask_each("More in my profile, only if you like", choices, form, "listing", show_or_hide)


def ask_sharing(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Which further answers the match may read, one switch for each."""
    choices = match_sharing.mine(session, actor, asked(form))
    ask_each("More for my match, only if you like", choices, form, "sharing", share_or_keep_back)


def asked(form: EnrolmentForm) -> list[Question]:
    """Every question of the form."""
    return [question for step in form.steps for question in step.questions]


def ask_each(
    title: str, choices: Sequence[Choice], form: EnrolmentForm, name: str, act: Callable[[str, str], None]
) -> None:
    """A box of switches, each with the answer that it is about; their help and their readers are the same."""
    if not choices:
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"**{title}**")
        for choice in choices:
            key = form_parts.name_of(form.enrolment_id, f"{name}-{choice.key}")
            st.toggle(ui.label(choice.label), choice.is_on, key=key, on_change=partial(act, choice.key, key))
            st.caption(plain(f"Your answer now: {choice.answer}" if choice.answer else "You have not answered this."))
        st.caption(f"{plain(choices[0].help)}  \n:material/visibility: {plain(choices[0].audience)}")


def in_review(session: Session, actor: Actor, form: EnrolmentForm) -> list[str]:
    """The choices about single answers as lines of the review."""
    choices = [*match_sharing.mine(session, actor, asked(form))]
    if ConsentPurpose.DIRECTORY in form.given:
        choices = [*listing_choices.mine(session, actor), *choices]
    return [f"{plain(choice.label)}: **{'on' if choice.is_on else 'off'}**" for choice in choices]


def show_or_hide(question: str, key: str) -> None:
    """One more answer in the directory, or one fewer."""
    turn(key, partial(listing_choices.show, key=question), partial(listing_choices.hide, key=question))


def share_or_keep_back(question: str, key: str) -> None:
    """One more answer for the match, or one fewer."""
    turn(key, partial(match_sharing.share, key=question), partial(match_sharing.keep_back, key=question))


def switch(purpose: ConsentPurpose, key: str) -> None:
    """Gives or withdraws one consent."""
    turn(key, partial(consents.give, purpose=purpose), partial(consents.withdraw, purpose=purpose))


def turn(key: str, on: Callable[[Session, Actor], object], off: Callable[[Session, Actor], object]) -> None:
    """Does what a switch says; where that is refused, the switch goes back."""
    wanted = bool(st.session_state[key])
    with storage.reading() as session:
        actor = ui.find_actor(session)
        if actor is None:
            return
        try:
            (on if wanted else off)(session, actor)
        except Refusal as refusal:
            st.session_state[key] = not wanted
            st.session_state["_answer"] = ("error", plain(refusal))
            return
    said = (
        "Switched on. You can switch it off here at any time." if wanted else "Switched off. It is hidden from now on."
    )
    st.session_state["_answer"] = ("success", said)


def draw_agreed(session: Session, actor: Actor) -> None:
    """Everything the person ever agreed to, in the words of that day. Read only when somebody opens it."""
    with st.expander("What I agreed to, and when", key="agreed", on_change="rerun") as opened:
        if opened.open:
            draw_history(session, actor)


def draw_history(session: Session, actor: Actor) -> None:
    """Each agreement, the newest first."""
    histories = (consents.history, listing_choices.history, match_sharing.history)
    agreed = sorted(
        (each for history in histories for each in history(session, actor)),
        key=lambda each: each.given_at,
        reverse=True,
    )
    if not agreed:
        st.caption("Nothing so far.")
    for each in agreed:
        until = f", withdrawn on {moment(each.withdrawn_at, actor)}" if each.withdrawn_at else ", in force"
        st.markdown(f"**{plain(each.label)}**  \nGiven on {plain(moment(each.given_at, actor) + until)}")
        if each.text and not each.is_worded_so:
            st.caption(f"The words have changed since. You agreed to: {plain(' '.join(each.text.splitlines()))}")


def draw_answer() -> None:
    """What came of the last press."""
    kind, said = st.session_state.pop("_answer", (None, ""))
    if kind == "error":
        st.error(said, icon=":material/error:")
    elif kind:
        st.success(said, icon=":material/check:")


def moment(at: object, actor: Actor) -> str:
    """A moment in words, in the person's zone."""
    return times.in_words(at, actor.time_zone or "UTC", today=today())  # type: ignore[arg-type]


def today() -> date:
    return utc_now().date()


def go_to(number: int) -> None:
    """Open a step; for callbacks, which run before the steps are drawn."""
    st.session_state["step"] = number
