"""The paragraphs of a Word document, with the numbers that Word itself would print before them.

The file has been checked by services/wording_files.py; only what stands in the body is read, tables cell by cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from docx import Document
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph as WordParagraph

from services import cleaning
from services.errors import Invalid
from services.publishing import LONGEST_TEXT

_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True)
class Paragraph:
    """One paragraph. `number` is Word's automatic one ("6.4"); `level` is a heading's, else 0."""

    words: str
    number: str = ""
    is_bullet: bool = False
    level: int = 0


def paragraphs(file: IO[bytes]) -> Iterator[Paragraph]:
    """Every paragraph that has words. Raises Invalid for a file that is no document after all."""
    try:
        document: Any = Document(file)
        numbering = _Numbering(document)
        found = [(item, _words(item)) for item in _items(document)]
        read = [(words, item, numbering.of(item)) for item, words in found if words.strip()]
    except Exception as fault:  # the parser's own errors are of many kinds
        raise Invalid(
            "This Word document cannot be read.", remedy="Open it in Word, save it once more, or save it as plain text."
        ) from fault
    if sum(len(words) for words, *_ in read) > LONGEST_TEXT:
        raise Invalid(f"The text has more than {LONGEST_TEXT:,} characters.", remedy="Bring it in several parts.")
    for words, item, (number, is_bullet) in read:
        text = cleaning.text(words, field="The text", longest=LONGEST_TEXT)
        if text:
            yield Paragraph(text, number, is_bullet, _level(item))


def _items(document: Any) -> Iterator[Any]:
    """Paragraphs of the body, and those of tables where they stand; a merged cell once."""
    for item in document.iter_inner_content():
        if isinstance(item, WordParagraph):
            yield item
        elif isinstance(item, Table):
            cells = dict.fromkeys(cell._tc for row in item.rows for cell in row.cells)
            yield from (WordParagraph(each, item) for cell in cells for each in cell.p_lst)


def _words(item: Any) -> str:
    """The words; bold ones at the beginning, which name a point, keep their stars."""
    lead, rest = "", ""
    for run in item.runs:
        if not rest and run.bold and run.text.strip():
            lead += run.text
        else:
            rest += run.text
    words = str(item.text)
    if lead and rest.strip() and words == lead + rest and not _level(item):
        return f"**{lead.strip()}**{' ' if lead.endswith(' ') else ''}{rest}"
    return words


def _level(item: Any) -> int:
    name = str(item.style.name) if item.style is not None else ""
    if name == "Title":
        return 1
    return int(name[-1]) if name.startswith("Heading ") and name[-1].isdigit() else 0


class _Numbering:
    """Counts automatic numbers as Word does: each list has a counter for each of its levels."""

    def __init__(self, document: Any) -> None:
        self._counters: dict[int, dict[int, int]] = {}
        self._levels: dict[int, dict[int, tuple[str, str, int]]] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        shapes = {each.get(qn("w:abstractNumId")): each for each in root.iter(qn("w:abstractNum"))}
        for num in root.iter(qn("w:num")):
            shape = shapes.get(num.find(qn("w:abstractNumId")).get(qn("w:val")))
            levels = dict(map(_shape, shape.iter(qn("w:lvl")))) if shape is not None else {}
            for override in num.iter(qn("w:lvlOverride")):
                start, at = override.find(qn("w:startOverride")), int(override.get(qn("w:ilvl")))
                if start is not None and at in levels:
                    levels[at] = (*levels[at][:2], int(start.get(qn("w:val"))))
            self._levels[int(num.get(qn("w:numId")))] = levels

    def of(self, item: Any) -> tuple[str, bool]:
        """The paragraph's number, and whether it is a bullet instead."""
        properties = _properties(item)
        if properties is None:
            return "", False
        num_id, at = properties
        levels = self._levels.get(num_id, {})
        if at not in levels:
            return "", False
        kind, pattern, start = levels[at]
        if kind in {"bullet", "none"}:
            return "", kind == "bullet"
        counters = self._counters.setdefault(num_id, {})
        counters[at] = counters.get(at, start - 1) + 1
        for deeper in [level for level in counters if level > at]:
            del counters[deeper]
        number = pattern
        for level, (form, _, first) in levels.items():
            number = number.replace(f"%{level + 1}", _written(counters.get(level, first), form))
        return number, False


def _shape(level: Any) -> tuple[int, tuple[str, str, int]]:
    def value(name: str, usual: str) -> str:
        found = level.find(qn(name))
        return usual if found is None else str(found.get(qn("w:val")))

    return int(level.get(qn("w:ilvl"))), (
        value("w:numFmt", "decimal"),
        value("w:lvlText", "%1."),
        int(value("w:start", "1")),
    )


def _properties(item: Any) -> tuple[int, int] | None:
    """The paragraph's list and level: its own, or those of its style."""
    style = item.style
    candidates = [item._p.pPr]
    while style is not None:
        candidates.append(style.element.find(qn("w:pPr")))
        style = style.base_style
    for found in candidates:
        numbers = found.find(qn("w:numPr")) if found is not None else None
        if numbers is not None and numbers.find(qn("w:numId")) is not None:
            level = numbers.find(qn("w:ilvl"))
            at = int(level.get(qn("w:val"))) if level is not None else 0
            return int(numbers.find(qn("w:numId")).get(qn("w:val"))), at
    return None


def _written(number: int, form: str) -> str:
    if form in {"lowerLetter", "upperLetter"} and 1 <= number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in {"lowerRoman", "upperRoman"} and 1 <= number < 40:
        roman, rest = "", number
        for worth, sign in _ROMAN:
            roman += sign * (rest // worth)
            rest %= worth
        return roman if form == "lowerRoman" else roman.upper()
    return str(number)
