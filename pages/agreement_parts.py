"""What the screens of agreements share: a section to read, and two versions shown as one."""

from datetime import date

import streamlit as st

from models.columns import utc_now
from pages.ui import plain, prose
from services import times
from services.agreements import ReadSection
from services.document_differences import Change, ClauseChange, Differences, Words

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760
WORDS_A_MINUTE = 200
BADGES = {
    Change.ADDED: ":green-badge[:material/add: New]",
    Change.REMOVED: ":red-badge[:material/remove: No longer in it]",
    Change.CHANGED: ":orange-badge[:material/edit: Changed]",
}


def section_words(section: ReadSection, changed: frozenset[str] = frozenset()) -> str:
    """A section below its heading, as Markdown: its introduction, then clause by clause."""
    parts = [prose(section.introduction)] if section.introduction else []
    for clause in section.clauses:
        mark = " :orange-badge[Changed]" if clause.id in changed else ""
        parts.append(f"**{plain(clause.heading)}** :gray-badge[{plain(clause.id)}]{mark}\n\n{prose(clause.text)}")
    return "\n\n".join(parts)


def minutes_to_read(section: ReadSection) -> str:
    """How long a section takes, in words. A Chinese character counts as half a word."""
    text = " ".join([section.introduction, *(clause.text for clause in section.clauses)])
    words = len(text.split()) + sum(sign >= "\u3400" for sign in text) / 2
    minutes = round(words / WORDS_A_MINUTE)
    return "less than a minute" if minutes < 1 else f"about {minutes} {'minute' if minutes == 1 else 'minutes'}"


def draw_differences(found: Differences) -> None:
    """Every clause that is not the same, with both versions in one. Words say what colour and strokes say."""
    if found.is_empty:
        st.info("The two versions say the same.", icon=":material/info:")
        return
    st.caption(summary(found))
    with st.container(border=True, width=READING_WIDTH):
        blocks = [_clause(change) for change in found.changed]
        if found.around:
            blocks.append(f"**Outside the clauses** {BADGES[Change.CHANGED]}\n\n{_marked(found.around)}")
        st.markdown("\n\n".join(blocks), anchors=False)


def summary(found: Differences) -> str:
    """The figures: how many clauses changed, are new, are gone, stay."""
    counted = [(what, sum(each.change is what for each in found.changed)) for what in BADGES]
    words = {Change.ADDED: "new", Change.REMOVED: "no longer in it", Change.CHANGED: "changed"}
    parts = [f"{number} {words[what]}" for what, number in counted if number]
    return " · ".join([*(parts or ["No clause changed"]), f"{found.same} the same"])


def day_of(day: date) -> str:
    return times.day_in_words(day, today=utc_now().date())


def _clause(change: ClauseChange) -> str:
    heading = f":gray-badge[{plain(change.id)}] {_marked(change.heading)} {BADGES[change.change]}"
    if change.change is not Change.CHANGED:
        # All of it is new, or gone: the badge has said so.
        words = "".join(each.text for each in change.words)
        return f"{heading}\n\n{prose(words)}"
    return f"{heading}\n\n{_marked(change.words)}"


def _marked(words: tuple[Words, ...]) -> str:
    if len({each.change for each in words}) == 1:
        return f"**{plain(words[0].text)}**" if len(words[0].text) < 200 else plain(words[0].text)
    return "".join(map(_run, words))


def _run(words: Words) -> str:
    if words.change is Change.SAME:
        return plain(words.text) + _end(words.text)
    # A mark does not reach over a line's end.
    return "  \n".join(_line(words.change, line) for line in words.text.splitlines()) + _end(words.text)


def _line(change: Change, line: str) -> str:
    core = line.strip()
    if not core:
        return ""
    if change is Change.REMOVED:
        return f":red-background[removed: ~~{plain(core)}~~]"
    return f":green-background[added: **{plain(core)}**]"


def _end(text: str) -> str:
    """The blank or line end behind some words, which `plain` and the marks lose."""
    return "  \n" if text.endswith("\n") else " " if text[-1:].isspace() else ""
