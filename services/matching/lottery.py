"""Settles what is left open by drawing lots that depend on nothing but a seed and the ids of people."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from services.matching.flow import drawn
from services.matching.pairs import Ints, Pairs, collected
from services.matching.pricing_out import Optimum
from services.matching.room import Room

# Enough that two sums hardly ever tie, few enough that 20,000 of them and the duties fit the solver's 64 bits.
BITS = 24


def draw(
    optimum: Optimum, floor: int, room: Room, seed: int, mentee_ids: Sequence[str], mentor_ids: Sequence[str]
) -> Ints:
    """Of all best assignments with no score below `floor`, one by lot: each mentee's mentor (n,), -1 for nobody."""
    n, m = len(mentee_ids), len(mentor_ids)
    # The solver sees people in the order of their ids, so that the order of rows cannot matter even if lots tie.
    rows, columns = _order(mentee_ids), _order(mentor_ids)
    fair = optimum.tight.where(optimum.tight.scores >= floor)
    pairs = collected(n, m, [(_places(rows)[fair.rows], _places(columns)[fair.columns], fair.scores)])
    tickets = _tickets(pairs, seed, [mentee_ids[i] for i in rows], [mentor_ids[j] for j in columns])
    chosen = drawn(
        pairs,
        tickets,
        must=(optimum.u > 0)[rows].astype(np.int64),
        least=room.must(optimum.v)[columns],
        most=room.may(optimum.v)[columns],
        duty=(n + 1) << BITS,
    )
    mentor_of = np.full(n, -1, dtype=np.int64)
    matched = np.flatnonzero(chosen >= 0)
    mentor_of[rows[matched]] = columns[pairs.columns[chosen[matched]]]
    return mentor_of


def _order(ids: Sequence[str]) -> Ints:
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)


def _places(order: Ints) -> Ints:
    """Where each stands in `order`."""
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return places


def _tickets(pairs: Pairs, seed: int, mentee_ids: Sequence[str], mentor_ids: Sequence[str]) -> Ints:
    """Lottery points (p,) from 1 to 2**24."""
    ours, theirs = _hashes(seed, "mentee", mentee_ids), _hashes(seed, "mentor", mentor_ids)
    mixed = ours[pairs.rows] ^ theirs[pairs.columns]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the mixing steps of splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    points: Ints = (mixed >> np.uint64(64 - BITS)).astype(np.int64) + 1
    return points


def _hashes(seed: int, side: str, ids: Sequence[str]) -> NDArray[np.uint64]:
    texts = (f"{seed}\0{side}\0{id_}".encode("utf-8", "surrogatepass") for id_ in ids)
    return np.array([int.from_bytes(blake2b(text, digest_size=8).digest(), "big") for text in texts], dtype=np.uint64)
