"""Agreements: people read and sign what is in force; a coordinator sees who has not, and publishes a new version."""

import math
from datetime import date
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.next_step import draw_next
from pages.ui import done, empty, page, plain, prose, refusals, segments
from services import agreements, times
from services.access import Actor
from services.agreements import DocumentCount, InForce, Reading, ReadSection, Unsigned
from services.signatures import PAGE

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760


def draw_participant(session: Session, actor: Actor) -> None:
    """The first text that waits for a signature, then what is signed and what else is there to read."""
    documents = agreements.in_force(session, actor)
    waiting = [document for document in documents if document.asks_me and document.signed_at is None]
    if waiting:
        draw_waiting(session, actor, waiting)
    elif any(document.asks_me for document in documents):
        st.success("You have signed everything that is in force.", icon=":material/check:")
        draw_next(session, actor, beside="agreements")
    else:
        empty("This scheme asks you to sign nothing. You can read its texts below.")
    draw_signed(session, actor)
    draw_others(session, actor, [document for document in documents if document not in waiting])


def draw_waiting(session: Session, actor: Actor, waiting: list[InForce]) -> None:
    """One text at a time: the choice between several, then the text to sign."""
    document = waiting[0]
    if len(waiting) > 1:
        by_id = {str(each.id): each for each in waiting}
        chosen = segments(
            "To sign",
            list(by_id),
            key="to-sign",
            default=str(document.id),
            words=lambda key: agreements.KINDS[by_id[key].kind].capitalize(),
        )
        document = by_id[chosen or str(document.id)]
    if document.blocked_from is not None:
        st.warning(
            f"This changed on {day_of(document.published_at.date())}. What you signed before counts until "
            f"{day_of(document.blocked_from)}; after that you get no new match until you sign. "
            "A match that you have goes on.",
            icon=":material/edit_document:",
        )
    draw_to_sign(session, actor, agreements.read(session, actor, document.id))


def draw_to_sign(session: Session, actor: Actor, reading: Reading) -> None:
    """The text section by section, a box under each, the name, and the one button."""
    draw_heading(reading)
    ticked = [section.key for section in reading.sections if draw_section(reading, section, with_box=True)]
    missing = len(reading.sections) - len(ticked)
    with st.container(border=True, width=READING_WIDTH):
        st.markdown(f"To sign, type your name as the scheme knows it: **{plain(actor.name)}**")
        name = st.text_input("Your full name", key=f"name-{reading.id}", autocomplete="name", max_chars=200)
        st.caption(
            "With your name we keep the time, your network address and a fingerprint of this exact text: "
            f"{reading.sha256[:16]}…"
        )
        if missing:
            st.caption(f":material/check_box_outline_blank: {missing} of {len(reading.sections)} boxes still to tick.")
        pressed = st.button("Sign", key=f"sign-{reading.id}", type="primary", icon=":material/draw:")
    if pressed:
        with refusals():
            signed = agreements.sign(
                session, actor, reading.id, typed_name=name, sections=ticked, sha256=reading.sha256
            )
            done(
                f"You had already signed “{plain(signed.title)}”; nothing was signed twice."
                if signed.already
                else f"You have signed “{plain(signed.title)}”."
            )


def draw_heading(reading: Reading) -> None:
    st.header(plain(reading.title), anchor=False)
    st.caption(f"Version {reading.edition} · in force since {day_of(reading.published_at.date())}")
    if reading.changed or reading.removed:
        gone = f" No longer in it: {plain(', '.join(reading.removed))}." if reading.removed else ""
        st.info(f"What changed since you last signed is marked.{gone}", icon=":material/difference:")
    if reading.opening:
        st.markdown(prose(reading.opening))


def draw_section(reading: Reading, section: ReadSection, *, with_box: bool) -> bool:
    """One section's words; True when its box is ticked."""
    with st.container(border=True, width=READING_WIDTH):
        st.subheader(plain(section.title), anchor=False)
        if section.introduction:
            st.markdown(prose(section.introduction))
        for clause in section.clauses:
            mark = " :orange-badge[Changed]" if clause.id in reading.changed else ""
            heading = f"**{plain(clause.heading)}** :gray-badge[{plain(clause.id)}]{mark}"
            st.markdown(f"{heading}\n\n{prose(clause.text)}")
        if not with_box:
            return False
        return st.checkbox(f"I have read “{plain(section.title)}”", key=f"box-{reading.id}-{section.key}")


def draw_signed(session: Session, actor: Actor) -> None:
    signed = agreements.signed(session, actor)
    if not signed:
        return
    st.header("What you have signed", anchor=False)
    for line in signed:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{plain(line.title)}** · version {line.edition} :green-badge[:material/check: Signed]")
            at = times.in_words(line.signed_at, actor.time_zone or "UTC", today=utc_now().date())
            st.caption(f"{at} as {plain(line.typed_name)} · fingerprint {line.sha256[:16]}…")


def draw_others(session: Session, actor: Actor, documents: list[InForce]) -> None:
    """The texts that ask for nothing now. Only the one that is opened is read from the database."""
    if not documents:
        return
    st.header("Read again", anchor=False)
    by_id = {str(document.id): document for document in documents}
    chosen = st.selectbox(
        "Text", list(by_id), None, format_func=lambda key: by_id[key].title, placeholder="Choose a text", key="again"
    )
    if chosen is not None:
        draw_text(agreements.read(session, actor, by_id[chosen].id))


def draw_text(reading: Reading) -> None:
    draw_heading(reading)
    for section in reading.sections:
        draw_section(reading, section, with_box=False)


def draw_coordinator(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Who has not signed, then the documents in force."""
    counts = agreements.counts(session, actor, cohort_id)
    signable = [count for count in counts if count.asked]
    st.header("Who has not signed", anchor=False)
    if signable:
        draw_unsigned(session, actor, cohort_id, signable)
    else:
        empty("Nobody in this cohort is asked to sign anything yet. People appear here once they have enrolled.")
    st.header("Documents in force", anchor=False)
    if not counts:
        empty("This scheme has published no text yet.")
        return
    with st.container(border=True):
        st.markdown("\n\n".join(map(in_force_in_words, counts)))
    draw_publishing(session, actor, counts)


def in_force_in_words(count: DocumentCount) -> str:
    signed = f" · {count.signed} of {count.asked} have signed" if count.asked else ""
    return f"**{plain(count.title)}** · version {count.edition}, since {day_of(count.published_at.date())}{signed}"


def draw_unsigned(session: Session, actor: Actor, cohort_id: UUID, counts: list[DocumentCount]) -> None:
    by_id = {str(count.id): count for count in counts}
    chosen = st.selectbox(
        "Document",
        ["", *by_id],
        format_func=lambda key: by_id[key].title if key else "All documents",
        key="document",
        on_change=start_at_page_one,
    )
    number = int(st.session_state.get("unsigned_page", 1))
    about = UUID(chosen) if chosen else None
    found = agreements.unsigned(session, actor, cohort_id, document_id=about, page=number, counted=counts)
    if not found.total:
        st.success("Everybody has signed.", icon=":material/check:")
        return
    st.caption(f"{found.total:,} missing {'signature' if found.total == 1 else 'signatures'}")
    with st.container(border=True):
        st.markdown("\n\n".join(map(missing_in_words, found.rows)))
    if found.total > PAGE:
        st.pagination(math.ceil(found.total / PAGE), key="unsigned_page")


def start_at_page_one() -> None:
    """Another document's list may be shorter than the page that was open."""
    st.session_state.pop("unsigned_page", None)


def missing_in_words(line: Unsigned) -> str:
    if line.blocked_from is None:
        badge = ":red-badge[Never signed]"
    elif line.blocked_from <= utc_now().date():
        badge = f":red-badge[Signed version {line.signed_edition}, no longer counts]"
    else:
        badge = f":orange-badge[Signed version {line.signed_edition}, counts until {day_of(line.blocked_from)}]"
    return f"**{plain(line.name)}** · {line.side.value} · {plain(line.title)} {badge}"


def draw_publishing(session: Session, actor: Actor, counts: list[DocumentCount]) -> None:
    """A new version begins from the one in force, so that clause numbers stay what they are."""
    with st.expander("Publish a new version", icon=":material/edit_document:", key="new", on_change="rerun") as opened:
        # A whole text is not read for everybody who looks at the list.
        if not opened.open:
            return
        by_id = {str(count.id): count for count in counts}
        chosen = st.selectbox("Which text", list(by_id), format_func=lambda key: by_id[key].title, key="to_change")
        reading = agreements.read(session, actor, UUID(chosen))
        st.markdown(
            "Begin a section with `# Title` and a clause with `## ID · Heading`. Publishing asks everybody who signs "
            "this text to read and sign it again; until the days of grace are over, what they signed before counts."
        )
        with st.form(f"publish-{reading.id}", border=False, enter_to_submit=False):
            title = st.text_input("Title", reading.title, max_chars=200, key=f"title-{reading.id}")
            words = st.text_area("Text", reading.words, height=320, key=f"words-{reading.id}")
            asked = by_id[chosen].asked
            sure = st.checkbox(f"Ask everybody to sign again ({asked} in this cohort)", key=f"sure-{reading.id}")
            pressed = st.form_submit_button("Publish", key=f"publish-button-{reading.id}")
        if pressed and asked and not sure:
            st.error("Tick the box to confirm whom this asks again.", icon=":material/error:")
        elif pressed:
            with refusals():
                agreements.publish(
                    session, actor, next(iter(actor.coordinates)), kind=reading.kind, title=title, text=words
                )
                done(f"Version {reading.edition + 1} of “{plain(title)}” is in force.")


def day_of(day: date) -> str:
    return times.day_in_words(day, today=utc_now().date())


with page("Agreements", caption="What this scheme asks people to sign, and what it promises") as (db, who):
    if who.place.enrolment_id is not None:
        draw_participant(db, who)
    elif who.place.cohort_id is not None:
        draw_coordinator(db, who, who.place.cohort_id)
    else:
        empty("Choose a cohort at the top of the menu to see its agreements.")
