"""The few pairs of each mentee that an answer is likely to use, found in one pass over all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.pairs import Flags, Ints, MatchingInputError, Pairs, Scorer, blocks, collected

CANDIDATES = 12
GROUP = 16
NOTHING = -(1 << 62)  # the ceiling of a mentee who has no other pair
Progress = Callable[[str, float], None]
Part = tuple[Ints, Ints, Ints]


@dataclass(frozen=True, eq=False)
class First:
    """What the first pass over all pairs finds: candidates, the highest score, and the pairs asked for.

    No pair of a mentee that is not a candidate is worth more, at the `prices` (m,), than their `ceiling` (n,).
    """

    candidates: Pairs
    prices: Ints
    ceiling: Ints
    highest: int
    asked: dict[tuple[int, int], int]


def first_look(
    scorer: Scorer, free: Flags, asked: list[tuple[int, int]], progress: Progress, prices: Ints | None = None
) -> First:
    """Each free mentee's best candidates at these `prices` (m,): from 0 to some score, and 0 if none are given.

    `asked` pairs that are allowed come back with their scores, and of free mentees also join the candidates.
    Raises MatchingInputError for a negative score or a block of the wrong shape.
    """
    prices = np.zeros(scorer.m, dtype=np.int64) if prices is None else prices
    parts: list[Part] = []
    found: dict[tuple[int, int], int] = {}
    by_row: dict[int, list[int]] = {}
    for row, column in asked:
        by_row.setdefault(row, []).append(column)
    highest, ceiling = 0, np.full(scorer.n, NOTHING, dtype=np.int64)
    for rows in blocks(scorer):
        progress("Looking at every pair", rows.start / scorer.n)
        scores, allowed = scorer.block(rows)
        shown = shown_scores(scores, allowed, (rows.stop - rows.start, scorer.m))
        highest = max(highest, int(shown.max(initial=0)))
        for row in range(rows.start, rows.stop) if by_row else ():
            for column in by_row.get(row, ()):
                if allowed[row - rows.start, column]:
                    found[row, column] = int(shown[row - rows.start, column])
        left = shown - prices.astype(shown.dtype)
        hole = np.iinfo(left.dtype).min
        left[~allowed] = hole
        left[~free[rows]] = hole
        r, c, best = best_of_rows(left, CANDIDATES, np.full(len(left), hole, dtype=left.dtype))
        parts.append((rows.start + r, c, shown[r, c].astype(np.int64)))
        ceiling[rows] = highest_left(r, best, CANDIDATES, ceiling[rows])
    kept = [(row, column, score) for (row, column), score in found.items() if free[row]]
    extra = np.array(kept, dtype=np.int64).reshape(-1, 3).T
    parts.append((extra[0], extra[1], extra[2]))
    return First(collected(scorer.n, scorer.m, parts), prices, ceiling, highest, found)


def shown_scores(
    scores: NDArray[np.signedinteger], allowed: Flags, shape: tuple[int, int]
) -> NDArray[np.signedinteger]:
    """A copy of the scores with -1 where a pair is not allowed."""
    if scores.shape != shape or allowed.shape != shape:
        raise MatchingInputError("Scores, allowed pairs and capacities must have matching shapes.")
    shown = np.where(allowed, scores, -1)
    if (shown < 0).sum() != shown.size - int(allowed.sum()):
        raise MatchingInputError("Scores of allowed pairs and capacities cannot be negative.")
    return shown


def best_of_rows(values: NDArray[np.signedinteger], most: int, bar: NDArray[np.signedinteger]) -> Part:
    """Each row's `most` highest values, or a few more, that are higher than its `bar` (n,): rows, columns, values."""
    n, m = values.shape
    least = bar + 1
    if (groups := m // GROUP) >= most:
        # Of `most` groups, each holds a value as high as the lowest of their peaks: nothing lower is among the best.
        peaks = values[:, : groups * GROUP].reshape(n, GROUP, groups).max(axis=1)
        least = np.maximum(least, np.partition(peaks, groups - most, axis=1)[:, groups - most])
    r, c = np.nonzero(values >= least[:, None])
    if len(r) > 4 * most * n:  # many are equal, or many are higher in a short row
        columns = np.argpartition(values, m - most, axis=1)[:, m - most :]
        r, k = np.nonzero(np.take_along_axis(values, columns, axis=1) > bar[:, None])
        c = columns[r, k]
    return r, c, values[r, c].astype(np.int64)


def highest_left(rows: Ints, values: Ints, most: int, otherwise: Ints) -> Ints:
    """No value that `best_of_rows` left out of a row is higher than this: the lowest it found, if it found `most`."""
    lowest = np.full(len(otherwise), np.iinfo(np.int64).max)
    np.minimum.at(lowest, rows, values)
    found = np.bincount(rows, minlength=len(otherwise))
    rest: Ints = np.where(found >= most, lowest, otherwise)
    return rest


def unwatched(_stage: str, _share: float) -> None:
    """For runs that nobody watches."""
