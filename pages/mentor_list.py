"""A list of mentors: twenty to look through, and one to open under their own line, to keep in mind or to wish for.

The list is one group of choices, because twenty cards with buttons cost the server more than all that is known of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import address
from pages.ui import done, plain, refusals
from services import shortlist, wishes
from services.access import Actor
from services.directory import ListedMentor, Visit

# Of a work history, in characters, before somebody is opened; then all of it is there.
SHOWN_OF_SUMMARY = 240
# Who is open, by their id, which also stands in the address.
OPENED = "opened"
# The list up to the mentor who is open, and the rest of it.
_UPPER, _LOWER = "who", "who-below"


def draw(
    session: Session,
    actor: Actor,
    today: date,
    mentors: Sequence[ListedMentor],
    why: Mapping[UUID, Sequence[str]],
    visit: Visit,
) -> None:
    """The mentors of the page; whoever is chosen opens under their own line."""
    opened = st.session_state.get(OPENED)
    at = next((index for index, mentor in enumerate(mentors) if str(mentor.id) == opened), None)
    address.keep(OPENED, None if at is None else opened)
    end = len(mentors) if at is None else at + 1
    st.session_state[_UPPER], st.session_state[_LOWER] = None if at is None else opened, None
    lines = dict(named(mentors, visit.wished))
    captions = [in_brief(mentor, why.get(mentor.id, ())) for mentor in mentors]
    with st.container(border=True):
        if at is None:
            choose(lines, captions, key=_UPPER)
            return
        ids = list(lines)
        # All of what the opened one wrote stands below: twice would be once too often.
        choose({each: lines[each] for each in ids[:end]}, [*captions[:at], facts(mentors[at])], key=_UPPER)
        with st.container(border=True):
            read_one(session, actor, today, mentors[at], why.get(mentors[at].id, ()), visit)
        if ids[end:]:
            choose({each: lines[each] for each in ids[end:]}, captions[end:], key=_LOWER)


def choose(lines: Mapping[str, str], captions: Sequence[str], *, key: str) -> None:
    """One group of mentors, of whom one can be opened."""
    st.radio(
        "Open a mentor",
        list(lines),
        index=None,
        key=key,
        format_func=lambda each: lines.get(each, ""),
        captions=captions,
        label_visibility="collapsed",
        on_change=partial(open_one, key),
        width="stretch",
    )


def open_one(key: str) -> None:
    st.session_state[OPENED] = st.session_state[key]


def close() -> None:
    st.session_state[OPENED] = None


def named(mentors: Sequence[ListedMentor], wished: Sequence[UUID]) -> Iterator[tuple[str, str]]:
    """(id, line) of each. Two lines that read alike would be one and the same choice to the browser."""
    seen = Counter[str]()
    for mentor in mentors:
        seen[mentor.full_name] += 1
        number = f" ({seen[mentor.full_name]})" if seen[mentor.full_name] > 1 else ""
        badge = f" :green-badge[:material/favorite: Wish {wished.index(mentor.id) + 1}]" if mentor.id in wished else ""
        yield str(mentor.id), f"**{plain(mentor.full_name)}**{number}{badge}"


def facts(mentor: ListedMentor) -> str:
    """The role and the sector."""
    return " · ".join(plain(fact) for fact in (mentor.role_title, mentor.sector) if fact)


def in_brief(mentor: ListedMentor, why: Iterable[str]) -> str:
    """What the list says under a name, as one line: the browser breaks it where it must."""
    told = [facts(mentor)]
    if mentor.summary:
        told.append(plain(" ".join(shortened(mentor.summary, SHOWN_OF_SUMMARY).split())))
    told += [f"{plain(words)}: {plain(answer)}" for words, answer in mentor.also]
    if reasons := speaking(why):
        told.append(reasons)
    return " — ".join(part for part in told if part)


def at_length(mentor: ListedMentor, why: Iterable[str]) -> str:
    """All that the mentor wrote and shows, and why they may suit: one piece of Markdown."""
    told = [plain(mentor.summary)] if mentor.summary else []
    if mentor.also:
        told.append("  \n".join(f"**{plain(words)}:** {plain(answer)}" for words, answer in mentor.also))
    if reasons := speaking(why):
        told.append(f":small[{reasons}]")
    return "\n\n".join(told)


def speaking(why: Iterable[str]) -> str:
    """What speaks for somebody, with a sign of its own."""
    reasons = " · ".join(plain(reason) for reason in why)
    return f":material/handshake: {reasons}" if reasons else ""


def shortened(summary: str, longest: int) -> str:
    """A very long text up to the blank before its limit. Scripts without blanks are cut where the limit is."""
    if len(summary) <= longest:
        return summary
    start = summary[:longest]
    return f"{start[: start.rfind(' ')] if ' ' in start[longest // 2 :] else start} …"


def read_one(
    session: Session, actor: Actor, today: date, mentor: ListedMentor, why: Iterable[str], visit: Visit
) -> None:
    """One mentor at length, and what one can do about them."""
    st.markdown(at_length(mentor, why) or "Nothing else is written yet.")
    name = plain(mentor.full_name)
    with refusals(), st.container(horizontal=True):
        if mentor.id not in visit.wished and st.button(
            "Wish for this mentor", key=f"wish-{mentor.id}", icon=":material/favorite:"
        ):
            place = wishes.add(session, actor, mentor.id, today=today)
            done(f"{name} is among your wishes, as number {place}.")
        if mentor.id in visit.kept:
            if st.button("Let go", key=f"drop-{mentor.id}", icon=":material/bookmark_remove:"):
                shortlist.drop(session, actor, mentor.id)
                done(f"You keep {name} no longer.")
        elif st.button("Keep", key=f"keep-{mentor.id}", icon=":material/bookmark_add:"):
            shortlist.keep(session, actor, mentor.id, today=today)
            done(f"You find {name} under Kept.")
        st.button("Close", key="close", on_click=close, type="tertiary")
