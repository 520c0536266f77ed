"""Answers a coordinator's questions about a best answer, exactly: what a change costs and who would move.

Costs are to the whole scheme, in matched mentees first and points second, with everybody else placed as well as then
possible. Pinned mentees never move. How good the worst pair is, and the lottery, are not part of a cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.matching.assignment import Assignment
from services.matching.certificate import Certificate
from services.matching.residual import FAR, Change, Move, Reach, Residual, chain


class Standing(StrEnum):
    """How a pair stands in an answer. NOT_AVAILABLE says no more, since the reason can be private."""

    TOGETHER = "together"
    POSSIBLE = "possible"
    NOT_AVAILABLE = "not_available"
    HELD = "held"  # the mentee is pinned to somebody else, or pins hold all of the mentor's places


@dataclass(frozen=True)
class WhyNot:
    """Why two people are not together; `change` is what insisting on them would do, where that is POSSIBLE."""

    standing: Standing
    change: Change | None = None


@dataclass(frozen=True)
class Alternative:
    """Another pair, and what insisting on it would gain (a loss is negative) and how many others would move."""

    mentee: int
    mentor: int
    score: int
    matched: int
    total: int
    others_moved: int


@dataclass(frozen=True)
class Worth:
    """What one more place would add: further mentees matched, and points. (1, -40) matches one more at a loss of 40."""

    matched: int
    total: int


class Explainer:
    """All questions about one answer. Building one is cheap; each question is one or two searches.

    `scores`, `capacities`, `allowed` and `pinned` are those that `assign` was given, `mentor_of` and `certificate`
    what it answered. Memory beyond these arrays stays small. Mentees are rows, mentors columns.
    Raises ArithmeticError if the answer is not proved, as after a run that a time limit stopped.
    """

    def __init__(
        self,
        scores: NDArray[np.int32],
        capacities: NDArray[np.signedinteger],
        allowed: NDArray[np.bool_],
        mentor_of: NDArray[np.signedinteger],
        certificate: Certificate,
        pinned: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._allowed = allowed
        self._around = around = Residual(scores, capacities, allowed, mentor_of, certificate, [i for i, _ in pinned])
        placed = np.flatnonzero(around.free & (around.place < around.m))
        self._matched = len(placed)
        self._total = int(around.scores[placed, around.place[placed]].sum()) - around.room.paid(around.load)
        # Costs of load can push a total below 0, but by no more than this, which `big` leaves room for.
        self._lift = min(around.n, int(np.asarray(capacities, dtype=np.int64).sum()) + 1) * around.room.dearest

    def why_not(self, mentee: int, mentor: int) -> WhyNot:
        """Why these two are not together, and what insisting on it would cost and move."""
        if self._around.place[mentee] == mentor:
            return WhyNot(Standing.TOGETHER)
        if not self._allowed[mentee, mentor]:
            return WhyNot(Standing.NOT_AVAILABLE)
        change = self.insist(mentee, mentor)
        return WhyNot(Standing.POSSIBLE, change) if change else WhyNot(Standing.HELD)

    def insist(self, mentee: int, mentor: int) -> Change | None:
        """The best answer with these two together, as a change of the one there is; None if there is no such answer.

        Of all best answers with this pair, one that moves the fewest people.
        """
        around = self._around
        start = int(around.place[mentee])
        if start == mentor:
            return Change((), 0, 0)
        if not (self._allowed[mentee, mentor] and around.free[mentee]):
            return None
        reach = around.from_mentor(mentor, start)
        if reach.distance[start] >= FAR:
            return None
        return self._changed(mentee, mentor, chain(reach, start))

    def forbid(self, mentee: int, mentor: int) -> Change | None:
        """The best answer without this pair, as a change of the one there is; None if the pair is pinned."""
        around = self._around
        if around.place[mentee] != mentor:
            return Change((), 0, 0)
        if not around.free[mentee]:
            return None
        places = chain(around.onwards(mentee, mentor, without=mentor), mentor)
        return self._changed(mentee, places[0], places)

    def for_mentee(self, mentee: int, most: int = 5) -> list[Alternative]:
        """The mentee's next best mentors: those whom insisting on costs the scheme least, the best first."""
        around = self._around
        if not around.free[mentee]:
            return []
        start = int(around.place[mentee])
        reach = around.to_place(start)
        mentors = np.flatnonzero(self._allowed[mentee] & (np.arange(around.m) != start))
        return self._cheapest([(mentee, j) for j in mentors.tolist()], reach, mentors.tolist(), most)

    def for_mentor(self, mentor: int, most: int = 5) -> list[Alternative]:
        """The mentor's next best mentees: those whom insisting on costs the scheme least, the best first."""
        around = self._around
        reach = around.from_mentor(mentor)
        mentees = np.flatnonzero(self._allowed[:, mentor] & (around.place != mentor) & around.free)
        ends = around.place[mentees].tolist()
        return self._cheapest([(i, mentor) for i in mentees.tolist()], reach, ends, most)

    def one_more_place(self) -> list[Worth]:
        """For each mentor, what one more place with them would add (exactly; less what a further mentee costs)."""
        around = self._around
        gains = around.certificate.v
        further = around.room.costs[np.minimum(len(around.room.costs) - 1, around.held + around.room.places)]
        return [self._decoded(-gain) for gain in np.maximum(0, gains - further).tolist()]

    def _cheapest(self, pairs: list[tuple[int, int]], reach: Reach, ends: list[int], most: int) -> list[Alternative]:
        around = self._around
        costs = []
        for (mentee, mentor), end in zip(pairs, ends, strict=True):
            if reach.distance[end] < FAR:
                scaled = int(reach.distance[end]) + around.slack(mentee, mentor) * around.steps
                costs.append((scaled, mentee, mentor))
        return [self._alternative(*cost) for cost in sorted(costs)[:most]]

    def _alternative(self, scaled: int, mentee: int, mentor: int) -> Alternative:
        worth = self._decoded(scaled // self._around.steps)
        score = int(self._around.scores[mentee, mentor])
        return Alternative(mentee, mentor, score, worth.matched, worth.total, scaled % self._around.steps)

    def _decoded(self, loss: int) -> Worth:
        """A loss of weight as a difference of matched mentees and of points."""
        big = self._around.certificate.big
        after, points = divmod(self._matched * big + self._total - loss + self._lift, big)
        return Worth(after - self._matched, points - self._lift - self._total)

    def _changed(self, mentee: int, mentor: int, places: list[int]) -> Change:
        around = self._around
        start, end = (around.shown(int(place)) for place in (around.place[mentee], mentor))
        return around.change([Move(mentee, start, end), *around.moves(places)])


def explainer(
    scores: NDArray[np.int32],
    capacities: NDArray[np.signedinteger],
    allowed: NDArray[np.bool_],
    answer: Assignment,
    pinned: Sequence[tuple[int, int]] = (),
) -> Explainer:
    """The explainer of what `assign` has just answered to these arguments."""
    return Explainer(scores, capacities, allowed, answer.mentor_of, answer.certificate, pinned)
