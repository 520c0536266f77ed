"""How well two people fit in one respect, from 0 to 1; None where a side is blank.

Silence must neither help nor harm: `features` puts in what a typical answer gets, never more than half. A wish, a need
and a wait only ever lift.
"""

import re
from dataclasses import dataclass
from datetime import date

from services.matching import hours
from services.matching.profiles import Profile, by_fold, folded, wish_rank

NEUTRAL = 0.5
CLOSE = NEUTRAL + 1 / 6  # one standard deviation above a typical pair of texts

ANY_LANGUAGE = 0.8  # one language to talk in is what counts; more of them are a comfort
ANY_CHANNEL = 0.7
ENOUGH_MINUTES_A_WEEK = 6 * 60  # more hours in common make nothing easier, so declaring more or less wins nothing
LONGEST_WAIT_DAYS = 180
LONGEST_WAIT = 0.9  # whoever was referred back comes before everybody who waits
RANKS_THAT_COUNT = 10
MENTEES_THAT_COUNT = 4
# Words of many titles that say how high somebody stands, not what they do.
_RANKS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and at associate assistant chief deputy for head in junior lead of or principal senior the to trainee",
    )
)


@dataclass(frozen=True)
class Facts:
    """What a criterion needs beyond the two profiles. `likeness` (0 to 1) is None if either text says nothing.

    `days` are those on which clocks are compared; `asks_when` says whether anybody told when they are available.
    """

    today: date
    days: tuple[date, ...] = ()
    asks_when: bool = False
    likeness: float | None = None
    shared_terms: tuple[str, ...] = ()


def sector(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """1 in the same sector, 0 in different ones."""
    ours, theirs = folded(mentee.sector), folded(mentor.sector)
    return float(ours == theirs) if ours and theirs else None


def title_words(person: Profile) -> frozenset[str]:
    """The words of a role that say what somebody does: `Senior Counsel, Energy` as counsel, energy."""
    words = re.findall(r"[^\W\d_]+", folded(person.role_title))
    return frozenset(word for word in words if word not in _RANKS)


def role(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """The share of the words of the mentee's role, or the role they aim for, that are in the mentor's."""
    return _share(title_words(mentor), title_words(mentee), 0.0)


def goals(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """How alike the mentee's goals and the mentor's work history are, beside all other pairs."""
    return facts.likeness


def languages(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """0 without a language in common; most for one; all of it where the mentor speaks all of the mentee's."""
    return _common(mentor.languages, mentee.languages, ANY_LANGUAGE)


def channels(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """0 without a channel in common; most for one; all of it where the mentor uses all of the mentee's."""
    return _common(mentor.channels, mentee.channels, ANY_CHANNEL)


def time_zone(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """The hours in common up to what is plenty, where both said when; else how far their waking days overlap.

    What somebody left unsaid is worth half at most beside those who said when, and nothing is gained by saying less.
    """
    minutes = hours_in_common(mentor, mentee, facts)
    if minutes is None:
        return None
    if both_said_when(mentor, mentee):
        return min(minutes, ENOUGH_MINUTES_A_WEEK) / ENOUGH_MINUTES_A_WEEK
    awake = minutes / 7 - hours.LEAST_WAKING_MINUTES
    level = max(0.0, awake) / (hours.WAKING_MINUTES - hours.LEAST_WAKING_MINUTES)
    return level * NEUTRAL if facts.asks_when else level


def experience(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """1 for a mentor 5 to 15 years ahead, less when they are nearly level or far apart, 0 when not ahead."""
    gap = gap_years(mentor, mentee)
    if gap is None:
        return None
    return max(0.0, gap / 5) if gap < 5 else max(NEUTRAL, 1 - max(0, gap - 15) / 30)


def need_words(person: Profile) -> frozenset[str]:
    return frozenset(by_fold(person.needs))


def needs(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """From NEUTRAL up to 1 by the share of the mentee's needs that the mentor can meet: never against them."""
    return _share(need_words(mentor), need_words(mentee), NEUTRAL)


def wish(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """1 for the mentee's first wish, a little less for each later one, NEUTRAL for anybody else."""
    rank = wish_rank(mentee, mentor)
    return NEUTRAL if rank is None else 1 - (1 - NEUTRAL) * min(rank - 1, RANKS_THAT_COUNT) / RANKS_THAT_COUNT


def mentor_wish(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """1 for somebody of whom one thing is true that the mentor wished for, NEUTRAL for anybody else."""
    wished, is_so = by_fold(mentor.situations), by_fold(mentee.situations)
    if not wished or not is_so:
        return None
    return 1.0 if wished.keys() & is_so.keys() else NEUTRAL


def waiting(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """From NEUTRAL for somebody new up to LONGEST_WAIT after half a year; 1 for whoever was referred back (U-C5.2)."""
    if mentee.referred_back:
        return 1.0
    if mentee.waiting_since is None:
        return None
    waited = min(waited_days(mentee, facts.today), LONGEST_WAIT_DAYS) / LONGEST_WAIT_DAYS
    return NEUTRAL + (LONGEST_WAIT - NEUTRAL) * waited


def load(mentor: Profile, mentee: Profile, facts: Facts) -> float | None:
    """1 for a mentor without a mentee, less for each they have. Free places play no part: few of them win nothing."""
    if mentor.mentees_now is None:
        return None
    return 1 - min(max(0, mentor.mentees_now), MENTEES_THAT_COUNT) / MENTEES_THAT_COUNT


def hours_in_common(mentor: Profile, mentee: Profile, facts: Facts) -> int | None:
    """Minutes a week; of their waking hours unless both said when they are available. None if a zone is unknown."""
    said = both_said_when(mentor, mentee)
    ours, theirs = (hours.known(p.availability) if said else hours.WAKING for p in (mentee, mentor))
    return hours.minutes_a_week(mentee.time_zone, ours, mentor.time_zone, theirs, facts.days or (facts.today,))


def both_said_when(mentor: Profile, mentee: Profile) -> bool:
    return bool(hours.known(mentor.availability)) and bool(hours.known(mentee.availability))


def _share(theirs: frozenset[str], ours: frozenset[str], least: float) -> float | None:
    return least + (1 - least) * len(ours & theirs) / len(ours) if ours and theirs else None


def _common(theirs: frozenset[str], ours: frozenset[str], for_one: float) -> float | None:
    wanted, offered = by_fold(ours), by_fold(theirs)
    if not wanted or not offered:
        return None
    both = len(wanted.keys() & offered.keys())
    return for_one + (1 - for_one) * both / len(wanted) if both else 0.0


def gap_years(mentor: Profile, mentee: Profile) -> int | None:
    if mentor.years_of_experience is None or mentee.years_of_experience is None:
        return None
    return mentor.years_of_experience - mentee.years_of_experience


def waited_days(mentee: Profile, today: date) -> int:
    return 0 if mentee.waiting_since is None else max(0, (today - mentee.waiting_since).days)
