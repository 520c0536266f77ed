"""How many mentees each mentor can take, and what a further one costs when the load is to be balanced."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.pairs import Ints, MatchingInputError


@dataclass(frozen=True, eq=False)
class Room:
    """The free places of m mentors, in steps of rising cost: `widths` (steps, m) places at `costs` (steps,) each.

    A mentor's first mentee costs nothing. Costs rise, so the cheaper places are always filled first.
    """

    widths: Ints
    costs: Ints

    @property
    def places(self) -> Ints:
        """Free places (m,)."""
        places: Ints = self.widths.sum(axis=0)
        return places

    @property
    def dearest(self) -> int:
        return int(self.costs.max(initial=0))

    def last_cost(self, load: Ints) -> Ints:
        """What the last of `load` (m,) mentees costs; 0 without any."""
        return np.where(load > 0, self._cost_of_place(load), 0)

    def next_cost(self, load: Ints) -> Ints:
        """What one more than `load` (m,) mentees costs; -1 if there is no place."""
        return np.where(load < self.places, self._cost_of_place(load + 1), -1)

    def paid(self, load: Ints) -> int:
        """What `load` (m,) mentees cost in all."""
        before = np.cumsum(self.widths, axis=0) - self.widths
        used = np.clip(load - before, 0, self.widths)
        return int((used.sum(axis=1) * self.costs).sum())

    def must(self, v: Ints) -> Ints:
        """How many mentees (m,) each mentor has at least in every best answer with the prices `v` (m,)."""
        least: Ints = (self.widths * (self.costs[:, None] < v)).sum(axis=0)
        return least

    def may(self, v: Ints) -> Ints:
        """How many mentees (m,) each mentor has at most in any best answer with the prices `v` (m,)."""
        most: Ints = (self.widths * (self.costs[:, None] <= v)).sum(axis=0)
        return most

    def worth(self, v: Ints) -> int:
        """What all places are worth at the prices `v` (m,): the mentors' part of the bound, in exact integers."""
        above = np.maximum(0, v - self.costs[:, None])
        return sum(int(width) * int(gain) for width, gain in zip(self.widths.flat, above.flat, strict=True) if gain)

    def _cost_of_place(self, number: Ints) -> Ints:
        """The cost of each mentor's place `number` (m,), counted from 1."""
        step = (number > np.cumsum(self.widths, axis=0)).sum(axis=0)
        cost: Ints = self.costs[np.minimum(step, len(self.costs) - 1)]
        return cost


def room_for(n: int, capacities: Ints, held: Ints, load_costs: Sequence[int] = ()) -> Room:
    """The room left for n mentees when `held` (m,) places are taken.

    `load_costs` are what a mentor's second, third, ... mentee costs in points; the last one counts for all further.
    Raises MatchingInputError unless they are whole, not negative, and never fall.
    """
    rising = [0, *load_costs]
    if any(not isinstance(cost, int | np.integer) for cost in rising) or rising != sorted(rising):
        raise MatchingInputError("The costs of further mentees must be whole numbers that never fall below 0 or back.")
    last = len(rising) - 1
    # Nobody has more mentees than there are, so a capacity of a thousand million costs nothing.
    upper = np.minimum(capacities, held + n)
    ends = [np.minimum(upper, step + 1) for step in range(last)] + [upper]
    starts = [np.maximum(held, step) for step in range(last + 1)]
    widths = [np.maximum(0, end - start) for start, end in zip(starts, ends, strict=True)]
    return Room(np.array(widths, dtype=np.int64).reshape(last + 1, -1), np.array(rising, dtype=np.int64))
