"""What words are to a search: case, width and accents do not count, and Chinese is found without blanks between words.

A run of letters is one word, found by its beginning. Scripts that are written without blanks are kept as pairs of
neighbouring characters, so that two characters find a name anywhere in a sentence. No list of words is needed.
"""

import re
import unicodedata
from collections.abc import Collection

LONGEST = 40
MOST_ASKED = 12
# Chinese, Japanese and Korean; Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_WORD = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_COMPOUND = re.compile("[^\\W_]+(?:['\u2019\u02bc\u2010\u2011-][^\\W_]+)+")
_JOINTS = re.compile("['\u2019\u02bc\u2010\u2011-]")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
# Letters that Unicode does not take apart into a letter and its mark.
_SINGLE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)


class _WithoutMarks(dict[int, int | None]):
    """Every letter as it is, every mark as nothing; each character is looked up once."""

    def __missing__(self, code: int) -> int | None:
        found = self[code] = None if unicodedata.category(chr(code))[0] == "M" else code
        return found


_WITHOUT_MARKS = _WithoutMarks()
_APART = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "\n"}


def folded(text: str) -> str:
    """The text in one case and width, without accents: "Ólafur Þórsson" is "olafur thorsson"."""
    if text.isascii():
        return text.lower()
    wide = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", wide.translate(_WITHOUT_MARKS)).translate(_SINGLE)


def leading_to(text: str) -> set[str]:
    """Every word under which a text is kept. "O'Brien" is kept as o, brien and obrien."""
    return _words_of(folded(text))


def leading_to_each(texts: Collection[str]) -> dict[str, frozenset[str]]:
    """`leading_to` of many texts: those in plain letters, as most are, are taken apart together."""
    short = [text for text in texts if len(text) <= LONGEST and text.isascii()]
    plain = [text for text in short if "-" not in text and "'" not in text and "\n" not in text]
    apart = "\n".join(plain).lower().translate(_APART).split("\n")
    found = {text: frozenset(words.split()) for text, words in zip(plain, apart, strict=False)}
    return found | {text: frozenset(leading_to(text)) for text in texts if text not in found}


def _words_of(plain: str) -> set[str]:
    if plain.isascii() and "'" not in plain and "-" not in plain:
        return {word[:LONGEST] for word in _PLAIN_WORD.findall(plain)}
    words = {_JOINTS.sub("", compound)[:LONGEST] for compound in _COMPOUND.findall(plain)}
    for word in _WORD.findall(plain):
        if _IS_UNSPACED.match(word):
            words.update(word[at : at + 2] for at in range(len(word)))
        else:
            words.add(word[:LONGEST])
    return words


def asked_for(text: str) -> tuple[str, ...]:
    """The words that must all be there, each as the beginning of one that is kept; () when nothing can be found."""
    words: dict[str, None] = {}
    for word in _WORD.findall(folded(text)):
        if _IS_UNSPACED.match(word):
            words.update(dict.fromkeys(word[at : at + 2] for at in range(max(1, len(word) - 1))))
        else:
            words[word[:LONGEST]] = None
    return tuple(words)[:MOST_ASKED]
