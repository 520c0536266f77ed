"""The criteria of matching: what each is called, what it means in one plain sentence, how it is measured and told.

A scheme gives each a weight from 0 to 10, and may say the sentence in its own words: both are rows of the scheme.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum

from services.matching import hours, measures, sentences
from services.matching.measures import NEUTRAL, Facts
from services.matching.profiles import Profile, by_fold, folded

Value = Callable[[Profile, Profile, Facts], float | None]
Sentence = Callable[[Profile, Profile, Facts], str]
# All that a value depends on in one profile, so that equal people are scored once.
Part = Callable[[Profile], Hashable]
Words = Callable[[Profile], frozenset[str]]


class Kind(Enum):
    """How `features` computes a criterion: kind by kind, word by word, wish by wish, or from texts."""

    TABLE = "table"
    WORDS = "words"
    WISHES = "wishes"
    TEXT = "text"


@dataclass(frozen=True)
class Criterion:
    """One scored reason why two people fit, and `about`, what it means in one plain sentence.

    Functions take the mentor first. `part` says what a TABLE looks at in anybody; `words` what WORDS compares, where
    the value rises from `least` to 1 with the share of the mentee's words that the mentor has too.
    """

    label: str
    about: str
    kind: Kind
    value: Value
    sentence: Sentence
    part: Part = lambda person: None
    words: Words = lambda person: frozenset()
    least: float = 0.0


CRITERIA: dict[str, Criterion] = {
    "wish": Criterion(
        "The mentee's wishes",
        "A mentee who ranked mentors gets one of them if possible, the first wish before the others.",
        Kind.WISHES,
        measures.wish,
        sentences.wish,
    ),
    "mentor_wish": Criterion(
        "The mentor's wishes",
        "A mentor who said whom they would most like to mentor gets somebody like that if possible.",
        Kind.TABLE,
        measures.mentor_wish,
        sentences.mentor_wish,
        part=lambda person: frozenset(by_fold(person.situations)),
    ),
    "sector": Criterion(
        "Sector",
        "The mentor works in the sector that the mentee works in or hopes to enter.",
        Kind.TABLE,
        measures.sector,
        sentences.sector,
        part=lambda person: folded(person.sector),
    ),
    "role": Criterion(
        "Role and direction",
        "The mentor does the kind of work that the mentee does or is aiming for.",
        Kind.WORDS,
        measures.role,
        sentences.role,
        words=measures.title_words,
    ),
    "goals": Criterion(
        "Goals and work history",
        "The mentor's work history is close to what the mentee wrote about their goals.",
        Kind.TEXT,
        measures.goals,
        sentences.goals,
    ),
    "languages": Criterion(
        "Languages",
        "They have a language to talk in.",
        Kind.TABLE,
        measures.languages,
        sentences.languages,
        part=lambda person: frozenset(by_fold(person.languages)),
    ),
    "channels": Criterion(
        "Ways to stay in touch",
        "They are happy to be in touch in the same ways.",
        Kind.TABLE,
        measures.channels,
        sentences.channels,
        part=lambda person: frozenset(by_fold(person.channels)),
    ),
    "time_zone": Criterion(
        "Hours in common",
        "They have hours in common in which both can talk, whatever their time zones.",
        Kind.TABLE,
        measures.time_zone,
        sentences.time_zone,
        part=lambda person: (person.time_zone, hours.known(person.availability)),
    ),
    "experience": Criterion(
        "Experience",
        "The mentor is ahead in experience, best by 5 to 15 years.",
        Kind.TABLE,
        measures.experience,
        sentences.experience,
        part=lambda person: person.years_of_experience,
    ),
    "needs": Criterion(
        "Needs",
        "The mentor said that they can meet what would help the mentee. It never counts against anybody.",
        Kind.WORDS,
        measures.needs,
        sentences.needs,
        words=measures.need_words,
        least=NEUTRAL,
    ),
    "waiting": Criterion(
        "Waiting time",
        "Whoever was referred back comes first, then whoever has waited longest.",
        Kind.TABLE,
        measures.waiting,
        sentences.waiting,
        part=lambda person: (person.waiting_since, person.referred_back) if person.role == "mentee" else None,
    ),
    "load": Criterion(
        "Balanced load",
        "A mentor who has fewer mentees already comes first, so that a few do not do all the work.",
        Kind.TABLE,
        measures.load,
        sentences.load,
        part=lambda person: person.mentees_now if person.role == "mentor" else None,
    ),
}
