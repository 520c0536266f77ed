"""One pair of a run: both people side by side, what the score is made of, and what anything else would cost."""

import re
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import PairRuleKind
from pages import review_charts
from pages.review_parts import approved, decide, keep, open_pair, solved_run, today, undo
from pages.ui import label as as_label
from pages.ui import plain, refusals
from services.access import Actor
from services.matching import review_pair, review_questions
from services.matching.review_pair import PairView, SideView
from services.matching.review_questions import Answer, Option
from services.matching.review_solved import SolvedRun
from services.matching.runs import RunView

LONGEST_UNBROKEN = 12
_BETWEEN_IDEOGRAPHS = re.compile(r"(?<=[\u3400-\u9fff\u00b7])(?=[\u3400-\u9fff\u00b7])")
# Of what was decided about the two, while the run that shows it is not there yet: the word, its icon, the way back, and
# why nobody else is offered.
DECIDED = {
    PairRuleKind.PIN: (
        "Pinned",
        ":material/keep:",
        "Undo the pin",
        "They are pinned. Undo the pin to see who else there is, and what it would cost.",
    ),
    PairRuleKind.FORBID: (
        "Forbidden",
        ":material/block:",
        "Allow it again",
        "This pair is forbidden: the next run finds somebody else for both. Allow it again to see whom else there is.",
    ),
}
LOTS = ":small[:gray[Where answers are equally good, lots decide, and others may move as well.]]"


def draw(session: Session, actor: Actor, run: RunView, mentee_id: UUID) -> None:
    """Everything about one mentee's line of the newest run."""
    st.button("Back to the list", key="close", icon=":material/arrow_back:", on_click=open_pair, args=(None,))
    pair = review_pair.pair(session, actor, run.id, mentee_id)
    draw_title(pair)
    draw_acts(session, actor, run, pair)
    left, right = st.columns(2, gap="medium")
    draw_side(left, "Mentee", pair.mentee)
    if pair.mentor is not None:
        draw_side(right, "Mentor", pair.mentor)
        if pair.line.parts:
            draw_parts(pair)
    with refusals():
        draw_questions(session, actor, run, pair)


def draw_title(pair: PairView) -> None:
    line = pair.line
    if line.mentor is None:
        st.header(f"{unbroken(line.mentee)} has no mentor in this run", anchor=False)
        st.markdown(f"{plain(line.note or '')}  \n{smallest_change(line.one_more_with)}")
        return
    st.header(f"{unbroken(line.mentee)} with {unbroken(line.mentor)}", anchor=False)
    said = [f"{line.score} of the {line.possible} points that are possible for {plain(line.mentee)}"]
    if line.wish_rank:
        said.append(f"wish number {line.wish_rank}")
    st.caption(" · ".join(said))
    if line.note:
        st.markdown(f":orange-badge[:material/warning: {plain(line.note)}]")


def unbroken(name: str) -> str:
    """A name for a title. One in Chinese, which has no spaces, would be broken anywhere; nobody sees a word joiner."""
    return plain(_BETWEEN_IDEOGRAPHS.sub("\u2060", name) if len(name) <= LONGEST_UNBROKEN else name)


def smallest_change(one_more_with: str | None) -> str:
    """What would place somebody who has nobody."""
    if one_more_with is None:
        return "The smallest change: one more mentor who is ready."
    return f"The smallest change: one more place with **{plain(one_more_with)}**. Nobody else would move."


def draw_acts(session: Session, actor: Actor, run: RunView, pair: PairView) -> None:
    """Approve, pin, forbid; each can be undone."""
    line = pair.line
    if pair.mentor is None:
        return
    both = pair.mentor.enrolment_id, line.mentee_id, f"{line.mentee} with {line.mentor}"
    with st.container(horizontal=True, vertical_alignment="center"):
        is_forbidden = pair.rule is not None and pair.rule.kind is PairRuleKind.FORBID
        if line.can_approve and not is_forbidden:
            draw_tick(run.id, line.mentee_id)
        if pair.rule is not None:
            word, icon, back, _ = DECIDED[pair.rule.kind]
            st.markdown(f":blue-badge[{icon} {word} by {plain(pair.rule.made_by)}]")
            st.button(back, key="unpin", on_click=undo, args=(pair.rule.id, pair.rule.version, run.id))
            return
        pin = partial(decide, run.id, PairRuleKind.PIN, *both)
        st.button("Pin this pair", key="pin", icon=":material/keep:", help="Every later run keeps it.", on_click=pin)
        box = st.popover("Never this pair", icon=":material/block:", key="ask-never", on_change="rerun")
    if box.open:
        with box, refusals():
            found = review_questions.without(session, actor, solved_run(session, actor, run.id), line.mentee_id)
            draw_answer(found, "To forbid this pair" if found.possible else "")
            if found.possible:
                never = partial(decide, run.id, PairRuleKind.FORBID, *both)
                st.button("Forbid it and run again", key="forbid", on_click=never)


def draw_tick(run_id: UUID, mentee_id: UUID) -> None:
    key = f"approve-one-{mentee_id}-{st.session_state.get('ticks', 0)}"

    def tick() -> None:
        now, mine = approved(run_id), frozenset({mentee_id})
        keep(run_id, now | mine if st.session_state[key] else now - mine)

    st.checkbox("Approve", mentee_id in approved(run_id), key=key, on_change=tick)


def draw_side(where: st.delta_generator.DeltaGenerator, who: str, side: SideView) -> None:
    """One person: short answers, then what they wrote."""
    with where.container(border=True, height="stretch"):
        st.subheader(f"{plain(f'{who}:')} {unbroken(side.name)}", anchor=False)
        facts = "\n".join(f"- {what}: {plain(said)}" for what, said in side.facts)
        wrote = "Goals" if who == "Mentee" else "Work history"
        text = plain(side.text) if side.text.strip() else "Nothing written yet."
        st.markdown(f"{facts}\n\n**{wrote}**\n\n{text}")


def draw_parts(pair: PairView) -> None:
    """Bars that add up to the score, and the same as a table."""
    line = pair.line
    st.subheader(f"{sum(part.points for part in line.parts):g} points out of 100, and why", anchor=False)
    review_charts.draw_contributions([(part.label, part.points, part.most) for part in line.parts])
    with st.expander("As a table"):
        rows = "\n".join(
            f"| {plain(part.label)} | {part.points:g} of {part.most:g} | {plain(part.sentence)} |"
            for part in line.parts
        )
        st.markdown(f"| Criterion | Points | Why |\n|---|---|---|\n{rows}")


def draw_questions(session: Session, actor: Actor, run: RunView, pair: PairView) -> None:
    """The next best each way, and anybody else by name."""
    st.header("Somebody else?", anchor=False)
    if pair.rule is not None:
        st.markdown(DECIDED[pair.rule.kind][-1])
        return
    asked = solved_run(session, actor, run.id)
    mentee, mentee_id = pair.line.mentee, pair.line.mentee_id
    st.caption("A cost is to the whole scheme, with everybody else placed as well as then possible.")
    left, right = st.columns(2, gap="medium")
    with left:
        options = review_questions.other_mentors(session, actor, asked, mentee_id)
        draw_options(session, actor, asked, f"Other mentors for {mentee}", "mentor", pair, options)
    with right:
        if pair.mentor is not None:
            found = review_questions.other_mentees(session, actor, asked, pair.mentor.enrolment_id)
            draw_options(session, actor, asked, f"Other mentees for {pair.mentor.name}", "mentee", pair, found)
    draw_why_not(session, actor, asked, pair)


def draw_options(
    session: Session, actor: Actor, asked: SolvedRun, heading: str, who: str, pair: PairView, options: Sequence[Option]
) -> None:
    """Ranked by what they cost; choosing one shows every move before anything is done."""
    if not options:
        st.markdown(f"**{plain(heading)}**: nobody else is available, or pins hold all places.")
        return
    chosen = st.radio(
        as_label(heading),
        range(len(options)),
        index=None,
        key=f"ask-{who}",
        format_func=lambda at: f"{plain(options[at].name)} · {options[at].score} of {options[at].possible} points",
        captions=[plain(option.cost) for option in options],
    )
    if chosen is not None:
        one = options[chosen]
        known = pair.mentee.name if who == "mentor" else pair.mentor.name if pair.mentor else ""
        names = f"{known} with {one.name}" if who == "mentor" else f"{one.name} with {known}"
        draw_choice(session, actor, asked, one.mentor_id, one.mentee_id, names, pair, key=f"choose-{who}")


def draw_why_not(session: Session, actor: Actor, asked: SolvedRun, pair: PairView) -> None:
    """Anybody by name. The list is read only when somebody opens it."""
    box = st.expander("Why not …?", icon=":material/help:", key="ask-open", on_change="rerun")
    if not box.open:
        return
    mentee, mentee_id = pair.line.mentee, pair.line.mentee_id
    with box:
        names = {one.id: one.name for one in review_questions.mentors(session, actor, asked.cohort_id)}
        mentor_id = st.selectbox(
            as_label(f"Why is {mentee} not with"),
            list(names),
            index=None,
            key="ask-why-not",
            placeholder="Choose any mentor",
            format_func=lambda one: names.get(one, "?"),
        )
        if mentor_id is not None:
            both = f"{mentee} with {names[mentor_id]}"
            draw_choice(session, actor, asked, mentor_id, mentee_id, both, pair, key="choose-why-not")


def draw_choice(
    session: Session,
    actor: Actor,
    asked: SolvedRun,
    mentor_id: UUID,
    mentee_id: UUID,
    names: str,
    pair: PairView,
    *,
    key: str,
) -> None:
    """What insisting on two people would do; then the buttons that do it, or that keep them apart from now on."""
    found = review_questions.why_not(session, actor, asked, mentor_id, mentee_id, today=today())
    draw_answer(found, "To pair them" if found.possible else "")
    if not found.possible:
        return
    both = mentor_id, mentee_id, names
    with st.container(horizontal=True):
        st.button(
            "Pair them and run again",
            key=key,
            icon=":material/swap_horiz:",
            on_click=partial(decide, asked.run_id, PairRuleKind.PIN, *both),
        )
        st.button(
            "Never this pair",
            key=f"never-{key}",
            type="tertiary",
            icon=":material/block:",
            help="No later run pairs them. The matching runs again; their own pairs of now stay possible.",
            on_click=partial(decide, asked.run_id, PairRuleKind.FORBID, *both, then_open=pair.line.mentee_id),
        )


def draw_answer(found: Answer, before: str) -> None:
    """A sentence, and every move. Which of several best answers comes is up to lots, so others may move as well."""
    sentence = f"{before} {found.sentence[:1].lower()}{found.sentence[1:]}" if before else found.sentence
    moves = "\n".join(f"- {plain(move)}" for move in found.moves)
    lots = LOTS if found.possible else ""
    st.markdown(f"{plain(sentence)}\n\n{moves}\n\n{lots}".strip())
