"""Two runs of a cohort, person by person."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.ui import empty, plain
from services import times
from services.access import Actor
from services.matching import comparing, runs
from services.matching.comparing import Comparison, Difference
from services.matching.runs import RunView

# Of one mentee, and of several.
WORDS = {
    Difference.OTHER_MENTOR: ("has another mentor", "have another mentor"),
    Difference.PLACED: ("has a mentor now", "have a mentor now"),
    Difference.LEFT_OUT: ("has nobody any more", "have nobody any more"),
    Difference.ONLY_IN_FIRST: ("is only in the earlier run", "are only in the earlier run"),
    Difference.ONLY_IN_SECOND: ("is only in the later run", "are only in the later run"),
    Difference.SAME: ("is as before", "are as before"),
}


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Choose two runs; the newest two to begin with. The earlier stands first, whichever way they are chosen."""
    found = told_apart(runs.of_cohort(session, actor, cohort_id), actor.time_zone or "UTC")
    if len(found) < 2:
        empty("There is only one run so far. Run again after a change, and see here what moved.")
        return
    chosen = [
        where.selectbox(name, list(found), index=at, key=key, format_func=found.__getitem__)
        for where, name, at, key in zip(
            st.columns(2), ("Compare this run", "with this one"), (1, 0), ("compare-a", "compare-b"), strict=True
        )
    ]
    if chosen[0] == chosen[1]:
        empty("Choose two different runs.")
        return
    # Two other runs begin with their first page.
    key = f"compare-page-{chosen[0]}-{chosen[1]}"
    page = st.session_state.get(key, 1)
    draw_found(comparing.compare(session, actor, chosen[0], chosen[1], page=page), key)


def told_apart(newest_first: Sequence[RunView], zone: str) -> dict[UUID, str]:
    """Each run in words. Of several that read alike, each says which of them it is: a box knows them by words alone."""
    words = {run.id: in_words(run, zone) for run in newest_first}
    alike = Counter(words.values())
    left = Counter(words.values())
    for run_id, said in words.items():
        if alike[said] > 1:
            words[run_id] = f"{said}, run {left[said]} of that minute"
            left[said] -= 1
    return words


def in_words(run: RunView, zone: str) -> str:
    policy = ", worst pair first" if run.policy == "floor_first" else ""
    return f"{times.in_words(run.made_at, zone)}: {run.matched} of {run.mentees} matched{policy}"


def draw_found(found: Comparison, key: str) -> None:
    counted = [f"{number} {words[number > 1]}" for what, words in WORDS.items() if (number := found.counts[what])]
    st.markdown(plain(f"Of the mentees, {', '.join(counted)}."))
    if found.settings:
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in found.settings))
    if not found.changed:
        empty("Nobody has another mentor in the later run.")
        return
    st.dataframe(
        [
            {
                "Mentee": change.mentee,
                "Earlier": change.before or "nobody",
                "Points": change.score_before if change.before else None,
                "Later": change.after or "nobody",
                "Points later": change.score_after if change.after else None,
            }
            for change in found.changes
        ],
        hide_index=True,
        placeholder="–",
        alt="Every mentee for whom something is different, with both mentors and scores",
    )
    if found.pages > 1:
        st.pagination(found.pages, default=found.page, key=key)
