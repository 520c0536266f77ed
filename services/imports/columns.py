"""Which column answers which question: a guess from header and answers, which the coordinator then corrects."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

from services.imports import words
from services.imports.targets import TARGETS, Kind, Target

__all__ = ["TARGETS", "Kind", "Target", "guess", "shape_key"]

_SAMPLED = 50
_JUDGED_BY = 200  # characters: patterns that look for a role or a zone take minutes over a cell of a megabyte
_ALL_BLANK = 0.15  # such a column may still be right: few people name somebody they must not meet
_TOOLS_OWN = 0.3
_ANSWERED_BY_ADDRESSES = 20.0

_START = {"start time", "开始时间"}
_END = {"completion time", "完成时间"}
_TOOLS_COLUMNS = {"id", "email", "name", "电子邮件", "姓名", "名称"}

_LOOKS_RIGHT: Mapping[str, Callable[[str], bool]] = {
    "name": lambda answer: (
        "@" not in answer and any(map(str.isalpha, answer)) and not any(map(str.isdigit, answer[:4]))
    ),
    "email": lambda answer: "@" in answer,
    "telephone": lambda answer: sum(map(str.isdigit, answer)) >= 6 and "@" not in answer,
    "wechat": lambda answer: "@" not in answer and " " not in answer,
    "languages": lambda answer: bool(words.languages(answer)[0]),
    "time_zone": lambda answer: re.fullmatch(r"UTC|[A-Za-z]+/[A-Za-z_/ +\-0-9]+", answer) is not None,
    "channels": lambda answer: bool(words.channels(answer)[0]) and "@" not in answer,
    "number": lambda answer: answer[:1].isdigit(),
    "role": lambda answer: words.side(answer) is not None,
}


def guess(
    headers: Sequence[str], sample_rows: Sequence[Sequence[str]], targets: Sequence[Target] = TARGETS
) -> dict[str, int]:
    """Target key → column (from 0), each column once; what no column seems to answer is left out.

    Only `summary` and `goals` may share a column: "what would you like, or what can you offer?" asks for both.
    """
    answers = [[row[column].strip()[:_JUDGED_BY] for row in sample_rows[:_SAMPLED]] for column in range(len(headers))]
    phrases = [words.plain(header) for header in headers]
    from_tool = bool(_START & set(phrases)) and bool(_END & set(phrases))
    asking = [tuple(map(words.plain, target.words)) for target in targets]
    scores = [
        (_score(phrase, said, target.kind, asks, from_tool=from_tool), -order, -column)
        for column, (phrase, said) in enumerate(zip(phrases, answers, strict=True))
        for order, (target, asks) in enumerate(zip(targets, asking, strict=True))
    ]
    chosen: dict[str, int] = {}
    for score, order, column in sorted(scores, reverse=True):
        key = targets[-order].key
        if score > 0 and key not in chosen and -column not in chosen.values():
            chosen[key] = -column
    shared = _with_shared(chosen, phrases, targets)
    return {target.key: shared[target.key] for target in targets if target.key in shared}


def shape_key(headers: Sequence[str]) -> str:
    """A name for files with these headers in this order, under which a mapping can be remembered."""
    shape = "\x1f".join(words.plain(header) for header in headers)
    return hashlib.sha256(shape.encode()).hexdigest()[:32]


def _score(header: str, answers: list[str], kind: Kind, phrases: Sequence[str], *, from_tool: bool) -> float:
    """How likely the column is what we look for; 0 for no, some 100 for a header that says just that."""
    asked = max((_asks(header, phrase) for phrase in phrases), default=0.0)
    if not asked and kind != "email":
        return 0.0
    filled = [answer for answer in answers if answer]
    if answers and not filled:
        return asked * _ALL_BLANK if not (from_tool and header in _TOOLS_COLUMNS) else 0.0
    looks_right = _LOOKS_RIGHT.get(kind)
    share = sum(map(looks_right, filled)) / len(filled) if looks_right and filled else 1.0
    if share < 0.5:
        return 0.0
    if kind == "email" and filled and share > 0.9:
        asked = max(asked, _ANSWERED_BY_ADDRESSES)  # whatever the header says
    # The forms tool's own Email and Name say who was signed in; a question in the form says who is meant.
    return asked * share * (_TOOLS_OWN if from_tool and header in _TOOLS_COLUMNS else 1.0)


def _asks(header: str, phrase: str) -> float:
    if header == phrase:
        return 100.0 + len(phrase)
    inside = phrase in header and len(phrase) > 1 if not phrase.isascii() else f" {phrase} " in f" {header} "
    # A Chinese word says in two characters what takes ten letters.
    weight = len(phrase) * (1 if phrase.isascii() else 4)
    return 30.0 + 40.0 * len(phrase) / len(header) + weight if inside else 0.0


def _with_shared(chosen: dict[str, int], phrases: list[str], targets: Sequence[Target]) -> dict[str, int]:
    by_key = {target.key: target for target in targets}
    for key, other in (("summary", "goals"), ("goals", "summary")):
        if key in by_key and key not in chosen and other in chosen:
            header = phrases[chosen[other]]
            if any(_asks(header, words.plain(phrase)) for phrase in by_key[key].words):
                chosen[key] = chosen[other]
    return chosen
