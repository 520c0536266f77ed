"""Clause ledger: are we living by our own words? Every clause with its evidence, the most pressing first."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from pages import charts
from pages.ui import empty, page, plain, prose, segments
from services import ledger, participation, storage, times
from services.access import Actor
from services.ledger import Ledger, Line, Measured, State
from services.ledger.pack import evidence_pack
from services.ledger.shapes import DocumentInForce
from services.participation import Standing

WORDS = {
    State.RED: ("red", "Red"),
    State.AMBER: ("orange", "Amber"),
    State.GREEN: ("green", "Green"),
    State.TELLS: ("blue", "Only informs"),
    State.HIDDEN: ("gray", "Kept back"),
    State.NOBODY: ("gray", "Nobody yet"),
    State.PEOPLE: ("violet", "Upheld by people"),
}
ALL = "all"
PROTECTED = (
    "You see counts, never people, as of the end of that day. A count is kept back where fewer than 5 people would "
    "show, in it or in what is left over; the others are rounded to the nearest 5."
)
COLOURS = (
    "Green: what the scheme aims at is reached. Amber: at least three quarters of it. Red: less, or a fault: something "
    "is there that should not be, or missing where none may be. A number without a good direction only informs. "
    "“Upheld by people”: no number can show it, or none is kept so far; it says where the software informs and where "
    "it asks."
)


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """The count of each colour, the filters, one clause in full if it is chosen, then all of them."""
    standing = participation.standing(session, actor, cohort_id)
    # Counts and the scheme's own words, never a person: kept for everybody who may see them so.
    key = ("ledger", cohort_id, standing.is_protected, standing.today, standing.edition)
    found, told = charts.kept(key, lambda: counted(session, actor, cohort_id, standing))
    st.caption(
        f"{plain(found.cohort)} · as of {plain(times.day_there(found.as_of, standing.zone, actor.time_zone))}"
        " · beside 30 days before "
        f"({times.day_in_words(found.before, today=found.as_of)})"
    )
    if found.is_protected:
        st.info(PROTECTED, icon=":material/shield_person:")
    if not found.lines:
        empty("No text with numbered clauses is in force. Publish one under Agreements, and its clauses appear here.")
        return
    st.markdown(in_short(found.lines))
    lines = filtered(found)
    draw_chosen(session, actor, cohort_id, found)
    draw_lines(lines, told)
    draw_end(actor, cohort_id, found)


def counted(session: Session, actor: Actor, cohort_id: UUID, standing: Standing) -> tuple[Ledger, dict[str, str]]:
    """The ledger, and each clause in words: both are the same for every reader, and making them takes a while.

    Meetings are noted all day long: what is counted of people and feedback stays until something else was done.
    """
    edition = standing.edition and ledger.people_edition(session, cohort_id)
    key = ("ledger, people", cohort_id, standing.is_protected, standing.today, edition)
    found = ledger.ledger(session, actor, cohort_id, today=standing.today, keep=partial(charts.kept, key))
    return found, {line.clause: in_words(line) for line in found.lines}


def in_short(lines: Sequence[Line]) -> str:
    """How many clauses stand how."""
    counts = {state: sum(line.state is state for line in lines) for state in State}
    return " ".join(badge(state, f"{count} {WORDS[state][1].lower()}") for state, count in counts.items() if count)


def badge(state: State, words: str | None = None) -> str:
    colour, name = WORDS[state]
    return f":{colour}-badge[{words or name}]"


def filtered(found: Ledger) -> list[Line]:
    """What the reader looks for: words, a colour, a part of the texts."""
    there = [state for state in State if any(line.state is state for line in found.lines)]
    left, right = st.columns([3, 2])
    words = left.text_input("Search", key="search", placeholder="A number such as U-5, or a word", max_chars=100)
    sections = list(dict.fromkeys(line.section for line in sorted(found.lines, key=place_of)))
    part = right.selectbox("Part of the text", [ALL, *sections], format_func=all_or_name, key="part")
    state = segments(
        "Which",
        [ALL, *(each.value for each in there)],
        key="state",
        words=lambda value: "All" if value == ALL else WORDS[State(value)][1],
        default=ALL,
        in_address=True,
    )
    return [
        line
        for line in found.lines
        if state in {None, ALL, line.state.value} and part in {ALL, line.section} and fits(line, words)
    ]


def place_of(line: Line) -> tuple[str, int]:
    """Roughly the order of the texts, for a list of their parts."""
    return line.document, len(line.clause)


def all_or_name(value: str) -> str:
    return "All parts" if value == ALL else value


def fits(line: Line, words: str) -> bool:
    told = f"{line.clause} {line.heading} {line.text} {line.number}".casefold()
    return all(word in told for word in words.casefold().split())


def draw_lines(lines: Sequence[Line], told: Mapping[str, str]) -> None:
    """All of them as one text, with a rule between the colours."""
    st.caption(f"{len(lines)} {'clause' if len(lines) == 1 else 'clauses'}, the most pressing first")
    if not lines:
        empty("No clause fits. Take a word out of the search, or choose All.")
        return
    by_state = ([line for line in lines if line.state is state] for state in State)
    with st.container(border=True):
        st.markdown("\n\n---\n\n".join("\n\n".join(told[line.clause] for line in each) for each in by_state if each))


def in_words(line: Line) -> str:
    """The clause, its number, how it moved, and what the number means."""
    head = f"{badge(line.state)} **{plain(line.clause)}** · {plain(line.heading)}"
    if not line.number:
        return "  \n".join((head, where(line), *missing(line)))
    leading = leading_of(line)
    return "  \n".join((head, number_of(leading), small(leading.definition), *missing(line)))


def missing(line: Line) -> list[str]:
    """What the number, or the want of one, leaves out."""
    return [small(f"Not counted so far: {line.not_yet}")] if line.not_yet else []


def leading_of(line: Line) -> Measured:
    """The figure whose words stand in the line."""
    return next(each for each in line.measured if each.words == line.number)


def number_of(measured: Measured) -> str:
    words = measured.words[:1].upper() + measured.words[1:]
    return f"{plain(words)}" + (f" :gray[· {plain(measured.trend)}]" if measured.trend else "")


def small(words: str) -> str:
    return f":small[:gray[{plain(words)}]]"


def where(line: Line) -> str:
    asks = f"  \n:gray[Where it asks:] {plain(line.asks)}" if line.asks else ""
    return f":gray[Where the software informs:] {plain(line.informs)}{asks}"


def draw_chosen(session: Session, actor: Actor, cohort_id: UUID, found: Ledger) -> None:
    """One clause in full: its words, every figure, where the software informs and asks, and the rows behind."""
    by_id = {line.clause: line for line in found.lines}
    chosen = clause_in_address(by_id)
    if chosen is None:
        return
    line = by_id[chosen]
    with st.container(border=True):
        st.header(f"{plain(line.clause)} · {plain(line.heading)}", anchor=False)
        source = small(f"From “{line.document}”, as it is in force.")
        st.markdown(f"{prose(line.text, under=2)}\n\n{source}", anchors=False)
        st.markdown("\n\n".join(evidence_of(line) + published_in_words(found, line)))
        if not found.is_protected:
            draw_behind(session, actor, cohort_id, line)


def clause_in_address(by_id: Mapping[str, Line]) -> str | None:
    """The clause to look closer at, kept in the address by its number: Streamlit alone would put its words there."""
    if "clause" not in st.session_state and st.query_params.get("clause") in by_id:
        st.session_state["clause"] = st.query_params["clause"]
    chosen: str | None = st.selectbox(
        "Look closer at a clause",
        list(by_id),
        index=None,
        format_func=lambda clause: f"{clause} · {by_id[clause].heading}",
        placeholder="Choose a clause",
        key="clause",
    )
    if chosen is None or chosen not in by_id:
        st.query_params.pop("clause", None)
        return None
    st.query_params["clause"] = chosen
    return chosen


def evidence_of(line: Line) -> list[str]:
    told = [f"{badge(each.state)} **{number_of(each)}**  \n{small(each.definition)}" for each in line.measured] or [
        badge(line.state)
    ]
    if line.not_yet:
        told.append(f"**Not counted so far:** {plain(line.not_yet)}")
    told.append(f"**Where the software informs:** {plain(line.informs)}")
    if line.asks:
        told.append(f"**Where it asks:** {plain(line.asks)}")
    return told


def published_in_words(found: Ledger, line: Line) -> list[str]:
    """For a clause about the text itself: which version is in force, and since when."""
    if not any(each.figure.source == "documents" for each in line.measured):
        return []
    return [f"**In force:** {in_force(each)}" for each in found.documents if each.kind is DocumentKind.CODE]


def in_force(document: DocumentInForce) -> str:
    day_words = f"{times.day_in_words(document.published_at_day)} {document.published_at_day.year}"
    return f"{plain(document.title)}, version {document.edition}, published on {day_words}"


def draw_publisher(session: Session, actor: Actor, cohort_id: UUID, line: Line) -> None:
    """Who published the text: asked now, because a name is never kept with the counts."""
    if any(each.figure.source == "documents" for each in line.measured):
        for each in ledger.published(session, actor, cohort_id, DocumentKind.CODE):
            by = plain(each.published_by) if each.published_by else "the scheme's template"
            st.markdown(f"**Who published version {each.edition}:** {by}")


def draw_behind(session: Session, actor: Actor, cohort_id: UUID, line: Line) -> None:
    """For the coordinator: the rows themselves, or the screen that has them."""
    draw_publisher(session, actor, cohort_id, line)
    listing = {each.figure.key: each for each in line.measured if ledger.has_rows(each.figure)}
    for screen, label in dict.fromkeys(each.figure.screen for each in line.measured if each.figure.screen):
        st.page_link(f"{screen}.py", label=label, icon=":material/arrow_forward:")
    if not listing or not st.toggle("Show who is behind the number", key=f"who-{line.clause}"):
        return
    key = next(iter(listing))
    if len(listing) > 1:
        key = st.selectbox("Number", list(listing), format_func=lambda each: listing[each].words, key="figure") or key
    behind = ledger.behind(
        session, actor, cohort_id, listing[key].figure, page=st.session_state.get(f"rows-{line.clause}-{key}", 1)
    )
    if not behind.total:
        empty(f"{behind.says}: nobody.", icon=":material/check:")
        return
    st.caption(f"{behind.says}: {behind.total:,}, by name")
    st.markdown("\n".join(row_in_words(actor, row) for row in behind.rows))
    if behind.pages > 1:
        st.pagination(behind.pages, key=f"rows-{line.clause}-{key}")


def row_in_words(actor: Actor, row: ledger.Row) -> str:
    day = times.day_in(row.since, actor.time_zone or "UTC") if row.since else None
    since = f", since {times.day_in_words(day)} {day.year}" if day else ""
    pair = f" with **{plain(row.mentor)}**" if row.mentor else ""
    return f"- **{plain(row.name)}**{pair}{since}"


def draw_end(actor: Actor, cohort_id: UUID, found: Ledger) -> None:
    """What the colours mean, the texts in force, and the pack to take along."""
    help_box = st.expander(
        "What the colours mean, and which texts are in force", icon=":material/help:", key="colours", on_change="rerun"
    )
    if help_box.open:
        texts = "\n".join(f"- {in_force(each)}, fingerprint `{each.sha256[:16]}`" for each in found.documents)
        help_box.markdown(f"{COLOURS}\n\n{texts}")
    st.download_button(
        "Download the evidence pack",
        partial(packed, actor, cohort_id),
        f"evidence-{found.as_of.isoformat()}.html",
        "text/html",
        key="pack",
        icon=":material/download:",
        on_click="ignore",
        help="One page to print or to keep: every clause with its number and definition, and fingerprints of the "
        "texts, of the figures and of the journal.",
    )


def packed(actor: Actor, cohort_id: UUID) -> bytes:
    """Made when it is asked for."""
    with storage.reading() as session:
        return evidence_pack(session, actor, cohort_id).content


with page("Clause ledger") as (session, actor):
    if actor.place.cohort_id is None:
        empty("This scheme has no cohort yet. Its evidence appears here once it has one.")
    else:
        draw(session, actor, actor.place.cohort_id)
