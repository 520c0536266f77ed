"""What a time zone is called today, as the installed time zone data has it: Calcutta is Kolkata, US/Eastern New York.

Browsers tell old names, and people keep what they once chose. What is stored stays; only words change. The data links
far more names than were renamed: Stockholm keeps the clock of Berlin, and nobody there wants to read "Berlin".
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from importlib import resources


def present(zone: str) -> str:
    """The name in use for the place of this zone; the same where it is in use already, or nobody knows another."""
    return _renamed().get(zone, zone)


@lru_cache(maxsize=1)
def _renamed() -> dict[str, str]:
    """Old name → name in use."""
    links, in_use = list(_links()), set(_in_use())
    areas = {name.split("/")[0] for name in in_use}
    found = {}
    for old, target in links:
        if "/" in old and old.split("/")[0] not in areas | {"Etc"}:
            found[old] = target  # US/Eastern: not called after a place at all
    sharing: dict[str, set[str]] = {}
    for name, target in links:
        sharing.setdefault(target, {target}).add(name)
    for old, target in _same_place(links):
        # The target may be another country's: Asmera leads to Nairobi, with Asmara beside it.
        nearby = sorted(sharing[target] & in_use)
        if "/" in old and nearby:
            found[old] = max(nearby, key=lambda name: SequenceMatcher(None, _town(old), _town(name)).ratio())
    return found


def _same_place(links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The data's last list of links, each list by name: places that got another name. Those before it merge places."""
    begins = max((at for at in range(1, len(links)) if links[at][0] < links[at - 1][0]), default=0)
    return links[begins:]


def _links() -> Iterator[tuple[str, str]]:
    """(another name, the zone that has the clock) as the data lists them."""
    for line in _read("tzdata.zi"):
        if line.startswith("L "):
            _, target, name = line.split()
            yield name, target


def _in_use() -> Iterator[str]:
    """The names that are offered for a place today."""
    for line in _read("zone.tab"):
        if not line.startswith("#"):
            yield line.split("\t")[2].strip()


def _read(name: str) -> list[str]:
    try:
        return resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []  # other data than ours: every name stays as it is


def _town(zone: str) -> str:
    return zone.rsplit("/", 1)[-1]
