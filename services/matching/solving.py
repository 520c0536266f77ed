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
from services.matching.shortage import Shortage, Unmatched

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Line:
    """One mentee with a mentor, or with nobody. `score` is from 0 to 1; `note` says why nobody, or what to look at.

    `parts` add up to the score's thousandths; those marked strong come first and are its best reasons. `possible` is
    the highest score that any mentor who may be theirs could reach.
    """

    mentee_id: UUID
    mentor_id: UUID | None = None
    score: float = 0.0
    possible: float = 0.0
    wish_rank: int | None = None
    parts: tuple[dict[str, Any], ...] = ()
    note: str | None = None


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
    inputs = fingerprints(given, order)
    return Solved(
        inputs_sha256=sha256_of(inputs["parts"]),
        inputs=inputs,
        lines=_lines(given, scores, answer, _best(scorer, watch)),
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


def _best(scorer: BlockScorer, watch: Progress) -> NDArray[np.int32]:
    """The highest score (n,) of any mentor whom each mentee may have; 0 without any."""
    best = np.zeros(scorer.n, dtype=np.int32)
    for rows in blocks(scorer):
        watch("Finding what was possible", rows.start / scorer.n)
        found, allowed = scorer.block(rows)
        best[rows] = np.where(allowed, found, 0).max(axis=1, initial=0)
    return best


def _lines(given: Candidates, scores: Scores, answer: Assignment, best: NDArray[np.int32]) -> tuple[Line, ...]:
    left_out = {missing.mentee: missing for missing in answer.unmatched}
    pairs = [(i, j) for i, j in enumerate(answer.mentor_of.tolist()) if j >= 0]
    parts = {i: found for (i, _), found in zip(pairs, scores.parts_of(pairs), strict=True)}
    return tuple(
        Line(UUID(mentee.id), possible=int(best[i]) / FULL, note=_why_nobody(left_out[i], given))
        if i in left_out
        else _paired(scores, i, int(answer.mentor_of[i]), parts[i], int(best[i]))
        for i, mentee in enumerate(given.mentees)
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


def _why_nobody(missing: Unmatched, given: Candidates) -> str:
    """An honest reason that never tells a private conflict from anything else."""
    if not given.mentors:
        return "No mentor is ready with a free place."
    if missing.because is Shortage.NOBODY_ALLOWED:
        return "None of the mentors with a free place is available."
    mentors, places = len(missing.mentors), missing.places
    return (
        f"All places are taken: {len(missing.mentees)} mentees share {places} {'place' if places == 1 else 'places'} "
        f"with the {'one mentor' if mentors == 1 else f'{mentors} mentors'} available to them."
    )


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
