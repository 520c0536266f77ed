"""A training module as people see it: its state, its text and its questions; also for a coordinator's preview."""

from collections.abc import Collection
from datetime import date
from functools import partial

import streamlit as st

from pages.ui import label, plain
from pages.written import written
from services import times
from services.training import Module, Question, TrainingState

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760
BADGES = {
    TrainingState.OPEN: ":orange-badge[To do]",
    TrainingState.PASSED: ":green-badge[:material/check: Passed]",
    TrainingState.EXPIRED: ":red-badge[Ran out]",
}


def badge_of(module: Module, today: date) -> str:
    """Where somebody stands with it, in a word."""
    if module.state is TrainingState.OPEN and not module.required:
        return ":blue-badge[If you like]"
    is_late = module.due_on is not None and module.due_on < today and module.state is not TrainingState.PASSED
    return ":red-badge[Overdue]" if is_late and module.required else BADGES[module.state]


def draw_state(module: Module, today: date) -> None:
    st.header(plain(module.title), anchor=False)
    st.markdown(
        f"{badge_of(module, today)} {needed(module, today)} · about {module.minutes} minutes{until(module, today)}"
    )
    if module.summary:
        st.caption(plain(module.summary))


def needed(module: Module, today: date) -> str:
    if not module.required:
        return "Offered, never a condition"
    if module.due_on is None:
        return "Required before you can be matched" if module.is_a_gate else "The scheme asks you to do it"
    by = f"To be done by {times.day_in_words(module.due_on, today=today, weekday=True)}"
    if module.state is TrainingState.PASSED or not module.is_a_gate:
        return by
    return f"{by}; after that, no new match until you have" if module.due_on >= today else f"{by}; no new match before"


def until(module: Module, today: date) -> str:
    if module.completed_on is None:
        before = module.passed_before_on
        return f" · new since you passed it on {times.day_in_words(before, today=today)}" if before else ""
    passed = f" · passed on {times.day_in_words(module.completed_on, today=today)}"
    if module.expires_on is None:
        return passed
    counts = "counted" if module.state is TrainingState.EXPIRED else "counts"
    return f"{passed}, {counts} until {times.day_in_words(module.expires_on, today=today)}"


def draw_text(module: Module) -> None:
    with st.container(border=True, width=READING_WIDTH):
        st.markdown(written(module.text, under=2), anchors=False)


def draw_question(module: Module, number: int, asked: Question) -> Collection[int]:
    """One question; the options chosen so far."""
    key = f"answer-{module.id}-{number}"
    words = f"{number}. {label(asked.question)}"
    if not asked.several:
        chosen = st.radio(words, range(len(asked.options)), None, format_func=partial(option_of, asked), key=key)
        return () if chosen is None else (int(chosen),)
    st.markdown(f":small[{words} Tick all that fit.]")
    return tuple(at for at, option in enumerate(asked.options) if st.checkbox(label(option), key=f"{key}-{at}"))


def option_of(asked: Question, index: int) -> str:
    return label(asked.options[index])
