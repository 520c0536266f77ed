"""Prices support the best assignment, say what one more place would add, and support nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.matching.assignment import assign
from services.matching.pairs import collected
from services.matching.prices import smallest_prices
from services.matching.room import room_for


def test_no_prices_support_an_answer_that_is_not_the_best() -> None:
    every = np.indices((2, 2)).reshape(2, -1)
    pairs = collected(2, 2, [(every[0], every[1], np.array([9, 1, 1, 9]))])
    room = room_for(2, np.array([1, 1]), np.array([0, 0]))

    with pytest.raises(ArithmeticError):
        smallest_prices(pairs, np.array([1, 2]), big=19, room=room)


def test_a_price_is_what_one_more_place_would_add() -> None:
    random = np.random.default_rng(3)
    scores = random.integers(0, 40, (12, 5)).astype(np.int32)
    capacities = np.array([1, 2, 1, 3, 1], dtype=np.int32)
    allowed = random.random((12, 5)) > 0.2
    result = assign(scores, capacities, allowed)
    big = result.certificate.big

    def worth(places: NDArray[np.int32]) -> int:
        reached = assign(scores, places, allowed).objective
        return reached.matched * big + reached.total

    added = [worth(capacities + (np.arange(5) == mentor).astype(np.int32)) - worth(capacities) for mentor in range(5)]
    assert added == result.certificate.v.tolist()
