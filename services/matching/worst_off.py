"""Among all best assignments: how good the worst pair can be."""

import numpy as np

from services.matching.flow import most_matched
from services.matching.pairs import Flags, Ints, Pairs
from services.matching.pricing_out import Optimum
from services.matching.room import Room


def best_floor(optimum: Optimum, room: Room) -> int:
    """The highest score that every pair of some best assignment reaches; 0 if nobody is matched."""
    kept = optimum.pairs.scores[optimum.chosen[optimum.chosen >= 0]]
    if not len(kept):
        return 0
    tight, least = optimum.tight, room.must(optimum.v)
    steps = np.unique(tight.scores[(tight.scores >= kept.min()) & (tight.scores <= _ceiling(optimum))])
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _still_best(tight.where(tight.scores >= steps[middle]), optimum.u > 0, least, room.may(optimum.v)):
            low = middle
        else:
            high = middle - 1
    return int(steps[low])


def _ceiling(optimum: Optimum) -> int:
    """No floor is higher than the best tight pair of any mentee who must be matched."""
    tight = optimum.tight
    best = np.full(len(optimum.u), -1, dtype=np.int64)
    np.maximum.at(best, tight.rows, tight.scores)
    return int(best[optimum.u > 0].min(initial=best.max()))


def _still_best(pairs: Pairs, must: Flags, least: Ints, most: Ints) -> bool:
    """Whether some best assignment uses only `pairs`, which are tight.

    It does if it reaches every mentee with a gain and fills every place below its mentor's price. If one assignment
    does the first and another the second, then a third does both (Mendelsohn and Dulmage), so two plain flows decide.
    """
    return most_matched(pairs.where(must[pairs.rows]), most) == int(must.sum()) and (
        most_matched(pairs, least) == int(least.sum())
    )
