"""What the parts of the matching review share: its acts, what is ticked, and where in it somebody is."""

from contextlib import suppress
from datetime import date
from threading import Thread
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import PairRuleKind
from pages import charts
from pages.ui import at_a_press, plain, tell
from services import sessions, storage, times
from services.access import Actor
from services.errors import Refusal
from services.matching import comparing, review, review_acts, review_solved
from services.matching.review_solved import SolvedRun
from services.matching.runs import RunView

SAID = {PairRuleKind.PIN: "pinned", PairRuleKind.FORBID: "forbidden"}
_MOVED = "moved in run"
_MADE_READY = "made ready"
_TURNS = "turns of the list"
# What is looked at in one cohort means nothing in another.
_LOOKED_AT = ("search", "sort", "show", "opened pair", "search-decisions")
_BEGINNINGS = ("ask-", "list-", "compare-", "decisions-")


def today() -> date:
    """As the gates have it."""
    return times.gate_day()


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def open_pair(mentee_id: UUID | None) -> None:
    """Show one mentee's line, which stands in the address; None goes back to the list. For callbacks."""
    forget("ask-")
    if mentee_id is None:
        st.query_params.pop("pair", None)
    else:
        st.query_params["pair"] = str(mentee_id)


def forget(*beginnings: str) -> None:
    """Whatever this tab holds under keys that begin so."""
    for key in [key for key in st.session_state if str(key).startswith(beginnings)]:
        del st.session_state[key]


def begin_anew_in(cohort_id: UUID) -> None:
    """Whoever goes on to another cohort finds its list from the beginning; what is approved waits in each."""
    before = st.session_state.get("review of")
    st.session_state["review of"] = cohort_id
    if before in {None, cohort_id}:
        return
    forget(*_BEGINNINGS)
    first_page()
    for key in _LOOKED_AT:
        st.session_state.pop(key, None)
    for key in ("pair", "show"):
        st.query_params.pop(key, None)


def page_key() -> str:
    """The key of the list's pages. A new one begins at the first; under the old one, a browser shows where it was."""
    return f"page-{st.session_state.get(_TURNS, 0)}"


def first_page() -> None:
    st.session_state[_TURNS] = st.session_state.get(_TURNS, 0) + 1
    st.session_state.pop("list-page", None)


def approved(run_id: UUID) -> frozenset[UUID]:
    """The mentees ticked so far, whichever page of the list they are on."""
    chosen: frozenset[UUID] = st.session_state.get(f"approved in {run_id}", frozenset())
    return chosen


def keep(run_id: UUID, chosen: frozenset[UUID]) -> None:
    st.session_state[f"approved in {run_id}"] = chosen


def approve(run_id: UUID, chosen: frozenset[UUID]) -> None:
    """Tick exactly these. Boxes on the screen begin anew, under another key."""
    st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1
    keep(run_id, chosen)


def carry_over(session: Session, actor: Actor, cohort_id: UUID, run: RunView) -> None:
    """After a new run, an approval stands where the pair still does; a colleague's run is told of."""
    seen = st.session_state.get(f"seen run of {cohort_id}")
    st.session_state[f"seen run of {cohort_id}"] = run.id
    if seen in {None, run.id}:
        return
    if chosen := approved(seen):
        approve(run.id, review.carried(session, actor, seen, run.id, chosen))
        forget(f"approved in {seen}")
    if run.made_by_id != actor.person_id:
        st.info(
            "A colleague ran the matching again. This is how it stands now; your approvals of pairs that are still "
            "the same are kept.",
            icon=":material/group:",
        )


def solved_run(session: Session, actor: Actor, run_id: UUID) -> SolvedRun:
    """The run ready to be asked. Raises NotAllowed, Conflict."""
    found = charts.kept_run(run_id, lambda: review_solved.solved(session, actor, run_id))
    found.check(actor)
    return found


def make_ready_meanwhile(actor: Actor, run_id: UUID) -> None:
    """Make the run ready to be asked while somebody reads the list, once in each tab: the first question about a pair
    is then as quick as those after it. A run that can no longer be asked says so when somebody does.
    """
    if not has_browser() or st.session_state.get(_MADE_READY) == run_id:
        return
    st.session_state[_MADE_READY] = run_id

    def make() -> None:
        with storage.reading() as session, suppress(Refusal):
            solved_run(session, actor, run_id)

    Thread(target=make, name=f"ready-{run_id}", daemon=True).start()


def has_browser() -> bool:
    """Whether somebody reads it: a page that a test draws has nobody, and no cookie."""
    return isinstance(st.context.cookies.get(sessions.cookie_name()), str)


def decide(
    run_id: UUID, kind: PairRuleKind, mentor_id: UUID, mentee_id: UUID, names: str, *, then_open: UUID | None = None
) -> None:
    """Pin or forbid two people and run again; their pair is open then, or `then_open`. For callbacks."""

    def act(session: Session, actor: Actor) -> None:
        made = review_acts.decide(session, actor, run_id, mentor_id, mentee_id, kind=kind, today=today())
        others = moved_in_words(session, actor, run_id, made, beside=mentee_id)
        tell_of_run(made, f"{names}: {SAID[kind]}. You can undo it under Decisions.", others)
        open_pair(then_open or mentee_id)

    at_a_press(act)


def undo(rule_id: UUID, version: int, run_id: UUID) -> None:
    """Take a decision back and run again. For callbacks."""

    def act(session: Session, actor: Actor) -> None:
        undone = review_acts.undo(session, actor, rule_id, version=version, today=today())
        if undone.why_no_run:
            tell(f"Undone. {plain(undone.why_no_run)}")
        else:
            tell_of_run(undone.run, "Undone.", moved_in_words(session, actor, run_id, undone.run))

    at_a_press(act)


def moved_in_words(
    session: Session, actor: Actor, before: UUID, made: RunView | None, *, beside: UUID | None = None
) -> str:
    """How many have another mentor since, without the mentee who was decided about; who they are is offered."""
    if made is None:
        return ""
    number = comparing.moved(session, actor, before, made.id, beside=beside)
    st.session_state[_MOVED] = made.id if number else None
    other = " other" if beside else ""
    if number == 0:
        return f"No{other} mentee has another mentor than before."
    return f"1{other} mentee moved." if number == 1 else f"{number}{other} mentees moved."


def draw_moved(run_id: UUID) -> None:
    """The way to who moved in the run that somebody has just caused."""
    if st.session_state.get(_MOVED) == run_id:
        st.button(
            "See who moved", key="see-moved", type="tertiary", icon=":material/compare_arrows:", on_click=to_compare
        )


def to_compare() -> None:
    """The newest two runs side by side. For callbacks."""
    open_pair(None)
    forget("compare-")
    st.session_state[_MOVED] = None
    st.session_state["view"] = st.query_params["view"] = "compare"


def run_again(cohort_id: UUID, seed: int, floor_first: bool) -> None:
    """Ask for a run, which the next look at the screen makes before it draws anything. For callbacks."""
    st.session_state["to run"] = (cohort_id, seed, floor_first)


def run_if_asked(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Make the run that was asked for. A look that is abandoned leaves the question for the next one."""
    asked = st.session_state.get("to run")
    if asked is None:
        return
    about, seed, floor_first = asked
    try:
        if about == cohort_id:
            with st.spinner("Comparing everybody with everybody …"):
                made = review_acts.run(session, actor, cohort_id, today=today(), seed=seed, floor_first=floor_first)
            tell_of_run(made)
    finally:
        del st.session_state["to run"]
    first_page()
    st.rerun()


def tell_of_run(made: RunView | None, *said: str) -> None:
    """Say what came of an act, once the next run of the screen begins."""
    now = "The run has begun." if made is None else f"{made.matched} of {made.mentees} mentees have a mentor now."
    first, *rest = (*said, "")
    tell(" ".join(filter(None, (plain(first), now, *map(plain, rest)))))
