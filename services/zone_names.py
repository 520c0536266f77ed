"""What a time zone is called today, as the installed time zone data has it: Calcutta is Kolkata, US/Eastern New York.

Browsers tell old names, and people keep what they once chose. What is stored stays; only words change. The data links
far more names than were renamed: Stockholm keeps the clock of Berlin, and nobody there wants to read "Berlin".
"""

from functools import cache
from importlib import resources

# Old names whose place shares another one's clock: in the installed form of the data they lead to that other place
# alone. Its long form ("backward" of the IANA Time Zone Database) has the place itself beside them, behind "#=".
_BESIDE = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Virgin": "America/St_Thomas",
    "Asia/Chungking": "Asia/Chongqing",
    "Australia/ACT": "Australia/Canberra",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}


def present(zone: str) -> str:
    """The name in use for the place of this zone; the same where it is in use already, or nobody knows another."""
    return _renamed().get(zone, zone)


@cache
def _renamed() -> dict[str, str]:
    """Old name → name in use.

    The data lists old names first, then places that keep the clock of another one: all those that a country has, then
    smaller ones (Harbin, Montreal). What follows last are places that got another name.
    """
    places = {line.split("\t")[2] for line in _read("zone.tab") if not line.startswith("#")}
    lists = _links()
    merged = next((at for at, links in enumerate(lists) if places.issuperset(links)), 0)
    renamed = {old: target for links in (*lists[:merged], lists[-1]) for old, target in links.items()}
    return {old: target for old, target in renamed.items() if "/" in old and target in places} | _BESIDE


def _links() -> list[dict[str, str]]:
    """Another name → the zone that has the clock; one list of the data after the other, each in the order of names."""
    lists: list[dict[str, str]] = [{}]
    for line in _read("tzdata.zi"):
        if line.startswith("L "):
            _, target, name = line.split()
            if lists[-1] and name < next(reversed(lists[-1])):
                lists.append({})
            lists[-1][name] = target
    return lists


def _read(name: str) -> list[str]:
    return resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
