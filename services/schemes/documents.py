"""Reads a scheme's document, shipped or uploaded: Markdown with clauses under `## ID · Heading` lines.

The first `# ` heading is the title. Every later `# ` heading opens a section: one box of the reading bar.
Nothing of the text is lost in the parts: `opening` and the sections' texts, joined, are the text.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

_TITLE = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)
_CLAUSE = re.compile(r"^## (?P<id>\S+) · (?P<heading>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TemplateClause:
    """One numbered promise, with the section that it stands in."""

    id: str
    heading: str
    section: str
    text: str


@dataclass(frozen=True)
class TemplateSection:
    """What a reader sees and ticks in one go, with its headings."""

    title: str
    text: str


@dataclass(frozen=True)
class TemplateDocument:
    """A text in one language. `sha256` (hexadecimal) is the fingerprint of the exact text in UTF-8."""

    key: str
    kind: str
    language: str
    title: str
    text: str
    sha256: str
    opening: str
    sections: tuple[TemplateSection, ...]
    clauses: tuple[TemplateClause, ...]


def parse(text: str, *, kind: str, language: str, key: str | None = None) -> TemplateDocument:
    """Take a document apart. Line ends become `\\n` first, so that one text has one fingerprint everywhere.

    Raises ValueError, in a full sentence, when there is no title, or a clause ID stands there twice.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    titles = list(_TITLE.finditer(text))
    if not titles:
        raise ValueError("The text has no title. Begin it with a line such as: # Code of conduct")

    title = titles[0]["title"].strip()
    cuts = [heading.start() for heading in titles[1:]]
    opening, sections = _sections(text, title, cuts)
    clauses = tuple(clause for section in sections for clause in _clauses(section))
    _refuse_doubles([clause.id for clause in clauses])
    fingerprint = sha256(text.encode()).hexdigest()
    return TemplateDocument(key or kind, kind, language, title, text, fingerprint, opening, sections, clauses)


def _sections(text: str, title: str, cuts: list[int]) -> tuple[str, tuple[TemplateSection, ...]]:
    """The words before the first section, then the sections; clauses right after the title make one named like it."""
    clause = _CLAUSE.search(text)
    first = clause.start() if clause else (cuts[0] if cuts else 0)
    starts = cuts if cuts and cuts[0] <= first else [first, *cuts]
    parts = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    headings = [_TITLE.match(part) for part in parts]
    named = [heading["title"].strip() if heading else title for heading in headings]
    return text[: starts[0]], tuple(map(TemplateSection, named, parts))


def _clauses(section: TemplateSection) -> list[TemplateClause]:
    headings = list(_CLAUSE.finditer(section.text))
    ends = [*(heading.start() for heading in headings), len(section.text)][1:]
    return [
        TemplateClause(
            id=heading["id"],
            heading=heading["heading"].strip(),
            section=section.title,
            text=section.text[heading.end() : end].strip(),
        )
        for heading, end in zip(headings, ends, strict=False)
    ]


def _refuse_doubles(ids: list[str]) -> None:
    double = next((clause_id for at, clause_id in enumerate(ids) if clause_id in ids[:at]), None)
    if double is not None:
        raise ValueError(f"The clause {double} stands in the text twice. Give each clause a number of its own.")
