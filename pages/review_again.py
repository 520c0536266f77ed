"""How a run was made, and whether it holds: asked again at a press, and proved by a file for whoever doubts it."""

from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.ui import plain, refusals
from services import storage
from services.access import Actor
from services.matching import replay, run_proof
from services.matching.replay import Replay
from services.matching.runs import RunView

_CHECKED = "checked run"
_FILE = "certificate.json"


def draw(session: Session, actor: Actor, run: RunView) -> None:
    """The facts, then a button that makes the run once more beside the one that is kept."""
    took = "" if run.took_ms is None else f"- It took {run.took_ms / 1000:.1f} seconds\n"
    st.markdown(
        f"{plain(run.text_in_words)}\n\n{took}- Way of comparing texts: `{run.text_method}`\n"
        f"- Lots drawn with number {run.seed}\n- Fingerprint of what went in: `{run.inputs_sha256}`"
    )
    asked = st.button(
        "Check this run again",
        key="check-run",
        icon=":material/replay:",
        help="Makes the run once more from the same settings and today's answers, and compares. Nothing is kept.",
    )
    with refusals():
        if asked:
            with st.spinner("Making the run once more …"):
                st.session_state[_CHECKED] = (run.id, replay.replay(session, actor, run.id))
        about, found = st.session_state.get(_CHECKED, (None, None))
        if about == run.id:
            draw_found(actor, run.id, found)


def draw_found(actor: Actor, run_id: UUID, found: Replay) -> None:
    """What came of it, in words; of a run that comes out the same, the proof as a file."""
    changed = "\n".join(f"- {plain(sentence)}" for sentence in found.changed)
    if found.changed:
        st.info(f"{in_words(found)} Since this run:\n\n{changed}", icon=":material/update:")
    elif found.same:
        st.success(in_words(found), icon=":material/check:")
        st.download_button(
            "Save its certificate",
            partial(certificate, actor, run_id),
            _FILE,
            "application/json",
            key="certificate",
            icon=":material/download:",
            on_click="ignore",
        )
        # No caption: code in one is too faint to read.
        st.markdown(
            f"`mentoring match --verify {_FILE}` checks it on any computer, without this desk. It holds scores, prices "
            "and numbers that stand for people; no name and no answer. The journal keeps that you took it."
        )
    else:
        st.error(in_words(found), icon=":material/error:")


def in_words(found: Replay) -> str:
    """Whether the run comes out the same, in a sentence or two."""
    if found.same and found.changed:
        return "The pairs and their scores would still be the same."
    if found.same:
        return "Made once more, the run gives the same pairs with the same scores."
    if not found.changed:
        return (
            "The same people and settings did not give the same answer. That must not be: please tell whoever looks "
            "after this desk."
        )
    if not found.other_pairs:
        return "Today everybody would have the same mentor, with other scores."
    who = "1 mentee" if found.other_pairs == 1 else f"{found.other_pairs:,} mentees"
    return f"Today {who} would have another mentor, a first one, or none."


def certificate(actor: Actor, run_id: UUID) -> bytes:
    """Made when it is asked for, after the page was drawn."""
    with storage.reading() as session:
        return run_proof.certificate(session, actor, run_id)
