"""The heaviest assignment within capacities, and the prices that prove it.

SciPy finds the assignment on copies of each mentor, one for each place. It computes in floats, which is exact here as
long as eight times the largest weight stays below 2**53; `prices` then proves the answer in integers or raises.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LARGEST_WEIGHT = 1 << 50
FIRST_PLACES = 4
GROWTH = 4
# Deep enough that no sum of weights lifts it above zero, far enough from the end of int64 to be added to.
HOLE = -(1 << 60)


@dataclass(frozen=True, eq=False)
class Optimum:
    """`mentor_of` (n,), -1 for nobody; mentees' gains `u` (n,) and the smallest mentors' prices `v` (m,)."""

    mentor_of: Ints
    u: Ints
    v: Ints


def heaviest(weights: Ints, capacities: Ints) -> Optimum:
    """The assignment of largest total weight. `weights` (n, m) is 0 where a pair may not be, positive elsewhere.

    Places are added to a mentor only while their price says that one more would help, so a capacity of a thousand
    million costs nothing. Raises ArithmeticError if the answer cannot be proved, OverflowError if weights are too big.
    """
    if weights.max(initial=0) >= LARGEST_WEIGHT:
        raise OverflowError("The weights are too large to be assigned exactly.")
    limits = np.minimum(capacities, (weights > 0).sum(axis=0))
    places = np.minimum(limits, np.maximum(FIRST_PLACES, _admirers(weights)))
    while True:
        mentor_of = _assigned(weights, places)
        v = prices(weights, mentor_of)
        short = (v > 0) & (places < limits)
        if not short.any():
            return _proved(weights, capacities, mentor_of, v)
        places = np.where(short, np.minimum(limits, GROWTH * places), places)


def prices(weights: Ints, mentor_of: Ints) -> Ints:
    """The smallest prices (m,) at which nobody would rather have another mentor, by Bellman and Ford.

    A mentee left out bids all they have; a matched one bids what moving would gain. Raises ArithmeticError if the
    bidding never ends, which means that `mentor_of` was not the heaviest assignment.
    """
    offers = np.where(weights > 0, weights, HOLE)
    v: Ints = offers[mentor_of < 0].max(axis=0, initial=0)
    matched = np.flatnonzero(mentor_of >= 0)
    matched = matched[np.argsort(mentor_of[matched], kind="stable")]
    if not len(matched):
        return v

    mentors, starts = np.unique(mentor_of[matched], return_index=True)
    kept = weights[matched, mentor_of[matched]]
    gains = np.maximum.reduceat(offers[matched] - kept[:, None], starts, axis=0)
    moved = np.arange(len(mentors))
    for _ in range(len(mentors) + 1):
        risen = np.maximum(v, (v[mentors[moved], None] + gains[moved]).max(axis=0, initial=0))
        moved = np.flatnonzero(risen[mentors] > v[mentors])
        v = risen
        if not len(moved):
            return v
    raise ArithmeticError("No prices support this assignment: it is not the heaviest.")


def tight_pairs(weights: Ints, optimum: Optimum) -> Flags:
    """The only pairs (n, m) that any heaviest assignment can use: those whose gain and price add up to their weight."""
    tight: Flags = (weights > 0) & (optimum.u[:, None] + optimum.v == weights)
    return tight


def best_floor(scores: Ints, tight: Flags, optimum: Optimum, capacities: Ints) -> int:
    """The highest score that every pair of some heaviest assignment can reach; 0 if nobody is matched."""
    matched = np.flatnonzero(optimum.mentor_of >= 0)
    if not len(matched):
        return 0
    known = scores[matched, optimum.mentor_of[matched]].min()
    must = optimum.u > 0
    ceiling = np.where(tight, scores, -1)[must].max(axis=1, initial=-1).min(initial=scores.max())
    steps = np.unique(scores[tight & (scores >= known) & (scores <= ceiling)])
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _still_heaviest(tight & (scores >= steps[middle]), optimum, capacities):
            low = middle
        else:
            high = middle - 1
    return int(steps[low])


def _admirers(weights: Ints) -> Ints:
    """How many mentees like each mentor (m,) best: a first guess at the places that will be wanted."""
    n, m = weights.shape
    if not n or not m:
        return np.zeros(m, dtype=np.int64)
    return np.bincount(weights.argmax(axis=1), minlength=m)


def _assigned(weights: Ints, places: Ints) -> Ints:
    """SciPy's answer (n,) with each mentor copied `places` times; a pair of weight 0 counts as nobody."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - SciPy is slow to load and only a run needs it

    mentor_of = np.full(len(weights), -1, dtype=np.int64)
    columns = np.repeat(np.arange(len(places)), places)
    rows, chosen = linear_sum_assignment(weights[:, columns].astype(np.float64), maximize=True)
    real = weights[rows, columns[chosen]] > 0
    mentor_of[rows[real]] = columns[chosen[real]]
    return mentor_of


def _proved(weights: Ints, capacities: Ints, mentor_of: Ints, v: Ints) -> Optimum:
    """The answer with its proof. Raises ArithmeticError if bound and answer differ."""
    matched = np.flatnonzero(mentor_of >= 0)
    kept = weights[matched, mentor_of[matched]]
    u = np.zeros(len(weights), dtype=np.int64)
    u[matched] = kept - v[mentor_of[matched]]
    if u.min(initial=0) < 0 or u.sum() + (capacities * v).sum() != kept.sum():
        raise ArithmeticError(
            "The assignment could not be proved to be the heaviest."
        )  # pragma: no cover - a guard against SciPy
    return Optimum(mentor_of=mentor_of, u=u, v=v)


def _still_heaviest(pairs: Flags, optimum: Optimum, capacities: Ints) -> bool:
    """Whether some heaviest assignment uses only `pairs`.

    It does if it reaches every mentee with a gain and fills every mentor with a price. If one assignment does the
    first and another the second, then a third does both (Mendelsohn and Dulmage), so two plain flows decide.
    """
    must, priced = optimum.u > 0, optimum.v > 0
    return _most_matched(pairs[must], capacities) == int(must.sum()) and (
        _most_matched(pairs[:, priced], capacities[priced]) == int(capacities[priced].sum())
    )


def _most_matched(pairs: Flags, capacities: Ints) -> int:
    """How many mentees `pairs` (n, m) can place within `capacities`, as a flow from a source to a sink."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - as above
    from scipy.sparse.csgraph import maximum_flow  # noqa: PLC0415

    n, m = pairs.shape
    rows, columns = np.nonzero(pairs)
    tails = np.concatenate([np.zeros(n, dtype=np.int64), 1 + rows, 1 + n + np.arange(m)])
    heads = np.concatenate([1 + np.arange(n), 1 + n + columns, np.full(m, n + m + 1)])
    widths = np.concatenate([np.ones(n + len(rows)), np.minimum(capacities, n)]).astype(np.int32)
    graph = csr_array((widths, (tails, heads)), shape=(n + m + 2, n + m + 2))
    return int(maximum_flow(graph, 0, n + m + 1).flow_value)
