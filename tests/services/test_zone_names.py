"""What a zone is called today, by the installed data alone."""

from datetime import UTC, datetime, time
from zoneinfo import available_timezones

from services import times, usual_times, zone_names
from services.usual_times import Usual

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


# All places that got another name, and one of each kind of zone that was not called after a place.
TODAY = {
    "Africa/Asmera": "Asmara",
    "America/Godthab": "Nuuk",
    "Asia/Ashkhabad": "Ashgabat",
    "Asia/Calcutta": "Kolkata",
    "Asia/Chungking": "Chongqing",
    "Asia/Dacca": "Dhaka",
    "Asia/Istanbul": "Istanbul",
    "Asia/Katmandu": "Kathmandu",
    "Asia/Macao": "Macau",
    "Asia/Rangoon": "Yangon",
    "Asia/Saigon": "Ho Chi Minh",
    "Asia/Thimbu": "Thimphu",
    "Asia/Ujung_Pandang": "Makassar",
    "Asia/Ulan_Bator": "Ulaanbaatar",
    "Atlantic/Faeroe": "Faroe",
    "Europe/Kiev": "Kyiv",
    "Europe/Nicosia": "Nicosia",
    "Pacific/Ponape": "Pohnpei",
    "Pacific/Truk": "Chuuk",
    "US/Eastern": "New York",
    "Canada/Eastern": "Toronto",
    "Australia/ACT": "Canberra",
    "Australia/West": "Perth",
    "America/Virgin": "St Thomas",
    "America/Knox_IN": "Knox",
}
KEEPS = (
    "Africa/Accra",
    "America/Montreal",
    "Asia/Harbin",
    "Asia/Tel_Aviv",
    "Australia/Canberra",
    "Etc/GMT0",
    "Europe/Belfast",
    "Europe/Stockholm",
    "Iceland",
    "UTC",
    "Nowhere/Land",
    "",
)


def test_a_place_is_called_what_it_is_called_today() -> None:
    assert {stored: times.place_of(stored) for stored in TODAY} == TODAY


def test_a_place_that_only_shares_another_ones_clock_keeps_its_name() -> None:
    assert [zone_names.present(zone) for zone in KEEPS] == list(KEEPS)


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


def test_a_town_whose_zone_got_a_longer_name_is_said_once() -> None:
    old, new = "America/Buenos_Aires", "America/Argentina/Buenos_Aires"

    assert times.two_zones(NOON, old, new) == "Tuesday 24 November, 09:00 in Buenos Aires"
    assert times.clocks(new, old) == [new]
