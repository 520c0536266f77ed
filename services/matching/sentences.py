"""What a criterion says about a pair, in one sentence. It may hold words that people typed: pages show plain text."""

from collections.abc import Iterable

from services.matching.measures import (
    CLOSE,
    NEUTRAL,
    Facts,
    both_said_when,
    gap_years,
    hours_in_common,
    title_words,
    waited_days,
)
from services.matching.profiles import Profile, by_fold, folded, wish_rank

UNKNOWN = "Not known for both, so it counts neither for nor against"
SHOWN_LENGTH = 60
# Channels that are not written as their codes are.
CHANNEL_WORDS = {"wechat": "WeChat", "in_person": "in person"}


def sector(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    ours, theirs = folded(mentee.sector), folded(mentor.sector)
    if not ours or not theirs:
        return UNKNOWN
    mine, other = _short(mentee.sector or ""), _short(mentor.sector or "")
    return f"Same sector: {mine}" if ours == theirs else f"Different sectors: {mine} and {other}"


def role(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    ours, theirs = title_words(mentee), title_words(mentor)
    if not ours or not theirs:
        return UNKNOWN
    both = sorted(ours & theirs)
    return f"Both roles say: {_listed(both)}" if both else "The roles have no word in common"


def goals(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    if facts.likeness is None:
        return UNKNOWN
    if facts.shared_terms:
        return f"Goals and work history share: {_listed(facts.shared_terms)}"
    if facts.likeness > CLOSE:
        return "Goals and work history are close in meaning"
    if facts.likeness > NEUTRAL:
        return "Goals and work history are closer than most"
    return "Goals and work history have little in common"


def languages(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    return _about_shared("language", mentor.languages, mentee.languages)


def channels(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    return _about_shared("channel", *(frozenset(map(channel_words, each.channels)) for each in (mentor, mentee)))


def channel_words(channel: str) -> str:
    """As people write it."""
    return CHANNEL_WORDS.get(folded(channel), channel)


def _about_shared(what: str, theirs: frozenset[str], ours: frozenset[str]) -> str:
    wanted, offered = by_fold(ours), by_fold(theirs)
    if not wanted or not offered:
        return UNKNOWN
    common = [word for key, word in wanted.items() if key in offered]
    if not common:
        return f"No {what} in common"
    return f"Shared {what}{'s' if len(common) > 1 else ''}: {_listed(common)}"


def time_zone(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    minutes = hours_in_common(mentor, mentee, facts)
    if minutes is None:
        return UNKNOWN
    if not both_said_when(mentor, mentee):
        return f"{minutes / 7 / 60:.3g} of 14 waking hours in common"
    return f"{minutes / 60:g} hours a week in common" if minutes else "No common hour in the week"


def experience(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    gap = gap_years(mentor, mentee)
    if gap is None:
        return UNKNOWN
    if gap <= 0:
        return "The mentor has no more years of experience than the mentee"
    return f"The mentor is {gap} year{'s' if gap > 1 else ''} ahead in experience"


def needs(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    ours, theirs = by_fold(mentee.needs), by_fold(mentor.needs)
    if not ours or not theirs:
        return UNKNOWN
    met = [word for key, word in ours.items() if key in theirs]
    return f"The mentor can meet: {_listed(met)}" if met else "The mentor did not name what would help the mentee"


def wish(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    rank = wish_rank(mentee, mentor)
    if rank is None:
        return "Not among the mentee's wishes" if mentee.wishes else "The mentee gave no wishes"
    return f"{_ordinal(rank)} wish"


def mentor_wish(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    wished, is_so = by_fold(mentor.situations), by_fold(mentee.situations)
    if not wished or not is_so:
        return UNKNOWN
    met = [word for key, word in is_so.items() if key in wished]
    return f"Whom the mentor hoped for: {_listed(met)}" if met else f"The mentor hoped for: {_listed(wished.values())}"


def waiting(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    if mentee.referred_back:
        return "The mentee was referred back for another mentor and comes first"
    if mentee.waiting_since is None:
        return "The mentee's waiting time is not known"
    days = waited_days(mentee, facts.today)
    return f"The mentee has waited {days} day{'' if days == 1 else 's'}"


def load(mentor: Profile, mentee: Profile, facts: Facts) -> str:
    count = mentor.mentees_now
    if count is None:
        return UNKNOWN
    return "The mentor has no mentee yet" if not count else f"The mentor has {count} mentee{'s'[: count > 1]} already"


def _ordinal(rank: int) -> str:
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(_short(word) for word in words)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_LENGTH else f"{flat[: SHOWN_LENGTH - 1]}…"
