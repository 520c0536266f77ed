"""My match: how a pair reaches each other, what they agreed, and how either ends it."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import date
from urllib.parse import quote

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.pairings import EndReason
from models.schemes import Channel
from pages import pair_ways, pausing
from pages.pair_parts import BY, CHANNELS, choose, meeting_in_words, only_theirs
from pages.ui import done, empty, heading, page, plain, refusals, segments
from services import contacts, match_sharing, meetings, pairings, qr_codes, times, ways_wording
from services.access import Actor
from services.match_sharing import Fact
from services.meetings import OwnRecord
from services.pairings import ContactDetail, MyMatch

REASONS = {
    EndReason.NOT_GIVEN: "I would rather not say",
    EndReason.HELP_RECEIVED: "The help was received",
    EndReason.NO_LONGER_HELPS: "It no longer helps",
    EndReason.REFERRED_ELSEWHERE: "Somebody else is better placed to help",
    EndReason.PERSONAL: "Personal reasons",
    EndReason.END_OF_COHORT: "The cohort has come to its end",
}
OTHER_SIDE = {"mentor": "mentee", "mentee": "mentor"}
SHOWN_MEETINGS = 3
SIGN_FIRST = "There is something to read and sign before you begin. It takes a few minutes."
QR_WIDTH = 232
WIDTHS = [1.4, 1.0]


def draw(session: Session, actor: Actor, matches: tuple[MyMatch, ...]) -> None:
    """One match: what comes next on the left, who it is on the right."""
    top = st.container() if len(matches) > 1 else nullcontext()
    match = choose(matches)
    today = times.day_in(utc_now(), match.my_zone)
    with top:
        heading(f"Your {OTHER_SIDE[match.side]}, {plain(match.other_name)}", plain(facts(match, today)))
    left, right = st.columns(WIDTHS, gap="medium")
    with left:
        if match.is_paused:
            pausing.draw_pair(session, actor, match, today)
        elif match.is_open:
            keep_in_touch(session, actor, match, today)
        else:
            empty("This mentoring has ended and contact details are closed. Your own records stay yours to read.")
    about = match_sharing.of_other(session, actor, match.pairing_id) if match.is_open else ()
    with right.container(border=True):
        st.markdown(introduction(match, about), anchors=False)
        offer_qr_code(match)
    # Not in the column above: on a phone the details follow the step that needs them.
    draw_form_of_theirs(match, [fact for fact in about if not by_name(fact)])
    recorded(session, actor, match, today)
    pair_ways.draw_card(session, actor, match, today)
    if match.is_open:
        end(session, actor, match)


def facts(match: MyMatch, today: date) -> str:
    """The grey line: since when, how far, and what the rhythm expects."""
    begun_on = times.day_in(match.released_at, match.my_zone)
    since = f"Matched on {times.day_in_words(begun_on, today=today)}"
    if match.ended_at is not None:
        ended_on = times.day_in(match.ended_at, match.my_zone)
        return f"{since} · ended on {times.day_in_words(ended_on, today=today)}"
    month = (today.year - begun_on.year) * 12 + today.month - begun_on.month + (today.day >= begun_on.day)
    if match.is_paused:
        until = f" until {times.day_in_words(match.back_on, today=today)}" if match.back_on else ""
        return f"{since} · on a break{until}"
    so_far = f"{since} · {month_in_words(max(month, 1), match.months)}"
    if match.is_behind:
        return so_far
    due = match.next_sign_by
    expected = "was expected by" if due < today else "expected by"
    return f"{so_far} · next contact {expected} {times.day_in_words(due, today=today, weekday=True)}"


def month_in_words(month: int, agreed: int) -> str:
    """ "month 3 of 6", also when the pair goes on past what it agreed."""
    return f"month {month} of {agreed}" if month <= agreed else f"month {month}, {agreed} were planned"


def introduction(match: MyMatch, about: Sequence[Fact]) -> str:
    """Who it is and, while it lasts, how to be addressed and how to reach them: one text."""
    name = plain(match.other_name)
    named = [
        fact.answer if fact.key == "pronouns" else f"{fact.label}: {fact.answer}" for fact in about if by_name(fact)
    ]
    what = " · ".join(plain(fact) for fact in (match.role_title, match.sector) if fact)
    parts = [f"## {name}", plain(" · ".join(named)), what, plain(match.summary or "")]
    if match.goals:
        parts.append(f"**Hopes for**  \n{plain(match.goals)}")
    if match.is_open:
        parts.append(ways_to_reach(match, name))
    return "\n\n".join(filter(None, parts))


def by_name(fact: Fact) -> bool:
    """What one wants to know before one says a word stands beside the name."""
    return fact.key in {"called", "pronouns"}


def draw_form_of_theirs(match: MyMatch, about: Sequence[Fact]) -> None:
    """What their form says to a match, one text: a line for each answer, and apart what they chose to share."""
    # The two clocks above tell it better.
    told = [
        fact
        for fact in about
        if fact.key != "time_zone" or times.is_same_place(match.my_zone, match.their_zone) or not match.contacts
    ]
    if not told:
        return
    name = plain(match.other_name)
    parts = [f"## About {name}", lines_of(fact for fact in told if not fact.by_choice)]
    if chosen := lines_of(fact for fact in told if fact.by_choice):
        parts += [f":small[:gray[{name} chose to share this with you:]]", chosen]
    st.container(border=True).markdown("\n\n".join(filter(None, parts)), anchors=False)


def lines_of(facts: Iterable[Fact]) -> str:
    return "  \n".join(f"{plain(fact.label)}: {plain(fact.answer)}" for fact in facts)


def ways_to_reach(match: MyMatch, name: str) -> str:
    """What the other shares, a line each, and until when."""
    if not match.contacts:
        return "No way to reach them is open yet. The coordinator can help."
    lines = [f"{CHANNELS[detail.channel]}: {reach(detail)}" for detail in match.contacts]
    small = [f"{name} agreed to share these with you. They close when the mentoring ends."]
    if not times.is_same_place(match.my_zone, match.their_zone):
        small.insert(0, f"Now: {plain(times.two_zones(utc_now(), match.my_zone, match.their_zone))}")
    said = "\n\n".join(f":small[:gray[{words}]]" for words in small)
    return "  \n".join(["**You may reach them by**", *lines]) + f"\n\n{said}"


def reach(detail: ContactDetail) -> str:
    """A detail as text; an email address also opens the reader's mail program."""
    if detail.channel is not Channel.EMAIL:
        return plain(detail.value)
    return f"[{plain(detail.value)}](mailto:{quote(detail.value, safe='@')})"


def offer_qr_code(match: MyMatch) -> None:
    """A WeChat ID that is open to the reader, to scan rather than type (U-C2.4). Drawn only when asked for."""
    found = next((detail.value for detail in match.contacts if detail.channel is Channel.WECHAT), None)
    if found is None or not match.is_open:
        return
    key = f"qr-{match.pairing_id}"
    box = st.popover("Show as QR code", icon=":material/qr_code_2:", key=key, on_change="rerun")
    if box.open:
        with box:
            st.image(qr_codes.data_uri(found), width=QR_WIDTH, alt=f"QR code of {match.other_name}'s WeChat ID")
            st.markdown(f"**{plain(found)}**\n\n:small[Scan it with another phone, and copy the ID into WeChat.]")


def keep_in_touch(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """The mentee's first step, and later one tap for every time they talked."""
    with st.container(border=True, gap="small"):
        st.markdown(what_is_next(session, actor, match, today), anchors=False)
        if match.must_make_contact and match.must_sign_first:
            st.markdown(f"**{SIGN_FIRST}**")
            st.page_link("agreements.py", label="Read and sign first", icon=":material/draw:")
            return
        chosen = segments(
            "How",
            match.channels,
            words=CHANNELS.__getitem__,
            default=match.channels[0],
            required=True,
            key=f"how-{match.pairing_id}",
        )
        how = chosen or match.channels[0]
        begun_on = min(times.day_in(match.released_at, match.my_zone), today)
        day = st.date_input(
            "On", today, min_value=begun_on, max_value=today, key=f"day-{match.pairing_id}", format="DD/MM/YYYY"
        )
        label = f"I have contacted my {OTHER_SIDE[match.side]}" if match.must_make_contact else "We were in touch"
        if st.button(label, key="note-contact", type="primary"):
            with refusals():
                contacts.note(session, actor, match.pairing_id, channel=how, contact_on=day, today=today)
                done(f"Noted: you were in touch {BY[how]} on {times.day_in_words(day, today=today)}.")


def what_is_next(session: Session, actor: Actor, match: MyMatch, today: date) -> str:
    """Before the first contact what to do and what stays in confidence; after it the last sign of life."""
    if not match.must_make_contact:
        return f"## Keep in touch\n\n{last_contact(session, actor, match, today)}"
    exceptions = ways_wording.exceptions(session, actor, match.pairing_id)
    return (
        ":blue-badge[:material/flag: Your next step]\n\n## Make the first contact\n\n"
        "Write a few lines about yourself and suggest a time to talk.\n\n"
        f"**Before you do:** {pair_ways.in_confidence(exceptions)}"
    )


def last_contact(session: Session, actor: Actor, match: MyMatch, today: date) -> str:
    """The newest contact or meeting that one noted oneself; of the other's later ones, only that there are some."""
    noted, last = contacts.latest(session, actor, match.pairing_id), match.last_sign_on
    if last is None:
        if match.is_behind:
            return f"{plain(match.other_name)} has noted that you were in touch. You have noted nothing yet."
        return "No contact is noted yet. One tap is enough, whoever wrote or called."
    is_meeting = not noted or last > noted[0].contact_on
    how = "you met" if is_meeting else BY[noted[0].channel]
    told = f"Last contact: {how} on {times.day_in_words(last, today=today, weekday=True)}."
    return f"{told} {plain(match.other_name)} has noted a later one." if match.is_behind else told


def recorded(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """The last meetings of one's own record, and how they stand to the other's."""
    found = meetings.own(session, actor, match.pairing_id)
    label = "Record a meeting" if match.is_open else "Your own record"
    with st.container(border=True, gap="small"):
        st.markdown(f"## Your meetings\n\n{newest(found, match, today)}", anchors=False)
        st.page_link("meetings.py", label=label, icon=":material/event:")


def newest(found: OwnRecord, match: MyMatch, today: date) -> str:
    """The last three, how many there are before them, and how many only the other has."""
    parts = [meeting_in_words(meeting, match, today) for meeting in found.meetings[:SHOWN_MEETINGS]]
    if not parts:
        parts = ["No meeting is in your record yet. Each of you keeps a record of your own."]
    elif earlier := found.total - len(parts):
        parts.append(f":small[:gray[{earlier} earlier under Meetings]]")
    return "\n\n".join(filter(None, (*parts, only_theirs(found.only_theirs, match))))


def end(session: Session, actor: Actor, match: MyMatch) -> None:
    """Set apart: a reason if they like, one confirmation, done."""
    with st.expander("End this mentoring", icon=":material/logout:", key="end-open", on_change="rerun") as opened:
        if opened.open:
            ask_to_end(session, actor, match)


def ask_to_end(session: Session, actor: Actor, match: MyMatch) -> None:
    name = plain(match.other_name)
    st.markdown(
        f"You may end it at any time, and need no reason. {name} is told kindly that it has ended, never why. "
        "Contact details close for both of you at once; your own records stay yours."
    )
    reason = st.selectbox("Reason", list(REASONS), format_func=REASONS.__getitem__, key=f"reason-{match.pairing_id}")
    sure = st.checkbox("Yes, I want to end it now", key=f"sure-{match.pairing_id}")
    if st.button("End this mentoring", key="end", disabled=not sure):
        with refusals():
            pairings.end(session, actor, match.pairing_id, reason=reason)
            done(f"Your mentoring with {name} has ended. Thank you for the time you gave it.")


with page("") as (session, actor):
    found = pairings.mine(session, actor)
    if found:
        draw(session, actor, found)
    else:
        heading("My match")
        empty(
            "You have no match yet. You get an email as soon as there is something to decide; Proposals shows it too."
        )
