"""Scores every mentee with every mentor: whole thousandths, the sum of one part for each criterion.

A criterion of weight w may give its share w / (all weights) of the 1000 thousandths; its value from 0 to 1 says how
many of them a pair gets. Parts are rounded before they are added, so what is shown adds up to the score exactly.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.criteria import CRITERIA, NEUTRAL, Criterion, Facts, Profile
from services.matching.text import Likeness, likeness

FULL = 1000
HIGHEST_WEIGHT = 10
STRONGEST = 3
ROUNDING = 0.5  # thousandths by which rounding alone may lift a neutral part


class WeightsError(ValueError):
    """A weight has no criterion, or is not a whole number from 0 to 10."""


class Part(NamedTuple):
    """What one criterion adds to a pair's score, in thousandths, and why."""

    key: str
    label: str
    points: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Scores:
    """`matrix` (n mentees, m mentors) holds the scores in thousandths: 0 is the worst, 1000 is 1.0, the best.

    `points` (criteria, n, m) are its summands, in the order of `possible`, which says how many thousandths each
    criterion can give. A criterion of weight 0 is left out.
    """

    matrix: NDArray[np.int32]
    points: NDArray[np.int16]
    possible: Mapping[str, int]
    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...]
    alike: Likeness
    today: date

    def parts(self, i: int, j: int) -> list[Part]:
        """What the score of mentee i with mentor j is made of; the points add up to `matrix[i, j]`."""
        mentor, mentee, facts = self.mentors[j], self.mentees[i], self._facts(i, j)
        return [
            Part(key, CRITERIA[key].label, int(points), CRITERIA[key].sentence(mentor, mentee, facts))
            for key, points in zip(self.possible, self.points[:, i, j], strict=True)
        ]

    def reasons(self, i: int, j: int) -> list[str]:
        """Up to three sentences: what lifts this pair most above two people who said nothing."""
        lifts = [(part.points - NEUTRAL * self.possible[part.key], part.sentence) for part in self.parts(i, j)]
        strongest = sorted(lifts, key=lambda lift: -lift[0])[:STRONGEST]
        return [sentence for lift, sentence in strongest if lift > ROUNDING]

    def _facts(self, i: int, j: int) -> Facts:
        level = self.alike.level[i, j]
        return Facts(self.today, None if np.isnan(level) else float(level), self.alike.shared(i, j))


def score(mentees: Sequence[Profile], mentors: Sequence[Profile], weights: Mapping[str, int], *, today: date) -> Scores:
    """Every mentee with every mentor under `weights` (criterion key to 0..10; a missing one is 0).

    Raises WeightsError for an unknown key or a weight out of range, ValueError if the two lists are mixed up.
    """
    if any(p.role != "mentee" for p in mentees) or any(p.role != "mentor" for p in mentors):
        raise ValueError("Mentees come first, mentors second, and nobody is in the wrong list.")
    possible = shares(weights)
    shape = (len(mentees), len(mentors))
    goals, histories = (
        [p.text for p in people] if "goals" in possible else [""] * len(people) for people in (mentees, mentors)
    )
    alike = likeness(goals, histories)
    points = np.zeros((len(possible), *shape), dtype=np.int16)
    for layer, (key, most) in zip(points, possible.items(), strict=True):
        values = _levels(alike) if key == "goals" else _values(CRITERIA[key], mentees, mentors, Facts(today))
        layer[:] = np.floor(values * most + 0.5)
    matrix = points.sum(axis=0, dtype=np.int32)
    for array in (matrix, points):
        array.flags.writeable = False
    return Scores(matrix, points, possible, tuple(mentees), tuple(mentors), alike, today)


def shares(weights: Mapping[str, int]) -> dict[str, int]:
    """How many of the 1000 thousandths each criterion can give, by largest remainder; empty if all weights are 0."""
    for key, weight in weights.items():
        if key not in CRITERIA or weight not in range(HIGHEST_WEIGHT + 1):
            raise WeightsError(f"'{key}' with weight {weight} is no criterion with a whole weight from 0 to 10.")
    used = {key: int(weights[key]) for key in CRITERIA if weights.get(key)}
    total = sum(used.values())
    given = {key: FULL * weight // total for key, weight in used.items()}
    by_remainder = sorted(used, key=lambda key: -(FULL * used[key] % total))
    for key in by_remainder[: FULL - sum(given.values())]:
        given[key] += 1
    return given


def _levels(alike: Likeness) -> NDArray[np.float64]:
    return np.where(np.isnan(alike.level), NEUTRAL, alike.level)


def _values(
    criterion: Criterion, mentees: Sequence[Profile], mentors: Sequence[Profile], facts: Facts
) -> NDArray[np.float64]:
    """The criterion's values (n, m); people who are equal in what it looks at are asked once."""
    ours, rows = _distinct(mentees, criterion.of_mentee)
    theirs, columns = _distinct(mentors, criterion.of_mentor)
    table = [criterion.value(mentor, mentee, facts) for mentee in ours for mentor in theirs]
    return np.array(table, dtype=np.float64).reshape(len(ours), len(theirs))[np.ix_(rows, columns)]


def _distinct(people: Sequence[Profile], part: Callable[[Profile], Hashable]) -> tuple[list[Profile], list[int]]:
    """One person of each kind, and for each person the position of their kind."""
    first: dict[Hashable, int] = {}
    examples: list[Profile] = []
    positions = []
    for person in people:
        position = first.setdefault(part(person), len(examples))
        if position == len(examples):
            examples.append(person)
        positions.append(position)
    return examples, positions
