"""Scores are whole thousandths that are the sum of what is shown."""

import subprocess
import sys
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.criteria import CRITERIA, Profile
from services.matching.scoring import Part, WeightsError, score, shares
from tests.services.matching.test_criteria import people

TODAY = date(2026, 10, 1)
LEVEL = dict.fromkeys(CRITERIA, 5)

MENTEES = (
    Profile(
        id="ama",
        role="mentee",
        sector="energy",
        text="power grids and tariffs",
        languages=frozenset({"English"}),
        wishes=("bo",),
    ),
    Profile(id="cy", role="mentee", sector="law", text="\u200b"),
)
MENTORS = (
    Profile(id="bo", role="mentor", sector="Energy", text="ran power grids", languages=frozenset({"English", "Thai"})),
    Profile(id="di", role="mentor", sector="law", text="family courts", languages=frozenset({"Thai"})),
)

weights_drawn = st.dictionaries(st.sampled_from(list(CRITERIA)), st.integers(0, 10))


@given(weights_drawn, st.lists(people("mentee"), max_size=4), st.lists(people("mentor"), max_size=4))
@settings(deadline=None, max_examples=120)
def test_the_parts_shown_add_up_to_the_score(
    weights: dict[str, int], mentees: list[Profile], mentors: list[Profile]
) -> None:
    scores = score(mentees, mentors, weights, today=TODAY)

    assert scores.matrix.shape == (len(mentees), len(mentors))
    for (i, j), points in np.ndenumerate(scores.matrix):
        parts = scores.parts(i, j)
        assert sum(part.points for part in parts) == points
        assert [part.key for part in parts] == [key for key in CRITERIA if weights.get(key)]
        assert all(0 <= part.points <= scores.possible[part.key] for part in parts)
        assert set(scores.reasons(i, j)) <= {part.sentence for part in parts}
        assert 0 <= points <= 1000


@given(weights_drawn.filter(lambda weights: any(weights.values())))
def test_the_weights_share_out_a_thousand(weights: dict[str, int]) -> None:
    given_out = shares(weights)

    total = sum(weights.values())
    assert sum(given_out.values()) == 1000
    assert all(abs(points - 1000 * weights[key] / total) < 1 for key, points in given_out.items())


def test_a_pair_is_explained_criterion_by_criterion() -> None:
    scores = score(MENTEES, MENTORS, {"sector": 6, "goals": 3, "languages": 1, "wish": 0}, today=TODAY)

    assert scores.matrix.tolist() == [[925, 75], [200, 800]]
    assert scores.parts(0, 0) == [
        Part("sector", "Sector", 600, "Same sector: energy"),
        Part("goals", "Goals and work history", 225, "Goals and work history share: grids, power"),
        Part("languages", "Languages", 100, "Shared language: English"),
    ]
    assert scores.reasons(0, 0) == [
        "Same sector: energy",
        "Goals and work history share: grids, power",
        "Shared language: English",
    ]
    assert scores.reasons(0, 1) == []
    assert scores.reasons(1, 1) == ["Same sector: law"]


def test_only_the_three_strongest_reasons_are_given() -> None:
    scores = score(MENTEES, MENTORS, {"wish": 8, "sector": 10, "goals": 9, "languages": 3}, today=TODAY)

    assert scores.reasons(0, 0) == ["Same sector: energy", "1st wish", "Goals and work history share: grids, power"]


@pytest.mark.parametrize("weights", [{}, dict.fromkeys(CRITERIA, 0)])
def test_without_weights_every_score_is_nothing(weights: dict[str, int]) -> None:
    scores = score(MENTEES, MENTORS, weights, today=TODAY)

    assert scores.matrix.tolist() == [[0, 0], [0, 0]]
    assert (scores.parts(0, 0), scores.reasons(0, 0)) == ([], [])


@pytest.mark.parametrize("text", ["", "🙂", "\u200b\ufeff"])
def test_saying_nothing_is_worth_half_of_everything(text: str) -> None:
    silent = [Profile(id=role, role=role, text=text) for role in ("mentee", "mentor")]

    scores = score(silent[:1], silent[1:], dict.fromkeys(CRITERIA, 1), today=TODAY)

    assert scores.matrix.tolist() == [[8 * 63]]  # 125 each, and halves are rounded up
    assert scores.reasons(0, 0) == []


def test_the_order_of_people_changes_no_score() -> None:
    straight = score(MENTEES, MENTORS, LEVEL, today=TODAY).matrix
    mixed = score(MENTEES[::-1], MENTORS[::-1], LEVEL, today=TODAY).matrix

    assert mixed.tolist() == straight[::-1, ::-1].tolist()


@pytest.mark.parametrize("weights", [{"gender": 1}, {"sector": -1}, {"sector": 11}, {"sector": 2.5}])
def test_weights_that_mean_nothing_are_refused(weights: dict[str, int]) -> None:
    with pytest.raises(WeightsError):
        score(MENTEES, MENTORS, weights, today=TODAY)


def test_mentors_cannot_be_scored_as_mentees() -> None:
    with pytest.raises(ValueError, match="wrong list"):
        score(MENTORS, MENTEES, LEVEL, today=TODAY)


def test_scores_cannot_be_changed() -> None:
    scores = score(MENTEES, MENTORS, LEVEL, today=TODAY)

    with pytest.raises(ValueError, match="read-only"):
        scores.matrix[0, 0] = 1


def test_the_package_loads_no_library_before_a_run() -> None:
    heavy = "{'numpy', 'scipy', 'sklearn'}"
    probe = f"import sys, services.matching, services.matching.criteria; sys.exit(bool({heavy} & sys.modules.keys()))"

    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
