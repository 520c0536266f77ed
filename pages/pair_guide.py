"""The first-meeting guide, step by step: read, expectations, rhythm, boundaries, about us, confirm.

One step is drawn at a time, and each keeps what was filled in, so that a telephone can be put away in between.
"""

from collections.abc import Callable
from datetime import date, time

import streamlit as st
from sqlmodel import Session

from pages import pair_ways
from pages.pair_parts import CHANNELS
from pages.ui import at_a_press, done, plain, refusals, segments, tell
from pages.why import why
from pages.written import written
from services import expectations, times, topic_marks, ways_drafts, ways_of_working, ways_wording
from services.access import Actor
from services.expectations import Expectations, Line
from services.pairings import MyMatch
from services.topic_marks import Mark
from services.usual_times import WEEKDAYS, Usual
from services.ways_of_working import BOUNDS, LONGEST_SECTION, Ways
from services.ways_wording import SECTIONS

READ, EXPECT, RHYTHM, BOUNDARIES, ABOUT_US, CONFIRM = "read", "expect", "rhythm", "boundaries", "about", "confirm"
STEPS = {
    READ: "1 Read",
    EXPECT: "2 Expectations",
    RHYTHM: "3 Rhythm",
    BOUNDARIES: "4 Boundaries",
    ABOUT_US: "5 Us two",
    CONFIRM: "6 Confirm",
}
BETWEEN, ABOUT = ("role", "confidentiality", "boundaries"), ("needs", "culture", "ending")
NUMBERS = {"interval_days": "Days between meetings", "minutes": "Minutes a meeting", "months": "Months in all"}
NEW, NO_DAY = "A word of your own: type it and press Enter", "No usual day"
EVENING = time(19)
STEP = "step"


def draw(session: Session, actor: Actor, match: MyMatch, ways: Ways, today: date) -> None:
    """The steps, and the one that is chosen."""
    begin = READ if ways.in_force is None and ways.proposed is None else CONFIRM
    step = segments("Step", list(STEPS), key=STEP, words=STEPS.__getitem__, default=begin, required=True)
    steps: dict[str, Callable[[], None]] = {
        READ: lambda: read(session, actor, match),
        EXPECT: lambda: expect(session, actor, match),
        RHYTHM: lambda: rhythm(session, actor, match, ways),
        BOUNDARIES: lambda: boundaries(session, actor, match, ways),
        ABOUT_US: lambda: sections_form(session, actor, match, ways, ABOUT),
        CONFIRM: lambda: confirm(session, actor, match, ways, today),
    }
    with st.container(border=True, gap="small"):
        steps[step or begin]()


def go_to(step: str) -> None:
    """Callbacks run before the choice of steps is drawn."""
    st.session_state[STEP] = step


def read(session: Session, actor: Actor, match: MyMatch) -> None:
    """What a mentor is here for, what stays between the two, and the scheme's exceptions spelled out."""
    guide = ways_wording.guide(session, actor, match.pairing_id)
    st.markdown(
        "\n\n".join(
            (
                "## Read this together",
                written(guide.role_statement, under=2) if guide.role_statement else plain(guide.role_line),
                f"### What stays between you\n\n{pair_ways.in_confidence(guide.exceptions)}",
            )
        ),
        anchors=False,
    )
    if guide.first_meeting:
        label = "A plan for the first meeting"
        with st.expander(label, icon=":material/checklist:", key="plan", on_change="rerun") as opened:
            if opened.open:
                st.markdown(written(guide.first_meeting, under=2), anchors=False)
    st.button("Go on to expectations", key="to-expect", type="primary", on_click=go_to, args=(EXPECT,))


def expect(session: Session, actor: Actor, match: MyMatch) -> None:
    """Each alone, then both together."""
    found = expectations.of_pairing(session, actor, match.pairing_id)
    name = plain(match.other_name)
    st.header("What you expect", anchor=False)
    if found.together:
        together(found, match)
        st.button("Go on to the rhythm", key="to-rhythm", type="primary", on_click=go_to, args=(RHYTHM,))
        return
    if found.they_are_done:
        st.markdown(
            f":green-badge[:material/check: {name} is done]  \nYou read each other's words once you are done too."
        )
    elif found.i_am_done:
        st.markdown(f":gray-badge[:material/hourglass: Waits for {name}]  \nUntil then you may still change yours.")
    else:
        st.markdown("Write on your own. Neither of you reads what the other wrote before both are done.")
    if match.is_open:
        expectations_form(session, actor, match, found)


def together(found: Expectations, match: MyMatch) -> None:
    """Differences first, as two short lists; no table, because a telephone is narrow."""
    differing = [line for line in found.together if line.differs]
    alike = [line for line in found.together if not line.differs]
    parts = []
    for title, lines in (("Begin where you differ", differing), ("The rest", alike)):
        if lines:
            parts.append("\n\n".join((f"### {title}", *(both_said(line, match) for line in lines))))
    if not differing:
        parts.insert(0, "You chose the same everywhere. Read what each wrote, and ask what is meant.")
    st.markdown("\n\n".join(parts), anchors=False)


def both_said(line: Line, match: MyMatch) -> str:
    mine, theirs = (plain(said) or "–" for said in (line.mine, line.theirs))
    return f"**{line.asked}**  \nYou: {mine}  \n{plain(match.other_name)}: {theirs}"


def expectations_form(session: Session, actor: Actor, match: MyMatch, found: Expectations) -> None:
    answers: dict[str, str] = {}
    with st.form(f"expect-{match.pairing_id}", border=False):
        for question in expectations.QUESTIONS:
            said = found.mine.get(question.key, "")
            if question.options:
                choices = list(question.options)
                at = choices.index(said) if said in choices else None
                chosen = st.radio(question.asked, choices, at, format_func=question.options.__getitem__)
                answers[question.key] = chosen or ""
            else:
                answers[question.key] = st.text_area(question.asked, said, max_chars=expectations.LONGEST, height=80)
        with st.container(horizontal=True):
            finished = st.form_submit_button("I am done", type="primary")
            later = st.form_submit_button("Save for later")
    if finished or later:
        with refusals():
            now = expectations.write(session, actor, match.pairing_id, answers, done=finished)
            done(told(now, match, finished=finished))


def told(now: Expectations, match: MyMatch, *, finished: bool) -> str:
    """What became of it."""
    if not finished:
        return "Saved. Nobody else reads it."
    name = plain(match.other_name)
    if now.together:
        return f"Both of you are done. Here is what you and {name} expect."
    return f"Done. You and {name} read each other's words as soon as {name} is done too."


def rhythm(session: Session, actor: Actor, match: MyMatch, ways: Ways) -> None:
    """How often, when, how long, by which channels."""
    terms, _is_mine = ways_drafts.of(session, actor, match.pairing_id, ways)
    offered = ways_drafts.usable_channels(session, actor, match.pairing_id)
    st.header("Your rhythm", anchor=False)
    why(session, actor, "rhythm")
    usual = terms.usual
    with st.form(f"rhythm-{match.pairing_id}", border=False):
        numbers = {
            name: st.number_input(label, *BOUNDS[name], value=getattr(terms, name), step=1)
            for name, label in NUMBERS.items()
        }
        with st.container(horizontal=True):
            day = st.selectbox("Usual day", [NO_DAY, *WEEKDAYS], usual.weekday + 1 if usual else 0)
            at = st.time_input("Usual time", usual.at if usual else EVENING, step=900)
            zones = times.clocks(*([usual.zone] if usual else ()), match.my_zone, match.their_zone)
            zone = st.selectbox("By the clock in", zones, format_func=times.place_of)
        options = list(dict.fromkeys((*offered, *terms.channels)))
        how = st.pills(
            "Ways that work for both of you",
            options,
            selection_mode="multi",
            default=list(terms.channels),
            format_func=lambda channel: f":violet[{CHANNELS[channel]}]",
        )
        sent = st.form_submit_button("Save and go on", type="primary")
    if sent:
        chosen = None if day == NO_DAY else Usual(WEEKDAYS.index(day), at, zone)
        with refusals():
            changed = ways_drafts.changed(terms, channels=tuple(how), usual=chosen, **numbers)
            ways_drafts.keep(session, actor, match.pairing_id, changed)
            next_step(BOUNDARIES, "Saved. Only you see it until you send it.")


def next_step(step: str, message: str) -> None:
    """The choice of steps is drawn already, so its next value waits for the next run."""
    st.session_state["_next_step"] = step
    done(message)


def take_next_step() -> None:
    """Before the choice of steps is drawn."""
    if (step := st.session_state.pop("_next_step", None)) in STEPS:
        st.session_state[STEP] = step


def boundaries(session: Session, actor: Actor, match: MyMatch, ways: Ways) -> None:
    """The mentee's marks, which hold at once, then the pair's own words."""
    st.header("Boundaries", anchor=False)
    marks(session, actor, match)
    sections_form(session, actor, match, ways, BETWEEN)


def marks(session: Session, actor: Actor, match: MyMatch) -> None:
    """Three lists for the mentee, saved with every tap; one text for the mentor."""
    marked = topic_marks.of_pairing(session, actor, match.pairing_id)
    if match.side.value != "mentee" or not match.is_open:
        said = pair_ways.careful(marked)
        if marked.by_mark[Mark.OPEN]:
            said = "  \n".join(filter(None, (f"**Open:** {plain(', '.join(marked.by_mark[Mark.OPEN]))}", said)))
        st.markdown(said or "No subject is marked. The mentee may do so at any time.")
        return
    st.markdown(f"Mark subjects as you like. {plain(match.other_name)} sees it at once, and you can change it any day.")
    named = [one for some in marked.by_mark.values() for one in some]
    options = [*dict.fromkeys((*named, *topic_marks.SUGGESTIONS))]
    for kind, words in topic_marks.WORDS.items():
        key = f"mark-{kind.value}-{match.pairing_id}"
        # The change of a moment ago is kept already: what is stored is what the box shows.
        st.session_state[key] = list(marked.by_mark[kind])
        st.multiselect(
            words,
            options,
            key=key,
            accept_new_options=True,
            placeholder=NEW,
            on_change=keep_marks,
            args=(match, kind, key),
        )


def keep_marks(match: MyMatch, kind: Mark, key: str) -> None:
    chosen = list(st.session_state[key])
    at_a_press(lambda session, actor: _mark(session, actor, match, kind, chosen))


def _mark(session: Session, actor: Actor, match: MyMatch, kind: Mark, chosen: list[str]) -> None:
    topic_marks.mark(session, actor, match.pairing_id, kind, chosen)


def sections_form(session: Session, actor: Actor, match: MyMatch, ways: Ways, keys: tuple[str, ...]) -> None:
    """Some of the sections, in the pair's own words."""
    terms, _is_mine = ways_drafts.of(session, actor, match.pairing_id, ways)
    style = ways_wording.style_of(session, actor, match.pairing_id)
    if keys is ABOUT:
        st.header("About the two of you", anchor=False)
        st.caption("Read by the two of you and nobody else. Leave out what you do not need.")
    with st.form(f"sections-{keys[0]}-{match.pairing_id}", border=False):
        said = {
            key: st.text_area(
                SECTIONS[key],
                terms.sections.get(key, ""),
                max_chars=LONGEST_SECTION,
                placeholder=ways_wording.question(key, style),
                height=100,
            )
            for key in keys
        }
        sent = st.form_submit_button("Save and go on", type="primary")
    if sent:
        with refusals():
            ways_drafts.keep(session, actor, match.pairing_id, ways_drafts.changed(terms, sections=said))
            next_step(CONFIRM if keys is ABOUT else ABOUT_US, "Saved. Only you see it until you send it.")


def confirm(session: Session, actor: Actor, match: MyMatch, ways: Ways, today: date) -> None:
    """The other's proposal with a yes, one's own that waits, and what is filled in and not sent."""
    proposed = ways.proposed
    terms, is_mine = ways_drafts.of(session, actor, match.pairing_id, ways)
    is_settled = ways.in_force is not None and proposed is None and not is_mine
    st.header("You two have agreed" if is_settled else "Confirm together", anchor=False)
    if match.is_open and not is_settled:
        why(session, actor, "ways_of_working")
    name = plain(match.other_name)
    if proposed is not None and proposed.proposed_by is not match.side:
        st.markdown(
            f":orange-badge[:material/pending_actions: {name} proposes this and waits for your yes]\n\n"
            + pair_ways.in_words(proposed, match, today)
        )
        if match.is_open:
            st.button(
                "Agree",
                key=f"agree-{proposed.number}",
                type="secondary" if is_mine else "primary",
                on_click=agree,
                args=(match, proposed.number),
            )
    elif proposed is not None:
        words = pair_ways.in_words(proposed, match, today)
        st.markdown(f":gray-badge[:material/hourglass: You proposed this; it waits for {name}]\n\n{words}")
    if not match.is_open:
        return
    if is_mine:
        st.markdown("**What you have filled in and not sent**\n\n" + pair_ways.in_words(terms, match, today))
        with st.container(horizontal=True):
            st.button("Send for agreement", key="send", type="primary", on_click=send, args=(match,))
            st.button("Throw it away", key="drop", on_click=drop, args=(match,))
    elif proposed is None and ways.in_force is None:
        st.markdown("Nothing is filled in yet. As it stands, the two of you would agree on this:")
        st.markdown(pair_ways.in_words(terms, match, today))
        st.button("Send for agreement", key="send", type="primary", on_click=send, args=(match,))
    else:
        st.caption("To change anything, go back to steps 3 to 5. It takes a yes from both of you again.")


def agree(match: MyMatch, number: int) -> None:
    # The day is taken at the press: the page may have stood open since another one.
    _act(
        lambda session, actor: ways_of_working.confirm(session, actor, match.pairing_id, number),
        "Agreed. This is how you two work together from today.",
    )


def send(match: MyMatch) -> None:
    _act(
        lambda session, actor: ways_drafts.send(session, actor, match.pairing_id),
        f"Proposed. It holds as soon as {plain(match.other_name)} agrees.",
    )


def drop(match: MyMatch) -> None:
    _act(lambda session, actor: ways_drafts.forget(session, actor, match.pairing_id), "Thrown away.")


def _act(act: Callable[[Session, Actor], object], message: str) -> None:
    """In the callback of a press, which no later run can lose; the message only if it was done."""

    def and_tell(session: Session, actor: Actor) -> None:
        act(session, actor)
        tell(message)

    at_a_press(and_tell)
