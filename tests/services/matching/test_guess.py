"""What places will be worth is guessed to look there first: it saves rounds and changes no answer."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.matching import assignment
from services.matching.assignment import Assignment, assign_blocks
from services.matching.guess import likely_prices
from services.matching.pairs import Flags, Ints, MatrixScorer, Scorer
from tests.benchmarks.crowd import crowd


def solved(people: Scorer, capacities: NDArray[np.int32]) -> tuple[Assignment, int]:
    """The answer, and how many rounds it took."""
    rounds: set[str] = set()
    answer = assign_blocks(people, capacities, progress=lambda stage, _: rounds.add(stage))
    return answer, sum(stage.startswith("Assigning") for stage in rounds)


def nothing(scorer: Scorer, free: Flags, capacities: Ints) -> Ints:
    return np.zeros(scorer.m, dtype=np.int64)


@pytest.mark.parametrize("kind", ["popular", "scarce"])
def test_a_guess_saves_rounds_and_changes_no_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    people = crowd(700, 400, kind)

    guessed, few = solved(people, people.capacities)
    monkeypatch.setattr(assignment, "likely_prices", nothing)
    plain, many = solved(people, people.capacities)

    assert guessed.mentor_of.tolist() == plain.mentor_of.tolist()
    assert (guessed.objective, guessed.gap) == (plain.objective, None)
    assert few < many


@pytest.mark.parametrize(
    ("n", "m", "places"),
    [(3, 0, 1), (0, 3, 1), (3, 2, 0), (40, 3, 1), (3, 40, 10**9), (30, 30, 1)],
    ids=["no mentors", "no mentees", "no places", "few places", "endless places", "as many as needed"],
)
@pytest.mark.parametrize("allowed", [True, False], ids=["all allowed", "none allowed"])
def test_guessed_prices_lie_between_nothing_and_the_highest_score(n: int, m: int, places: int, allowed: bool) -> None:
    scores = np.random.default_rng(3).integers(0, 1000, (n, m)).astype(np.int32)
    scorer = MatrixScorer(scores, np.full((n, m), allowed))

    prices = likely_prices(scorer, np.ones(n, dtype=np.bool_), np.full(m, places, dtype=np.int64))

    assert prices.shape == (m,)
    assert prices.min(initial=0) >= 0
    assert prices.max(initial=0) <= scores.max(initial=0)


def test_places_that_nobody_lacks_cost_nothing() -> None:
    scorer = MatrixScorer(np.eye(20, dtype=np.int32) * 900, np.ones((20, 20), dtype=np.bool_))

    prices = likely_prices(scorer, np.ones(20, dtype=np.bool_), np.full(20, 5, dtype=np.int64))

    assert prices.tolist() == [0] * 20
