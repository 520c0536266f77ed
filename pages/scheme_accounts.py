"""A part of People & schemes, for administrators: one account, found by its address, and help when it is stuck."""

from datetime import datetime
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.people import AccountStatus
from pages.scheme_people import READING_WIDTH, ask, day, draw_letters
from pages.ui import done, empty, plain, refusals, segments
from services import account_keeping, sign_in_address
from services.access import Actor
from services.account_keeping import Kept
from services.role_list import Letter

STATES = {
    AccountStatus.INVITED: "Invited, and has not chosen a password yet",
    AccountStatus.ACTIVE: "Open",
    AccountStatus.LOCKED: "Closed",
}
LINK, LOCK, UNLOCK = "Send a new link", "Close the account", "Open it again"
ADDRESS = "Correct the address"


def draw(session: Session, actor: Actor, _scheme_id: UUID | None, _cohort_id: UUID | None) -> None:
    """Found by the whole address only: this is no list of who takes part."""
    with st.container(width=READING_WIDTH):
        st.header("Accounts", anchor=False)
        st.markdown(
            "Somebody cannot sign in, or must not any more? Enter the address that they sign in with. You see the "
            "account, and nothing of what its owner takes part in or wrote."
        )
        email = st.text_input("Email address", max_chars=254, key="account-email")
        if email.strip():
            with refusals():
                kept = account_keeping.find(session, actor, email)
                if kept is None:
                    empty("No account has this address. Look for a slip of the pen, or ask which one they use.")
                else:
                    draw_account(session, actor, kept)
        st.caption(
            "After a lost phone, whoever runs the server enters: mentoring second-factor reset EMAIL  \n"
            "After a lost mailbox and a forgotten password: mentoring address OLD NEW"
        )


def draw_account(session: Session, actor: Actor, kept: Kept) -> None:
    """Its state, and one act at a time."""
    with st.container(border=True):
        st.subheader(plain(kept.name), anchor=False)
        st.markdown(f"{plain(kept.email)}  \n{STATES[kept.state]} · {seen(kept.last_signed_in_at, actor)}")
        if kept.is_self:
            st.caption("This is your own account: another administrator looks after it.")
            return
        acts = [UNLOCK] if kept.state is AccountStatus.LOCKED else [LINK, ADDRESS, LOCK]
        key = f"account-act-{kept.account_id}-{kept.state.value}"
        chosen = segments("What to do", acts, key=key)
        if chosen == LINK:
            draw_link(session, actor, kept)
        elif chosen == ADDRESS:
            draw_address(session, actor, kept)
        elif chosen == LOCK:
            draw_lock(session, actor, kept)
        elif chosen == UNLOCK:
            draw_unlock(session, actor, kept)


def seen(at: datetime | None, actor: Actor) -> str:
    return f"last signed in on {day(at, actor)}" if at else "has not signed in yet"


def draw_link(session: Session, actor: Actor, kept: Kept) -> None:
    """The email first."""
    mail = account_keeping.link_mail(session, actor, kept)
    st.markdown(f"An email to {plain(kept.name)}: **{plain(mail.subject)}**")
    with st.container(border=True):
        st.text(mail.text)
    if confirmed := ask(session, actor, "Send it", f"link-{kept.account_id}"):
        sent = account_keeping.send_link(session, actor, kept.account_id, confirmed=confirmed)
        done("An email with a new link is queued." if sent else "They were sent one today already.")


def draw_address(session: Session, actor: Actor, kept: Kept) -> None:
    """The new one; then both emails, to it and to the old one."""
    email = st.text_input("New email address", max_chars=254, key=f"address-of-{kept.account_id}")
    if not email.strip():
        return
    plan = sign_in_address.plan_for_account(session, actor, kept.account_id, email)
    draw_letters([Letter(plan.email, plan.to_new), Letter(f"{kept.email}, the address until now", plan.to_old)])
    st.markdown("It counts once it is confirmed from its mailbox. They are then signed out everywhere.")
    if confirmed := ask(session, actor, "Send both emails", f"address-{kept.account_id}"):
        sign_in_address.ask_for_account(session, actor, kept.account_id, email, confirmed=confirmed)
        done(f"{plain(kept.email)} stays until {plain(plan.email)} is confirmed.")


def draw_lock(session: Session, actor: Actor, kept: Kept) -> None:
    """What closing does, and what it leaves."""
    st.markdown(
        "They are signed out everywhere at once and can no longer sign in, and no link in an email lets them choose a "
        "password. Nothing of theirs is lost, matches go on, and emails still reach them. It can be undone here."
    )
    if confirmed := ask(session, actor, LOCK, f"lock-{kept.account_id}"):
        account_keeping.lock(session, actor, kept.account_id, confirmed=confirmed)
        done(f"The account of {plain(kept.name)} is closed.")


def draw_unlock(session: Session, actor: Actor, kept: Kept) -> None:
    """The old password counts again: whoever fears that it is known sends a link afterwards."""
    st.markdown(
        "They sign in with the password that they had. If somebody else may know it, send a new link afterwards."
    )
    if confirmed := ask(session, actor, UNLOCK, f"unlock-{kept.account_id}"):
        account_keeping.unlock(session, actor, kept.account_id, confirmed=confirmed)
        done(f"The account of {plain(kept.name)} is open again.")
