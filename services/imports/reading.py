"""An uploaded file becomes a sheet of text cells: judged by its content, never by its name; nothing is guessed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.errors import Invalid
from services.export import restore
from services.imports import delimited, workbook

LARGEST_FILE = 5 * 1024 * 1024
MOST_ROWS = 10_000
MOST_COLUMNS = 60
_MOST_BLANK_ROWS = 100_000
_LONGEST_HEADER = 300
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # also what a password makes of a new one
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


class SheetRow(NamedTuple):
    """`number` is the row as the spreadsheet program shows it; there are as many cells as headers."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing to correct in the file. `value` is the start of what the cell says, safe to show as plain text."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True)
class Sheet:
    """What the file holds, exactly: cells are untrimmed. A row that does not fit the headers is a problem instead."""

    headers: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    notices: tuple[str, ...]
    problems: tuple[Problem, ...]
    kind: Literal["csv", "xlsx"]
    encoding: str | None


def read(name: str, content: bytes) -> Sheet:
    """The sheet in an uploaded file. Raises Invalid when it cannot be read as a whole."""
    if not content:
        raise Invalid("This file is empty.", remedy="Export it again from the forms tool.")
    if len(content) > LARGEST_FILE:
        raise Invalid("This file is larger than 5 MB.", remedy="Split it into several files.")
    if content.startswith(_OLD_EXCEL):
        raise Invalid(
            "This is a workbook in an old format, or one protected by a password.",
            remedy="Save it as “Excel workbook (.xlsx)” without a password, and upload that.",
        )
    if content.startswith(b"PK"):
        records, notices = workbook.records(content)
        return _sheet(records, notices, "xlsx", None)
    text, encoding = delimited.decode(content)
    notices = ["Its name says workbook, but it is a text file (CSV)."] if name.lower().endswith(".xlsx") else []
    return _sheet(delimited.records(text), notices, "csv", encoding)


def excerpt(value: str, longest: int = 40) -> str:
    """The start of a cell on one line, with � where something cannot be shown."""
    shown = _HIDDEN.sub("\ufffd", " ".join(value[: longest * 4].split(" "))).strip()
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _sheet(
    records: Iterable[list[str]], notices: list[str], kind: Literal["csv", "xlsx"], encoding: str | None
) -> Sheet:
    filled, blank = _filled(records)
    if not filled:
        raise Invalid("This file has nothing in it.", remedy="Export it again from the forms tool.")
    (_, titles), *body = filled
    fitting, problems = _fitting(body, len(titles))
    width = _width(titles, fitting)
    headers, renamed = _headers(titles[:width])
    if blank:
        notices = [*notices, "1 blank row was skipped." if blank == 1 else f"{blank:,} blank rows were skipped."]
    rows = tuple(SheetRow(number, tuple(cells[:width])) for number, cells in fitting)
    return Sheet(headers, rows, (*notices, *renamed), tuple(problems), kind, encoding)


def _filled(records: Iterable[list[str]]) -> tuple[list[tuple[int, list[str]]], int]:
    """Rows with something in them and their numbers, and how many between and after the first had nothing."""
    filled: list[tuple[int, list[str]]] = []
    blank = 0
    for number, record in enumerate(records, start=1):
        if any(map(str.strip, record)):
            quoted = "'" in "".join(record)  # seldom, and quicker to see than cell by cell
            filled.append((number, [restore(cell) for cell in record] if quoted else record))
        elif filled:
            blank += 1
        if len(filled) > MOST_ROWS + 1 or number > _MOST_BLANK_ROWS:
            raise Invalid(f"This file has more than {MOST_ROWS:,} rows.", remedy="Split it into several files.")
    return filled, blank


def _fitting(body: list[tuple[int, list[str]]], width: int) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """The rows as wide as the header. Any other would, filled up or cut off, put answers under the wrong question."""
    fitting, problems = [], []
    for number, cells in body:
        kept = len(cells)
        while kept > width and not cells[kept - 1].strip():
            kept -= 1
        if kept == width:
            fitting.append((number, cells[:width]))
        else:
            cells_said = "1 cell" if kept == 1 else f"{kept} cells"
            message = f"This row has {cells_said}, but the first row names {width} columns."
            problems.append(Problem(number, "", excerpt(cells[0]), message))
    return fitting, problems


def _width(titles: list[str], fitting: list[tuple[int, list[str]]]) -> int:
    """The columns up to the last one with a header or an answer. Raises Invalid when there are too many."""
    width = len(titles)
    while not titles[width - 1].strip() and not any(cells[width - 1].strip() for _, cells in fitting):
        width -= 1
    if width > MOST_COLUMNS:
        raise Invalid(
            f"This file has {width} columns, and at most {MOST_COLUMNS} can be read.",
            remedy="Delete the columns that are not needed.",
        )
    return width


def _headers(titles: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Headers to choose from: on one line, none blank, no two the same; and a notice about each that was changed."""
    headers: list[str] = []
    notices: list[str] = []
    for number, title in enumerate(titles, start=1):
        wanted = (
            " ".join(_HIDDEN.sub(" ", unicodedata.normalize("NFC", title)).split())[:_LONGEST_HEADER]
            or f"(column {number})"
        )
        header, copies = wanted, 1
        while header in headers:
            copies += 1
            header = f"{wanted} ({copies})"
        if copies > 1:
            notices.append(
                f"Two columns are called “{excerpt(wanted)}”. The later one is shown as “{excerpt(header)}”."
            )
        headers.append(header)
    return tuple(headers), notices
