"""The assignment is the best there is, whatever the order of people, and says why somebody is left out."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.assignment import Assignment, ImpossiblePinError, MatchingInputError, Objective, assign
from services.matching.certificate import verify
from services.matching.shortage import Shortage, Unmatched
from tests.services.matching.instances import Instance, answers, instance, instances, keeps_rules, value

often = settings(deadline=None, max_examples=100)


def proved(problem: Instance, result: Assignment) -> bool:
    return verify(
        problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate, problem.pinned
    )


@given(instances())
@often
def test_nothing_beats_the_answer_in_matched_then_total_then_worst(problem: Instance) -> None:
    best = max(value(problem, answer) for answer in answers(problem))

    result = problem.solve()

    answer = result.mentor_of.tolist()
    kept = [int(problem.scores[i, j]) for i, j in enumerate(answer) if j != -1]
    assert keeps_rules(problem, answer)
    assert value(problem, answer) == best
    assert result.objective == Objective(best[0], best[1], min(kept, default=None))
    assert proved(problem, result)


@given(instances(most_mentees=7, most_mentors=6), st.randoms(use_true_random=False))
@often
def test_the_order_of_people_changes_nothing(problem: Instance, random: Random) -> None:
    rows, columns = list(range(len(problem.mentee_ids))), list(range(len(problem.mentor_ids)))
    random.shuffle(rows)
    random.shuffle(columns)

    straight, mixed = problem.solve(), problem.shuffled(rows, columns).solve()

    back = {-1: -1, **dict(enumerate(columns))}
    assert [back[j] for j in mixed.mentor_of.tolist()] == [straight.mentor_of.tolist()[i] for i in rows]
    assert mixed.certificate.u.tolist() == straight.certificate.u[rows].tolist()
    assert mixed.certificate.v.tolist() == straight.certificate.v[columns].tolist()
    assert {(rows[left.mentee], left.because, left.places) for left in mixed.unmatched} == {
        (left.mentee, left.because, left.places) for left in straight.unmatched
    }


@given(instances(most_mentees=7, most_mentors=6, pins=False))
@often
def test_one_more_mentor_never_makes_the_answer_worse(problem: Instance) -> None:
    n, m = problem.scores.shape
    fewer = problem.shuffled(range(n), range(max(0, m - 1)))

    before, after = fewer.solve().objective, problem.solve().objective

    # Most matched comes first: one more matched mentee may cost some of the total, the same number never does.
    assert (after.matched, after.total) >= (before.matched, before.total)


@given(instances(most_mentees=7, most_mentors=6))
@often
def test_a_reason_names_more_mentees_than_places_and_nowhere_else_to_go(problem: Instance) -> None:
    result = problem.solve()

    may = problem.allowed.copy()
    for i, j in problem.pinned:
        may[i] = np.arange(may.shape[1]) == j
    left_out = [i for i, j in enumerate(result.mentor_of.tolist()) if j == -1]
    assert [left.mentee for left in result.unmatched] == left_out
    for left in result.unmatched:
        reachable = set(np.flatnonzero(may[list(left.mentees)].any(axis=0)).tolist())
        if left.because is Shortage.NOBODY_ALLOWED:
            assert not may[left.mentee].any()
        else:
            assert left.mentee in left.mentees
            assert reachable == set(left.mentors)
            assert left.places == sum(problem.capacities[list(left.mentors)].tolist())
            assert left.places < len(left.mentees)


@pytest.mark.parametrize(
    ("scores", "capacities", "expected"),
    [
        ([], [], []),
        ([], [1, 2], []),
        ([[], []], [], [-1, -1]),
        ([[5], [9]], [0], [-1, -1]),
        ([[5], [9]], [1], [-1, 0]),
        ([[5], [9]], [10**9], [0, 0]),
        ([[2**31 - 1, 2**31 - 2], [2**31 - 1, 0]], [1, 1], [1, 0]),
    ],
)
def test_the_smallest_and_the_largest_problems_have_an_answer(
    scores: list[list[int]], capacities: list[int], expected: list[int]
) -> None:
    problem = instance(scores, capacities)

    result = problem.solve()

    assert result.mentor_of.tolist() == expected
    assert proved(problem, result)


def test_everyone_is_placed_although_a_forbidden_pair_would_score_more() -> None:
    problem = instance([[9, 1], [1, 1000]], [1, 1], [[True, True], [True, False]])

    result = problem.solve()

    assert result.mentor_of.tolist() == [1, 0]
    assert result.objective == Objective(matched=2, total=2, worst=1)


def test_of_two_equal_totals_the_one_with_the_better_worst_pair_is_taken() -> None:
    problem = instance([[9, 6], [4, 1]], [1, 1])

    result = problem.solve()

    assert result.mentor_of.tolist() == [1, 0]
    assert result.objective == Objective(matched=2, total=10, worst=4)


def test_the_lottery_is_fair_and_keeps_to_its_seed() -> None:
    problem = instance([[7, 7]], [1, 1])

    drawn = [replace(problem, seed=seed).solve().mentor_of.tolist()[0] for seed in range(400)]

    assert drawn == [replace(problem, seed=seed).solve().mentor_of.tolist()[0] for seed in range(400)]
    assert 150 < sum(drawn) < 250


def test_a_pin_stands_and_the_rest_is_still_the_best() -> None:
    problem = instance([[9, 0], [9, 1]], [1, 1], pinned=((0, 1),))

    result = problem.solve()

    assert result.mentor_of.tolist() == [1, 0]
    assert result.objective == Objective(matched=2, total=9, worst=0)
    assert proved(problem, result)


def test_a_pin_named_twice_is_one_pin() -> None:
    problem = instance([[9, 0]], [1, 1], pinned=((0, 1), (0, 1)))

    assert problem.solve().mentor_of.tolist() == [1]


@pytest.mark.parametrize(
    ("pinned", "message", "mentees", "mentors"),
    [
        (
            ((0, 0),),
            "Mentee mentee-0000 is pinned to mentor mentor-0000, but this pair is not allowed.",
            ("mentee-0000",),
            ("mentor-0000",),
        ),
        (
            ((1, 0), (1, 1)),
            "Mentee mentee-0001 is pinned to two mentors, mentor-0000 and mentor-0001.",
            ("mentee-0001",),
            ("mentor-0000", "mentor-0001"),
        ),
        (
            ((0, 1), (1, 1)),
            "Mentor mentor-0001 has places for 1, but 2 mentees are pinned.",
            ("mentee-0000", "mentee-0001"),
            ("mentor-0001",),
        ),
        (((2, 0),), "A pin names somebody who is not in this run.", (), ()),
        (((0, -1),), "A pin names somebody who is not in this run.", (), ()),
    ],
)
def test_a_pin_that_cannot_stand_is_refused_with_names(
    pinned: tuple[tuple[int, int], ...], message: str, mentees: tuple[str, ...], mentors: tuple[str, ...]
) -> None:
    problem = instance([[1, 1], [1, 1]], [1, 1], [[False, True], [True, True]], pinned)

    with pytest.raises(ImpossiblePinError) as refused:
        problem.solve()

    assert (str(refused.value), refused.value.mentees, refused.value.mentors) == (message, mentees, mentors)


def test_each_unmatched_mentee_hears_why() -> None:
    may = [[True, False, False], [True, False, False], [False, False, False], [False, True, False], [True, True, False]]
    problem = instance([[5] * 3, [4] * 3, [9] * 3, [9] * 3, [3] * 3], [1, 0, 7], may)

    result = problem.solve()

    assert result.mentor_of.tolist() == [0, -1, -1, -1, -1]
    assert result.unmatched == (
        Unmatched(1, Shortage.PLACES_TAKEN, mentees=(0, 1), mentors=(0,), places=1),
        Unmatched(2, Shortage.NOBODY_ALLOWED),
        Unmatched(3, Shortage.PLACES_TAKEN, mentees=(3,), mentors=(1,), places=0),
        Unmatched(4, Shortage.PLACES_TAKEN, mentees=(0, 4), mentors=(0, 1), places=1),
    )
    assert [left.sentence for left in result.unmatched] == [
        "All places are taken: 2 mentees share one place with the one mentor available.",
        "No mentor is available for this mentee.",
        "There is no place with the one mentor available.",
        "All places are taken: 2 mentees share one place with the 2 mentors available.",
    ]


def test_many_people_are_counted_as_people_write_numbers() -> None:
    left = Unmatched(0, Shortage.PLACES_TAKEN, tuple(range(2_000)), tuple(range(1_200)), places=1_500)

    assert left.sentence == "All places are taken: 2,000 mentees share 1,500 places with the 1,200 mentors available."


def test_the_result_cannot_be_changed() -> None:
    result = instance([[5]], [1]).solve()

    for array in (result.mentor_of, result.certificate.u, result.certificate.v):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3


def test_without_ids_the_position_is_the_id() -> None:
    scores = np.arange(6, dtype=np.int32).reshape(3, 2)

    result = assign(scores, np.array([2, 1], dtype=np.int32), np.ones((3, 2), dtype=np.bool_))

    assert result.mentor_of.tolist() == [1, 0, 0]
    assert result.objective == Objective(matched=3, total=7, worst=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacities": np.array([1, 1, 1], dtype=np.int32)}, "must have matching shapes"),
        ({"allowed": np.ones((1, 2), dtype=np.bool_)}, "must have matching shapes"),
        ({"scores": np.ones(2, dtype=np.int32)}, "must have matching shapes"),
        ({"scores": np.ones((2, 2))}, "must be integers"),
        ({"allowed": np.ones((2, 2), dtype=np.int32)}, "true or false"),
        ({"scores": np.full((2, 2), -1, dtype=np.int32)}, "cannot be negative"),
        ({"capacities": np.array([1, -1], dtype=np.int32)}, "cannot be negative"),
        ({"mentee_ids": ("a", "a")}, "Every mentee needs an id of their own"),
        ({"mentor_ids": ("a",)}, "Every mentor needs an id of their own"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    problem = replace(instance([[1, 1], [1, 1]], [1, 1]), **change)  # type: ignore[arg-type] # wrong on purpose

    with pytest.raises(MatchingInputError, match=message):
        problem.solve()


def test_scores_of_pairs_that_are_not_allowed_are_never_read() -> None:
    problem = instance([[-5, 1]], [1, 1], [[False, True]])

    assert problem.solve().objective == Objective(matched=1, total=1, worst=1)


@pytest.mark.parametrize("capacity", [1, 3, 10**9])
@pytest.mark.parametrize("kind", ["plain", "popular", "ties"])
def test_larger_problems_are_proved_too(kind: str, capacity: int) -> None:
    random = np.random.default_rng(5)
    popular = np.linspace(900, 100, 60).astype(np.int32) + random.integers(0, 40, (150, 60), dtype=np.int32)
    plain = random.integers(0, 1001, (150, 60), dtype=np.int32)
    scores = {"plain": plain, "popular": popular, "ties": plain % 3}[kind]
    problem = instance(scores.tolist(), [capacity] * 60, (random.random((150, 60)) > 0.1).tolist())

    result = problem.solve()

    assert result.objective.matched == min(150, 60 * capacity)
    assert proved(problem, result)
