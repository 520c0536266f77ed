"""Invitations: ask people in by a list of addresses or by a link, and see who has not come yet."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages.ui import done, empty, page, plain, refusals, segments
from services import invitations, messages, open_invitations, self_enrolment, times
from services.access import Actor
from services.invitations import Line
from services.messages import Preview
from services.open_invitations import OpenInvitation
from services.self_enrolment import Link

STATES = {"open": "green", "full": "gray", "expired": "gray", "revoked": "gray"}
DEFAULT_DAYS, DEFAULT_MOST = 30, 50
NEW_HERE, HAS_ACCOUNT = "is new here", "has an account already"
# What can be done with open invitations, by the key of its button.
AGAIN, BACK = "again", "revoke"
# What is asked before it is done: an act and its people, and a link to be closed.
_ASKED, _CLOSING, _ACTS = "about invitations", "closing link", "acts on invitations"


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
    number = in_words(len(welcome))
    with st.container(border=True):
        st.header(f"Invite {number} as {side.value}?", anchor=False)
        said = [
            f"- {plain(line.name)}, {plain(line.email)}{' · ' + plain(line.why) if line.why else ''}"
            for line in welcome
        ]
        st.markdown("\n".join(said))
        read_mail(session, actor, cohort_id, side, name=welcome[0].name)
        if st.button(f"Invite {number}", type="primary", key="send"):
            with refusals():
                sent = invitations.send(session, actor, cohort_id, side=side, pasted=pasted)
                st.session_state["sent lists"] = st.session_state.get("sent lists", 0) + 1
                del st.session_state["checked"]
                done(f"{sent:,} invited. Each gets an email of their own.")


def read_mail(session: Session, actor: Actor, cohort_id: UUID, side: Side, *, name: str) -> None:
    """Both emails, without saying who gets which: whom another scheme knows is not for this coordinator to learn."""
    which = segments(
        "Read the email to whoever",
        [NEW_HERE, HAS_ACCOUNT],
        key="which-mail",
        default=NEW_HERE,
        required=True,
    )
    if which == HAS_ACCOUNT:
        show(invitations.preview_for_known(session, actor, cohort_id, name=name, side=side))
    else:
        show(invitations.preview(session, actor, cohort_id, name=name))


def show(mail: Preview) -> None:
    st.markdown(f"**{plain(mail.subject)}**")
    st.text(mail.text)


def in_words(people: int) -> str:
    return "1 person" if people == 1 else f"{people:,} people"


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
            until = times.day_in_words(times.day_in(link.expires_at, actor.time_zone or "UTC"))
            st.markdown(
                f"**{plain(link.label)}** · {link.side.value.capitalize()} · {link.used} of {link.most} came · "
                f"until {plain(until)} :{STATES[link.state]}-badge[{link.state.capitalize()}]"
            )
            is_asked = link.state == "open" and st.session_state.get(_CLOSING) == link.id
            if link.state == "open" and not is_asked and st.button("Close it", key=f"close-{link.id}"):
                st.session_state[_CLOSING] = link.id
                st.rerun()
        if is_asked:
            ask_to_close(session, actor, link)


def ask_to_close(session: Session, actor: Actor, link: Link) -> None:
    """What closing a link does, and one confirmation."""
    with st.container(border=True), refusals():
        st.header(f"Close the link “{plain(link.label)}”?", anchor=False)
        st.markdown(
            "From now on it opens nothing, and it cannot be opened again. Whoever came by it keeps their place. "
            "No email goes to anybody."
        )
        with st.container(horizontal=True):
            yes = st.button("Close the link", key="close-now")
            no = st.button("Keep it open", key="keep-open")
        if yes:
            self_enrolment.revoke(session, actor, link.id)
        if yes or no:
            del st.session_state[_CLOSING]
        if yes:
            done("The link is closed. Whoever came by it keeps their place.")
        if no:
            st.rerun()


def still_open(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Who was invited and has not chosen a password yet."""
    search = st.text_input("Search", key="open-search", placeholder="Name or email, in any order", on_change=from_start)
    page_now = st.session_state.get("open-page", 1)
    found = open_invitations.open_ones(session, actor, cohort_id, search=search, page=page_now)
    st.caption(f"{'1 invitation is' if found.total == 1 else f'{found.total:,} invitations are'} open")
    if not found.rows:
        empty("No open invitation fits this search." if search.strip() else "Everybody who was invited has come.")
        return
    with st.container(border=True):
        # After each act the ticks begin anew.
        acts = st.session_state.get(_ACTS, 0)
        picked = [
            row.enrolment_id
            for row in found.rows
            if st.checkbox(
                f"**{plain(row.name)}** · {plain(row.email)} · {row.side.value.capitalize()} · {plain(row.state)}",
                key=f"open-{acts}-{row.enrolment_id}",
            )
        ]
    if found.pages > 1:
        st.pagination(found.pages, key="open-page")
    asked = st.session_state.get(_ASKED)
    if asked and asked[1] == picked:
        ask(session, actor, asked[0], picked)
        return
    with st.container(horizontal=True):
        for act, label in ((AGAIN, "Send again to"), (BACK, "Take back")):
            if st.button(f"{label} {len(picked)}", key=act, disabled=not picked):
                # Who ticks somebody else meanwhile asks about others, and is asked anew.
                st.session_state[_ASKED] = (act, picked)
                st.rerun()


def from_start() -> None:
    """Another question begins at its first page, and nobody is ticked for it."""
    st.session_state["open-page"] = 1
    st.session_state.pop(_ASKED, None)


def ask(session: Session, actor: Actor, act: str, picked: Sequence[UUID]) -> None:
    """Who it concerns and what they read, and one confirmation."""
    with st.container(border=True), refusals():
        lines = open_invitations.those(session, actor, picked)
        willing = say_again(session, actor, lines) if act == AGAIN else say_back(lines)
        with st.container(horizontal=True):
            # What takes something away is never the act that most people came for.
            yes = (
                st.button("Send", key="yes", type="primary", disabled=not willing)
                if act == AGAIN
                else st.button("Take back", key="yes")
            )
            if st.button("Cancel", key="no"):
                del st.session_state[_ASKED]
                st.rerun()
        if yes:
            carry_out(session, actor, act, picked)


def say_again(session: Session, actor: Actor, lines: Sequence[OpenInvitation]) -> bool:
    """Who is written to, the email, and who had one today."""
    told, rest = [line for line in lines if not line.written_today], [line for line in lines if line.written_today]
    st.header(f"Send the invitation again to {in_words(len(told))}?" if told else "Nobody to write to", anchor=False)
    if rest:
        st.markdown(f"Not written to, because there was one for them today: {names(rest)}.")
    if not told:
        return False
    st.markdown(f"{'An email goes' if len(told) == 1 else f'{len(told):,} emails go'} to {names(told)}.")
    show(open_invitations.preview(session, actor, told[0].enrolment_id))
    if len(told) > 1:
        st.caption("Each gets one of their own, with their own name and their own link.")
    return True


def say_back(lines: Sequence[OpenInvitation]) -> bool:
    """Who loses an invitation, and what that means."""
    st.header(f"Take back {'1 invitation' if len(lines) == 1 else f'{len(lines):,} invitations'}?", anchor=False)
    st.markdown(
        f"{names(lines)}: the link in the email opens this cohort no more, and an email that still waits is not sent. "
        "Nobody is told. You can invite them again at any time."
    )
    return True


def names(lines: Sequence[OpenInvitation]) -> str:
    return ", ".join(f"{plain(line.name)} ({plain(line.email)})" for line in lines)


def carry_out(session: Session, actor: Actor, act: str, picked: Sequence[UUID]) -> None:
    """Do it, and say what was done."""
    if act == AGAIN:
        sent = open_invitations.send_again(session, actor, picked)
        message = messages.on_the_way(sent, "invitation")
    else:
        number = open_invitations.revoke(session, actor, picked)
        message = (
            f"{number:,} taken back. This cohort is not open to {'them' if number > 1 else 'this person'} any more."
        )
    del st.session_state[_ASKED]
    st.session_state[_ACTS] = st.session_state.get(_ACTS, 0) + 1
    done(message)


with page("Invitations", caption="Ask people in, and see who has not come yet") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
