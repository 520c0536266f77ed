"""Two people's records of their meetings: every record once, and the same answer from either side."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schemes import Channel
from services.reconciliation import ComparedMeeting, Difference, Noted, State, reconcile

ZONE = "Asia/Shanghai"
DAY = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
MIRROR = {
    State.BOTH: State.BOTH,
    State.DIFFER: State.DIFFER,
    State.MINE_ONLY: State.THEIRS_ONLY,
    State.THEIRS_ONLY: State.MINE_ONLY,
}


def noted(number: int, minutes: int = 0, *, happened: bool = True, length: int = 45) -> Noted:
    start = DAY + timedelta(minutes=minutes)
    return Noted(UUID(int=number), start, ZONE, length, Channel.WECHAT, happened, None)


def records(first: int) -> st.SearchStrategy[list[Noted]]:
    """Up to eight records within a few days; ids from `first` on."""
    facts = st.tuples(st.integers(-5 * 24 * 4, 5 * 24 * 4).map(lambda quarter: quarter * 15), st.booleans())
    return st.lists(facts, max_size=8).map(
        lambda found: [noted(first + i, minutes, happened=held) for i, (minutes, held) in enumerate(found)]
    )


@pytest.mark.clause("A-SH6")
@pytest.mark.parametrize(
    ("gap", "state"),
    [(0, State.BOTH), (30, State.BOTH), (-30, State.BOTH), (31, State.DIFFER), (12 * 60, State.DIFFER)],
)
def test_half_an_hour_apart_is_one_meeting_and_more_on_that_day_differs(gap: int, state: State) -> None:
    mine, theirs = noted(1), noted(2, gap)

    assert reconcile([mine], [theirs], ZONE) == (ComparedMeeting(state, mine, theirs),)


@pytest.mark.clause("A-SH6")
def test_another_day_is_another_meeting() -> None:
    mine, theirs = noted(1), noted(2, 13 * 60)  # 00:00 in Shanghai, the same day in UTC

    assert reconcile([mine], [theirs], ZONE) == (
        ComparedMeeting(State.THEIRS_ONLY, None, theirs),
        ComparedMeeting(State.MINE_ONLY, mine, None),
    )


def test_close_to_midnight_half_an_hour_still_counts() -> None:
    mine, theirs = noted(1, 12 * 60 + 50), noted(2, 13 * 60 + 10)

    assert [each.state for each in reconcile([mine], [theirs], ZONE)] == [State.BOTH]


def test_held_and_not_held_differ_however_near() -> None:
    mine, theirs = noted(1), noted(2, happened=False)

    assert [each.state for each in reconcile([mine], [theirs], ZONE)] == [State.DIFFER]


def test_two_who_both_say_that_it_did_not_take_place_agree() -> None:
    mine, theirs = noted(1, happened=False), noted(2, happened=False)

    assert [each.state for each in reconcile([mine], [theirs], ZONE)] == [State.BOTH]


@pytest.mark.clause("A-SH6")
@pytest.mark.parametrize(
    ("theirs", "differences"),
    [
        (noted(2), ()),
        (noted(2, 30, length=60), ()),
        (noted(2, length=61), (Difference.LENGTH,)),
        (noted(2, 31), (Difference.START,)),
        (noted(2, -31, length=25), (Difference.START, Difference.LENGTH)),
        (noted(2, happened=False, length=5), (Difference.HELD,)),
        (noted(2, 31, happened=False), (Difference.HELD, Difference.START)),
    ],
    ids=["same", "rounded", "longer", "later", "earlier-shorter", "not-held", "not-held-later"],
)
def test_what_two_records_differ_in_is_the_same_from_either_side(
    theirs: Noted, differences: tuple[Difference, ...]
) -> None:
    (seen,), (mirrored,) = reconcile([noted(1)], [theirs], ZONE), reconcile([theirs], [noted(1)], ZONE)

    assert (seen.differences, mirrored.differences) == (differences, differences)


def test_one_record_alone_differs_in_nothing() -> None:
    assert reconcile([noted(1)], [], ZONE)[0].differences == ()


def test_the_nearest_are_taken_first() -> None:
    early, late = noted(1, 0), noted(2, 40)
    theirs = noted(3, 25)

    assert reconcile([early, late], [theirs], ZONE) == (
        ComparedMeeting(State.BOTH, late, theirs),
        ComparedMeeting(State.MINE_ONLY, early, None),
    )


def test_a_meeting_began_when_i_say_it_did() -> None:
    mine, theirs = noted(1, 20), noted(2)

    met = reconcile([mine], [theirs], ZONE)[0]
    alone = reconcile([], [theirs], ZONE)[0]

    assert (met.started_at, alone.started_at) == (mine.started_at, theirs.started_at)


@given(records(1), records(100))
def test_each_record_is_there_exactly_once(mine: list[Noted], theirs: list[Noted]) -> None:
    found = reconcile(mine, theirs, ZONE)

    assert sorted(each.mine.id for each in found if each.mine) == sorted(record.id for record in mine)
    assert sorted(each.theirs.id for each in found if each.theirs) == sorted(record.id for record in theirs)


@given(records(1), records(100))
def test_swapping_the_sides_swaps_the_answer(mine: list[Noted], theirs: list[Noted]) -> None:
    swapped = [ComparedMeeting(MIRROR[each.state], each.theirs, each.mine) for each in reconcile(theirs, mine, ZONE)]

    assert list(reconcile(mine, theirs, ZONE)) == swapped


@given(records(1), records(100), st.randoms())
def test_the_order_in_which_records_come_does_not_matter(
    mine: list[Noted], theirs: list[Noted], chance: Random
) -> None:
    shuffled = chance.sample(mine, len(mine))

    assert reconcile(shuffled, theirs, ZONE) == reconcile(mine, theirs, ZONE)
