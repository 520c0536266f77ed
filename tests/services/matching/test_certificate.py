"""The certificate convinces, and only when it is true."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.matching.certificate import Certificate, verify
from tests.services.matching.instances import Instance, answers, instance, instances, value

often = settings(deadline=None, max_examples=80)


def holds(problem: Instance, mentor_of: NDArray[np.int32], certificate: Certificate) -> bool:
    return verify(problem.scores, problem.capacities, problem.allowed, mentor_of, certificate, problem.pinned)


@given(instances(most_mentees=3), st.data())
@often
def test_no_worse_answer_passes_with_the_certificate_of_the_best(problem: Instance, data: st.DataObject) -> None:
    result = problem.solve()
    other = data.draw(st.sampled_from(list(answers(problem))))

    passes = holds(problem, np.array(other, dtype=np.int32), result.certificate)

    best = (result.objective.matched, result.objective.total)
    assert passes == (value(problem, other)[:2] == best)


@given(instances(pins=False).filter(lambda problem: problem.scores.size > 0), st.data())
@often
def test_a_price_changed_by_one_no_longer_adds_up(problem: Instance, data: st.DataObject) -> None:
    result = problem.solve()
    column = data.draw(st.integers(0, len(problem.mentee_ids) - 1))
    u = result.certificate.u.copy()
    u[column] += data.draw(st.sampled_from([-1, 1]))

    assert not holds(problem, result.mentor_of, replace(result.certificate, u=u))


@pytest.mark.parametrize(
    ("mentor_of", "why"),
    [([1, 0, -1], "a forbidden pair"), ([0, 0, -1], "over capacity"), ([2, -1, -1], "nobody there"), ([-1, 0, 1], "")],
)
def test_an_answer_that_breaks_a_rule_does_not_pass(mentor_of: list[int], why: str) -> None:
    problem = instance([[5, 5], [5, 5], [0, 5]], [1, 1], [[True, False], [True, True], [True, True]])
    prices = Certificate(u=np.array([0, 0, 0]), v=np.array([16, 16]), big=11)

    assert holds(problem, np.array(mentor_of, dtype=np.int32), prices) == (why == "")


def test_a_pinned_mentee_must_have_the_pinned_mentor() -> None:
    problem = instance([[5, 5], [5, 5]], [1, 1], pinned=((0, 0),))
    result = problem.solve()

    swapped = np.array([1, 0], dtype=np.int32)

    assert holds(problem, result.mentor_of, result.certificate)
    assert not holds(problem, swapped, result.certificate)


def test_prices_of_the_wrong_length_and_a_small_big_do_not_pass() -> None:
    problem = instance([[5]], [1])
    result = problem.solve()
    certificate = result.certificate

    assert certificate.big == 6
    assert not holds(problem, result.mentor_of, replace(certificate, u=certificate.u[:0]))
    assert not holds(problem, result.mentor_of, Certificate(u=np.array([0]), v=np.array([10]), big=5))
