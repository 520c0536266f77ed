"""What may be told of how often groups of people are matched, so that nobody's answer follows from it. Pure.

Staff know everybody by name, and who is matched: what they must not learn is who belongs to which group. So a group's
size is rounded, a share is exact only where both its matched and its unmatched are many and neither are all there are,
and a figure changes only when so many people in the group have changed. No total of answers is told, so that what is
left of a total is never more than a guess (tests/services/test_parity_rules.py tries it).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from math import ceil, hypot, sqrt

from services.suppression import SMALLEST

# A share of fewer says too much about each of them, as in feedback and in the ledger.
FEWEST = 8
# Of group sizes and of per cent.
ROUNDED_TO = 5
# How many people must have changed in a group before its figure does.
CHANGED = SMALLEST
HUNDRED = 100
# Groups make a comparison.
TWO = 2
# Stands for one to seven.
FEW = 1
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


@dataclass(frozen=True)
class Difference:
    """Between two groups: points of a hundred that the figures show at least, with a 95 % interval (Newcombe)."""

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
    """Neither the matched nor the unmatched of a group may be nearly all that there are: they are known by name.

    Of a part that is told as "nought to four" the question is asked as if it were nought, or the answer would say more.
    """
    few_matched, few_unmatched = group.matched < SMALLEST, group.unmatched < SMALLEST
    if few_matched and few_unmatched:
        return False
    matched = group.people if few_unmatched else group.matched
    unmatched = group.people if few_matched else group.unmatched
    matched_are_mixed = few_matched or everybody.matched - matched >= SMALLEST
    return matched_are_mixed and (few_unmatched or everybody.unmatched - unmatched >= SMALLEST)


def is_new(before: Counted, now: Counted) -> bool:
    """Whether a group's figure is made anew: so many have changed that nobody's own change can be read off."""
    changed = max(abs(now.matched - before.matched), abs(now.unmatched - before.unmatched))
    return changed >= CHANGED


def behind(figure: Told) -> Iterator[Counted]:
    """Every count that is told so: of a figure whose count is lost, no more is known."""
    most = figure.people + ROUNDED_TO // 2
    # So many others that they hide everybody.
    others = Counted(2 * most + 2 * SMALLEST, most + SMALLEST)
    for people in range(figure.people - ROUNDED_TO // 2, most + 1):
        counts = (Counted(people, matched) for matched in range(people + 1))
        yield from (count for count in counts if told(count, others) == figure)


def roughly(count: int, before: int) -> int:
    """How many answers cannot be read, as it is told: nought, FEW, or rounded.

    The word for it changes only when so many people have: who answered is nobody's business either. Nought is told at
    once, for then somebody has mended it.
    """
    if count == 0:
        return 0
    if before == FEW and count < FEWEST + CHANGED - 1:
        return FEW
    if before > FEW and abs(count - before) < CHANGED + ROUNDED_TO // 2:
        return before
    return FEW if count < FEWEST else ROUNDED_TO * round(count / ROUNDED_TO)


def difference(groups: Mapping[str, Told]) -> Difference | None:
    """The largest one that the figures show (KPI 32), from nothing but what is told; None for fewer than two groups.

    Where two ranges overlap there may be none, so none is claimed.
    """
    if len(groups) < TWO:
        return None
    most, least = max(permutations(groups, TWO), key=lambda pair: groups[pair[0]].low - groups[pair[1]].high)
    upper, lower = groups[most], groups[least]
    gap = max(0, upper.low - lower.high)
    below = hypot(upper.low - _bound(upper.low, upper.people, -1), _bound(lower.high, lower.people, 1) - lower.high)
    above = hypot(_bound(upper.high, upper.people, 1) - upper.high, lower.low - _bound(lower.low, lower.people, -1))
    return Difference(
        most,
        least,
        gap,
        max(-HUNDRED, round(upper.low - lower.high - below)),
        min(HUNDRED, round(upper.high - lower.low + above)),
    )


def _bound(per_cent: float, people: int, sign: int) -> float:
    """The lower (-1) or upper (1) end of Wilson's 95 % interval of a share, in per cent."""
    share, square = per_cent / HUNDRED, _Z * _Z
    spread = _Z * sqrt(share * (1 - share) / people + square / (4 * people * people))
    return HUNDRED * (share + square / (2 * people) + sign * spread) / (1 + square / people)


def _down(per_cent: float) -> int:
    return int(per_cent // ROUNDED_TO) * ROUNDED_TO


def _up(per_cent: float) -> int:
    return ceil(per_cent / ROUNDED_TO) * ROUNDED_TO
