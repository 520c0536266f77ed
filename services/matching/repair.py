"""After a decline: the best answer without that pair, moving as few people as possible, and nobody who is frozen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.candidates import first_look, unwatched
from services.matching.certificate import Certificate
from services.matching.pairs import Flags, Ints, MatrixScorer
from services.matching.pricing_out import best_assignment
from services.matching.residual import Change, Move, Residual, chain
from services.matching.room import room_for


@dataclass(frozen=True, eq=False)
class Repair:
    """Two ways on after a decline; a coordinator chooses. Changes are to the answer as it was before the decline.

    `only` moves nobody but the mentee: to the best mentor with a free place, or to nobody. `best` is the best there
    is, with the fewest moves that reach it. `mentor_of` (n,) and `certificate` are the answer after `best`, proved
    for the mentees who are not frozen; both serve as the start of the next repair.
    """

    only: Change
    best: Change
    mentor_of: NDArray[np.int32]
    certificate: Certificate
    capacities: NDArray[np.int64]


def repair(
    scores: NDArray[np.int32],
    capacities: NDArray[np.signedinteger],
    allowed: NDArray[np.bool_],
    mentor_of: NDArray[np.signedinteger],
    certificate: Certificate,
    declined: tuple[int, int],
    frozen: Sequence[int] = (),
    *,
    place_withdrawn: bool = False,
) -> Repair:
    """What to do when the pair `declined` (mentee row, mentor column) of a best answer will not be.

    Arrays as for `assign`; `certificate` proves `mentor_of`, in which the declined pair stands. `frozen` (rows) are
    all who keep what they have: pinned, accepted or already proposed. With `place_withdrawn` the mentor also takes one
    mentee fewer. Further calls pass the `mentor_of`, `certificate` and `capacities` of the last one, and `allowed`
    with every declined pair ruled out. For an answer that somebody has changed by hand, see `nearest`.
    Raises ValueError if the declined pair does not stand or is frozen, ArithmeticError if the answer is not proved.
    """
    mentee, mentor = declined
    if mentor_of[mentee] != mentor or mentor < 0 or mentee in frozen:
        raise ValueError("Only a pair that stands and is not frozen can be declined.")
    may = allowed.copy()
    may[mentee, mentor] = False
    places = np.array(capacities, dtype=np.int64)
    full = np.bincount(mentor_of[mentor_of >= 0], minlength=len(places))[mentor] == places[mentor]
    places[mentor] -= place_withdrawn

    around = Residual(scores, capacities, allowed, mentor_of, certificate, frozen)
    # A place that goes with the mentee need not be filled again; one that was spare is simply no longer there.
    target = around.outside if place_withdrawn and full else mentor
    reach = around.onwards(mentee, target, without=mentor)
    route = chain(reach, target)
    best = around.change([Move(mentee, mentor, around.shown(route[0])), *around.moves(route)])
    after = np.array(mentor_of, dtype=np.int32)
    for move in best.moves:
        after[move.mentee] = move.after
    return Repair(_only(around, may, mentee), best, after, _proof(around, reach.distance, target, after), places)


def _only(around: Residual, may: Flags, mentee: int) -> Change:
    """The mentee goes to the mentor with a free place who adds most, or to nobody."""
    before = around.shown(int(around.place[mentee]))
    spare = around.room.next_cost(around.load)
    gain = np.where(may[mentee] & (spare >= 0) & _above(around, mentee), around.scores[mentee] - spare, -(1 << 60))
    best = int(gain.argmax()) if len(gain) and gain.max() > -(1 << 60) else -1
    return around.change([Move(mentee, before, best)])


def _above(around: Residual, mentee: int) -> Flags:
    above: Flags = around.scores[mentee] >= around.certificate.floor
    return above


def _proof(around: Residual, distance: Ints, target: int, mentor_of: NDArray[np.int32]) -> Certificate:
    """The prices moved by the distances of the search, which support the new answer."""
    old = around.certificate
    reached = np.minimum(distance, distance[target]) // around.steps
    v = np.maximum(0, old.v - reached[:-1] + reached[-1])
    u = np.zeros_like(old.u)
    rows = np.flatnonzero(around.free & (mentor_of >= 0))
    u[rows] = old.big + around.scores[rows, mentor_of[rows]] - v[mentor_of[rows]]
    return Certificate(u, v, old.big, old.floor, old.load_costs)


@dataclass(frozen=True, eq=False)
class Nearest:
    """The best answer there is from here, the one that moves the fewest people, and what it changes."""

    change: Change
    mentor_of: NDArray[np.int32]


def nearest(
    scores: NDArray[np.int32],
    capacities: NDArray[np.signedinteger],
    allowed: NDArray[np.bool_],
    mentor_of: NDArray[np.signedinteger],
    frozen: Sequence[int] = (),
    *,
    load_costs: Sequence[int] = (),
) -> Nearest:
    """The best answer with the fewest moves from any `mentor_of` (n,), even one that is not the best or breaks rules.

    Arrays as for `assign`. `frozen` (rows) keep what they have, whatever `allowed` and `capacities` say now. Use it for
    several declines at once (rule the pairs out in `allowed`), for answers changed by hand, and, with everybody frozen
    but a few, for "only these". Solves anew: some tenths of a second at 1,000 x 600, and eight bytes a pair.
    """
    n, m = scores.shape
    free = np.ones(n, dtype=np.bool_)
    free[list(frozen)] = False
    loose = np.flatnonzero(free & (mentor_of >= 0))
    held = np.bincount(mentor_of[~free & (mentor_of >= 0)], minlength=m)
    room = room_for(n, np.maximum(held, capacities), held, [cost * (n + 1) for cost in load_costs])
    # Points count n + 1 times, so that one point always outweighs all who could stay where they are.
    weights = scores.astype(np.int64) * (n + 1)
    weights[loose, mentor_of[loose]] += 1
    # Whoever has nobody and gets nobody stays too. As many are matched in every best answer, so one more for all others
    # who are matched says the same as one more for these who are not, and no weight is below zero.
    weights[mentor_of >= 0] += 1
    scorer = MatrixScorer(weights, allowed)
    look = first_look(scorer, free, [], unwatched)
    big = 1 + min(n, int(room.places.sum()) + 1) * (look.highest + room.dearest)
    optimum = best_assignment(scorer, free, room, look, big, unwatched)

    after = np.where(free, -1, mentor_of).astype(np.int32)
    matched = np.flatnonzero(optimum.chosen >= 0)
    after[matched] = optimum.pairs.columns[optimum.chosen[matched]]
    moves = tuple(Move(int(i), int(mentor_of[i]), int(after[i])) for i in np.flatnonzero(after != mentor_of))
    before, now = (_worth(scores, answer, load_costs) for answer in (mentor_of, after))
    return Nearest(Change(moves, now[0] - before[0], now[1] - before[1]), after)


def _worth(
    scores: NDArray[np.int32], mentor_of: NDArray[np.signedinteger], load_costs: Sequence[int]
) -> tuple[int, int]:
    """How many are matched, and the total of scores less the costs of load."""
    matched = np.flatnonzero(mentor_of >= 0)
    load = np.bincount(mentor_of[matched], minlength=scores.shape[1])
    paid = room_for(len(scores), load, np.zeros_like(load), load_costs).paid(load)
    return len(matched), int(scores[matched, mentor_of[matched]].sum()) - paid
