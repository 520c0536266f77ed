"""Scores every mentee with every mentor: whole thousandths, the sum of one part for each criterion.

A criterion of weight w may give its share w / (all weights) of the 1000 thousandths; its value from 0 to 1 says how
many of them a pair gets. Parts are rounded before they are added, so what is shown adds up to the score exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching import measures
from services.matching.criteria import CRITERIA
from services.matching.features import Features
from services.matching.hours import days_to_try
from services.matching.measures import Facts
from services.matching.profiles import Profile, by_fold, same_organisation
from services.matching.sentences import channel_words
from services.matching.texts.likeness import Alike, by_meaning, by_words

FULL = 1000
HIGHEST_WEIGHT = 10
STRONGEST = 3
ROUNDING = 0.5  # thousandths by which rounding alone may lift a neutral part
FEWEST_CHANNELS = 2
UNTOLD = frozenset({"load"})  # it moves a pair, but is no reason why these two fit


class WeightsError(ValueError):
    """A weight has no criterion, or is not a whole number from 0 to 10."""


class Part(NamedTuple):
    """What one criterion adds to a pair's score, in thousandths out of `most`, and why."""

    key: str
    label: str
    points: int
    sentence: str
    most: int


@dataclass(frozen=True)
class Stored:
    """An encoder's vectors by text digest, read from the database before a run, and the encoder's name."""

    method: str
    vectors: Mapping[str, bytes]


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of n mentees with m mentors, computed when asked for: a pair, a block of mentees, or all of them."""

    features: Features
    alike: Alike | None
    mentees: tuple[Profile, ...]
    mentors: tuple[Profile, ...]
    facts: Facts

    @property
    def possible(self) -> Mapping[str, int]:
        """How many of the 1000 thousandths each criterion can give."""
        return self.features.possible

    @cached_property
    def matrix(self) -> NDArray[np.int32]:
        """All scores (n, m) in thousandths: 0 is the worst, 1000 is 1.0, the best. For sizes that fit in memory."""
        found = self.features.scores(slice(0, len(self.mentees)))
        found.flags.writeable = False
        return found

    def parts(self, i: int, j: int) -> list[Part]:
        """What the score of mentee i with mentor j is made of; the points add up to it."""
        return self.parts_of([(i, j)])[0]

    def parts_of(self, pairs: Sequence[tuple[int, int]]) -> list[list[Part]]:
        """The parts of many pairs (mentee row, mentor column) at once, which is much quicker than one by one."""
        at = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        points = {key: found.tolist() for key, found in self.features.points_of(at[:, 0], at[:, 1]).items()}
        return [
            self._told(i, j, {key: found[position] for key, found in points.items()})
            for position, (i, j) in enumerate(pairs)
        ]

    def _told(self, i: int, j: int, points: Mapping[str, int]) -> list[Part]:
        mentor, mentee, facts = self.mentors[j], self.mentees[i], self._facts(i, j)
        return [
            Part(key, CRITERIA[key].label, gets, CRITERIA[key].sentence(mentor, mentee, facts), self.possible[key])
            for key, gets in points.items()
        ]

    def reasons(self, i: int, j: int) -> list[str]:
        """Up to three sentences: what lifts this pair most above two people who said nothing."""
        return strongest(self.parts(i, j))

    def warnings(self, i: int, j: int) -> list[str]:
        """What a coordinator should look at twice before proposing these two, in words."""
        return warnings(self.mentors[j], self.mentees[i], self.facts)

    def _facts(self, i: int, j: int) -> Facts:
        if self.alike is None:
            return self.facts
        facts = self.facts
        return Facts(facts.today, facts.days, facts.asks_when, self.alike.level(i, j), self.alike.shared(i, j))


def score(
    mentees: Sequence[Profile],
    mentors: Sequence[Profile],
    weights: Mapping[str, int],
    *,
    today: date,
    starts_on: date | None = None,
    ends_on: date | None = None,
    stored: Stored | None = None,
) -> Scores:
    """Every mentee with every mentor under `weights` (criterion key to 0..10; a missing one is 0).

    The dates are the programme's. Texts are compared by meaning with `stored` vectors, else by the words they share.
    Raises WeightsError for an unknown key or a weight out of range, ValueError if the two lists are mixed up.
    """
    if any(p.role != "mentee" for p in mentees) or any(p.role != "mentor" for p in mentors):
        raise ValueError("Mentees come first, mentors second, and nobody is in the wrong list.")
    possible = shares(weights)
    asks_when = any(p.availability for p in (*mentees, *mentors))
    facts = Facts(today, days_to_try(today, starts_on, ends_on), asks_when)
    alike = _alike(mentees, mentors, stored) if "goals" in possible else None
    features = Features.of(tuple(mentees), tuple(mentors), possible, facts, alike)
    return Scores(features, alike, tuple(mentees), tuple(mentors), facts)


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


def strongest(parts: Sequence[Part]) -> list[str]:
    """Up to three sentences of the parts that stand most above half of what they can give."""
    lifts = [(part.points - measures.NEUTRAL * part.most, part.sentence) for part in parts if part.key not in UNTOLD]
    best = sorted(lifts, key=lambda lift: -lift[0])[:STRONGEST]
    return [sentence for lift, sentence in best if lift > ROUNDING]


def warnings(mentor: Profile, mentee: Profile, facts: Facts) -> list[str]:
    """What a coordinator should look at twice. A private conflict is no warning: such a pair is never shown."""
    found = ["Same organisation"] if same_organisation(mentor, mentee) else []
    spoken = by_fold(mentor.languages).keys(), by_fold(mentee.languages).keys()
    if all(spoken) and not spoken[0] & spoken[1]:
        found.append("No language in common")
    if measures.both_said_when(mentor, mentee) and measures.hours_in_common(mentor, mentee, facts) == 0:
        found.append("No common hour in the week")
    shared = sorted(mentor.channels & mentee.channels)
    if mentor.channels and mentee.channels and len(shared) < FEWEST_CHANNELS:
        found.append(f"Only one shared channel: {channel_words(shared[0])}" if shared else "No shared channel")
    return found


def _alike(mentees: Sequence[Profile], mentors: Sequence[Profile], stored: Stored | None) -> Alike:
    goals, histories = [p.text for p in mentees], [p.text for p in mentors]
    if stored is None:
        return by_words(goals, histories)
    return by_meaning(goals, histories, stored.vectors, stored.method)
