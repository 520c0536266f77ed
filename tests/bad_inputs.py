"""The nasty values in data/bad_inputs.json, each with the outcome it expects."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class BadInput:
    """`value` is text, except for whole files, which are bytes."""

    id: str
    kind: str
    field: str | None
    expect: str
    value: Any


def of_kind(*kinds: str) -> list[Any]:
    """Parameters for a test, named after their ids."""
    found = [item for item in _ITEMS if item["kind"] in kinds]
    return [pytest.param(_made(item), id=item["id"]) for item in found]


def _made(item: dict[str, Any]) -> BadInput:
    value = item["value"] if "value" in item else _make(item["make"])
    return BadInput(item["id"], item["kind"], item.get("field"), item["expect"], value)


def _make(how: dict[str, Any]) -> str | bytes:
    if "repeat" in how:
        return str(how["prefix"] + how["repeat"] * how["times"] + how["suffix"])
    if "codepoints" in how:
        return "".join(map(chr, how["codepoints"]))
    if "bytes_hex" in how:
        return bytes.fromhex(how["bytes_hex"])
    if "repeat_row" in how:
        rows = (how["repeat_row"].replace("{n}", str(number)) for number in range(1, how["times"] + 1))
        return str(how["header"] + "".join(rows)).encode()
    return _zip_bomb(**how["zip_bomb_xlsx"])


def _zip_bomb(rows: int, cell: str, cell_times: int) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet()
    for row in range(rows):
        sheet.write_string(row, 0, cell * cell_times)
    book.close()
    return out.getvalue()


_ITEMS: list[dict[str, Any]] = json.loads((DATA / "bad_inputs.json").read_text(encoding="utf-8"))["items"]
KINDS = tuple(dict.fromkeys(item["kind"] for item in _ITEMS))
