"""What a report says beyond the pairs: what limits them, what would place the unmatched, and how loaded mentors are."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.matching import solving
from services.matching.certificate import Certificate
from services.matching.explaining import Explainer
from services.matching.fingerprints import Order
from services.matching.pairs import Flags, blocks
from services.matching.reading import Candidates
from services.matching.solving import Solved

# Of more pairs than these the scores are not held at once, and the report does without prices of changes.
MOST_PAIRS = 4_000_000
SHOWN = 3
_NOTHING = "nothing"


@dataclass(frozen=True)
class Load:
    """A mentor's places, how many are taken, and what one more would add, in words; None where it is not known."""

    mentor: str
    places: int
    mentees: int
    one_more: str | None


@dataclass(frozen=True)
class Explained:
    """`changes` are sentences by the id of an unmatched mentee; `loads` are in the order of the mentors."""

    limit: str
    changes: Mapping[str, tuple[str, ...]]
    loads: tuple[Load, ...]


def explained(given: Candidates, order: Order, solved: Solved, names: Mapping[str, str]) -> Explained:
    """All of it for a run that is proved. `names` are those of both sides, by id."""
    taken = Counter(str(line.mentor_id) for line in solved.lines if line.mentor_id)
    small = len(given.mentees) * len(given.mentors) <= MOST_PAIRS
    asks = _Asked(given, order, solved, names) if small and given.mentees and given.mentors else None
    worth = asks.one_more_place() if asks else [None if given.mentees else _NOTHING] * len(given.mentors)
    loads = tuple(
        Load(mentor.id, places, taken[mentor.id], more)
        for mentor, places, more in zip(given.mentors, given.places, worth, strict=True)
    )
    alone = [(i, str(line.mentee_id)) for i, line in enumerate(solved.lines) if line.mentor_id is None]
    changes = {mentee: asks.changes(i) if asks else _without_prices(given) for i, mentee in alone}
    return Explained(limit(solved), changes, loads)


def limit(solved: Solved) -> str:
    """What keeps the number of pairs from being higher, in one sentence."""
    free = solved.places - solved.matched
    if not solved.mentees:
        return "No mentee was ready for this run."
    if solved.matched == solved.mentees:
        return (
            f"Everybody who could take part has a mentor. {_places(free)} free."
            if free
            else ("Everybody who could take part has a mentor, and every place is taken.")
        )
    if not free:
        share = "1 mentee shares" if solved.mentees == 1 else f"{solved.mentees:,} mentees share"
        return f"Places limit it: {share} {_counted(solved.places, 'place')}."
    left = solved.mentees - solved.matched
    return (
        f"{_places(free)} free, but no mentor with a free place is available to "
        f"{'the one mentee' if left == 1 else f'the {left:,} mentees'} without a mentor, however the others are moved."
    )


def _places(number: int) -> str:
    return f"{_counted(number, 'place')} {'is' if number == 1 else 'are'}"


def _points(thousandths: int) -> str:
    return "1 point" if thousandths == 10 else f"{thousandths / 10:g} points"


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def _without_prices(given: Candidates) -> tuple[str, ...]:
    return ("Invite a mentor.",) if not given.mentors else ("One more place with a mentor who is available to them.",)


class _Asked:
    """The scores of a run and what its answer leaves to ask."""

    def __init__(self, given: Candidates, order: Order, solved: Solved, names: Mapping[str, str]) -> None:
        scorer = solving.scorer_of(given, solving.scored(given, order))
        found = [scorer.block(rows) for rows in blocks(scorer)]
        self.scores = np.vstack([scores for scores, _ in found]).astype(np.int32)
        self.allowed: Flags = np.vstack([allowed for _, allowed in found])
        self.mentees = [names[mentee.id] for mentee in given.mentees]
        self.mentors = [names[mentor.id] for mentor in given.mentors]
        column = {mentor.id: j for j, mentor in enumerate(given.mentors)}
        row = {mentee.id: i for i, mentee in enumerate(given.mentees)}
        mentor_of = np.array(
            [column[str(line.mentor_id)] if line.mentor_id else -1 for line in solved.lines], dtype=int
        )
        proof = solved.certificate
        u, v = (np.array(proof[key], dtype=np.int64) for key in ("u", "v"))
        self.explainer = Explainer(
            self.scores,
            np.array(given.places, dtype=np.int32),
            self.allowed,
            mentor_of,
            Certificate(u, v, proof["big"], proof["floor"], tuple(proof["load_costs"])),
            [(row[str(mentee)], column[str(mentor)]) for mentor, mentee in given.pins if str(mentee) in row],
        )

    def one_more_place(self) -> list[str | None]:
        return [
            "one more mentee has a mentor" if worth.matched else _points(worth.total) if worth.total > 0 else _NOTHING
            for worth in self.explainer.one_more_place()
        ]

    def changes(self, i: int) -> tuple[str, ...]:
        """What would give this mentee a mentor: the smallest change first, then the cheapest exchange."""
        possible = np.flatnonzero(self.allowed[i])
        if not len(possible):
            return ("A further mentor has to be found for them: nothing among these people can be moved to help.",)
        best = sorted(possible.tolist(), key=lambda j: (-int(self.scores[i, j]), self.mentors[j]))[:SHOWN]
        offers = " or ".join(f"{self.mentors[j]} (score {self.scores[i, j] / 10:.0f})" for j in best)
        return (f"One more place with {offers}; nobody else moves.", *self._exchange(i))

    def _exchange(self, i: int) -> tuple[str, ...]:
        for other in self.explainer.for_mentee(i, 1):
            change = self.explainer.insist(i, other.mentor)
            lost = [move for move in change.moves if move.after < 0] if change else []
            if change and len(lost) == 1 and not change.matched:
                moved = len(change.moves) - 2
                others = f", {_counted(moved, 'other')} would change mentor" if moved else ""
                return (
                    f"Or in the place of somebody: with {self.mentors[other.mentor]}, {self.mentees[lost[0].mentee]} "
                    f"would be without a mentor{others}, and the total would be {_points(-change.total)} lower.",
                )
        return ()
