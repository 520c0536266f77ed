"""Moments in words, and clocks that go forward and back."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import times
from services.errors import Invalid

BAD = json.loads((Path(__file__).parents[1] / "data" / "bad_inputs.json").read_text(encoding="utf-8"))
STARTS = [(item["value"], item["expect"]) for item in BAD["items"] if item["kind"] == "datetime_dst"]
ZONES = ["Europe/London", "Asia/Shanghai", "America/St_Johns", "Australia/Lord_Howe", "UTC"]
EVENING = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def test_a_moment_is_said_with_weekday_and_town() -> None:
    assert times.in_words(EVENING, "Asia/Shanghai") == "Tuesday 24 November, 19:00 in Shanghai"
    assert times.in_words(EVENING, "UTC") == "Tuesday 24 November, 11:00 UTC"


def test_another_year_is_said_too() -> None:
    assert times.in_words(EVENING, "Europe/London", today=date(2027, 1, 2)) == (
        "Tuesday 24 November 2026, 11:00 in London"
    )
    assert times.day_in_words(date(2026, 10, 2), today=date(2026, 11, 1)) == "2 October"


def test_two_people_read_both_their_clocks() -> None:
    assert times.two_zones(EVENING, "Asia/Shanghai", "Europe/London") == (
        "Tuesday 24 November, 19:00 in Shanghai · 11:00 in London"
    )


def test_the_other_persons_day_is_said_where_it_differs() -> None:
    late = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)

    assert times.two_zones(late, "Europe/London", "Asia/Shanghai") == (
        "Tuesday 24 November, 18:30 in London · Wednesday, 02:30 in Shanghai"
    )


def test_two_people_in_one_zone_read_one_clock() -> None:
    assert times.two_zones(EVENING, "America/New_York", "America/New_York") == (
        "Tuesday 24 November, 06:00 in New York"
    )


@pytest.mark.parametrize(
    ("theirs", "words"), [("Europe/Lisbon", "11:00 in London and in Lisbon"), ("UTC", "11:00 in London and UTC")]
)
def test_two_zones_whose_clocks_agree_have_the_time_said_once(theirs: str, words: str) -> None:
    assert times.two_zones(EVENING, "Europe/London", theirs) == f"Tuesday 24 November, {words}"


@pytest.mark.parametrize(
    ("mine", "words"),
    [
        ("Europe/London", "Tuesday 24 November 2026 in Kolkata"),
        (None, "Tuesday 24 November 2026 in Kolkata"),
        ("Asia/Kolkata", "Tuesday 24 November 2026"),
    ],
    ids=["elsewhere", "unknown", "there"],
)
def test_a_day_that_is_counted_elsewhere_says_where(mine: str | None, words: str) -> None:
    assert times.day_there(date(2026, 11, 24), "Asia/Calcutta", mine) == words


def test_a_day_is_the_one_of_the_zone() -> None:
    assert times.day_in(datetime(2026, 11, 24, 18, 30, tzinfo=UTC), "Asia/Shanghai") == date(2026, 11, 25)


@pytest.mark.parametrize(("value", "expect"), STARTS)
def test_every_tricky_start_is_taken_refused_or_asked_about(value: str, expect: str) -> None:
    wall, zone = value.split(" ")
    local = datetime.fromisoformat(wall)

    found = times.moments_of(local.date(), local.time(), zone)

    assert (len(found) == 1) is (expect == "accept")


def test_a_time_that_was_skipped_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        times.moment_of(date(2027, 3, 28), time(1, 30), "Europe/London")

    assert str(refusal.value) == (
        "There was no 01:30 on 28 March 2027 in London: the clocks went forward past it. "
        "Enter the time that the clock showed."
    )


def test_of_a_time_that_came_twice_the_person_says_which() -> None:
    day, at = date(2027, 10, 31), time(1, 30)

    with pytest.raises(Invalid):
        times.moment_of(day, at, "Europe/London")

    assert times.moment_of(day, at, "Europe/London", second=False) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert times.moment_of(day, at, "Europe/London", second=True) == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_a_choice_that_was_not_needed_changes_nothing() -> None:
    assert times.moment_of(date(2027, 6, 1), time(9, 0), "Europe/London", second=True) == (
        datetime(2027, 6, 1, 8, 0, tzinfo=UTC)
    )


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid):
        times.moments_of(date(2027, 6, 1), time(9, 0), "CST")


@given(
    st.integers(0, 10 * 366 * 24 * 60).map(
        lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(ZONES),
)
def test_every_moment_is_among_those_that_its_clock_showed(moment: datetime, zone: str) -> None:
    local = moment.astimezone(ZoneInfo(zone))

    assert moment in times.moments_of(local.date(), local.time(), zone)
