"""Taking a break and stopping: on the person's own page, and on the page of the pair that it concerns."""

from datetime import date, datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from models.enrolments import EnrolmentStatus, Side
from models.pauses import PauseChoice
from pages.ui import done, plain, refusals, segments
from services import away, closed_consents, departures, pauses, times
from services.access import Actor
from services.away import Consequences
from services.departures import LeftPlace
from services.my_matches import MyMatch
from services.pauses import LONGEST_DAYS, MyBreak

DAY, OPEN = "day", "open"
UNTIL = {DAY: "Until a day", OPEN: "I cannot say yet"}
USUAL_DAYS = 28


def draw(session: Session, actor: Actor, status: EnrolmentStatus) -> None:
    """The section of a participant's own page: a break, and the way out. The way back stands above it all."""
    found = away.consequences(session, actor)
    may_pause = status is EnrolmentStatus.APPROVED
    st.header("Take a break or stop" if may_pause else "Stop", anchor=False)
    if may_pause:
        draw_break(session, actor, found)
    draw_leaving(session, actor, found)


def draw_break(session: Session, actor: Actor, found: Consequences) -> None:
    """What a break sets off, then until when, then the act."""
    with st.container(border=True, gap="small"):
        st.subheader("Take a break", anchor=False)
        st.markdown(f"{what_a_break_does(found)}\n\nYou can come back earlier, or later, whenever you like.")
        back_on = ask_return(found.today, "pause")
        if st.button("Begin the break", key="pause"):
            with refusals():
                pauses.pause(session, actor, return_on=back_on)
                done("You are paused. No new match is looked for until you are back.")


def what_a_break_does(found: Consequences) -> str:
    """A list of exactly what happens, with the names of those who are told."""
    lines = ["From now on nobody new is proposed to you, and no list shows you."]
    if found.proposals:
        lines.append(f"{proposals_in_words(found)} withdrawn. The other side is told kindly, not why.")
    for name in found.pairs:
        lines.append(
            f"{plain(name)} is told that you are taking a break, and may wait for you or look for somebody else. "
            "Nothing is due from either of you meanwhile."
        )
    return "\n".join(f"- {line}" for line in lines)


def proposals_in_words(found: Consequences) -> str:
    """ "The open proposal is", "The 3 open proposals are"."""
    if found.proposals == 1:
        return "The open proposal is"
    return f"The {found.proposals} open proposals are"


def ask_return(today: date, key: str) -> date | None:
    """A day within the coming year, or none."""
    how = segments("How long?", list(UNTIL), words=UNTIL.__getitem__, default=DAY, required=True, key=f"{key}-how")
    if how == OPEN:
        return None
    return ask_day(today, f"{key}-until")


def ask_day(today: date, key: str) -> date | None:
    """The day of coming back: after today, within the coming year."""
    first, last = today + timedelta(days=1), today + timedelta(days=LONGEST_DAYS)
    usual, kept = today + timedelta(days=USUAL_DAYS), st.session_state.get(key)
    if isinstance(kept, date):
        # A day that has come while the page stood open is refused in words: left out here, another would replace it.
        first = min(first, kept)
    chosen = st.date_input("Back on", usual, min_value=first, max_value=last, key=key, format="DD/MM/YYYY", width=220)
    return chosen if isinstance(chosen, date) else None


def draw_return(session: Session, actor: Actor) -> None:
    """Are you back? Yes, or another day. For whoever is on a break, above everything else."""
    mine, today = pauses.mine(session, actor), pauses.today(session, actor)
    with st.container(border=True, gap="small"):
        st.header("Are you back?" if mine and mine.is_due else "You are taking a break", anchor=False)
        st.markdown(break_in_words(mine, today))
        if st.button("Yes, I am back", key="resume", type="primary"):
            with refusals():
                pauses.come_back(session, actor)
                done("Welcome back. Matches that waited for you go on from today.")
        with st.expander("Not yet: choose another day" if mine and mine.is_due else "Choose another day"):
            back_on = ask_return(today, "later")
            if st.button("Stay on the break", key="stay-away"):
                with refusals():
                    pauses.stay_away(session, actor, return_on=back_on)
                    done("Kept. Whoever waits for you has been told.")


def break_in_words(mine: MyBreak | None, today: date) -> str:
    """Since when and until when."""
    if mine is None:
        return "Nothing is due from you, and nothing happens until you say that you are back."
    since = f"Since {times.day_in_words(mine.started_on, today=today)}"
    if mine.planned_return_on is None:
        return f"{since}, without a day of return. Nothing is due from you."
    until = times.day_in_words(mine.planned_return_on, today=today, weekday=True)
    if mine.is_due:
        return f"{since}. You thought that it would last until {until}. Nothing happens until you say so."
    return f"{since}, until {until}. Nothing is due from you, and we ask you on that day."


def draw_leaving(session: Session, actor: Actor, found: Consequences) -> None:
    """What leaving sets off, one confirmation, done."""
    with st.expander("Stop for good", icon=":material/logout:"):
        st.markdown(what_leaving_does(actor, found))
        sure = st.checkbox("Yes, I want to leave this cohort for good", key="sure")
        if st.button("Leave", key="leave", disabled=not sure):
            with refusals():
                departures.withdraw(session, actor)
                done("You have left this cohort. Thank you for the time that you gave it.")


def what_leaving_does(actor: Actor, found: Consequences) -> str:
    """A list of exactly what happens, and whether it can be taken back."""
    lines = ["You may leave at any time and need no reason.", "Nobody is proposed to you, and no list shows you."]
    if found.proposals:
        lines.append(f"{proposals_in_words(found)} withdrawn. The other side is told kindly, not why.")
    for name in found.pairs:
        lines.append(f"Your mentoring with {plain(name)} ends now. {plain(name)} is told kindly, never why.")
    if found.pairs:
        lines.append("Contact details close on both sides. Your own records stay yours.")
    if found.pairs or found.proposals:
        lines.append("This cannot be taken back, because others are told. You can enrol again later, from Home.")
    else:
        lines.append(
            f"You can take it back {until_then(actor, found.until)}, from Home. You can also enrol again later."
        )
    return "\n".join(f"- {line}" for line in lines)


def until_then(actor: Actor, over: datetime) -> str:
    """The end of the scheme's day, by the reader's clock: it is midnight only where theirs shows the same."""
    zone = actor.time_zone
    if zone is None or times.local_time(over, zone).time() == time():
        return "until midnight"
    return f"until {plain(times.in_words(over, zone))}"


def draw_pair(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """On the page of a pair that stands still: who is away and, for the other, the choice."""
    with st.container(border=True, gap="small"):
        st.markdown(":orange-badge[:material/pause_circle: On a break]")
        st.header("This match stands still", anchor=False)
        if match.away is match.side:
            st.markdown("You are taking a break. Nothing is due from either of you until you are back.")
            st.page_link("enrolment.py", label="Come back, or change the day", icon=":material/event_available:")
            return
        draw_choice(session, actor, match, today)


def draw_choice(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """Wait, or another match; the second shows first what it does."""
    name = plain(match.other_name)
    until = ""
    if match.back_on is not None:
        until = f" and expects to be back on {times.day_in_words(match.back_on, today=today, weekday=True)}"
    st.markdown(
        f"{name} is taking a break{until}. It has nothing to do with you, and nothing is due from you meanwhile."
    )
    if match.choice is PauseChoice.WAIT:
        st.markdown(f":green-badge[:material/check: You wait for {name}]")
    elif st.button("Wait until they are back", key="wait", type="primary"):
        with refusals():
            pauses.wait(session, actor, match.pairing_id)
            done(f"You wait for {name}. We write to you when they are back.")
    is_mentee = match.side is Side.MENTEE
    next_one = "You are part of the next matching" + ("; the time that you have waited before counts" * is_mentee)
    with st.expander("Find me another match"):
        st.markdown(
            f"- Your mentoring with {name} ends now, and contact details close.\n"
            f"- {name} is told kindly, and nobody is blamed.\n"
            f"- {next_one}."
        )
        if st.button("End it and find me another match", key="another"):
            with refusals():
                pauses.find_another(session, actor, match.pairing_id)
                done("Ended. You are part of the next matching.")


def draw_left(session: Session, actor: Actor) -> None:
    """On Home: the places that somebody left, with the way back."""
    for place in departures.left_places(session, actor):
        with st.container(border=True, gap="small"):
            draw_left_place(session, actor, place)
    draw_still_agreed(session, actor)


def draw_still_agreed(session: Session, actor: Actor) -> None:
    """What somebody agreed to in a place that is closed, left or declined, and the way to take it back."""
    schemes = closed_consents.schemes(session, actor)
    if not schemes:
        return
    with st.container(border=True, gap="small"):
        st.markdown(
            f"When you enrolled in {plain(' and '.join(schemes))}, you agreed that details of yours may be shown or "
            "counted. Your place there is closed, so neither happens. You can take it all back just the same."
        )
        if st.button("Take it all back", key="take-back-all"):
            closed_consents.take_back(session, actor)
            done("Taken back. Should you enrol again, you are asked anew.")


def draw_left_place(session: Session, actor: Actor, place: LeftPlace) -> None:
    """One of them."""
    st.markdown(f"You have left **{plain(place.scheme)}**, {plain(place.cohort)}, as a {place.side}.")
    if place.until is not None:
        st.markdown(f"Nobody else was told of it, so you can take it back {until_then(actor, place.until)}.")
        if st.button("Take it back", key=f"undo-{place.enrolment_id}"):
            with refusals():
                departures.undo(session, actor, place.enrolment_id)
                done("Taken back. Everything is as it was.")
    elif st.button("Enrol again", key=f"again-{place.enrolment_id}"):
        with refusals():
            departures.enrol_again(session, actor, place.enrolment_id)
            done("Welcome back. Look through your form and send it; the coordinator reads it next.")
