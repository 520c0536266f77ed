"""Why a mentor may suit the mentee who reads: the criteria of matching, over what the directory shows and no more."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.matching.criteria import CRITERIA
from services.matching.measures import NEUTRAL, Facts
from services.matching.profiles import Profile
from services.matching.texts import words

# What these look at of a mentor is among the four facts. The others would tell a mentee what nobody listed.
_SEEN = ("sector", "role", "goals")


@dataclass(frozen=True)
class ListedMentor:
    """All that a mentee who is looking may know of a mentor (U-1). `id` is the mentor's enrolment.

    Four facts, and in `also` (words, answer) what the mentor switched on besides.
    """

    id: UUID
    full_name: str
    summary: str | None
    role_title: str | None
    sector: str | None
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reader:
    """The mentee, by what the same criteria look at; and what the scheme gives each criterion, from 0 to 10."""

    sector: str | None
    role_title: str | None
    goals: str | None
    weights: Mapping[str, int]


def why(reader: Reader, mentors: Collection[ListedMentor], *, today: date) -> dict[UUID, tuple[str, ...]]:
    """Up to three sentences for each mentor, of those criteria that speak for them; nothing for the others."""
    asked = [key for key in _SEEN if reader.weights.get(key)]
    goals = words.terms(reader.goals or "") if "goals" in asked else []
    histories = {mentor.id: words.terms(mentor.summary or "") for mentor in mentors} if goals else {}
    rarity = words.rarity_of([goals, *histories.values()])
    mentee = Profile("", "mentee", sector=reader.sector, role_title=reader.role_title)
    found = {}
    for mentor in mentors:
        shared = words.in_common(goals, histories[mentor.id], rarity) if goals else ()
        # Words in common are all that is looked at here: how rare they are beside everybody's is for a run to say.
        beyond = Facts(today, likeness=1.0 if shared else None, shared_terms=shared)
        profile = Profile(str(mentor.id), "mentor", sector=mentor.sector, role_title=mentor.role_title)
        found[mentor.id] = tuple(_speaking(asked, profile, mentee, beyond))
    return found


def _speaking(asked: Collection[str], mentor: Profile, mentee: Profile, beyond: Facts) -> Iterator[str]:
    for key in asked:
        value = CRITERIA[key].value(mentor, mentee, beyond)
        if value is not None and value > NEUTRAL:
            yield CRITERIA[key].sentence(mentor, mentee, beyond)
