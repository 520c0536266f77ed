"""How alike two sets of texts are, by the words they share; Chinese, Japanese and Korean by pairs of characters.

Works without a model and without the network. A text with no words (blank, emoji, invisible characters) is like
nothing and unlike nothing: its likeness is unknown.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

METHOD = "tfidf-words-cjk-bigrams"

# Letters that show nothing, and marks that only steer how others are shown.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)
_NOT_A_LETTER = re.compile(r"[\W\d_]+")
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(f"[{_CJK}]+|[^{_CJK}\\s]+")
_IS_CJK = re.compile(f"[{_CJK}]")
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


@dataclass(frozen=True, eq=False)
class Likeness:
    """`level` (n, m) runs from 0 to 1 and is NaN where either text says nothing.

    A pair's level is its rank among all pairs written in the same scripts, so that sharing a language is not taken for
    sharing an aim; half way means "like the middle one". `shared` names up to three things that a pair has in common.
    """

    level: NDArray[np.float64]
    shared: Callable[[int, int], tuple[str, ...]]


def terms(text: str) -> list[str]:
    """The terms of a text in order: words in lower case, pairs of neighbouring CJK characters."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    # Symbols go before NFKC, which would turn some of them (circled characters, trade marks) into letters.
    letters = unicodedata.normalize("NFKC", _NOT_A_LETTER.sub(" ", visible)).casefold()
    found: list[str] = []
    for piece in _PIECE.findall(letters):
        if _IS_CJK.match(piece):
            found += [piece[at : at + 2] for at in range(max(1, len(piece) - 1))]
        elif len(piece) > 1 and piece not in _EMPTY_WORDS:
            found.append(piece)
    return found


def likeness(goals: Sequence[str], histories: Sequence[str]) -> Likeness:
    """How alike each of n goals and each of m work histories are."""
    ours, theirs = [terms(text) for text in goals], [terms(text) for text in histories]
    rarity = _rarity([*ours, *theirs])

    def shared(goal: int, history: int) -> tuple[str, ...]:
        return _in_common(ours[goal], theirs[history], rarity)

    return Likeness(level=_ranked(_cosines(ours, theirs), _scripts(ours), _scripts(theirs)), shared=shared)


def _rarity(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """Inverse document frequency of each term."""
    counts = Counter(term for text in texts for term in set(text))
    return {term: math.log((1 + len(texts)) / (1 + count)) + 1 for term, count in counts.items()}


def _cosines(ours: list[list[str]], theirs: list[list[str]]) -> NDArray[np.float64]:
    """TF-IDF cosines (n, m), rounded so that the order of people cannot show in the last digit."""
    n, m = len(ours), len(theirs)
    if not any(ours) or not any(theirs):
        return np.zeros((n, m))
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to load, only a run needs it

    vectors = TfidfVectorizer(analyzer=list, sublinear_tf=True).fit_transform([*ours, *theirs])
    cosines: NDArray[np.float64] = (vectors[:n] @ vectors[n:].T).toarray()
    return np.round(cosines, 6)


def _scripts(texts: list[list[str]]) -> NDArray[np.int64]:
    """For each text 0 without terms, 1 in words, 2 in CJK, 3 in a good measure of both."""
    kinds = []
    for text in texts:
        cjk = sum(1 for term in text if _IS_CJK.match(term))
        kinds.append(int(4 * (len(text) - cjk) > len(text)) + 2 * int(4 * cjk > len(text)))
    return np.array(kinds, dtype=np.int64)


def _ranked(cosines: NDArray[np.float64], ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Middle ranks between 0 and 1, within each combination of scripts; NaN beside a text without terms."""
    level = np.full(cosines.shape, np.nan)
    for one in (1, 2, 3):
        for other in (1, 2, 3):
            block = np.ix_(ours == one, theirs == other)
            if cosines[block].size:
                _, place, count = np.unique(cosines[block], return_inverse=True, return_counts=True)
                middle = (np.cumsum(count) - count / 2) / count.sum()
                level[block] = middle[place].reshape(cosines[block].shape)
    return level


def _in_common(ours: list[str], theirs: list[str], rarity: dict[str, float]) -> tuple[str, ...]:
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
