"""What My match and Meetings both show of a pair: which one it is, and how two records stand to each other."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import streamlit as st

from models.schemes import Channel
from pages.ui import plain
from services import times
from services.meetings import ComparedMeeting, Noted, State
from services.pairings import MyMatch

Kind = Literal["primary", "secondary"]
BY = {
    Channel.EMAIL: "by email",
    Channel.TELEPHONE: "by telephone",
    Channel.WECHAT: "by WeChat",
    Channel.VIDEO: "by video",
    Channel.IN_PERSON: "in person",
}
CHANNELS = {
    Channel.EMAIL: "Email",
    Channel.TELEPHONE: "Telephone",
    Channel.WECHAT: "WeChat",
    Channel.VIDEO: "Video",
    Channel.IN_PERSON: "In person",
}
BADGES = {
    State.BOTH: ":green-badge[:material/check: Both agree]",
    State.DIFFER: ":orange-badge[:material/difference: Records differ]",
    State.MINE_ONLY: ":gray-badge[:material/person: Only yours]",
    State.THEIRS_ONLY: ":gray-badge[:material/person: Only theirs]",
}


def choose(matches: Sequence[MyMatch]) -> MyMatch:
    """The match to look at; asked only when there are several. The address may name one, as Home's buttons do."""
    if len(matches) == 1:
        return matches[0]
    by_id = {str(match.pairing_id): match for match in matches}
    if (asked := st.query_params.get("match")) in by_id:
        # Taken once: after that, the box decides.
        st.session_state["match"] = asked
        del st.query_params["match"]
    # A match that has gone meanwhile must not stand in the box.
    if st.session_state.get("match") not in by_id:
        st.session_state.pop("match", None)
    chosen = st.selectbox("Match", list(by_id), format_func=lambda key: _in_list(by_id[key]), key="match")
    return by_id[chosen]


def meeting_in_words(meeting: ComparedMeeting, match: MyMatch, today: date) -> str:
    """When it was, how the two records compare, and what each of the two noted: one paragraph of Markdown."""
    when = times.two_zones(meeting.started_at, match.my_zone, match.their_zone, today=today)
    lines = [f"**{plain(when)}** {BADGES[meeting.state]}"]
    for who, noted in (("You", meeting.mine), (match.other_name, meeting.theirs)):
        if noted is not None:
            lines.append(f"{plain(who)}: {in_words(noted)}{_start(noted, meeting, match)}")
    return "  \n".join(lines)


def in_words(noted: Noted) -> str:
    """ "45 minutes by WeChat", or that it did not take place."""
    if not noted.happened:
        return "did not take place"
    late = ", began late" if noted.began_on_time is False else ""
    return f"{noted.duration_minutes} minutes {BY[noted.channel]}{late}"


def _start(noted: Noted, meeting: ComparedMeeting, match: MyMatch) -> str:
    """The record's own start, where it is not the one in the line above."""
    if noted.started_at == meeting.started_at:
        return ""
    return f", from {plain(times.in_words(noted.started_at, match.my_zone))}"


def _in_list(match: MyMatch) -> str:
    return match.other_name if match.is_open else f"{match.other_name} (ended)"
