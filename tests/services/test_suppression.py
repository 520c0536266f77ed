"""Nobody who reads what a manager is shown can work out anything about one to four people."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.suppression import exact, protected

CHAIN: list[tuple[str, Callable[[int], bool]]] = [
    ("all", lambda cell: True),
    ("second", lambda cell: cell >= 1),
    ("third", lambda cell: cell >= 2),
    ("fourth", lambda cell: cell >= 3),
]
PARTITION: list[tuple[str, Callable[[int], bool]]] = [
    ("all", lambda cell: True),
    ("in rhythm", lambda cell: cell == 0),
    ("quiet", lambda cell: cell == 1),
    ("silent", lambda cell: cell == 2),
]
PARTS = [frozenset({"quiet", "silent"})]
# As on the screen: chains and a partition about the same people, which overlap in any way.
Crossed = tuple[int, int, int]
CROSSED: list[tuple[str, Callable[[Crossed], bool]]] = [
    ("all", lambda cell: True),
    ("matched", lambda cell: cell[0] == 1),
    ("in rhythm", lambda cell: cell[:2] == (1, 0)),
    ("quiet", lambda cell: cell[:2] == (1, 1)),
    ("silent", lambda cell: cell[:2] == (1, 2)),
    ("due", lambda cell: cell[0] == 1 and cell[2] >= 1),
    ("in time", lambda cell: cell[0] == 1 and cell[2] == 2),
]
CELLS: list[Crossed] = list(product((0, 1), range(3), range(3)))
MEMBERS = {name: frozenset(cell for cell in CELLS if belongs(cell)) for name, belongs in CROSSED}


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ((0, 0, 0), {"all": 0, "in rhythm": 0, "quiet": 0, "silent": 0}),
        ((4, 0, 0), {"all": None, "in rhythm": None, "quiet": 0, "silent": 0}),
        ((5, 0, 0), {"all": 5, "in rhythm": 5, "quiet": 0, "silent": 0}),
        ((12, 8, 5), {"all": 25, "in rhythm": 12, "quiet": 8, "silent": 5}),
        # The one silent pair would follow from the rest: a second count goes with it.
        ((12, 8, 1), {"all": 21, "in rhythm": 12, "quiet": None, "silent": None}),
        ((20, 3, 1), {"all": 24, "in rhythm": None, "quiet": None, "silent": None}),
    ],
)
def test_a_small_count_is_hidden_with_what_would_tell_it(counts: tuple[int, ...], shown: dict[str, int | None]) -> None:
    assert protected(dict(enumerate(counts)), PARTITION, together=PARTS) == shown


def test_a_coordinator_sees_every_count() -> None:
    assert exact({0: 12, 1: 3, 2: 1}, PARTITION) == {"all": 16, "in rhythm": 12, "quiet": 3, "silent": 1}


@pytest.mark.parametrize(("groups", "together", "cells", "most"), [(CHAIN, [], 4, 12), (PARTITION, PARTS, 3, 18)])
def test_whoever_knows_the_rule_still_cannot_tell_a_small_group(
    groups: list[tuple[str, Callable[[int], bool]]], together: list[frozenset[str]], cells: int, most: int
) -> None:
    """Every table there can be, up to a size: what is published fits at least two sizes of every small group."""
    sizes: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for counts in product(range(most + 1), repeat=cells):
        if sum(counts) > most:
            continue
        table = dict(enumerate(counts))
        published = tuple(protected(table, groups, together=together).items())
        for cell, size in table.items():
            sizes[published, cell].add(size)
        for name, belongs in groups:
            sizes[published, name].add(sum(size for cell, size in table.items() if belongs(cell)))

    pinned = [what for what, fitting in sizes.items() if len(fitting) == 1 and 0 < min(fitting) < 5]

    # Of the largest tables that were tried, some that would look the same are larger still.
    assert [what for what in pinned if ("all", most) not in what[0]] == []  # type: ignore[operator]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 6, 9, 14]), min_size=len(CELLS), max_size=len(CELLS)))
def test_no_sum_or_difference_of_what_is_shown_speaks_of_fewer_than_five(counts: list[int]) -> None:
    table = dict(zip(CELLS, counts, strict=True))

    published = protected(table, CROSSED, together=PARTS)

    shown = [MEMBERS[name] for name, count in published.items() if count is not None]
    live = frozenset(CELLS) - _known_to_be_empty(table, shown)
    cells = sorted(live)
    span = _span([group & live for group in shown], cells)
    small = _small_groups(table, live)
    assert [group for group in small if not any(_reduced([Fraction(cell in group) for cell in cells], span))] == []


def _known_to_be_empty(table: Mapping[Crossed, int], shown: Sequence[frozenset[Crossed]]) -> frozenset[Crossed]:
    """What a reader learns from noughts, and from groups that are as large as all their parts together."""
    rests = [*shown, *_rests(shown)]
    return frozenset().union(*(rest for rest in rests if sum(table[cell] for cell in rest) == 0))


def _rests(groups: Sequence[frozenset[Crossed]]) -> list[frozenset[Crossed]]:
    """Every group without up to three separate groups that lie in it."""
    found = []
    for whole in groups:
        inside = [group for group in groups if group < whole]
        for number in (1, 2, 3):
            for parts in combinations(inside, number):
                if sum(map(len, parts)) == len(frozenset().union(*parts)):
                    found.append(whole.difference(*parts))
    return found


def _small_groups(table: Mapping[Crossed, int], live: frozenset[Crossed]) -> list[frozenset[Crossed]]:
    """One to four people who have something in common: a cell or two, a group of the screen, or the rest of one."""
    groups = list(MEMBERS.values())
    cells = [frozenset(some) for number in (1, 2) for some in combinations(sorted(live), number)]
    candidates = {group & live for group in [*cells, *groups, *_rests(groups)]}
    return [group for group in candidates if 0 < sum(table[cell] for cell in group) < 5]


def _span(shown: Sequence[frozenset[Crossed]], cells: Sequence[Crossed]) -> dict[int, list[Fraction]]:
    """All that sums of multiples of the shown groups can say, as rows by their first cell: exact linear algebra."""
    span: dict[int, list[Fraction]] = {}
    for group in shown:
        row = _reduced([Fraction(cell in group) for cell in cells], span)
        first = next((at for at, value in enumerate(row) if value), None)
        if first is not None:
            span[first] = [value / row[first] for value in row]
    return span


def _reduced(row: list[Fraction], span: Mapping[int, list[Fraction]]) -> list[Fraction]:
    """What of a row the span cannot say; all noughts when it can."""
    for first in sorted(span):
        if row[first]:
            row = [mine - row[first] * theirs for mine, theirs in zip(row, span[first], strict=True)]
    return row
