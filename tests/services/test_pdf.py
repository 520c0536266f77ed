"""A PDF is set from data: every script, equal bytes every time, and no name is ever read as markup."""

import re
import struct
import subprocess
import sys
import zlib

import pytest

from services import markdown_text, pdf

FACTS: dict[str, object] = {
    "date": "2026-10-01",
    "title": "Certificate",
    "scheme": "UNNC Alumni Mentoring Scheme",
    "heading": "Certificate of training",
    "says": "This is to say that",
    "did": "has read and passed",
    "module": "Starting as a mentor",
    "facts": "Version 1",
    "code_label": "Code",
    "code": "2222-3333-4444",
    "footer": "Whoever runs it can confirm this code.",
}
SMALL = {"pixels_per_inch": 48.0}
NAMES = [
    "李",
    "Ọlájídé",
    "عائشة",
    "O’Brien",
    "देवनागरी",
    "김민수",
    "สมชาย ใจดี",
    "Wolfeschlegelsteinhausen" * 7 + "bergerdorffs",
]


@pytest.mark.parametrize(
    "name", NAMES, ids=["han", "yoruba", "arabic", "irish", "devanagari", "hangul", "thai", "180-characters"]
)
def test_the_same_data_gives_the_same_bytes(name: str) -> None:
    first, second = (pdf.render("certificate", {**FACTS, "name": name}) for _ in range(2))

    assert first == second
    assert first.startswith(b"%PDF-")
    assert b"D:20261001" in first


def test_each_name_is_drawn_with_letters_of_its_own() -> None:
    # A script without a font would be drawn as boxes: names of two letters each would look alike.
    pictures = {
        pdf.picture("certificate", {**FACTS, "name": name}, **SMALL)
        for name in ("李王", "王李", "عا", "اع", "दे", "वी", "김이", "이김", "สม", "มส")
    }

    assert len(pictures) == 10


@pytest.mark.parametrize("markup", ["#sys.version", "*bold*", "$x$", "#panic()", "= Heading", "\\u{41}", "@ref"])
def test_markup_in_a_name_stays_text(markup: str) -> None:
    words = re.sub(r"[^A-Za-z0-9. ]", "", markup)

    drawn, without = (pdf.picture("certificate", {**FACTS, "name": name}, **SMALL) for name in (markup, words))

    # What would have had a meaning takes up room of its own.
    assert ink(drawn) > ink(without)


def test_a_missing_date_or_template_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        pdf.render("certificate", {"name": "Ama"})
    for name in ("unknown", "_base", "../certificate"):
        with pytest.raises(KeyError):
            pdf.render(name, FACTS)


def test_the_compiler_is_loaded_only_for_a_document() -> None:
    asked = "import services.pdf, services.training_certificates, sys; print('typst' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout == "False\n"


def test_a_qr_code_is_a_picture_without_anything_else() -> None:
    drawn = pdf.qr_code("https://example.org/verify?<script>")

    assert drawn.startswith("<svg ")
    assert ("<script" in drawn, "example" in drawn) == (False, False)


def test_a_coordinators_text_is_plain_data_for_a_template() -> None:
    parts = markdown_text.as_data("# T\n\n- a *b*\n\n| c |\n|---|\n| [d](https://example.org) |")

    assert [part["kind"] for part in parts] == ["heading", "bullets", "table"]
    assert parts[1]["items"][0][0]["runs"][1] == {
        "text": "b", "bold": False, "emphasis": True, "link": None, "host": None,
    }  # fmt: skip


def ink(png: bytes) -> int:
    """How many bytes of the picture are not white."""
    at, data = 8, b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += 12 + size
    return sum(byte not in {0, 255} for byte in zlib.decompress(data))
