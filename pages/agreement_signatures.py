"""A coordinator's agreements: who has not signed, what is in force, and the reminder; or the texts to write."""

import math
from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from models.columns import utc_now
from pages import charts
from pages.agreement_copies import draw_copies
from pages.agreement_drafts import draw_texts
from pages.agreement_parts import READING_WIDTH, day_of
from pages.agreement_publishing import choose_draft
from pages.ui import day_for, done, empty, plain, refusals, segments
from services import agreements, agreements_asking, document_drafts, messages, participation, times
from services.access import Actor
from services.agreements import DocumentCount, Unsigned
from services.signatures import PAGE

SIGNATURES, TEXTS = "signatures", "texts"
VIEWS = {SIGNATURES: "Signatures", TEXTS: "Texts"}
MOST_NAMES = 20


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
        st.markdown("\n\n".join(in_force_in_words(actor, count) for count in counts))
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


def in_force_in_words(actor: Actor, count: DocumentCount) -> str:
    signed = f" · {count.signed:,} of {count.asked:,} have signed" if count.asked else ""
    return f"**{plain(count.title)}** · version {count.edition}, since {day_for(actor, count.published_at)}{signed}"


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
                done(messages.on_the_way(told, "reminder"))


def start_at_page_one() -> None:
    """Another document's list may be shorter than the page that was open."""
    st.session_state["unsigned_page"] = 1


def missing_in_words(line: Unsigned) -> str:
    earlier = f"Signed version {line.signed_edition}"
    if line.signed_edition is None:
        badge = ":red-badge[Never signed]"
    elif line.blocked_from is None:
        badge = f":orange-badge[{earlier}]"
    elif line.blocked_from <= times.gate_day():
        badge = f":red-badge[{earlier}, no new match since {day_of(line.blocked_from)}]"
    else:
        badge = f":orange-badge[{earlier}, no new match from {day_of(line.blocked_from)}]"
    return f"**{plain(line.name)}** · {line.side.value} · {plain(line.title)} {badge}"
