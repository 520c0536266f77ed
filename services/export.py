"""Tables out of the app, as CSV or XLSX, that no spreadsheet program can be made to execute.

Text that would start a formula gets an apostrophe in front; `restore` takes away exactly that one, so that a file which
leaves and comes back holds the same text. Pure: who may export what is decided by the service that calls.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import xlsxwriter

Cell = str | int | float | date | None

# Apostrophes in front count too: without that, "'=1" and "=1" would leave as one text and could not come back as two.
# Blanks in front count because some programs trim them before they look.
_FORMULA = re.compile("'*[\\s\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")
_LONGEST_XLSX_CELL = 32_767


def csv_bytes(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with BOM (or Excel would show 李明 as noise), every cell quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow([neutralise(header) for header in headers])
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_bytes(
    headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, about: Mapping[str, str | datetime] | None = None
) -> bytes:
    """One sheet in which every cell is a string: a telephone keeps its zeros, and nothing is calculated.

    `about` are the workbook's own properties, such as its author.

    The apostrophes are there too, for the day somebody saves the workbook as CSV.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties(dict(about or {}))
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, header in enumerate(headers):
        _write(sheet, 0, column, neutralise(header), bold)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _write(sheet, number, column, _as_text(cell))
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


def neutralise(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet program would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def restore(text: str) -> str:
    """Undo `neutralise`, and nothing else: 'Ndrangheta and O'Brien keep their apostrophes."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _as_text(cell: Cell) -> str:
    """Only text is ever user text; a negative number may begin with its minus."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return neutralise(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _write(sheet: "xlsxwriter.worksheet.Worksheet", row: int, column: int, text: str, *styles: object) -> None:
    # The writer would leave out a longer cell without a word.
    if len(text) > _LONGEST_XLSX_CELL:
        raise ValueError(f"A cell of {len(text):,} characters does not fit into a workbook.")
    sheet.write_string(row, column, text, *styles)
