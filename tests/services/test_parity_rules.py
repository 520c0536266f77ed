"""Nobody who knows all names, and who is matched, can work out from the shares of groups who belongs to one."""

import random
from itertools import product

import pytest

from services.parity_rules import (
    FEW,
    Counted,
    Difference,
    Told,
    behind,
    difference,
    hides_who_is_in_it,
    is_new,
    roughly,
    told,
)

SMALL = range(1, 5)


@pytest.mark.clause("A-SH3")
@pytest.mark.parametrize(
    ("people", "matched", "said"),
    [
        (7, 5, None),
        (8, 4, None),
        (10, 5, Told(10, 50, 50)),
        (21, 15, Told(20, 70, 70)),
        # Fewer than five without a match, or with one: only a range, the same for nought to four.
        (20, 16, Told(20, 75, 100)),
        (20, 20, Told(20, 75, 100)),
        (20, 4, Told(20, 0, 25)),
        (20, 0, Told(20, 0, 25)),
    ],
)
def test_a_share_is_rounded_and_a_small_part_of_it_is_only_a_range(
    people: int, matched: int, said: Told | None
) -> None:
    assert told(Counted(people, matched), Counted(60, 30)) == said


@pytest.mark.clause("A-SH3")
def test_a_group_that_holds_nearly_everybody_without_a_match_is_kept_back() -> None:
    everybody = Counted(60, 50)

    assert told(Counted(20, 14), everybody) is None
    assert told(Counted(20, 15), everybody) == Told(20, 75, 75)
    assert told(Counted(45, 41), everybody) == Told(45, 90, 100)
    # Whether 42 or 46 of them are matched makes no difference, or it would tell.
    assert [told(Counted(46, matched), everybody) for matched in (42, 45, 46)] == [None] * 3


@pytest.mark.clause("A-SH3")
def test_an_intruder_finds_no_small_number_of_people_in_any_table() -> None:
    dice = random.Random(20261122)
    tables = 0
    for _ in range(400):
        groups = [Counted(people, dice.randint(0, people)) for people in (dice.randint(0, 30) for _ in range(3))]
        rest = dice.randint(0, 6)
        everybody = Counted(
            sum(each.people for each in groups) + rest, sum(each.matched for each in groups) + dice.randint(0, rest)
        )
        shown = [said for each in groups if (said := told(each, everybody))]
        if len(shown) < 2:
            continue
        tables += 1
        worlds = [possible(said, everybody) for said in shown]
        for found in worlds:
            for numbers in ({each.people for each in found}, {each.unmatched for each in found}):
                assert not numbers <= set(SMALL)
            # Whoever has no match is never all in one group, as far as anybody can tell.
            assert any(everybody.unmatched - each.unmatched >= min(5, everybody.unmatched) for each in found)
        left = {
            everybody.people - sum(sizes)
            for sizes in product(*({each.people for each in found} for found in worlds))
            if everybody.people >= sum(sizes)
        }
        assert not left <= set(SMALL)
    assert tables > 100


def possible(said: Told, everybody: Counted) -> list[Counted]:
    """Every group that would have been told of in these words."""
    return [
        group
        for people in range(max(0, said.people - 3), said.people + 4)
        for matched in range(people + 1)
        if told(group := Counted(people, matched), everybody) == said
    ]


@pytest.mark.clause("A-SH3")
def test_a_figure_is_new_only_when_five_people_of_the_group_have_changed() -> None:
    before = Counted(20, 12)

    assert [is_new(before, Counted(20 + more, 12)) for more in (-4, 0, 4)] == [False] * 3
    assert is_new(before, Counted(20, 16)) is False
    assert [is_new(before, now) for now in (Counted(25, 12), Counted(25, 17), Counted(20, 17))] == [True] * 3


def test_who_is_matched_is_hidden_among_others_on_both_sides() -> None:
    everybody = Counted(30, 15)

    assert [hides_who_is_in_it(Counted(12, matched), everybody) for matched in (2, 5, 6, 7, 10, 12)] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.clause("A-SH3")
def test_the_largest_difference_comes_with_what_chance_leaves_open() -> None:
    few = {"Women": Told(20, 70, 70), "Men": Told(15, 75, 100), "Others": Told(10, 50, 50)}
    many = {"First in the family": Told(400, 55, 55), "Not the first": Told(600, 80, 80)}

    assert difference(few) == Difference("Men", "Others", 25, -12, 76)
    assert difference(many) == Difference("Not the first", "First in the family", 25, 19, 31)
    assert (difference({}), difference({"Women": Told(20, 70, 70)})) == (None, None)


def test_ranges_that_overlap_show_no_difference() -> None:
    found = difference({"Women": Told(15, 65, 100), "Men": Told(10, 50, 100)})

    assert found is not None
    assert (found.points, found.may_be_chance) == (0, True)


def test_every_count_that_a_figure_may_stand_for_is_thought_of() -> None:
    counts = [Counted(people, matched) for people in range(8, 31) for matched in range(people + 1)]
    everybody = Counted(90, 45)

    missed = [each for each in counts if (said := told(each, everybody)) and each not in set(behind(said))]

    assert missed == []
    assert list(behind(Told(10, 50, 50))) == [Counted(10, 5), Counted(12, 6)]


@pytest.mark.parametrize(
    ("before", "told_for"),
    [
        (0, {0: 0, 1: FEW, 7: FEW, 8: 10, 22: 20}),
        # Another word only when five people have changed, in whichever number it stood for.
        (FEW, {0: 0, 7: FEW, 11: FEW, 12: 10}),
        (20, {0: 0, 13: 15, 14: 20, 26: 20, 27: 25}),
        (10, {0: 0, 3: FEW, 4: 10, 16: 10, 17: 15}),
    ],
    ids=["nothing told before", "few", "about twenty", "about ten"],
)
def test_how_many_could_not_be_read_is_told_roughly(before: int, told_for: dict[int, int]) -> None:
    assert {count: roughly(count, before) for count in told_for} == told_for
