"""Builds the proof of an answer from the answer alone, and finds out how good a worst pair can be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.matching.candidates import first_look, unwatched
from services.matching.certificate import Certificate
from services.matching.pairs import AtLeast, Flags, Ints, Pairs, Scorer, collected, joined
from services.matching.prices import gains_at, smallest_prices
from services.matching.pricing_out import Proof
from services.matching.room import room_for


def certify(
    scores: NDArray[np.signedinteger],
    capacities: NDArray[np.signedinteger],
    allowed: Flags,
    mentor_of: NDArray[np.signedinteger],
    pinned: Sequence[tuple[int, int]] = (),
    *,
    floor: int = 0,
    load_costs: tuple[int, ...] = (),
) -> Certificate:
    """The proof that `mentor_of` (n,) is the best answer to the arguments of `assign`, from these alone.

    Raises ArithmeticError if it is not the best, or breaks a rule.
    """
    free = _free(len(mentor_of), pinned)
    usable = allowed & (scores >= floor) & free[:, None]
    rows, columns = np.nonzero(usable)
    pairs = collected(len(scores), len(capacities), [(rows, columns, scores[rows, columns].astype(np.int64))])
    highest = int(scores.max(initial=0, where=allowed))
    return _proof(pairs, highest, capacities, mentor_of, free, floor, load_costs)


def certify_blocks(
    scorer: Scorer,
    capacities: NDArray[np.signedinteger],
    mentor_of: NDArray[np.signedinteger],
    pinned: Sequence[tuple[int, int]] = (),
    *,
    floor: int = 0,
    load_costs: tuple[int, ...] = (),
) -> Certificate:
    """As `certify`, for scores that come block by block and are never held all at once."""
    free = _free(len(mentor_of), pinned)
    matched = [(int(i), int(mentor_of[i])) for i in np.flatnonzero(mentor_of >= 0)]
    look = first_look(AtLeast(scorer, floor), free, matched, unwatched)
    pairs, check = look.candidates, None
    while True:
        proof = _proof(pairs, look.highest, capacities, mentor_of, free, floor, load_costs)
        check = check or Proof(AtLeast(scorer, floor), free, look, proof.big)
        more, _ = check.look(pairs, proof.u, proof.v, "", unwatched)
        if not more:
            return proof
        pairs = joined(scorer.n, scorer.m, pairs, more)


def _proof(
    pairs: Pairs,
    highest: int,
    capacities: NDArray[np.signedinteger],
    mentor_of: NDArray[np.signedinteger],
    free: Flags,
    floor: int,
    load_costs: tuple[int, ...],
) -> Certificate:
    n, m = len(mentor_of), len(capacities)
    places = np.asarray(capacities, dtype=np.int64)
    held = np.bincount(mentor_of[~free & (mentor_of >= 0)], minlength=m)
    room = room_for(n, places, held, load_costs)
    big = 1 + min(n, int(places.sum()) + 1) * (highest + room.dearest)
    chosen = _positions(pairs, np.where(free, mentor_of, -1), m)
    if (np.bincount(mentor_of[mentor_of >= 0], minlength=m) > places).any():
        raise ArithmeticError("This answer gives a mentor more mentees than there are places.")
    v = smallest_prices(pairs, chosen, big, room)
    return Certificate(gains_at(pairs, chosen, big, v), v, big, floor, load_costs)


def _positions(pairs: Pairs, mentor_of: NDArray[np.signedinteger], m: int) -> Ints:
    """Where each mentee's pair stands among `pairs` (n,), -1 for nobody."""
    chosen = np.full(len(mentor_of), -1, dtype=np.int64)
    matched = np.flatnonzero(mentor_of >= 0)
    keys = matched * m + mentor_of[matched]
    known = pairs.rows * m + pairs.columns
    at = np.searchsorted(known, keys)
    if len(matched) and (not len(known) or (known[np.minimum(at, len(known) - 1)] != keys).any()):
        raise ArithmeticError("This answer holds a pair that is not allowed.")
    chosen[matched] = at
    return chosen


def _free(n: int, pinned: Sequence[tuple[int, int]]) -> Flags:
    free = np.ones(n, dtype=np.bool_)
    free[[i for i, _ in pinned]] = False
    return free
