"""Invitations: ask people in by a list of addresses or by a link, and see who has not come yet."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages.ui import done, empty, page, plain, refusals, segments
from services import invitations, self_enrolment, times
from services.access import Actor
from services.invitations import Line

STATES = {"open": "green", "full": "gray", "expired": "gray", "revoked": "gray"}
DEFAULT_DAYS, DEFAULT_MOST = 30, 50


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """One way in at a time."""
    what = segments("How", ["By email", "By link", "Still open"], key="how", default="By email", required=True)
    if what == "By link":
        by_link(session, actor, cohort_id)
    elif what == "Still open":
        still_open(session, actor, cohort_id)
    else:
        by_email(session, actor, cohort_id)


def choose_side(key: str) -> Side:
    side = segments(
        "They take part as",
        list(Side),
        key=key,
        default=Side.MENTEE,
        required=True,
        words=lambda s: s.value.capitalize(),
    )
    return side or Side.MENTEE


def by_email(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Paste, look, send."""
    side = choose_side("invite-as")
    with st.form("paste", border=False):
        pasted = st.text_area(
            "Email addresses",
            key=f"pasted-{st.session_state.get('sent lists', 0)}",
            height=160,
            placeholder="Ama Boateng <ama@example.org>\nbo@example.org",
            help=f"One on each line, with or without a name; at most {invitations.MOST_AT_ONCE}.",
        )
        if st.form_submit_button("Check the list", type="secondary" if pasted.strip() else "primary"):
            st.session_state["checked"] = (side, pasted)
    checked = st.session_state.get("checked")
    if checked != (side, pasted) or not pasted.strip():
        return
    with refusals():
        lines = invitations.check(session, actor, cohort_id, side=side, pasted=pasted)
        say_lines(lines)
        welcome = [line for line in lines if line.is_to_invite]
        if welcome:
            confirm(session, actor, cohort_id, side, pasted, welcome)


def say_lines(lines: Sequence[Line]) -> None:
    """What is left out first, each with its reason."""
    rest = [line for line in lines if not line.is_to_invite]
    if rest:
        st.header("Left out", anchor=False)
        st.markdown("\n".join(f"- Line {line.number}: {plain(line.typed)} · {plain(line.why)}" for line in rest))


def confirm(session: Session, actor: Actor, cohort_id: UUID, side: Side, pasted: str, welcome: Sequence[Line]) -> None:
    number = "1 person" if len(welcome) == 1 else f"{len(welcome):,} people"
    with st.container(border=True):
        st.header(f"Invite {number} as {side.value}?", anchor=False)
        said = [
            f"- {plain(line.name)}, {plain(line.email)}{' · ' + plain(line.why) if line.why else ''}"
            for line in welcome
        ]
        st.markdown("\n".join(said))
        mail = invitations.preview(session, actor, cohort_id, name=welcome[0].name)
        st.markdown(f"**{plain(mail.subject)}**")
        st.text(mail.text)
        st.caption("Whoever has an account here already is asked to sign in instead of choosing a password.")
        if st.button(f"Invite {number}", type="primary", key="send"):
            with refusals():
                sent = invitations.send(session, actor, cohort_id, side=side, pasted=pasted)
                st.session_state["sent lists"] = st.session_state.get("sent lists", 0) + 1
                del st.session_state["checked"]
                done(f"{sent:,} invited. Each gets an email of their own.")


def by_link(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """A link to share: whoever opens it leaves a name and an address, and gets the invitation by email."""
    fresh = st.session_state.get("fresh link")
    if fresh:
        st.success("Copy the link now: it is not kept, and cannot be shown again.", icon=":material/link:")
        st.code(fresh, language=None)
        if st.button("I have copied it", key="copied"):
            del st.session_state["fresh link"]
            st.rerun()
    side = choose_side("link-as")
    with st.form("link", border=True):
        label = st.text_input("Where you will share it", max_chars=100, placeholder="Alumni newsletter, May")
        left, right = st.columns(2)
        days = left.number_input("Days until it closes", 1, self_enrolment.MOST_DAYS, DEFAULT_DAYS)
        most = right.number_input("People at most", 1, self_enrolment.MOST_PEOPLE, DEFAULT_MOST)
        if st.form_submit_button("Make a link", type="primary"):
            with refusals():
                made = self_enrolment.create(
                    session, actor, cohort_id, side=side, label=label, days=int(days), most=int(most)
                )
                st.session_state["fresh link"] = made.address
                done("The link is ready.")
    show_links(session, actor, cohort_id)


def show_links(session: Session, actor: Actor, cohort_id: UUID) -> None:
    links = self_enrolment.links_of(session, actor, cohort_id)
    if not links:
        empty("No link has been made for this cohort yet.")
    for link in links:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            until = times.day_in_words(link.expires_at.date())
            st.markdown(
                f"**{plain(link.label)}** · {link.side.value.capitalize()} · {link.used} of {link.most} came · "
                f"until {plain(until)} :{STATES[link.state]}-badge[{link.state.capitalize()}]"
            )
            if link.state == "open" and st.button("Close it", key=f"close-{link.id}"):
                self_enrolment.revoke(session, actor, link.id)
                done("The link is closed. Whoever came by it keeps their place.")


def still_open(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Who was invited and has not chosen a password yet."""
    found = invitations.open_ones(session, actor, cohort_id, page=st.session_state.get("open-page", 1))
    st.caption("1 invitation is open" if found.total == 1 else f"{found.total:,} invitations are open")
    if not found.rows:
        empty("Everybody who was invited has come.")
        return
    with st.container(border=True):
        picked = [
            row.enrolment_id
            for row in found.rows
            if st.checkbox(
                f"**{plain(row.name)}** · {plain(row.email)} · {row.side.value.capitalize()} · {plain(row.state)}",
                key=f"open-{row.enrolment_id}",
            )
        ]
    if found.pages > 1:
        st.pagination(found.pages, key="open-page")
    with st.container(horizontal=True), refusals():
        if st.button(f"Send again to {len(picked)}", key="again", disabled=not picked, type="primary"):
            sent = invitations.send_again(session, actor, picked)
            rest = len(picked) - sent
            more = f" {rest:,} had one today already." if rest else ""
            done(f"{sent:,} invitations are on their way again.{more}")
        if st.button(f"Take back {len(picked)}", key="revoke", disabled=not picked):
            number = invitations.revoke(session, actor, picked)
            done(f"{number:,} taken back. Their links open nothing any more.")


with page("Invitations", caption="Ask people in, and see who has not come yet") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
