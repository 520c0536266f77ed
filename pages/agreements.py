"""Agreements: people read and sign what is in force; a coordinator sees who has not, and publishes a new version."""

import math
from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from models.columns import utc_now
from pages import charts
from pages.agreement_copies import draw_copies, draw_signed, draw_verification
from pages.agreement_drafts import choose_draft, draw_texts
from pages.agreement_parts import READING_WIDTH, day_of, draw_differences, minutes_to_read, section_words
from pages.next_step import draw_next
from pages.ui import done, empty, page, plain, prose, refusals, segments
from services import agreements, agreements_asking, document_differences, document_drafts, languages, participation
from services.access import Actor
from services.agreements import DocumentCount, InForce, Reading, ReadSection, Unsigned
from services.signatures import PAGE

SIGNATURES, TEXTS = "signatures", "texts"
VIEWS = {SIGNATURES: "Signatures", TEXTS: "Texts"}
MOST_NAMES = 20
JUST_SIGNED = "just_signed"


def draw_participant(session: Session, actor: Actor) -> None:
    """The first text that waits for a signature, then what is signed and what else is there to read."""
    documents = agreements.in_force(session, actor)
    waiting = [document for document in documents if document.asks_me and document.signed_at is None]
    if waiting:
        draw_waiting(session, actor, waiting)
    elif any(document.asks_me for document in documents):
        st.success("You have signed everything that is in force.", icon=":material/check:")
        # Whoever comes to read again was not on the way to anything.
        if st.session_state.get(JUST_SIGNED):
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
    chosen_id = in_my_language(session, actor, document.id) if document.is_translated else document.id
    reading = agreements.read(session, actor, chosen_id)
    draw_to_sign(session, actor, reading)


def in_my_language(session: Session, actor: Actor, document_id: UUID) -> UUID:
    """The same version in the language that is chosen."""
    spoken = agreements.languages_of(session, actor, document_id)
    chosen = segments(
        "Language",
        list(spoken),
        key=f"language-{document_id}",
        default=next(iter(spoken)),
        words=lambda code: plain(languages.names([code])),
        required=True,
    )
    return spoken[chosen or next(iter(spoken))]


def draw_to_sign(session: Session, actor: Actor, reading: Reading) -> None:
    """The text section by section, a box under each, the name, and the one button."""
    draw_heading(reading)
    if reading.before_id is not None and (reading.changed or reading.removed):
        draw_what_changed(session, actor, reading, reading.before_id)
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
            st.session_state[JUST_SIGNED] = True
            done(
                f"You had already signed “{plain(signed.title)}”; nothing was signed twice."
                if signed.already
                else f"You have signed “{plain(signed.title)}”."
            )


def draw_what_changed(session: Session, actor: Actor, reading: Reading, before_id: UUID) -> None:
    """Compared only for whoever asks."""
    label = "See what changed, word by word"
    with st.expander(label, icon=":material/difference:", key=f"changes-{reading.id}", on_change="rerun") as opened:
        if opened.open:
            draw_differences(document_differences.between(session, actor, before_id, reading.id))


def draw_heading(reading: Reading) -> None:
    st.header(plain(reading.title), anchor=False)
    st.caption(f"Version {reading.edition} · in force since {day_of(reading.published_at.date())}")
    if reading.changed or reading.removed:
        gone = f" No longer in it: {plain(', '.join(reading.removed))}." if reading.removed else ""
        st.info(f"What changed since you last signed is marked.{gone}", icon=":material/difference:")
    if reading.opening:
        st.markdown(prose(reading.opening))


def draw_section(reading: Reading, section: ReadSection, *, with_box: bool) -> bool:
    """One section's words under a bar that says how far one is; True when its box is ticked."""
    with st.container(border=True, width=READING_WIDTH):
        if with_box:
            number, total = int(section.key), len(reading.sections)
            st.progress(number / total, text=f"Section {number} of {total} · {minutes_to_read(section)}")
        st.subheader(plain(section.title), anchor=False)
        if words := section_words(section, reading.changed):
            st.markdown(words)
        if not with_box:
            return False
        return st.checkbox(f"I have read “{plain(section.title)}”", key=f"box-{reading.id}-{section.key}")


def draw_others(session: Session, actor: Actor, documents: list[InForce]) -> None:
    """The texts that ask for nothing now. Only the one that is opened is read from the database."""
    if not documents:
        return
    st.header("Read the texts", anchor=False)
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
    """Who has not signed and what is in force, or the texts to write."""
    scheme_id = next(iter(actor.coordinates))
    if "draft" in st.query_params:
        draw_texts(session, actor, scheme_id)
        return
    view = segments(
        "Show", list(VIEWS), key="view", default=SIGNATURES, words=VIEWS.__getitem__, required=True, in_address=True
    )
    if view == TEXTS:
        draw_texts(session, actor, scheme_id)
    else:
        draw_signatures(session, actor, cohort_id)


def draw_signatures(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Who has not signed, then the documents in force."""
    counts = charts.signed(session, actor, cohort_id, participation.standing(session, actor, cohort_id).edition)
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
    if all(count.kind is not DocumentKind.PRIVACY for count in counts):
        draw_without_privacy(session, actor)
    draw_copies(session, actor, cohort_id)


def draw_without_privacy(session: Session, actor: Actor) -> None:
    """Schemes that began before there was a notice in their template: its words are read first, then published."""
    st.warning(
        "This scheme has no privacy notice in force: nobody can read here what is kept about them, and how long. "
        "A draft is ready to be read and published.",
        icon=":material/shield_person:",
    )
    if st.button("Read the privacy notice", key="privacy", icon=":material/arrow_forward:"):
        with refusals():
            (scheme_id,) = actor.coordinates
            choose_draft(str(document_drafts.begin(session, actor, scheme_id, kind=DocumentKind.PRIVACY)))
            st.rerun()


def in_force_in_words(count: DocumentCount) -> str:
    signed = f" · {count.signed:,} of {count.asked:,} have signed" if count.asked else ""
    return f"**{plain(count.title)}** · version {count.edition}, since {day_of(count.published_at.date())}{signed}"


def draw_unsigned(session: Session, actor: Actor, cohort_id: UUID, counts: Sequence[DocumentCount]) -> None:
    by_id = {str(count.id): count for count in counts}
    chosen = st.selectbox(
        "Document",
        ["", *by_id],
        format_func=lambda key: by_id[key].title if key else "All documents",
        key="document",
        on_change=start_at_page_one,
    )
    words = st.text_input("Search", placeholder="Name", key="unsigned-search", on_change=start_at_page_one)
    number = int(st.session_state.get("unsigned_page", 1))
    about = UUID(chosen) if chosen else None
    found = agreements.unsigned(session, actor, cohort_id, document_id=about, search=words, page=number, counted=counts)
    if words and not found.total:
        empty("Nobody of this name has a signature missing.")
        return
    if not found.total:
        st.success("Everybody has signed.", icon=":material/check:")
        return
    st.caption(f"{found.total:,} missing {'signature' if found.total == 1 else 'signatures'}")
    with st.container(border=True):
        st.markdown("\n\n".join(map(missing_in_words, found.rows)))
    if found.total > PAGE:
        st.pagination(math.ceil(found.total / PAGE), key="unsigned_page")
    draw_chase(session, actor, cohort_id)


def draw_chase(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Whom a reminder would reach, and what it says, before it goes."""
    with st.expander("Remind them", icon=":material/mail:", key="chase", on_change="rerun") as opened:
        if not opened.open:
            return
        today = utc_now().date()
        found = agreements_asking.chase(session, actor, cohort_id)
        if found.preview is None:
            empty("There is nobody to remind.")
            return
        first, more = found.names[:MOST_NAMES], len(found.names) - MOST_NAMES
        st.markdown(f"To {plain(', '.join(first))}{f' and {more:,} more' if more > 0 else ''}:")
        with st.container(border=True, width=READING_WIDTH):
            st.markdown(f"**{plain(found.preview.subject)}**\n\n{plain(found.preview.text)}")
        st.caption("Each person reads only their own missing texts, and hears of them once a day at most.")
        if st.button(f"Send to {len(found.names):,}", key="remind", icon=":material/send:"):
            with refusals():
                told = agreements_asking.remind(session, actor, cohort_id, today=today)
                done(f"{told:,} {'reminder is' if told == 1 else 'reminders are'} on the way.")


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


with page("Agreements", caption="What this scheme asks people to sign, and what it promises") as (db, who):
    if who.place.enrolment_id is not None:
        draw_participant(db, who)
    elif who.place.cohort_id is not None:
        draw_coordinator(db, who, who.place.cohort_id)
    else:
        empty("Choose a cohort at the top of the menu to see its agreements.")
    draw_verification(db)
