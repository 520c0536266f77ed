"""A glance at a part of a workbook never misses what the slow, exact look would find."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.imports import glance, workbook

_PIECES = (
    *(b"<row>", b"<x:row ", b"<v>1</v>", b"<x:v>2", b"<f>", b"<f/>", b"<x:f ", b"</si>", b"</x:si >", b"<!DOCTYPE"),
    *(
        b' r="A1"',
        b' r="CZ19999"',
        b' r="DA1"',
        b' r="A20000"',
        b' r="a1"',
        b"\tr='B20000'",
        b' r\n= "DA2"',
        b" r= 'DA1'",
        b' r="',
        b' r="1"',
    ),
    *(b"A", b"C", b"Z", b"0", b"1", b"9", b'"', b" ", b"r", b"=", b"<", b":", b"/", b"s", b"i", b"\0"),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join), st.sampled_from((1, 5, 23, 1 << 18)))
@settings(deadline=None)
def test_what_the_exact_look_finds_is_seen_at_a_glance(part: bytes, page: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "_AT_ONCE", page)

        seen = glance.glance(part)

    assert seen.rows >= len(workbook._ROW.findall(part))
    assert seen.values >= len(workbook._VALUE.findall(part))
    assert seen.formulas >= len(workbook._FORMULA.findall(part))
    assert seen.shared >= bool(b"</si" in part or b":si" in part)
    assert seen.declared >= (b"<!DOCTYPE" in part)
    assert seen.far >= bool(workbook._FAR.search(part))


@pytest.mark.parametrize(
    ("place", "far"),
    [
        *((b"A1", False), (b"Z9", False), (b"CZ19999", False), (b"10001", False), (b"AB10", False), (b"C0001", False)),
        *((b"DA1", True), (b"ABC1", True), (b"A20000", True), (b"A100000", True), (b"a1", True), (b"A", True)),
    ],
    ids=str,
)
def test_places_that_are_plainly_near_need_no_second_look(place: bytes, far: bool) -> None:
    part = b'<sheetData><row r="1"><c r="%s" s="1"><v>4</v></c></row></sheetData>' % place

    seen = glance.glance(part)

    assert seen == glance.Glance(rows=1, values=1, formulas=0, shared=False, declared=False, far=far)
    assert far == bool(workbook._FAR.search(part))
