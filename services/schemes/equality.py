"""The equality questions that a scheme may ask, from equality.toml beside this file. Pure; nothing here knows a person.

chosen = equality.chosen(scheme.other_settings.get(equality.SETTING, ()))
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Where a scheme's settings name the questions that it asks.
SETTING = "equality"
UNSAID = "unsaid"
UNSAID_LABEL = "Prefer not to say"
_FILE = Path(__file__).with_name("equality.toml")


@dataclass(frozen=True)
class EqualityOption:
    """One answer: what is stored, what the person reads, and what their group is called in figures."""

    code: str
    label: str
    group: str


@dataclass(frozen=True)
class EqualityQuestion:
    """One question, and what it is called in figures. "Prefer not to say" is an answer to every one, and no group."""

    key: str
    label: str
    short: str
    options: tuple[EqualityOption, ...]

    @property
    def answers(self) -> dict[str, str]:
        """What can be chosen, by code."""
        return {option.code: option.label for option in self.options} | {UNSAID: UNSAID_LABEL}


@cache
def questions() -> tuple[EqualityQuestion, ...]:
    """All there are, in order."""
    return tuple(
        EqualityQuestion(
            each["key"], each["label"], each["short"], tuple(EqualityOption(**option) for option in each["options"])
        )
        for each in _read()["questions"]
    )


def chosen(keys: Iterable[str]) -> tuple[EqualityQuestion, ...]:
    """Those that a scheme asks, in our order."""
    wanted = set(keys)
    return tuple(question for question in questions() if question.key in wanted)


def promise() -> tuple[str, ...]:
    """What is promised to whoever answers, a sentence or two a line."""
    return tuple(str(_read()["promise"]).strip().splitlines())


def known(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The same keys. Raises ValueError for a question that there is not."""
    for key in keys:
        if key not in {question.key for question in questions()}:
            raise ValueError(f"there is no equality question '{key}'")
    return keys


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
