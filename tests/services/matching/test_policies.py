"""Floor first and balanced load are the best by trying all answers, and so is what they cost."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.assignment import Assignment, MatchingInputError, Objective, Policy, assign
from services.matching.certificate import verify
from services.matching.certifying import certify
from services.matching.explaining import explainer
from services.matching.pairs import Flags
from services.matching.repair import repair
from tests.services.matching.instances import Instance, answers, instance, instances, value

often = settings(deadline=None, max_examples=60)
ladders = st.lists(st.integers(0, 400), max_size=3).map(lambda costs: tuple(sorted(costs)))


def solved(problem: Instance, policy: Policy) -> Assignment:
    return assign(
        problem.scores,
        problem.capacities,
        problem.allowed,
        problem.pinned,
        problem.seed,
        problem.mentee_ids,
        problem.mentor_ids,
        policy=policy,
    )


def proved(problem: Instance, result: Assignment) -> bool:
    return verify(
        problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate, problem.pinned
    )


def paid(answer: Sequence[int], ladder: Sequence[int]) -> int:
    """What all second, third, ... mentees cost."""
    costs = [0, *ladder]
    loads = [list(answer).count(j) for j in set(answer) - {-1}]
    return sum(costs[min(k, len(costs) - 1)] for load in loads for k in range(load))


@given(instances())
@often
def test_floor_first_is_the_best_in_matched_then_worst_then_total(problem: Instance) -> None:
    every = [value(problem, answer) for answer in answers(problem)]
    best = max((matched, worst, total) for matched, total, worst in every)

    result = solved(problem, Policy(floor_first=True))

    matched, total, worst = value(problem, result.mentor_of.tolist())
    assert (matched, worst, total) == best
    assert proved(problem, result)


@given(instances(), ladders)
@often
def test_balanced_load_is_the_best_in_matched_then_total_less_its_costs(
    problem: Instance, ladder: tuple[int, ...]
) -> None:
    def worth(answer: Sequence[int]) -> tuple[int, int, int]:
        matched, total, worst = value(problem, answer)
        return matched, total - paid(answer, ladder), worst

    result = solved(problem, Policy(load_costs=ladder))

    assert worth(result.mentor_of.tolist()) == max(worth(answer) for answer in answers(problem))
    assert proved(problem, result)


@given(instances(most_mentors=2), ladders)
@often
def test_both_policies_together_are_still_the_best(problem: Instance, ladder: tuple[int, ...]) -> None:
    def worth(answer: Sequence[int]) -> tuple[int, int, int]:
        matched, total, worst = value(problem, answer)
        return matched, worst, total - paid(answer, ladder)

    result = solved(problem, Policy(floor_first=True, load_costs=ladder))

    assert worth(result.mentor_of.tolist()) == max(worth(answer) for answer in answers(problem))
    assert proved(problem, result)


@given(instances(most_mentees=5), ladders, st.booleans())
@often
def test_explanations_and_repairs_know_the_policy(problem: Instance, ladder: tuple[int, ...], floor: bool) -> None:
    policy = Policy(floor, ladder)
    result = solved(problem, policy)
    explains = explainer(problem.scores, problem.capacities, problem.allowed, result, problem.pinned)
    usable = problem.allowed & (problem.scores >= result.certificate.floor)
    # Under its floor the answer is the plain best of the pairs that are left.
    left = replace(problem, allowed=usable | _pins(problem))

    for mentee, mentor in enumerate(result.mentor_of.tolist()):
        if mentor == -1 or mentee in dict(problem.pinned):
            continue
        allowed = left.allowed.copy()
        allowed[mentee, mentor] = False
        again = solved(replace(left, allowed=allowed), Policy(load_costs=ladder))
        change = explains.forbid(mentee, mentor)
        assert change is not None
        assert (change.matched, change.total) == _difference(problem, ladder, result, again)
        repaired = repair(
            problem.scores,
            problem.capacities,
            problem.allowed,
            result.mentor_of,
            result.certificate,
            (mentee, mentor),
            [i for i, _ in problem.pinned],
        )
        assert repaired.best == change
        after = replace(problem, allowed=allowed | _pins(problem))
        assert verify(
            problem.scores,
            problem.capacities,
            after.allowed,
            repaired.mentor_of,
            repaired.certificate,
            problem.pinned,
        )


def _pins(problem: Instance) -> Flags:
    pins: Flags = np.zeros(problem.scores.shape, dtype=np.bool_)
    for pin in problem.pinned:
        pins[pin] = True
    return pins


def _difference(problem: Instance, ladder: tuple[int, ...], before: Assignment, after: Assignment) -> tuple[int, int]:
    worths = []
    for result in (before, after):
        matched, total, _ = value(problem, result.mentor_of.tolist())
        worths.append((matched, total - paid(result.mentor_of.tolist(), ladder)))
    return worths[1][0] - worths[0][0], worths[1][1] - worths[0][1]


@given(instances(), ladders)
@often
def test_the_bare_answer_is_enough_to_build_its_proof(problem: Instance, ladder: tuple[int, ...]) -> None:
    result = solved(problem, Policy(load_costs=ladder))

    proof = certify(
        problem.scores,
        problem.capacities,
        problem.allowed,
        result.mentor_of,
        problem.pinned,
        load_costs=ladder,
    )

    assert proof.u.tolist() == result.certificate.u.tolist()
    assert proof.v.tolist() == result.certificate.v.tolist()
    assert proof.big == result.certificate.big


def test_floor_first_says_what_it_costs() -> None:
    problem = instance([[100, 60], [60, 1]], [1, 1])

    plain, floor_first = solved(problem, Policy()), solved(problem, Policy(floor_first=True))

    assert plain.objective == Objective(matched=2, total=120, worst=60)
    assert floor_first.objective == Objective(matched=2, total=120, worst=60)
    steep = instance([[100, 40], [60, 20]], [1, 1])
    assert solved(steep, Policy()).objective == Objective(matched=2, total=120, worst=20)
    assert solved(steep, Policy(floor_first=True)).objective == Objective(matched=2, total=100, worst=40)


def test_a_rising_cost_spreads_mentees_over_mentors() -> None:
    problem = instance([[10, 7], [10, 6], [10, 5]], [3, 3])

    loads = [
        np.bincount(solved(problem, Policy(load_costs=ladder)).mentor_of, minlength=2).tolist()
        for ladder in ((), (3,), (3, 5), (3, 5, 9))
    ]

    assert loads == [[3, 0], [3, 0], [2, 1], [2, 1]]


@pytest.mark.parametrize("ladder", [(3, 2), (-1,), (1.5,)], ids=["falling", "below zero", "a half"])
def test_costs_that_do_not_rise_are_refused(ladder: tuple[int, ...]) -> None:
    with pytest.raises(MatchingInputError, match="never fall"):
        solved(instance([[1]], [1]), Policy(load_costs=ladder))
