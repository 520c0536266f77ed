"""Exports are inert, and come back as they were."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import export
from services.imports import reading
from tests.bad_inputs import BadInput, of_kind

Writer = Callable[[Sequence[str], list[list[export.Cell]]], bytes]
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("item", of_kind("csv_formula"))
def test_no_cell_of_a_csv_starts_a_formula_and_the_import_gives_the_text_back(item: BadInput) -> None:
    content = export.csv_bytes(["Name", "Note"], [["Ada", item.value]])

    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [cell for row in cells for cell in row if cell.strip(" ").startswith(STARTS)] == []
    assert [row.cells for row in reading.read("out.csv", content).rows] == [("Ada", item.value)]


@pytest.mark.parametrize("item", of_kind("csv_formula"))
def test_every_cell_of_a_workbook_is_a_string_and_the_import_gives_the_text_back(item: BadInput) -> None:
    content = export.xlsx_bytes(["Name", "Note"], [["Ada", item.value]])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert [row.cells for row in reading.read("out.xlsx", content).rows] == [("Ada", item.value)]


@pytest.mark.parametrize("item", of_kind("name_ok", "emoji", "phone_ok", "markdown", "sql", "log"))
@pytest.mark.parametrize("write", [export.csv_bytes, export.xlsx_bytes])
def test_text_leaves_and_returns_unchanged(write: Writer, item: BadInput) -> None:
    content = write(["A", "B"], [["x", item.value]])

    assert [row.cells for row in reading.read("out", content).rows] == [("x", item.value)]


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n＝ a\u00a0")))
def test_restoring_undoes_neutralising_and_nothing_else(text: str) -> None:
    inert = export.neutralise(text)

    assert not inert.strip().startswith(STARTS)
    assert export.restore(inert) == text


@pytest.mark.parametrize("text", ["O'Brien", "'Ndrangheta", "'", "", "1+1", "a@example.org"])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert (export.neutralise(text), export.restore(text)) == (text, text)


def test_a_csv_says_dates_numbers_and_blanks_plainly() -> None:
    rows: list[list[export.Cell]] = [[-3, 0.5, date(2026, 9, 3), datetime(2026, 9, 3, 7, 5, tzinfo=UTC), None]]

    content = export.csv_bytes(["a", "b", "c", "d", "e"], rows)

    assert content == (b'\xef\xbb\xbf"a","b","c","d","e"\r\n"-3","0.5","2026-09-03","2026-09-03 07:05:00+00:00",""\r\n')


def test_a_cell_that_a_workbook_cannot_hold_is_an_error_not_a_gap() -> None:
    with pytest.raises(ValueError, match="32,768 characters"):
        export.xlsx_bytes(["a"], [["x" * 32_768]])
