"""The best assignment of all pairs, found with few of them and proved with every one.

The flow solver sees each mentee's best candidates only. All other pairs are then compared with the prices: those that
could improve the answer join the candidates, and when there are none, that is the proof. What is known of a mentee's
other pairs from an earlier look often proves that they cannot matter now, and then they are not looked at again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.flow import assigned
from services.matching.pairs import Flags, Ints, MatchingInputError, Pairs, Scorer, blocks, blocks_of, collected, joined
from services.matching.prices import gains_at, smallest_prices
from services.matching.room import Room

CANDIDATES = 12
MORE_EACH_ROUND = 8
GROUP = 16
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
    """What the first pass over all pairs finds: candidates, the highest score, and the pairs asked for.

    No pair of a mentee that is not a candidate scores higher than their `ceiling` (n,).
    """

    candidates: Pairs
    ceiling: Ints
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
    highest, ceiling = 0, np.full(scorer.n, -1, dtype=np.int64)
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
        r, c, best = _best(shown, CANDIDATES, np.full(len(shown), -1, dtype=shown.dtype))
        parts.append((rows.start + r, c, best))
        ceiling[rows] = _rest(r, best, CANDIDATES, ceiling[rows])
    kept = [(row, column, score) for (row, column), score in found.items() if free[row]]
    extra = np.array(kept, dtype=np.int64).reshape(-1, 3).T
    parts.append((extra[0], extra[1], extra[2]))
    return First(collected(scorer.n, scorer.m, parts), ceiling, highest, found)


def best_assignment(
    scorer: Scorer, free: Flags, room: Room, look: First, big: int, progress: Progress, deadline: float = np.inf
) -> Optimum:
    """The best assignment of the `free` (n,) mentees: most matched, then the highest total less the costs of load.

    After `deadline`, on the clock of `time.monotonic`, it answers with what it has and states how far off it may be.
    """
    pairs, proof, rounds = look.candidates, Proof(scorer, free, look, big), 0
    while True:
        rounds += 1
        progress(f"Assigning, round {rounds}", 0.0)
        chosen = assigned(pairs, pairs.scores, big, room)
        v = smallest_prices(pairs, chosen, big, room)
        u = gains_at(pairs, chosen, big, v)
        more, lifted = proof.look(pairs, u, v, f"Proving, round {rounds}", progress)
        if not more:
            return Optimum(pairs, chosen, u, v, big, proof.tight(pairs, u, v))
        if time.monotonic() > deadline:
            slack = int((lifted - u).sum())
            return Optimum(pairs, chosen, lifted, v, big, collected(scorer.n, scorer.m, []), slack)
        pairs = joined(scorer.n, scorer.m, pairs, more)


class Proof:
    """Compares all pairs with prices, as often as prices change, and looks at no mentee without need."""

    def __init__(self, scorer: Scorer, free: Flags, look: First, big: int) -> None:
        self.scorer, self.free, self.big = scorer, free, big
        # No other pair of a mentee is worth more, after prices, than the ceiling and what prices have fallen since.
        self._ceiling = look.ceiling.copy()
        self._fallen = 0
        self._v = np.zeros(scorer.m, dtype=np.int64)
        self._ties: list[Part] = []

    def look(self, pairs: Pairs, u: Ints, v: Ints, stage: str, progress: Progress) -> tuple[list[Part], Ints]:
        """Pairs outside `pairs` worth more than the gain `u` (n,) and price `v` (m,); and gains (n,) that cover all."""
        self._fallen += int((self._v - v).max(initial=0))
        self._v = v
        due = self.free & (self._ceiling + self._fallen >= u - self.big)
        self._ties = [tuple(part[~due[tie[0]]] for part in tie) for tie in self._ties]  # type: ignore[misc] # three
        more: list[Part] = []
        lifted = u.copy()
        done, waiting = 0, np.flatnonzero(due)
        for rows in blocks_of(self.scorer, waiting):
            progress(stage, done / len(waiting))
            done += len(rows)
            self._compare(rows, pairs, u, more, lifted)
        return more, lifted

    def tight(self, pairs: Pairs, u: Ints, v: Ints) -> Pairs:
        """All pairs worth exactly gain and price, once `look` has found none that are worth more."""
        parts = [(pairs.rows, pairs.columns, pairs.scores), *self._ties]
        every = collected(self.scorer.n, self.scorer.m, parts)
        return every.where(u[every.rows] + v[every.columns] == self.big + every.scores)

    def _compare(self, rows: Ints, pairs: Pairs, u: Ints, more: list[Part], lifted: Ints) -> None:
        left, scores = self._others(rows, pairs)
        bar = (u[rows] - self.big).astype(left.dtype)
        best = left.max(axis=1, initial=_hole(self.big))
        self._ceiling[rows] = best.astype(np.int64) - self._fallen
        above = np.flatnonzero(best > bar)
        if len(above):
            lifted[rows[above]] = best[above].astype(np.int64) + self.big
            r, c, worth = _best(left[above], MORE_EACH_ROUND, bar[above])
            more.append((rows[above[r]], c, scores[above[r], c].astype(np.int64)))
            rest = _rest(r, worth, MORE_EACH_ROUND, bar[above].astype(np.int64))
            self._ceiling[rows[above]] = rest - self._fallen
        even = np.flatnonzero(best == bar)
        if len(even):
            r, c = np.nonzero(left[even] == bar[even, None])
            self._ties.append((rows[even[r]], c, scores[even[r], c].astype(np.int64)))

    def _others(self, rows: Ints, pairs: Pairs) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
        """Scores less prices, with a hole where a pair may not be or is among `pairs`; and the scores."""
        every = len(rows) == rows[-1] - rows[0] + 1
        scores, allowed = self.scorer.block(slice(int(rows[0]), int(rows[-1]) + 1) if every else rows)
        kind = np.int32 if self.big < 1 << 28 else np.int64  # half the memory to move, where it fits
        left = np.subtract(scores, self._v.astype(kind), dtype=kind)
        np.putmask(left, ~allowed, _hole(self.big))
        at, counts = pairs.of(rows)
        left[np.repeat(np.arange(len(rows)), counts), pairs.columns[at]] = _hole(self.big)
        return left, scores


def _rest(rows: Ints, values: Ints, most: int, otherwise: Ints) -> Ints:
    """No value that `_best` left out of a row is higher than this: the lowest it found, if it found `most`."""
    lowest = np.full(len(otherwise), np.iinfo(np.int64).max)
    np.minimum.at(lowest, rows, values)
    found = np.bincount(rows, minlength=len(otherwise))
    rest: Ints = np.where(found >= most, lowest, otherwise)
    return rest


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


def _best(values: NDArray[np.signedinteger], most: int, bar: NDArray[np.signedinteger]) -> Part:
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


def unwatched(_stage: str, _share: float) -> None:
    """For runs that nobody watches."""
