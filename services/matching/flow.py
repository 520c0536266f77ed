"""Flows by OR-tools: the cheapest assignment within some pairs, and the largest."""

import numpy as np

from services.matching.pairs import Ints, Pairs
from services.matching.room import Room

# OR-tools multiplies costs by the number of nodes + 1 within 64 bits and has been seen to refuse 2**63.
LARGEST_COST = 1 << 61


def assigned(pairs: Pairs, gains: Ints, big: int, room: Room) -> Ints:
    """Which pair each mentee gets (n,), -1 for none: most matched, then the largest sum of `gains` (p,) less costs.

    `big` outweighs any sum of gains. Raises OverflowError if the numbers are too large to be exact.
    """
    n = len(pairs.starts) - 1
    return _cheapest(pairs, -gains, np.full(n, big, dtype=np.int64), room.widths, room.costs)


def drawn(pairs: Pairs, tickets: Ints, must: Ints, least: Ints, most: Ints, *, duty: int) -> Ints:
    """Which pair each mentee gets (n,), -1 for none: the largest sum of `tickets` (p,) that meets all duties.

    Mentees flagged in `must` (n,) are matched, mentors get from `least` to `most` (m,) mentees. `duty` outweighs any
    sum of tickets, and there must be an answer that meets all duties.
    """
    widths, costs = np.array([least, most - least]), np.array([-duty, 0])
    return _cheapest(pairs, -tickets, must * duty, widths, costs)


def _cheapest(pairs: Pairs, costs: Ints, alone: Ints, widths: Ints, place_costs: Ints) -> Ints:
    """The chosen pair (n,) at the least cost, -1 where being `alone` (n,) is cheaper."""
    chosen = np.full(len(pairs.starts) - 1, -1, dtype=np.int64)
    if not len(pairs):
        return chosen
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415 - slow to load, only runs need it

    # Only those with a pair become nodes: mentees first, then mentors, then the sink.
    people, rows = np.unique(pairs.rows, return_inverse=True)
    sink = len(people) + widths.shape[1]
    largest = max(int(np.abs(part).max(initial=0)) for part in (costs, alone, place_costs))
    if largest * (sink + 2) >= LARGEST_COST:
        raise OverflowError("The scores are too large to be assigned exactly.")

    steps, mentors = np.nonzero(widths)
    tails = np.concatenate([rows, np.arange(len(people)), len(people) + mentors])
    heads = np.concatenate([len(people) + pairs.columns, np.full(len(people) + len(mentors), sink)])
    limits = np.concatenate([np.ones(len(rows) + len(people), dtype=np.int64), widths[steps, mentors]])
    prices = np.concatenate([costs, alone[people], place_costs[steps]])
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, limits, prices)
    supplies = np.append(np.ones(len(people), dtype=np.int64), -len(people))
    solver.set_nodes_supplies(np.append(np.arange(len(people)), sink), supplies)
    if solver.solve() != solver.OPTIMAL:  # pragma: no cover - everybody may stay alone, so there is an answer
        raise ArithmeticError("The flow could not be solved.")
    used = np.flatnonzero(solver.flows(arcs[: len(rows)]))
    chosen[pairs.rows[used]] = used
    return chosen


def most_matched(pairs: Pairs, places: Ints) -> int:
    """How many mentees `pairs` can match when mentors have `places` (m,)."""
    if not len(pairs):
        return 0
    from ortools.graph.python.max_flow import SimpleMaxFlow  # noqa: PLC0415 - as above

    people, rows = np.unique(pairs.rows, return_inverse=True)
    source, sink = len(people) + len(places), len(people) + len(places) + 1
    mentors = np.flatnonzero(places)
    tails = np.concatenate([np.full(len(people), source), rows, len(people) + mentors])
    heads = np.concatenate([np.arange(len(people)), len(people) + pairs.columns, np.full(len(mentors), sink)])
    limits = np.concatenate([np.ones(len(people) + len(rows), dtype=np.int64), places[mentors]])
    solver = SimpleMaxFlow()
    solver.add_arcs_with_capacity(tails, heads, limits)
    if solver.solve(source, sink) != solver.OPTIMAL:  # pragma: no cover - a flow of 0 always exists
        raise ArithmeticError("The flow could not be solved.")
    return int(solver.optimal_flow())
