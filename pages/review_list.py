"""The review's list: a pair to open in place, or boxes to tick when somebody wants to choose several at once.

The list is one group of choices, because twenty cards cost the server more than all that is known of the pairs.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from models.matching import ProposalStatus
from pages.review_pair import smallest_change
from pages.review_parts import approved, first_page, keep, open_pair, page_key
from pages.ui import empty, plain, segments
from services.matching.review import PairLine, Pairs, Show, Sort

SHOWN = {Show.ALL: "All", Show.MATCHED: "Matched", Show.WARNINGS: "Warnings", Show.UNMATCHED: "Unmatched"}
SORTED = {Sort.BEST: "Best first", Sort.WORST: "Weakest first", Sort.NAME: "By name", Sort.WISH: "By wish"}
CAME_OF_IT = {
    ProposalStatus.DRAFT: ":blue-badge[Ready to send]",
    ProposalStatus.SENT: ":blue-badge[Proposed]",
    ProposalStatus.ACCEPTED: ":green-badge[Accepted]",
    ProposalStatus.DECLINED: ":gray-badge[Declined]",
    ProposalStatus.EXPIRED: ":gray-badge[Ran out]",
    ProposalStatus.WITHDRAWN: ":gray-badge[Withdrawn]",
}
OWN = ":gray-badge[:material/person: Your own pair]"
BY_ANOTHER = "You are one of the two, so another coordinator proposes it."
APPROVED = ":green-badge[:material/check: Approved]"
_OPENED = "opened pair"
# The list up to the pair that is open, and the rest of it.
_UPPER, _LOWER = "pairs", "pairs-below"


def shown_now() -> Show:
    """What the control above the list will say: its counts are read before it is drawn."""
    value = st.session_state.get("show") or st.query_params.get("show")
    return Show(value) if value in set(Show) else Show.ALL


def looked_at_last() -> tuple[str, Sort, int]:
    """What is searched for, the order and the page, also after a pair was opened, when the widgets forget them."""
    for key, otherwise in (("search", ""), ("sort", Sort.BEST)):
        if key not in st.session_state:
            st.session_state[key] = st.session_state.get(f"list-{key}", otherwise)
        st.session_state[f"list-{key}"] = st.session_state[key]
    at_page = st.session_state.get(page_key(), st.session_state.get("list-page", 1))
    return st.session_state["search"], st.session_state["sort"], at_page


def draw(run_id: UUID, found: Pairs, *, can_approve: bool) -> None:
    """What can be looked for, and the lines: whoever has nobody, then the pairs as sorted.

    `can_approve` says that the run has pairs that are still open.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Search", key="search", placeholder="Name or sector", on_change=first_page)
        st.selectbox("Sort", list(Sort), key="sort", format_func=SORTED.__getitem__, on_change=first_page)
        several = can_approve and st.toggle("Choose several", key="several-pairs")
    segments(
        "Show",
        [each.value for each in Show],
        key="show",
        default=Show.ALL.value,
        required=True,
        in_address=True,
        words=lambda value: f"{SHOWN[Show(value)]} {found.counts[Show(value)]:,}",
        on_change=first_page,
    )
    if not found.lines:
        empty("Nobody here. Clear the search, or show all.")
    elif several:
        draw_boxes(run_id, found.lines)
    else:
        draw_lines(run_id, found.lines)
    # The page's own control is forgotten while it is not drawn.
    st.session_state["list-page"] = found.page
    if found.pages > 1:
        st.pagination(found.pages, default=found.page, key=page_key())


def draw_lines(run_id: UUID, lines: Sequence[PairLine]) -> None:
    """The page's lines; of the one that is chosen, what can be done stands under it."""
    opened = st.session_state.get(_OPENED)
    at = next((index for index, line in enumerate(lines) if line.mentee_id == opened), None)
    end = len(lines) if at is None else at + 1
    st.session_state[_UPPER], st.session_state[_LOWER] = None if at is None else opened, None
    chosen, words = approved(run_id), told_apart(lines)
    with st.container(border=True):
        draw_choice(lines[:end], words, chosen, key=_UPPER)
        if at is not None:
            draw_opened(run_id, lines[at])
        if lines[end:]:
            draw_choice(lines[end:], words, chosen, key=_LOWER)


def draw_choice(lines: Sequence[PairLine], words: dict[UUID, str], chosen: frozenset[UUID], *, key: str) -> None:
    # Marks stand in the line itself: the line under it is drawn faint, and in it their colours are hard to read.
    said = {line.mentee_id: f"{words[line.mentee_id]} {marks(line, chosen)}".rstrip() for line in lines}
    st.radio(
        "Open a pair",
        [line.mentee_id for line in lines],
        index=None,
        key=key,
        format_func=lambda mentee_id: said.get(mentee_id, ""),
        captions=[why(line) for line in lines],
        label_visibility="collapsed",
        on_change=partial(choose, key),
        width="stretch",
    )


def draw_opened(run_id: UUID, line: PairLine) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if line.can_approve:
            draw_box("Approve this pair", run_id, line.mentee_id)
        look = partial(open_pair, line.mentee_id)
        st.button("Look closer", key=f"open-{line.mentee_id}", icon=":material/zoom_in:", on_click=look)
        st.button("Close", key="close-line", type="tertiary", on_click=close)


def draw_boxes(run_id: UUID, lines: Sequence[PairLine]) -> None:
    """The same lines with a box each, where anything is left to approve."""
    with st.container(border=True):
        words = told_apart(lines)
        for line in lines:
            said = f"{words[line.mentee_id]} {marks(line)}  \n{why(line)}"
            if line.can_approve:
                draw_box(said, run_id, line.mentee_id)
            else:
                st.markdown(said)


def draw_box(label: str, run_id: UUID, mentee_id: UUID) -> None:
    """A tick that is kept when the page of the list changes."""
    key = f"approve-{mentee_id}-{st.session_state.get('ticks', 0)}"

    def tick() -> None:
        now, mine = approved(run_id), frozenset({mentee_id})
        keep(run_id, now | mine if st.session_state[key] else now - mine)

    st.checkbox(label, mentee_id in approved(run_id), key=key, on_change=tick)


def choose(key: str) -> None:
    st.session_state[_OPENED] = st.session_state[key]


def close() -> None:
    st.session_state[_OPENED] = None


def told_apart(lines: Sequence[PairLine]) -> dict[UUID, str]:
    """Who it is about, in one line each. Two lines that read alike would be one choice."""
    words: dict[UUID, str] = {}
    for line in lines:
        said = in_words(line)
        while said in words.values():
            said += " · of the same name"
        words[line.mentee_id] = said
    return words


def in_words(line: PairLine) -> str:
    if line.mentor is None:
        return f"**{plain(line.mentee)}** has no mentor in this run"
    return f"**{plain(line.mentee)}** with **{plain(line.mentor)}** · {line.score} of {line.possible} possible points"


def why(line: PairLine) -> str:
    """What speaks for a pair, or what would place whoever has nobody."""
    if line.mentor is None:
        return f"{plain(line.note or '')} {smallest_change(line.one_more_with)}".rstrip()
    reasons = " · ".join(map(plain, line.reasons)) or "Nothing speaks strongly for this pair"
    return f"{BY_ANOTHER} {reasons}" if line.is_own else reasons


def marks(line: PairLine, chosen: frozenset[UUID] = frozenset()) -> str:
    """What to look at twice, and what came of it."""
    if line.mentor is None:
        return moved(line)
    badges = (
        # One badge for each: a badge is not broken into lines, and a wide one would widen the whole list on a phone.
        *(f":orange-badge[:material/warning: {plain(each)}]" for each in (line.note or "").split(" · ") if each),
        f":blue-badge[Wish number {line.wish_rank}]" if line.wish_rank else "",
        moved(line),
        OWN if line.is_own and line.mentor else "",
        CAME_OF_IT[line.proposal] if line.proposal is not None else "",
        APPROVED if line.mentee_id in chosen and line.can_approve else "",
    )
    return " ".join(filter(None, badges))


def moved(line: PairLine) -> str:
    """Since the run, somebody else was found for the mentee: what stands here is no longer on offer."""
    if not line.is_moved:
        return ""
    return f":violet-badge[:material/swap_horiz: Moved to {plain(line.instead or 'somebody else')}]"
