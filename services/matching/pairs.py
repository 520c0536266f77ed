"""What the engine reads scores from, and how it holds the few pairs that matter.

A scorer hands over the scores of a block of mentees at a time, so that the whole matrix need never exist.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Pairs in a block: enough rows for a fast product, and a few copies of it still take little memory.
BLOCK_PAIRS = 1 << 21
Rows = slice | Ints


class MatchingInputError(ValueError):
    """The arrays do not describe a matching problem."""


class Scorer(Protocol):
    """`n` mentees and `m` mentors, and the scores between them.

    `block(rows)` takes a slice or an array of mentees, as NumPy does, and answers two arrays (len(rows), m): scores,
    whole numbers of int32 or int64, and whether each pair is allowed. Scores are only read where a pair is allowed,
    and are never negative there. The same mentee must always get the same scores: a run asks for some several times.
    """

    @property
    def n(self) -> int: ...

    @property
    def m(self) -> int: ...

    def block(self, rows: Rows) -> tuple[NDArray[np.signedinteger], Flags]: ...


@dataclass(frozen=True, eq=False)
class MatrixScorer:
    """Scores and allowed pairs that are already in memory, both (n, m)."""

    scores: NDArray[np.signedinteger]
    allowed: Flags

    @property
    def n(self) -> int:
        return len(self.allowed)

    @property
    def m(self) -> int:
        return int(self.allowed.shape[1])

    def block(self, rows: Rows) -> tuple[NDArray[np.signedinteger], Flags]:
        return self.scores[rows], self.allowed[rows]


@dataclass(frozen=True, eq=False)
class AtLeast:
    """Another scorer's pairs from `floor` points upwards."""

    within: Scorer
    floor: int

    @property
    def n(self) -> int:
        return self.within.n

    @property
    def m(self) -> int:
        return self.within.m

    def block(self, rows: Rows) -> tuple[NDArray[np.signedinteger], Flags]:
        scores, allowed = self.within.block(rows)
        return scores, allowed & (scores >= self.floor)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Some pairs, by mentee and then mentor, each once: rows, columns and scores (p,).

    Those of mentee i are at `starts[i]` to `starts[i + 1]`.
    """

    rows: Ints
    columns: Ints
    scores: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, keep: Flags) -> "Pairs":
        """Those flagged in `keep` (p,)."""
        rows = self.rows[keep]
        return Pairs(rows, self.columns[keep], self.scores[keep], _starts(rows, len(self.starts) - 1))

    def of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Where the pairs of these mentees are, one mentee after the other, and how many each has."""
        counts = self.starts[rows + 1] - self.starts[rows]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.arange(total) + np.repeat(self.starts[rows] - (ends - counts), counts), counts


def collected(n: int, m: int, parts: list[tuple[Ints, Ints, Ints]]) -> Pairs:
    """The pairs of all `parts` (rows, columns, scores), in order and each once."""
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, none, np.zeros(n + 1, dtype=np.int64))
    rows, columns, scores = (np.concatenate([part[k] for part in parts]).astype(np.int64) for k in range(3))
    _, first = np.unique(rows * m + columns, return_index=True)
    return Pairs(rows[first], columns[first], scores[first], _starts(rows[first], n))


def joined(n: int, m: int, pairs: Pairs, more: list[tuple[Ints, Ints, Ints]]) -> Pairs:
    return collected(n, m, [(pairs.rows, pairs.columns, pairs.scores), *more])


def blocks(scorer: Scorer) -> list[slice]:
    """The slices of mentees that a pass over everybody reads, one after the other."""
    height = _height(scorer)
    return [slice(start, min(start + height, scorer.n)) for start in range(0, scorer.n, height)]


def blocks_of(scorer: Scorer, rows: Ints) -> list[Ints]:
    """These mentees (k,), in arrays that are each read at once."""
    height = _height(scorer)
    return [rows[start : start + height] for start in range(0, len(rows), height)]


def _height(scorer: Scorer) -> int:
    return max(1, BLOCK_PAIRS // max(1, scorer.m))


def _starts(rows: Ints, n: int) -> Ints:
    starts: Ints = np.searchsorted(rows, np.arange(n + 1)).astype(np.int64)
    return starts
