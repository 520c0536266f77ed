"""Meetings: one's own record in half a minute, and whether the other side's agrees."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.schemes import Channel
from pages.pair_parts import AGREE, CHANNELS, DIFFER, choose, in_words, meeting_in_words, only_theirs
from pages.ui import done, empty, page, plain, refusals, segments
from pages.why import why
from services import cohort_meetings, meetings, my_matches, storage, times
from services.access import Actor
from services.cohort_meetings import CohortMeetings, PairCount, PairMeetings
from services.meetings import Noted, OwnMeeting, OwnRecord, State
from services.pairings import MyMatch
from services.reconciliation import ComparedMeeting

YES, NO = "Yes, on time", "No"
# One question for whether it took place and whether it began on time (A-SH4): what did not take place did not begin.
HELD: dict[str, tuple[bool, bool | None]] = {
    YES: (True, True),
    "Yes, late": (True, False),
    "Yes, time unsure": (True, None),
    NO: (False, None),
}
BADGES = {
    State.BOTH: AGREE,
    State.DIFFER: DIFFER,
    State.MINE_ONLY: ":gray-badge[:material/person: Only the mentor's]",
    State.THEIRS_ONLY: ":gray-badge[:material/person: Only the mentee's]",
}
# Of so many nobody has to scroll past the rest.
NEWEST = 5


def draw_own(session: Session, actor: Actor) -> None:
    """The form first, then what is on record."""
    matches = my_matches.mine_without_contacts(session, actor)
    if not matches:
        empty("You have no match yet, so there is nothing to record. You get an email when there is.")
        return
    match = choose(matches)
    today = times.day_in(utc_now(), match.my_zone)
    found = meetings.own(session, actor, match.pairing_id)
    own = {str(each.noted.id): each.noted for each in found.meetings}
    if not match.is_open:
        listed(actor, match, found, own, today)
        return
    left, right = st.columns([1, 1.2], gap="medium")
    with left:
        old = own.get(st.session_state.get("correcting", ""))
        if found.only_theirs:
            # Beside the form that answers it.
            st.markdown(only_theirs(found.only_theirs, match))
        record(session, actor, match, old, usual_channel(match, list(own.values())))
    with right:
        listed(actor, match, found, own, today)


def own_file(actor: Actor, pairing_id: UUID) -> bytes:
    with storage.reading() as session:
        return meetings.own_csv(session, actor, pairing_id)


def usual_channel(match: MyMatch, own: list[Noted]) -> Channel:
    """The one of one's own newest record; at first the one that sounds most like a meeting."""
    if own:
        return own[0].channel
    return next((channel for channel in match.channels if channel is not Channel.EMAIL), match.channels[0])


def record(session: Session, actor: Actor, match: MyMatch, old: Noted | None, channel: Channel) -> None:
    """The form for a new record, or for one of one's own that is to be put right. Never filled from the other's."""
    # Made when the form is first drawn: pressing twice, or pressing again after a lost answer, is one record.
    operation = st.session_state.setdefault(f"operation-{match.pairing_id}", str(uuid4()))
    form = f"{operation}-{old.id if old else 'new'}"
    begin(form, match, old, channel)
    with st.form(f"record-{form}"):
        title = "Put your record right" if old else "Record a meeting"
        st.markdown(f"## {title}\n\n:small[:gray[{yours_alone(match)}]]", anchors=False)
        day = st.date_input("Date", key=f"day-{form}", max_value=latest_day(match, old), format="DD/MM/YYYY")
        at = st.time_input("Start", key=f"at-{form}", step=300)
        minutes = st.number_input("Minutes", 1, meetings.LONGEST_MINUTES, step=5, key=f"minutes-{form}")
        how = segments("How", match.channels, words=CHANNELS.__getitem__, required=True, key=f"how-{form}")
        held = segments("Did it take place?", list(HELD), required=True, key=f"held-{form}")
        zone = ask_zone(form, match, old)
        second = which(form, day, at, zone)
        sent = st.form_submit_button("Save my record", type="primary")
    why(session, actor, "record")
    if sent:
        happened, on_time = HELD[held or YES]
        with refusals():
            facts: dict[str, Any] = {
                "started_at": times.moment_of(day, at, zone, second=second),
                "time_zone": zone,
                "duration_minutes": minutes,
                "channel": how,
                "happened": happened,
                "began_on_time": on_time,
            }
            saved = save(session, actor, match, old, facts, operation)
            st.session_state.pop(f"operation-{match.pairing_id}", None)
            st.session_state.pop("correcting", None)
            here = times.day_in(utc_now(), match.my_zone)
            done(f"Saved: {plain(times.in_words(saved.started_at, zone, today=here))}, {in_words(saved)}.")


def yours_alone(match: MyMatch) -> str:
    """Who sees what of a record, said where it is made."""
    return (
        f"Yours alone: {plain(match.other_name)} learns whether your two records agree, never what you enter here. "
        "The coordinator sees both."
    )


def begin(form: str, match: MyMatch, old: Noted | None, channel: Channel) -> None:
    """What the form's fields hold at first: kept, because a default that moves with the clock would undo typing."""
    if old:
        local = times.local_time(old.started_at, old.time_zone)
        known = (old.happened, old.began_on_time)
        held = next((words for words, facts in HELD.items() if facts == known), NO)
        values = (local.date(), local.time(), old.duration_minutes, old.channel, held)
    else:
        local = begun(match)
        values = (local.date(), local.time(), match.minutes, channel, YES)
    for name, value in zip(("day", "at", "minutes", "how", "held"), values, strict=True):
        st.session_state.setdefault(f"{name}-{form}", value)


def begun(match: MyMatch) -> datetime:
    """When a meeting of the usual length began that is just over, to five minutes, but after the match."""
    over = utc_now() - timedelta(minutes=match.minutes)
    earliest = match.released_at + timedelta(minutes=5)
    local = times.local_time(max(over, earliest), match.my_zone)
    return local.replace(minute=local.minute // 5 * 5, second=0, microsecond=0)


def latest_day(match: MyMatch, old: Noted | None) -> date:
    """The last day that a start may have: where one of the clocks offered has passed midnight, it is tomorrow here."""
    latest = utc_now() + meetings.GRACE
    return max(times.day_in(latest, zone) for zone in zones_of(match, old))


def zones_of(match: MyMatch, old: Noted | None) -> list[str]:
    """The clocks by which a start can be given, one's own first."""
    return times.clocks(old.time_zone if old else match.my_zone, match.scheme_zone, match.their_zone)


def ask_zone(form: str, match: MyMatch, old: Noted | None) -> str:
    """By whose clock the start is; not asked where there is only one."""
    zones = zones_of(match, old)
    if len(zones) == 1:
        return zones[0]
    return st.selectbox("Time zone", zones, format_func=times.place_of, key=f"zone-{form}")


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


def listed(actor: Actor, match: MyMatch, record: OwnRecord, own: dict[str, Noted], today: date) -> None:
    """One's own record, a line a meeting, the newest first, and what can be done with it."""
    title, found = "Your record", record.meetings
    if not found:
        st.header(title, anchor=False)
        empty("Nothing is recorded yet. After you have met, it takes half a minute.")
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"## {title}\n\n{in_paragraphs(found[:NEWEST], match, today)}", anchors=False)
        if earlier := found[NEWEST:]:
            with st.expander(f"{len(earlier)} earlier", key="earlier", on_change="rerun", type="compact") as opened:
                if opened.open:
                    st.markdown(in_paragraphs(earlier, match, today))
    if not own:
        return
    if not match.is_open:
        download(actor, match)
        return
    with st.expander("Correct or download your own", key="own-records", on_change="rerun") as opened:
        if opened.open:
            st.selectbox(
                "Correct one of your records",
                list(own),
                None,
                format_func=lambda key: record_in_words(own[key], match, today),
                placeholder="Choose a meeting",
                key="to_correct",
                on_change=correct,
            )
            download(actor, match)


def download(actor: Actor, match: MyMatch) -> None:
    # Made when it is asked for, not at every look.
    make = partial(own_file, actor, match.pairing_id)
    st.download_button(
        "Download my record", make, "my-meetings.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )


def in_paragraphs(found: Sequence[OwnMeeting], match: MyMatch, today: date) -> str:
    return "\n\n".join(meeting_in_words(meeting, match, today) for meeting in found)


def record_in_words(noted: Noted, match: MyMatch, today: date) -> str:
    return f"{times.in_words(noted.started_at, match.my_zone, today=today)}, {in_words(noted)}"


def correct() -> None:
    """Open the form with the chosen record, and let the box offer all of them again."""
    st.session_state["correcting"] = st.session_state.pop("to_correct")


def draw_cohort(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """For staff: who has recorded how much, and of one pair each meeting as both sides noted it. No words to see."""
    today = utc_now().date()
    search = st.text_input("Search", key="search", placeholder="A name of either of the two", on_change=from_the_first)
    found = cohort_meetings.of_cohort(
        session, actor, cohort_id, search=search or "", page=st.session_state.get("page") or 1
    )
    if not found.pairs:
        empty("No pair has this name." if search else "There is no pair in this cohort yet, so nothing is recorded.")
        return
    by_id = {str(pair.pairing_id): pair for pair in found.pairs}
    if st.session_state.get("pair") not in by_id:
        st.session_state.pop("pair", None)
    chosen = st.selectbox(
        "See the meetings of",
        list(by_id),
        None,
        format_func=lambda key: f"{by_id[key].mentee} and {by_id[key].mentor}",
        placeholder="Choose a pair of this page",
        key="pair",
    )
    with st.container(border=True):
        if chosen:
            st.markdown(
                of_pair(cohort_meetings.of_pair(session, actor, by_id[chosen].pairing_id), today), anchors=False
            )
        else:
            st.markdown(summaries(found, today))
    if found.pages > 1:
        st.pagination(found.pages, key="page")


def from_the_first() -> None:
    """Another list begins with its first page."""
    st.session_state["page"] = 1


def summaries(found: CohortMeetings, today: date) -> str:
    """A paragraph for each pair of the page, and how many there are in all."""
    total = "1 pair" if found.total == 1 else f"{found.total} pairs"
    lines = (summary(pair, found.zone, today) for pair in found.pairs)
    return "\n\n".join((*lines, f":small[:gray[{total}, also those that have ended]]"))


def summary(pair: PairCount, zone: str, today: date) -> str:
    """Who, when they last met, and how many records each side has."""
    who = f"**{plain(pair.mentee)}** and **{plain(pair.mentor)}**"
    if not pair.by_mentor and not pair.by_mentee:
        return f"{who}  \nNothing recorded yet"
    met = "Have not met yet"
    if pair.last_at is not None:
        met = f"Last met on {times.day_in_words(times.day_in(pair.last_at, zone), today=today)}"
    return f"{who}  \n{met} · records: {pair.by_mentee} by the mentee, {pair.by_mentor} by the mentor"


def of_pair(found: PairMeetings, today: date) -> str:
    """Every meeting of a pair, newest first, each as both noted it."""
    title = f"## {plain(found.mentee)} and {plain(found.mentor)}"
    if not found.meetings:
        return f"{title}\n\nNothing is recorded yet."
    return "\n\n".join((title, *(side_by_side(meeting, found, today) for meeting in found.meetings)))


def side_by_side(meeting: ComparedMeeting, found: PairMeetings, today: date) -> str:
    lines = [f"**{plain(times.in_words(meeting.started_at, found.zone, today=today))}** {BADGES[meeting.state]}"]
    for who, noted in ((found.mentee, meeting.theirs), (found.mentor, meeting.mine)):
        if noted is not None:
            begun = f", from {plain(times.in_words(noted.started_at, found.zone, today=today))}"
            lines.append(f"{plain(who)}: {in_words(noted)}{begun if noted.started_at != meeting.started_at else ''}")
    return "  \n".join(lines)


with page("Meetings", caption="What was said stays between the two; here are dates and times") as (session, actor):
    if actor.side is None and actor.place.cohort_id is not None:
        draw_cohort(session, actor, actor.place.cohort_id)
    else:
        draw_own(session, actor)
