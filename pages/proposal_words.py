"""How the coordinator's board says where a proposal stands."""

from collections.abc import Sequence

import streamlit as st

from models.columns import utc_now
from models.enrolments import Side
from models.matching import ProposalStatus
from pages.ui import plain
from services import times
from services.proposal_board import BoardLine
from services.proposal_outcomes import HeldBack

COLUMNS = {
    ProposalStatus.DRAFT: "To send",
    ProposalStatus.SENT: "Sent",
    ProposalStatus.ACCEPTED: "Accepted",
    ProposalStatus.DECLINED: "Declined",
    ProposalStatus.EXPIRED: "Expired",
    ProposalStatus.WITHDRAWN: "Withdrawn",
}
CHOOSE = {
    ProposalStatus.DRAFT: "Choose some, to send or withdraw only these",
    ProposalStatus.SENT: "Choose, to remind, to withdraw, or to write down an answer",
    ProposalStatus.DECLINED: "Choose some, to find somebody else only for these",
    ProposalStatus.EXPIRED: "Choose some, to find somebody else only for these",
    ProposalStatus.WITHDRAWN: "Choose, to put back under To send",
}
NOTHING = {
    ProposalStatus.DRAFT: "Nothing waits to be sent. Approve pairs in Matching review.",
    ProposalStatus.SENT: "Nobody is asked at the moment. Approve pairs in Matching review, and send the proposals.",
    ProposalStatus.ACCEPTED: "No proposal has been accepted yet.",
    ProposalStatus.DECLINED: "No proposal has been declined.",
    ProposalStatus.EXPIRED: "No proposal has run out.",
    ProposalStatus.WITHDRAWN: "No proposal has been withdrawn.",
}


def line_in_words(line: BoardLine, zone: str) -> str:
    """Who with whom, where it stands, and a reason that was given: all of a line in one piece."""
    lines = [
        f"**{plain(line.mentee)}** with **{plain(line.mentor)}** · {line.score} points",
        where_it_stands(line, zone),
        plain(line.decline_reason or ""),
    ]
    return "  \n".join(filter(None, lines))


def where_it_stands(line: BoardLine, zone: str) -> str:
    """Whose turn it is and until when, or when and how it ended."""
    today = utc_now().date()
    if line.status is ProposalStatus.SENT and line.expires_at:
        reminders = {0: "no reminder yet", 1: "1 reminder"}.get(line.reminders_sent, f"{line.reminders_sent} reminders")
        who = "the mentee" if line.waits_for is Side.MENTEE else "the mentor"
        until = times.in_words(line.expires_at, zone, today=today)
        return f"Waits for {who}, {plain(line.asked)}, until {until} · {reminders}"
    if line.status is ProposalStatus.DRAFT or line.answered_at is None:
        return f"Will ask {plain(line.asked)}"
    when = times.in_words(line.answered_at, zone, today=today)
    by_email = " · by email" if line.email_received_on else ""
    by = f" by {plain(line.asked)}" if line.status in {ProposalStatus.ACCEPTED, ProposalStatus.DECLINED} else ""
    free = " · :orange-badge[Has nobody yet]" if line.is_waiting else ""
    return f"{COLUMNS[line.status]}{by} on {when}{by_email}{free}"


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def draw_held_back(held: Sequence[HeldBack]) -> None:
    """Which could not go on, and why."""
    if held:
        lines = [f"- **{plain(one.mentee)}** with **{plain(one.mentor)}**: {plain(one.why)}" for one in held]
        st.warning("Held back, because something changed:\n\n" + "\n".join(lines), icon=":material/pan_tool:")
