"""From candidates to a proved answer in plain values: scores, assignment, reasons. No database in here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.matching import scoring
from services.matching.assignment import Assignment, Policy, assign_blocks
from services.matching.certificate import verify_blocks
from services.matching.features import BlockScorer, block_scorer
from services.matching.fingerprints import Order, fingerprints, sha256_of
from services.matching.measures import MENTEES_THAT_COUNT
from services.matching.pairs import blocks
from services.matching.profiles import wish_rank
from services.matching.reading import Candidates, Pair
from services.matching.scoring import FULL, Scores, score, strongest

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Line:
    """One mentee with a mentor, or with nobody. `score` is from 0 to 1; `note` says why nobody, or what to look at.

    `parts` add up to the score's thousandths; those marked strong come first and are its best reasons. `possible` is
    the highest score that any mentor who may be theirs could reach. With one more place, the mentor `one_more_with`
    could take whoever has nobody, and nobody else would move.
    """

    mentee_id: UUID
    mentor_id: UUID | None = None
    score: float = 0.0
    possible: float = 0.0
    wish_rank: int | None = None
    parts: tuple[dict[str, Any], ...] = ()
    note: str | None = None
    one_more_with: UUID | None = None


@dataclass(frozen=True)
class Solved:
    """An answer with its proof. `places` counts the free ones among the mentors who took part."""

    inputs_sha256: str
    inputs: dict[str, Any]
    lines: tuple[Line, ...]
    mentees: int
    places: int
    matched: int
    certificate: dict[str, Any]
    text_method: str
    policy: str


def solve(given: Candidates, order: Order, progress: Progress | None = None) -> Solved:
    """The best assignment of these candidates; the same for the same input, whatever the order of rows.

    What `progress(stage, share)` raises ends the run. Raises WeightsError, ImpossiblePinError (with ids).
    """
    watch = progress or (lambda stage, share: None)
    watch("Comparing people", 0.0)
    scores = scored(given, order)
    watch("Comparing people", 0.5)
    scorer = scorer_of(given, scores)
    capacities = np.array(given.places, dtype=np.int32)
    ids = [person.id for person in given.mentees], [person.id for person in given.mentors]
    pins = _positions(given, given.pins)
    answer = assign_blocks(
        scorer,
        capacities,
        pins,
        order.seed,
        *ids,
        wished=_wished(given),
        policy=policy_of(scores, order),
        progress=progress,
    )
    watch("Checking the proof", 0.0)
    proved = answer.gap is None and verify_blocks(scorer, capacities, answer.mentor_of, answer.certificate, pins)
    best = _best(scorer, watch)
    watch("Writing down the reasons", 0.0)
    lines = _lines(given, scores, answer, best)
    watch("Writing down the reasons", 0.8)
    inputs = fingerprints(given, order)
    return Solved(
        inputs_sha256=sha256_of(inputs["parts"]),
        inputs=inputs,
        lines=lines,
        mentees=len(given.mentees),
        places=sum(given.places),
        matched=answer.objective.matched,
        certificate=_as_plain(answer, ids, proved=proved),
        text_method=order.text_method,
        policy=order.policy,
    )


def scored(given: Candidates, order: Order) -> Scores:
    """The scores of these candidates. Raises WeightsError."""
    return score(
        given.mentees,
        given.mentors,
        order.weights,
        today=order.today,
        starts_on=given.starts_on,
        ends_on=given.ends_on,
        stored=order.stored,
    )


def scorer_of(given: Candidates, scores: Scores) -> BlockScorer:
    """What the engine reads: scores by block, without the pairs that are barred or that coordinators forbade."""
    barred = _positions(given, given.barred | given.forbidden)
    return block_scorer(scores.features, len(given.mentees), len(given.mentors), barred)


def policy_of(scores: Scores, order: Order) -> Policy:
    """The engine's policy: each further mentee of a mentor costs what the load criterion would take off."""
    step = scores.possible.get("load", 0) // MENTEES_THAT_COUNT
    costs = tuple(step * mentee for mentee in range(1, MENTEES_THAT_COUNT + 1)) if step else ()
    return Policy(floor_first=order.floor_first, load_costs=costs)


def _positions(given: Candidates, pairs: "frozenset[Pair] | tuple[Pair, ...]") -> list[tuple[int, int]]:
    """Pairs (mentor, mentee) of this run as (mentee row, mentor column), in order."""
    row = {UUID(person.id): i for i, person in enumerate(given.mentees)}
    column = {UUID(person.id): j for j, person in enumerate(given.mentors)}
    return sorted((row[mentee], column[mentor]) for mentor, mentee in pairs if mentee in row and mentor in column)


def _wished(given: Candidates) -> list[tuple[int, int]]:
    column = {mentor.id: j for j, mentor in enumerate(given.mentors)}
    pairs = ((i, column[wish]) for i, one in enumerate(given.mentees) for wish in one.wishes if wish in column)
    return sorted(set(pairs))


@dataclass(frozen=True, eq=False)
class _Best:
    """The highest score (n,) of any mentor whom each mentee may have, and who that is (n,); 0 and -1 without any."""

    scores: NDArray[np.int32]
    mentors: NDArray[np.int64]


def _best(scorer: BlockScorer, watch: Progress) -> _Best:
    best = _Best(np.zeros(scorer.n, dtype=np.int32), np.full(scorer.n, -1, dtype=np.int64))
    for rows in blocks(scorer) if scorer.m else ():
        watch("Finding what was possible", rows.start / scorer.n)
        found, allowed = scorer.block(rows)
        shown = np.where(allowed, found, -1)
        highest = shown.max(axis=1)
        best.scores[rows] = np.maximum(0, highest)
        best.mentors[rows] = np.where(highest >= 0, shown.argmax(axis=1), -1)
    return best


def _lines(given: Candidates, scores: Scores, answer: Assignment, best: _Best) -> tuple[Line, ...]:
    pairs = [(i, j) for i, j in enumerate(answer.mentor_of.tolist()) if j >= 0]
    parts = {i: found for (i, _), found in zip(pairs, scores.parts_of(pairs), strict=True)}
    why_nobody = _why_nobody(given, answer.objective.matched)
    return tuple(
        _paired(scores, i, j, parts[i], int(best.scores[i])) if j >= 0 else _alone(given, i, best, why_nobody)
        for i, j in enumerate(answer.mentor_of.tolist())
    )


def _alone(given: Candidates, i: int, best: _Best, why_nobody: str) -> Line:
    j = int(best.mentors[i])
    return Line(
        mentee_id=UUID(given.mentees[i].id),
        possible=int(best.scores[i]) / FULL,
        note=why_nobody,
        one_more_with=UUID(given.mentors[j].id) if j >= 0 else None,
    )


def _paired(scores: Scores, i: int, j: int, parts: list[scoring.Part], best: int) -> Line:
    mentee, mentor = scores.mentees[i], scores.mentors[j]
    return Line(
        mentee_id=UUID(mentee.id),
        mentor_id=UUID(mentor.id),
        score=sum(part.points for part in parts) / FULL,
        possible=best / FULL,
        wish_rank=wish_rank(mentee, mentor),
        parts=told(parts),
        note=" · ".join(scores.warnings(i, j)) or None,
    )


def told(found: list[scoring.Part]) -> tuple[dict[str, Any], ...]:
    """What a score is made of as JSON, the strongest reasons first and marked."""
    strong = strongest(found)
    parts = [
        {
            "criterion": part.key,
            "label": part.label,
            "points": part.points,
            "most": part.most,
            "sentence": part.sentence,
            "strong": part.sentence in strong,
        }
        for part in found
    ]
    return tuple(sorted(parts, key=lambda part: strong.index(str(part["sentence"])) if part["strong"] else len(strong)))


def _why_nobody(given: Candidates, matched: int) -> str:
    """Why whoever has nobody in this run is left out: the same words for all of them, from what everybody may know.

    Who may not meet whom can be private, so no number in it depends on that: it counts the mentees of the run, and the
    mentors who are ready with room, never those who are available to somebody.
    """
    mentors, places = len(given.mentors), sum(given.places)
    if not mentors:
        return "No mentor is ready with a free place."
    if matched < places:
        return "None of the mentors who still have a free place is available."
    share = "1 place" if places == 1 else f"{places:,} places"
    whose = "the one mentor who is" if mentors == 1 else f"the {mentors:,} mentors who are"
    return f"All places are taken: {len(given.mentees):,} mentees share {share} with {whose} ready."


def _as_plain(answer: Assignment, ids: tuple[list[str], list[str]], *, proved: bool) -> dict[str, Any]:
    """The certificate as JSON, with the ids that its prices belong to."""
    proof, reached = answer.certificate, answer.objective
    return {
        "mentees": ids[0],
        "mentors": ids[1],
        "u": proof.u.tolist(),
        "v": proof.v.tolist(),
        "big": proof.big,
        "floor": proof.floor,
        "load_costs": list(proof.load_costs),
        "total": reached.total,
        "worst": reached.worst,
        "proved": proved,
    }
