"""The criteria: each says, from 0 to 1, how well two people fit in one respect, and explains it in a sentence.

Silence must neither help nor harm, so a blank on either side gives NEUTRAL. A wish and a wait only ever lift, because
they start from NEUTRAL. Sex, disability, origin, belief and the like are no part of a profile and never will be.
Sentences may hold words that people typed: pages show them as plain text.
"""

import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NEUTRAL = 0.5
UNKNOWN = "Not known for both, so it counts neither for nor against"

WAKING_MINUTES = 14 * 60  # from 8 in the morning to 10 at night
DAY_MINUTES = 24 * 60
# Two waking days of 14 hours share at least this much, wherever on earth they are.
LEAST_OVERLAP_MINUTES = 2 * WAKING_MINUTES - DAY_MINUTES
LONGEST_WAIT_DAYS = 180
RANKS_THAT_COUNT = 10
SHOWN_LENGTH = 60


@dataclass(frozen=True)
class Profile:
    """What matching may know of a person. `text` is a mentee's goals or a mentor's work history.

    `time_zone` is an IANA name; `wishes` are mentor ids, dearest first (mentees only).
    """

    id: str
    role: Literal["mentor", "mentee"]
    sector: str | None = None
    role_title: str | None = None
    text: str = ""
    languages: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    time_zone: str | None = None
    years_of_experience: int | None = None
    wishes: tuple[str, ...] = ()
    waiting_since: date | None = None
    organisation: str | None = None


@dataclass(frozen=True)
class Facts:
    """What a criterion needs beyond the two profiles. `likeness` (0 to 1) is None if either text says nothing."""

    today: date
    likeness: float | None = None
    shared_terms: tuple[str, ...] = ()


Value = Callable[[Profile, Profile, Facts], float]
Sentence = Callable[[Profile, Profile, Facts], str]
# All that a value depends on in one profile, so that equal people are scored once.
Part = Callable[[Profile], Hashable]


@dataclass(frozen=True)
class Criterion:
    """One scored reason why two people fit. Functions take the mentor first."""

    label: str
    value: Value
    sentence: Sentence
    of_mentor: Part
    of_mentee: Part


def sector(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """1 in the same sector, 0 in different ones."""
    ours, theirs = folded(mentee.sector), folded(mentor.sector)
    return float(ours == theirs) if ours and theirs else NEUTRAL


def goals(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """How alike the mentee's goals and the mentor's work history are, beside all other pairs."""
    return NEUTRAL if facts.likeness is None else facts.likeness


def languages(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """The share of the mentee's languages that the mentor speaks."""
    return _share(mentor.languages, mentee.languages)


def channels(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """The share of the mentee's channels that the mentor uses."""
    return _share(mentor.channels, mentee.channels)


def time_zone(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """1 in the same time zone, 0 on the far side of the earth."""
    overlap = waking_overlap_minutes(mentor.time_zone, mentee.time_zone, facts.today)
    if overlap is None:
        return NEUTRAL
    return (overlap - LEAST_OVERLAP_MINUTES) / (WAKING_MINUTES - LEAST_OVERLAP_MINUTES)


def experience(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """1 for a mentor 5 to 15 years ahead, less when they are nearly level or far apart, 0 when not ahead."""
    gap = _gap(mentor, mentee)
    if gap is None:
        return NEUTRAL
    return max(0.0, gap / 5) if gap < 5 else max(NEUTRAL, 1 - max(0, gap - 15) / 30)


def wish(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """1 for the first wish, a little less for each later one, NEUTRAL for anybody else."""
    rank = wish_rank(mentor, mentee)
    return NEUTRAL if rank is None else 1 - (1 - NEUTRAL) * min(rank - 1, RANKS_THAT_COUNT) / RANKS_THAT_COUNT


def waiting(mentor: Profile, mentee: Profile, facts: Facts) -> float:
    """From NEUTRAL for somebody new up to 1 after half a year."""
    return NEUTRAL + (1 - NEUTRAL) * min(_waited_days(mentee, facts.today), LONGEST_WAIT_DAYS) / LONGEST_WAIT_DAYS


def wish_rank(mentor: Profile, mentee: Profile) -> int | None:
    """1 if this mentor is the mentee's first wish; None if no wish."""
    return mentee.wishes.index(mentor.id) + 1 if mentor.id in mentee.wishes else None


def waking_overlap_minutes(one: str | None, other: str | None, on: date) -> int | None:
    """How long both are awake at once, at the worst time of the year from `on`. None if a zone is unknown."""
    overlaps = []
    for days in (0, 91, 182, 273):  # clocks change on different days, or not at all
        offsets = [_offset_minutes(name, on + timedelta(days=days)) for name in (one, other)]
        if offsets[0] is None or offsets[1] is None:
            return None
        apart = (offsets[0] - offsets[1]) % DAY_MINUTES
        overlaps.append(max(0, WAKING_MINUTES - apart) + max(0, apart - (DAY_MINUTES - WAKING_MINUTES)))
    return min(overlaps)


def same_organisation(one: Profile, other: Profile) -> bool:
    """Whether both named the same organisation, whatever the case, width and spacing. Not scored: it is a warning."""
    ours = folded(one.organisation)
    return bool(ours) and ours == folded(other.organisation)


def folded(text: str | None) -> str:
    """The text as it is compared: one case, one width, single spaces, nothing invisible; '' if nothing is left."""
    visible = "".join(letter for letter in text or "" if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()).split())


def _share(theirs: Iterable[str], ours: Iterable[str]) -> float:
    wanted, offered = _by_fold(ours), _by_fold(theirs)
    return len(wanted.keys() & offered.keys()) / len(wanted) if wanted and offered else NEUTRAL


def _by_fold(words: Iterable[str]) -> dict[str, str]:
    return {folded(word): word for word in sorted(words) if folded(word)}


def _gap(mentor: Profile, mentee: Profile) -> int | None:
    if mentor.years_of_experience is None or mentee.years_of_experience is None:
        return None
    return mentor.years_of_experience - mentee.years_of_experience


def _waited_days(mentee: Profile, today: date) -> int:
    return 0 if mentee.waiting_since is None else max(0, (today - mentee.waiting_since).days)


@lru_cache(maxsize=4096)
def _offset_minutes(name: str | None, on: date) -> int | None:
    """Minutes ahead of UTC at noon UTC, or None if no such zone is known."""
    try:
        offset = datetime.combine(on, time(12), UTC).astimezone(ZoneInfo(name or "")).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return None if offset is None else int(offset.total_seconds() // 60)


def _about_sector(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    ours, theirs = folded(mentee.sector), folded(mentor.sector)
    if not ours or not theirs:
        return UNKNOWN
    mine, other = _short(mentee.sector or ""), _short(mentor.sector or "")
    return f"Same sector: {mine}" if ours == theirs else f"Different sectors: {mine} and {other}"


def _about_goals(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    if facts.likeness is None:
        return UNKNOWN
    if not facts.shared_terms:
        return "Goals and work history have no words in common"
    return f"Goals and work history share: {_listed(facts.shared_terms)}"


def _about_languages(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    return _about_shared("language", mentor.languages, mentee.languages)


def _about_channels(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    return _about_shared("channel", mentor.channels, mentee.channels)


def _about_shared(what: str, theirs: Iterable[str], ours: Iterable[str]) -> str:
    wanted, offered = _by_fold(ours), _by_fold(theirs)
    if not wanted or not offered:
        return UNKNOWN
    common = [word for key, word in wanted.items() if key in offered]
    if not common:
        return f"No {what} in common"
    return f"Shared {what}{'s' if len(common) > 1 else ''}: {_listed(common)}"


def _about_time_zone(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    overlap = waking_overlap_minutes(mentor.time_zone, mentee.time_zone, facts.today)
    return UNKNOWN if overlap is None else f"{overlap / 60:g} of 14 waking hours in common"


def _about_experience(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    gap = _gap(mentor, mentee)
    if gap is None:
        return UNKNOWN
    if gap <= 0:
        return "The mentor has no more years of experience than the mentee"
    return f"The mentor is {gap} year{'s' if gap > 1 else ''} ahead in experience"


def _about_wish(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    rank = wish_rank(mentor, mentee)
    if rank is None:
        return "Not among the mentee's wishes" if mentee.wishes else "The mentee gave no wishes"
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending} wish"


def _about_waiting(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    if mentee.waiting_since is None:
        return "The mentee's waiting time is not known"
    days = _waited_days(mentee, facts.today)
    return f"The mentee has waited {days} day{'' if days == 1 else 's'}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(_short(word) for word in words)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_LENGTH else f"{flat[: SHOWN_LENGTH - 1]}…"


def _nothing(person: Profile) -> Hashable:
    return None


CRITERIA: dict[str, Criterion] = {
    "wish": Criterion("The mentee's wishes", wish, _about_wish, lambda p: p.id, lambda p: p.wishes),
    "sector": Criterion("Sector", sector, _about_sector, lambda p: p.sector, lambda p: p.sector),
    # Its value comes with the facts of a pair; scoring fills in the likeness of all texts at once.
    "goals": Criterion("Goals and work history", goals, _about_goals, _nothing, _nothing),
    "languages": Criterion("Languages", languages, _about_languages, lambda p: p.languages, lambda p: p.languages),
    "channels": Criterion(
        "Ways to stay in touch", channels, _about_channels, lambda p: p.channels, lambda p: p.channels
    ),
    "time_zone": Criterion("Time zones", time_zone, _about_time_zone, lambda p: p.time_zone, lambda p: p.time_zone),
    "experience": Criterion(
        "Experience", experience, _about_experience, lambda p: p.years_of_experience, lambda p: p.years_of_experience
    ),
    "waiting": Criterion("Waiting time", waiting, _about_waiting, _nothing, lambda p: p.waiting_since),
}
