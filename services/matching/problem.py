"""A matching problem, checked: everything fits together, everybody has an id, and every pin can stand."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.pairs import Flags, Ints, MatchingInputError, Scorer
from services.matching.room import Room, room_for


class ImpossiblePinError(ValueError):
    """A pinned pair breaks a rule, a capacity or another pin. `mentees` and `mentors` hold the ids concerned.

    `pins` are the positions in the list of pins that cannot stand together.
    """

    def __init__(
        self, happened: str, *, mentees: tuple[str, ...], mentors: tuple[str, ...], pins: tuple[int, ...] = ()
    ) -> None:
        super().__init__(happened)
        self.mentees = mentees
        self.mentors = mentors
        self.pins = pins


@dataclass(frozen=True, eq=False)
class Problem:
    """The input, checked. `pins` maps mentee to mentor, `free` (n,) flags everybody else."""

    scorer: Scorer
    capacities: Ints
    pins: dict[int, int]
    free: Flags
    room: Room
    mentee_ids: Sequence[str]
    mentor_ids: Sequence[str]


def checked(
    scorer: Scorer,
    capacities: NDArray[np.int32],
    pinned: Sequence[tuple[int, int]],
    mentee_ids: Sequence[str] | None,
    mentor_ids: Sequence[str] | None,
    load_costs: Sequence[int],
) -> Problem:
    if capacities.shape != (scorer.m,):
        raise MatchingInputError("Scores, allowed pairs and capacities must have matching shapes.")
    if not np.issubdtype(capacities.dtype, np.integer):
        raise MatchingInputError("Scores and capacities must be integers, allowed pairs true or false.")
    if capacities.min(initial=0) < 0:
        raise MatchingInputError("Scores of allowed pairs and capacities cannot be negative.")
    wide = capacities.astype(np.int64)
    ids = _ids(mentee_ids, scorer.n, "mentee"), _ids(mentor_ids, scorer.m, "mentor")
    pins = _pins(pinned, wide, *ids)
    free = np.ones(scorer.n, dtype=np.bool_)
    free[list(pins)] = False
    held = np.bincount(np.array(list(pins.values()), dtype=np.int64), minlength=scorer.m)
    return Problem(scorer, wide, pins, free, room_for(scorer.n, wide, held, load_costs), *ids)


def _ids(ids: Sequence[str] | None, count: int, who: str) -> Sequence[str]:
    if ids is None:
        return [f"{position:09d}" for position in range(count)]
    if len(ids) != count or len(set(ids)) != count:
        raise MatchingInputError(f"Every {who} needs an id of their own.")
    return ids


def _pins(
    pinned: Sequence[tuple[int, int]], capacities: Ints, mentee_ids: Sequence[str], mentor_ids: Sequence[str]
) -> dict[int, int]:
    """Each pinned mentee's mentor. Raises ImpossiblePinError if two pins cannot stand together."""
    pins: dict[int, int] = {}
    first: dict[int, int] = {}
    for position, (mentee, mentor) in enumerate(pinned):
        if not (0 <= mentee < len(mentee_ids) and 0 <= mentor < len(mentor_ids)):
            happened = "A pin names somebody who is not in this run."
            raise ImpossiblePinError(happened, mentees=(), mentors=(), pins=(position,))
        if pins.setdefault(mentee, mentor) != mentor:
            name, both = mentee_ids[mentee], (mentor_ids[pins[mentee]], mentor_ids[mentor])
            happened = f"Mentee {name} is pinned to two mentors, {both[0]} and {both[1]}."
            raise ImpossiblePinError(happened, mentees=(name,), mentors=both, pins=(first[mentee], position))
        first.setdefault(mentee, position)
    for mentor in sorted(set(pins.values())):
        sharing = [i for i, j in pins.items() if j == mentor]
        if len(sharing) > capacities[mentor]:
            _refuse_over_capacity(int(capacities[mentor]), mentor_ids[mentor], sharing, first, mentee_ids)
    return pins


def _refuse_over_capacity(
    capacity: int, mentor: str, sharing: list[int], first: dict[int, int], mentee_ids: Sequence[str]
) -> None:
    raise ImpossiblePinError(
        f"Mentor {mentor} has places for {capacity}, but {len(sharing)} mentees are pinned.",
        mentees=tuple(mentee_ids[i] for i in sharing),
        mentors=(mentor,),
        pins=tuple(first[i] for i in sharing),
    )


def refuse_pins_against_rules(
    problem: Problem, allowed: Container[tuple[int, int]], pinned: Sequence[tuple[int, int]]
) -> None:
    """Raises ImpossiblePinError for a pin that is not among the `allowed` pairs."""
    for mentee, mentor in problem.pins.items():
        if (mentee, mentor) not in allowed:
            name, other = problem.mentee_ids[mentee], problem.mentor_ids[mentor]
            happened = f"Mentee {name} is pinned to mentor {other}, but this pair is not allowed."
            position = [(int(i), int(j)) for i, j in pinned].index((mentee, mentor))
            raise ImpossiblePinError(happened, mentees=(name,), mentors=(other,), pins=(position,))
