"""Meetings: one's own record in half a minute, and how it compares with the other side's."""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.schemes import Channel
from pages.pair_parts import CHANNELS, choose, in_words, meeting_in_words
from pages.ui import done, empty, page, plain, refusals, segments
from pages.why import why
from services import meetings, pairings, storage, times
from services.access import Actor
from services.meetings import ComparedMeeting, Noted, State
from services.pairings import MyMatch

YES, NO, NOT_SURE = "Yes", "No", "Not sure"
ANSWERS = {YES: True, NO: False, NOT_SURE: None}
STATES = {
    State.BOTH: "Both agree",
    State.DIFFER: "Records differ",
    State.MINE_ONLY: "Only the mentor's",
    State.THEIRS_ONLY: "Only the mentee's",
}


def draw_own(session: Session, actor: Actor) -> None:
    """The form first, then what is on record."""
    matches = pairings.mine(session, actor)
    if not matches:
        empty("You have no match yet, so there is nothing to record. You get an email when there is.")
        return
    match = choose(matches)
    today = times.day_in(utc_now(), match.my_zone)
    found = meetings.compared(session, actor, match.pairing_id)
    own = {str(each.mine.id): each.mine for each in found if each.mine}
    left, right = st.columns([1, 1.2], gap="large")
    if match.is_open:
        with left:
            old = own.get(st.session_state.get("correcting", ""))
            record(session, actor, match, old, usual_channel(match, list(own.values())), today)
    with right if match.is_open else st.container():
        listed(match, found, today)
        if own:
            # Made when it is asked for, not at every look.
            make = partial(own_file, actor, match.pairing_id)
            st.download_button(
                "Download my record", make, "my-meetings.csv", "text/csv", icon=":material/download:", on_click="ignore"
            )


def own_file(actor: Actor, pairing_id: UUID) -> bytes:
    with storage.reading() as session:
        return meetings.own_csv(session, actor, pairing_id)


def usual_channel(match: MyMatch, own: list[Noted]) -> Channel:
    """The one of one's own newest record; at first the one that sounds most like a meeting."""
    if own:
        return own[0].channel
    return next((channel for channel in match.channels if channel is not Channel.EMAIL), match.channels[0])


def record(session: Session, actor: Actor, match: MyMatch, old: Noted | None, channel: Channel, today: date) -> None:
    """The form for a new record, or for one of one's own that is to be put right. Never filled from the other's."""
    # Made when the form is first drawn: pressing twice, or pressing again after a lost answer, is one record.
    operation = st.session_state.setdefault(f"operation-{match.pairing_id}", str(uuid4()))
    form = f"{operation}-{old.id if old else 'new'}"
    begin(form, match, old, channel)
    with st.form(f"record-{form}"):
        st.header("Put your record right" if old else "Record a meeting", anchor=False)
        day = st.date_input("Date", key=f"day-{form}", max_value=today, format="DD/MM/YYYY")
        at = st.time_input("Start", key=f"at-{form}", step=300)
        minutes = st.number_input("Minutes", 1, meetings.LONGEST_MINUTES, step=5, key=f"minutes-{form}")
        how = segments("How", match.channels, words=CHANNELS.__getitem__, required=True, key=f"how-{form}")
        happened = segments("Did it take place?", [YES, NO], required=True, key=f"held-{form}")
        on_time = segments("Did it begin on time?", list(ANSWERS), required=True, key=f"late-{form}")
        zones = list(dict.fromkeys((old.time_zone if old else match.my_zone, match.scheme_zone, match.their_zone)))
        zone = st.selectbox("Time zone", zones, format_func=times.place_of, key=f"zone-{form}")
        second = which(form, day, at, zone)
        sent = st.form_submit_button("Save my record", type="primary")
        st.caption("This is your own record. It neither shows nor changes the other side's.")
    why(session, actor, "record")
    if sent:
        with refusals():
            facts: dict[str, Any] = {
                "started_at": times.moment_of(day, at, zone, second=second),
                "time_zone": zone,
                "duration_minutes": minutes,
                "channel": how,
                "happened": happened == YES,
                "began_on_time": ANSWERS[on_time or NOT_SURE],
            }
            saved = save(session, actor, match, old, facts, operation)
            st.session_state.pop(f"operation-{match.pairing_id}", None)
            st.session_state.pop("correcting", None)
            done(f"Saved: {plain(times.in_words(saved.started_at, zone, today=today))}, {in_words(saved)}.")


def begin(form: str, match: MyMatch, old: Noted | None, channel: Channel) -> None:
    """What the form's fields hold at first: kept, because a default that moves with the clock would undo typing."""
    if old:
        local = times.local_time(old.started_at, old.time_zone)
        late = next(words for words, value in ANSWERS.items() if value is old.began_on_time)
        values = (local.date(), local.time(), old.duration_minutes, old.channel, YES if old.happened else NO, late)
    else:
        local = begun(match)
        values = (local.date(), local.time(), match.minutes, channel, YES, YES)
    for name, value in zip(("day", "at", "minutes", "how", "held", "late"), values, strict=True):
        st.session_state.setdefault(f"{name}-{form}", value)


def begun(match: MyMatch) -> datetime:
    """When a meeting of the usual length began that is just over, to five minutes, but after the match."""
    over = utc_now() - timedelta(minutes=match.minutes)
    earliest = match.released_at + timedelta(minutes=5)
    local = times.local_time(max(over, earliest), match.my_zone)
    return local.replace(minute=local.minute // 5 * 5, second=0, microsecond=0)


def which(form: str, day: date, at: time, zone: str) -> bool | None:
    """Asked only of a time that clocks showed twice, when they went back."""
    moments = times.moments_of(day, at, zone)
    if len(moments) < 2:
        return None
    words = {False: "The first, before clocks went back", True: "The second, after clocks went back"}
    return st.radio(f"Which {at:%H:%M}?", [False, True], index=None, format_func=words.__getitem__, key=f"which-{form}")


def save(
    session: Session, actor: Actor, match: MyMatch, old: Noted | None, facts: dict[str, Any], operation: str
) -> Noted:
    """A new record, or the old one put right."""
    if old:
        return meetings.correct(session, actor, old.id, **facts)
    return meetings.log(session, actor, match.pairing_id, **facts, operation_id=UUID(operation))


def listed(match: MyMatch, found: tuple[ComparedMeeting, ...], today: date) -> None:
    """Both records of each meeting side by side."""
    st.header("What you two recorded" if match.is_open else "Your own record", anchor=False)
    if not found:
        empty("Nothing is recorded yet. After you have met, it takes half a minute.")
    if not found:
        return
    with st.container(border=True):
        st.markdown("\n\n".join(meeting_in_words(meeting, match, today) for meeting in found))
    own = {str(each.mine.id): each.mine for each in found if each.mine}
    if own and match.is_open:
        st.selectbox(
            "Correct one of your records",
            list(own),
            None,
            format_func=lambda key: record_in_words(own[key], match, today),
            placeholder="Choose a meeting",
            key="to_correct",
            on_change=correct,
        )


def record_in_words(noted: Noted, match: MyMatch, today: date) -> str:
    return f"{times.in_words(noted.started_at, match.my_zone, today=today)}, {in_words(noted)}"


def correct() -> None:
    """Open the form with the chosen record, and let the box offer all of them again."""
    st.session_state["correcting"] = st.session_state.pop("to_correct")


def draw_cohort(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """For staff: dates, lengths and channels as each side noted them. There are no words to see."""
    found = meetings.of_cohort(session, actor, cohort_id, page=st.session_state.get("page", 1))
    rows = [
        {
            "Mentee": pair.mentee,
            "Mentor": pair.mentor,
            "When": times.in_words(meeting.started_at, found.zone),
            "Mentor's record": in_words(meeting.mine) if meeting.mine else "–",
            "Mentee's record": in_words(meeting.theirs) if meeting.theirs else "–",
            "Compared": STATES[meeting.state],
        }
        for pair in found.pairs
        for meeting in pair.meetings
    ]
    silent = sum(not pair.meetings for pair in found.pairs)
    if not rows:
        empty("No meeting is recorded in this cohort yet.")
    else:
        st.dataframe(rows, hide_index=True, alt="Meetings of the cohort, each as both sides noted it")
    if silent:
        total = len(found.pairs)
        pairs = "1 pair has" if silent == 1 else f"{silent} pairs have"
        st.caption(f"{pairs} recorded nothing yet, of {total} on this page.")
    if found.pages > 1:
        st.pagination(found.pages, key="page")


with page("Meetings", caption="What was said stays between the two; here are dates and times") as (session, actor):
    if actor.side is None and actor.place.cohort_id is not None:
        draw_cohort(session, actor, actor.place.cohort_id)
    else:
        draw_own(session, actor)
