"""In which script a text is written: as much as can be told of its language without a model."""

import re
from enum import IntEnum

# Shares of a text below this do not make it a mixed one.
_A_GOOD_MEASURE = 0.25
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\uac00-\ud7af]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_LETTER = re.compile(r"[^\W\d_]")


class Script(IntEnum):
    """What texts are compared within, so that sharing a language is not taken for sharing an aim."""

    NONE = 0
    LATIN = 1
    CHINESE = 2
    JAPANESE = 3
    KOREAN = 4
    OTHER = 5
    MIXED = 6


def script_of(text: str) -> Script:
    """The script of most of a text; MIXED where two have a good share of it."""
    letters = len(_LETTER.findall(text))
    if not letters:
        return Script.NONE
    kana, hangul, han = (len(each.findall(text)) for each in (_KANA, _HANGUL, _HAN))
    # A Chinese character says about as much as two or three Latin letters.
    latin = len(_LATIN.findall(text)) / 3
    east = kana + hangul + han
    other = max(0, letters - len(_LATIN.findall(text)) - east) / 3
    shares = {Script.LATIN: latin, _eastern(kana, hangul, han): float(east), Script.OTHER: other}
    whole = sum(shares.values())
    strong = [script for script, share in shares.items() if share >= _A_GOOD_MEASURE * whole]
    return strong[0] if len(strong) == 1 else Script.MIXED


def _eastern(kana: int, hangul: int, han: int) -> Script:
    if kana and kana * 4 >= han:
        return Script.JAPANESE
    return Script.KOREAN if hangul > han else Script.CHINESE
