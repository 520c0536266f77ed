"""Files as they come, whole or broken, and what is said about each."""

import csv
import io
import random
import zipfile
from collections.abc import Callable
from datetime import datetime

import pytest
import xlsxwriter

from services.errors import Invalid
from services.imports import reading
from services.imports.reading import Problem, Sheet, SheetRow
from tests.bad_inputs import DATA, BadInput, of_kind

PEOPLE = [
    ["姓名", "邮箱", "备注"],
    ["李明", "a@example.org", "一; 二, 三"],
    ["Zoë", "b@example.org", '说 "你好"\n再见'],
]
ROWS = (SheetRow(2, tuple(PEOPLE[1])), SheetRow(3, tuple(PEOPLE[2])))


def written(separator: str = ",", line_end: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=line_end).writerows(PEOPLE)
    return out.getvalue()


def workbook(fill: Callable[[xlsxwriter.Workbook], object]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    fill(book)
    book.close()
    return out.getvalue()


def one_sheet(rows: list[list[str]]) -> Callable[[xlsxwriter.Workbook], object]:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return fill


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, part)
    return out.getvalue()


def sheet_xml(rows: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData>{rows}</sheetData></worksheet>'.encode()


SMALL = workbook(one_sheet(PEOPLE))
SHEET = "xl/worksheets/sheet1.xml"


def refusal(content: bytes, name: str = "people.csv") -> str:
    with pytest.raises(Invalid) as refused:
        reading.read(name, content)
    return refused.value.happened


@pytest.mark.parametrize(
    ("name", "columns", "rows", "last_row", "notices", "encoding"),
    [
        ("aulp-enrolments-forms.csv", 13, 64, 69, ("4 blank rows were skipped.",), "utf-8-sig"),
        ("unnc-mentees-forms.xlsx", 17, 63, 66, ("2 blank rows were skipped.",), None),
        ("unnc-mentors-forms.xlsx", 18, 44, 45, (), None),
    ],
)
def test_a_forms_tools_export_is_read_whole(
    name: str, columns: int, rows: int, last_row: int, notices: tuple[str, ...], encoding: str | None
) -> None:
    sheet = reading.read(name, (DATA / name).read_bytes())

    assert (len(sheet.headers), len(sheet.rows), sheet.rows[-1].number) == (columns, rows, last_row)
    assert (sheet.notices, sheet.problems, sheet.encoding) == (notices, (), encoding)
    assert {len(row.cells) for row in sheet.rows} == {columns}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("codec", "bom", "encoding"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("gb18030", b"", "gb18030"),
    ],
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_every_alphabet_and_separator_gives_the_same_cells(
    separator: str, codec: str, bom: bytes, encoding: str, line_end: str
) -> None:
    content = bom + written(separator, line_end).encode(codec)

    assert reading.read("people.csv", content) == Sheet(tuple(PEOPLE[0]), ROWS, (), (), "csv", encoding)


def test_a_workbook_gives_the_same_cells() -> None:
    assert reading.read("people.xlsx", SMALL) == Sheet(tuple(PEOPLE[0]), ROWS, (), (), "xlsx", None)


def test_the_line_that_names_the_separator_is_no_header() -> None:
    sheet = reading.read("people.csv", b"sep=;\r\nname;email\r\nA, B;a@example.org\r\n")

    assert (sheet.headers, sheet.rows) == (("name", "email"), (SheetRow(2, ("A, B", "a@example.org")),))


READ_OR_REFUSED: dict[str, tuple[tuple[str, ...], ...] | str] = {
    "B163": (("李明", "a@example.org"),),
    "B164": (("Zoë", "a@example.org"),),
    "B165": (("Zoë", "a@example.org"),),
    "B166": (("李明", "a@example.org"),),
    "B167": (("Smith, Jr.", "a@example.org"), ("Two\nlines", "b@example.org")),
    "B168": (("NA", "na@example.org", "07700900123"), ("None", "none@example.org", "+447700900124")),
    "B169": "This file is empty.",
    "B170": (("A",),),
    "B171": (),
    "B172": (("A", "B"),),
    "B173": "Row 2 has a quotation mark that is never closed, or a cell that is far too long.",
    "B174": "We cannot tell in which alphabet (encoding) this file was saved.",
    "B175": (("A\0", "a@example.org"),),
    "B176": (("A", "a@example.org"), ("A", "a@example.org"), ("B", "A@EXAMPLE.ORG")),
    "B177": "This file has more than 10,000 rows.",
    "B178": "This workbook has more than 10,000 rows.",
}


@pytest.mark.parametrize("item", of_kind("csv_file"))
def test_a_nasty_file_is_read_exactly_or_refused(item: BadInput) -> None:
    expected = READ_OR_REFUSED[item.id]

    if isinstance(expected, str):
        assert refusal(item.value) == expected
    else:
        assert tuple(row.cells for row in reading.read("people.csv", item.value).rows) == expected


def test_a_row_of_another_width_is_a_problem_and_shifts_nothing() -> None:
    sheet = reading.read("people.csv", b"name,email,note\nA,a@example.org,x,y\nB\nC,c@example.org,z,,\n")

    assert sheet.rows == (SheetRow(4, ("C", "c@example.org", "z")),)
    assert sheet.problems == (
        Problem(2, "", "A", "This row has 4 cells, but the first row names 3 columns."),
        Problem(3, "", "B", "This row has 1 cell, but the first row names 3 columns."),
    )


def test_row_numbers_are_those_of_the_spreadsheet_program() -> None:
    sheet = reading.read("people.csv", b'\nname,email\n"A\nB",a@example.org\n\n,\nC,c@example.org\n')

    assert [row.number for row in sheet.rows] == [3, 6]
    assert sheet.notices == ("2 blank rows were skipped.",)


def test_headers_are_made_fit_to_choose_from() -> None:
    sheet = reading.read("people.csv", b'\xef\xbb\xbf Name \xe2\x80\x8b,Name,,"a\nb",,\nA,B,C,D,,\n')

    assert sheet.headers == ("Name", "Name (2)", "(column 3)", "a b")
    assert sheet.rows == (SheetRow(2, ("A", "B", "C", "D")),)
    assert sheet.notices == ("Two columns are called “Name”. The later one is shown as “Name (2)”.",)


@pytest.mark.parametrize("people", ["Müller,a@example.org\n", "Müller,a@example.org\nJosé García,b@example.org\n"])
def test_accented_european_letters_are_not_read_as_chinese(people: str) -> None:
    content = f"name,email\n{people}".encode("cp1252")

    assert refusal(content) == "We cannot tell in which alphabet (encoding) this file was saved."


@pytest.mark.parametrize(
    ("content", "happened"),
    [
        (b"\n\n,,\n", "This file has nothing in it."),
        (b"x" * (5 * 1024 * 1024 + 1), "This file is larger than 5 MB."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This is a workbook in an old format, or one protected by a password."),
        (b"%PDF-1.7 " + bytes(range(1, 30)), "This file is not a spreadsheet."),
        (b"\x01\x02\x03\x04 some program", "This file is not a spreadsheet."),
        (b"<!DOCTYPE html><table><tr><td>A", "This file is a web page, not a spreadsheet."),
        (b"PK\x03\x04 and nothing else", "This workbook is damaged or protected by a password."),
        (SMALL[:-40], "This workbook is damaged or protected by a password."),
        (b",".join([b"x"] * 61), "This file has 61 columns, and at most 60 can be read."),
        (b"a,b\n" + b"\n" * 100_000 + b"x,y\n", "This file has more than 10,000 rows."),
        (b"\xff\xfea", "We cannot tell in which alphabet (encoding) this file was saved."),
        (b'a,b\n"' + b"x" * 140_000 + b'",y\n', reading_row := "Row 2 has a quotation mark that is never closed, "
         "or a cell that is far too long."),
        (b'a,b\n"x"y,z\n', reading_row),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(content: bytes, happened: str) -> None:
    assert refusal(content) == happened


def test_content_decides_and_the_name_is_only_remarked_on() -> None:
    sheet = reading.read("people.xlsx", b"name,email\nA,a@example.org\n")

    assert (sheet.kind, sheet.notices) == ("csv", ("Its name says workbook, but it is a text file (CSV).",))


def test_cells_of_every_type_become_plain_text() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c", "d", "e", "f", "g"])
        sheet.write_row(1, 0, [4, 2.5, 8613800138000, True])
        sheet.write_datetime(1, 4, datetime(2026, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        moment = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a cell has no zone
        sheet.write_datetime(1, 5, moment, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        sheet.write_formula(1, 6, '="x"&"y"', None, "xy")

    sheet = reading.read("people.xlsx", workbook(fill))

    assert sheet.rows == (
        SheetRow(2, ("4", "2.5", "8613800138000", "TRUE", "2026-01-02", "2026-01-02 03:04:05", "xy")),
    )
    assert sheet.notices == ("Some cells hold formulas. What was read is the result that the workbook shows.",)


def test_what_a_diagram_is_drawn_from_is_no_formula_of_a_cell() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["name", "A"])
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Sheet1!$A$2:$A$2"})
        sheet.insert_chart("C1", chart)

    assert reading.read("people.xlsx", workbook(fill)).notices == ()


def test_hidden_and_further_sheets_are_left_out_and_named() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("Secret").hide()
        seen = book.add_worksheet("People")
        seen.write_row(0, 0, ["name"])
        seen.write_row(1, 0, ["A"])
        book.add_worksheet("Old")
        seen.activate()
        seen.set_first_sheet()

    sheet = reading.read("people.xlsx", workbook(fill))

    assert sheet.rows == (SheetRow(2, ("A",)),)
    assert sheet.notices == (
        "The hidden sheet “Secret” was left out.",
        "Only the first sheet, “People”, was read; “Old” was left out.",
    )


def test_a_workbook_with_nothing_to_see_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(SMALL)) as packed:
        book = packed.read("xl/workbook.xml").replace(b'sheetId="1"', b'sheetId="1" state="hidden"')

    assert refusal(with_part(SMALL, "xl/workbook.xml", book)) == "This workbook has no sheet that can be seen."


def test_merged_cells_are_refused() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["name", "email"])
        sheet.merge_range(1, 0, 2, 0, "A")

    assert refusal(workbook(fill)) == (
        "Some cells of this sheet are merged, so it is not clear which row they belong to."
    )


CONTENT_TYPES = "[Content_Types].xml"


@pytest.mark.parametrize(
    ("content", "happened"),
    [
        (with_part(SMALL, "xl/vbaProject.bin", b"x"), "This workbook contains macros (programs)."),
        (with_part(SMALL, CONTENT_TYPES, b"<x>macroEnabled</x>"), "This workbook contains macros (programs)."),
        (with_part(SMALL, "xl/workbook.bin", b"x"), "This is a spreadsheet, but not in the .xlsx format."),
        (with_part(SMALL, "mimetype", b"x"), "This is a spreadsheet, but not in the .xlsx format."),
        (with_part(SMALL, SHEET, b"<worksheet"), "This workbook is damaged or protected by a password."),
        (with_part(SMALL, SHEET, b"<!DOCTYPE x>"), "This workbook is damaged or protected by a password."),
        (
            with_part(SMALL, SHEET, sheet_xml("<row r='1'/>").decode().encode("utf-16")),
            "This workbook is damaged or protected by a password.",
        ),
    ],
)
def test_a_workbook_of_another_kind_is_refused_by_its_content(content: bytes, happened: str) -> None:
    assert refusal(content, "people.xlsx") == happened


def test_an_archive_of_something_else_is_no_spreadsheet() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("holiday.txt", "x")

    assert refusal(out.getvalue()) == "This file is not a spreadsheet."


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "a1048576", "A99999999999"])
def test_a_cell_in_the_last_corner_does_not_end_the_server(cell: str) -> None:
    far = sheet_xml(f'<row r="1"><c r="A1"><v>1</v></c></row><row><c r="{cell}"><v>1</v></c></row>')

    assert refusal(with_part(SMALL, SHEET, far)) == (
        "This workbook has more than 10,000 rows, or something far below its last row."
    )


def test_a_cell_far_to_the_right_is_refused() -> None:
    far = sheet_xml("<row r='1'><c r='XFD1'><v>1</v></c></row>")

    assert refusal(with_part(SMALL, SHEET, far)) == (
        "This workbook has more than 60 columns, or something far to the right of them."
    )


@pytest.mark.parametrize("index", ["0", "<!-- -->0", "&#48;"])
def test_one_long_text_in_many_cells_is_refused_before_it_is_copied(index: str) -> None:
    row = f'<c t="s"><v>{index}</v></c>' * 10
    shared = f"<sst><si><t>{'A' * 30_000}</t></si></sst>".encode()
    content = with_part(SMALL, SHEET, sheet_xml(f"<row>{row}</row>" * 3_000))

    assert refusal(with_part(content, "xl/sharedStrings.xml", shared)) == (
        "Unpacked, this workbook is larger than 50 MB."
    )


def test_what_is_large_unpacked_or_in_many_parts_is_refused_unread() -> None:
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
        for number in range(500):
            archive.writestr(f"xl/{number}.xml", "x")
    large = with_part(SMALL, "xl/media.xml", b" " * (51 * 1024 * 1024))

    assert refusal(many.getvalue()) == "Unpacked, this workbook is larger than 50 MB."
    assert refusal(large) == "Unpacked, this workbook is larger than 50 MB."


def test_a_damaged_workbook_is_always_refused_and_never_crashes() -> None:
    chance = random.Random(7)

    for _ in range(150):
        broken = bytearray(SMALL)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            reading.read("people.xlsx", bytes(broken))
        except Invalid:
            continue


def test_a_damaged_part_is_always_refused_and_never_crashes() -> None:
    chance = random.Random(11)
    with zipfile.ZipFile(io.BytesIO(SMALL)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}

    for name, part in list(parts.items()) * 12:
        broken = bytearray(part)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            reading.read("people.xlsx", with_part(SMALL, name, bytes(broken)))
        except Invalid:
            continue


def test_an_excerpt_fits_on_one_line() -> None:
    assert reading.excerpt("a\nb\0c") == "a\ufffdb\ufffdc"
    assert reading.excerpt("x" * 50) == "x" * 39 + "…"
