"""What matching may know of a person. Sex, disability, origin, belief and the like are no part of it, ever."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class Profile:
    """One mentor or mentee. `text` is a mentee's goals or a mentor's work history. A blank says nothing.

    `time_zone` is an IANA name; `availability` holds the codes of `hours.WINDOWS`. `wishes` are ids of the other side,
    dearest first. `needs` is what would help a mentee, and for a mentor what they said they can meet; `situations` what
    is true of a mentee now, and for a mentor of whom they would most like to mentor. `mentees_now` counts those whom a
    mentor has already.
    """

    id: str
    role: Literal["mentor", "mentee"]
    sector: str | None = None
    role_title: str | None = None
    text: str = ""
    languages: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    time_zone: str | None = None
    availability: frozenset[str] = frozenset()
    years_of_experience: int | None = None
    needs: frozenset[str] = frozenset()
    situations: frozenset[str] = frozenset()
    wishes: tuple[str, ...] = ()
    waiting_since: date | None = None
    referred_back: bool = False
    mentees_now: int | None = None
    organisation: str | None = None


def folded(text: str | None) -> str:
    """The text as it is compared: one case, one width, single spaces, nothing invisible; '' if nothing is left."""
    if text is None or text.isascii():
        return " ".join((text or "").casefold().split())
    visible = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()).split())


def by_fold(words: frozenset[str]) -> dict[str, str]:
    """Each word by how it is compared, without those that say nothing."""
    return {folded(word): word for word in sorted(words) if folded(word)}


def same_organisation(one: Profile, other: Profile) -> bool:
    """Whether both named the same organisation, whatever the case, width and spacing. Not scored: it is a warning."""
    ours = folded(one.organisation)
    return bool(ours) and ours == folded(other.organisation)


def wish_rank(of: Profile, other: Profile) -> int | None:
    """1 if the other is the first wish of `of`; None if no wish."""
    return of.wishes.index(other.id) + 1 if other.id in of.wishes else None
