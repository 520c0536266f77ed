"""What a zone is called today, by the installed data alone."""

from datetime import UTC, datetime, time
from zoneinfo import available_timezones

import pytest

from services import times, usual_times, zone_names
from services.usual_times import Usual

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("Asia/Calcutta", "Kolkata"),
        ("Asia/Saigon", "Ho Chi Minh"),
        ("Europe/Kiev", "Kyiv"),
        ("US/Eastern", "New York"),
        ("Africa/Asmera", "Asmara"),
        ("Pacific/Truk", "Chuuk"),
        ("UTC", "UTC"),
    ],
)
def test_a_place_is_called_what_it_is_called_today(stored: str, said: str) -> None:
    assert times.place_of(stored) == said


@pytest.mark.parametrize(
    "zone", ["Europe/Stockholm", "Africa/Accra", "America/Montreal", "Asia/Tel_Aviv", "Asia/Harbin", "Iceland"]
)
def test_a_place_that_only_shares_another_ones_clock_keeps_its_name(zone: str) -> None:
    assert times.place_of(zone) == zone.rsplit("/", 1)[-1].replace("_", " ")


def test_a_present_name_is_a_zone_with_the_same_clock_as_the_stored_one() -> None:
    found = {zone: zone_names.present(zone) for zone in sorted(available_timezones())}

    assert set(found.values()) <= available_timezones()
    assert [
        (zone, present)
        for zone, present in found.items()
        if times.local_time(NOON, zone).replace(tzinfo=None) != times.local_time(NOON, present).replace(tzinfo=None)
    ] == []
    assert {zone_names.present(present) for present in found.values()} == set(found.values())


def test_two_names_of_one_place_are_one_clock() -> None:
    old, new = "Asia/Calcutta", "Asia/Kolkata"

    assert times.two_zones(NOON, old, new) == "Tuesday 24 November, 17:30 in Kolkata"
    assert usual_times.in_words(Usual(1, time(19), new), new, old, today=NOON.date()) == "Tuesdays, 19:00 in Kolkata"
    assert times.clocks(old, "Europe/London", new, "Europe/London") == [old, "Europe/London"]
