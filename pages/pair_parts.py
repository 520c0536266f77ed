"""What My match and Meetings both show of a pair: which one it is, one's own record, and whether the other's agrees."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import streamlit as st

from models.schemes import Channel
from pages.ui import plain
from services import times
from services.meetings import Difference, Noted, OwnMeeting, State
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
AGREE = ":green-badge[:material/check: Both agree]"
DIFFER = ":orange-badge[:material/difference: Records differ]"
# The kind of it alone: what the other side entered is theirs.
DIFFERENCES = {
    Difference.HELD: "whether it took place",
    Difference.START: "when it began",
    Difference.LENGTH: "how long it was",
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


def meeting_in_words(meeting: OwnMeeting, match: MyMatch, today: date) -> str:
    """One's own record in one line of Markdown: when, how long and how, and whether the other's agrees."""
    when = times.two_zones(meeting.noted.started_at, match.my_zone, match.their_zone, today=today)
    return f"**{plain(when)}** · {in_words(meeting.noted)} {state_in_words(meeting, match)}"


def state_in_words(meeting: OwnMeeting, match: MyMatch) -> str:
    """How the two records stand to each other, and in what they differ, never what the other's says."""
    if meeting.state is State.MINE_ONLY:
        not_yet = "Not yet" if match.is_open else "Not"
        return f":gray-badge[:material/person: {not_yet} in {plain(match.other_name)}'s record]"
    kinds = " and ".join(DIFFERENCES[difference] for difference in meeting.differences)
    if meeting.state is State.DIFFER:
        return f"{DIFFER} on {kinds}"
    return f"{AGREE} but not on {kinds}" if kinds else AGREE


def only_theirs(number: int, match: MyMatch) -> str:
    """What the other side has on record alone: how many, and nothing else of it."""
    if not number:
        return ""
    recorded = "one meeting that is" if number == 1 else f"{number} meetings that are"
    asked = "Did you meet? Record yours." if number == 1 else "Did you meet? Record yours, one at a time."
    return f":material/info: {plain(match.other_name)} has recorded {recorded} not in your record. {asked}"


def in_words(noted: Noted) -> str:
    """ "45 minutes by WeChat", or that it did not take place."""
    if not noted.happened:
        return "did not take place"
    late = ", began late" if noted.began_on_time is False else ""
    return f"{noted.duration_minutes} minutes {BY[noted.channel]}{late}"


def _in_list(match: MyMatch) -> str:
    return match.other_name if match.is_open else f"{match.other_name} (ended)"
