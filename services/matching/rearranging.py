"""Another mentor for a few mentees: moving nobody else, and moving whoever helps. Plain values; no database in here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.matching import solving
from services.matching.fingerprints import Order
from services.matching.reading import Candidates
from services.matching.repair import nearest
from services.matching.scoring import FULL, Scores
from services.matching.sharing import SHAREABLE


@dataclass(frozen=True)
class Moved:
    """One mentee with another mentor than before. None is nobody; scores run from 0 to 1."""

    mentee_id: UUID
    before_id: UUID | None
    before_score: float
    after_id: UUID | None
    score: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrangement:
    """Everybody who was asked about and whoever moves; what changes in mentees and in thousandths of points in all."""

    moved: tuple[Moved, ...]
    matched: int
    points: int


@dataclass(frozen=True)
class Rearranged:
    """`only` moves none but those who were asked about; `best` is the best there is, with the fewest moves."""

    only: Arrangement
    best: Arrangement

    @property
    def people(self) -> frozenset[UUID]:
        moves = (*self.only.moved, *self.best.moved)
        ids = (one for move in moves for one in (move.mentee_id, move.before_id, move.after_id))
        return frozenset(one for one in ids if one is not None)


@dataclass(frozen=True, eq=False)
class _Start:
    """Where everybody stands, as positions; `asked` are rows, `lost` the score of each that is not to be again."""

    given: Candidates
    scores: Scores
    mentor_of: NDArray[np.int32]
    asked: Mapping[int, tuple[UUID, float]]

    def points_of(self, mentor_of: NDArray[np.signedinteger], matrix: NDArray[np.int32]) -> tuple[int, int]:
        rows = np.flatnonzero(mentor_of >= 0)
        return len(rows), int(matrix[rows, mentor_of[rows]].sum())


def rearrange(
    given: Candidates,
    order: Order,
    mentor_of: Mapping[UUID, UUID | None],
    asked: Mapping[UUID, tuple[UUID, float]],
    own: Collection[UUID],
) -> Rearranged:
    """Both ways on for the mentees `asked` about, each with the mentor and score of the pair that came to nothing.

    `mentor_of` says where every mentee of `given` stands; `own` are the enrolments of whoever asks: they stay where
    they are, and nobody is moved to them. Prices are in scores alone, as people read them. Raises WeightsError.
    """
    scores = solving.scored(given, order)
    matrix, allowed = solving.scorer_of(given, scores).block(slice(0, len(given.mentees)))
    row = {UUID(person.id): i for i, person in enumerate(given.mentees)}
    column = {UUID(person.id): j for j, person in enumerate(given.mentors)}
    held = np.full(len(row), -1, dtype=np.int32)
    for mentee, mentor in mentor_of.items():
        # Those who are asked about start with nobody: what they had is not to be taken as theirs.
        if mentee in row and mentee not in asked and mentor in column:
            held[row[mentee]] = column[mentor]
    fixed = _obey(given, allowed, row, column, asked)
    fixed |= {row[one] for one in own if one in row}
    mine = [column[one] for one in own if one in column]
    fixed |= set(np.flatnonzero(np.isin(held, mine)).tolist()) if mine else set()
    allowed[:, mine] = False
    start = _Start(given, scores, held, {row[mentee]: pair for mentee, pair in asked.items()})
    everybody_else = set(range(len(row))) - set(start.asked)
    costs = solving.policy_of(scores, order).load_costs
    places = np.array(given.places, dtype=np.int64)
    only, best = (
        _arrangement(start, matrix, nearest(matrix, places, allowed, held, sorted(kept), load_costs=costs).mentor_of)
        for kept in (everybody_else, fixed - set(start.asked))
    )
    return Rearranged(only, best if best.moved != only.moved else only)


def _obey(
    given: Candidates,
    allowed: NDArray[np.bool_],
    row: Mapping[UUID, int],
    column: Mapping[UUID, int],
    asked: Collection[UUID],
) -> set[int]:
    """Pins: somebody who was asked about may have only this mentor; anybody else stays. Answers who stays."""
    stays = set()
    for mentor, mentee in given.pins:
        if mentee in asked:
            others = [j for one, j in column.items() if one != mentor]
            allowed[row[mentee], others] = False
        else:
            stays.add(row[mentee])
    return stays


def _arrangement(start: _Start, matrix: NDArray[np.int32], after: NDArray[np.int32]) -> Arrangement:
    before, now = start.points_of(start.mentor_of, matrix), start.points_of(after, matrix)
    lost = round(sum(score * FULL for _, score in start.asked.values()))
    rows = sorted({*start.asked, *np.flatnonzero(after != start.mentor_of).tolist()})
    moved = tuple(_moved(start, matrix, i, int(after[i])) for i in rows)
    return Arrangement(moved, now[0] - before[0] - len(start.asked), now[1] - before[1] - lost)


def _moved(start: _Start, matrix: NDArray[np.int32], i: int, j: int) -> Moved:
    mentee_id, had = UUID(start.given.mentees[i].id), int(start.mentor_of[i])
    before: tuple[UUID | None, float] = (None, 0.0)
    if i in start.asked:
        before = start.asked[i]
    elif had >= 0:
        before = UUID(start.given.mentors[had].id), int(matrix[i, had]) / FULL
    if j < 0:
        return Moved(mentee_id, *before, None)
    told = solving.told(start.scores.parts(i, j))
    reasons = tuple(str(part["sentence"]) for part in told if part["strong"] and part["criterion"] in SHAREABLE)
    return Moved(mentee_id, *before, UUID(start.given.mentors[j].id), int(matrix[i, j]) / FULL, reasons)
