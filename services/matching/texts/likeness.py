"""How alike n goals and m work histories are, block by block and in whole numbers.

A pair's level is 0.5 for a typical pair and rises or falls by a sixth with each standard deviation, both taken among
pairs of the same two scripts: writing in the same language is not taken for sharing an aim.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.matching.texts import words
from services.matching.texts.scripts import Script, script_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SAMPLE = 256  # texts of a script and side by which a typical pair is known
DEVIATIONS = 6  # from the lowest level to the highest
LENGTH = 1024  # of a centred vector: the square is the highest product and stays below 2**24, where float32 is exact
FEWEST_FOR_A_MEAN = 8
HALF = 0.5

Rows = slice | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Alike:
    """The likeness of `goals` (n) and `histories` (m). `ours` and `theirs` hold a row of whole numbers for each."""

    method: str
    goals: tuple[list[str], ...]
    histories: tuple[list[str], ...]
    ours: "NDArray[np.float32] | csr_array"
    theirs: "NDArray[np.float32] | csr_array"
    scripts: tuple[NDArray[np.int64], NDArray[np.int64]]
    typical: NDArray[np.float32] = field(repr=False)
    spread: NDArray[np.float32] = field(repr=False)

    def points(self, rows: Rows, most: int, columns: slice = slice(None)) -> NDArray[np.float32]:
        """Whole points from 0 to `most` (rows, columns); the middle where either text says nothing."""
        dots = self._dots(rows, columns)
        ours, theirs = self.scripts[0][rows], self.scripts[1][columns]
        for script in np.unique(ours):
            here = np.flatnonzero(ours == script)
            block = dots if len(here) == len(ours) else dots[here]
            block = _levelled(block, self.typical[script][theirs], self.spread[script][theirs], most)
            if block is not dots:
                dots[here] = block
        return dots

    def points_of(self, rows: NDArray[np.int64], columns: NDArray[np.int64], most: int) -> NDArray[np.float32]:
        """The same points (p,) for single pairs."""
        ours: Any = self.ours[rows]
        theirs: Any = self.theirs[columns]
        products = ours * theirs if isinstance(ours, np.ndarray) else ours.multiply(theirs)
        dots = np.asarray(products.sum(axis=1), dtype=np.float32)
        scripts = self.scripts[0][rows], self.scripts[1][columns]
        return _levelled(dots, self.typical[scripts], self.spread[scripts], most)

    def level(self, i: int, j: int) -> float | None:
        """From 0 to 1; None if either text says nothing."""
        if Script.NONE in (self.scripts[0][i], self.scripts[1][j]):
            return None
        return float(self.points_of(np.array([i]), np.array([j]), 1000)[0]) / 1000

    def shared(self, i: int, j: int) -> tuple[str, ...]:
        """Up to three things that both texts say in the same words."""
        return words.in_common(self.goals[i], self.histories[j], self._rarity)

    @cached_property
    def _rarity(self) -> Mapping[str, float]:
        return words.rarity_of([*self.goals, *self.histories])

    def _dots(self, rows: Rows, columns: slice) -> NDArray[np.float32]:
        return product(self.ours[rows], self.theirs[columns])


def _levelled(
    dots: NDArray[np.float32], typical: NDArray[np.float32], spread: NDArray[np.float32], most: int
) -> NDArray[np.float32]:
    """Whole points from 0 to `most`, in place. Each step is exactly rounded, so that every machine gets the same."""
    dots -= typical
    dots *= spread * np.float32(most)
    dots += np.float32(most / 2 + HALF)
    np.floor(dots, out=dots)
    return np.clip(dots, 0, most, out=dots)


def by_words(goals: Sequence[str], histories: Sequence[str]) -> Alike:
    """Compared by the words they share."""
    terms = [words.terms(text) for text in goals], [words.terms(text) for text in histories]
    return _alike(words.METHOD, goals, histories, terms, words.compared(*terms))


def by_meaning(goals: Sequence[str], histories: Sequence[str], vectors: Mapping[str, bytes], method: str) -> Alike:
    """Compared by an encoder's stored `vectors`, by text digest. A text without one says nothing."""
    terms = [words.terms(text) for text in goals], [words.terms(text) for text in histories]
    width = max((len(vector) for vector in vectors.values()), default=1)
    centred = []
    for texts, said in zip((goals, histories), terms, strict=True):
        keys = [digest(text) if term else "" for text, term in zip(texts, said, strict=True)]
        raw = [np.frombuffer(vectors[key], dtype=np.int8) if key in vectors else None for key in keys]
        for at, vector in enumerate(raw):
            said[at] = said[at] if vector is not None else []
        centred.append(_centred(raw, _scripts(texts, said), keys, width))
    return _alike(method, goals, histories, terms, (centred[0], centred[1]))


def digest(text: str) -> str:
    """What a text is called in the database: SHA-256 of what is read of it."""
    return sha256(text[: words.LONGEST].encode("utf-8", "surrogatepass")).hexdigest()


def product(ours: Any, theirs: Any) -> NDArray[np.float32]:
    """The products of all rows, whole numbers below 2**24, so exact in float32 whatever the order of additions."""
    found: Any = ours @ theirs.T
    dense = found if isinstance(found, np.ndarray) else found.toarray()
    return np.asarray(dense, dtype=np.float32)


def _alike(
    method: str, goals: Sequence[str], histories: Sequence[str], terms: tuple[list[Any], list[Any]], rows: Any
) -> Alike:
    scripts = _scripts(goals, terms[0]), _scripts(histories, terms[1])
    keys = [digest(text) for text in goals], [digest(text) for text in histories]
    typical, spread = _typical(rows, scripts, keys)
    return Alike(method, tuple(terms[0]), tuple(terms[1]), rows[0], rows[1], scripts, typical, spread)


def _scripts(texts: Sequence[str], terms: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    found = [script_of(text) if said else Script.NONE for text, said in zip(texts, terms, strict=True)]
    return np.array(found, dtype=np.int64)


def _centred(
    raw: list[NDArray[np.int8] | None], scripts: NDArray[np.int64], keys: Sequence[str], width: int
) -> NDArray[np.float32]:
    """Vectors without what all of a script and side have in common, all of one LENGTH, as whole numbers."""
    rows = np.zeros((len(raw), width), dtype=np.int64)
    for at, vector in enumerate(raw):
        if vector is not None:
            rows[at] = vector
    for script in np.unique(scripts):
        here = np.flatnonzero(scripts == script)
        # Each text once: many who wrote the same must not become the mean.
        once = _once(here, keys)
        if script != Script.NONE and len(once) >= FEWEST_FOR_A_MEAN:
            rows[here] = rows[here] * len(once) - rows[once].sum(axis=0)
    lengths = np.sqrt((rows * rows).sum(axis=1).astype(np.float64))[:, None]
    scaled: NDArray[np.float32] = np.rint(rows * (LENGTH / np.maximum(lengths, 1))).astype(np.float32)
    return scaled


def _typical(
    rows: Any, scripts: tuple[NDArray[np.int64], NDArray[np.int64]], keys: tuple[list[str], list[str]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each two scripts, the mean product and how much of a level one more of it is worth; 0 where all are alike."""
    size = len(Script)
    typical, spread = np.zeros((size, size), dtype=np.float32), np.zeros((size, size), dtype=np.float32)
    ours, theirs = (_sampled(scripts[side], keys[side]) for side in (0, 1))
    for one, some in ours.items():
        for other, others in theirs.items():
            products = product(rows[0][some], rows[1][others]).astype(np.float64).ravel().tolist()
            # Sums that are rounded once, at the end, do not depend on the order of people.
            mean = math.fsum(products) / len(products)
            deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in products) / len(products))
            typical[one, other] = mean
            spread[one, other] = 1 / (DEVIATIONS * deviation) if deviation > 0 else 0
    return typical, spread


def _sampled(scripts: NDArray[np.int64], keys: list[str]) -> dict[int, NDArray[np.int64]]:
    """Up to SAMPLE rows of each script that says something, chosen by digest: the same ones in any order of people."""
    found = {}
    for script in np.unique(scripts):
        here = np.flatnonzero(scripts == script)
        if script != Script.NONE:
            found[int(script)] = _once(here, keys)[:SAMPLE]
    return found


def _once(rows: NDArray[np.int64], keys: Sequence[str]) -> NDArray[np.int64]:
    """One of these rows for each text, in the order of the digests."""
    first: dict[str, int] = {}
    for row in rows.tolist():
        first.setdefault(keys[row], row)
    return np.array([first[key] for key in sorted(first)], dtype=np.int64)
