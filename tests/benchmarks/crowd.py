"""Invented crowds of any size for the matching engine: features whose product is the score, and employers in common.

Every criterion is some columns: a mentee's side holds a row of a table of points, a mentor's says which entry counts.
All numbers are whole and sums stay below 2**24, so the product in float32 is exact on any machine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.pairs import Rows

SECTORS, ROLES, LANGUAGES, HOURS, YEARS, TOPICS, TEXT = 14, 9, 6, 24, 8, 36, 128
EMPLOYERS = 22  # so that about one pair in twenty shares one and is ruled out
LIFT = 6000  # text can be unlike as well as alike; this keeps scores above 0
POPULAR = 12_000
PLACES = (0.35, 0.25, 0.2, 0.2)  # the shares of mentors with 1, 2, 3 and 4
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Crowd:
    """A scorer: features of n mentees and m mentors (each by columns), employers, and places (m,)."""

    mentees: Floats
    mentors: Floats
    employers: tuple[NDArray[np.int16], NDArray[np.int16]]
    capacities: NDArray[np.int32]

    @property
    def n(self) -> int:
        return len(self.mentees)

    @property
    def m(self) -> int:
        return len(self.mentors)

    def block(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        scores = (self.mentees[rows] @ self.mentors.T).astype(np.int32)
        return scores, self.employers[0][rows, None] != self.employers[1]


def crowd(n: int, m: int, kind: str, seed: int = 20) -> Crowd:
    """n mentees, m mentors. "normal" has 1 to 4 places, "scarce" one each, "popular" a few whom everybody wants."""
    random = np.random.default_rng(seed)
    tables = ((SECTORS, 2400), (ROLES, 1600), (LANGUAGES, 1200), (HOURS, 1600), (YEARS, 1200))
    parts = [_criterion(random, n, m, kinds, points) for kinds, points in tables]
    topics = random.integers(-12, 13, (TOPICS, TEXT))
    parts.append((_texts(random, topics, n), _texts(random, topics, m)))
    popular = np.linspace(POPULAR, 0, m).round() if kind == "popular" else np.zeros(m)
    parts.append((np.ones((n, 1), dtype=np.int64), (popular + LIFT).astype(np.int64)[:, None]))
    ours, theirs = (np.concatenate([part[side] for part in parts], axis=1).astype(np.float32) for side in (0, 1))
    capacities = np.ones(m) if kind == "scarce" else 1 + random.choice(4, m, p=PLACES)
    employers = tuple(random.integers(0, EMPLOYERS, size).astype(np.int16) for size in (n, m))
    return Crowd(ours, theirs, (employers[0], employers[1]), capacities.astype(np.int32))


def _criterion(
    random: np.random.Generator, n: int, m: int, kinds: int, points: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A table of points between kinds of people: the same kind has all of them, others some."""
    table = random.integers(0, points // 2, (kinds, kinds))
    np.fill_diagonal(table, points)
    return table[_unevenly(random, kinds, n)], np.eye(kinds, dtype=np.int64)[_unevenly(random, kinds, m)]


def _unevenly(random: np.random.Generator, kinds: int, size: int) -> NDArray[np.int64]:
    """A kind for each of `size` people. Some kinds are wanted by many and offered by few, and the other way round."""
    shares = random.permutation(1 / np.arange(1, kinds + 1))
    return random.choice(kinds, size, p=shares / shares.sum())


def _texts(random: np.random.Generator, topics: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """What people wrote, as vectors: half a topic, half their own words."""
    return topics[_unevenly(random, len(topics), size)] // 2 + random.integers(-6, 7, (size, topics.shape[1]))
