"""The queue's list: one person to open in place, or boxes to tick when somebody wants to act on several at once.

The list is one group of choices, because twenty boxes cost the server more than all that is known of the people.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import address, enrolment_acts, enrolment_address
from pages.enrolment_words import LIGHTS, STATUS_WORDS, TO_ACT, badges, light_lines
from pages.ui import plain, refusals
from services import answer_history, enrolments
from services.access import Actor
from services.enrolments import Queue, QueueRow

# Who is open, by their id, which also stands in the address.
OPENED = "opened"
# The list up to the person who is open, and the rest of it.
_UPPER, _LOWER = "who", "who-below"


def draw(session: Session, actor: Actor, cohort_id: UUID, found: Queue, today: date) -> None:
    """The people of the page; whoever is chosen opens under their own line."""
    rows, opened = found.rows, st.session_state.get(OPENED)
    at = next((index for index, row in enumerate(rows) if str(row.id) == opened), None)
    address.keep(OPENED, None if at is None else opened)
    end = len(rows) if at is None else at + 1
    st.session_state[_UPPER], st.session_state[_LOWER] = None if at is None else opened, None
    with st.container(border=True):
        choice(rows, rows[:end], today, key=_UPPER)
        if at is not None:
            with st.container(border=True), refusals():
                read_one(session, actor, rows[at])
                enrolment_acts.draw(session, actor, cohort_id, [rows[at]], where=enrolment_acts.OPENED)
                enrolment_address.draw(session, actor, rows[at])
                with st.container(horizontal=True):
                    st.button("Close", key="close", on_click=close, type="tertiary")
                    enrolment_address.draw_button(rows[at])
        if rows[end:]:
            choice(rows, rows[end:], today, key=_LOWER)


def choice(everybody: Sequence[QueueRow], rows: Sequence[QueueRow], today: date, *, key: str) -> None:
    """One group of people, of whom one can be opened."""
    namesakes = Counter(row.name for row in everybody)
    lines = {str(row.id): who(row, today, is_alone=namesakes[row.name] == 1) for row in rows}
    st.radio(
        "Open a person",
        list(lines),
        index=None,
        key=key,
        format_func=lambda each: lines.get(each, ""),
        captions=[facts(row) for row in rows],
        label_visibility="collapsed",
        on_change=partial(open_one, key),
        width="stretch",
    )


def open_one(key: str) -> None:
    """Another person: a question about the one before is left unanswered."""
    st.session_state[OPENED] = st.session_state[key]
    enrolment_acts.forget(enrolment_acts.OPENED)


def close() -> None:
    st.session_state[OPENED] = None
    enrolment_acts.forget(enrolment_acts.OPENED)


def tick(found: Queue, today: date) -> list[QueueRow]:
    """The same people with a box each; answers those that are ticked."""
    with st.container(border=True):
        # After each act the ticks begin anew.
        keys = [f"tick-{enrolment_acts.acts_done()}-{row.id}" for row in found.rows]
        everybody = all(st.session_state.get(key) for key in keys)
        words = "Untick everybody on this page" if everybody else f"Tick all {len(keys)} on this page"
        st.button(words, key="tick-all", on_click=partial(tick_all, keys, to=not everybody), type="tertiary")
        return [
            row
            for row, key in zip(found.rows, keys, strict=True)
            if st.checkbox(f"{who(row, today)}  \n{facts(row)}", key=key, help=why(row))
        ]


def tick_all(keys: Sequence[str], *, to: bool) -> None:
    for key in keys:
        st.session_state[key] = to


def who(row: QueueRow, today: date, *, is_alone: bool = True) -> str:
    """Who it is, on which side, and every light. Namesakes are told apart by their address.

    Two lines that read alike would be one and the same choice to the browser.
    """
    name = f"**{plain(row.name)}** · {row.side.value.capitalize()}{'' if is_alone else f' · {plain(row.email)}'}"
    return f"{name} {badges(row, today)}"


def facts(row: QueueRow) -> str:
    """How far they are, where nobody has to act, and what they do."""
    status = None if row.status in TO_ACT else STATUS_WORDS[row.status]
    return " · ".join(plain(fact) for fact in (status, row.role_title, row.sector) if fact)


def why(row: QueueRow) -> str:
    """The same for whoever hovers: one light a line."""
    return "\n".join(f"- {each}" for each in (*light_lines(row.readiness), plain(row.email), *claimed(row)))


def claimed(row: QueueRow) -> list[str]:
    return [f"{plain(claim)} (a spreadsheet's word; it does not count)" for claim in row.claims]


def read_one(session: Session, actor: Actor, row: QueueRow) -> None:
    """What the person wrote, as far as a coordinator may read it."""
    found = enrolments.details(session, actor, row.id)
    said = [f"**{plain(found.name)}** · {plain(row.email)}"]
    said += [f"{title}: {plain(getattr(row.readiness, key).why)}" for key, title in LIGHTS.items()]
    if found.note:
        said.append(f"Your question: {plain(found.note)}")
    said += [f"{plain(label)}: {plain(answer)}" for label, answer in found.answers]
    retired = answer_history.retired_answers(session, actor, row.id)
    said += [f"{plain(label)} (no longer asked): {plain(answer)}" for label, answer in retired]
    st.markdown("  \n".join(said + claimed(row)))
