"""CSV, whatever program wrote it: finds out alphabet and separator, then reads strictly and guesses nothing."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from services.errors import Invalid

_SEPARATORS = (",", ";", "\t", "|")
_RECORDS_TO_JUDGE = 50
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f]")
_SEPARATOR_LINE = re.compile('\ufeff?"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)  # what Excel puts on top
_SAVE_AS = "In the spreadsheet program choose “Save as”, then “CSV UTF-8” or “Excel workbook (.xlsx)”, and upload that."


def decode(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding. Raises Invalid when it is no text, or no alphabet fits."""
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unknown_alphabet() from error
    if encoding == "gb18030" and _is_western(text):
        raise _unknown_alphabet()
    if len(_CONTROLS.findall(text[:4096])) > len(text[:4096]) // 100 or text.startswith("%PDF"):
        raise Invalid("This file is not a spreadsheet.", remedy="Choose a .csv or .xlsx file.")
    if re.match(r"\s*<(?:!doctype|html|\?xml|table)", text, re.IGNORECASE):
        raise Invalid("This file is a web page, not a spreadsheet.", remedy=_SAVE_AS)
    return text, encoding


def records(text: str) -> Iterator[list[str]]:
    """Each record as it stands, a blank line as []. Raises Invalid at a quotation mark that is never closed."""
    named = _SEPARATOR_LINE.match(text)
    separator = named[1] if named else _separator(text)
    reader = csv.reader(io.StringIO(text[named.end() if named else 0 :], newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, start=1):  # noqa: B007 - the number is read when the reader stops
            yield record
    except csv.Error as error:
        raise Invalid(
            f"Row {number + 1} has a quotation mark that is never closed, or a cell that is far too long.",
            remedy="Correct that row in the spreadsheet program and save the file again.",
        ) from error


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = content[:4096]
    for name, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        # In UTF-16 every separator, digit and @ has a zero byte on the same side; few characters (一) have the other.
        zeros = start[first::2].count(0)
        if zeros > len(start) // 10 and start[1 - first :: 2].count(0) * 4 < zeros:
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _is_western(text: str) -> bool:
    """Whether "Chinese" is really an accented European letter that swallowed the letter behind it (Müller → M黮ler)."""
    foreign = [character.encode("gb18030") for character in text if not character.isascii()]
    swallowed = sum(1 for pair in foreign if len(pair) == 2 and pair[1:].isalpha())
    return swallowed > len(foreign) * 0.6


def _separator(text: str) -> str:
    """The separator under which most records are as wide as the first, and the first is widest."""
    return max(_SEPARATORS, key=lambda separator: _fit(text, separator))


def _fit(text: str, separator: str) -> tuple[bool, float, int]:
    found = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        widths = [len(record) for record in islice(found, _RECORDS_TO_JUDGE) if any(record)]
    except csv.Error:  # an open quotation mark; the strict reading will say so
        widths = []
    if not widths or widths[0] < 2:
        return (False, 0.0, 0)
    return (True, sum(width == widths[0] for width in widths[1:]) / len(widths), widths[0])


def _unknown_alphabet() -> Invalid:
    return Invalid("We cannot tell in which alphabet (encoding) this file was saved.", remedy=_SAVE_AS)
