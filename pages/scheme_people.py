"""A part of People & schemes: who has which role, giving one by email address, and taking one back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.people import AccountStatus, Role
from pages.ui import done, empty, plain, refusals, segments
from services import reauthentication, role_list, roles, times
from services.access import Acting, Actor
from services.messages import mail_is_set_up
from services.reauthentication import Confirmed
from services.role_list import Holder, Letter, Plan
from services.roles import Given

READING_WIDTH = 760
BUTTON_WIDTH = 150
SEARCH_FROM, MOST_SHOWN = 10, 50
OF_A_SCHEME, OF_THE_DESK = (Role.COORDINATOR, Role.MANAGER), (Role.ADMINISTRATOR,)
MEANS = {
    Role.COORDINATOR: "A coordinator works with the scheme's people: invites, approves, matches, follows. ",
    Role.MANAGER: "A scheme manager sees figures about the scheme, never a person. Mentors and mentees have no role: "
    "invite them instead. ",
    Role.ADMINISTRATOR: "An administrator looks after roles, schemes and cohorts, and sees nothing of who takes part. ",
}
STATES = {
    None: "has no account yet",
    AccountStatus.INVITED: "has not chosen a password yet",
    AccountStatus.LOCKED: "account is locked",
}


def draw(session: Session, actor: Actor, scheme_id: UUID | None, _cohort_id: UUID | None) -> None:
    """The list, then one more. `scheme_id` None is the whole desk, for administrators."""
    hindrance = role_list.hindrance(session, actor, scheme_id)
    with st.container(width=READING_WIDTH):
        st.header("People with a role", anchor=False)
        found = draw_list(session, actor, scheme_id, may_change=hindrance is None)
        chosen = next((each for each in found if str(each.grant_id) == st.session_state.get("taking")), None)
        if chosen is not None and hindrance is None:
            draw_taking(session, actor, scheme_id, chosen)
        st.header("Give a role", anchor=False)
        offered = OF_A_SCHEME if scheme_id else OF_THE_DESK
        if hindrance:
            st.info(plain(hindrance), icon=":material/info:")
            draw_way_to_administrator(actor)
        else:
            draw_giving(session, actor, scheme_id, offered)
        st.caption("".join(MEANS[role] for role in offered))


def draw_list(session: Session, actor: Actor, scheme_id: UUID | None, *, may_change: bool) -> tuple[Holder, ...]:
    """A line each: who, as what, since when, and how far their account is."""
    everybody = role_list.holders(session, actor, scheme_id)
    found = everybody
    if len(everybody) >= SEARCH_FROM and (search := st.text_input("Find by name or address", key="role-search")):
        found = role_list.holders(session, actor, scheme_id, search=search)
    if not found:
        empty(
            "Nobody of that name has a role." if everybody else "Nobody has a role here yet. Give the first one below."
        )
        return found
    people = "1 role is given" if len(found) == 1 else f"{len(found)} roles are given"
    st.caption(people + (f"; the first {MOST_SHOWN} by name" if len(found) > MOST_SHOWN else ""))
    with st.container(border=True, gap="small"):
        for holder in found[:MOST_SHOWN]:
            draw_holder(holder, actor, may_change=may_change)
    return found


def draw_holder(holder: Holder, actor: Actor, *, may_change: bool) -> None:
    """Their own line has no button: nobody takes a role from themselves."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        you = " (you)" if holder.is_self else ""
        st.markdown(
            f"**{plain(holder.name)}**{you} · {plain(holder.email)}  \n:small[:gray[{plain(about(holder, actor))}]]"
        )
        if may_change and not holder.is_self:
            st.button(
                "Take back…",
                key=f"take-{holder.grant_id}",
                width=BUTTON_WIDTH,
                on_click=st.session_state.__setitem__,
                args=("taking", str(holder.grant_id)),
            )


def about(holder: Holder, actor: Actor) -> str:
    """ "Scheme manager since 3 March 2026 · last signed in on 5 March 2026"."""
    parts = [f"{roles.WORDS[holder.role].capitalize()} since {day(holder.since, actor)}"]
    if holder.state in STATES:
        parts.append(STATES[holder.state])
    elif holder.last_signed_in_at is not None:
        parts.append(f"last signed in on {day(holder.last_signed_in_at, actor)}")
    elif actor.place.acting_as is Acting.ADMINISTRATOR:
        parts.append("has not signed in yet")
    return " · ".join(parts)


def day(at: datetime, actor: Actor) -> str:
    """The day where the reader is, with its year."""
    found = times.day_in(at, actor.time_zone or "UTC")
    return f"{times.day_in_words(found)} {found.year}"


def draw_taking(session: Session, actor: Actor, scheme_id: UUID | None, holder: Holder) -> None:
    """What taking a role back does, before it is done."""
    with st.container(border=True), refusals():
        role = roles.WORDS[holder.role]
        st.subheader(f"{plain(holder.name)}: no longer {role}?", anchor=False)
        mail = role_list.farewell(session, actor, scheme_id, holder)
        st.markdown(
            "They are signed out everywhere at once. Other places that they have here stay, and so does what they did."
            if mail
            else "They have never signed in. Their link opens nothing any more, unless it leads to another place too."
        )
        draw_letters([mail] if mail else [])
        draw_told(role_list.told(session, actor, scheme_id, holder), f"{holder.name} is no longer {role}")
        confirmed = ask(session, actor, "Take the role back", f"sure-{holder.grant_id}")
        st.button("Keep it", key="keep", on_click=st.session_state.pop, args=("taking", None))
        if confirmed:
            taken = roles.take(session, actor, holder.grant_id, confirmed=confirmed)
            st.session_state.pop("taking", None)
            done(
                f"{plain(taken.name)} is no longer {role}."
                + (" The invitation is taken back." * taken.invitation_ended)
            )


def draw_giving(session: Session, actor: Actor, scheme_id: UUID | None, offered: Sequence[Role]) -> None:
    """Whom and what; then what would happen; then it happens."""
    number = st.session_state.get("given roles", 0)
    with st.form(f"give-{number}", enter_to_submit=False):
        role = choose_role(offered, number)
        email = st.text_input("Email address", max_chars=254, key=f"role-email-{number}")
        name = st.text_input(
            "Full name", max_chars=200, key=f"role-name-{number}", help="Whoever has an account here keeps their own."
        )
        if st.form_submit_button("See what happens", key=f"look-{number}"):
            st.session_state["giving"] = (scheme_id, role, email, name)
    if st.session_state.get("giving") != (scheme_id, role, email, name):
        return
    with refusals():
        plan = role_list.plan(session, actor, scheme_id, role=role, email=email, full_name=name)
        confirm(session, actor, scheme_id, plan, number)


def choose_role(offered: Sequence[Role], number: int) -> Role:
    """Nobody is asked where there is only one."""
    if len(offered) == 1:
        return offered[0]
    chosen = segments(
        "Role",
        list(offered),
        key=f"role-{number}",
        default=offered[0],
        required=True,
        words=lambda each: roles.WORDS[each].capitalize(),
    )
    return chosen or offered[0]


def confirm(session: Session, actor: Actor, scheme_id: UUID | None, plan: Plan, number: int) -> None:
    """Everything that leaves, and to whom; then the password, because it cannot be done by whoever passes a desk."""
    with st.container(border=True):
        role, where = roles.WORDS[plan.role], plan.scheme or "the whole desk"
        st.subheader(f"{plain(plan.name)} becomes {role}", anchor=False)
        kept = " They are known here, and keep their name and account." if plan.is_known else ""
        st.markdown(f"{plain(plan.email)}, for {plain(where)}.{kept}")
        draw_letters(plan.letters)
        draw_told(plan.told, f"{plan.name} is {role} now")
        if confirmed := ask(session, actor, "Give the role", f"give-sure-{number}"):
            given = roles.give(
                session, actor, scheme_id, role=plan.role, email=plan.email, full_name=plan.name, confirmed=confirmed
            )
            st.session_state["given roles"] = number + 1
            del st.session_state["giving"]
            done(f"{plain(given.name)} is {role} now. {told(given)}")


def told(given: Given) -> str:
    """Where the email is."""
    if not given.is_written_to:
        return "The link in today's invitation still holds."
    return "An email is on its way." if mail_is_set_up() else "The email waits: this desk has no mail server yet."


def ask(session: Session, actor: Actor, words: str, key: str) -> Confirmed | None:
    """A button, with a password beside it unless one was given in the last minutes. Raises a refusal."""
    kept: Confirmed | None = st.session_state.get("confirmed")
    is_fresh = kept is not None and utc_now() - kept.at < reauthentication.LASTS
    with st.form(key, border=False, enter_to_submit=False):
        password = ""
        if not is_fresh:
            password = st.text_input(
                "Your password, once more", type="password", autocomplete="current-password", key=f"password-{key}"
            )
        pressed = st.form_submit_button(words, type="primary", key=f"press-{key}")
    if not pressed or is_fresh:
        return kept if pressed else None
    confirmed = reauthentication.confirm(session, actor, password)
    st.session_state["confirmed"] = confirmed
    return confirmed


def draw_letters(letters: Sequence[Letter]) -> None:
    """Each mail as it would be read."""
    for letter in letters:
        st.markdown(f"An email to {plain(letter.to)}: **{plain(letter.mail.subject)}**")
        with st.container(border=True):
            st.text(letter.mail.text)


def draw_told(names: Sequence[str], what: str) -> None:
    """Who else is written to."""
    if names:
        gets = "gets" if len(names) == 1 else "get"
        st.markdown(f"{plain(in_words(names))} also {gets} an email, which says that {plain(what)}.")


def draw_way_to_administrator(actor: Actor) -> None:
    """For whoever is an administrator as well: the refusal names a way, and it is theirs."""
    place = next((each for each in actor.places if each.acting_as is Acting.ADMINISTRATOR), None)
    if place is not None and actor.place.acting_as is not Acting.ADMINISTRATOR:
        st.button("Go on as administrator", key="as-administrator", on_click=switch_to, args=(place.key,))


def switch_to(place_key: str) -> None:
    """Act in another place from the next run on, as the switch in the menu does."""
    st.session_state["place"] = st.query_params["place"] = place_key


def in_words(names: Sequence[str]) -> str:
    """ "Ama, Bo and Li"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
