"""Texts as words, and Chinese, Japanese and Korean as pairs of characters, weighed by how rare they are.

Works without a model and without the network. A text with no words (blank, emoji, invisible characters) says nothing.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy.sparse import csr_array

METHOD = "tfidf-words-cjk-bigrams"
# Of an endless text only this much is read, in characters; a form allows a quarter of it.
LONGEST = 20_000
LENGTH = 1024

# Letters that show nothing, and marks that only steer how others are shown.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)
_NOT_A_LETTER = re.compile(r"[\W\d_]+")
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(f"[{_CJK}]+|[^{_CJK}\\s]+")
_IS_CJK = re.compile(f"[{_CJK}]")
_PLAIN_WORD = re.compile("[a-z]{2,}")
# Words of every sentence, in any form, and words of every application for mentoring.
_EMPTY_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        """about after all also am an and any are as at be been but by can could did do does for from get had has have
    he her him his how if in into is it its like may me more most much my no not now of on or our out over please she so
    some such than that the their them then there these they this those to too up us very was we were what when where
    which who will with would you your
    career goal goals help hope learn mentee mentees mentor mentoring mentors want wish""",
    )
)


Terms = Sequence[str]


def terms(text: str) -> list[str]:
    """The terms of a text in order: words in lower case, pairs of neighbouring CJK characters."""
    if text.isascii():
        # The same at half of the cost: nothing in it is invisible, composed or two characters in one.
        return [word for word in _PLAIN_WORD.findall(text[:LONGEST].lower()) if word not in _EMPTY_WORDS]
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", text[:LONGEST]))
    # Symbols go before NFKC, which would turn some of them (circled characters, trade marks) into letters.
    letters = unicodedata.normalize("NFKC", _NOT_A_LETTER.sub(" ", visible)).casefold()
    found: list[str] = []
    for piece in _PIECE.findall(letters):
        if _IS_CJK.match(piece):
            found += [piece[at : at + 2] for at in range(max(1, len(piece) - 1))]
        elif len(piece) > 1 and piece not in _EMPTY_WORDS:
            found.append(piece)
    return found


def rarity_of(texts: Sequence[Terms]) -> dict[str, float]:
    """Inverse document frequency of each term."""
    counts = Counter(term for text in texts for term in set(text))
    return {term: math.log((1 + len(texts)) / (1 + count)) + 1 for term, count in counts.items()}


def compared(ours: Sequence[Terms], theirs: Sequence[Terms]) -> tuple["csr_array", "csr_array"]:
    """Two sparse matrices of whole numbers, a row for each text: the product of two rows is their likeness.

    A row's length is LENGTH, so no product exceeds its square; a text without terms is a row of nothing.
    """
    import numpy as np  # noqa: PLC0415 - slow to load, only a run needs them
    from scipy.sparse import csr_array  # noqa: PLC0415

    rarity = rarity_of([*ours, *theirs])
    # A term of one side only adds to a text's length, never to a product.
    both = {term for text in ours for term in text} & {term for text in theirs for term in text}
    place = {term: at for at, term in enumerate(sorted(both))}

    def rows(texts: Sequence[Terms]) -> "csr_array":
        weighed = [_weighed(text, rarity) for text in texts]
        cells = [
            (i, place[term], value) for i, row in enumerate(weighed) for term, value in row.items() if term in both
        ]
        at = np.array(cells, dtype=np.int64).reshape(-1, 3).T
        return csr_array((at[2], (at[0], at[1])), shape=(len(texts), max(1, len(place))))

    return rows(ours), rows(theirs)


def _weighed(text: Terms, rarity: Mapping[str, float]) -> dict[str, int]:
    """Sublinear TF-IDF of a text's terms, as whole numbers whose squares add up to about LENGTH squared."""
    raw = {term: (1 + math.log(count)) * rarity[term] for term, count in Counter(text).items()}
    # An exact sum does not depend on the order of the terms.
    length = math.sqrt(math.fsum(value * value for value in raw.values()))
    return {term: round(LENGTH * value / length) for term, value in raw.items()}


def in_common(ours: Terms, theirs: Terms, rarity: Mapping[str, float]) -> tuple[str, ...]:
    """Up to three terms of both texts, the rarest first; neighbouring CJK pairs are joined into what was written."""
    both = set(ours) & set(theirs)
    found: dict[str, float] = {}
    phrase = ""
    for term, following in pairwise([*theirs, ""]):
        if term not in both:
            continue
        phrase = phrase + term[-1] if phrase else term
        joins = len(term) == 2 and following in both and _IS_CJK.match(term) and following[0] == term[1]
        if not joins:
            found[phrase] = rarity[term]
            phrase = ""
    return tuple(sorted(found, key=lambda phrase: (-found[phrase], -len(phrase), phrase))[:3])
