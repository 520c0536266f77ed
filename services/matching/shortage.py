"""Why a mentee is left without a mentor: nobody is allowed, or too many mentees share too few places."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.matching.pairs import Flags, Ints, Scorer, blocks

Bits = NDArray[np.uint8]


class Shortage(StrEnum):
    """The two ways to be left out when everyone who can be matched is matched."""

    NOBODY_ALLOWED = "nobody_allowed"
    PLACES_TAKEN = "places_taken"


@dataclass(frozen=True)
class Unmatched:
    """Why the mentee in row `mentee` has nobody.

    `mentees` (rows, this one included) can only go to `mentors` (columns), who have `places` in all: fewer than there
    are mentees, so somebody must be left out whatever is chosen. All three are empty if nobody is allowed. Those who
    are left out over the same mentors share one reason.
    """

    mentee: int
    because: Shortage
    mentees: tuple[int, ...] = ()
    mentors: tuple[int, ...] = ()
    places: int = 0

    @property
    def sentence(self) -> str:
        """The reason in words, without names. "Available" says no more: why a pair may not be can be private."""
        if self.because is Shortage.NOBODY_ALLOWED:
            return "No mentor is available for this mentee."
        mentors = (
            "the one mentor available" if len(self.mentors) == 1 else f"the {len(self.mentors):,} mentors available"
        )
        if not self.places:
            return f"There is no place with {mentors}."
        places = "one place" if self.places == 1 else f"{self.places:,} places"
        return f"All places are taken: {len(self.mentees):,} mentees share {places} with {mentors}."


def unmatched_because(scorer: Scorer, free: Flags, capacities: Ints, mentor_of: Ints) -> tuple[Unmatched, ...]:
    """One reason for each unmatched mentee, in row order. `mentor_of` (n,) must match as many as possible.

    Only the mentees flagged in `free` (n,) could be moved to make room.
    """
    left_out = np.flatnonzero(mentor_of < 0)
    if not len(left_out):
        return ()
    wishes, onwards = _ways(scorer, free, mentor_of, left_out)
    ends = _Ends(onwards, scorer.m)
    reached = [ends.of(bits).tobytes() for bits in wishes]
    groups: dict[bytes, list[int]] = {}
    for mentee, bits in zip(left_out.tolist(), reached, strict=True):
        groups.setdefault(bits, []).append(mentee)
    reasons = {bits: _shared(bits, mentees, capacities, mentor_of) for bits, mentees in groups.items()}
    return tuple(Unmatched(mentee, *reasons[bits]) for mentee, bits in zip(left_out.tolist(), reached, strict=True))


def _shared(
    bits: bytes, mentees: list[int], capacities: Ints, mentor_of: Ints
) -> tuple[Shortage, tuple[int, ...], tuple[int, ...], int]:
    """The reason of all `mentees` who could have the mentors in `bits`, and no others."""
    mentors = _unpacked(np.frombuffer(bits, dtype=np.uint8), len(capacities))
    if not mentors.any():
        return Shortage.NOBODY_ALLOWED, (), (), 0
    taken = np.flatnonzero((mentor_of >= 0) & mentors[mentor_of])
    sharing = tuple(sorted([*mentees, *taken.tolist()]))
    return Shortage.PLACES_TAKEN, sharing, tuple(np.flatnonzero(mentors).tolist()), int(capacities[mentors].sum())


def _ways(scorer: Scorer, free: Flags, mentor_of: Ints, left_out: Ints) -> tuple[Bits, Bits]:
    """The mentors whom each of `left_out` may have, and those to whom each mentor's mentees may move; eight a byte."""
    width = (scorer.m + 7) // 8
    wishes = np.zeros((len(left_out), width), dtype=np.uint8)
    onwards = np.zeros((scorer.m, width), dtype=np.uint8)
    for rows in blocks(scorer):
        packed = np.packbits(scorer.block(rows)[1], axis=1)
        theirs = mentor_of[rows]
        movable = np.flatnonzero((theirs >= 0) & free[rows])
        np.bitwise_or.at(onwards, theirs[movable], packed[movable])
        first, last = np.searchsorted(left_out, (rows.start, rows.stop))
        wishes[first:last] = packed[theirs < 0]
    return wishes, onwards


class _Ends:
    """The mentors who could be freed by moving others along. What is known of one mentor serves the next."""

    def __init__(self, onwards: Bits, m: int) -> None:
        self.onwards = onwards
        self.m = m
        self.known: dict[int, Bits] = {}

    def of(self, start: Bits) -> Bits:
        """Those in `start`, and all who can be reached from them."""
        reached, done = start.copy(), np.zeros_like(start)
        while len(waiting := np.flatnonzero(_unpacked(reached & ~done, self.m)).tolist()):
            onwards = self._from(next((j for j in waiting if j in self.known), waiting[0]))
            reached |= onwards
            done |= onwards
        return reached

    def _from(self, mentor: int) -> Bits:
        if mentor in self.known:
            return self.known[mentor]
        reached, done = (np.zeros(self.onwards.shape[1], dtype=np.uint8) for _ in range(2))
        reached[mentor // 8] = 128 >> (mentor % 8)
        while len(waiting := np.flatnonzero(_unpacked(reached & ~done, self.m))):
            done |= reached
            reached |= np.bitwise_or.reduce(self.onwards[waiting], axis=0)
            for ends in [self.known[j] for j in waiting.tolist() if j in self.known][:1]:
                reached |= ends
                done |= ends
        self.known[mentor] = reached
        return reached


def _unpacked(bits: Bits, m: int) -> Flags:
    return np.unpackbits(bits, count=m).astype(np.bool_)
