"""Hours in common are counted on real clocks: half-hour zones, the date line, and clocks that change."""

from datetime import date

import pytest

from services.form_kinds import AVAILABILITY
from services.matching.hours import WAKING, WINDOWS, days_to_try, minutes_a_week
from services.matching.measures import Facts, hours_in_common, time_zone
from services.matching.profiles import Profile
from services.matching.scoring import warnings

OCTOBER = date(2026, 10, 1)
YEAR = days_to_try(OCTOBER, date(2026, 9, 1), date(2027, 8, 31))


def person(role: str, zone: str | None, *when: str) -> Profile:
    return Profile(id=role, role=role, time_zone=zone, availability=frozenset(when))  # type: ignore[arg-type] # one of two


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
def test_waking_hours_are_counted_at_the_worst_time_of_the_year(
    one: str | None, other: str | None, minutes: int | None
) -> None:
    there = minutes_a_week(one, WAKING, other, WAKING, YEAR)
    back = minutes_a_week(other, WAKING, one, WAKING, YEAR)

    # Seven days of them, but for where weekends on both sides of the date line meet weekdays.
    assert (there, back) == ((None, None) if minutes is None else (7 * minutes, 7 * minutes))


@pytest.mark.parametrize(
    ("one", "ours", "other", "theirs", "hours"),
    [
        ("Europe/London", "weekday_evening", "Asia/Shanghai", "weekday_morning", 0),
        ("Europe/London", "weekday_morning", "Asia/Shanghai", "weekday_evening", 10),
        ("Asia/Kolkata", "weekday_morning", "Asia/Kathmandu", "weekday_morning", 18.75),
        # Sunday on Kiritimati is Saturday on Hawaii: weekends share one day, not two.
        ("Pacific/Kiritimati", "weekend_afternoon", "Pacific/Honolulu", "weekend_afternoon", 6),
        ("Pacific/Kiritimati", "weekend_afternoon", "Pacific/Honolulu", "weekday_afternoon", 4),
    ],
)
def test_a_week_is_turned_by_the_zone_weekdays_and_all(
    one: str, ours: str, other: str, theirs: str, hours: float
) -> None:
    found = minutes_a_week(one, frozenset({ours}), other, frozenset({theirs}), (date(2027, 1, 15), date(2027, 2, 1)))

    assert found == hours * 60


def test_days_reach_from_now_to_the_end_of_the_programme() -> None:
    assert days_to_try(date(2026, 12, 1), date(2026, 9, 1), date(2027, 3, 31)) == (
        date(2026, 12, 1),
        date(2027, 3, 2),
        date(2027, 3, 31),
    )
    assert days_to_try(OCTOBER, None, None)[0] == OCTOBER
    assert days_to_try(OCTOBER, None, date(2020, 1, 1))[-1] == date(2027, 7, 1)


def test_saying_less_never_wins() -> None:
    mentee = person("mentee", "Europe/London", "weekday_evening", "weekend_morning")
    facts = Facts(OCTOBER, YEAR, asks_when=True)

    few, many, silent = (
        time_zone(mentor, mentee, facts)
        for mentor in (
            person("mentor", "Europe/London", "weekend_evening", "weekday_morning"),
            person("mentor", "Europe/London", "weekend_evening", "weekday_morning", "weekday_evening"),
            person("mentor", "Europe/London"),
        )
    )

    assert (few, many, silent) == (0.0, 1.0, 0.5)


def test_no_common_hour_is_a_warning() -> None:
    mentor, mentee = person("mentor", "Asia/Shanghai", "weekday_morning"), person("mentee", "UTC", "weekday_evening")
    facts = Facts(OCTOBER, YEAR, asks_when=True)

    assert hours_in_common(mentor, mentee, facts) == 0
    assert warnings(mentor, mentee, facts) == ["No common hour in the week"]


def test_every_time_that_the_form_offers_has_its_hours() -> None:
    assert list(WINDOWS) == list(AVAILABILITY)
