"""Home: what needs somebody now, then their matches or their cohort at a glance."""

from contextlib import nullcontext

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import EnrolmentStatus
from pages import charts, pausing, second_looks
from pages.ui import empty, heading, page, plain, refusals
from services import home, tasks, times
from services.access import Actor
from services.home import Home
from services.my_matches import MyMatch
from services.participation import Glance
from services.tasks import Task

BUTTON_WIDTH, CARD_WIDTH = 190, 560  # pixels; a card is never wider than the screen
BADGES = {
    tasks.OVERDUE: ("Overdue", "red"),
    tasks.TODAY: ("Today", "orange"),
    tasks.THIS_WEEK: ("This week", "orange"),
    tasks.WHEN_YOU_CAN: ("When you can", "blue"),
}


NOTHING = "Nothing waits for you now. When something does, it will stand here."
# Whoever waits for somebody else is told for whom.
WAITING = {
    EnrolmentStatus.SUBMITTED: "Your form is with the coordinator. You get an email as soon as it has been read.",
    EnrolmentStatus.APPROVED: "You are in, and there is nothing to do now. You get an email as soon as there is a "
    "proposal for you.",
}


def draw_tasks(found: Home) -> None:
    """One card, a line for each: when, what and why, and the way there. The first line has the one primary button."""
    st.header("What needs you", anchor=False)
    if not found.tasks:
        is_matched = any(match.is_open for match in found.matches)
        said = NOTHING if is_matched or found.status is None else WAITING.get(found.status, NOTHING)
        empty(said, icon=":material/check:")
        return
    with st.container(border=True, gap="small"):
        for number, task in enumerate(found.tasks):
            draw_task(task, number)


def draw_task(task: Task, number: int) -> None:
    """The sentence is ours but may hold a name, so all of it is plain."""
    word, color = BADGES[task.when]
    kind = "primary" if number == 0 else "secondary"
    # Three messages to the browser a line; columns would make it seven.
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(f":{color}-badge[{word}] **{plain(task.sentence)}**  \n{plain(task.detail)}")
        if st.button(task.button, key=f"task-{number}", type=kind, width=BUTTON_WIDTH):  # type: ignore[arg-type]
            st.switch_page(f"{task.page}.py", query_params=dict(task.address))


def draw_matches(matches: tuple[MyMatch, ...], found: Home) -> None:
    """The open ones: who, since when, and when the next sign of life is expected."""
    open_ones = [match for match in matches if match.is_open]
    if not open_ones:
        return
    st.header("Your match" if len(open_ones) == 1 else "Your matches", anchor=False)
    # Side by side as long as there is room, one below the other on a phone.
    with st.container(horizontal=True, gap="small") if len(open_ones) > 1 else nullcontext():
        for match in open_ones:
            draw_match(match, found)


def draw_match(match: MyMatch, found: Home) -> None:
    """Three messages to the browser; the grey line is part of the text."""
    with st.container(border=True, gap="small", width=CARD_WIDTH):
        st.markdown(
            f"**{plain(match.other_name)}**  \n{plain(about(match))}\n\n"
            f":small[:gray[{plain(rhythm_in_words(match, found))}]]"
        )
        if st.button("Open", key=f"match-{match.pairing_id}"):
            st.switch_page("my_match.py")


def about(match: MyMatch) -> str:
    """What they do, as far as the scheme shows it."""
    return " · ".join(part for part in (match.role_title, match.sector) if part) or f"Your {other_side(match)}"


def other_side(match: MyMatch) -> str:
    """How the other one is called here."""
    return "mentor" if match.side.value == "mentee" else "mentee"


def rhythm_in_words(match: MyMatch, found: Home) -> str:
    """The last sign of life that is known to this side, and the day by which the next is expected."""
    last = match.last_sign_on
    if match.is_paused:
        return f"On a break until {tasks.day_words(match.back_on, found.today)}" if match.back_on else "On a break"
    if match.is_behind and last is None:
        return f"{match.other_name} has noted that you were in touch"
    since = f"Last contact {times.day_in_words(last, today=found.today)}" if last else "No contact noted yet"
    if match.is_behind:
        return f"{since} · {match.other_name} has noted a later one"
    return f"{since} · next expected by {tasks.day_words(match.next_sign_by, found.today)}"


def draw_cohort(seen: Glance) -> None:
    """Five numbers with their bases; the charts are on Participation."""
    st.header("The cohort at a glance", anchor=False)
    by_key = {stage.key: stage for stage in seen.stages}
    stages = [(by_key[key], (by_key[key].mentees or 0) + (by_key[key].mentors or 0)) for key in ("enrolled", "ready")]
    shares = [figure for figure in seen.figures if figure.key != "first_contact"]
    with st.container(horizontal=True, gap="small"):
        for stage, people in stages:
            st.metric(
                stage.label,
                f"{people:,}",
                f"{stage.mentees or 0:,} mentees",
                delta_color="off",
                delta_arrow="off",
                help=f"{stage.definition} {stage.mentees or 0:,} mentees and {stage.mentors or 0:,} mentors.",
                border=True,
                height="stretch",
            )
        for figure in shares:
            charts.draw_figure(figure)


def facts(found: Home, seen: Glance | None) -> str:
    """The grey line: the day, and of a cohort its size."""
    day = times.day_in_words(found.today, weekday=True)
    if seen is None:
        return f"{day} {found.today.year}"
    approved = next(stage for stage in seen.stages if stage.key == "approved")
    counted = ((seen.rhythm.pairs, "pair"), (approved.mentees, "mentee"), (approved.mentors, "mentor"))
    size = (
        ", ".join(f"{number or 0:,} {word}{'' if number == 1 else 's'}" for number, word in counted) + " in this cohort"
    )
    return f"{day} {found.today.year} · {size}"


def at_a_glance(session: Session, actor: Actor, found: Home) -> Glance | None:
    """The cohort's figures, for whoever coordinates one."""
    if found.edition is None or actor.place.cohort_id is None:
        return None
    return charts.glance(session, actor, actor.place.cohort_id, found.today, found.edition)


def draw_demonstration(session: Session, actor: Actor) -> None:
    """That nothing here is real, and the way to be rid of it in one act."""
    with st.expander("This is a demonstration", icon=":material/science:"):
        st.markdown(
            "Everybody in it is invented, and none of its emails leaves. Taking it away removes both of its cohorts, "
            "their people and the accounts that you were given. What else is on this desk stays."
        )
        sure = st.checkbox("Yes, take all of it away", key="sure")
        if st.button("Remove the demonstration", key="remove", disabled=not sure):
            from services import demonstration  # noqa: PLC0415 - its year of history is not for every look at Home

            with refusals():
                demonstration.remove(session, actor)
                # The account is gone with it: the next run shows the sign-in form, or the way to begin.
                st.session_state.clear()
                st.rerun()


with page("") as (session, actor):
    found = home.look(session, actor, utc_now(), keep=charts.kept)
    seen = at_a_glance(session, actor, found)
    heading(plain(found.greeting), facts(found, seen))
    draw_tasks(found)
    if actor.place.cohort_id is not None and any(task.has_second_look for task in found.tasks):
        second_looks.draw(session, actor, actor.place.cohort_id)
    draw_matches(found.matches, found)
    if found.has_left_a_place:
        pausing.draw_left(session, actor)
    if seen is not None:
        draw_cohort(seen)
    if found.is_demonstration:
        draw_demonstration(session, actor)
