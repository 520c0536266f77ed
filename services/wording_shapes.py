"""What a line of a file is: a title, a section, a clause, or a part of what stands before it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from models.agreements import DocumentKind
from services.wording_files import Line

LONGEST_TITLE = 100
_FIRST_WORDS = 60
# "6", "6.4", "6.4.", "6.4 (b)", "(b)": all that some official wordings have for a heading.
_NUMBER_ALONE = re.compile(r"(\d+(\.\d+)*[.)]?)?\s?(\(?[a-z]\))?")
_ENDS = tuple(".;:,!?。；：，！？")
_LEAD = re.compile(r"\*\*(?P<bold>[^*]{1,200})\*\*\s*[—–:.-]*\s*(?P<rest>.+)", re.DOTALL)


class Part(StrEnum):
    """What a line of the file is."""

    TITLE = "title"
    SECTION = "section"
    CLAUSE = "clause"
    JOINS = "joins"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Piece:
    """One line of the file and what it was taken for. `id` and `heading` are a clause's, `kind` a title's."""

    line: Line
    part: Part
    id: str = ""
    heading: str = ""
    kind: DocumentKind | None = None


def one_heading(words: str) -> str:
    """The words on one line."""
    return " ".join(words.split())


def is_heading(line: Line) -> bool:
    """Whether it is short, on one line, and no sentence, or was marked as a heading in the file."""
    words = line.words
    if line.is_bullet or "\n" in words or len(words) > LONGEST_TITLE:
        return False
    return bool(line.level) or not words.endswith(_ENDS)


def shaped(lines: Sequence[Line]) -> list[Piece]:
    """Sections, clauses and what belongs to them, still without IDs."""
    if any("." in line.number for line in lines):
        return [_by_depth(line) for line in lines]
    if any(line.number.isdigit() for line in lines):
        return [_by_number(line) for line in lines]
    if any(line.is_bullet for line in lines):
        return [_as_point(line) for line in lines]
    return [_as_paragraph(line) for line in lines]


def _by_depth(line: Line) -> Piece:
    """Numbers such as 6.4 are clauses, those such as 6 their sections."""
    if "." in line.number:
        return as_clause(line)
    if (line.number.isdigit() or line.level) and is_heading(line):
        return Piece(line, Part.SECTION)
    return Piece(line, Part.JOINS)


def _by_number(line: Line) -> Piece:
    if line.number.isdigit():
        return as_clause(line)
    return Piece(line, Part.SECTION if is_heading(line) and not line.number else Part.JOINS)


def _as_point(line: Line) -> Piece:
    if line.is_bullet:
        return as_clause(line)
    return Piece(line, Part.SECTION if is_heading(line) else Part.JOINS)


def _as_paragraph(line: Line) -> Piece:
    return Piece(line, Part.SECTION) if is_heading(line) else as_clause(line)


def as_clause(line: Line) -> Piece:
    """A clause with a heading: the bold words that it begins with, else its number, else its first words."""
    if found := _LEAD.fullmatch(line.words):
        return Piece(replace(line, words=found["rest"]), Part.CLAUSE, heading=found["bold"].strip(" .:"))
    return Piece(line, Part.CLAUSE, heading=line.number or first_words(line.words))


def name_of(heading: str, text: str) -> str:
    """What a clause is called where its words do not stand below: its heading, after a mere number how it begins."""
    if _NUMBER_ALONE.fullmatch(heading.strip()):
        return f"{heading} {first_words(text.lstrip('-*#> '))}".strip()
    return heading


def first_words(words: str) -> str:
    """What a clause without number or name is called: how it begins."""
    flat = one_heading(words)
    if len(flat) <= _FIRST_WORDS:
        return flat
    cut = flat[:_FIRST_WORDS]
    return f"{cut.rpartition(' ')[0] or cut}…"
