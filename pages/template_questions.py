"""New questions of the template on the form editor: shown as people would meet them, then added with one press."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages import form_parts
from pages.ui import done, label, plain, refusals
from services import form_template
from services.access import Actor
from services.enrolment_form import STEP_TITLES, Question
from services.form_template import Offered


def draw(session: Session, actor: Actor, scheme_id: UUID, new: Sequence[Offered]) -> None:
    """What is new, and the act. Nothing is drawn when nothing is new."""
    if not new:
        return
    count = "1 new question" if len(new) == 1 else f"{len(new)} new questions"
    with st.expander(f"Your template has {count}", key="template", on_change="rerun") as opened:
        if opened.open:
            draw_new(session, actor, scheme_id, new)


def draw_new(session: Session, actor: Actor, scheme_id: UUID, new: Sequence[Offered]) -> None:
    """Each question as it would stand in the form, with a box to leave it out."""
    st.markdown(
        "They came to the template after this scheme had started. Nobody has to answer them: whoever is enrolled stays "
        "complete, and no answer changes. Afterwards you can word, move or retire them like any other question."
    )
    wanted = []
    for each in new:
        with st.container(border=True, gap="small"):
            name = plain(each.questions[0][1].label)
            if st.checkbox(f"Add “{name}”", True, key=f"template-{each.key}"):
                wanted.append(each.key)
            for side, question in each.questions if _differ(each) else each.questions[:1]:
                draw_question(each, side, question)
    if st.button("Add to the form", type="primary", key="take-over", disabled=not wanted):
        with refusals():
            added = form_template.take_over(session, actor, scheme_id, wanted)
            done("1 question is asked from now on." if added == 1 else f"{added} questions are asked from now on.")


def draw_question(each: Offered, side: Side, question: Question) -> None:
    """Where it would stand and of whom it would be asked, then the widget itself; nothing typed here is kept."""
    sides = [side] if _differ(each) else [asked for asked, _ in each.questions]
    whom = " and ".join(f"{asked.value}s" for asked in sides)
    st.caption(f"Asked of {whom}, in the step “{STEP_TITLES[each.step][side]}”")
    if question.kind == "consent":
        st.toggle(label(question.label), key=f"new-{side}-{each.key}")
    else:
        form_parts.widget(question, f"new-{side}-{each.key}", question.value)
    st.caption(f":material/visibility: {form_parts.seen_by(question)}")


def _differ(each: Offered) -> bool:
    """Whether the sides are asked in different words."""
    return len({(asked.label, asked.help, asked.audience) for _, asked in each.questions}) > 1
