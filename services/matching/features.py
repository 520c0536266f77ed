"""Scores as a product of small whole numbers, F·Gᵀ, a block of mentees at a time; the whole matrix is never needed.

A criterion owns a slice of the columns of F (n mentees) and G (m mentors): one side holds the table of its points, the
other says with a single 1 which column is theirs. Words and wishes are sparse products beside it, texts a product of
their own. Every number is a whole one and every partial sum stays below 2**24, so float32 is exact on any machine. What
a criterion adds to a pair is the product of its columns: the explanation adds up to the score by construction.

Where a side is blank stands what typical answers of the others get, and never more than half: a blank form cannot beat
a filled one by being blank.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.matching.criteria import CRITERIA, Criterion, Kind
from services.matching.measures import NEUTRAL, Facts
from services.matching.profiles import Profile
from services.matching.texts.likeness import Alike, product

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Rows = slice | Ints
BLANK = -1
# Up to this many words a column for each is quicker than a sparse product, which fills most cells anyway.
MOST_DENSE_WORDS = 256


@dataclass(frozen=True, eq=False)
class Features:
    """`ours` (n, K) and `theirs` (m, K), with the `columns` of each criterion; `sparse` products (n, k) and (m, k)."""

    possible: Mapping[str, int]
    ours: Floats
    theirs: Floats
    columns: Mapping[str, slice]
    sparse: Mapping[str, tuple["csr_array", "csr_array"]]
    alike: Alike | None

    @classmethod
    def of(
        cls,
        mentees: Sequence[Profile],
        mentors: Sequence[Profile],
        possible: Mapping[str, int],
        facts: Facts,
        alike: Alike | None,
    ) -> "Features":
        """Features for `possible` points by criterion; `alike` is needed if the goals are among them."""
        dense: dict[str, tuple[Floats, Floats]] = {}
        sparse: dict[str, tuple[csr_array, csr_array]] = {}
        for key, most in possible.items():
            criterion = CRITERIA[key]
            if criterion.kind is Kind.TABLE:
                dense[key] = _table(criterion, mentees, mentors, most, facts)
            elif criterion.kind is Kind.WORDS:
                dense[key], by_word = _by_word(criterion, mentees, mentors, most)
                if by_word[0].shape[1] <= MOST_DENSE_WORDS:
                    dense[key] = _with_words(dense[key], by_word)
                else:
                    sparse[key] = by_word
            elif criterion.kind is Kind.WISHES:
                dense[key], sparse[key] = _by_wish(criterion, mentees, mentors, most, facts)
        ours, theirs, columns = _side_by_side(dense, len(mentees), len(mentors))
        return cls(possible, ours, theirs, columns, sparse, alike)

    def scores(self, rows: Rows) -> NDArray[np.int32]:
        """The scores (rows, m) in thousandths."""
        found = self.ours[rows] @ self.theirs.T
        for some, others in self.sparse.values():
            found += product(some[rows], others)
        if self.alike is not None:
            found += self.alike.points(rows, self.possible["goals"])
        return found.astype(np.int32)

    def points_of(self, rows: Ints, columns: Ints) -> dict[str, Ints]:
        """The points (p,) of each criterion for pairs of `rows` and `columns`; they add up to the score."""
        return {key: self._points(key, rows, columns) for key in self.possible}

    def _points(self, key: str, rows: Ints, columns: Ints) -> Ints:
        if CRITERIA[key].kind is Kind.TEXT:
            found = self.alike.points_of(rows, columns, self.possible[key]) if self.alike else np.zeros(len(rows))
            return found.astype(np.int64)
        at = self.columns[key]
        points: Any = (self.ours[rows, at] * self.theirs[columns, at]).sum(axis=1)
        if key in self.sparse:
            some, others = self.sparse[key]
            points += some[rows].multiply(others[columns]).sum(axis=1)
        return np.asarray(points, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class BlockScorer:
    """What the engine reads: scores, and the pairs that may be. Mentee i may not have the mentors in `barred` from
    `starts[i]` to `starts[i + 1]`."""

    features: Features
    n: int
    m: int
    starts: Ints
    barred: Ints

    def block(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Scores and allowed pairs (rows, m)."""
        mentees = np.arange(self.n)[rows]
        allowed = np.ones((len(mentees), self.m), dtype=np.bool_)
        counts = self.starts[mentees + 1] - self.starts[mentees]
        ends = np.cumsum(counts)
        at = np.arange(counts.sum()) + np.repeat(self.starts[mentees] - (ends - counts), counts)
        allowed[np.repeat(np.arange(len(mentees)), counts), self.barred[at]] = False
        return self.features.scores(rows), allowed


def block_scorer(features: Features, n: int, m: int, barred: Sequence[tuple[int, int]]) -> BlockScorer:
    """A scorer in which the `barred` pairs (mentee row, mentor column) may not be."""
    pairs = np.array(sorted(set(barred)), dtype=np.int64).reshape(-1, 2)
    starts = np.searchsorted(pairs[:, 0], np.arange(n + 1)).astype(np.int64)
    return BlockScorer(features, n, m, starts, pairs[:, 1].copy())


def _half(most: int) -> int:
    return int(most * NEUTRAL + 0.5)


def _points(value: float | None, most: int) -> int:
    return BLANK if value is None else int(value * most + 0.5)


def _side_by_side(
    dense: Mapping[str, tuple[Floats, Floats]], n: int, m: int
) -> tuple[Floats, Floats, dict[str, slice]]:
    columns, at = {}, 0
    for key, (ours, _) in dense.items():
        columns[key] = slice(at, at + ours.shape[1])
        at += ours.shape[1]
    none = np.zeros((n, 0), dtype=np.float32), np.zeros((m, 0), dtype=np.float32)
    ours = np.hstack([none[0], *(pair[0] for pair in dense.values())])
    theirs = np.hstack([none[1], *(pair[1] for pair in dense.values())])
    return ours, theirs, columns


def _table(
    criterion: Criterion, mentees: Sequence[Profile], mentors: Sequence[Profile], most: int, facts: Facts
) -> tuple[Floats, Floats]:
    """The points of each kind of mentee with each kind of mentor; the side with fewer kinds gets the columns."""
    ours, rows, counts = _kinds(mentees, criterion.part)
    theirs, columns, other_counts = _kinds(mentors, criterion.part)
    table = np.array(
        [[_points(criterion.value(mentor, mentee, facts), most) for mentor in theirs] for mentee in ours],
        dtype=np.int64,
    ).reshape(len(ours), len(theirs))
    filled = _filled(table, counts, other_counts, most).astype(np.float32)
    if len(theirs) <= len(ours):
        return filled[rows], _ones(columns, len(theirs))
    return _ones(rows, len(ours)), filled.T[columns]


def _filled(table: Ints, counts: Ints, other_counts: Ints, most: int) -> Ints:
    """The table with a whole number for every blank: a mentee's typical points where their row has any, else all's."""
    known = table != BLANK
    points = np.where(known, table, 0)
    seen = known @ other_counts
    row_sum = points @ other_counts
    everywhere = int(counts @ seen)
    overall = int(counts @ row_sum) // everywhere if everywhere else _half(most)
    typical = np.where(seen > 0, row_sum // np.maximum(seen, 1), overall)
    return np.where(known, table, np.minimum(typical, _half(most))[:, None])


def _by_word(
    criterion: Criterion, mentees: Sequence[Profile], mentors: Sequence[Profile], most: int
) -> tuple[tuple[Floats, Floats], tuple["csr_array", "csr_array"]]:
    """Points for each word of the mentee that the mentor has too; all of them together are worth the most.

    Two dense columns: what everybody who said something starts from, and what stands for a mentor who is blank.
    """
    ours, theirs = ([sorted(criterion.words(person)) for person in people] for people in (mentees, mentors))
    place = {word: at for at, word in enumerate(sorted({word for words in theirs for word in words}))}
    least = _points(criterion.least, most)
    shares = [
        (i, place[word], points)
        for i, words in enumerate(ours)
        for word, points in zip(words, _spread(most - least, len(words)), strict=True)
        if word in place
    ]
    has = [(j, place[word], 1) for j, words in enumerate(theirs) for word in words]
    wanted, offered = _sparse(shares, len(ours), len(place)), _sparse(has, len(theirs), len(place))

    said = np.array([bool(words) for words in ours], dtype=np.bool_)
    blank = np.array([not words for words in theirs], dtype=np.bool_)
    others = int((~blank).sum())
    sums = wanted @ offered.sum(axis=0) + least * others
    overall = int(sums[said].sum()) // (others * int(said.sum())) if others and said.any() else _half(most)
    typical = np.where(said & (others > 0), sums // max(1, others), overall)
    neutral = np.minimum(typical, _half(most))
    mentee_columns = np.stack([np.where(said, least, neutral), neutral], axis=1)
    return (mentee_columns.astype(np.float32), np.stack([~blank, blank], axis=1).astype(np.float32)), (wanted, offered)


def _with_words(dense: tuple[Floats, Floats], by_word: tuple["csr_array", "csr_array"]) -> tuple[Floats, Floats]:
    ours, theirs = (
        np.hstack([columns, words.toarray().astype(np.float32)]) for columns, words in zip(dense, by_word, strict=True)
    )
    return ours, theirs


def _by_wish(
    criterion: Criterion, mentees: Sequence[Profile], mentors: Sequence[Profile], most: int, facts: Facts
) -> tuple[tuple[Floats, Floats], tuple["csr_array", "csr_array"]]:
    """Half for everybody, and more for the few whom a mentee wished for."""
    column = {mentor.id: at for at, mentor in enumerate(mentors)}
    lifts = {}
    wished = ((i, column[wish]) for i, one in enumerate(mentees) for wish in one.wishes if wish in column)
    for i, j in wished:
        value = criterion.value(mentors[j], mentees[i], facts)
        lifts[i, j] = _points(value, most) - _half(most)
    cells = [(i, j, points) for (i, j), points in sorted(lifts.items()) if points]
    base = np.full((len(mentees), 1), _half(most), dtype=np.float32), np.ones((len(mentors), 1), dtype=np.float32)
    themselves = [(j, j, 1) for j in range(len(mentors))]
    return base, (_sparse(cells, len(mentees), len(mentors)), _sparse(themselves, len(mentors), len(mentors)))


def _spread(points: int, words: int) -> list[int]:
    """Whole numbers that add up to `points`, as equal as can be."""
    return [points // words + (at < points % words) for at in range(words)] if words else []


def _kinds(people: Sequence[Profile], part: Callable[[Profile], Hashable]) -> tuple[list[Profile], Ints, Ints]:
    """One person of each kind, each person's kind, and how many there are of each."""
    first: dict[Hashable, int] = {}
    examples: list[Profile] = []
    positions = []
    for person in people:
        position = first.setdefault(part(person), len(examples))
        if position == len(examples):
            examples.append(person)
        positions.append(position)
    found = np.array(positions, dtype=np.int64)
    return examples, found, np.bincount(found, minlength=len(examples)).astype(np.int64)


def _ones(columns: Ints, width: int) -> Floats:
    ones = np.zeros((len(columns), width), dtype=np.float32)
    ones[np.arange(len(columns)), columns] = 1
    return ones


def _sparse(cells: Sequence[tuple[int, int, int]], rows: int, columns: int) -> "csr_array":
    from scipy.sparse import csr_array  # noqa: PLC0415 - slow to load, only a run needs it

    at: Any = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return csr_array((at[2], (at[0], at[1])), shape=(rows, max(1, columns)))
