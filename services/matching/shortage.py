"""Why a mentee is left without a mentor: nobody is allowed, or too many mentees share too few places."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.matching.optimum import Flags, Ints


class Shortage(StrEnum):
    """The two ways to be left out when everyone who can be matched is matched."""

    NOBODY_ALLOWED = "nobody_allowed"
    PLACES_TAKEN = "places_taken"


@dataclass(frozen=True)
class Unmatched:
    """Why the mentee in row `mentee` has nobody.

    `mentees` (rows, this one included) can only go to `mentors` (columns), who have `places` in all: fewer than there
    are mentees, so somebody must be left out whatever is chosen. All three are empty if nobody is allowed.
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
        mentors = "the one mentor available" if len(self.mentors) == 1 else f"the {len(self.mentors)} mentors available"
        if not self.places:
            return f"There is no place with {mentors}."
        places = "one place" if self.places == 1 else f"{self.places} places"
        return f"All places are taken: {len(self.mentees)} mentees share {places} with {mentors}."


def unmatched_because(allowed: Flags, capacities: Ints, mentor_of: Ints) -> tuple[Unmatched, ...]:
    """One reason for each unmatched mentee, in row order. `mentor_of` (n,) must match as many as possible."""
    m = len(capacities)
    onwards = np.zeros((m, m), dtype=np.bool_)
    matched = np.flatnonzero(mentor_of >= 0)
    np.logical_or.at(onwards, mentor_of[matched], allowed[matched])
    return tuple(
        _because(int(mentee), _reached(allowed[mentee], onwards), capacities, mentor_of)
        if allowed[mentee].any()
        else Unmatched(int(mentee), Shortage.NOBODY_ALLOWED)
        for mentee in np.flatnonzero(mentor_of < 0)
    )


def _reached(start: Flags, onwards: Flags) -> Flags:
    """The mentors (m,) that could be freed for somebody who may have those in `start`, by moving others along."""
    reached = start.copy()
    latest = start
    while latest.any():
        latest = onwards[latest].any(axis=0) & ~reached
        reached |= latest
    return reached


def _because(mentee: int, mentors: NDArray[np.bool_], capacities: Ints, mentor_of: Ints) -> Unmatched:
    taken = np.flatnonzero((mentor_of >= 0) & mentors[mentor_of])
    return Unmatched(
        mentee=mentee,
        because=Shortage.PLACES_TAKEN,
        mentees=tuple(sorted([mentee, *taken.tolist()])),
        mentors=tuple(np.flatnonzero(mentors).tolist()),
        places=int(capacities[mentors].sum()),
    )
