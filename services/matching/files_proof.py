"""A certificate as a file, and its check: plain sums of whole numbers that share no code with the engine.

The file holds no names and no answers, but every score, and which pairs could not be. Keep it like the files it is of.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from services.matching import solving
from services.matching.fingerprints import Order
from services.matching.pairs import blocks
from services.matching.reading import Candidates
from services.matching.solving import Solved

# A certificate of more pairs leaves the scores out; to check it, they are computed from the files again.
MOST_PAIRS = 2_000_000

Whole = Annotated[int, Field(ge=0, strict=True)]
Scores = tuple[tuple[Whole | None, ...], ...]


class UnreadableError(ValueError):
    """The file is no certificate. The message is a sentence."""


@dataclass(frozen=True)
class Proof:
    """What the file says. `answer` holds each mentee's mentor by position, None for nobody; `u`, `v` are prices.

    `scores` (mentees × mentors) are None where a pair could not be, and missing for very large runs.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    about: Literal["Certificate of a matching run"]
    scheme: str
    day: date
    seed: int
    policy: Literal["total_first", "floor_first"]
    weights: dict[str, Whole]
    texts: str
    inputs_sha256: str
    inputs: dict[str, str]
    mentees: tuple[str, ...]
    mentors: tuple[str, ...]
    places: tuple[Whole, ...]
    pins: tuple[tuple[Whole, Whole], ...]
    answer: tuple[Whole | None, ...]
    matched: Whole
    total: Whole
    worst: Whole | None
    u: tuple[Whole, ...]
    v: tuple[Whole, ...]
    big: Whole
    floor: Whole
    load_costs: tuple[Whole, ...]
    scores: Scores | None


def of_run(scheme: str, given: Candidates, order: Order, solved: Solved, rows: Scores | None) -> dict[str, Any]:
    """The certificate of a run as plain JSON."""
    row = {one: i for i, one in enumerate(solved.certificate["mentees"])}
    column = {one: j for j, one in enumerate(solved.certificate["mentors"])}
    proof = solved.certificate
    return {
        "about": "Certificate of a matching run",
        "scheme": scheme,
        "day": order.today.isoformat(),
        "seed": order.seed,
        "policy": order.policy,
        "weights": dict(sorted(order.weights.items())),
        "texts": solved.text_method,
        "inputs_sha256": solved.inputs_sha256,
        "inputs": solved.inputs["parts"],
        "mentees": proof["mentees"],
        "mentors": proof["mentors"],
        "places": list(given.places),
        "pins": sorted([row[str(mentee)], column[str(mentor)]] for mentor, mentee in given.pins),
        "answer": [None if line.mentor_id is None else column[str(line.mentor_id)] for line in solved.lines],
        "matched": solved.matched,
        **{key: proof[key] for key in ("total", "worst", "u", "v", "big", "floor", "load_costs")},
        "scores": rows,
    }


def as_bytes(certificate: dict[str, Any]) -> bytes:
    """One line for each fact and for each mentee's scores."""
    facts = {key: value for key, value in certificate.items() if key != "scores"}
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    rows = certificate["scores"]
    shown = "null" if rows is None else "[\n  " + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]"
    return ("{\n" + ",\n".join([*lines, f' "scores": {shown}']) + "\n}\n").encode()


def parsed(content: bytes) -> Proof:
    """The certificate in a file. Raises UnreadableError, with the first thing that is wrong."""
    try:
        plain = json.loads(content)
        return TypeAdapter(Proof).validate_python(plain)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(step) for step in first["loc"][:3])
        raise UnreadableError(
            f"It is no certificate of a matching run ({where or 'the whole'}: {first['msg']})."
        ) from wrong
    except (ValueError, RecursionError) as wrong:
        raise UnreadableError("It is no certificate of a matching run: it is not JSON.") from wrong


def scores_of(given: Candidates, order: Order) -> Iterator[list[int | None]]:
    """The scores of each mentee with every mentor, None where a pair may not be."""
    scorer = solving.scorer_of(given, solving.scored(given, order))
    for rows in blocks(scorer):
        found, allowed = scorer.block(rows)
        for scores, may in zip(found.tolist(), allowed.tolist(), strict=True):
            yield [score if fine else None for score, fine in zip(scores, may, strict=True)]


def wrong_with(proof: Proof, scores: Iterable[Sequence[int | None]]) -> str | None:
    """The first thing in which a certificate fails, as a sentence; None if nothing can match more or reach more."""
    return _misshapen(proof) or next(_faults(proof, scores), None)


def _faults(proof: Proof, scores: Iterable[Sequence[int | None]]) -> Iterator[str]:
    pinned, held = dict(proof.pins), Counter(mentor for _, mentor in proof.pins)
    used = Counter(mentor for mentor in proof.answer if mentor is not None)
    if any(used[j] > proof.places[j] for j in used):
        yield "A mentor has more mentees than places."
    if any(proof.answer[i] != j for i, j in pinned.items()):
        yield "A pinned pair is not in the answer."
    kept: list[int] = []
    weighed = highest = rows = 0
    for i, row in enumerate(scores):
        rows += 1
        if len(row) != len(proof.mentors) or rows > len(proof.mentees):
            yield "There is not one score for each pair."
            return
        possible = [(j, score) for j, score in enumerate(row) if score is not None]
        highest = max([highest, *(score for _, score in possible)])
        floor = 0 if i in pinned else proof.floor
        # The heart of it: no pair is worth more than the two prices that stand for it.
        if i not in pinned and any(proof.u[i] + proof.v[j] < proof.big + s for j, s in possible if s >= floor):
            yield "A pair that was not chosen is worth more than its prices allow."
        mine = proof.answer[i]
        if mine is not None:
            score = row[mine]
            if score is None or score < floor:
                yield "A pair of the answer was not possible."
                return
            kept.append(score)
            weighed += 0 if i in pinned else proof.big + score
    steps = (0, *proof.load_costs)
    if rows != len(proof.mentees):
        yield "There is not one score for each pair."
    if proof.big <= min(len(proof.u), sum(proof.places)) * (highest + max(steps)):
        yield "Being matched does not outweigh every score."
    bound = sum(proof.u) + sum(_worth(proof.v[j], held[j], proof.places[j], steps) for j in range(len(proof.v)))
    paid = sum(steps[min(place, len(steps) - 1)] for j in used for place in range(held[j], used[j]))
    if bound != weighed - paid:
        yield "The prices do not add up to what the answer reaches."
    if (proof.matched, proof.total, proof.worst) != (len(kept), sum(kept), min(kept, default=None)):
        yield "Its totals are not those of its pairs."


def _worth(price: int, held: int, places: int, steps: Sequence[int]) -> int:
    """What the free places of a mentor are worth: the price of each, less what a further mentee costs there."""
    last = len(steps) - 1
    each = sum(max(0, price - steps[place]) for place in range(held, min(places, last)))
    return each + max(0, places - max(held, last)) * max(0, price - steps[last])


def _misshapen(proof: Proof) -> str | None:
    """What is wrong unless every list has one entry for each person."""
    n, m = len(proof.mentees), len(proof.mentors)
    fits = len(proof.answer) == len(proof.u) == n and len(proof.places) == len(proof.v) == m
    within = all(j is None or j < m for j in proof.answer) and all(i < n and j < m for i, j in proof.pins)
    once = all(len(set(each)) == len(each) for each in (proof.mentees, proof.mentors, [i for i, _ in proof.pins]))
    return None if fits and within and once else "Its lists do not fit together."
