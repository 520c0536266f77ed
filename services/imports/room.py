"""How much room a workbook takes once the parser has laid it out, found before it does.

The parser makes of a sheet a full rectangle, and copies a shared text into every cell that names it: a file of 8 KB can
ask for more memory than a server has. Nearly every sheet is plainly small, which a search through its bytes tells; any
other is read element by element, as the parser reads it, and refused at the first sign.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import zip_longest
from xml.parsers import expat

from services.errors import Invalid

LARGEST_UNPACKED = 50 * 1024 * 1024
SAVE_AS = "Open it in the spreadsheet program, save it as “Excel workbook (.xlsx)”, and upload that."
# More than people may have, because spreadsheet programs also store rows and columns that are only formatted.
_MOST_STORED_ROWS = 20_000
_MOST_STORED_COLUMNS = 120

# White space and quotation marks as nearly all programs write them: then there is one way of writing to search for.
_STRAIGHT = bytes.maketrans(b"\t\n\r\v\f'", b'     "')
# Some programs forget to escape what XML forbids, and the parser of workbooks takes no offence at it within a text.
_FORBIDDEN = bytes({*range(32)} - {*b"\t\n\r"})
_LEGAL = bytes.maketrans(_FORBIDDEN, b"?" * len(_FORBIDDEN))
# A cell that does not begin with a place within row 19,999 and column CZ, or says more than most programs say.
_ODD_CELL = re.compile(rb'<c(?! r="[A-C]?[A-Z]1?\d{1,4}"(?: s="\d++")?+(?: t="\w++")?+ ?+/?+>)[ />]')
_PREFIXED_CELL = re.compile(rb":c[ />]")
_PLACE = re.compile(r"([A-Za-z]{0,9})(\d{1,99})")
_VALUE = re.compile(rb"<[\w:]+>(\d{1,99})")
_SHARED = tuple(re.compile(rb"%b[\s/>]" % name) for name in (b"<si", b":si"))
_LEAST_COPY = len('<c t="s"><v>0</v>')


def refuse_if_too_big(parts: Collection[bytes]) -> None:
    """Raise Invalid for a sheet with a cell too far down or to the right, and for too many copies of shared texts."""
    tables = [part for part in parts if any(begins.search(part) for begins in _SHARED)]
    longest = max(map(_longest, tables), default=0)
    for sheet in parts:
        if b"sheetData" not in sheet:  # a theme, too, has elements called c
            continue
        straight = sheet.translate(_STRAIGHT)
        if _ODD_CELL.search(straight) or _PREFIXED_CELL.search(straight):
            _Places(sheet).read()
        copies = len(sheet) // _LEAST_COPY
        if copies * longest > LARGEST_UNPACKED and straight.count(b'"s"') * longest > LARGEST_UNPACKED:
            _Copies(sheet, [_sizes(table) for table in tables], longest).read()


def too_big(happened: str) -> Invalid:
    return Invalid(happened, remedy="Delete what is not needed, or split it into several files.")


def damaged() -> Invalid:
    return Invalid("This workbook is damaged or protected by a password.", remedy=SAVE_AS)


class _Reading(ABC):
    """One part, read element by element."""

    def __init__(self, part: bytes) -> None:
        self.part = part
        self.parser = _parser()
        self.parser.StartElementHandler = self.begin
        self.parser.EndElementHandler = self.end

    def read(self) -> None:
        """Raises Invalid, also for what is no XML."""
        _parse(self.parser, self.part)

    @abstractmethod
    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    @abstractmethod
    def end(self, name: str) -> None:
        """An element ends."""


class _Places(_Reading):
    """Where each cell will be: where it says, or behind the one before it. A row begins when another one has ended."""

    def __init__(self, part: bytes) -> None:
        super().__init__(part)
        self.row = self.column = 1
        self.rows = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        name, place = _local(name), attributes.get("r")
        if name == "row":
            self.rows += 1
            self.row = self.row if place is None else _place(place)[1]
        elif name == "c":
            if place is not None:
                self.column, row = _place(place)
                self.row = max(self.row, row)
            if self.row > _MOST_STORED_ROWS:
                or_far = "" if self.rows > _MOST_STORED_ROWS else ", or something far below its last row"
                raise too_big(f"This workbook has more than 10,000 rows{or_far}.")
            if self.column > _MOST_STORED_COLUMNS:
                raise too_big("This workbook has more than 60 columns, or something far to the right of them.")
            self.column += 1

    def end(self, name: str) -> None:
        if _local(name) == "row":
            self.row, self.column = self.row + 1, 1


class _Table(_Reading):
    """The bytes between the beginning and the end of each shared text."""

    def __init__(self, part: bytes) -> None:
        super().__init__(part)
        self.sizes: list[int] = []
        self.begun: int | None = None

    def begin(self, name: str, _: dict[str, str]) -> None:
        if _local(name) == "si":
            if self.begun is not None:
                raise damaged()  # one within another
            self.begun = self.parser.CurrentByteIndex

    def end(self, name: str) -> None:
        if _local(name) == "si" and self.begun is not None:
            self.sizes.append(self.parser.CurrentByteIndex - self.begun)
            self.begun = None


class _Copies(_Reading):
    """How many bytes the copies make. Of several tables of shared texts, any could be the one that counts."""

    def __init__(self, sheet: bytes, tables: Sequence[Sequence[int]], longest: int) -> None:
        super().__init__(sheet)
        self.sizes = tuple(max(sizes) for sizes in zip_longest(*tables, fillvalue=0))
        self.longest = longest
        self.is_shared = False
        self.begun = 0
        self.total = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        name, self.begun = _local(name), self.parser.CurrentByteIndex
        if name == "c":
            self.is_shared = attributes.get("t") == "s"

    def end(self, name: str) -> None:
        if not self.is_shared or _local(name) != "v":
            return
        index = _VALUE.fullmatch(self.part, self.begun, self.parser.CurrentByteIndex)
        at = int(index[1]) if index else None  # written in a roundabout way it could be any
        self.total += self.longest if at is None else self.sizes[at] if at < len(self.sizes) else 0
        if self.total > LARGEST_UNPACKED:
            raise too_big("Unpacked, this workbook is larger than 50 MB.")


def _longest(table: bytes) -> int:
    """At least the bytes of the longest shared text. Raises Invalid for what is no XML."""
    _parse(_parser(), table)
    if b"<!" in table or table.count(b"<?") > 1:
        return len(table)  # a comment can hold what only looks like an end
    return max(map(len, table.split(b"</si>")))


def _sizes(table: bytes) -> list[int]:
    """The bytes of each shared text, in order. Raises Invalid."""
    reading = _Table(table)
    reading.read()
    return reading.sizes


def _parser() -> expat.XMLParserType:
    """For UTF-8 whatever a part says of itself: the parser of workbooks takes nothing else."""
    return expat.ParserCreate("utf-8")


def _parse(parser: expat.XMLParserType, part: bytes) -> None:
    try:
        parser.Parse(part.translate(_LEGAL), True)
    except expat.ExpatError as error:
        raise damaged() from error


@lru_cache(maxsize=64)
def _local(name: str) -> str:
    """Without its prefix; remembered, since a sheet says the same few names a hundred thousand times."""
    return name.rpartition(":")[2]


def _place(place: str) -> tuple[int, int]:
    """(column, row) of "B7"; column 0 of a row's own "7". Raises Invalid."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise damaged()
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return column, int(found[2])
