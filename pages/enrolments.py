"""Enrolments: a coordinator sees who wants in and who is ready, and decides, one by one or all that a filter shows."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid5

import streamlit as st
from sqlmodel import Session

from models.enrolments import EnrolmentStatus, Side
from pages.ui import done, empty, page, plain, refusals, segments
from services import enrolments
from services.access import Actor
from services.enrolments import Filter, Queue, QueueRow
from services.readiness import Light, Readiness

SIDES = {"mentors": Side.MENTOR, "mentees": Side.MENTEE}
READY = {"ready": True, "not ready": False}
STATUS_WORDS = {
    EnrolmentStatus.SUBMITTED: "Submitted",
    EnrolmentStatus.RETURNED: "Returned",
    EnrolmentStatus.APPROVED: "Approved",
    EnrolmentStatus.PAUSED: "Paused",
    EnrolmentStatus.DRAFT: "Draft",
    EnrolmentStatus.DECLINED: "Declined",
    EnrolmentStatus.WITHDRAWN: "Withdrawn",
}
LIGHTS = {
    "profile": "Profile",
    "signature": "Agreement",
    "training": "Training",
    "conflicts": "Conflicts",
    "capacity": "Places",
    "contactable": "Reachable",
}
# What somebody needs where a light does not hold.
NEEDS = {
    "profile": "profile",
    "signature": "signature",
    "training": "training",
    "conflicts": "conflict declaration",
    "contactable": "a way to be reached",
}
COLORS = {True: "green", False: "orange", None: "gray"}
VERBS = {
    EnrolmentStatus.APPROVED: "Approve",
    EnrolmentStatus.RETURNED: "Return",
    EnrolmentStatus.DECLINED: "Decline",
}
ASKING = {EnrolmentStatus.RETURNED}
# Names one drawn list: when its rows change, what was ticked in it is gone with it.
LIST_SPACE = UUID("6f0a1c9e-3d7b-4a52-9f68-2b1c7de0a4f3")


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Filters, the list, and what can be done with what is ticked."""
    chosen, at = choose(), st.session_state.get("page", 1)
    found = enrolments.queue(
        session,
        actor,
        cohort_id,
        side=chosen.side,
        status=chosen.status,
        ready=chosen.ready,
        search=chosen.search,
        page=at,
        today=datetime.now(UTC).date(),
    )
    count_up(found)
    about, *decision = st.session_state.get("deciding", (None,))
    if about == cohort_id:
        confirm(session, actor, *decision)
    picked = pick(found)
    waiting = [row.id for row in picked if row.status is EnrolmentStatus.SUBMITTED]
    act(session, actor, cohort_id, chosen, found, waiting)
    if len(picked) == 1:
        read_one(session, actor, picked[0])
    invite(session, actor, cohort_id)


def choose() -> Filter:
    """The filters. They stay in the address, but for the search: it may hold a name."""
    left, middle, right = st.columns(3)
    with left:
        side = segments("Taking part as", list(SIDES), key="side", words=str.capitalize, in_address=True)
    words = {status.value: word for status, word in STATUS_WORDS.items()}
    status = middle.selectbox(
        "Status",
        list(words),
        None,
        key="status",
        bind="query-params",
        format_func=lambda code: words[code],
        placeholder="All",
    )
    with right:
        ready = segments("For a match", list(READY), key="ready", words=str.capitalize, in_address=True)
    search = st.text_input("Search", key="search", placeholder="Name, email, role or sector")
    return Filter(
        SIDES.get(side or ""), EnrolmentStatus(status) if status else None, READY.get(ready or ""), search or ""
    )


def count_up(found: Queue) -> None:
    """The whole cohort in one line."""
    parts = [f"{found.count(status)} {word.lower()}" for status, word in STATUS_WORDS.items() if found.count(status)]
    st.caption(f"{found.total} shown · in this cohort: {', '.join(parts) or 'nobody yet'}")


def pick(found: Queue) -> list[QueueRow]:
    """The list itself; answers the rows that are ticked."""
    if not found.rows:
        if found.counts:
            empty("Nobody fits these filters. Clear one of them, or invite somebody below.")
        else:
            empty("Nobody is here yet. Import a spreadsheet, or invite somebody below.")
            st.page_link("import_people.py", label="Import a spreadsheet", icon=":material/upload_file:")
        return []
    event = st.dataframe(
        [line(row) for row in found.rows],
        key=f"list-{uuid5(LIST_SPACE, ','.join(str(row.id) for row in found.rows))}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        alt="People who enrolled, with what each still needs before a match",
    )
    # A filter that leaves fewer pages takes the choice back to the first: what is drawn must follow.
    if found.pages > 1 and st.pagination(found.pages, key="page") != found.page:
        st.rerun()
    return [found.rows[index] for index in event.selection.rows if index < len(found.rows)]


def line(row: QueueRow) -> dict[str, str]:
    """A row of the list: plain cells, never Markdown. On a phone the first two are all that is seen at once."""
    return {
        "Name": row.name,
        "Ready for a match": in_words(row.readiness),
        "Side": row.side.value.capitalize(),
        "Status": STATUS_WORDS[row.status],
        "Role": row.role_title or "",
        "Sector": row.sector or "",
        "Email": row.email,
        "A spreadsheet": ", ".join(row.claims),
    }


def in_words(readiness: Readiness) -> str:
    """Yes, or what is still needed. Whoever has a mentor, or as many mentees as they wish, is ready all the same."""
    needs = ", ".join(words for key, words in NEEDS.items() if getattr(readiness, key).holds is False)
    if readiness.is_ready and readiness.capacity.holds is False:
        return f"✓ Yes · {readiness.capacity.why}"
    if readiness.is_ready:
        return f"✓ Yes · {needs} incomplete" if needs else "✓ Yes"
    return f"✗ Needs {needs}"


def light_in_words(title: str, light: Light) -> str:
    return f":{COLORS[light.holds]}-badge[{title}: {plain(light.why)}]"


def act(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, found: Queue, ids: list[UUID]) -> None:
    """What can be done with the submitted among the ticked rows, or with all submitted that the filter shows."""
    if not found.rows:
        return
    ticked = f"{len(ids)} ticked" if ids else "the ticked"
    with st.container(horizontal=True):
        # The question below has the one primary button while it is asked.
        kind: Literal["primary", "secondary"] = "secondary" if "deciding" in st.session_state else "primary"
        if found.decidable and st.button(f"Approve all {found.decidable} submitted", key="approve-all", type=kind):
            everybody = enrolments.submitted_on(session, actor, cohort_id, chosen, datetime.now(UTC).date())
            decide(cohort_id, EnrolmentStatus.APPROVED, list(everybody))
        if st.button(f"Approve {ticked}", key="approve", disabled=not ids):
            decide(cohort_id, EnrolmentStatus.APPROVED, ids)
        if st.button("Return with a question", key="return", disabled=len(ids) != 1):
            decide(cohort_id, EnrolmentStatus.RETURNED, ids)
        if st.button(f"Decline {ticked}", key="decline", disabled=not ids):
            decide(cohort_id, EnrolmentStatus.DECLINED, ids)


def decide(cohort_id: UUID, decision: EnrolmentStatus, ids: list[UUID]) -> None:
    """Ask once more, about exactly these people."""
    st.session_state["deciding"] = (cohort_id, decision, ids)
    st.rerun()


def confirm(session: Session, actor: Actor, decision: EnrolmentStatus, ids: list[UUID]) -> None:
    """The mail as it will be sent, and one confirmation."""
    verb = VERBS[decision]
    with st.container(border=True):
        st.header(f"{verb} {len(ids)} {'enrolment' if len(ids) == 1 else 'enrolments'}?", anchor=False)
        note = st.text_area("Your question", key="note", max_chars=2000) if decision in ASKING else ""
        with refusals():
            mail = enrolments.preview(session, actor, ids[0], decision, note=note or "(your question)")
            st.caption(
                "This is what the first of them gets. Whoever has never signed in gets an invitation instead of a note."
                if len(ids) > 1
                else "This email is sent."
            )
            st.markdown(f"**{plain(mail.subject)}**")
            st.text(mail.text)
        with st.container(horizontal=True):
            yes, no = st.button(f"{verb} and send", type="primary", key="confirm"), st.button("Cancel", key="cancel")
        if yes:
            with refusals():
                carry_out(session, actor, decision, ids, note)
        if no:
            del st.session_state["deciding"]
            st.rerun()


def carry_out(session: Session, actor: Actor, decision: EnrolmentStatus, ids: list[UUID], note: str) -> None:
    """Do it, and say what was done."""
    if decision is EnrolmentStatus.RETURNED:
        enrolments.return_(session, actor, ids[0], note)
        message = "Returned with your question."
    else:
        decided = enrolments.approve if decision is EnrolmentStatus.APPROVED else enrolments.decline
        number = decided(session, actor, ids)
        message = f"{number} {decision.value}. An email goes to each of them."
    del st.session_state["deciding"]
    done(message)


def read_one(session: Session, actor: Actor, row: QueueRow) -> None:
    """What the ticked person wrote, as far as a coordinator may read it."""
    with st.container(border=True), refusals():
        found = enrolments.details(session, actor, row.id)
        st.markdown(f"**{plain(found.name)}** · {readiness_line(row.readiness)}")
        st.markdown(" ".join(light_in_words(title, getattr(row.readiness, key)) for key, title in LIGHTS.items()))
        if found.note:
            st.markdown(f"Your question: {plain(found.note)}")
        for label, answer in found.answers:
            st.markdown(f"{label}: {plain(answer)}")
        for claim in row.claims:
            st.caption(f"{plain(claim)} (a spreadsheet's word; it does not count)")


def readiness_line(readiness: Readiness) -> str:
    return ":green-badge[Ready]" if readiness.is_ready else ":orange-badge[Not ready]"


def invite(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Give one more person a place to fill in."""
    with st.expander("Invite somebody"), st.form("invite", clear_on_submit=False):
        name, email = st.text_input("Full name", max_chars=200), st.text_input("Email address", max_chars=254)
        side = segments(
            "Takes part as", list(Side), key="invite-as", default=Side.MENTEE, words=lambda s: s.value.capitalize()
        )
        if st.form_submit_button("Invite"):
            with refusals():
                invited = enrolments.invite(
                    session, actor, cohort_id, side=side or Side.MENTEE, full_name=name, email=email
                )
                mail = "gets an email with a link" if invited.mail_queued else "can sign in already"
                done(f"{plain(invited.name)} is invited and {mail}.")


with page("Enrolments", caption="Who wants in, and who is ready for a match") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
