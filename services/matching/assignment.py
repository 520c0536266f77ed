"""Gives each mentee a mentor: most mentees first, then the best total, then the best worst pair, then a lottery.

Arrays in, frozen result out. Everything is computed in the order of the ids, so that the order of rows cannot matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from services.matching.certificate import Certificate
from services.matching.optimum import Flags, Ints, Optimum, best_floor, heaviest, tight_pairs
from services.matching.shortage import Unmatched, unmatched_because

LOTTERY_BITS = 32


class MatchingInputError(ValueError):
    """The arrays do not describe a matching problem."""


class ImpossiblePinError(ValueError):
    """A pinned pair breaks a rule, a capacity or another pin. `mentees` and `mentors` hold the ids concerned."""

    def __init__(self, happened: str, *, mentees: tuple[str, ...], mentors: tuple[str, ...]) -> None:
        super().__init__(happened)
        self.mentees = mentees
        self.mentors = mentors


@dataclass(frozen=True)
class Objective:
    """What an answer reaches, in order of importance. `worst` is the lowest score of a pair, None without pairs."""

    matched: int
    total: int
    worst: int | None


@dataclass(frozen=True, eq=False)
class Assignment:
    """`mentor_of` (n,) holds each mentee's mentor column, -1 for nobody; `unmatched` says why, one entry for each."""

    mentor_of: NDArray[np.int32]
    objective: Objective
    certificate: Certificate
    unmatched: tuple[Unmatched, ...]


@dataclass(frozen=True, eq=False)
class _Problem:
    """The input, checked and put in order: scores are 0 where not allowed, `pins` maps mentee to mentor."""

    scores: Ints
    capacities: Ints
    allowed: Flags
    pins: dict[int, int]
    mentee_ids: list[str]
    mentor_ids: list[str]


def assign(
    scores: NDArray[np.int32],
    capacities: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    pinned: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    mentee_ids: Sequence[str] | None = None,
    mentor_ids: Sequence[str] | None = None,
) -> Assignment:
    """The best assignment of mentees (n rows) to mentors (m columns), with its proof.

    `scores` (n, m) are read only where `allowed` (n, m), and are not negative there; `capacities` (m,) are places.
    `pinned` pairs (mentee row, mentor column) stand. Without ids, the position is the id.
    Raises MatchingInputError if the arrays do not fit together, ImpossiblePinError if a pin cannot stand.
    """
    given = _checked(scores, capacities, allowed, pinned, mentee_ids, mentor_ids)
    rows = sorted(range(len(given.mentee_ids)), key=given.mentee_ids.__getitem__)
    columns = sorted(range(len(given.mentor_ids)), key=given.mentor_ids.__getitem__)
    answer, optimum, big = _solved(_reordered(given, rows, columns), seed)

    place = np.append(np.array(columns, dtype=np.int64), -1)
    mentor_of = _scattered(place[answer], rows)
    certificate = Certificate(u=_scattered(optimum.u, rows), v=_scattered(optimum.v, columns), big=big)
    return Assignment(
        mentor_of=_frozen(mentor_of.astype(np.int32)),
        objective=_objective(given.scores, mentor_of),
        certificate=certificate,
        unmatched=unmatched_because(_after_pins(given), given.capacities, mentor_of),
    )


def _solved(problem: _Problem, seed: int) -> tuple[Ints, Optimum, int]:
    """The answer (n,), the prices and `big` for a problem in its final order."""
    fixed = np.array(list(problem.pins), dtype=np.int64)
    held = np.bincount(list(problem.pins.values()), minlength=len(problem.capacities)).astype(np.int64)
    free = problem.allowed.copy()
    free[fixed] = False
    places = problem.capacities - held

    big = 1 + min(len(free), int(problem.capacities.sum())) * int(problem.scores.max(initial=0))
    weights = np.where(free, big + problem.scores, 0)
    optimum = heaviest(weights, places)
    tight = tight_pairs(weights, optimum)
    floor = best_floor(problem.scores, tight, optimum, places)
    answer = _drawn(tight & (problem.scores >= floor), optimum, places, _tickets(problem, seed))
    answer[fixed] = list(problem.pins.values())
    return answer, optimum, big


def _drawn(pairs: Flags, optimum: Optimum, places: Ints, tickets: Ints) -> Ints:
    """Of all the equally good assignments within `pairs`, the one with the most lottery points."""
    # Whoever has a gain must be matched and whoever has a price must be full: that is what keeps the answer the best.
    must = (len(pairs) + 1) << LOTTERY_BITS
    duty = must * ((optimum.u > 0)[:, None].astype(np.int64) + (optimum.v > 0))
    return heaviest(np.where(pairs, duty + tickets, 0), places).mentor_of


def _tickets(problem: _Problem, seed: int) -> Ints:
    """Lottery points (n, m) from 1 to 2**32 that depend on nothing but the seed and the two ids."""
    ours, theirs = (
        np.array([_hashed(f"{seed}\0{side}\0{id_}") for id_ in ids], dtype=np.uint64)
        for side, ids in (("mentee", problem.mentee_ids), ("mentor", problem.mentor_ids))
    )
    mixed = ours[:, None] ^ theirs
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the mixing steps of splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed >> np.uint64(64 - LOTTERY_BITS)).astype(np.int64) + 1


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _objective(scores: Ints, mentor_of: Ints) -> Objective:
    matched = np.flatnonzero(mentor_of >= 0)
    kept = scores[matched, mentor_of[matched]]
    return Objective(len(kept), int(kept.sum()), int(kept.min()) if len(kept) else None)


def _after_pins(problem: _Problem) -> Flags:
    """`allowed`, with nobody else left for a pinned mentee."""
    left = problem.allowed.copy()
    for mentee, mentor in problem.pins.items():
        left[mentee] = False
        left[mentee, mentor] = True
    return left


def _reordered(problem: _Problem, rows: list[int], columns: list[int]) -> _Problem:
    new_row = {old: new for new, old in enumerate(rows)}
    new_column = {old: new for new, old in enumerate(columns)}
    return _Problem(
        scores=problem.scores[np.ix_(rows, columns)],
        capacities=problem.capacities[columns],
        allowed=problem.allowed[np.ix_(rows, columns)],
        pins={new_row[mentee]: new_column[mentor] for mentee, mentor in problem.pins.items()},
        mentee_ids=[problem.mentee_ids[row] for row in rows],
        mentor_ids=[problem.mentor_ids[column] for column in columns],
    )


def _scattered(values: Ints, order: list[int]) -> Ints:
    """`values` of a sorted problem, back in the caller's order and read-only."""
    back = np.empty_like(values)
    back[order] = values
    back.flags.writeable = False
    return back


def _frozen(values: NDArray[np.int32]) -> NDArray[np.int32]:
    values.flags.writeable = False
    return values


def _checked(
    scores: NDArray[np.int32],
    capacities: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    pinned: Sequence[tuple[int, int]],
    mentee_ids: Sequence[str] | None,
    mentor_ids: Sequence[str] | None,
) -> _Problem:
    n, m = scores.shape if scores.ndim == 2 else (-1, -1)
    if allowed.shape != (n, m) or capacities.shape != (m,):
        raise MatchingInputError("Scores, allowed pairs and capacities must have matching shapes.")
    if not all(np.issubdtype(a.dtype, np.integer) for a in (scores, capacities)) or allowed.dtype != np.bool_:
        raise MatchingInputError("Scores and capacities must be integers, allowed pairs true or false.")
    used = np.where(allowed, scores, 0).astype(np.int64)
    if used.min(initial=0) < 0 or capacities.min(initial=0) < 0:
        raise MatchingInputError("Scores of allowed pairs and capacities cannot be negative.")
    problem = _Problem(
        scores=used,
        capacities=capacities.astype(np.int64),
        allowed=allowed,
        pins={},
        mentee_ids=_ids(mentee_ids, n, "mentee"),
        mentor_ids=_ids(mentor_ids, m, "mentor"),
    )
    for mentee, mentor in pinned:
        _add_pin(problem, mentee, mentor)
    return problem


def _ids(ids: Sequence[str] | None, count: int, who: str) -> list[str]:
    if ids is None:
        return [f"{position:09d}" for position in range(count)]
    if len(ids) != count or len(set(ids)) != count:
        raise MatchingInputError(f"Every {who} needs an id of their own.")
    return list(ids)


def _add_pin(problem: _Problem, mentee: int, mentor: int) -> None:
    n, m = problem.allowed.shape
    if not (0 <= mentee < n and 0 <= mentor < m):
        raise ImpossiblePinError("A pin names somebody who is not in this run.", mentees=(), mentors=())
    name, other = problem.mentee_ids[mentee], problem.mentor_ids[mentor]
    before = problem.pins.setdefault(mentee, mentor)
    if before != mentor:
        both = (problem.mentor_ids[before], other)
        happened = f"Mentee {name} is pinned to two mentors, {both[0]} and {both[1]}."
        raise ImpossiblePinError(happened, mentees=(name,), mentors=both)
    if not problem.allowed[mentee, mentor]:
        happened = f"Mentee {name} is pinned to mentor {other}, but this pair is not allowed."
        raise ImpossiblePinError(happened, mentees=(name,), mentors=(other,))
    sharing = tuple(problem.mentee_ids[i] for i, j in problem.pins.items() if j == mentor)
    if len(sharing) > problem.capacities[mentor]:
        happened = f"Mentor {other} has places for {problem.capacities[mentor]}, but {len(sharing)} mentees are pinned."
        raise ImpossiblePinError(happened, mentees=sharing, mentors=(other,))
