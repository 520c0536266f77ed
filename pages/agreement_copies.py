"""Signed copies on the Agreements screen: one's own, a coordinator's list of all, and whether a paper is genuine."""

import math
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.ui import empty, plain
from services import agreements, signed_copies, signed_copy_lists, storage, times, verification
from services.access import Actor
from services.agreements import SignedLine
from services.signed_copy_lists import PAGE, SignedBy
from services.verification import Verdict


def draw_signed(session: Session, actor: Actor) -> None:
    """What I signed, each with its paper."""
    signed = agreements.signed(session, actor)
    if not signed:
        return
    st.header("What you have signed", anchor=False)
    for line in signed:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(signed_in_words(actor, line), width="content")
            draw_download(actor, line.id)


def signed_in_words(actor: Actor, line: SignedLine) -> str:
    at = times.in_words(line.signed_at, actor.time_zone or "UTC", today=utc_now().date())
    facts = f"{at} as {plain(line.typed_name)} · fingerprint {line.sha256[:16]}…"
    badge = ":green-badge[:material/check: Signed]"
    return f"**{plain(line.title)}** · version {line.edition} {badge}  \n:small[:gray[{facts}]]"


def draw_copies(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Everybody's signatures in a cohort, found by name, and one paper to download."""
    with st.expander("Signed copies", icon=":material/picture_as_pdf:", key="copies", on_change="rerun") as opened:
        # The list is read only for whoever wants it.
        if opened.open:
            draw_found(session, actor, cohort_id)


def draw_found(session: Session, actor: Actor, cohort_id: UUID) -> None:
    words = st.text_input("Search", placeholder="Name or document", key="copies-search", on_change=start_at_page_one)
    number = int(st.session_state.get("copies-page", 1))
    found = signed_copy_lists.of_cohort(session, actor, cohort_id, search=words, page=number)
    if not found.total:
        empty("Nobody with this name has signed." if words else "Nobody in this cohort has signed anything yet.")
        return
    st.caption(f"{found.total:,} {'signature' if found.total == 1 else 'signatures'}, newest first")
    by_id = {str(line.id): line for line in found.lines}
    chosen = st.selectbox(
        "Whose copy",
        list(by_id),
        None,
        format_func=lambda key: one_line(actor, by_id[key]),
        placeholder="Choose a signature",
        key="copy",
    )
    if found.total > PAGE:
        st.pagination(math.ceil(found.total / PAGE), key="copies-page")
    if chosen is not None:
        st.caption("The copy holds a network address. That you opened it is written down.")
        draw_download(actor, by_id[chosen].id)


def one_line(actor: Actor, line: SignedBy) -> str:
    on = times.day_in_words(times.day_in(line.signed_at, actor.time_zone or "UTC"), today=utc_now().date())
    return f"{line.name} · {line.title}, version {line.edition} · {on}"


def start_at_page_one() -> None:
    """Another search may have fewer pages than the one that was left."""
    st.session_state["copies-page"] = 1


def draw_download(actor: Actor, signature_id: UUID) -> None:
    st.download_button(
        "Signed copy (PDF)",
        partial(copy_of, actor, signature_id),
        f"signed-copy-{str(signature_id)[:8]}.pdf",
        "application/pdf",
        key=f"copy-{signature_id}",
        icon=":material/download:",
        on_click="ignore",
    )


def copy_of(actor: Actor, signature_id: UUID) -> bytes:
    """Made when it is asked for, after the page was drawn."""
    with storage.reading() as session:
        return signed_copies.download(session, actor, signature_id).content


def draw_verification(session: Session) -> None:
    """Whether a paper that somebody shows is genuine: the same answer as on the page that needs no sign-in."""
    with st.expander(
        "Check whether a signed paper is genuine", icon=":material/verified:", key="verify", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        st.markdown("Give the PDF file as it was received; or, from paper, its code and the name that stands on it.")
        with st.form("verify-paper", border=False):
            file = st.file_uploader("The PDF file, up to 5 MB", type="pdf", max_upload_size=5, key="verify-file")
            code = st.text_input("Or the code", key="verify-code", max_chars=20, placeholder="XXXX-XXXX-XXXX")
            name = st.text_input("And the name on the paper", key="verify-name", max_chars=200, autocomplete="off")
            pressed = st.form_submit_button("Check it", key="verify-button")
        if not pressed:
            return
        if file is None and not (code.strip() and name.strip()):
            st.error("Choose the file, or type both the code and the name.", icon=":material/error:")
            return
        if file is not None:
            draw_verdict(verification.of_file(session, file.getvalue()))
        else:
            draw_verdict(verification.of_code(session, code, name))


def draw_verdict(verdict: Verdict) -> None:
    facts = "".join(f"\n- {label}: {plain(value)}" for label, value in verdict.facts)
    if verdict.holds:
        st.success(f"Genuine. {plain(verdict.sentence)}\n{facts}", icon=":material/verified:")
    else:
        st.error(f"Not genuine. {plain(f'{verdict.sentence} {verdict.remedy}')}", icon=":material/gpp_bad:")
