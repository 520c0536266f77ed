"""XLSX: everything that could hurt is looked for in the unpacked parts before the parser sees them.

The parser lays a sheet out as a full rectangle and copies a shared text into every cell that names it. A file of 5 KB
with one cell in the last corner would end the whole server (measured), so the corners and copies are counted first.
What the parser gets is packed anew from what was counted, so that both look at the same bytes.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import cast

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from services.errors import Invalid
from services.imports.glance import Glance, glance

LARGEST_UNPACKED = 50 * 1024 * 1024
_MOST_PARTS = 500
# More than people may have, because spreadsheet programs also store rows and columns that are only formatted.
_MOST_STORED_ROWS = 20_000
_MOST_STORED_COLUMNS = 120

_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
# A place that is not plainly within row 19,999 and column CZ: one look at the whole part finds whether there is any.
_FAR = re.compile(rb"""\sr\s*=\s*["'](?!(?:[A-C]?[A-Z])?1?\d{1,4}["'])""")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_SHARED_END = re.compile(rb"</(?:\w+:)?si\s*>")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>\s*(?:(\d+)|<!|&)")

_SAVE_AS = "Open it in the spreadsheet program, save it as “Excel workbook (.xlsx)”, and upload that."


def records(content: bytes) -> tuple[Iterator[list[str]], list[str]]:
    """The rows of the first visible sheet, from row 1, all cells as text; and what the coordinator should know.

    Raises Invalid for a workbook that is too big, damaged, of another format, or has merged cells.
    """
    parts = _parts(content)
    seen = {name: glance(part) for name, part in parts.items()}
    _refuse_if_too_big_inside(parts, seen)
    try:
        sheet, notices = _first_sheet(CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts))))
    except CalamineError as error:
        raise _damaged() from error
    if sheet.merged_cell_ranges:
        raise Invalid(
            "Some cells of this sheet are merged, so it is not clear which row they belong to.",
            remedy="Unmerge them in the spreadsheet program, then save and upload the file again.",
        )
    if any(seen[name].formulas and _FORMULA.search(part) for name, part in parts.items()):
        notices.append("Some cells hold formulas. What was read is the result that the workbook shows.")
    return (_texts(row) for row in sheet.to_python(skip_empty_area=False)), notices


def _parts(content: bytes) -> dict[str, bytes]:
    """Name → bytes of the parts that matter, after their number and unpacked size were found bearable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            listed = packed.infolist()
            _refuse_by_directory(listed)
            return {part.filename: packed.read(part) for part in listed if part.filename.endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise _damaged() from error


def _refuse_by_directory(listed: list[zipfile.ZipInfo]) -> None:
    names = {part.filename.casefold() for part in listed}
    if "xl/workbook.bin" in names or "mimetype" in names:
        raise Invalid("This is a spreadsheet, but not in the .xlsx format.", remedy=_SAVE_AS)
    if any(name.endswith("vbaproject.bin") for name in names):
        raise _has_macros()
    if "xl/workbook.xml" not in names:
        raise Invalid("This file is not a spreadsheet.", remedy="Choose a .csv or .xlsx file.")
    if len(listed) > _MOST_PARTS or sum(part.file_size for part in listed) > LARGEST_UNPACKED:
        raise _too_big("Unpacked, this workbook is larger than 50 MB.")
    plain = all(part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in listed)
    if len(names) < len(listed) or not plain or any(part.flag_bits & 1 for part in listed):
        raise _damaged()


def _refuse_if_too_big_inside(parts: dict[str, bytes], seen: Mapping[str, Glance]) -> None:
    if b"macroenabled" in parts.get("[Content_Types].xml", b"").lower():
        raise _has_macros()
    shared = [len(item) for name, part in parts.items() if seen[name].shared for item in _shared_texts(part)]
    for name, part in parts.items():
        if b"\0" in part[:64] or (seen[name].declared and (b"<!DOCTYPE" in part or b"<!ENTITY" in part)):
            raise _damaged()
        if b"sheetData" not in part:  # no sheet; a theme, too, has attributes called r
            continue
        _refuse_rectangle(part, seen[name])
        if _copied(part, seen[name].values, shared) > LARGEST_UNPACKED:
            raise _too_big("Unpacked, this workbook is larger than 50 MB.")


def _shared_texts(part: bytes) -> list[bytes]:
    """The part cut behind each shared text; [] when it has none."""
    if part.count(b"/si") == part.count(b"</si>") and b":si" not in part:
        found = part.split(b"</si>")  # as nearly all programs write it
    else:
        found = _SHARED_END.split(part)
    return found if len(found) > 1 else []


def _refuse_rectangle(part: bytes, seen: Glance) -> None:
    """Refuse a sheet with too many rows, or with a cell too far down or to the right, stopping at the first sign."""
    if seen.rows > _MOST_STORED_ROWS:
        for number, _ in enumerate(_ROW.finditer(part), start=1):
            if number > _MOST_STORED_ROWS:
                raise _too_big("This workbook has more than 10,000 rows.")
    if not (seen.far and _FAR.search(part)):
        return
    for place in _PLACE.finditer(part):
        if len(place[2]) > 7 or int(place[2]) > _MOST_STORED_ROWS:
            raise _too_big("This workbook has more than 10,000 rows, or something far below its last row.")
        if len(place[1]) > 3 or _column_number(place[1]) > _MOST_STORED_COLUMNS:
            raise _too_big("This workbook has more than 60 columns, or something far to the right of them.")


def _column_number(letters: bytes) -> int:
    """A is 1, AA is 27; a row's own number has no letters and is 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _copied(part: bytes, values: int, shared: list[int]) -> int:
    """How many bytes the shared texts of one sheet make once each cell has its own; 0 when that is bearable anyway.

    `values` are at least as many as the sheet has.
    """
    if not shared:
        return 0
    longest, count = max(shared), len(shared)
    if values * longest <= LARGEST_UNPACKED:  # even if every cell had the longest
        return 0
    total = 0
    for value in _VALUE.finditer(part):
        # A number written in a roundabout way could be any of them.
        index = int(value[1]) if value[1] and len(value[1]) < 10 else None
        total += longest if index is None else shared[index] if index < count else 0
    return total


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    return out.getvalue()


def _first_sheet(book: CalamineWorkbook) -> tuple[CalamineSheet, list[str]]:
    tables = [sheet for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    seen = [sheet.name for sheet in tables if sheet.visible is SheetVisibleEnum.Visible]
    hidden = [sheet.name for sheet in tables if sheet.name not in seen]
    if not seen:
        raise Invalid("This workbook has no sheet that can be seen.", remedy="Unhide the sheet with the people in it.")
    notices = [f"The hidden sheet “{name}” was left out." for name in hidden]
    notices += [f"Only the first sheet, “{seen[0]}”, was read; “{name}” was left out." for name in seen[1:]]
    return book.get_sheet_by_name(seen[0]), notices


def _texts(row: Sequence[object]) -> list[str]:
    if set(map(type, row)) == {str}:
        return cast("list[str]", row)
    return [cell if isinstance(cell, str) else _as_text(cell) for cell in row]


def _as_text(cell: object) -> str:
    """What a cell says that is no text: 4.0 is 4, a day is 2026-09-24."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)


def _has_macros() -> Invalid:
    return Invalid("This workbook contains macros (programs).", remedy=_SAVE_AS)


def _too_big(happened: str) -> Invalid:
    return Invalid(happened, remedy="Delete what is not needed, or split it into several files.")


def _damaged() -> Invalid:
    return Invalid("This workbook is damaged or protected by a password.", remedy=_SAVE_AS)
