"""Small matching problems, every possible answer to them, and a way to shuffle them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.matching.assignment import Assignment, assign


@dataclass(frozen=True)
class Instance:
    """The arguments of `assign`, by name."""

    scores: NDArray[np.int32]
    capacities: NDArray[np.int32]
    allowed: NDArray[np.bool_]
    pinned: tuple[tuple[int, int], ...] = ()
    seed: int = 0
    mentee_ids: tuple[str, ...] = ()
    mentor_ids: tuple[str, ...] = ()

    def solve(self) -> Assignment:
        return assign(
            self.scores, self.capacities, self.allowed, self.pinned, self.seed, self.mentee_ids, self.mentor_ids
        )

    def shuffled(self, rows: Sequence[int], columns: Sequence[int]) -> "Instance":
        """The same problem with its people in another order."""
        return replace(
            self,
            scores=self.scores[np.ix_(rows, columns)],
            capacities=self.capacities[list(columns)],
            allowed=self.allowed[np.ix_(rows, columns)],
            pinned=tuple((list(rows).index(i), list(columns).index(j)) for i, j in self.pinned),
            mentee_ids=tuple(self.mentee_ids[i] for i in rows),
            mentor_ids=tuple(self.mentor_ids[j] for j in columns),
        )


def instance(
    scores: Sequence[Sequence[int]],
    capacities: Sequence[int],
    allowed: Sequence[Sequence[bool]] | None = None,
    pinned: tuple[tuple[int, int], ...] = (),
) -> Instance:
    """A problem written out; every pair is allowed unless `allowed` says otherwise."""
    n, m = len(scores), len(capacities)
    matrix = np.array(scores, dtype=np.int32).reshape(n, m)
    may = np.ones((n, m), dtype=np.bool_) if allowed is None else np.array(allowed, dtype=np.bool_).reshape(n, m)
    ids = tuple(f"mentee-{i:04d}" for i in range(n)), tuple(f"mentor-{j:04d}" for j in range(m))
    return Instance(matrix, np.array(capacities, dtype=np.int32), may, pinned, 0, *ids)


@st.composite
def instances(draw: st.DrawFn, most_mentees: int = 4, most_mentors: int = 3, pins: bool = True) -> Instance:
    """Problems small enough for `answers`, with many ties, holes and empty capacities."""
    n, m = draw(st.integers(0, most_mentees)), draw(st.integers(0, most_mentors))
    highest = draw(st.sampled_from([0, 1, 3, 1000]))
    scores = draw(st.lists(st.integers(0, highest), min_size=n * m, max_size=n * m))
    allowed = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=n * m, max_size=n * m))
    capacities = draw(st.lists(st.sampled_from([0, 1, 1, 2, 3, 10**9]), min_size=m, max_size=m))
    rows = [scores[i * m : (i + 1) * m] for i in range(n)]
    problem = instance(rows, capacities, [allowed[i * m : (i + 1) * m] for i in range(n)])
    pinned = draw(st.sampled_from([(), *possible_pins(problem)])) if pins else ()
    return replace(problem, pinned=pinned, seed=draw(st.integers(0, 3)))


def possible_pins(problem: Instance) -> list[tuple[tuple[int, int], ...]]:
    """Every single pin that can stand."""
    n, m = problem.scores.shape
    return [((i, j),) for i in range(n) for j in range(m) if problem.allowed[i, j] and problem.capacities[j]]


def answers(problem: Instance) -> Iterator[tuple[int, ...]]:
    """Every answer that keeps the rules, by trying them all."""
    n, m = problem.scores.shape
    for answer in product(range(-1, m), repeat=n):
        if all(answer[i] == j for i, j in problem.pinned) and keeps_rules(problem, answer):
            yield answer


def keeps_rules(problem: Instance, answer: Sequence[int]) -> bool:
    used = [list(answer).count(j) for j in range(len(problem.capacities))]
    return all(j == -1 or problem.allowed[i, j] for i, j in enumerate(answer)) and all(
        count <= capacity for count, capacity in zip(used, problem.capacities, strict=True)
    )


def value(problem: Instance, answer: Sequence[int]) -> tuple[int, int, int]:
    """Matched, total, and the lowest score among those who are not pinned (-1 without any)."""
    kept = {i: int(problem.scores[i, j]) for i, j in enumerate(answer) if j != -1}
    free = [score for i, score in kept.items() if i not in dict(problem.pinned)]
    return len(kept), sum(kept.values()), min(free, default=-1)


def random_instance(n: int, m: int, kind: str, seed: int) -> Instance:
    """A larger problem with 5 % of pairs ruled out.

    "plain"; "scarce", with one place each; "popular", where everybody wants the same few; "ties", of few values.
    """
    random = np.random.default_rng(seed)
    scores = random.integers(0, 1001, (n, m), dtype=np.int32)
    if kind == "popular":
        scores = np.linspace(900, 100, m).astype(np.int32) + scores // 25
    if kind == "ties":
        scores %= 3
    capacities = np.ones(m, dtype=np.int32) if kind == "scarce" else random.integers(1, 4, m).astype(np.int32)
    ids = tuple(f"mentee-{i:05d}" for i in range(n)), tuple(f"mentor-{j:05d}" for j in range(m))
    return Instance(scores, capacities, random.random((n, m)) > 0.05, (), 7, *ids)


def worth(problem: Instance, answer: Sequence[int]) -> tuple[int, int]:
    """Matched and total of an answer that keeps the rules."""
    assert keeps_rules(problem, answer)
    kept = [int(problem.scores[i, j]) for i, j in enumerate(answer) if j != -1]
    return len(kept), sum(kept)
