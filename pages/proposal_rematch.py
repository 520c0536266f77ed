"""Somebody else for mentees whose proposal came to nothing: both ways on side by side, and drafts in one act."""

from collections.abc import Callable, Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.ui import at_a_press, plain, tell
from services import redrafting, rematching, times
from services.access import Actor
from services.rematching import Rematch, Shift, Way

MOST_NAMED, MOST_SHOWN = 5, 200
_FOUND = "rematch"


def draw(session: Session, actor: Actor, cohort_id: UUID, ids: Sequence[UUID], *, after: Callable[[], None]) -> None:
    """Both ways with who moves and what each costs. Raises every kind of refusal."""
    found = worked_out(session, actor, tuple(ids))
    number = len(found.only.asked)
    st.header("Somebody else for 1 mentee" if number == 1 else f"Somebody else for {number} mentees", anchor=False)
    st.markdown(
        "Whoever is asked already or has accepted stays as they are, and a declined pair never comes back. "
        "Nobody is written to: you get drafts, and see every email before it leaves. Points are match scores out of "
        "100, added up over all whom a way concerns, beside what there was before the answer."
    )
    if found.not_free:
        names = ", ".join(map(plain, found.not_free[:MOST_NAMED]))
        more = f" and {len(found.not_free) - MOST_NAMED:,} more" if len(found.not_free) > MOST_NAMED else ""
        st.caption(f"Not free at the moment, so left out: {names}{more}. Enrolments says what is missing.")
    if found.is_one:
        st.markdown("Moving others would gain nothing, so there is one way on.")
        draw_way(cohort_id, found.only, number, "only", after, is_best=True)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        draw_way(cohort_id, found.only, number, "only", after, is_best=False)
    with right:
        draw_way(cohort_id, found.best, number, "best", after, is_best=True)


def worked_out(session: Session, actor: Actor, ids: tuple[UUID, ...]) -> Rematch:
    """Both ways; worked out once, and kept while the question is open."""
    kept = st.session_state.get(_FOUND)
    if kept is None or kept[0] != ids:
        with st.spinner("Looking for somebody else …"):
            kept = (ids, rematching.find(session, actor, ids, today=times.gate_day()))
        st.session_state[_FOUND] = kept
    found: Rematch = kept[1]
    return found


def forget() -> None:
    """What was worked out holds no longer; for callbacks."""
    st.session_state.pop(_FOUND, None)


def draw_way(cohort_id: UUID, way: Way, number: int, key: str, after: Callable[[], None], *, is_best: bool) -> None:
    """One way: its price in its title, everybody it touches, and the act."""
    st.subheader(f"{title(way, number)}: {price(way)}", anchor=False)
    shifts = (*way.asked, *way.others)
    told = [shift_in_words(shift) for shift in shifts[:MOST_SHOWN]]
    if len(shifts) > MOST_SHOWN:
        told.append(f"- … and {len(shifts) - MOST_SHOWN:,} more")
    st.markdown("\n".join(told))
    if way.placed < number:
        missing = number - way.placed
        st.caption(f"{missing} of {number} would still have nobody: no mentor with a free place is available to them.")
    changes = sum(shift.after_id is not None for shift in (*way.asked, *way.others))
    if changes:
        words = "Make this draft" if changes == 1 else f"Make these {changes} drafts"
        kind = "primary" if is_best else "secondary"
        args = (cohort_id, way, after)
        st.button(words, key=f"make-{key}", type=kind, icon=":material/edit_note:", on_click=make, args=args)  # type: ignore[arg-type] # one of two words


def make(cohort_id: UUID, way: Way, after: Callable[[], None]) -> None:
    def act(session: Session, actor: Actor) -> None:
        # Whatever comes of it, what was worked out is of the past now.
        forget()
        made = redrafting.redraft(session, actor, cohort_id, way)
        after()
        drafts = "1 draft is" if len(made) == 1 else f"{len(made)} drafts are"
        tell(f"{drafts} ready under To send. Nobody was written to yet.", icon=":material/drafts:")

    at_a_press(act)


def title(way: Way, number: int) -> str:
    if not way.others:
        return "Only this mentee" if number == 1 else f"Only these {number} mentees"
    return "Move 1 other" if len(way.others) == 1 else f"Move {len(way.others)} others"


def price(way: Way) -> str:
    """What it changes in the match scores of all, out of 100 for each pair, beside what there was before."""
    points = way.points / 10
    if not points:
        return "costs nothing"
    return f"−{-points:.1f} points" if points < 0 else f"+{points:.1f} points"


def shift_in_words(shift: Shift) -> str:
    """One mentee: with whom instead of whom, with both scores out of 100."""
    name = plain(shift.mentee)
    after = f"**{plain(shift.after)}** ({shift.score * 100:.1f})" if shift.after else "nobody yet"
    if shift.before is None:
        return f"- {name}: {after}, after nobody"
    if shift.stays:
        return f"- {name}: {after} once more"
    return f"- {name}: {after} instead of {plain(shift.before)} ({shift.before_score * 100:.1f})"
