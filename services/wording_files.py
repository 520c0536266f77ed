"""A scheme's wording as it arrives: text, Markdown or Word (.docx), turned into lines with their numbers.

A Word file is a zip: everything in it that could hurt is looked for before its parser sees it. What the parser gets is
packed anew from what was looked at.
"""

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services import cleaning
from services.errors import Invalid
from services.publishing import LONGEST_TEXT

if TYPE_CHECKING:
    from services.wording_docx import Paragraph

LARGEST_FILE = 5 * 1024 * 1024
MOST_LINES = 1000
_LARGEST_UNPACKED = 30 * 1024 * 1024
_MOST_PARTS = 300
# Word's own parts shrink to a thirtieth at most; a bomb to a thousandth.
_LARGEST_RATIO = 200
_SAVE_AS = "Open it in Word, save it as “Word document (.docx)” or as plain text (UTF-8), and choose that file."

_BLANK = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"(#{1,6})\s+(?P<words>.+)")
_BULLET = re.compile(r"[-*+•·‣◦–—▪]\s+(?P<words>.+)")
# 3. 3) 6.4 6.4. (b) b) and 第三条; a plain number alone ("2026 was") is part of a sentence.
_NUMBER = re.compile(
    r"(?:(?P<dotted>\d{1,3}(?:[.．]\d{1,3})+)[.．)、:]?\s+"
    r"|(?P<plain>\d{1,3})(?:[.)、:]\s+|．\s*)"
    r"|\(?(?P<letter>[a-z])\)\s+"
    r"|第(?P<article>[\d一二三四五六七八九十]{1,4})条[\s：:、]*)(?P<words>.+)",
)
_CHINESE = {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)}


@dataclass(frozen=True)
class Line:
    """One paragraph, heading or point. `number` is as in the file ("6.4", "b"); `level` is a heading's, else 0."""

    words: str
    number: str = ""
    is_bullet: bool = False
    level: int = 0


def read(name: str, content: bytes) -> tuple[Line, ...]:
    """The lines of a file. Raises Invalid for whatever is no readable text, or could hurt."""
    if len(content) > LARGEST_FILE:
        raise Invalid("This file is larger than 5 MB.", remedy="Take pictures out of it, or save it as plain text.")
    if content.startswith(b"PK\x03\x04"):
        from services import wording_docx  # noqa: PLC0415 - its reader takes 0.2 s to load, and most days bring no file

        lines = tuple(_classified(paragraph) for paragraph in wording_docx.paragraphs(_safe_docx(content)))
    elif content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf")):
        raise Invalid("This is neither text, nor Markdown, nor a .docx file.", remedy=_SAVE_AS)
    else:
        lines = tuple(_lines(_decoded(content)))
    if not lines:
        raise Invalid("There are no words in this file.", remedy="Choose the file that holds the text.")
    if len(lines) > MOST_LINES:
        raise Invalid(f"This text has more than {MOST_LINES:,} paragraphs.", remedy="Bring it in several parts.")
    return lines


def line_of(words: str) -> Line:
    """One paragraph, with its mark read: a heading's #, a bullet, a number."""
    words = words.strip()
    if found := _HEADING.fullmatch(words):
        inner = _numbered(found["words"].strip(" #"))
        return Line(inner.words, inner.number, level=len(found[1]))
    if found := re.fullmatch(_BULLET.pattern, words, re.DOTALL):
        return Line(found["words"].strip(), is_bullet=True)
    return _numbered(words)


def _classified(paragraph: "Paragraph") -> Line:
    if paragraph.is_bullet:
        return Line(paragraph.words, is_bullet=True)
    if paragraph.number:
        number = paragraph.number.strip(" .()）（")
        return Line(paragraph.words, number, level=paragraph.level)
    found = line_of(paragraph.words)
    return Line(found.words, found.number, found.is_bullet, paragraph.level or found.level)


def _numbered(words: str) -> Line:
    found = re.fullmatch(_NUMBER.pattern, words, re.DOTALL)
    if found is None:
        return Line(words)
    if found["letter"]:
        return Line(found["words"].strip(), found["letter"])
    number = found["dotted"] or found["plain"] or found["article"]
    return Line(found["words"].strip(), _digits(number.replace("．", ".")))


def _digits(number: str) -> str:
    """The number in 0 to 9, whatever script it was written in; 十二 is 12."""
    if any(sign in _CHINESE or sign == "十" for sign in number):
        tens, ten, ones = number.rpartition("十")
        return str(((_CHINESE.get(tens, 1) * 10) if ten else 0) + _CHINESE.get(ones, 0))
    return "".join(sign if sign == "." else str(unicodedata.digit(sign)) for sign in number)


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise Invalid(
            "The letters of this file cannot be read.", remedy="Save it as plain text in UTF-8, or as .docx."
        ) from fault
    if "\0" in text:
        raise Invalid("This is no text file.", remedy=_SAVE_AS)
    return cleaning.text(text.replace("\r\n", "\n").replace("\r", "\n"), field="The text", longest=LONGEST_TEXT)


def _lines(text: str) -> Iterator[Line]:
    """A paragraph ends at a blank line, and before a line that begins with a mark of its own."""
    for block in _BLANK.split(text):
        waiting = ""
        for typed in block.split("\n"):
            own = line_of(typed)
            if waiting and (own.number or own.is_bullet or own.level):
                yield line_of(waiting)
                waiting = typed
            else:
                waiting = f"{waiting}\n{typed.strip()}" if waiting else typed
            if own.level:
                yield own
                waiting = ""
        if waiting.strip():
            yield line_of(waiting)


def _safe_docx(content: bytes) -> io.BytesIO:
    """The file packed anew from parts that were looked at. Raises Invalid."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            listed = packed.infolist()
            _refuse_by_directory(listed)
            parts = {part.filename: packed.read(part) for part in listed}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError) as fault:
        raise _damaged() from fault
    _refuse_by_content(parts)
    fresh = io.BytesIO()
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as packed:
        for name, part in parts.items():
            # Pictures are never looked at.
            packed.writestr(name, part if name.endswith((".xml", ".rels")) else b"")
    fresh.seek(0)
    return fresh


def _refuse_by_directory(listed: list[zipfile.ZipInfo]) -> None:
    names = {part.filename.casefold() for part in listed}
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names):
        raise _has_macros()
    if "word/document.xml" not in names:
        raise Invalid("This file is not a Word document.", remedy="Choose a .docx, .md or .txt file.")
    total = sum(part.file_size for part in listed)
    packed = max(1, sum(part.compress_size for part in listed))
    too_dense = any(part.file_size > _LARGEST_RATIO * max(part.compress_size, 500) for part in listed)
    if len(listed) > _MOST_PARTS or total > _LARGEST_UNPACKED or total > _LARGEST_RATIO * packed or too_dense:
        raise Invalid(
            "Unpacked, this file is far larger than any agreement.",
            remedy="Save the text alone as .docx or plain text.",
        )
    plain = all(part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in listed)
    if len(names) < len(listed) or not plain or any(part.flag_bits & 1 for part in listed):
        raise _damaged()


def _refuse_by_content(parts: dict[str, bytes]) -> None:
    if b"macroenabled" in parts.get("[Content_Types].xml", b"").lower():
        raise _has_macros()
    for name, part in parts.items():
        if not name.endswith((".xml", ".rels")):
            continue
        # Word writes UTF-8; in another alphabet the words below could hide.
        if b"\0" in part or b"<!DOCTYPE" in part or b"<!ENTITY" in part or _is_other_alphabet(part):
            raise _damaged()
        if name.endswith(".rels") and re.search(rb"""TargetMode\s*=\s*["']External""", part, re.IGNORECASE):
            raise Invalid(
                "This document points to something outside it: a link, a linked picture or a template.",
                remedy="Remove the links in Word (Ctrl+A, then Ctrl+Shift+F9), or save it as plain text.",
            )
    body = parts.get("word/document.xml", b"")
    if re.search(rb"<w:(?:ins|del|moveFrom|moveTo)\s", body):
        raise Invalid(
            "This document holds changes that nobody has accepted or refused.",
            remedy="In Word choose Review, then “Accept all changes”, and save it.",
        )


def _is_other_alphabet(part: bytes) -> bool:
    declared = re.match(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)""", part)
    return declared is not None and declared[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}


def _has_macros() -> Invalid:
    return Invalid("This document holds macros.", remedy="Save it in Word as “Word document (.docx)” without macros.")


def _damaged() -> Invalid:
    return Invalid("This file is damaged, locked, or not what its name says.", remedy=_SAVE_AS)
