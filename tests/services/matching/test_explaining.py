"""Every answer about another pair is what insisting on it and solving again would give."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.assignment import Objective, assign
from services.matching.explaining import Alternative, Explainer, Standing, WhyNot, Worth, explainer
from services.matching.residual import Change, Move
from tests.services.matching.instances import Instance, instance, instances, random_instance, worth

often = settings(deadline=None, max_examples=60)


def explained(problem: Instance) -> Explainer:
    return explainer(problem.scores, problem.capacities, problem.allowed, problem.solve(), problem.pinned)


def difference(before: Objective, after: Objective) -> tuple[int, int]:
    return after.matched - before.matched, after.total - before.total


def forced(problem: Instance, mentee: int, mentor: int) -> Objective:
    return replace(problem, pinned=(*problem.pinned, (mentee, mentor))).solve().objective


def checked_moves(problem: Instance, change: Change) -> list[int]:
    """The answer after the change, when its moves fit the answer before it and keep the rules."""
    answer = [int(j) for j in problem.solve().mentor_of]
    assert len({move.mentee for move in change.moves}) == len(change.moves)
    for move in change.moves:
        assert answer[move.mentee] == move.before != move.after
        answer[move.mentee] = move.after
    return answer


@given(instances(most_mentees=6, most_mentors=5), st.data())
@often
def test_insisting_on_a_pair_costs_what_solving_again_says(problem: Instance, data: st.DataObject) -> None:
    before, explains = problem.solve(), explained(problem)
    pairs = [(int(i), int(j)) for i, j in zip(*np.nonzero(problem.allowed), strict=True)]
    for mentee, mentor in data.draw(st.permutations(pairs))[:6]:
        change = explains.insist(mentee, mentor)

        if change is None:
            held = sum(j == mentor for _, j in problem.pinned)
            assert mentee in dict(problem.pinned) or held == problem.capacities[mentor]
            continue
        after = checked_moves(problem, change)
        assert after[mentee] == mentor
        assert (change.matched, change.total) == difference(before.objective, forced(problem, mentee, mentor))
        assert worth(problem, after) == worth(problem, forced_answer(problem, mentee, mentor))


def forced_answer(problem: Instance, mentee: int, mentor: int) -> list[int]:
    return [int(j) for j in replace(problem, pinned=(*problem.pinned, (mentee, mentor))).solve().mentor_of]


@pytest.mark.parametrize("kind", ["plain", "scarce", "popular", "ties"])
def test_500_random_pairs_cost_what_forcing_them_and_solving_again_says(kind: str) -> None:
    problem = random_instance(60, 40, kind, seed=11)
    before, explains = problem.solve().objective, explained(problem)
    pairs = np.argwhere(problem.allowed)
    chosen = pairs[np.random.default_rng(2).permutation(len(pairs))[:125]].tolist()

    changes = [explains.insist(mentee, mentor) for mentee, mentor in chosen]

    expected = [difference(before, forced(problem, mentee, mentor)) for mentee, mentor in chosen]
    assert [(change.matched, change.total) for change in changes if change] == expected


@given(instances(most_mentees=6, most_mentors=5))
@often
def test_forbidding_a_pair_costs_what_solving_again_says(problem: Instance) -> None:
    before, explains = problem.solve(), explained(problem)
    for mentee, mentor in enumerate(before.mentor_of.tolist()):
        if mentor == -1:
            continue

        change = explains.forbid(mentee, mentor)

        if mentee in dict(problem.pinned):
            assert change is None
            continue
        assert change is not None
        allowed = problem.allowed.copy()
        allowed[mentee, mentor] = False
        after = checked_moves(problem, change)
        again = replace(problem, allowed=allowed).solve().objective
        assert after[mentee] != mentor
        assert (change.matched, change.total) == difference(before.objective, again)


@given(instances(most_mentees=6, most_mentors=5))
@often
def test_lists_of_alternatives_agree_with_asking_one_by_one(problem: Instance) -> None:
    explains, answer = explained(problem), problem.solve().mentor_of.tolist()
    n, m = problem.scores.shape

    listed = [explains.for_mentee(i, most=m) for i in range(n)] + [explains.for_mentor(j, most=n) for j in range(m)]

    for alternatives in listed:
        assert alternatives == sorted(alternatives, key=lambda found: (-found.matched, -found.total))
        for found in alternatives:
            change = explains.insist(found.mentee, found.mentor)
            assert change is not None
            assert (found.matched, found.total) == (change.matched, change.total)
            assert found.others_moved == len(change.moves) - 1
    asked = {(found.mentee, found.mentor) for alternatives in listed[:n] for found in alternatives}
    possible = {
        (i, j) for i in range(n) for j in range(m) if answer[i] != j and explains.why_not(i, j).change is not None
    }
    assert asked == possible
    assert {(found.mentee, found.mentor) for alternatives in listed[n:] for found in alternatives} == possible


@given(instances(most_mentees=6, most_mentors=4))
@often
def test_one_more_place_adds_what_solving_again_says(problem: Instance) -> None:
    before = problem.solve().objective

    worths = explained(problem).one_more_place()

    m = len(problem.capacities)
    more = [replace(problem, capacities=problem.capacities + (np.arange(m) == j)) for j in range(m)]
    assert worths == [Worth(*difference(before, wider.solve().objective)) for wider in more]


def test_why_not_tells_who_would_move_and_never_why_a_pair_is_ruled_out() -> None:
    problem = instance([[9, 1], [8, 7]], [1, 1], [[True, True], [True, True]])
    explains = explained(problem)
    ruled_out = explained(replace(problem, allowed=np.array([[True, False], [True, True]])))
    pinned = explained(replace(problem, pinned=((0, 0),)))

    assert explains.why_not(0, 0) == WhyNot(Standing.TOGETHER)
    assert explains.why_not(0, 1) == WhyNot(Standing.POSSIBLE, Change((Move(0, 0, 1), Move(1, 1, 0)), 0, -7))
    assert ruled_out.why_not(0, 1) == WhyNot(Standing.NOT_AVAILABLE)
    assert pinned.why_not(0, 1) == WhyNot(Standing.HELD)
    assert pinned.why_not(1, 0) == WhyNot(Standing.HELD)
    assert explains.for_mentee(0) == [Alternative(0, 1, 1, 0, -7, 1)]


def test_a_chain_moves_no_more_people_than_it_must() -> None:
    # Mentee 0 to mentor 1 could send mentee 1 on to mentor 2, or over mentor 3 at the same cost.
    problem = instance([[9, 8, 0, 0], [0, 9, 7, 8], [0, 0, 5, 6]], [1, 1, 1, 1])

    change = explained(problem).insist(0, 1)

    assert change is not None
    assert len(change.moves) == 2


def test_an_answer_without_a_proof_is_not_explained() -> None:
    problem = random_instance(100, 60, "popular", seed=5)
    stopped = assign(problem.scores, problem.capacities, problem.allowed, seconds=0)

    assert stopped.gap is not None
    with pytest.raises(ArithmeticError, match="Only an answer that is proved"):
        explainer(problem.scores, problem.capacities, problem.allowed, stopped)
