"""A decline is repaired to the best there is, by moving the fewest people, none of them frozen."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.certificate import verify
from services.matching.pairs import Flags
from services.matching.repair import nearest, repair
from services.matching.residual import Change, Move
from tests.services.matching.instances import Instance, answers, instance, instances, random_instance, worth

often = settings(deadline=None, max_examples=60)


def ruled_out(problem: Instance, mentee: int, mentor: int) -> Instance:
    allowed = problem.allowed.copy()
    allowed[mentee, mentor] = False
    return replace(problem, allowed=allowed)


def repairs(problem: Instance, seed: int, frozen_share: float, *, withdrawn: bool) -> Iterator[tuple[int, int]]:
    """One decline after the other, each repaired from the last; checks the proof, yields what re-solving must equal."""
    random = np.random.default_rng(seed)
    result = problem.solve()
    mentor_of, certificate = result.mentor_of, result.certificate
    capacities = problem.capacities.astype(np.int64)
    frozen: list[int] = []
    for _ in range(len(problem.mentee_ids)):
        open_rows = [i for i in np.flatnonzero(mentor_of >= 0).tolist() if i not in frozen]
        if not open_rows:
            return
        mentee = int(random.choice(open_rows))
        frozen += [i for i in open_rows if i != mentee and random.random() < frozen_share]
        mentor = int(mentor_of[mentee])
        before = mentor_of.tolist()
        found = repair(
            problem.scores,
            capacities,
            problem.allowed,
            mentor_of,
            certificate,
            (mentee, mentor),
            frozen,
            place_withdrawn=withdrawn,
        )
        problem = ruled_out(problem, mentee, mentor)
        mentor_of, certificate, capacities = found.mentor_of, found.certificate, found.capacities
        held = tuple((i, before[i]) for i in frozen)
        again = replace(problem, capacities=capacities.astype(np.int32), pinned=held)
        # A frozen pair stands outside the rules, which may have changed since.
        solved = replace(again, allowed=with_pairs(again.allowed, held)).solve()
        assert [mentor_of[i] for i in frozen] == [before[i] for i in frozen]
        assert mentor_of[mentee] != mentor
        assert verify(problem.scores, again.capacities, with_pairs(problem.allowed, held), mentor_of, certificate, held)
        was = worth_of(problem, before)
        now = worth_of(problem, mentor_of.tolist())
        assert now == (solved.objective.matched, solved.objective.total)
        assert (found.best.matched, found.best.total) == (now[0] - was[0], now[1] - was[1])
        moved = sum(a != b for a, b in zip(before, mentor_of.tolist(), strict=True))
        assert moved == len(found.best.moves)
        assert len(found.only.moves) == 1
        assert (found.only.matched, found.only.total) <= (found.best.matched, found.best.total)
        fewest = nearest(problem.scores, again.capacities, problem.allowed, np.array(before, dtype=np.int32), frozen)
        yield moved, len(fewest.change.moves)


def with_pairs(allowed: Flags, pairs: tuple[tuple[int, int], ...]) -> Flags:
    allowed = allowed.copy()
    for i, j in pairs:
        allowed[i, j] = True
    return allowed


def worth_of(problem: Instance, answer: list[int]) -> tuple[int, int]:
    kept = [int(problem.scores[i, j]) for i, j in enumerate(answer) if j != -1]
    return len(kept), sum(kept)


@pytest.mark.parametrize("withdrawn", [False, True], ids=["the place stays", "the place goes too"])
@pytest.mark.parametrize("kind", ["plain", "scarce", "popular", "ties"])
def test_a_repaired_decline_equals_a_new_run_with_the_fewest_moves(kind: str, withdrawn: bool) -> None:
    problem = random_instance(48, 30, kind, seed=4)

    moves = list(repairs(problem, seed=9, frozen_share=0.01, withdrawn=withdrawn))

    assert len(moves) >= 24
    assert [taken for taken, _ in moves] == [fewest for _, fewest in moves]


@given(instances(most_mentees=4, most_mentors=3, pins=False), st.integers(0, 3), st.booleans())
@often
def test_no_answer_at_all_repairs_better_or_moves_fewer(problem: Instance, seed: int, withdrawn: bool) -> None:
    moves = list(repairs(problem, seed, frozen_share=0.3, withdrawn=withdrawn))

    assert [taken for taken, _ in moves] == [fewest for _, fewest in moves]


@given(instances(pins=False), st.data())
@often
def test_the_nearest_best_answer_is_found_from_any_answer(problem: Instance, data: st.DataObject) -> None:
    every = list(answers(problem))
    start = np.array(data.draw(st.sampled_from(every)), dtype=np.int32)
    best = max(worth(problem, answer) for answer in every)

    found = nearest(problem.scores, problem.capacities, problem.allowed, start)

    fewest = min(
        sum(a != b for a, b in zip(answer, start.tolist(), strict=True))
        for answer in every
        if worth(problem, answer) == best
    )
    assert worth(problem, found.mentor_of.tolist()) == best
    assert len(found.change.moves) == fewest


def test_whoever_has_nobody_is_moved_only_when_nobody_else_can_be() -> None:
    scores = np.array([[0, 0], [0, 0], [0, 1], [0, 0]], dtype=np.int32)
    start = np.array([-1, -1, -1, 1], dtype=np.int32)

    found = nearest(scores, np.array([1, 1], dtype=np.int32), np.ones((4, 2), dtype=np.bool_), start)

    # The third mentee's point takes the fourth's place, who changes over: the first two need not be touched.
    assert found.mentor_of.tolist() == [-1, -1, 1, 0]


def test_both_ways_on_are_offered_with_what_they_cost() -> None:
    # Only mentor 2 has a place left. Mentee 0 fits there badly, mentee 1 well.
    problem = instance([[9, 8, 1], [2, 9, 7]], [1, 1, 1])
    result = problem.solve()

    found = repair(problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate, (0, 0))

    assert found.only == Change((Move(0, 0, 2),), 0, -8)
    assert found.best == Change((Move(0, 0, 1), Move(1, 1, 2)), 0, -3)
    assert found.mentor_of.tolist() == [1, 2]


def test_only_a_pair_that_stands_and_is_not_frozen_can_be_declined() -> None:
    problem = instance([[9, 8]], [1, 1])
    result = problem.solve()

    for declined, frozen in (((0, 1), ()), ((0, 0), (0,))):
        with pytest.raises(ValueError, match="Only a pair that stands"):
            repair(
                problem.scores,
                problem.capacities,
                problem.allowed,
                result.mentor_of,
                result.certificate,
                declined,
                frozen,
            )


def test_every_answer_of_a_tiny_problem_is_repaired_as_by_trying_all() -> None:
    for values in product((0, 2, 3), repeat=6):
        problem = instance([list(values[:2]), list(values[2:4]), list(values[4:])], [1, 2])
        result = problem.solve()
        mentor = int(result.mentor_of[0])
        if mentor == -1:
            continue
        after = ruled_out(problem, 0, mentor)
        best = max(worth(after, answer) for answer in answers(after))

        found = repair(
            problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate, (0, mentor)
        )

        assert worth(after, found.mentor_of.tolist()) == best
