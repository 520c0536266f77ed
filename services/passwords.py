"""Passwords: which are good enough, how they are kept, and whether one fits.

bcrypt reads 72 bytes at most, so it gets a SHA-256 of the password's NFKC form: every character counts.
"""

import base64
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from functools import cache

import bcrypt

from services.errors import Invalid
from services.settings import settings

SHORTEST, LONGEST = 15, 128
FEWEST_GUESSES, LONGEST_JUDGED = 10**8, 72
# Words that anybody would try first at this desk.
OUR_WORDS = ("mentor", "mentee", "scheme")


def refuse_weak(password: str, personal: Iterable[str] = ()) -> None:
    """Raises Invalid for a password that is too short or long, common, or made of words about the person.

    `personal` are the person's name, mailbox and schemes. Any character counts, and none is trimmed.
    """
    folded = normal(password).casefold()
    length = len(normal(password))
    if length < SHORTEST:
        raise Invalid(
            f"This password is too short ({length} characters, at least {SHORTEST}).",
            remedy="A few words in a row are easy to remember and hard to guess.",
        )
    if length > LONGEST:
        raise Invalid(
            f"This password is too long ({length} characters, at most {LONGEST}).", remedy="Choose a shorter one."
        )
    if re.search("[\ud800-\udfff\x00]", password):
        raise Invalid("This password has a character that cannot be kept.", remedy="Type it again without it.")
    if _is_common(folded):
        raise Invalid("Many people use this password.", remedy="Choose one that nobody else would think of.")
    if any(word in folded for word in _guessable(personal)):
        raise Invalid(
            "This password has a word in it that others would try first, such as your name or the scheme's.",
            remedy="Choose other words.",
        )


def hashed(password: str) -> str:
    """What is kept of a password."""
    return bcrypt.hashpw(_digest(password), bcrypt.gensalt(settings().password_cost)).decode()


def matches(password: str, kept: str | None) -> bool:
    """Whether a password fits. Without anything kept the work is the same, so that the time tells nothing."""
    dummy = _dummy(settings().password_cost)
    fits = bcrypt.checkpw(_digest(password), (kept or dummy).encode())
    return fits and kept is not None


def normal(password: str) -> str:
    """One form for what keyboards may compose in several."""
    return unicodedata.normalize("NFKC", password)


def _digest(password: str) -> bytes:
    # In base64, because bcrypt would stop at a zero byte.
    return base64.b64encode(hashlib.sha256(normal(password).encode("utf-8", "surrogatepass")).digest())


def _is_common(folded: str) -> bool:
    """A listed password, by itself or between digits and signs, or what an attacker's program guesses early."""
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    return folded in _common() or bare in _common() or _guessed_early(folded)


def _guessed_early(folded: str) -> bool:
    """Repeats, rows of keys and the like. Only Latin text is judged: of other scripts the estimate knows nothing."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - with its lists it costs what no screen should pay

    return folded.isascii() and len(folded) <= LONGEST_JUDGED and zxcvbn(folded)["guesses"] < FEWEST_GUESSES


def _guessable(personal: Iterable[str]) -> set[str]:
    words = {word for phrase in personal for word in re.findall(r"\w+", normal(phrase).casefold())}
    # Short Latin words are in everything; two Han characters are a whole name.
    return {word for word in words if len(word) >= (4 if word.isascii() else 2)} | set(OUR_WORDS)


@cache
def _common() -> frozenset[str]:
    """The 30,000 most used passwords, as shipped with zxcvbn; loaded when the first password is chosen."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])


@cache
def _dummy(cost: int) -> str:
    return bcrypt.hashpw(_digest(secrets.token_urlsafe()), bcrypt.gensalt(cost)).decode()
