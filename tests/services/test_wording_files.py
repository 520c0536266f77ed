"""A wording as it arrives: lines with their numbers, or refused in clear words whatever the file holds."""

import io
import zipfile
from random import Random
from typing import Any

import docx
import pytest

from services import wording_files
from services.errors import Invalid


def packed(**changed: bytes | None) -> bytes:
    """A small Word document with parts replaced or added."""
    made, fresh = io.BytesIO(), io.BytesIO()
    document = docx.Document()
    document.add_paragraph("Code of conduct")
    document.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, part in changed.items():
            new.writestr(name, part or b"")
    return fresh.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def worded(body: str, **more: bytes) -> bytes:
    """A Word document whose body is this XML; random signs in a comment keep it from looking like a bomb."""
    noise = "".join(Random(7).choices("0123456789abcdef", k=2_000))
    document = f"<w:document {W}><!--{noise}--><w:body>{body}</w:body></w:document>"
    return packed(**{"word/document.xml": document.encode(), **more})


def styled(styles: str) -> bytes:
    noise = "".join(Random(8).choices("0123456789abcdef", k=2_000))
    return f"<w:styles {W}><!--{noise}-->{styles}</w:styles>".encode()


def test_a_word_file_gives_the_numbers_that_word_would_print() -> None:
    document: Any = docx.Document()
    document.add_heading("Guide agreement", 0)
    for words in ("My name may stand on the list.", "To keep to myself what I hear.", "To follow the code."):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("a point", style="List Bullet")
    made = io.BytesIO()
    document.save(made)

    lines = wording_files.read("a.docx", made.getvalue())

    assert [(line.number, line.is_bullet, line.level) for line in lines] == [
        ("", False, 1),
        ("1", False, 0),
        ("2", False, 0),
        ("3", False, 0),
        ("", True, 0),
    ]


RING = styled(
    "".join(
        f'<w:style w:type="paragraph" w:styleId="{one}"><w:name w:val="{one}"/><w:basedOn w:val="{other}"/></w:style>'
        for one, other in (("Odd", "Even"), ("Even", "Odd"), ("Own", "Own"))
    )
)


def test_styles_that_are_based_on_each_other_in_a_ring_are_left_after_a_few_steps() -> None:
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{name}"/></w:pPr><w:r><w:t>Be kind.</w:t></w:r></w:p>' for name in ("Odd", "Own")
    )

    lines = wording_files.read("a.docx", worded(body, **{"word/styles.xml": RING}))

    assert [line.words for line in lines] == ["Be kind.", "Be kind."]


def test_a_cell_is_read_once_however_many_columns_it_says_it_spans_and_where_others_are_merged_into_it() -> None:
    def cell(properties: str, words: str) -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:tc>"

    wide = '<w:gridSpan w:val="30000000"/>'
    rows = [
        cell(wide, "Be kind.") + cell('<w:vMerge w:val="restart"/>', "Listen."),
        cell(wide, "Come on time.") + cell("<w:vMerge/>", ""),
    ]
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"

    lines = wording_files.read("a.docx", worded(table))

    assert [line.words for line in lines] == ["Be kind.", "Listen.", "Come on time."]


def test_the_pattern_of_a_number_is_read_no_further_than_a_number_is_long() -> None:
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="{10**12}"/>'
        f'<w:numFmt w:val="decimal"/><w:lvlText w:val="%1.{"x" * 60_000}"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    listed = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'

    lines = wording_files.read(
        "a.docx",
        worded(f"<w:p>{listed}<w:r><w:t>Be kind.</w:t></w:r></w:p>", **{"word/numbering.xml": numbering.encode()}),
    )

    assert [(line.number[:7], len(line.number)) for line in lines] == [("10000.x", 43)]


RELATIONS = b"""<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
 Target="https://example.org/t.dotm" TargetMode="External"/></Relationships>"""
ENTITY = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><w:document>&a;</w:document>"""
TRACKED = b"""<?xml version="1.0"?><w:document><w:ins w:id="1"></w:ins></w:document>"""
HOSTILE = {
    "macros": (packed(**{"word/vbaProject.bin": b"x"}), "This document holds macros."),
    "a bomb": (
        packed(**{"word/media.xml": b"0" * 29_000_000}),
        "Unpacked, this file is far larger than any agreement.",
    ),
    "an outside template": (
        packed(**{"word/_rels/settings.xml.rels": RELATIONS}),
        "This document points to something outside it: a link, a linked picture or a template.",
    ),
    "entities": (packed(**{"word/document.xml": ENTITY}), "This file is damaged, locked, or not what its name says."),
    "entities in another alphabet": (
        packed(**{"word/document.xml": ENTITY.decode().encode("utf-16")}),
        "This file is damaged, locked, or not what its name says.",
    ),
    "open changes": (
        packed(**{"word/document.xml": TRACKED}),
        "This document holds changes that nobody has accepted or refused.",
    ),
    "no document": (packed(**{"word/document.xml": b""}), "This Word document cannot be read."),
    "ten thousand empty paragraphs": (
        worded("<w:p/>" * 10_001),
        "This Word document has far more parts than any agreement.",
    ),
    "two thousand styles": (
        worded("<w:p/>", **{"word/styles.xml": styled('<w:style w:type="paragraph"/>' * 2_000)}),
        "This Word document has far more parts than any agreement.",
    ),
    "half a zip": (packed()[:300], "This file is damaged, locked, or not what its name says."),
    "a PDF": (b"%PDF-1.7 ...", "This is neither text, nor Markdown, nor a .docx file."),
    "no words": (b"  \n\n ", "There are no words in this file."),
    "letters of an old alphabet": ("Säge".encode("cp1252"), "The letters of this file cannot be read."),
    "a million letters": (b"word " * 200_000, "The text is too long (1,000,000 characters, at most 200,000)."),
    "too many paragraphs": (b"a\n\n" * 1_500, "This text has more than 1,000 paragraphs."),
    "six megabytes": (b"a" * 6_000_000, "This file is larger than 5 MB."),
}


@pytest.mark.parametrize("what", list(HOSTILE))
def test_a_hostile_or_unreadable_file_is_refused_in_clear_words(what: str) -> None:
    content, said = HOSTILE[what]

    with pytest.raises(Invalid) as refused:
        wording_files.read("a.docx", content)

    assert str(refused.value).startswith(said)
