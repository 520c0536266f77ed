"""What changed between two versions of a text: clause by clause, and in a clause word by word.

A clause is known by its ID. Its old and new place do not matter; its heading and its words do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from sqlmodel import Session

from services import texts
from services.access import Actor
from services.schemes.documents import TemplateDocument

_WRAP = re.compile(r"(?<!\n)\n(?!\n|\s*(?:[-*]|\d+\.)\s)")
# A word with the blanks behind it; in scripts without blanks between words, one character is a word.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]\s*|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+\s*|\s+"
)
# Past this many different words in the middle of one clause, comparing them one by one would take too long.
_MOST_WORDS = 800
# With less of its words in common than this, a clause was written anew: shreds of both would help nobody.
_LEAST_IN_COMMON = 0.5


class Change(StrEnum):
    """What became of a clause, or of some words."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Words:
    """Some words in a row, and whether they are the same, added or removed."""

    change: Change
    text: str


@dataclass(frozen=True)
class ClauseChange:
    """One clause. `heading` and `words` hold both versions, in the order in which they are read."""

    id: str
    change: Change
    heading: tuple[Words, ...]
    words: tuple[Words, ...]


@dataclass(frozen=True)
class Differences:
    """Clauses that are not the same, in the new text's order with the removed ones where they stood; how many are.

    `around` are the words outside all clauses: title, introductions and headings of sections.
    """

    changed: tuple[ClauseChange, ...]
    same: int
    around: tuple[Words, ...]

    @property
    def is_empty(self) -> bool:
        return not self.changed and not self.around


def between(session: Session, actor: Actor, old_id: UUID, new_id: UUID) -> Differences:
    """What changed from one published version to another that the actor may read. Raises NotAllowed."""
    old, new = (texts.readable(session, actor, document_id) for document_id in (old_id, new_id))
    return compare(texts.parsed(old), texts.parsed(new))


def compare(old: TemplateDocument, new: TemplateDocument) -> Differences:
    """The same of two texts in hand. They are compared once: a screen asks at every run."""
    return _compare(old, new)


@lru_cache(maxsize=16)  # a scheme's own texts, no person's
def _compare(old: TemplateDocument, new: TemplateDocument) -> Differences:
    before = {clause.id: (clause.heading, _unwrapped(clause.text)) for clause in old.clauses}
    after = {clause.id: (clause.heading, _unwrapped(clause.text)) for clause in new.clauses}
    found = [_clause(key, before.get(key), after.get(key)) for key in _merged(list(before), list(after))]
    changed = tuple(each for each in found if each.change is not Change.SAME)
    around = tuple(word_by_word(_around(old), _around(new)))
    is_same = all(words.change is Change.SAME for words in around)
    return Differences(changed, len(found) - len(changed), () if is_same else around)


def word_by_word(old: str, new: str) -> Iterator[Words]:
    """Both texts in one, removed words before the added ones that stand in their place."""
    before, after = _split(old), _split(new)
    first = _alike(before, after)
    last = _alike(before[first:][::-1], after[first:][::-1])
    if same := "".join(after[:first]):
        yield Words(Change.SAME, same)
    yield from _compared(before[first : len(before) - last], after[first : len(after) - last])
    if same := "".join(after[len(after) - last :]):
        yield Words(Change.SAME, same)


def _compared(before: list[str], after: list[str]) -> Iterator[Words]:
    """The middle, which begins and ends differently. A very long one, or one written anew, is all old, then all new."""
    matcher = SequenceMatcher(None, [word.strip() for word in before], [word.strip() for word in after], autojunk=False)
    steps = [("replace", 0, len(before), 0, len(after))]
    if max(len(before), len(after)) <= _MOST_WORDS and matcher.ratio() > _LEAST_IN_COMMON:
        steps = list(matcher.get_opcodes())
    for tag, a, b, c, d in steps:
        if tag == "equal":
            yield Words(Change.SAME, "".join(after[c:d]))
            continue
        if removed := "".join(before[a:b]):
            yield Words(Change.REMOVED, removed)
        if added := "".join(after[c:d]):
            yield Words(Change.ADDED, added)


def _alike(before: list[str], after: list[str]) -> int:
    """How many words two lists have in common from their beginning. Blanks do not make a word another one."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (old, new) in pairs if old.strip() != new.strip()), min(len(before), len(after)))


def _split(text: str) -> list[str]:
    return _WORD.findall(text)


def _clause(key: str, old: tuple[str, str] | None, new: tuple[str, str] | None) -> ClauseChange:
    was, now = old or ("", ""), new or ("", "")
    if old == new:
        return ClauseChange(key, Change.SAME, (Words(Change.SAME, now[0]),), ())
    change = Change.ADDED if old is None else Change.REMOVED if new is None else Change.CHANGED
    return ClauseChange(key, change, tuple(word_by_word(was[0], now[0])), tuple(word_by_word(was[1], now[1])))


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The new order, with each removed clause behind the one that it followed."""
    keys, place = list(new), 0
    known = set(new)
    for key in old:
        if key in known:
            place = keys.index(key) + 1
        else:
            keys.insert(place, key)
            place += 1
    return keys


def _unwrapped(text: str) -> str:
    """Where a line of a paragraph ends means nothing; where a point or a paragraph begins does."""
    return _WRAP.sub(" ", text)


def _around(document: TemplateDocument) -> str:
    """Everything that stands in no clause."""
    introductions = (f"{section.title}\n\n{section.introduction}" for section in texts.sections(document))
    return "\n\n".join(
        _unwrapped(part.strip()) for part in (document.opening.lstrip("# "), *introductions) if part.strip()
    )
