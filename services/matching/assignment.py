"""Gives each mentee a mentor: most mentees first, then the best total, then the best worst pair, then a lottery.

Arrays in, frozen result out. Nothing depends on the order of rows, on threads or on how many candidates were tried.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matching.candidates import Progress, first_look, unwatched
from services.matching.certificate import Certificate
from services.matching.guess import likely_prices
from services.matching.lottery import draw
from services.matching.pairs import AtLeast, Ints, MatchingInputError, MatrixScorer, Scorer
from services.matching.pricing_out import Optimum, best_assignment
from services.matching.problem import ImpossiblePinError, Problem, checked, refuse_pins_against_rules
from services.matching.shortage import Unmatched, unmatched_because
from services.matching.worst_off import best_floor

__all__ = [
    "Assignment",
    "CancelledError",
    "Gap",
    "ImpossiblePinError",
    "MatchingInputError",
    "Objective",
    "Policy",
    "assign",
    "assign_blocks",
]


class CancelledError(Exception):
    """For a `progress` function to raise when the run is no longer wanted."""


@dataclass(frozen=True)
class Policy:
    """What a coordinator may ask for beyond the plain objective.

    `floor_first`: most matched, then the best worst pair, and only then the best total.
    `load_costs`: points that a mentor's second, third, ... mentee costs, the last one for all further; never falling.
    The engine then seeks the highest total less these costs, so that mentors are loaded more evenly.
    """

    floor_first: bool = False
    load_costs: tuple[int, ...] = ()


PLAIN = Policy()
Number = TypeVar("Number", bound=np.signedinteger)


@dataclass(frozen=True)
class Objective:
    """What an answer reaches, in order of importance. `worst` is the lowest score of a pair, None without pairs."""

    matched: int
    total: int
    worst: int | None


@dataclass(frozen=True)
class Gap:
    """How far a run that was stopped early may be from the best: no answer matches more than `matched` further
    mentees, none that matches as many has a total higher by more than `total`, and (floor first) no worst pair is
    better by more than `worst`."""

    matched: int
    total: int
    worst: int = 0


@dataclass(frozen=True, eq=False)
class Assignment:
    """`mentor_of` (n,) holds each mentee's mentor column, -1 for nobody; `unmatched` says why, one entry for each.

    `gap` is None when the answer is proved to be the best, which it is unless a time limit stopped the run.
    """

    mentor_of: NDArray[np.int32]
    objective: Objective
    certificate: Certificate
    unmatched: tuple[Unmatched, ...]
    gap: Gap | None = None


def assign(
    scores: NDArray[np.int32],
    capacities: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    pinned: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    mentee_ids: Sequence[str] | None = None,
    mentor_ids: Sequence[str] | None = None,
    *,
    policy: Policy = PLAIN,
    progress: Progress | None = None,
    seconds: float = float("inf"),
) -> Assignment:
    """The best assignment of mentees (n rows) to mentors (m columns), with its proof.

    `scores` (n, m) are read only where `allowed` (n, m), and are not negative there; `capacities` (m,) are places.
    `pinned` pairs (mentee row, mentor column) stand. Without ids, the position is the id.
    The keyword arguments are those of `assign_blocks`.
    Raises MatchingInputError if the arrays do not fit together, ImpossiblePinError if a pin cannot stand,
    OverflowError if scores are so large that 64 bits cannot hold the proof.
    """
    if scores.ndim != 2 or allowed.shape != scores.shape:
        raise MatchingInputError("Scores, allowed pairs and capacities must have matching shapes.")
    if not np.issubdtype(scores.dtype, np.integer) or allowed.dtype != np.bool_:
        raise MatchingInputError("Scores and capacities must be integers, allowed pairs true or false.")
    return assign_blocks(
        MatrixScorer(scores, allowed),
        capacities,
        pinned,
        seed,
        mentee_ids,
        mentor_ids,
        policy=policy,
        progress=progress,
        seconds=seconds,
    )


def assign_blocks(
    scorer: Scorer,
    capacities: NDArray[np.int32],
    pinned: Sequence[tuple[int, int]] = (),
    seed: int = 0,
    mentee_ids: Sequence[str] | None = None,
    mentor_ids: Sequence[str] | None = None,
    *,
    wished: Sequence[tuple[int, int]] = (),
    policy: Policy = PLAIN,
    progress: Progress | None = None,
    seconds: float = float("inf"),
) -> Assignment:
    """As `assign`, for scores that come block by block (see `pairs.Scorer`) and are never held all at once.

    `wished` pairs are looked at from the start: it saves time when they are likely, and changes no answer.
    `progress(stage, share)` is called often, with the stage in words and how much of it is done, from 0 to 1. What it
    raises ends the run and reaches the caller; nothing is kept. Raise `CancelledError` to cancel.
    After `seconds` the run stops at the next proof, and `Assignment.gap` states how far off the answer may be.
    """
    watch = progress or unwatched
    deadline = time.monotonic() + seconds
    problem = checked(scorer, capacities, pinned, mentee_ids, mentor_ids, policy.load_costs)
    watch("Looking at every pair", 0.0)
    # The highest floor is read from the best scores of all: then candidates are those, whatever they will cost.
    prices = None if policy.floor_first else likely_prices(scorer, problem.free, problem.capacities)
    look = first_look(scorer, problem.free, [*problem.pins.items(), *wished], watch, prices)
    refuse_pins_against_rules(problem, look.asked, pinned)
    # One place more than there are: the price of a mentor must be right for that one, too.
    most = min(scorer.n, int(problem.capacities.sum()) + 1)
    big = 1 + most * (look.highest + problem.room.dearest)

    optimum = best_assignment(scorer, problem.free, problem.room, look, big, watch, deadline)
    floor, unsure = 0, 0
    if policy.floor_first and not optimum.slack:
        optimum, floor, unsure = _floor_first(problem, optimum, watch, deadline)
    mentor_of, kept = _settled(problem, optimum, seed, watch)
    for mentee, mentor in problem.pins.items():
        mentor_of[mentee], kept[mentee] = mentor, look.asked[mentee, mentor]

    watch("Finding reasons", 0.0)
    reached = kept[kept >= 0]
    objective = Objective(len(reached), int(reached.sum()), int(reached.min()) if len(reached) else None)
    return Assignment(
        mentor_of=_frozen(mentor_of.astype(np.int32)),
        objective=objective,
        certificate=Certificate(_frozen(optimum.u), _frozen(optimum.v), big, floor, policy.load_costs),
        unmatched=unmatched_because(scorer, problem.free, problem.capacities, mentor_of),
        gap=_gap(optimum, objective, unsure),
    )


def _settled(problem: Problem, optimum: Optimum, seed: int, progress: Progress) -> tuple[Ints, Ints]:
    """Each mentee's mentor and score (n,), -1 for nobody, after the worst pair and the lottery have decided."""
    pairs, chosen = optimum.pairs, optimum.chosen
    kept, mentor_of = np.full_like(chosen, -1), np.full_like(chosen, -1)
    matched = np.flatnonzero(chosen >= 0)
    kept[matched], mentor_of[matched] = pairs.scores[chosen[matched]], pairs.columns[chosen[matched]]
    if optimum.slack or not len(optimum.tight):
        return mentor_of, kept
    progress("Lifting the worst pair", 0.0)
    floor = best_floor(optimum, problem.room)
    progress("Drawing lots", 0.0)
    mentor_of = draw(optimum, floor, problem.room, seed, problem.mentee_ids, problem.mentor_ids)
    tight = optimum.tight
    won = mentor_of[tight.rows] == tight.columns
    kept = np.full(len(mentor_of), -1, dtype=np.int64)
    kept[tight.rows[won]] = tight.scores[won]
    return mentor_of, kept


def _floor_first(problem: Problem, plain: Optimum, progress: Progress, deadline: float) -> tuple[Optimum, int, int]:
    """The best assignment of those with the best worst pair, by bisection; its floor, and by how much that may be
    too low because time was up."""
    most, best, floor = int((plain.chosen >= 0).sum()), plain, 0
    low, high = _worst(plain), _highest_floor(problem, plain, most)
    while low < high and most:
        middle = (low + high + 1) // 2
        tried = _with_floor(problem, middle, plain.big, progress, deadline)
        if tried.slack:
            return best, floor, high - low
        if (tried.chosen >= 0).sum() == most:
            low = floor = _worst(tried)
            best = tried
        else:
            high = middle - 1
    return best, floor, 0


def _highest_floor(problem: Problem, plain: Optimum, most: int) -> int:
    """No floor is higher: the best score of all, or when all can be matched, of whoever has the lowest best score."""
    best = np.full(len(plain.u), -1, dtype=np.int64)
    np.maximum.at(best, plain.pairs.rows, plain.pairs.scores)
    everybody = most == int(problem.free.sum())
    return int(best[problem.free].min(initial=best.max(initial=0)) if everybody else best.max(initial=0))


def _with_floor(problem: Problem, floor: int, big: int, progress: Progress, deadline: float) -> Optimum:
    scorer = AtLeast(problem.scorer, floor)
    look = first_look(scorer, problem.free, [], progress)
    return best_assignment(scorer, problem.free, problem.room, look, big, progress, deadline)


def _worst(optimum: Optimum) -> int:
    return int(optimum.pairs.scores[optimum.chosen[optimum.chosen >= 0]].min(initial=optimum.big))


def _gap(optimum: Optimum, reached: Objective, unsure: int) -> Gap | None:
    if not (optimum.slack or unsure):
        return None
    return Gap((optimum.slack + reached.total) // optimum.big if optimum.slack else 0, optimum.slack, unsure)


def _frozen(values: NDArray[Number]) -> NDArray[Number]:
    values.flags.writeable = False
    return values
