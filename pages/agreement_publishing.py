"""What publishing a draft does, above the button that does it; where two people decide, the one or the other half.

Every press is about the version that stands on the screen: `agreement_presses` says why.
"""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from models.enrolments import Side
from pages.agreement_parts import READING_WIDTH
from pages.agreement_presses import act_at, draw_refused, refuse
from pages.ui import day_for, plain, tell
from services import agreements_asking, document_drafts, messages, publishing
from services.access import Actor
from services.document_drafts import Draft, Look

SIDES = {side.value: f"{side.value.capitalize()}s" for side in Side}
PUBLISH, DISCARD = "publish", "discard"
# What other screens show of a text, they show in the scheme's own language.
ELSEWHERE = {
    DocumentKind.RIGHTS: "The public page of rights opens in the reader's language, and offers the others.",
    DocumentKind.ROLE_STATEMENT: "Ways of working shows it in the scheme's own language.",
    DocumentKind.FIRST_MEETING_GUIDE: "Ways of working shows it in the scheme's own language.",
}


def draw_publishing(session: Session, actor: Actor, now: Draft, look: Look) -> None:
    """What publishing does, whom it writes to, and the button; apart from it, the way to throw the draft away."""
    st.subheader("Publish", anchor=False)
    scheme_id = next(iter(actor.coordinates))
    with st.container(border=True, width=READING_WIDTH):
        asked = 0 if now.is_translation else agreements_asking.asked_by(session, scheme_id, map(Side, now.signed_by))
        st.markdown(consequence(now, asked, is_gate=bool(st.session_state.get(f"gate-{now.id}"))))
        if asked:
            draw_email(session, actor, now)
        if now.needs_another:
            draw_handing_over(actor, now)
        else:
            draw_publish(now, look, asked)
        draw_refused(PUBLISH)
    draw_discard(actor, now)


def draw_email(session: Session, actor: Actor, now: Draft) -> None:
    with st.expander("Read the email", icon=":material/mail:"):
        template = agreements_asking.NEW_VERSION if now.replaces else agreements_asking.TO_SIGN
        example = messages.example(session, actor, template)
        st.markdown(f"**{plain(example.subject)}**\n\n{plain(example.text)}")


def draw_handing_over(actor: Actor, now: Draft) -> None:
    st.info("Two people decide about a text: whoever changed it last does not publish it.", icon=":material/group:")
    if now.handed_over_at is not None:
        st.caption(f"Handed over {day_for(actor, now.handed_over_at)}. Another coordinator can publish it now.")
        return
    st.button(
        "Ask another coordinator to publish it",
        key=f"hand-over-{now.id}",
        type="primary",
        on_click=hand_over_shown,
        args=(now.id, now.version),
    )


def hand_over_shown(draft_id: UUID, version: int) -> None:
    def act(session: Session, actor: Actor) -> None:
        told = document_drafts.hand_over(session, actor, draft_id, version=version)
        tell(f"An email asks {told} {'coordinator' if told == 1 else 'coordinators'} to read and publish it.")

    act_at(PUBLISH, act)


def draw_publish(now: Draft, look: Look, asked: int) -> None:
    """What has to be said before, then the button."""
    if now.ungated and not now.is_translation:
        sides = " and ".join(SIDES[side] for side in now.ungated)
        # Off, as the scheme's settings are: a new version of a text is not the moment to change them unawares.
        st.checkbox(f"From now on, {sides.lower()} are matched only once they have signed", key=f"gate-{now.id}")
    for key in look.ended_exceptions:
        st.checkbox(
            f"The scheme no longer names {plain(key)} as an exception from confidence", key=f"ends-{now.id}-{key}"
        )
    if asked:
        st.checkbox(f"Write to {people(asked)}", key=f"sure-{now.id}")
    st.button(
        "Publish",
        key=f"publish-{now.id}",
        type="primary",
        disabled=look.problem is not None,
        on_click=publish_shown,
        args=(now.id, now.version, asked, look.ended_exceptions),
    )


def publish_shown(draft_id: UUID, version: int, asked: int, exceptions: tuple[str, ...]) -> None:
    """Publishes the version that stood above the button, with what was ticked there."""
    if asked and not st.session_state.get(f"sure-{draft_id}"):
        refuse(PUBLISH, "Tick the box to confirm whom this writes to.")
        return
    is_gate = bool(st.session_state.get(f"gate-{draft_id}"))
    ended = [key for key in exceptions if st.session_state.get(f"ends-{draft_id}-{key}")]

    def act(session: Session, actor: Actor) -> None:
        published = publishing.publish_draft(
            session, actor, draft_id, version=version, is_gate=is_gate, ended_exceptions=ended
        )
        choose_draft(None)
        sent = f" {people(published.emails)} will get an email." if published.emails else ""
        tell(f"Version {published.edition} of “{plain(published.title)}” is in force.{sent}")

    act_at(PUBLISH, act)


def draw_discard(actor: Actor, now: Draft) -> None:
    with st.popover("Throw the draft away", key=f"discarding-{now.id}"):
        st.markdown(
            f"This draft, last changed by {plain(now.changed_by)} on {day_for(actor, now.changed_at)}, "
            "cannot be brought back. What is in force stays."
        )
        st.button("Throw it away", key=f"discard-{now.id}", on_click=discard_shown, args=(now.id, now.version))
        draw_refused(DISCARD)


def discard_shown(draft_id: UUID, version: int) -> None:
    def act(session: Session, actor: Actor) -> None:
        document_drafts.discard(session, actor, draft_id, version=version)
        choose_draft(None)
        tell("The draft is gone. What is in force stays.")

    act_at(DISCARD, act)


def consequence(now: Draft, asked: int, *, is_gate: bool = False) -> str:
    """What happens at the press. `is_gate`: whether the box is ticked that makes it a condition for a match."""
    if now.is_translation:
        read = "read and sign" if now.signed_by else "read"
        elsewhere = f" {ELSEWHERE[now.kind]}" if now.kind in ELSEWHERE else ""
        return (
            f"Under Agreements, people can {read} the version in force in this language too.{elsewhere} "
            "Nobody is asked anew."
        )
    if not now.signed_by:
        return "It can be read by everybody in the scheme. Nobody is asked to sign it."
    sides = " and ".join(SIDES[side].lower() for side in now.signed_by)
    held = [SIDES[side] for side in now.signed_by if is_gate or side not in now.ungated]
    again = (
        f" What {'they' if len(held) == len(now.signed_by) else held[0].lower()} signed before counts until the "
        "scheme's days of grace are over; then they get no new match until they sign."
        if now.replaces and held
        else ""
    )
    return (
        f"All {sides} are asked to read and sign it. An email goes to {people(asked)}.{again} Matches that people have "
        "go on."
    )


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def choose_draft(draft: str | None) -> None:
    """Which draft is open stands in the address."""
    if draft is None:
        st.query_params.pop("draft", None)
    else:
        st.query_params["draft"] = draft
    st.session_state.pop("step", None)
