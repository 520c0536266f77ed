"""Ways of working as both screens of a pair show them: a card on My match, and an edition in words."""

from datetime import date

import streamlit as st
from sqlmodel import Session

from pages.pair_parts import BY
from pages.ui import plain
from services import times, topic_marks, usual_times, ways_card
from services.access import Actor
from services.pairings import MyMatch
from services.topic_marks import Mark, Subjects
from services.usual_times import Usual
from services.ways_card import Card
from services.ways_of_working import Edition, Terms
from services.ways_wording import EARLIER, SECTIONS, Exception_

CAREFUL = (Mark.OFF_LIMITS, Mark.ASK_FIRST)


def draw_card(session: Session, actor: Actor, match: MyMatch, today: date) -> None:
    """Where the two stand, in one text, and the way to the rest."""
    card = ways_card.read(session, actor, match.pairing_id)
    with st.container(border=True, gap="small"):
        parts = (badge(card, match, today), rhythm(card, match, today), careful(card.marked))
        st.markdown("## Ways of working\n\n" + "  \n".join(part for part in parts if part), anchors=False)
        st.page_link("ways.py", label=way_in(card, match), icon=":material/handshake:")


def badge(card: Card, match: MyMatch, today: date) -> str:
    """What is agreed and what waits, each with a word and an icon."""
    found = []
    if card.in_force_from is not None:
        since = times.day_in_words(card.in_force_from, today=today)
        found.append(f":green-badge[:material/check: Agreed by both, since {since}]")
    if card.proposed_by is match.side:
        found.append(":gray-badge[:material/hourglass: Waits for the other side]")
    elif card.proposed_by is not None:
        found.append(":orange-badge[:material/pending_actions: Waits for your yes]")
    return " ".join(found) or ":gray-badge[:material/edit_note: Not settled yet]"


def rhythm(card: Card, match: MyMatch, today: date) -> str:
    """What they agreed on, or what holds until they do."""
    if card.in_force is None:
        return f"Until you two agree, the scheme's rhythm holds: every {match.interval_days} days."
    said = f"Every {match.interval_days} days, {match.minutes} minutes, for {match.months} months"
    how = " or ".join(BY[channel] for channel in card.channels)
    return "  \n".join(part for part in (f"{said}, {how}", hour(card.usual, match, today)) if part)


def way_in(card: Card, match: MyMatch) -> str:
    """The link's words say what comes next."""
    if not match.is_open:
        return "Read what you agreed"
    if card.proposed_by not in {None, match.side}:
        return "Read the proposal and answer"
    return "Open your ways of working" if card.in_force else "Settle your ways of working together"


def hour(usual: Usual | None, match: MyMatch, today: date) -> str:
    """The usual hour on both clocks; blank when none is agreed."""
    if usual is None:
        return ""
    return plain(f"Usually {usual_times.in_words(usual, match.my_zone, match.their_zone, today=today)}")


def careful(marked: Subjects) -> str:
    """Subjects that are off limits or to be asked about first; open ones need no reminder."""
    named = ((kind, marked.by_mark[kind]) for kind in CAREFUL)
    return "  \n".join(f"**{topic_marks.WORDS[kind]}:** {plain(', '.join(some))}" for kind, some in named if some)


def in_words(edition: Edition | Terms, match: MyMatch, today: date) -> str:
    """A whole edition as one text: the numbers in one line, then the pair's own words."""
    how = " or ".join(BY[channel] for channel in edition.channels)
    first = f"Every {edition.interval_days} days, {edition.minutes} minutes, for {edition.months} months, {how}"
    said = [part for part in (first, hour(edition.usual, match, today)) if part]
    blocks = ["  \n".join(said)]
    for key, title in {**SECTIONS, **EARLIER}.items():
        if text := edition.sections.get(key):
            blocks.append(f"**{title}**  \n{plain(text)}")
    return "\n\n".join(blocks)


def in_confidence(exceptions: tuple[Exception_, ...]) -> str:
    """What either may share, as the scheme's text in force has it: never more than its own words."""
    if not exceptions:
        return (
            "What you say to each other stays between the two of you. Your scheme names no exception: before either of "
            "you shares anything of it with anybody else, the other has to say yes to that very thing."
        )
    number = "one case" if len(exceptions) == 1 else f"{len(exceptions)} cases"
    others = ", and no others" if all(each.text for each in exceptions) else ""
    return (
        f"What the mentee says stays with the mentor. The scheme names {number} in which the mentor may have to speak"
        f"{others}:\n\n" + "\n".join(map(spelled, exceptions))
    )


def spelled(exception: Exception_) -> str:
    """One case in the scheme's own words, or that they are missing."""
    if exception.text:
        return f"- **{plain(exception.heading)}** ({exception.clause})  \n  {indented(exception.text)}"
    return (
        f"- **Clause {plain(exception.clause)}**  \n  Its words are missing from the text in force. Ask the "
        "coordinator what they are before you rely on it."
    )


def indented(text: str) -> str:
    """A clause within a list: one line for each of its paragraphs."""
    lines = (" ".join(block.split()) for block in text.split("\n\n"))
    return "  \n  ".join(plain(line) for line in lines if line)
