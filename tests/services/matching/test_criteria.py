"""Each criterion from 0 to 1, neutral when silent, with a sentence that says so."""

from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.criteria import (
    CRITERIA,
    NEUTRAL,
    Facts,
    Profile,
    folded,
    same_organisation,
    waking_overlap_minutes,
    wish_rank,
)

TODAY = date(2026, 10, 1)
FACTS = Facts(TODAY)

MENTOR = Profile(
    id="mo",
    role="mentor",
    sector="Energy",
    text="grids",
    languages=frozenset({"English", "Chinese"}),
    channels=frozenset({"email", "wechat"}),
    time_zone="Asia/Shanghai",
    years_of_experience=12,
)
MENTEE = Profile(
    id="ama",
    role="mentee",
    sector="energy ",
    text="grids",
    languages=frozenset({"english", "Chinese"}),
    channels=frozenset({"email", "telephone"}),
    time_zone="Europe/London",
    years_of_experience=2,
    wishes=("xi", "mo"),
    waiting_since=date(2026, 7, 3),
)
BLANK_MENTOR = Profile(id="bo", role="mentor")
BLANK_MENTEE = Profile(id="cy", role="mentee")

words = st.sampled_from(["", " ", "\u200b", "\U0001f642", "law", "Law", "能源", "x" * 500])
zones = st.sampled_from(
    [None, "", "Nowhere/Land", "../etc/passwd", "America", "Asia/Kolkata", "Pacific/Kiritimati", "UTC"]
)
years = st.one_of(st.none(), st.integers(-5, 90))


def people(role: str) -> st.SearchStrategy[Profile]:
    return st.builds(
        Profile,
        id=st.sampled_from(["a", "b", "c"]),
        role=st.just(role),
        sector=st.one_of(st.none(), words),
        text=words,
        languages=st.frozensets(words, max_size=3),
        channels=st.frozensets(words, max_size=3),
        time_zone=zones,
        years_of_experience=years,
        wishes=st.lists(st.sampled_from(["a", "b", "z"]), unique=True).map(tuple),
        waiting_since=st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2100, 1, 1))),
    )


def value(key: str, mentor: Profile, mentee: Profile, facts: Facts = FACTS) -> float:
    return CRITERIA[key].value(mentor, mentee, facts)


def sentence(key: str, mentor: Profile, mentee: Profile, facts: Facts = FACTS) -> str:
    return CRITERIA[key].sentence(mentor, mentee, facts)


@pytest.mark.parametrize("key", CRITERIA)
def test_a_blank_on_both_sides_is_neutral(key: str) -> None:
    assert value(key, BLANK_MENTOR, BLANK_MENTEE) == NEUTRAL


@pytest.mark.parametrize("key", [key for key in CRITERIA if key not in ("wish", "waiting", "goals")])
def test_a_blank_on_either_side_is_neutral(key: str) -> None:
    assert [value(key, BLANK_MENTOR, MENTEE), value(key, MENTOR, BLANK_MENTEE)] == [NEUTRAL, NEUTRAL]
    assert sentence(key, BLANK_MENTOR, MENTEE) == "Not known for both, so it counts neither for nor against"


@pytest.mark.parametrize("key", CRITERIA)
@given(mentor=people("mentor"), mentee=people("mentee"))
@settings(deadline=None, max_examples=40)
def test_every_value_lies_between_0_and_1_and_is_explained(key: str, mentor: Profile, mentee: Profile) -> None:
    assert 0 <= value(key, mentor, mentee) <= 1
    assert 0 < len(sentence(key, mentor, mentee)) < 400


@pytest.mark.parametrize(
    ("key", "expected", "words"),
    [
        ("wish", 0.95, "2nd wish"),
        ("sector", 1.0, "Same sector: energy"),
        ("languages", 1.0, "Shared languages: Chinese, english"),
        ("channels", 0.5, "Shared channel: email"),
        ("time_zone", 0.2, "6 of 14 waking hours in common"),
        ("experience", 1.0, "The mentor is 10 years ahead in experience"),
        ("waiting", 0.75, "The mentee has waited 90 days"),
    ],
)
def test_two_people_who_said_everything(key: str, expected: float, words: str) -> None:
    assert value(key, MENTOR, MENTEE) == pytest.approx(expected)
    assert sentence(key, MENTOR, MENTEE) == words


def test_people_with_nothing_in_common_score_nothing() -> None:
    stranger = Profile(
        id="zo", role="mentor", sector="Law", languages=frozenset({"Thai"}), channels=frozenset({"post"}),
        years_of_experience=2,
    )  # fmt: skip

    keys = ("sector", "languages", "channels", "experience")
    assert [value(key, stranger, MENTEE) for key in keys] == [0, 0, 0, 0]
    assert [sentence(key, stranger, MENTEE) for key in keys] == [
        "Different sectors: energy and Law",
        "No language in common",
        "No channel in common",
        "The mentor has no more years of experience than the mentee",
    ]


def test_goals_take_their_value_from_the_facts() -> None:
    alike = Facts(TODAY, likeness=0.8, shared_terms=("grids", "tariffs"))

    assert value("goals", MENTOR, MENTEE, alike) == 0.8
    assert sentence("goals", MENTOR, MENTEE, alike) == "Goals and work history share: grids, tariffs"
    assert sentence("goals", MENTOR, MENTEE, Facts(TODAY, 0.1)) == "Goals and work history have no words in common"


@pytest.mark.parametrize(
    ("rank", "words"), [(1, "1st wish"), (3, "3rd wish"), (4, "4th wish"), (11, "11th wish"), (22, "22nd wish")]
)
def test_wishes_are_counted_in_words(rank: int, words: str) -> None:
    mentee = Profile(id="ama", role="mentee", wishes=(*(f"x{n}" for n in range(rank - 1)), "mo"))

    assert (wish_rank(MENTOR, mentee), sentence("wish", MENTOR, mentee)) == (rank, words)


@pytest.mark.clause("U-1")
def test_a_wish_lifts_and_a_dearer_one_more() -> None:
    mentee = Profile(id="ama", role="mentee", wishes=("a", "b", *"cdefghijk", "l"))
    ranked = [value("wish", Profile(id=name, role="mentor"), mentee) for name in ("a", "b", "k", "l", "mo")]

    assert ranked == [pytest.approx(points) for points in (1.0, 0.95, 0.5, 0.5, NEUTRAL)]
    assert sentence("wish", MENTOR, mentee) == "Not among the mentee's wishes"


@pytest.mark.clause("U-C5.2")
def test_a_longer_wait_counts_for_more_up_to_half_a_year() -> None:
    days = [date(2026, 10, 2), date(2026, 10, 1), date(2026, 7, 3), date(2026, 4, 4), date(2020, 1, 1)]
    waited = [value("waiting", MENTOR, Profile(id="a", role="mentee", waiting_since=day)) for day in days]

    assert waited == [0.5, 0.5, 0.75, 1.0, 1.0]


@pytest.mark.parametrize(("gap", "expected"), [(-3, 0), (0, 0), (1, 0.2), (5, 1), (15, 1), (24, 0.7), (60, 0.5)])
def test_a_mentor_should_be_ahead_but_not_too_far(gap: int, expected: float) -> None:
    mentor = Profile(id="mo", role="mentor", years_of_experience=10 + gap)
    mentee = Profile(id="ama", role="mentee", years_of_experience=10)

    assert value("experience", mentor, mentee) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("one", "other", "minutes"),
    [
        ("Asia/Shanghai", "Asia/Hong_Kong", 840),
        ("Asia/Kolkata", "Asia/Kathmandu", 825),
        ("Pacific/Kiritimati", "Pacific/Honolulu", 840),  # the same clock on both sides of the date line
        ("Europe/London", "America/New_York", 540),
        ("Australia/Sydney", "Europe/London", 240),  # 10 hours apart in October, 9 and 11 in other months
        ("Europe/London", "Nowhere/Land", None),
        ("", "Europe/London", None),
        ("America", "Europe/London", None),
        ("\ud800", "Europe/London", None),
        (None, None, None),
    ],
)
def test_waking_hours_are_counted_on_real_clocks(one: str | None, other: str | None, minutes: int | None) -> None:
    assert waking_overlap_minutes(one, other, TODAY) == minutes
    assert waking_overlap_minutes(other, one, TODAY) == minutes


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Straße Chambers", "STRASSE  chambers ", True),
        ("ＡＢＣ Ltd", "abc ltd", True),
        ("abc\u200b ltd", "abc ltd", True),
        ("abc ltd", "abd ltd", False),
        (None, None, False),
        (" ", "\u200b", False),
    ],
)
def test_one_employer_is_recognised_however_it_is_typed(one: str | None, other: str | None, same: bool) -> None:
    mentor = Profile(id="mo", role="mentor", organisation=one)
    mentee = Profile(id="ama", role="mentee", organisation=other)

    assert same_organisation(mentor, mentee) is same


def test_an_endless_answer_is_cut_in_a_sentence() -> None:
    mentor, mentee = (Profile(id="x", role=role, sector="y" * 9000) for role in ("mentor", "mentee"))

    assert sentence("sector", mentor, mentee) == f"Same sector: {'y' * 59}…"


def test_folding_keeps_letters_of_every_script() -> None:
    assert [folded(text) for text in ("Ｌａｗ\u00a0 Ｆirm", "能源", None, "\ufeff")] == ["law firm", "能源", "", ""]


@pytest.mark.clause("A-SH3")
def test_a_profile_has_no_protected_characteristic() -> None:
    assert [field.name for field in fields(Profile)] == [
        "id",
        "role",
        "sector",
        "role_title",
        "text",
        "languages",
        "channels",
        "time_zone",
        "years_of_experience",
        "wishes",
        "waiting_since",
        "organisation",
    ]
