"""The list of sectors, and the way from what people write to a code of the list.

Single letters are sections of the United Nations' classification of economic activities (ISIC, revision 5) and a letter
with two digits is one of its divisions; `law-` and `he-` are this project's own lists. The labels are our own.
"""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_FILE = Path(__file__).parent / "sectors.toml"


@cache
def sectors() -> Mapping[str, str]:
    """Code to label, in the order in which a form should list them."""
    return MappingProxyType({sector["code"]: sector["label"] for sector in _entries()})


def sector_for(text: str) -> str | None:
    """The code for what somebody wrote (code, label or alias, in any case and spacing), or None."""
    return _known_words().get(_folded(text))


@cache
def words_for(code: str | None) -> tuple[str, ...]:
    """What a sector is called: its label, then its aliases in any language. A word that is no code is its own name."""
    found = next((sector for sector in _entries() if sector["code"] == code), None)
    if found is None:
        return (code,) if code else ()
    return (found["label"], *found.get("aliases", ()))


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(_FILE.read_text(encoding="utf-8"))["sectors"])


@cache
def _known_words() -> Mapping[str, str]:
    """Every accepted word, folded, with its code. Raises ValueError when one word leads to two codes."""
    known: dict[str, str] = {}
    for sector in _entries():
        for word in (sector["code"], sector["label"], *sector.get("aliases", ())):
            if known.setdefault(_folded(word), sector["code"]) != sector["code"]:
                raise ValueError(f"sectors.toml: '{word}' belongs to {known[_folded(word)]} and to {sector['code']}")
    return MappingProxyType(known)


def _folded(text: str) -> str:
    """Case, width, punctuation and spacing do not tell sectors apart."""
    wide = unicodedata.normalize("NFKC", text).casefold().replace("&", " and ")
    return " ".join("".join(letter if letter.isalnum() else " " for letter in wide).split())
