"""What the other half of a pair sees of the answers to one question, for whoever edits the form."""

import re
from collections.abc import Mapping

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages import unsaved
from pages.ui import done, refusals
from services import match_sharing
from services.access import Actor
from services.enrolment_form import ALWAYS, CHOICE, SEEN_ANYWAY
from services.form_editing import Editable
from services.schemes.shapes import NEVER_MATCHED

RULES = {"": "Never", CHOICE: "Only if the person shares it", ALWAYS: "Always, while they are matched"}
OF_A_MATCH = re.compile(r"\b(?:(?:your|their) match|matched|pair|paired)\b", re.IGNORECASE)
WHOSE = {Side.MENTOR: "mentors", Side.MENTEE: "mentees"}


def draw(session: Session, actor: Actor, field: Editable, key: str) -> None:
    """By whose answer it is, whether the match sees it, and under which words."""
    sides = [side for side in field.sides if field.key not in SEEN_ANYWAY[side]]
    if field.is_retired or not sides or not match_sharing.may_be_shared(field.key, field.kind):
        return
    if any(not field.for_match[side] and OF_A_MATCH.search(field.audiences[side]) for side in sides):
        st.warning(
            "“Who sees the answer” speaks of a match, and a match does not see it. Word it anew, or choose below that "
            "people may share it.",
            icon=":material/visibility_off:",
        )
    with st.form(f"match-{key}", enter_to_submit=False):
        rules = {side: ask_rule(field, side, key) for side in sides}
        labels = {side: ask_words(field, side, key) for side in sides}
        st.caption(
            "The form says beside the question what you choose here. “Always” is for questions that nobody has "
            "answered yet: whoever answered was told who would see it. Whoever shares an answer now, and no longer "
            "could, shares it no longer."
        )
        shown = (field.id, key, *(f"match-words-{side}" for side in sides))
        if st.form_submit_button("Save for the match", key=f"save-match-{key}", on_click=unsaved.note, args=shown):
            save(session, actor, field, rules, labels)


def ask_rule(field: Editable, side: Side, key: str) -> str:
    """Never, by choice or always."""
    return st.selectbox(
        f"A match sees the answers of {WHOSE[side]}",
        list(RULES),
        list(RULES).index(field.for_match[side]),
        format_func=RULES.__getitem__,
        key=f"rule-{side}-{key}",
    )


def ask_words(field: Editable, side: Side, key: str) -> str:
    """The words that stand before the answer on My match."""
    return st.text_input(
        f"On My match, the answers of {WHOSE[side]} stand as",
        field.match_labels[side],
        max_chars=match_sharing.LONGEST,
        placeholder="For example: Languages",
        help="Short words about somebody else. Empty: the question itself.",
        key=f"match-words-{side}-{key}",
    )


def save(
    session: Session, actor: Actor, field: Editable, rules: Mapping[Side, str], labels: Mapping[Side, str]
) -> None:
    """Keep it, and say that it holds."""
    with refusals():
        match_sharing.set_rules(session, actor, field.id, version=field.version, rules=rules, labels=labels)
        done("Saved. The form says so from now on.")


def choose(kind: str) -> str:
    """The same for a question that is asked for the first time, for both sides at once."""
    if kind in NEVER_MATCHED:
        return ""
    return st.selectbox("Their match sees the answer", list(RULES), format_func=RULES.__getitem__, key="new-match")
