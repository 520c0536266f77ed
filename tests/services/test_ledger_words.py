"""The clause ledger's rules: every clause has its evidence, and when a number is green, red or kept back."""

from typing import Any

import pytest

from services import wording_shapes
from services.ledger import figures, judging, registry
from services.ledger.proposals import median
from services.ledger.shapes import Aim, Count, Figure, State
from services.schemes import templates

CLAUSES = {clause.id for key in templates.keys() for text in templates.load(key).documents for clause in text.clauses}  # noqa: SIM118 - a function, not a dict


def test_every_clause_of_every_template_has_an_entry_and_every_entry_names_a_clause() -> None:
    assert set(registry.ENTRIES) == CLAUSES


@pytest.mark.parametrize("clause", sorted(registry.ENTRIES))
def test_an_entry_has_figures_or_says_where_the_software_informs_and_where_it_asks(clause: str) -> None:
    entry = registry.ENTRIES[clause]

    assert entry.informs.endswith(".")
    assert bool(entry.figures) or entry.asks.endswith(".")


def test_the_evidence_of_a_clause_is_declared_once() -> None:
    with pytest.raises(ValueError, match="U-5 is declared twice"):
        registry.evidence("U-5", informs="Somewhere.")


def test_figures_have_keys_of_their_own_and_words_for_their_counts() -> None:
    told = {figure.key: figure for entry in registry.ENTRIES.values() for figure in entry.figures}

    assert all(figure == told[figure.key] for entry in registry.ENTRIES.values() for figure in entry.figures)
    assert [key for key, figure in told.items() if "{part}" not in figure.words] == []
    assert [key for key, figure in told.items() if ("{base}" in figure.words) is not (figure.base is not None)] == []


@pytest.mark.parametrize(
    ("part", "base", "state"),
    [
        (0, 0, State.NOBODY),
        (8, 10, State.GREEN),
        (6, 10, State.AMBER),
        (5, 10, State.RED),
    ],
)
def test_a_share_is_green_from_its_target_and_amber_from_three_quarters_of_it(
    part: int, base: int, state: State
) -> None:
    figure = Figure("f", "pairs", "part", "{part} of {base}", "", base="base", target=0.8)

    found = judging.measured(figure, {"part": Count(part, 0), "base": Count(base, 0)}, {}, protect=False)

    assert found.state is state


@pytest.mark.parametrize(("base", "trend"), [(0, ""), (3, "as before")])
def test_what_nobody_can_be_counted_for_is_not_as_before(base: int, trend: str) -> None:
    figure = Figure("f", "pairs", "part", "{part} of {base}", "", base="base", aim=Aim.TELLS)

    found = judging.measured(figure, {"part": Count(0, 0), "base": Count(base, base)}, {}, protect=False)

    assert found.trend == trend


@pytest.mark.parametrize(("part", "state"), [(0, State.GREEN), (1, State.RED)])
def test_what_should_not_be_there_is_red_at_the_first(part: int, state: State) -> None:
    figure = Figure("f", "pairs", "part", "{part} of {base}", "", base="base", aim=Aim.NONE)

    found = judging.measured(figure, {"part": Count(part), "base": Count(40)}, {}, protect=False)

    assert (found.state, found.words, found.trend) == (state, f"{part} of 40", "")


@pytest.mark.clause("U-2")
@pytest.mark.parametrize(("part", "state"), [(40, State.GREEN), (39, State.RED)])
def test_a_match_without_both_releases_is_a_fault_and_never_nearly_right(part: int, state: State) -> None:
    counts = {"releases": Count(part), "all": Count(40, 30)}

    found = judging.measured(figures.RELEASES, counts, {}, protect=False)

    assert found.state is state


def test_the_scheme_s_own_target_comes_before_the_usual_one() -> None:
    counts = {"in_rhythm": Count(6, 9), "moves": Count(10, 10)}

    found = judging.measured(figures.RHYTHM, counts, {"in_rhythm": 0.5}, protect=False)

    assert (found.state, found.trend) == (State.GREEN, "down 30 points")


@pytest.mark.parametrize(
    ("part", "base", "words"),
    [
        (31, 40, "about 30 of 40 open pairs keep the rhythm that they agreed"),
        (3, 40, "fewer than 5, or fewer than 5 left over"),
        (38, 40, "fewer than 5, or fewer than 5 left over"),
        (2, 3, "fewer than 5, or fewer than 5 left over"),
        (0, 40, "0 of 40 open pairs keep the rhythm that they agreed"),
    ],
)
def test_a_manager_s_number_is_rounded_and_kept_back_where_it_speaks_of_few(part: int, base: int, words: str) -> None:
    counts = {"in_rhythm": Count(part, part), "moves": Count(base, base), "quiet": Count(2, 2)}

    found = judging.measured(figures.RHYTHM, counts, {}, protect=True)

    assert found.words == words


def test_a_manager_s_state_follows_from_what_is_shown() -> None:
    counts = {"untrained": Count(2), "open": Count(40)}

    found = judging.measured(figures.UNTRAINED, counts, {}, protect=True)

    assert (found.state, found.part) == (State.HIDDEN, None)


@pytest.mark.parametrize(
    ("waits", "half"),
    [
        ([], None),
        ([(10, True, 1), (20, True, 1)], 10),
        ([(10, True, 1), (20, False, 1), (30, True, 1)], 30),
        ([(10, True, 1), (48, False, 5)], None),
        ([(5, False, 4), (10, True, 1), (20, True, 1)], 10),
    ],
)
def test_those_who_still_wait_count_in_the_usual_time(waits: Any, half: int | None) -> None:
    assert median(waits) == half


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("6.4", "6.4 The mentor keeps to themselves whatever the mentee tells…"),
        ("6.4 (b)", "6.4 (b) The mentor keeps to themselves whatever the mentee tells…"),
        ("12.", "12. The mentor keeps to themselves whatever the mentee tells…"),
        ("(c)", "(c) The mentor keeps to themselves whatever the mentee tells…"),
        ("Confidence", "Confidence"),
        ("6.4 Confidence", "6.4 Confidence"),
    ],
)
def test_a_clause_that_has_only_a_number_for_a_heading_is_named_by_how_it_begins(heading: str, name: str) -> None:
    words = "The mentor keeps to themselves whatever the mentee tells them in confidence, and for good."

    assert wording_shapes.name_of(heading, words) == name
