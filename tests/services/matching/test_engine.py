"""The engine on larger and on hostile problems: a second route, other settings, being stopped."""

import subprocess
import sys
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from services.matching import candidates, pairs, pricing_out
from services.matching.assignment import Assignment, CancelledError, Objective, Policy, assign, assign_blocks
from services.matching.certificate import Certificate, verify, verify_blocks
from services.matching.certifying import certify, certify_blocks
from services.matching.pairs import MatchingInputError, MatrixScorer
from services.matching.shortage import Shortage
from tests.benchmarks.crowd import crowd
from tests.services.matching.instances import Instance, answers, instance, instances, random_instance, value

KINDS = ["plain", "scarce", "popular", "ties"]


def second_route(problem: Instance) -> tuple[int, int]:
    """Matched and total by SciPy, on one column for each place."""
    places = np.repeat(np.arange(len(problem.capacities)), np.minimum(problem.capacities, len(problem.scores)))
    big = 1.0 + len(problem.scores) * float(problem.scores.max())
    weights = np.where(problem.allowed, problem.scores + big, 0.0)[:, places]
    rows, columns = linear_sum_assignment(weights, maximize=True)
    kept = problem.allowed[rows, places[columns]]
    return int(kept.sum()), int(problem.scores[rows[kept], places[columns[kept]]].sum())


def convinces(problem: Instance, answer: list[int], proof: Certificate) -> bool:
    """The whole check of a certificate without pins, floor or costs of load, sharing nothing with the engine."""
    s, c, ok = problem.scores.tolist(), problem.capacities.tolist(), problem.allowed.tolist()
    u, v, big = proof.u.tolist(), proof.v.tolist(), proof.big
    pairs = [(i, j) for i, j in enumerate(answer) if j >= 0]
    keeps_rules = all(ok[i][j] for i, j in pairs) and all(answer.count(j) <= c[j] for j in range(len(c)))
    usable = [(i, j) for i in range(len(u)) for j in range(len(v)) if ok[i][j]]
    covered = all(u[i] + v[j] >= big + s[i][j] for i, j in usable) and min([*u, *v], default=0) >= 0
    bound = sum(u) + sum(c[j] * v[j] for j in range(len(v)))
    enough = big >= 1 + min(len(u), sum(c)) * max((s[i][j] for i, j in usable), default=0)
    return keeps_rules and covered and enough and bound == sum(big + s[i][j] for i, j in pairs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "m"), [(40, 70), (100, 60), (300, 180)], ids=["few", "100 x 60", "300 x 180"])
def test_a_second_route_reaches_the_same_and_the_proof_convinces_a_stranger(kind: str, n: int, m: int) -> None:
    problem = random_instance(n, m, kind, seed=n)

    result = problem.solve()

    assert (result.objective.matched, result.objective.total) == second_route(problem)
    assert convinces(problem, result.mentor_of.tolist(), result.certificate)


def test_every_problem_of_two_and_two_is_solved_as_by_trying_all() -> None:
    for scores, mask, capacities in product(
        product((0, 1), repeat=4), product((True, False), repeat=4), product((0, 1, 2), repeat=2)
    ):
        problem = instance([scores[:2], scores[2:]], capacities, [mask[:2], mask[2:]])

        result = problem.solve()

        answer = result.mentor_of.tolist()
        assert value(problem, answer) == max(value(problem, other) for other in answers(problem))
        assert convinces(problem, answer, result.certificate)


@given(instances(most_mentees=7, most_mentors=6), st.sampled_from([(1, 1, 1), (2, 3, 7), (50, 1, 20)]))
@settings(deadline=None, max_examples=60)
def test_how_the_engine_searches_changes_no_answer(problem: Instance, tuning: tuple[int, int, int]) -> None:
    straight = problem.solve()
    before = candidates.CANDIDATES, pricing_out.MORE_EACH_ROUND, pairs.BLOCK_PAIRS
    try:
        candidates.CANDIDATES, pricing_out.MORE_EACH_ROUND, pairs.BLOCK_PAIRS = tuning
        tuned = problem.solve()
    finally:
        candidates.CANDIDATES, pricing_out.MORE_EACH_ROUND, pairs.BLOCK_PAIRS = before

    assert same(straight, tuned)


def same(one: Assignment, other: Assignment) -> bool:
    return (
        one.mentor_of.tolist() == other.mentor_of.tolist()
        and one.certificate.u.tolist() == other.certificate.u.tolist()
        and one.certificate.v.tolist() == other.certificate.v.tolist()
        and one.unmatched == other.unmatched
    )


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_people_get_the_same_mentors_in_a_larger_crowd(kind: str) -> None:
    problem = random_instance(150, 90, kind, seed=3)
    rows, columns = (np.random.default_rng(8).permutation(size).tolist() for size in (150, 90))

    straight, mixed = problem.solve(), problem.shuffled(rows, columns).solve()

    back = {-1: -1, **dict(enumerate(columns))}
    assert [back[j] for j in mixed.mentor_of.tolist()] == [straight.mentor_of.tolist()[i] for i in rows]


def test_blocks_give_the_answer_of_the_matrix_and_wishes_change_nothing() -> None:
    people = crowd(300, 180, "normal")
    scores, allowed = people.block(slice(0, 300))

    whole = assign(scores, people.capacities, allowed, seed=4)
    wished = [(i, int(j)) for i in range(0, 300, 7) for j in np.flatnonzero(allowed[i])[-2:]]
    by_block = assign_blocks(people, people.capacities, seed=4, wished=wished)

    assert same(whole, by_block)
    assert verify_blocks(people, people.capacities, by_block.mentor_of, by_block.certificate)
    bare = certify_blocks(people, people.capacities, by_block.mentor_of)
    assert bare.u.tolist() == whole.certificate.u.tolist()
    assert bare.v.tolist() == whole.certificate.v.tolist()


def test_the_number_of_threads_changes_nothing() -> None:
    script = (
        "from tests.benchmarks.crowd import crowd; from services.matching.assignment import assign_blocks;"
        "people = crowd(400, 240, 'popular'); answer = assign_blocks(people, people.capacities);"
        "print(answer.mentor_of.tolist(), answer.certificate.u.sum(), answer.certificate.v.sum())"
    )

    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "3")
    ]

    assert told[0] == told[1] != b""


@pytest.mark.parametrize(
    ("n", "m", "capacity", "allowed", "matched", "because"),
    [
        (0, 0, 1, True, 0, None),
        (300, 0, 1, True, 0, Shortage.NOBODY_ALLOWED),
        (0, 200, 1, True, 0, None),
        (300, 200, 1, False, 0, Shortage.NOBODY_ALLOWED),
        (300, 200, 0, True, 0, Shortage.PLACES_TAKEN),
        (300, 200, 10**9, True, 300, None),
        (2000, 1, 10**9, True, 2000, None),
        (2000, 1, 700, True, 700, Shortage.PLACES_TAKEN),
    ],
    ids=["nobody", "no mentors", "no mentees", "all ruled out", "no places", "endless places", "one for all", "one"],
)
def test_hostile_problems_have_an_honest_answer(
    n: int, m: int, capacity: int, allowed: bool, matched: int, because: Shortage | None
) -> None:
    scores, places = np.zeros((n, m), dtype=np.int32), np.full(m, capacity, dtype=np.int32)
    may = np.full((n, m), allowed)

    result = assign(scores, places, may)

    assert result.objective == Objective(matched, 0, 0 if matched else None)
    assert {left.because for left in result.unmatched} == ({because} if because else set())
    assert len(result.unmatched) == n - matched
    assert verify(scores, places, may, result.mentor_of, result.certificate)
    assert len({id(left.mentees) for left in result.unmatched}) <= 1


def test_a_long_chain_of_moves_is_priced() -> None:
    """Each mentee wants the mentor before theirs a little more; only the last mentor has a place to spare."""
    n = 200
    scores = np.full((n, n), 0, dtype=np.int32)
    allowed = np.zeros((n, n), dtype=np.bool_)
    for i in range(n):
        for j in (i - 1, i):
            allowed[i, max(j, 0)] = True
            scores[i, max(j, 0)] = 1000 - j
    capacities = np.ones(n, dtype=np.int32)

    result = assign(scores, capacities, allowed)

    assert result.objective.matched == n
    assert verify(scores, capacities, allowed, result.mentor_of, result.certificate)


def test_progress_names_each_stage_and_never_leaves_0_to_1() -> None:
    people = crowd(100, 60, "scarce")
    told: list[tuple[str, float]] = []

    assign_blocks(people, people.capacities, progress=lambda stage, share: told.append((stage, share)))

    stages = list(dict.fromkeys(stage.split(",")[0] for stage, _ in told))
    assert stages == [
        "Looking at every pair",
        "Assigning",
        "Proving",
        "Lifting the worst pair",
        "Drawing lots",
        "Finding reasons",
    ]
    assert all(0 <= share <= 1 for _, share in told)


def test_a_run_can_be_cancelled_at_every_stage() -> None:
    people = crowd(100, 60, "scarce")
    told: list[str] = []
    assign_blocks(people, people.capacities, progress=lambda stage, _share: told.append(stage))

    for stop in range(len(told)):
        calls: list[str] = []

        def cancel(stage: str, _share: float, calls: list[str] = calls, stop: int = stop) -> None:
            calls.append(stage)
            if len(calls) > stop:
                raise CancelledError

        with pytest.raises(CancelledError):
            assign_blocks(people, people.capacities, progress=cancel)
        assert calls == told[: stop + 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_out_of_time_states_how_far_off_it_may_be(kind: str) -> None:
    problem = random_instance(300, 180, kind, seed=5)
    best = problem.solve().objective

    result = assign(problem.scores, problem.capacities, problem.allowed, seconds=0)

    reached = result.objective
    if result.gap is None:
        assert (reached.matched, reached.total) == (best.matched, best.total)
        return
    assert best.matched - reached.matched <= result.gap.matched
    assert best.matched > reached.matched or best.total - reached.total <= result.gap.total
    assert not verify(problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate)


def test_a_run_is_stopped_early_only_where_the_first_round_is_no_proof() -> None:
    gaps = [
        assign(problem.scores, problem.capacities, problem.allowed, seconds=0).gap
        for problem in (random_instance(300, 180, "popular", seed=5), instance([[3]], [1]))
    ]

    assert gaps[0] is not None
    assert gaps[0].matched > 0
    assert gaps[1] is None


def test_floor_first_out_of_time_keeps_a_proved_total_and_says_how_far_the_floor_may_rise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = random_instance(100, 60, "popular", seed=5)
    policy, looks = Policy(floor_first=True), list[float]()
    best = assign(problem.scores, problem.capacities, problem.allowed, policy=policy)
    plain = problem.solve().objective

    def watch(stage: str, share: float) -> None:
        if stage == "Looking at every pair" and share == 0:
            looks.append(share)

    # Two looks are the plain optimum's (one to guess prices); time is up once the first floor is tried.
    clock = SimpleNamespace(monotonic=lambda: float("inf") if len(looks) > 2 else 0.0)
    monkeypatch.setattr(pricing_out, "time", clock)
    result = assign(problem.scores, problem.capacities, problem.allowed, policy=policy, progress=watch, seconds=1e9)

    assert result.gap is not None
    assert (result.gap.matched, result.gap.total) == (0, 0)
    assert (result.objective.matched, result.objective.total) == (plain.matched, plain.total)
    assert (best.objective.worst or 0) - (result.objective.worst or 0) <= result.gap.worst


def test_scores_too_large_for_a_proof_in_64_bits_are_refused() -> None:
    scores = np.full((3, 2), 1 << 60, dtype=np.int64)

    with pytest.raises(OverflowError, match="too large to be assigned exactly"):
        assign_blocks(MatrixScorer(scores, np.ones((3, 2), dtype=np.bool_)), np.ones(2, dtype=np.int32))


def test_a_scorer_of_the_wrong_shape_is_refused() -> None:
    class Short(MatrixScorer):
        @property
        def m(self) -> int:
            return 3

    scorer = Short(np.ones((2, 2), dtype=np.int32), np.ones((2, 2), dtype=np.bool_))

    with pytest.raises(MatchingInputError, match="matching shapes"):
        assign_blocks(scorer, np.ones(3, dtype=np.int32))


def test_an_answer_that_is_not_the_best_or_breaks_a_rule_cannot_be_certified() -> None:
    problem = instance([[9, 1], [1, 9]], [1, 1], [[True, True], [False, True]])

    for answer, why in (
        ([1, -1], "not the best"),
        ([0, 0], "not allowed"),
        ([1, 1], "more mentees than there are places"),
    ):
        with pytest.raises(ArithmeticError, match=why):
            certify(problem.scores, problem.capacities, problem.allowed, np.array(answer, dtype=np.int32))


def test_the_engine_loads_no_solver_before_it_is_needed() -> None:
    script = (
        "import sys, services.matching.assignment, services.matching.explaining, services.matching.repair;"
        "sys.exit(bool({'ortools', 'scipy'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_pin_that_is_replaced_is_still_the_best_around_it() -> None:
    problem = random_instance(60, 40, "plain", seed=1)
    pins = tuple((i, int(np.flatnonzero(problem.allowed[i])[i])) for i in range(5))
    pinned = replace(problem, pinned=pins)

    result = pinned.solve()

    assert [int(result.mentor_of[i]) for i, _ in pins] == [j for _, j in pins]
    assert verify(
        problem.scores, problem.capacities, problem.allowed, result.mentor_of, result.certificate, pinned=pins
    )


def test_one_more_match_is_worth_any_loss_of_points() -> None:
    """To place the last mentee, a whole chain of others must leave their perfect mentors."""
    n = 40
    scores, allowed = np.zeros((n + 1, n + 1), dtype=np.int32), np.zeros((n + 1, n + 1), dtype=np.bool_)
    for i in range(n):
        scores[i, i], allowed[i, i], allowed[i, i + 1] = 1000, True, True
    allowed[n, 0] = True
    capacities = np.ones(n + 1, dtype=np.int32)

    result = assign(scores, capacities, allowed)

    assert result.objective == Objective(matched=n + 1, total=0, worst=0)
    assert verify(scores, capacities, allowed, result.mentor_of, result.certificate)
