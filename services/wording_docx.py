"""The paragraphs of a Word document, with the numbers that Word itself would print before them.

The file has been checked by services/wording_files.py; only what stands in the body is read, tables cell by cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from docx import Document
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph as WordParagraph

from services import cleaning
from services.errors import Invalid
from services.publishing import LONGEST_TEXT

# Far more than any agreement has. Every paragraph costs a search through the styles, every run a look of its own, so
# that a file within the limits is read in a second or two, whatever stands in it.
_MOST: tuple[tuple[str, int], ...] = (("w:p", 10_000), ("w:r", 50_000), ("w:tc", 10_000))
_MOST_STYLES, _MOST_LISTS = 1_500, 1_500
# Word's own lists have nine levels, its styles about as many ancestors; a number is a few signs.
_LEVELS, _ANCESTORS, _LONGEST_PATTERN, _HIGHEST_START = 9, 12, 40, 10_000
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True)
class Paragraph:
    """One paragraph. `number` is Word's automatic one ("6.4"); `level` is a heading's, else 0."""

    words: str
    number: str = ""
    is_bullet: bool = False
    level: int = 0


def paragraphs(file: IO[bytes]) -> Iterator[Paragraph]:
    """Every paragraph that has words. Raises Invalid for a file that is no document after all, or far too large."""
    try:
        document: Any = Document(file)
        _refuse_too_much(document)
        numbering = _Numbering(document)
        found = [(item, _words(item)) for item in _items(document)]
        read = [(words, item, numbering.of(item)) for item, words in found if words.strip()]
    except Invalid:
        raise
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


def _refuse_too_much(document: Any) -> None:
    """Counted before anything is looked at; counting ends where the limit is passed."""
    body = document.element.body
    too_many = any(_is_more(body.iter(qn(tag)), most) for tag, most in _MOST)
    if too_many or _is_more(document.styles.element.iter(qn("w:style")), _MOST_STYLES):
        raise Invalid("This Word document has far more parts than any agreement.", remedy="Save it as plain text.")


def _is_more(found: Iterator[Any], most: int) -> bool:
    return sum(1 for _ in islice(found, most + 1)) > most


def _items(document: Any) -> Iterator[Any]:
    """Paragraphs of the body, and those of tables where they stand; a merged cell once.

    Cells are taken as they stand in the file: how many columns one of them says it spans is of no interest here.
    """
    for item in document.iter_inner_content():
        if isinstance(item, WordParagraph):
            yield item
        elif isinstance(item, Table):
            cells = (cell for row in item._tbl.tr_lst for cell in row.tc_lst if cell.vMerge != "continue")
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
        self._styles: dict[str, tuple[int, int] | None] = {}
        self._levels: dict[int, dict[int, tuple[str, str, int]]] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        shapes = {each.get(qn("w:abstractNumId")): each for each in root.iter(qn("w:abstractNum"))}
        for num in islice(root.iter(qn("w:num")), _MOST_LISTS):
            shape = shapes.get(num.find(qn("w:abstractNumId")).get(qn("w:val")))
            levels = dict(map(_shape, islice(shape.iter(qn("w:lvl")), _LEVELS))) if shape is not None else {}
            for override in islice(num.iter(qn("w:lvlOverride")), _LEVELS):
                start, at = override.find(qn("w:startOverride")), int(override.get(qn("w:ilvl")))
                if start is not None and at in levels:
                    levels[at] = (*levels[at][:2], _start(start.get(qn("w:val"))))
            self._levels[int(num.get(qn("w:numId")))] = levels

    def of(self, item: Any) -> tuple[str, bool]:
        """The paragraph's number, and whether it is a bullet instead."""
        properties = _list_of(item._p.pPr) or self._of_style(item.style)
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

    def _of_style(self, style: Any) -> tuple[int, int] | None:
        """The list and level of a style, or of the next style above it that has one; looked for once.

        Styles can be based on each other in a ring: nobody has more ancestors than Word would let them.
        """
        if style is None:
            return None
        if style.style_id not in self._styles:
            found, above = None, style
            for _ in range(_ANCESTORS):
                if above is None or found is not None:
                    break
                found, above = _list_of(above.element.find(qn("w:pPr"))), above.base_style
            self._styles[style.style_id] = found
        return self._styles[style.style_id]


def _shape(level: Any) -> tuple[int, tuple[str, str, int]]:
    def value(name: str, usual: str) -> str:
        found = level.find(qn(name))
        return usual if found is None else str(found.get(qn("w:val")))

    return int(level.get(qn("w:ilvl"))), (
        value("w:numFmt", "decimal"),
        value("w:lvlText", "%1.")[:_LONGEST_PATTERN],
        _start(value("w:start", "1")),
    )


def _start(number: str) -> int:
    return min(int(number), _HIGHEST_START)


def _list_of(properties: Any) -> tuple[int, int] | None:
    """The list and level that these properties of a paragraph or a style name."""
    numbers = properties.find(qn("w:numPr")) if properties is not None else None
    if numbers is None or numbers.find(qn("w:numId")) is None:
        return None
    level = numbers.find(qn("w:ilvl"))
    at = int(level.get(qn("w:val"))) if level is not None else 0
    return int(numbers.find(qn("w:numId")).get(qn("w:val"))), at


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
