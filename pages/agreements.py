"""Agreements: people read and sign what is in force; a coordinator sees who has not, and publishes a new version."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from pages.agreement_copies import draw_signed, draw_verification
from pages.agreement_parts import READING_WIDTH, day_of, draw_differences, minutes_to_read, section_words
from pages.agreement_presses import act_at, draw_refused, refused_on_top
from pages.agreement_signatures import draw_coordinator
from pages.next_step import draw_next
from pages.ui import day_for, empty, page, plain, prose, segments, tell
from pages.why import why
from services import agreements, document_differences, languages, times
from services import why as reasons
from services.access import Actor
from services.agreements import InForce, Reading, ReadSection

SIGN = "sign"
JUST_SIGNED, BEGUN = "just_signed", "begun_to_read"


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
        # By its kind, which a new version keeps: whoever was reading it goes on with that one.
        by_kind = {each.kind.value: each for each in waiting}
        chosen = segments(
            "To sign",
            list(by_kind),
            key="to-sign",
            default=document.kind.value,
            words=lambda kind: agreements.KINDS[by_kind[kind].kind].capitalize(),
        )
        document = by_kind[chosen or document.kind.value]
    if document.signed_edition is not None:
        draw_asked_again(actor, document)
    chosen_id = in_my_language(session, actor, document.id) if document.is_translated else document.id
    reading = agreements.read(session, actor, chosen_id)
    draw_to_sign(session, actor, reading)


def draw_asked_again(actor: Actor, document: InForce) -> None:
    """What a new version means for whoever has signed an earlier one."""
    changed = f"This changed on {day_for(actor, document.published_at)}."
    goes_on = "A match that you have goes on."
    day = document.blocked_from
    if day is None:
        st.info(f"{changed} Please read and sign it again. {goes_on}", icon=":material/edit_document:")
        return
    sentence = (
        f"Since {day_of(day)} you get no new match until you sign."
        if day <= times.gate_day()
        else f"From {day_of(day)} you get no new match until you sign; before that day, your earlier signature counts."
    )
    st.warning(f"{changed} {sentence} {goes_on}", icon=":material/edit_document:")


def in_my_language(session: Session, actor: Actor, document_id: UUID) -> UUID:
    """The same version in the language that is chosen; at first in the browser's, where there is one."""
    spoken = agreements.languages_of(session, actor, document_id)
    locale = st.context.locale
    mine = languages.of_locale(locale) if isinstance(locale, str) else None
    first = mine if mine in spoken else next(iter(spoken))
    chosen = segments(
        "Language",
        list(spoken),
        key=f"language-{document_id}",
        default=first,
        words=lambda code: plain(languages.names([code])),
        required=True,
    )
    return spoken[chosen or first]


def draw_to_sign(session: Session, actor: Actor, reading: Reading) -> None:
    """The text section by section, a box under each, the name, and the one button."""
    draw_replaced(actor, reading)
    draw_heading(actor, reading)
    if reading.before_id is not None and (reading.changed or reading.removed):
        draw_what_changed(session, actor, reading, reading.before_id)
    ticked = sum(draw_section(reading, section, with_box=True) for section in reading.sections)
    missing = len(reading.sections) - ticked
    with st.container(border=True, width=READING_WIDTH):
        if clauses := reasons.of_signature(reading):
            why(session, actor, "signature", clauses=clauses)
        st.markdown(f"To sign, type your name as the scheme knows it: **{plain(actor.name)}**")
        st.text_input("Your full name", key=f"name-{reading.id}", autocomplete="name", max_chars=200)
        st.caption(
            "With your name we keep the time, your network address and a fingerprint of this exact text: "
            f"{reading.sha256[:16]}…"
        )
        if missing:
            st.caption(f":material/check_box_outline_blank: {missing} of {len(reading.sections)} boxes still to tick.")
        shown = (reading.id, reading.sha256, tuple(section.key for section in reading.sections))
        st.button(
            "Sign", key=f"sign-{reading.id}", type="primary", icon=":material/draw:", on_click=sign_shown, args=shown
        )
        draw_refused(SIGN)


def draw_replaced(actor: Actor, reading: Reading) -> None:
    """Whoever was reading a version when the next one came into force learns why the boxes are empty."""
    begun: dict[tuple[UUID | None, DocumentKind], int] = st.session_state.setdefault(BEGUN, {})
    first = begun.setdefault((actor.place.enrolment_id, reading.kind), reading.edition)
    if first < reading.edition:
        st.warning(
            f"While you were reading version {first}, it was replaced by version {reading.edition}. "
            "You have signed neither: please read this one and tick its boxes.",
            icon=":material/published_with_changes:",
        )


def sign_shown(document_id: UUID, sha256: str, keys: Sequence[str]) -> None:
    """Signs the very text that stood above the button, or says why not."""
    typed = st.session_state.get(f"name-{document_id}", "")
    ticked = [key for key in keys if st.session_state.get(box(document_id, key))]

    def act(session: Session, actor: Actor) -> None:
        signed = agreements.sign(session, actor, document_id, typed_name=typed, sections=ticked, sha256=sha256)
        st.session_state[JUST_SIGNED] = True
        st.session_state.pop(BEGUN, None)
        title = plain(signed.title)
        tell(
            f"You had already signed “{title}”; nothing was signed twice."
            if signed.already
            else f"You have signed “{title}”."
        )

    act_at(SIGN, act)


def box(document_id: UUID, section: str) -> str:
    """The key of a section's box."""
    return f"box-{document_id}-{section}"


def draw_what_changed(session: Session, actor: Actor, reading: Reading, before_id: UUID) -> None:
    """Compared only for whoever asks."""
    label = "See what changed, word by word"
    with st.expander(label, icon=":material/difference:", key=f"changes-{reading.id}", on_change="rerun") as opened:
        if opened.open:
            draw_differences(document_differences.between(session, actor, before_id, reading.id))


def draw_heading(actor: Actor, reading: Reading) -> None:
    st.header(plain(reading.title), anchor=False)
    sides = " and ".join(f"{side}s" for side in reading.signed_by)
    who = f" · {sides} sign it" if sides else ""
    st.caption(f"Version {reading.edition} · in force since {day_for(actor, reading.published_at)}{who}")
    if reading.changed or reading.removed:
        gone = f" No longer in it: {plain(', '.join(reading.removed))}." if reading.removed else ""
        st.info(f"What changed since you last signed is marked.{gone}", icon=":material/difference:")
    if reading.opening:
        st.markdown(prose(reading.opening), anchors=False)


def draw_section(reading: Reading, section: ReadSection, *, with_box: bool) -> bool:
    """One section's words under a bar that says how far one is; True when its box is ticked."""
    with st.container(border=True, width=READING_WIDTH):
        if with_box:
            number, total = int(section.key), len(reading.sections)
            st.progress(number / total, text=f"Section {number} of {total} · {minutes_to_read(section)}")
        st.subheader(plain(section.title), anchor=False)
        if words := section_words(section, reading.changed):
            st.markdown(words, anchors=False)
        if not with_box:
            return False
        return st.checkbox(f"I have read “{plain(section.title)}”", key=box(reading.id, section.key))


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
        document = by_id[chosen]
        chosen_id = in_my_language(session, actor, document.id) if document.is_translated else document.id
        draw_text(actor, agreements.read(session, actor, chosen_id))


def draw_text(actor: Actor, reading: Reading) -> None:
    draw_heading(actor, reading)
    for section in reading.sections:
        draw_section(reading, section, with_box=False)


with page("Agreements", caption="What this scheme asks people to sign, and what it promises") as (db, who):
    with refused_on_top():
        if who.place.enrolment_id is not None:
            draw_participant(db, who)
        elif who.place.cohort_id is not None:
            draw_coordinator(db, who, who.place.cohort_id)
        else:
            empty("Choose a cohort at the top of the menu to see its agreements.")
    draw_verification(db)
