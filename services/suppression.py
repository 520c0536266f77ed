"""Which counts somebody who may not see people is shown, so that none of them speaks about fewer than five.

Whoever reads a table subtracts. So a count is shown only if neither it nor what is left of a larger shown group, once
shown groups inside that one are taken away, is one to four people. A count that is kept back says no more than that:
the same word stands for "fewer than 5" and for "so many that fewer than 5 would remain", or the word would tell.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

SMALLEST = 5
HIDDEN = "fewer than 5, or fewer than 5 left over"

CellT = TypeVar("CellT", bound=Hashable)
Shown = int | None
Group = tuple[str, Callable[[CellT], bool]]


def exact(
    cells: Mapping[CellT, int], groups: Sequence[Group[CellT]], *, together: Sequence[frozenset[str]] = ()
) -> dict[str, Shown]:
    """Every group's count as it is, for those who work with the people themselves."""
    return {name: sum(count for cell, count in cells.items() if belongs(cell)) for name, belongs in groups}


def protected(
    cells: Mapping[CellT, int], groups: Sequence[Group[CellT]], *, together: Sequence[frozenset[str]] = ()
) -> dict[str, Shown]:
    """Every group's count, or None where it is kept back. The most important groups come first: they win.

    `cells` counts people by everything the groups ask about; nobody is in two cells. The groups of one set of
    `together` are shown or kept back as one: parts of a whole, or the choice between them would tell their sizes.
    """
    members = {
        name: frozenset(cell for cell, count in cells.items() if count and belongs(cell)) for name, belongs in groups
    }
    shown: dict[str, Shown] = {name: 0 for name, group in members.items() if not group}
    open_sets: set[frozenset[CellT]] = set()
    for name in members:
        if name in shown:
            continue
        mates = [mate for mate in _mates(name, together) if members[mate]]
        candidates = {members[mate] for mate in mates}
        is_safe = _is_safe(cells, open_sets | candidates)
        open_sets |= candidates if is_safe else set()
        shown |= {mate: _size(cells, members[mate]) if is_safe else None for mate in mates}
    return {name: shown[name] for name in members}


def _mates(name: str, together: Sequence[frozenset[str]]) -> frozenset[str]:
    return next((names for names in together if name in names), frozenset({name}))


def is_small(count: int) -> bool:
    """One to four. Nobody at all is no group, so a true nought is shown."""
    return 0 < count < SMALLEST


def _is_safe(cells: Mapping[CellT, int], sets: set[frozenset[CellT]]) -> bool:
    return not any(
        is_small(_size(cells, rest))
        for whole in sets
        for rest in _remainders(whole, [s for s in sets if s and s < whole])
    )


def _remainders(whole: frozenset[CellT], inside: Sequence[frozenset[CellT]]) -> Iterator[frozenset[CellT]]:
    """What is left of a group without any choice of separate groups that lie in it."""
    yield whole
    for position, part in enumerate(inside):
        others = [other for other in inside[position + 1 :] if not other & part]
        yield from _remainders(whole - part, others)


def _size(cells: Mapping[CellT, int], members: frozenset[CellT]) -> int:
    return sum(cells[cell] for cell in members)
