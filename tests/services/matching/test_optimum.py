"""What the solver does when it is given more than it can prove."""

import numpy as np
import pytest

from services.matching.optimum import LARGEST_WEIGHT, heaviest, prices


def test_weights_that_floats_could_round_are_refused() -> None:
    with pytest.raises(OverflowError):
        heaviest(np.array([[LARGEST_WEIGHT]]), np.array([1]))


def test_no_prices_support_an_answer_that_is_not_the_heaviest() -> None:
    weights = np.array([[9, 1], [1, 9]])

    with pytest.raises(ArithmeticError):
        prices(weights, np.array([1, 0]))


def test_a_price_is_what_one_more_place_would_add() -> None:
    random = np.random.default_rng(3)
    weights = random.integers(0, 40, (12, 5))
    capacities = np.array([1, 2, 1, 3, 1])
    optimum = heaviest(weights, capacities)

    def total(places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
        better = heaviest(weights, places)
        return int(better.u.sum() + (places * better.v).sum())

    added = [total(capacities + (np.arange(5) == mentor)) - total(capacities) for mentor in range(5)]
    assert added == optimum.v.tolist()
