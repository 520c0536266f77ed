"""Prices that support an assignment: at them, nobody would rather have another mentor."""

import numpy as np

from services.matching.pairs import Ints, Pairs
from services.matching.room import Room


def smallest_prices(pairs: Pairs, chosen: Ints, big: int, room: Room) -> Ints:
    """The smallest prices (m,) at which each mentee's chosen pair (n,), -1 for none, is the best of `pairs`.

    By Bellman and Ford on the pairs: a mentee left out bids all they have, a matched one what moving would gain.
    The price of a mentor is then what one more place with them would add. Raises ArithmeticError if bidding never
    ends or somebody would rather be alone, which means that this is not the best assignment within `pairs`.
    """
    matched = np.flatnonzero(chosen >= 0)
    mentors = pairs.columns[chosen[matched]]
    load = np.bincount(mentors, minlength=room.widths.shape[1])
    v = room.last_cost(load)
    kept, theirs = np.zeros_like(chosen), np.full_like(chosen, -1)
    kept[matched], theirs[matched] = big + pairs.scores[chosen[matched]], mentors
    order, ends = matched[np.argsort(mentors, kind="stable")], np.cumsum(load)

    bidding = np.flatnonzero(np.diff(pairs.starts))
    for _ in range(len(v) + 2):
        at, counts = pairs.of(bidding)
        gains = np.where(theirs[bidding] >= 0, kept[bidding] - v[theirs[bidding]], 0)
        if gains.min(initial=0) < 0:
            break
        risen = v.copy()
        np.maximum.at(risen, pairs.columns[at], big + pairs.scores[at] - np.repeat(gains, counts))
        moved = np.flatnonzero(risen > v)
        v = risen
        bidding = np.concatenate([order[ends[j] - load[j] : ends[j]] for j in moved] or [bidding[:0]])
        if not len(bidding):
            return _supporting(v, load, room)
    raise ArithmeticError("No prices support this assignment: it is not the best.")


def gains_at(pairs: Pairs, chosen: Ints, big: int, v: Ints) -> Ints:
    """What each mentee gains (n,) over being left out, at the prices `v` (m,)."""
    u = np.zeros(len(chosen), dtype=np.int64)
    matched = chosen >= 0
    kept = chosen[matched]
    u[matched] = big + pairs.scores[kept] - v[pairs.columns[kept]]
    return u


def _supporting(v: Ints, load: Ints, room: Room) -> Ints:
    """The prices, unless a free place costs less than its mentor's price."""
    free = room.next_cost(load)
    if ((free >= 0) & (v > free)).any():
        raise ArithmeticError("No prices support this assignment: it is not the best.")
    return v
