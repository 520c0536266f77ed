"""Enrolments: a coordinator sees who wants in and who is ready, and decides, one by one or all that a filter shows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import EnrolmentStatus
from pages import address, enrolment_acts, enrolment_list, enrolment_views
from pages.enrolment_acts import Act
from pages.enrolment_words import SIDES, STATUS_WORDS
from pages.ui import empty, page, segments
from services import enrolments, times
from services.access import Actor
from services.enrolments import Filter, Gate, Queue, QueueRow

GATES = {
    Gate.READY: "Ready for a match",
    Gate.NOT_READY: "Not ready yet",
    Gate.PROFILE: "Profile incomplete",
    Gate.SIGNATURE: "Agreement not signed",
    Gate.TRAINING: "Training not completed",
    Gate.CONFLICTS: "Conflicts not answered",
    Gate.CAPACITY: "No place free",
    Gate.CONTACTABLE: "No way to be reached",
}
# Whether the cohort has anybody at all.
NOBODY = {
    True: "Nobody fits these filters. Clear one of them, or invite somebody.",
    False: "Nobody is here yet. Import a spreadsheet, or invite people by email.",
}


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Filters, the list, and what can be done with what is ticked."""
    address.follow("page", address.a_page, otherwise=1)
    address.follow(enrolment_list.OPENED, address.an_id)
    chosen, today = choose(session, actor), datetime.now(UTC).date()
    found = enrolments.queue(
        session,
        actor,
        cohort_id,
        side=chosen.side,
        status=chosen.status,
        gate=chosen.gate,
        search=chosen.search,
        page=st.session_state.get("page", 1),
        today=times.gate_day(),
    )
    count_up(found)
    if found.has_held:
        enrolment_acts.draw_undo(session, actor, cohort_id)
    several = above(session, actor, cohort_id, chosen, found, times.gate_day())
    if not found.rows:
        empty(NOBODY[bool(found.counts)])
        return
    picked: list[QueueRow] = []
    if several:
        picked = enrolment_list.tick(found, today)
    else:
        enrolment_list.draw(session, actor, cohort_id, found, today)
    # A filter that leaves fewer pages takes the choice back to the first: what is drawn must follow.
    if found.pages > 1 and st.pagination(found.pages, key="page") != found.page:
        st.rerun()
    address.keep("page", found.page if found.page > 1 else None)
    enrolment_acts.draw(session, actor, cohort_id, picked, where=enrolment_acts.TICKED)


def choose(session: Session, actor: Actor) -> Filter:
    """The filters. They stay in the address, but for the search: it may hold a name."""
    left, middle, right = st.columns(3)
    with left:
        address.follow("side", address.one_of(*SIDES))
        side = segments("Taking part as", list(SIDES), key="side", words=str.capitalize, in_address=True)
        address.note("side")
    status = kept_choice(middle, "Status", "status", {each.value: word for each, word in STATUS_WORDS.items()})
    gate = kept_choice(right, "On the way to a match", "gate", {each.value: word for each, word in GATES.items()})
    line = st.container(horizontal=True, vertical_alignment="bottom")
    search = line.text_input("Search", key="search", placeholder="Name or email, in any order")
    chosen = Filter(
        SIDES.get(side or ""),
        EnrolmentStatus(status) if status else None,
        Gate(gate) if gate else None,
        search or "",
    )
    enrolment_views.draw(session, actor, line, chosen)
    return chosen


def kept_choice(where: st.delta_generator.DeltaGenerator, label: str, key: str, words: dict[str, str]) -> str | None:
    """A choice whose code, never its words, stands in the address."""
    address.follow(key, address.one_of(*words))
    chosen = where.selectbox(label, list(words), None, key=key, format_func=lambda code: words[code], placeholder="All")
    address.keep(key, chosen)
    return chosen


def count_up(found: Queue) -> None:
    """The whole cohort in one line; of an empty one the list says it itself."""
    if not found.counts:
        return
    parts = [f"{found.count(status):,} {word.lower()}" for status, word in STATUS_WORDS.items() if found.count(status)]
    shown = (
        f"More than {found.total:,} people fit; choose more above to see fewer"
        if found.has_more
        else f"{found.total:,} {'person fits' if found.total == 1 else 'people fit'}"
    )
    st.caption(f"{shown} · in this cohort: {', '.join(parts)}")


def above(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, found: Queue, today: date) -> bool:
    """What concerns everybody whom the filter shows, and the ways in and out of this list.

    Answers whether somebody wants to act on several people at once.
    """
    several = False

    def everybody(act: Act) -> Sequence[UUID]:
        which = enrolments.on_the_way if act is Act.NUDGE else enrolments.submitted_on
        return which(session, actor, cohort_id, chosen, today)

    with st.container(horizontal=True, vertical_alignment="center"):
        enrolment_acts.draw_all(session, actor, cohort_id, found, everybody)
        st.page_link("import_people.py", label="Import", icon=":material/upload_file:")
        st.page_link("invitations.py", label="Invite", icon=":material/person_add:")
        if found.rows:
            enrolment_views.draw_export(session, actor, cohort_id, chosen, None if found.has_more else found.total)
            several = st.toggle("Choose several", key="several")
    enrolment_acts.draw(session, actor, cohort_id, [], where=enrolment_acts.ALL)
    return several


with page("Enrolments", caption="Who wants in, and who is ready for a match") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
