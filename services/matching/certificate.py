"""The proof that an assignment is the best there is, and checks that share no code with the engine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.pairs import MatrixScorer, Scorer, blocks


@dataclass(frozen=True, eq=False)
class Certificate:
    """Prices that bound every possible answer from above. All numbers are integers and never negative.

    `u` (n,) is what each mentee gains over being left out, `v` (m,) what one more place with each mentor would add,
    `big` what being matched at all is worth; it outweighs any sum of scores. Pinned mentees stand outside the proof:
    their `u` is 0, and the place they hold no longer counts among their mentor's.
    With a `floor`, pairs below it were ruled out. `load_costs` are what a mentor's second, third, ... mentee costs,
    the last one for all further; pinned mentees hold the cheapest places.
    """

    u: NDArray[np.int64]
    v: NDArray[np.int64]
    big: int
    floor: int = 0
    load_costs: tuple[int, ...] = ()


def verify(
    scores: NDArray[np.int32],
    capacities: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    mentor_of: NDArray[np.int32],
    certificate: Certificate,
    pinned: Sequence[tuple[int, int]] = (),
) -> bool:
    """Whether `mentor_of` keeps every rule and nothing can match more mentees, or as many with a higher total.

    Takes the arrays of `assignment.assign`. Sums are Python's integers, which neither round nor overflow.
    """
    return verify_blocks(MatrixScorer(scores, allowed), capacities, mentor_of, certificate, pinned)


def verify_blocks(
    scorer: Scorer,
    capacities: NDArray[np.int32],
    mentor_of: NDArray[np.int32],
    certificate: Certificate,
    pinned: Sequence[tuple[int, int]] = (),
) -> bool:
    """As `verify`, for scores that come block by block."""
    places, answer, pins = capacities.tolist(), mentor_of.tolist(), dict(pinned)
    u, v = certificate.u.tolist(), certificate.v.tolist()
    if len(u) != len(answer) or len(u) != scorer.n or len(v) != len(places) or min(u + v, default=0) < 0:
        return False
    used = Counter(j for j in answer if j != -1)
    if not all(0 <= j < len(places) and used[j] <= places[j] for j in used):
        return False
    if any(answer[i] != j for i, j in pins.items()) or max(u + v, default=0) >= 1 << 61:
        return False

    read = _read(scorer, answer, certificate, pins)
    if read is None:
        return False
    reached, highest = read
    held = Counter(pins.values())
    ladder = [0, *certificate.load_costs]
    enough = certificate.big > min(len(u), sum(places)) * (highest + max(ladder))
    bound = sum(u) + sum(_worth(v[j], held[j], places[j], ladder) for j in range(len(v)) if v[j])
    paid = sum(_cost(ladder, place) for j in used for place in range(held[j], used[j]))
    return bool(enough and bound == reached - paid)


def _read(scorer: Scorer, answer: list[int], certificate: Certificate, pins: dict[int, int]) -> tuple[int, int] | None:
    """What the answer is worth without pins, and the highest score; None if a pair breaks a rule or the bound."""
    reached = highest = 0
    for rows in blocks(scorer):
        scores, allowed = scorer.block(rows)
        highest = max(highest, int(scores.max(initial=0, where=allowed)))
        loose = np.array([i not in pins for i in range(rows.start, rows.stop)])
        usable = allowed & (scores >= certificate.floor) & loose[:, None]
        room = certificate.u[rows, None] + certificate.v - certificate.big
        if (usable & (room < scores)).any():
            return None
        for i, j in enumerate(answer[rows]):
            if j == -1:
                continue
            if not (usable if loose[i] else allowed)[i, j]:
                return None
            reached += (certificate.big + int(scores[i, j])) if loose[i] else 0
    return reached, highest


def _worth(price: int, held: int, capacity: int, ladder: list[int]) -> int:
    """What a mentor's free places are worth: the price of each less its cost, where that is positive."""
    steps = range(held, min(capacity, len(ladder) - 1))
    further = max(0, capacity - max(held, len(ladder) - 1)) * max(0, price - ladder[-1])
    return sum(max(0, price - ladder[place]) for place in steps) + further


def _cost(ladder: list[int], place: int) -> int:
    """The cost of a mentor's place, counted from 0."""
    return ladder[min(place, len(ladder) - 1)]
