"""The best assignment of all pairs, found with few of them and proved with every one.

The flow solver sees each mentee's best candidates only. One pass over all pairs then compares each with the prices:
pairs that could improve the answer join the candidates, and when there are none, that is the proof.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.flow import assigned
from services.matching.pairs import Flags, Ints, MatchingInputError, Pairs, Scorer, blocks, collected, joined
from services.matching.prices import gains_at, smallest_prices
from services.matching.room import Room

CANDIDATES = 12
MORE_EACH_ROUND = 8
Progress = Callable[[str, float], None]
Part = tuple[Ints, Ints, Ints]


@dataclass(frozen=True, eq=False)
class Optimum:
    """`chosen` (n,) are positions in `pairs`, -1 for nobody; gains `u` (n,), prices `v` (m,), a match's worth `big`.

    `tight` are the only pairs that any best assignment can use. `slack` is 0 when proved; otherwise no assignment is
    worth more than this one plus `slack`, and there are no tight pairs.
    """

    pairs: Pairs
    chosen: Ints
    u: Ints
    v: Ints
    big: int
    tight: Pairs
    slack: int = 0


@dataclass(frozen=True, eq=False)
class First:
    """What the first pass over all pairs finds: candidates, the highest score, and the pairs asked for."""

    candidates: Pairs
    highest: int
    asked: dict[tuple[int, int], int]


def first_look(scorer: Scorer, free: Flags, asked: list[tuple[int, int]], progress: Progress) -> First:
    """Each free mentee's best candidates. `asked` pairs that are allowed come back with their scores, and of free
    mentees also join the candidates. Raises MatchingInputError for a negative score or a block of the wrong shape."""
    parts: list[Part] = []
    found: dict[tuple[int, int], int] = {}
    by_row: dict[int, list[int]] = {}
    for row, column in asked:
        by_row.setdefault(row, []).append(column)
    highest = 0
    for rows in blocks(scorer):
        progress("Looking at every pair", rows.start / scorer.n)
        scores, allowed = scorer.block(rows)
        shown = _checked(scores, allowed, (rows.stop - rows.start, scorer.m))
        highest = max(highest, int(shown.max(initial=0)))
        for row in range(rows.start, rows.stop) if by_row else ():
            for column in by_row.get(row, ()):
                if allowed[row - rows.start, column]:
                    found[row, column] = int(shown[row - rows.start, column])
        shown[~free[rows]] = -1
        parts.append(_best(shown, CANDIDATES, rows.start))
    kept = [(row, column, score) for (row, column), score in found.items() if free[row]]
    extra = np.array(kept, dtype=np.int64).reshape(-1, 3).T
    parts.append((extra[0], extra[1], extra[2]))
    return First(collected(scorer.n, scorer.m, parts), highest, found)


def best_assignment(
    scorer: Scorer, free: Flags, room: Room, candidates: Pairs, big: int, progress: Progress, deadline: float = np.inf
) -> Optimum:
    """The best assignment of the `free` (n,) mentees: most matched, then the highest total less the costs of load.

    After `deadline`, on the clock of `time.monotonic`, it answers with what it has and states how far off it may be.
    """
    pairs, rounds = candidates, 0
    while True:
        rounds += 1
        progress(f"Assigning, round {rounds}", 0.0)
        chosen = assigned(pairs, pairs.scores, big, room)
        v = smallest_prices(pairs, chosen, big, room)
        u = gains_at(pairs, chosen, big, v)
        more, tight, lifted = priced(scorer, free, u, v, big, f"Proving, round {rounds}", progress)
        if not more:
            return Optimum(pairs, chosen, u, v, big, collected(scorer.n, scorer.m, tight))
        if time.monotonic() > deadline:
            slack = int((lifted - u).sum())
            return Optimum(pairs, chosen, lifted, v, big, collected(scorer.n, scorer.m, []), slack)
        pairs = joined(scorer.n, scorer.m, pairs, more)


def priced(
    scorer: Scorer, free: Flags, u: Ints, v: Ints, big: int, stage: str, progress: Progress
) -> tuple[list[Part], list[Part], Ints]:
    """Pairs worth more than gain and price, or else those worth exactly as much; and gains (n,) that cover all."""
    more: list[Part] = []
    tight: list[Part] = []
    lifted = u.copy()
    for rows in blocks(scorer):
        progress(stage, rows.start / scorer.n)
        left, scores = _net(scorer, rows, free, v, big)
        bar = (u[rows] - big).astype(left.dtype)
        best = left.max(axis=1, initial=_hole(big))
        above = np.flatnonzero(best > bar)
        lifted[rows.start + above] = best[above].astype(np.int64) + big
        if len(above):
            within = np.where(left[above] > bar[above, None], left[above] - bar[above, None], 0)
            r, c, _ = _best(within, MORE_EACH_ROUND, 0, above=0)
            more.append((rows.start + above[r], c, scores[above[r], c].astype(np.int64)))
        elif not more:
            r, c = np.nonzero(left == bar[:, None])
            tight.append((rows.start + r, c, scores[r, c].astype(np.int64)))
    return more, ([] if more else tight), lifted


def _net(
    scorer: Scorer, rows: slice, free: Flags, v: Ints, big: int
) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
    """Scores less prices of a block, a hole where a pair may not be; and the scores."""
    scores, allowed = scorer.block(rows)
    kind = np.int32 if big < 1 << 28 else np.int64  # half the memory to move, where it fits
    left = scores.astype(kind) - v.astype(kind) if kind is np.int64 else np.subtract(scores, v.astype(kind), dtype=kind)
    left[~allowed] = _hole(big)
    left[~free[rows]] = _hole(big)
    return left, scores


def _hole(big: int) -> int:
    """Below any score less any price: no price exceeds `big` and the highest score, which is less than `big`."""
    return -4 * big


def _checked(scores: NDArray[np.signedinteger], allowed: Flags, shape: tuple[int, int]) -> NDArray[np.signedinteger]:
    """A copy of the scores with -1 where a pair is not allowed."""
    if scores.shape != shape or allowed.shape != shape:
        raise MatchingInputError("Scores, allowed pairs and capacities must have matching shapes.")
    shown = np.where(allowed, scores, -1)
    if (shown < 0).sum() != shown.size - int(allowed.sum()):
        raise MatchingInputError("Scores of allowed pairs and capacities cannot be negative.")
    return shown


def _best(values: NDArray[np.signedinteger], most: int, offset: int, above: int = -1) -> Part:
    """Up to `most` of each row's highest values that are higher than `above`: rows, columns, values."""
    n, m = values.shape
    if m > most:
        columns = np.argpartition(values, m - most, axis=1)[:, m - most :]
    else:
        columns = np.broadcast_to(np.arange(m), (n, m))
    top = np.take_along_axis(values, columns, axis=1)
    r, k = np.nonzero(top > above)
    return offset + r, columns[r, k].astype(np.int64), top[r, k].astype(np.int64)


def unwatched(_stage: str, _share: float) -> None:
    """For runs that nobody watches."""
