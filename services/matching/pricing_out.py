"""The best assignment of all pairs, found with few of them and proved with every one.

The flow solver sees each mentee's best candidates only. All other pairs are then compared with the prices: those that
could improve the answer join the candidates, and when there are none, that is the proof. What is known of a mentee's
other pairs from an earlier look often proves that they cannot matter now, and then they are not looked at again.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.candidates import First, Part, Progress, best_of_rows, highest_left
from services.matching.flow import assigned
from services.matching.pairs import Flags, Ints, Pairs, Scorer, blocks_of, collected, joined
from services.matching.prices import gains_at, smallest_prices
from services.matching.room import Room

MORE_EACH_ROUND = 8
LIKELY = 8


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
        chosen, v = _among(pairs, big, room)
        u = gains_at(pairs, chosen, big, v)
        more, lifted = proof.look(pairs, u, v, f"Proving, round {rounds}", progress)
        if not more:
            return Optimum(pairs, chosen, u, v, big, proof.tight(pairs, u, v))
        if time.monotonic() > deadline:
            slack = int((lifted - u).sum())
            return Optimum(pairs, chosen, lifted, v, big, collected(scorer.n, scorer.m, []), slack)
        pairs = joined(scorer.n, scorer.m, pairs, more)


def _among(pairs: Pairs, big: int, room: Room) -> tuple[Ints, Ints]:
    """The best choice (n,) of `pairs`, and the smallest prices (m,) that support it.

    The solver takes twice as long with a large `big`. A few times the highest score nearly always leads to the same
    choice, and prices exist only if it did.
    """
    chosen = assigned(
        pairs, pairs.scores, min(big, LIKELY * (1 + int(pairs.scores.max(initial=0)) + room.dearest)), room
    )
    try:
        return chosen, smallest_prices(pairs, chosen, big, room)
    except ArithmeticError:
        chosen = assigned(pairs, pairs.scores, big, room)
        return chosen, smallest_prices(pairs, chosen, big, room)


class Proof:
    """Compares all pairs with prices, as often as prices change, and looks at no mentee without need."""

    def __init__(self, scorer: Scorer, free: Flags, look: First, big: int) -> None:
        self.scorer, self.free, self.big = scorer, free, big
        # No other pair of a mentee is worth more, after prices, than the ceiling and what prices have fallen since.
        self._ceiling = look.ceiling.copy()
        self._fallen = 0
        self._v = look.prices
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
            r, c, worth = best_of_rows(left[above], MORE_EACH_ROUND, bar[above])
            more.append((rows[above[r]], c, scores[above[r], c].astype(np.int64)))
            rest = highest_left(r, worth, MORE_EACH_ROUND, bar[above].astype(np.int64))
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


def _hole(big: int) -> int:
    """Below any score less any price: no price exceeds `big` and the highest score, which is less than `big`."""
    return -4 * big
