"""What if the weights were different, or the worst pair came first? Nothing is kept until somebody says so."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import charts
from pages.review_parts import tell_of_run, today
from pages.ui import at_a_press, plain, refusals
from services.access import Actor
from services.matching import review_acts, review_settings, work
from services.matching.review_settings import Moved, Weighing
from services.matching.runs import Preview, RunView
from services.matching.scheme_criteria import HIGHEST_WEIGHT

# Up to this many pairs a preview takes well under a second; beyond it, it is made when asked.
LIVE = work.LARGE


def draw(session: Session, actor: Actor, cohort_id: UUID, run: RunView, edition: int) -> None:
    """A slider for each criterion, and beside them what a run with these weights would change."""
    now = review_settings.weighing(session, actor, cohort_id)
    # What it comes to stands first, so that it is in sight on a phone as well.
    aside, main = st.columns([1, 1.4], gap="medium")
    with main:
        weights = draw_sliders(now)
        floor_first = st.toggle(
            "Lift the worst pair first",
            value=run.policy == "floor_first",
            key=f"floor-{run.id}",
            help="As many mentees as possible have a mentor either way. With this, the weakest pair is made as good as "
            "it can be, before the total of all pairs counts.",
        )
    # A refusal stands where the answer would, not below a dozen sliders.
    with aside, st.container(border=True), refusals():
        draw_preview(session, actor, cohort_id, run, now, weights, edition, floor_first=floor_first)


def draw_sliders(now: Weighing) -> dict[str, int]:
    """The weights as they stand on the sliders. Another version of the scheme begins anew."""
    st.caption("0 means that it does not count. What you try here is kept only when you say so.")
    return {
        each.key: st.slider(
            plain(each.label),
            0,
            HIGHEST_WEIGHT,
            each.weight,
            key=f"weight-{each.key}-{now.scheme_id}-{now.version}",
            help=plain(each.sentence),
        )
        for each in now.criteria
    }


def draw_preview(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    run: RunView,
    now: Weighing,
    weights: Mapping[str, int],
    edition: int,
    *,
    floor_first: bool,
) -> None:
    """How many pairs would change, what it costs, and the buttons that keep it or go back."""
    st.header("What would change", anchor=False)
    is_large = review_acts.pairs_to_compare(session, actor, cohort_id) >= LIVE
    if is_large and not st.button("Work it out", key="work-it-out"):
        st.markdown("This cohort is large: a preview takes a second or two.")
    else:
        found = draw_sentences(session, actor, cohort_id, run, weights, edition, floor_first=floor_first)
        draw_moved(session, actor, cohort_id, found, is_large=is_large)
    is_new = weights != now.weights or floor_first != (run.policy == "floor_first")
    st.button(
        "Keep this and run" if is_new else "Run again like this",
        key="keep-weights",
        type="primary" if is_new else "secondary",
        on_click=partial(keep, cohort_id, now, dict(weights), floor_first=floor_first, seed=run.seed),
    )
    if weights != now.weights:
        st.caption("The weights are the whole scheme's: later cohorts start with them too.")
    if now.before is not None:
        st.button(
            "Back to the weights before",
            key="weights-before",
            help="Those of the last run that was asked with other weights.",
            on_click=partial(
                keep,
                cohort_id,
                now,
                {**dict.fromkeys(now.weights, 0), **now.before},
                floor_first=floor_first,
                seed=run.seed,
            ),
        )


def draw_sentences(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    run: RunView,
    weights: Mapping[str, int],
    edition: int,
    *,
    floor_first: bool,
) -> Preview:
    def preview(*, floor: bool) -> Preview:
        # Counts and some ids, which stand until something is written about the scheme.
        key = ("what if", run.id, today(), edition, tuple(sorted(weights.items())), floor)
        return charts.kept(
            key,
            lambda: review_settings.preview(session, actor, run, cohort_id, weights, floor_first=floor, today=today()),
        )

    with st.spinner("Working it out …"):
        found = preview(floor=floor_first)
        st.markdown(f"**{plain(review_settings.what_would_change(found))}**")
        if floor_first:
            st.markdown(plain(review_settings.price_of_floor(preview(floor=False), found)))
    return found


def draw_moved(session: Session, actor: Actor, cohort_id: UUID, found: Preview, *, is_large: bool) -> None:
    """For whom, from whom to whom. Their names are read when somebody looks; of a preview that was asked for, at once:
    opening it would be another run, without that answer."""
    if not found.changed:
        return
    box = st.expander("For whom", key="what-if-who", on_change="ignore" if is_large else "rerun")
    if is_large or box.open:
        box.markdown(moves_in_words(review_settings.moved(session, actor, cohort_id, found), found.changed))


def moves_in_words(shown: Sequence[Moved], changed: int) -> str:
    """A line for each, then how many more there are."""
    lines = [
        f"- {plain(move.mentee)}: {plain(move.before or 'nobody')} → {plain(move.after or 'nobody')}" for move in shown
    ]
    if more := changed - len(shown):
        lines.append(f"\n:small[:gray[{more:,} more. Once this has run, “Compare runs” names everybody.]]")
    return "\n".join(lines)


def keep(cohort_id: UUID, now: Weighing, weights: Mapping[str, int], *, floor_first: bool, seed: int) -> None:
    """Keep the weights and run. For callbacks."""

    def act(session: Session, actor: Actor) -> None:
        made = review_settings.keep(
            session, actor, cohort_id, now, weights, floor_first=floor_first, seed=seed, today=today()
        )
        tell_of_run(made, "Kept.")

    at_a_press(act)
