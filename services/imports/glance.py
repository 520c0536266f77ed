"""What a part of a workbook surely does not have, seen at a glance: whole pages of bytes are compared at once.

It may say that there could be something where there is nothing, and never the other way round: whoever is told that
something is there looks again, slowly and exactly.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]

_AT_ONCE = 1 << 18
_LONGEST = 16  # bytes behind a sign that tell what it is
_OPENS, _PREFIX, _CLOSES, _BLANK, _EQUALS, _QUOTE = b'<:/ ="'
_A, _C, _Z, _ZERO, _ONE, _NINE = b"ACZ019"


class Glance(NamedTuple):
    """At least as many elements as there are, by the first letter of their names; and what could be there at all.

    `shared` are shared texts, `declared` is what begins with an exclamation mark, and `far` a place that is not plainly
    within row 19,999 and column CZ.
    """

    rows: int
    values: int
    formulas: int
    shared: bool
    declared: bool
    far: bool


def glance(part: bytes) -> Glance:
    """A look at a part, page by page: what is needed for it does not grow with the part."""
    rows = values = formulas = 0
    shared = declared = far = False
    for start in range(0, len(part), _AT_ONCE):
        page = np.frombuffer(part[start : start + _AT_ONCE + _LONGEST] + bytes(_LONGEST), np.uint8)
        signs = page[: min(_AT_ONCE, len(part) - start)]
        named = np.flatnonzero((signs == _OPENS) | (signs == _PREFIX)) + 1
        first, second = page[named], page[named + 1]
        letters = np.bincount(first, minlength=256)
        rows, values, formulas = (
            seen + int(letters[letter]) for seen, letter in zip((rows, values, formulas), b"rvf", strict=True)
        )
        declared = declared or bool(letters[b"!"[0]])
        shared = shared or _has_shared(page, named, first, second)
        far = far or _has_far(page, len(signs))
    return Glance(rows, values, formulas, shared, declared, far)


def _has_shared(page: _Bytes, named: NDArray[np.intp], first: _Bytes, second: _Bytes) -> bool:
    """Whether something is named si, behind a prefix or at its end."""
    letter_s, letter_i = b"si"
    prefixed = (first == letter_s) & (second == letter_i)
    ends = named[(first == _CLOSES) & (second == letter_s)]
    return bool(prefixed.any() or (page[ends + 2] == letter_i).any())


def _has_far(page: _Bytes, count: int) -> bool:
    """Whether an attribute r is written in an unusual way, or names a place that is not plainly near."""
    at = np.flatnonzero((page[:count] <= _BLANK) & (page[1 : count + 1] == b"r"[0])) + 2
    after = page[at]
    if (after <= _BLANK).any():
        return True
    # Behind anything but one quotation mark there is no near place either.
    return not _are_near(page, at[after == _EQUALS] + 2)


def _are_near(page: _Bytes, at: NDArray[np.intp]) -> bool:
    """Whether places such as CZ19999 begin at all of these: one or two letters or none, then at most five digits."""
    first, second = page[at], page[at + 1]
    one = (first >= _A) & (first <= _Z)
    two = one & (second >= _A) & (second <= _Z)
    at = at + one + two
    number = np.zeros(len(at), np.intp)
    more = np.ones(len(at), bool)
    for digit in range(5):
        each = page[at + digit]
        more &= (each >= _ZERO) & (each <= _NINE)
        number += more
    near = (number > 0) & ((number < 5) | (page[at] == _ONE)) & (page[at + number] == _QUOTE)
    return bool((near & (~two | (first <= _C))).all())
