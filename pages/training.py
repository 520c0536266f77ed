"""Training: a mentor reads a module and answers its check; a coordinator sees who has passed what is required."""

import math
from datetime import date
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.ui import empty, heading, label, page, plain, prose, refusals
from services import times, training
from services.access import Actor
from services.trained import PAGE
from services.training import Module, Outcome, Progress, Question, TrainingState

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760
BADGES = {
    TrainingState.OPEN: ":orange-badge[To do]",
    TrainingState.PASSED: ":green-badge[:material/check: Passed]",
    TrainingState.EXPIRED: ":red-badge[Ran out]",
}


def draw_participant(session: Session, actor: Actor, today: date) -> None:
    """The module to do next, its check, and how the last attempt went."""
    modules = training.modules(session, actor, today)
    if not modules:
        empty("This scheme asks no training of you.")
        return
    to_do = [module for module in modules if module.required and module.state is not TrainingState.PASSED]
    if not to_do and any(module.required for module in modules):
        st.success("You have done the training that this scheme requires.", icon=":material/check:")
    module = choose(modules, (to_do or modules)[0])
    draw_state(module, today)
    outcome = st.session_state.get(f"outcome-{module.id}")
    if isinstance(outcome, Outcome):
        draw_outcome(outcome, today)
    with st.container(border=True, width=READING_WIDTH):
        st.markdown(prose(module.text, under=2))
    draw_check(session, actor, module, today)


def choose(modules: list[Module], first: Module) -> Module:
    if len(modules) == 1:
        return modules[0]
    by_id = {str(module.id): module for module in modules}
    chosen = st.selectbox(
        "Module", list(by_id), list(by_id).index(str(first.id)), format_func=lambda key: by_id[key].title, key="module"
    )
    return by_id[chosen]


def draw_state(module: Module, today: date) -> None:
    st.header(plain(module.title), anchor=False)
    needed = "Required before you can be matched" if module.required else "Offered, never a condition"
    badge = BADGES[module.state]
    if module.state is TrainingState.OPEN and not module.required:
        badge = ":blue-badge[If you like]"
    st.markdown(f"{badge} {needed} · about {module.minutes} minutes{until(module, today)}")
    if module.summary:
        st.caption(plain(module.summary))


def until(module: Module, today: date) -> str:
    if module.completed_on is None:
        return ""
    passed = f" · passed on {times.day_in_words(module.completed_on, today=today)}"
    if module.expires_on is None:
        return passed
    counts = "counted" if module.state is TrainingState.EXPIRED else "counts"
    return f"{passed}, {counts} until {times.day_in_words(module.expires_on, today=today)}"


def draw_outcome(outcome: Outcome, today: date) -> None:
    """How it went, and why each answer is what it is."""
    total = len(outcome.marked)
    if outcome.passed:
        till = f" It counts until {times.day_in_words(outcome.expires_on, today=today)}." if outcome.expires_on else ""
        st.success(f"Passed: {outcome.correct} of {total} right.{till}", icon=":material/check:")
    else:
        st.warning(
            f"Not yet: {outcome.correct} of {total} right, and {outcome.pass_mark} are needed. "
            "Read the explanations and try again as often as you like.",
            icon=":material/refresh:",
        )
    with st.container(border=True, gap="small"):
        for mark in outcome.marked:
            badge = ":green-badge[Right]" if mark.right else ":red-badge[Not right]"
            st.markdown(f"{badge} **{plain(mark.question)}**")
            if not mark.right:
                st.markdown(f"Looked for: {plain(mark.right_option)}")
            st.markdown(plain(mark.explanation))


def draw_check(session: Session, actor: Actor, module: Module, today: date) -> None:
    """The questions. The server grades them: the page does not know the answers."""
    st.subheader("The check", anchor=False)
    st.caption(f"{module.pass_mark} of {len(module.questions)} right answers are needed.")
    with st.form(f"check-{module.id}", enter_to_submit=False, width=READING_WIDTH):
        given = [
            st.radio(
                f"{number}. {label(asked.question)}",
                range(len(asked.options)),
                None,
                format_func=partial(option_of, asked),
                key=f"answer-{module.id}-{number}",
            )
            for number, asked in enumerate(module.questions, start=1)
        ]
        pressed = st.form_submit_button("Check my answers", type="primary", key=f"check-button-{module.id}")
    if pressed:
        with refusals():
            answers = [-1 if answer is None else int(answer) for answer in given]
            st.session_state[f"outcome-{module.id}"] = training.check(session, actor, module.id, answers, today)
            st.rerun()


def option_of(asked: Question, index: int) -> str:
    return label(asked.options[index])


def draw_coordinator(session: Session, actor: Actor, cohort_id: UUID, today: date) -> None:
    """Who has passed what is required. What a spreadsheet claimed stands beside it, as a claim."""
    number = int(st.session_state.get("training_page", 1))
    found = training.progress(session, actor, cohort_id, today=today, page=number)
    if not found.total:
        empty("This scheme requires no training, or nobody who needs it has enrolled yet.")
        return
    st.caption(f"{found.total:,} {'person' if found.total == 1 else 'people'} and modules, by name")
    with st.container(border=True, gap="small"):
        for line in found.rows:
            draw_line(line, today)
    if found.total > PAGE:
        st.pagination(math.ceil(found.total / PAGE), key="training_page")


def draw_line(line: Progress, today: date) -> None:
    words = f"**{plain(line.name)}** · {plain(line.module)} {BADGES[line.state]}"
    if line.expires_on is not None:
        words += f" until {times.day_in_words(line.expires_on, today=today)}"
    if line.claimed and line.state is not TrainingState.PASSED:
        words += f" :gray-badge[Spreadsheet says “{plain(line.claimed)}”: claimed, does not count]"
    st.markdown(words)


with page("") as (db, who):
    on = utc_now().date()
    if who.place.enrolment_id is not None:
        heading("Training", "What to know before you begin, and a short check at the end")
        draw_participant(db, who, on)
    elif who.place.cohort_id is not None:
        heading("Training", "Who has done what the scheme requires before a match")
        draw_coordinator(db, who, who.place.cohort_id, on)
    else:
        heading("Training")
        empty("Choose a cohort at the top of the menu to see its training.")
