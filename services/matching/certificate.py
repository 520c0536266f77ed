"""The proof that an assignment is the best there is, and a check that shares no code with the engine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Certificate:
    """Prices that bound every possible answer from above. All numbers are integers and never negative.

    `u` (n,) is what each mentee gains over being left out, `v` (m,) what one more place with each mentor would add,
    `big` what being matched at all is worth; it outweighs any sum of scores. Pinned mentees stand outside the proof:
    their `u` is 0, and the place they hold no longer counts among their mentor's.
    """

    u: NDArray[np.int64]
    v: NDArray[np.int64]
    big: int


def verify(
    scores: NDArray[np.int32],
    capacities: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    mentor_of: NDArray[np.int32],
    certificate: Certificate,
    pinned: Sequence[tuple[int, int]] = (),
) -> bool:
    """Whether `mentor_of` keeps every rule and nothing can match more mentees, or as many with a higher total.

    Takes the arrays of `assignment.assign` and works in Python's integers, which neither round nor overflow.
    """
    s, c, ok, answer = scores.tolist(), capacities.tolist(), allowed.tolist(), mentor_of.tolist()
    u, v, big = certificate.u.tolist(), certificate.v.tolist(), certificate.big
    if len(u) != len(answer) or len(v) != len(c) or min(u + v, default=0) < 0:
        return False

    pins = dict(pinned)
    pairs = [(i, j) for i, j in enumerate(answer) if j != -1]
    used = Counter(j for _, j in pairs)
    keeps_rules = all(0 <= j < len(c) and ok[i][j] for i, j in pairs) and all(used[j] <= c[j] for j in used)
    if not keeps_rules or any(answer[i] != j for i, j in pins.items()):
        return False

    usable = [(i, j, s[i][j]) for i, row in enumerate(ok) for j, yes in enumerate(row) if yes]
    enough = big > min(len(u), sum(c)) * max((score for _, _, score in usable), default=0)
    bounded = all(u[i] + v[j] >= big + score for i, j, score in usable if i not in pins)
    open_places = Counter(dict(enumerate(c)))
    open_places.subtract(pins.values())
    bound = sum(u) + sum(open_places[j] * v[j] for j in range(len(c)))
    reached = sum(big + s[i][j] for i, j in pairs if i not in pins)
    return enough and bounded and bound == reached
