"""XLSX: everything that could hurt is looked for in the unpacked parts before the parser sees them.

What the parser gets is packed anew from what was measured (`room`), so that both look at the same bytes.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import cast

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from services.errors import Invalid
from services.imports import room
from services.imports.room import LARGEST_UNPACKED, SAVE_AS, damaged, too_big

_MOST_PARTS = 500
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_FORMULA_PERHAPS = tuple(re.compile(rb"%b[\s/>]" % name) for name in (b"<f", b":f"))


def records(content: bytes) -> tuple[Iterator[list[str]], list[str]]:
    """The rows of the first visible sheet, from row 1, all cells as text; and what the coordinator should know.

    Raises Invalid for a workbook that is too big, damaged, of another format, or has merged cells.
    """
    parts = _parts(content)
    _refuse_if_too_big_inside(parts)
    try:
        sheet, notices = _first_sheet(CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts))))
    except CalamineError as error:
        raise damaged() from error
    if sheet.merged_cell_ranges:
        raise Invalid(
            "Some cells of this sheet are merged, so it is not clear which row they belong to.",
            remedy="Unmerge them in the spreadsheet program, then save and upload the file again.",
        )
    if any(_has_formulas(part) for part in parts.values()):
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
        raise damaged() from error


def _refuse_by_directory(listed: list[zipfile.ZipInfo]) -> None:
    names = {part.filename.casefold() for part in listed}
    if "xl/workbook.bin" in names or "mimetype" in names:
        raise Invalid("This is a spreadsheet, but not in the .xlsx format.", remedy=SAVE_AS)
    if any(name.endswith("vbaproject.bin") for name in names):
        raise _has_macros()
    if "xl/workbook.xml" not in names:
        raise Invalid("This file is not a spreadsheet.", remedy="Choose a .csv or .xlsx file.")
    if len(listed) > _MOST_PARTS or sum(part.file_size for part in listed) > LARGEST_UNPACKED:
        raise too_big("Unpacked, this workbook is larger than 50 MB.")
    plain = all(part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in listed)
    if len(names) < len(listed) or not plain or any(part.flag_bits & 1 for part in listed):
        raise damaged()


def _refuse_if_too_big_inside(parts: dict[str, bytes]) -> None:
    if b"macroenabled" in parts.get("[Content_Types].xml", b"").lower():
        raise _has_macros()
    if any(b"\0" in part[:64] or b"<!DOCTYPE" in part for part in parts.values()):
        raise damaged()
    room.refuse_if_too_big(parts.values())


def _has_formulas(part: bytes) -> bool:
    """Whether a cell has one: a diagram's are no matter."""
    perhaps = b"sheetData" in part and any(begins.search(part) for begins in _FORMULA_PERHAPS)
    return perhaps and _FORMULA.search(part) is not None


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
    return Invalid("This workbook contains macros (programs).", remedy=SAVE_AS)
