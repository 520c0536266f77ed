"""What it costs to move people along, around a best answer: shortest paths from mentor to mentor.

Somebody who takes a mentor's place sends one of that mentor's mentees on, who may send on another, until a place is
free, somebody stays alone, or the place that was left at the start is filled. At the prices of the answer no step
costs less than nothing, so one search in Dijkstra's way finds the cheapest chain, and of those the shortest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.certificate import Certificate
from services.matching.pairs import Flags, Ints
from services.matching.room import room_for

FAR = 1 << 61


class Move(NamedTuple):
    """A mentee (row) goes from one mentor (column) to another; -1 is nobody."""

    mentee: int
    before: int
    after: int


@dataclass(frozen=True)
class Change:
    """Another answer: who moves (the one asked about first), and what the scheme gains by it in all.

    `matched` and `total` are differences to the answer as it is, so a loss is negative: `Change(..., matched=0,
    total=-35)` costs 35 points. The total is that of scores, less the costs of load if the run had any.
    """

    moves: tuple[Move, ...]
    matched: int
    total: int


@dataclass(frozen=True, eq=False)
class Reach:
    """`distance` and `origin` (m + 1,): what it costs at least to get from or to each place, and the step before."""

    distance: Ints
    origin: Ints


class Residual:
    """The chains around one best answer. Place m stands for being alone and for every free place."""

    def __init__(
        self,
        scores: NDArray[np.signedinteger],
        capacities: NDArray[np.signedinteger],
        allowed: Flags,
        mentor_of: NDArray[np.signedinteger],
        certificate: Certificate,
        fixed: Sequence[int] = (),
    ) -> None:
        """Arrays as for `assign`; the mentees in `fixed` (rows) keep what they have and are never moved.

        Raises ArithmeticError if `certificate` does not belong to `mentor_of` or proves nothing, as after a run that
        was stopped early, and OverflowError if scores are too large for exact chains.
        """
        self.n, self.m = scores.shape
        self.scores, self.allowed, self.certificate = scores, allowed, certificate
        self.outside = self.m
        self.steps = min(self.n, self.m + 1) + 2
        if 8 * certificate.big * self.steps >= FAR:
            raise OverflowError("The scores are too large for exact chains of moves.")
        self.place = np.where(mentor_of < 0, self.outside, mentor_of).astype(np.int64)
        self.free = np.ones(self.n, dtype=np.bool_)
        self.free[list(fixed)] = False
        self.held = held = np.bincount(self.place[~self.free], minlength=self.m + 1)[: self.m]
        self._refuse_unproved()
        self.room = room_for(self.n, np.asarray(capacities, dtype=np.int64), held, certificate.load_costs)
        self.load = np.bincount(self.place[self.free], minlength=self.m + 1)[: self.m]
        movable = np.flatnonzero(self.free)
        self._order = movable[np.argsort(self.place[movable], kind="stable")]
        self._starts = np.searchsorted(self.place[self._order], np.arange(self.m + 2))
        self._leaver = -1
        self._spare = self.room.next_cost(self.load)
        self._given_up = certificate.v - self.room.last_cost(self.load)

    def _refuse_unproved(self) -> None:
        proof, matched = self.certificate, np.flatnonzero(self.free & (self.place < self.m))
        mentors = self.place[matched]
        worth = proof.big + self.scores[matched, mentors].astype(np.int64)
        alone = self.free & (self.place == self.outside)
        if (proof.u[matched] + proof.v[mentors] != worth).any() or proof.u[alone].any():
            raise ArithmeticError("Only an answer that is proved can be explained or repaired.")

    def slack(self, mentee: int, mentor: int) -> int:
        """What the scheme loses at least by this pair."""
        proof = self.certificate
        return int(proof.u[mentee] + proof.v[mentor]) - proof.big - int(self.scores[mentee, mentor])

    def onwards(self, mentee: int, target: int, without: int) -> Reach:
        """The cheapest chains that start with `mentee` leaving `without` for any other place, up to `target`."""
        self._leaver = mentee
        first = np.append(self._scaled(np.array([mentee]))[0], self.certificate.u[mentee] * self.steps + 1)
        first[without] = FAR
        return self._search(first, self._from, target)

    def from_mentor(self, mentor: int, target: int | None = None) -> Reach:
        """The cheapest chains from a place that is needed at `mentor` to everywhere, or only to `target`."""
        self._leaver = -1
        return self._search(self._at(mentor), self._from, target)

    def to_place(self, place: int) -> Reach:
        """The cheapest chains from everywhere that fill `place`."""
        self._leaver = -1
        return self._search(self._at(place), self._into)

    def moves(self, places: Sequence[int]) -> list[Move]:
        """Who moves along a chain of places, each one giving somebody to the next."""
        found = []
        for start, end in pairwise(places):
            people = self._people(start)
            costs = self._leaving(people) if end == self.outside else self._scaled(people)[:, end]
            free = self._without_people(start)[end]
            if len(people) and costs.min() < free:
                found.append(Move(int(people[costs.argmin()]), self.shown(start), self.shown(end)))
        return found

    def change(self, moves: Sequence[Move]) -> Change:
        """The moves with what they change in all."""
        load, score = self.load.copy(), 0
        for move in moves:
            score += int(self.scores[move.mentee, move.after]) if move.after >= 0 else 0
            score -= int(self.scores[move.mentee, move.before]) if move.before >= 0 else 0
            load[[place for place in (move.after,) if place >= 0]] += 1
            load[[place for place in (move.before,) if place >= 0]] -= 1
        matched = int(load.sum() - self.load.sum())
        return Change(tuple(moves), matched, score - self.room.paid(load) + self.room.paid(self.load))

    def _at(self, place: int) -> Ints:
        start = np.full(self.m + 1, FAR, dtype=np.int64)
        start[place] = 0
        return start

    def _search(self, start: Ints, edges: Callable[[int], Ints], target: int | None = None) -> Reach:
        distance, waiting = start.copy(), start.copy()
        origin = np.full(self.m + 1, -1, dtype=np.int64)
        while waiting[place := int(waiting.argmin())] < FAR and place != target:
            waiting[place] = FAR
            further = distance[place] + edges(place)
            nearer = np.flatnonzero(further < distance)
            distance[nearer] = waiting[nearer] = further[nearer]
            origin[nearer] = place
        return Reach(distance, origin)

    def _from(self, place: int) -> Ints:
        """What the step from `place` to every other costs (m + 1,), at least."""
        people = self._people(place)
        ways = self._without_people(place)
        if len(people):
            ways[: self.m] = np.minimum(ways[: self.m], self._scaled(people).min(axis=0))
            ways[self.outside] = min(int(ways[self.outside]), int(self._leaving(people).min()))
        return ways

    def _into(self, place: int) -> Ints:
        """What the step from every other place to `place` costs (m + 1,), at least."""
        ways = np.full(self.m + 1, FAR, dtype=np.int64)
        people = self._order
        if place == self.outside:
            costs = self._leaving(people)
            spare = self._spare >= 0
            ways[: self.m][spare] = (self._spare - self.certificate.v)[spare] * self.steps
        else:
            costs = self._column(people, place)
            ways[self.outside] = self._without_people(self.outside)[place]
        np.minimum.at(ways, self.place[people], costs)
        ways[place] = FAR
        return ways

    def _without_people(self, place: int) -> Ints:
        """The steps that move nobody: into a spare place, or out of one that is given up."""
        ways = np.full(self.m + 1, FAR, dtype=np.int64)
        if place == self.outside:
            held = self.load > 0
            ways[: self.m][held] = self._given_up[held] * self.steps
        elif self._spare[place] >= 0:
            ways[self.outside] = (self._spare[place] - self.certificate.v[place]) * self.steps
        return ways

    def _people(self, place: int) -> Ints:
        people = self._order[self._starts[place] : self._starts[place + 1]]
        others: Ints = people[people != self._leaver]
        return others

    def _leaving(self, people: Ints) -> Ints:
        """What it costs that each of `people` is left alone; those who are already cannot be."""
        costs: Ints = np.where(self.place[people] == self.outside, FAR, self.certificate.u[people] * self.steps + 1)
        return costs

    def _scaled(self, people: Ints) -> Ints:
        """What it costs to send each of `people` to each mentor (k, m), with the one step it takes."""
        proof = self.certificate
        slack = proof.u[people, None] + proof.v - proof.big - self.scores[people]
        usable = self.allowed[people] & (self.scores[people] >= proof.floor)
        costs: Ints = np.where(usable, slack * self.steps + 1, FAR)
        return costs

    def _column(self, people: Ints, mentor: int) -> Ints:
        proof, scores = self.certificate, self.scores[people, mentor].astype(np.int64)
        usable = self.allowed[people, mentor] & (scores >= proof.floor)
        costs: Ints = np.where(usable, (proof.u[people] + proof.v[mentor] - proof.big - scores) * self.steps + 1, FAR)
        return costs

    def shown(self, place: int) -> int:
        """The mentor at a place, -1 for nobody."""
        return -1 if place == self.outside else place


def chain(reach: Reach, end: int, *, backwards: bool = False) -> list[int]:
    """The places on the way to `end`; with `backwards`, from `end` to where the search began."""
    places = [end]
    while reach.origin[places[-1]] >= 0:
        places.append(int(reach.origin[places[-1]]))
    return places if backwards else places[::-1]
