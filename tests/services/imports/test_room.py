"""What a sheet asks for is found before the parser lays it out, whatever way it is written in."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineSheet, CalamineWorkbook

from services.errors import Invalid
from services.imports import reading, room
from tests.services.imports.test_reading import SHEET, SMALL, refusal, sheet_xml, with_part

_V = "<v>1</v>"
_CELLS = (f"<c>{_V}</c>", f"<c s='1'>{_V}</c>", f'<c r="B2">{_V}</c>', f'<x:c r="C3">{_V}</x:c>', f"<x:c>{_V}</x:c>")
_BESIDE = ("<!-- </row> -->", "<![CDATA[</row>]]>", '<!-- <c r="A1"> -->', "<row/>", f"<row>{_CELLS[0] * 5}</row>", "")
_ROW = st.tuples(
    st.sampled_from(("<row>", "<row>", '<row r="1">', "<row r='3'>")),
    st.lists(st.sampled_from(_CELLS), max_size=4),
    st.sampled_from(_BESIDE),
    st.lists(st.sampled_from(_CELLS), max_size=2),
)


@given(st.lists(_ROW, max_size=4))
@settings(deadline=None)
def test_places_are_counted_no_lower_than_the_parser_puts_them(
    rows: list[tuple[str, list[str], str, list[str]]],
) -> None:
    parts = (f"{row}{''.join(first)}{beside}{''.join(last)}</row>" for row, first, beside, last in rows)
    sheet = sheet_xml("".join(parts))
    laid_out = _laid_out(sheet)

    with pytest.MonkeyPatch.context() as patch:
        for rows_allowed, columns_allowed in ((laid_out.total_height - 1, 99), (99, laid_out.total_width - 1)):
            patch.setattr(room, "_MOST_STORED_ROWS", rows_allowed)
            patch.setattr(room, "_MOST_STORED_COLUMNS", columns_allowed)
            if min(rows_allowed, columns_allowed) >= 0:
                with pytest.raises(Invalid):
                    room._Places(sheet).read()


@pytest.mark.parametrize(
    "cell",
    [
        *('<c r="DQ1">', "<c\tr\n= 'DQ1'>", '<c s="1" r="DQ1">', '<c r="A1"r="DQ1">', '<c r="A1" x=">" r="DQ1">'),
        *('<c r="A20001">', '<c r="A1" r="DQ1">', '<c R="A1" r="DQ1">', '<x:c r="DQ1">', '<é:c r="DQ1">'),
    ],
)
def test_a_far_cell_is_refused_in_whatever_way_it_is_written(cell: str) -> None:
    end = "</" + cell[1 : cell.index("c") + 1] + ">"

    with pytest.raises(Invalid):
        room.refuse_if_too_big([sheet_xml(f'<row r="1"><c r="A1">{_V}</c>{cell}{_V}{end}</row>')])


@pytest.mark.parametrize(
    ("cell", "odd"),
    [
        *(('<c r="A1">', False), ('<c r="CZ19999" s="1" t="s"/>', False), ("<c\nr='A1' />", False), ("<cols>", False)),
        *(('<c r="DA1">', True), ('<c r="A20000">', True), ('<c r="A1" s="1" r="B1">', True), ("<c>", True)),
    ],
)
def test_only_what_is_plainly_near_needs_no_exact_look(cell: str, odd: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []
    monkeypatch.setattr(room._Places, "read", lambda places: looked.append(places.part))

    room.refuse_if_too_big([b"<sheetData>" + cell.encode()])

    assert bool(looked) == odd


def test_a_row_of_cells_without_places_is_refused_as_one_with_places_is() -> None:
    wide = "<row>" + "<c><v>1</v></c>" * 100_000 + "</row>"

    assert refusal(with_part(SMALL, SHEET, sheet_xml(wide + "<row><c><v>1</v></c></row>" * 5_000))) == (
        "This workbook has more than 60 columns, or something far to the right of them."
    )


_LONG = "A" * 30_000


@pytest.mark.parametrize("index", ["0", "+0", " 0", "0x", "00", "<!-- -->0", "&#48;"])
@pytest.mark.parametrize(
    "shared",
    [
        f"<sst><si><t>{_LONG}</t></si></sst>",
        f'<x:sst xmlns:x="x"><x:si><x:t>{_LONG}</x:t></x:si></x:sst>',
        f"<sst><!-- <si></si> --><si><t>{'<!-- </si> -->'.join([_LONG[:300]] * 100)}</t></si></sst>",
    ],
    ids=["plain", "prefixed", "with comments"],
)
def test_a_long_text_in_many_cells_is_counted_however_it_is_written(index: str, shared: str) -> None:
    cell = f'<c t="s"><v>{index}</v></c>'
    sheet = sheet_xml(f"<row>{cell * 10}</row>" * 300)

    with pytest.raises(Invalid, match=r"larger than 50 MB|damaged"):
        room.refuse_if_too_big([b"<sst>" + b"<si/>" * 9 + b"</sst>", sheet, shared.encode()])


def test_many_copies_of_short_texts_beside_a_long_one_are_read() -> None:
    row = '<row><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    shared = f"<sst><si><t>{_LONG}</t></si><si><t>Name</t></si><si><t>A</t></si></sst>".encode()
    content = with_part(with_part(SMALL, SHEET, sheet_xml(row * 1_000)), "xl/sharedStrings.xml", shared)

    sheet = reading.read("people.xlsx", content)

    assert (sheet.headers, len(sheet.rows)) == (("Name", "A"), 999)


def test_a_control_character_in_a_shared_text_stops_nobody() -> None:
    shared = b"<sst><si><t>Name</t></si><si><t>A\x0bB</t></si></sst>"
    row = '<row><c t="s"><v>%d</v></c></row>'
    content = with_part(with_part(SMALL, SHEET, sheet_xml(row % 0 + row % 1)), "xl/sharedStrings.xml", shared)

    assert reading.read("people.xlsx", content).rows == (reading.SheetRow(2, ("A\x0bB",)),)


def _laid_out(sheet: bytes) -> CalamineSheet:
    return CalamineWorkbook.from_filelike(io.BytesIO(with_part(SMALL, SHEET, sheet))).get_sheet_by_index(0)
