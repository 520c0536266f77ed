"""Each criterion from 0 to 1, silent where somebody is, with a sentence that says so."""

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.criteria import CRITERIA
from services.matching.hours import WINDOWS
from services.matching.measures import NEUTRAL, Facts, title_words
from services.matching.profiles import Profile, folded, same_organisation, wish_rank

TODAY = date(2026, 10, 1)
FACTS = Facts(TODAY)

MENTOR = Profile(
    id="mo",
    role="mentor",
    sector="Energy",
    role_title="Senior Counsel, grid projects",
    text="grids",
    languages=frozenset({"English", "Chinese"}),
    channels=frozenset({"email", "wechat"}),
    time_zone="Asia/Shanghai",
    years_of_experience=12,
    needs=frozenset({"written_notes", "captions"}),
    situations=frozenset({"About to graduate", "Looking abroad"}),
    mentees_now=1,
)
MENTEE = Profile(
    id="ama",
    role="mentee",
    sector="energy ",
    role_title="Trainee counsel",
    text="grids",
    languages=frozenset({"english", "Chinese"}),
    channels=frozenset({"email", "telephone"}),
    time_zone="Europe/London",
    years_of_experience=2,
    needs=frozenset({"written_notes", "more_time"}),
    situations=frozenset({"About to graduate", "Changing direction"}),
    wishes=("xi", "mo"),
    waiting_since=date(2026, 7, 3),
)
BLANK_MENTOR = Profile(id="bo", role="mentor")
BLANK_MENTEE = Profile(id="cy", role="mentee")
# A wish is always known, and a mentor's load and a mentee's wait are of one side only.
ONE_SIDED = ("wish", "waiting", "load", "goals")

words = st.sampled_from(["", " ", "\u200b", "\U0001f642", "law", "Law", "能源", "x" * 500])
zones = st.sampled_from(
    [None, "", "Nowhere/Land", "../etc/passwd", "America", "Asia/Kolkata", "Pacific/Kiritimati", "UTC"]
)
years = st.one_of(st.none(), st.integers(-5, 90))
windows = st.frozensets(st.sampled_from([*WINDOWS, "at_dawn"]), max_size=3)


def people(role: str) -> st.SearchStrategy[Profile]:
    return st.builds(
        Profile,
        id=st.sampled_from(["a", "b", "c"]),
        role=st.just(role),
        sector=st.one_of(st.none(), words),
        role_title=st.one_of(st.none(), words),
        text=words,
        languages=st.frozensets(words, max_size=3),
        channels=st.frozensets(words, max_size=3),
        time_zone=zones,
        availability=windows,
        years_of_experience=years,
        needs=st.frozensets(words, max_size=3),
        situations=st.frozensets(words, max_size=3),
        wishes=st.lists(st.sampled_from(["a", "b", "z"]), unique=True).map(tuple),
        waiting_since=st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2100, 1, 1))),
        referred_back=st.booleans(),
        mentees_now=st.one_of(st.none(), st.integers(0, 60)),
    )


def value(key: str, mentor: Profile, mentee: Profile, facts: Facts = FACTS) -> float | None:
    return CRITERIA[key].value(mentor, mentee, facts)


def sentence(key: str, mentor: Profile, mentee: Profile, facts: Facts = FACTS) -> str:
    return CRITERIA[key].sentence(mentor, mentee, facts)


@pytest.mark.parametrize("key", CRITERIA)
def test_a_criterion_says_in_one_plain_sentence_what_it_means(key: str) -> None:
    assert CRITERIA[key].about.endswith(".")
    assert 20 < len(CRITERIA[key].about) < 120


@pytest.mark.parametrize("key", CRITERIA)
def test_a_blank_on_both_sides_says_nothing(key: str) -> None:
    assert value(key, BLANK_MENTOR, BLANK_MENTEE) in (None, NEUTRAL)


@pytest.mark.parametrize("key", [key for key in CRITERIA if key not in ONE_SIDED])
def test_a_blank_on_either_side_says_nothing(key: str) -> None:
    assert [value(key, BLANK_MENTOR, MENTEE), value(key, MENTOR, BLANK_MENTEE)] == [None, None]
    assert sentence(key, BLANK_MENTOR, MENTEE) == "Not known for both, so it counts neither for nor against"


@pytest.mark.parametrize("key", CRITERIA)
@given(mentor=people("mentor"), mentee=people("mentee"))
@settings(deadline=None, max_examples=40)
def test_every_value_lies_between_0_and_1_and_is_explained(key: str, mentor: Profile, mentee: Profile) -> None:
    assert 0 <= (value(key, mentor, mentee) or 0) <= 1
    assert 0 < len(sentence(key, mentor, mentee)) < 400


def test_channels_are_written_as_people_write_them() -> None:
    alike = frozenset({"email", "in_person", "wechat"})

    words = sentence("channels", replace(MENTOR, channels=alike), replace(MENTEE, channels=alike))

    assert words == "Shared channels: WeChat, email, in person"


@pytest.mark.clause("U-1", "U-C2.4", "U-C4.2")
@pytest.mark.parametrize(
    ("key", "expected", "words"),
    [
        ("wish", 0.95, "2nd wish"),
        ("sector", 1.0, "Same sector: energy"),
        ("role", 1.0, "Both roles say: counsel"),
        ("languages", 1.0, "Shared languages: Chinese, english"),
        ("channels", 0.85, "Shared channel: email"),
        ("time_zone", 0.3, "7 of 14 waking hours in common"),
        ("experience", 1.0, "The mentor is 10 years ahead in experience"),
        ("needs", 0.75, "The mentor can meet: written_notes"),
        ("waiting", 0.7, "The mentee has waited 90 days"),
        ("load", 0.75, "The mentor has 1 mentee already"),
    ],
)
def test_two_people_who_said_everything(key: str, expected: float, words: str) -> None:
    assert value(key, MENTOR, MENTEE) == pytest.approx(expected)
    assert sentence(key, MENTOR, MENTEE) == words


def test_people_with_nothing_in_common_score_nothing() -> None:
    stranger = Profile(
        id="zo", role="mentor", sector="Law", role_title="Principal", languages=frozenset({"Thai"}),
        channels=frozenset({"post"}), years_of_experience=2,
    )  # fmt: skip

    keys = ("sector", "languages", "channels", "experience")
    assert [value(key, stranger, MENTEE) for key in keys] == [0, 0, 0, 0]
    assert [sentence(key, stranger, MENTEE) for key in keys] == [
        "Different sectors: energy and Law",
        "No language in common",
        "No channel in common",
        "The mentor has no more years of experience than the mentee",
    ]


def test_how_high_somebody_stands_is_no_part_of_what_they_do() -> None:
    titles = ["Senior Counsel", "Head of the legal department", "Trainee", "高级工程师", None]

    found = [title_words(Profile(id="x", role="mentor", role_title=title)) for title in titles]

    assert found == [{"counsel"}, {"legal", "department"}, set(), {"高级工程师"}, set()]


def test_goals_take_their_value_from_the_facts() -> None:
    def about(likeness: float, *terms: str) -> str:
        return sentence("goals", MENTOR, MENTEE, Facts(TODAY, likeness=likeness, shared_terms=terms))

    assert value("goals", MENTOR, MENTEE, Facts(TODAY, likeness=0.8)) == 0.8
    assert about(0.8, "grids", "tariffs") == "Goals and work history share: grids, tariffs"
    assert about(0.8) == "Goals and work history are close in meaning"
    assert about(0.1) == "Goals and work history have little in common"


@pytest.mark.parametrize(
    ("rank", "words"), [(1, "1st wish"), (3, "3rd wish"), (4, "4th wish"), (11, "11th wish"), (22, "22nd wish")]
)
def test_wishes_are_counted_in_words(rank: int, words: str) -> None:
    mentee = Profile(id="ama", role="mentee", wishes=(*(f"x{n}" for n in range(rank - 1)), "mo"))

    assert (wish_rank(mentee, MENTOR), sentence("wish", MENTOR, mentee)) == (rank, words)


@pytest.mark.clause("U-1")
def test_a_wish_lifts_and_a_dearer_one_more() -> None:
    mentee = Profile(id="ama", role="mentee", wishes=("a", "b", *"cdefghijk", "l"))
    ranked = [value("wish", Profile(id=name, role="mentor"), mentee) for name in ("a", "b", "k", "l", "mo")]

    assert ranked == [pytest.approx(points) for points in (1.0, 0.95, 0.5, 0.5, NEUTRAL)]
    assert sentence("wish", MENTOR, mentee) == "Not among the mentee's wishes"


@pytest.mark.parametrize(
    ("wished", "is_so", "expected", "told"),
    [
        (["About to lead"], ["about to lead ", "Going deeper"], 1.0, "Whom the mentor hoped for: about to lead"),
        (["About to lead", "New"], ["Going deeper"], NEUTRAL, "The mentor hoped for: About to lead, New"),
    ],
    ids=["met", "not met"],
)
def test_a_mentors_wish_lifts_whoever_it_is_true_of_and_never_lowers_anybody(
    wished: list[str], is_so: list[str], expected: float, told: str
) -> None:
    mentor = replace(MENTOR, situations=frozenset(wished))
    mentee = replace(MENTEE, situations=frozenset(is_so))

    assert (value("mentor_wish", mentor, mentee), sentence("mentor_wish", mentor, mentee)) == (expected, told)


@pytest.mark.clause("U-C4.2")
def test_needs_never_count_against_anybody() -> None:
    met, half, none = (frozenset(x) for x in (["written_notes", "more_time"], ["more_time"], ["captions"]))
    values = [value("needs", replace(MENTOR, needs=needs), MENTEE) for needs in (met, half, none, frozenset())]

    assert values == [1.0, 0.75, NEUTRAL, None]


@pytest.mark.clause("U-C5.2")
def test_a_longer_wait_counts_for_more_and_a_referral_comes_first() -> None:
    days = [date(2026, 10, 2), date(2026, 10, 1), date(2026, 7, 3), date(2026, 4, 4), date(2020, 1, 1)]
    waited = [value("waiting", MENTOR, Profile(id="a", role="mentee", waiting_since=day)) for day in days]
    back = Profile(id="a", role="mentee", waiting_since=TODAY, referred_back=True)

    assert waited == [pytest.approx(points) for points in (0.5, 0.5, 0.7, 0.9, 0.9)]
    assert value("waiting", MENTOR, back) == 1.0
    assert sentence("waiting", MENTOR, back) == "The mentee was referred back for another mentor and comes first"


def test_a_mentor_with_fewer_mentees_comes_first_whatever_the_free_places() -> None:
    loads = [value("load", replace(MENTOR, mentees_now=count), MENTEE) for count in (0, 1, 3, 4, 50)]

    assert loads == [1.0, 0.75, 0.25, 0.0, 0.0]


@pytest.mark.parametrize(("gap", "expected"), [(-3, 0), (0, 0), (1, 0.2), (5, 1), (15, 1), (24, 0.7), (60, 0.5)])
def test_a_mentor_should_be_ahead_but_not_too_far(gap: int, expected: float) -> None:
    mentor = Profile(id="mo", role="mentor", years_of_experience=10 + gap)
    mentee = Profile(id="ama", role="mentee", years_of_experience=10)

    assert value("experience", mentor, mentee) == pytest.approx(expected)


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
        "availability",
        "years_of_experience",
        "needs",
        "situations",
        "wishes",
        "waiting_since",
        "referred_back",
        "mentees_now",
        "organisation",
    ]
