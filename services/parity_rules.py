"""What may be told of how often groups of people are matched, so that nobody's answer follows from it. Pure.

Staff know everybody by name, and who is matched: what they must not learn is who belongs to which group. So a group's
size is rounded, a share is exact only where both its matched and its unmatched are many and neither are all there are,
and a figure changes only when so many people in the group have changed. No total of answers is told, so that what is
left of a total is never more than a guess (tests/services/test_parity_rules.py tries it).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

from services.suppression import SMALLEST

# A share of fewer says too much about each of them, as in feedback and in the ledger.
FEWEST = 8
# Of group sizes and of per cent.
ROUNDED_TO = 5
# How many people must have changed in a group before its figure does.
CHANGED = SMALLEST
HUNDRED = 100
_Z = 1.96


@dataclass(frozen=True)
class Counted:
    """People, and those of them who are in an open pair."""

    people: int = 0
    matched: int = 0

    @property
    def unmatched(self) -> int:
        return self.people - self.matched


@dataclass(frozen=True)
class Told:
    """About how many people, and how many in a hundred are matched: from `low` to `high`, equal where it is known."""

    people: int
    low: int
    high: int

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Difference:
    """Between the group matched most and the one matched least: points of a hundred, with a 95 % interval."""

    most: str
    least: str
    points: int
    low: int
    high: int

    @property
    def may_be_chance(self) -> bool:
        return self.low <= 0


def told(group: Counted, everybody: Counted) -> Told | None:
    """What of a group may be told; None is kept back. `everybody` are all active people of the side."""
    if group.people < FEWEST or not hides_who_is_in_it(group, everybody):
        return None
    people = ROUNDED_TO * round(group.people / ROUNDED_TO)
    # The fewest people that are rounded to this number.
    fewest = max(FEWEST, people - ROUNDED_TO // 2)
    if group.unmatched < SMALLEST:
        return Told(people, _down(HUNDRED * (fewest - SMALLEST + 1) / fewest), HUNDRED)
    if group.matched < SMALLEST:
        return Told(people, 0, _up(HUNDRED * (SMALLEST - 1) / fewest))
    share = ROUNDED_TO * round(HUNDRED * group.matched / group.people / ROUNDED_TO)
    return Told(people, share, share)


def hides_who_is_in_it(group: Counted, everybody: Counted) -> bool:
    """Neither the matched nor the unmatched of a group may be nearly all that there are: they are known by name."""
    if group.matched < SMALLEST and group.unmatched < SMALLEST:
        return False
    others_matched, others = everybody.matched - group.matched, everybody.unmatched - group.unmatched
    matched_are_mixed = group.matched < SMALLEST or others_matched >= SMALLEST
    return matched_are_mixed and (group.unmatched < SMALLEST or others >= SMALLEST)


def is_new(before: Counted, now: Counted) -> bool:
    """Whether a group's figure is made anew: so many have changed that nobody's own change can be read off."""
    changed = max(abs(now.matched - before.matched), abs(now.unmatched - before.unmatched))
    return changed >= CHANGED


def difference(groups: Mapping[str, Told]) -> Difference | None:
    """The largest one between these groups (KPI 32), from nothing but what is told; None for fewer than two."""
    if len(groups) < 2:
        return None
    ordered = sorted(groups, key=lambda name: groups[name].middle)
    least, most = groups[ordered[0]], groups[ordered[-1]]
    points = most.middle - least.middle
    below = sqrt((most.middle - _wilson(most)[0]) ** 2 + (_wilson(least)[1] - least.middle) ** 2)
    above = sqrt((_wilson(most)[1] - most.middle) ** 2 + (least.middle - _wilson(least)[0]) ** 2)
    return Difference(
        ordered[-1],
        ordered[0],
        round(points),
        max(-HUNDRED, round(points - below)),
        min(HUNDRED, round(points + above)),
    )


def _wilson(group: Told) -> tuple[float, float]:
    """The bounds of a 95 % interval in per cent: below of the lowest share that it may be, above of the highest."""
    return _bound(group.low, group.people, -1), _bound(group.high, group.people, 1)


def _bound(per_cent: float, people: int, sign: int) -> float:
    share, square = per_cent / HUNDRED, _Z * _Z
    spread = _Z * sqrt(share * (1 - share) / people + square / (4 * people * people))
    return HUNDRED * (share + square / (2 * people) + sign * spread) / (1 + square / people)


def _down(per_cent: float) -> int:
    return int(per_cent // ROUNDED_TO) * ROUNDED_TO


def _up(per_cent: float) -> int:
    return ceil(per_cent / ROUNDED_TO) * ROUNDED_TO
