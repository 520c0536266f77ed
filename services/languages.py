"""The languages that a form offers, and codes as words.

`languages.tsv` has every two-letter code of ISO 639 and the three-letter ones of languages, sign languages among them,
that people of such schemes are likely to talk in. Names are English; those most often chosen come first.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

_FILE = Path(__file__).with_suffix(".tsv")

LANGUAGES: Mapping[str, str] = MappingProxyType(
    dict(line.split("\t", 1) for line in _FILE.read_text(encoding="utf-8").splitlines())
)


def names(codes: Iterable[str]) -> str:
    """Codes as words, in their order; one that the list does not know stays as it is."""
    return ", ".join(LANGUAGES.get(code, code) for code in codes)


def of_locale(locale: str | None) -> str | None:
    """The language of a browser's locale ("en-GB" is "en"), if the list has it."""
    code = (locale or "").replace("_", "-").partition("-")[0].casefold()
    return code if code in LANGUAGES else None
