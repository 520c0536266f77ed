"""One row's answers, cleaned one by one: a bad one becomes a problem and None, so that all are found at once."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from services import cleaning
from services.errors import Invalid
from services.imports import words
from services.imports.reading import Problem, Sheet, SheetRow, excerpt
from services.imports.targets import Target

T = TypeVar("T")

LONGEST_LINE = 200
_LINE_BREAKS = re.compile("\\s*[\t\r\n\u2028\u2029]\\s*")
# Where "none" and "N/A" say that there is no answer; elsewhere they could be one (NA and None are names).
_MAY_SAY_NONE = frozenset({"telephone", "wechat", "people", "number", "channels", "time_zone"})


class Answers:
    """The mapped cells of one row. Every function gives the clean value, or None where it was blank or bad."""

    def __init__(self, sheet: Sheet, row: SheetRow, mapping: Mapping[str, int], targets: Mapping[str, Target]) -> None:
        self.row = row
        self.problems: list[Problem] = []
        self.notices: list[str] = []
        self._headers = sheet.headers
        self._mapping = mapping
        self._targets = targets

    def mapped(self, key: str) -> bool:
        """Whether a column answers this."""
        return key in self._mapping

    def column(self, key: str) -> int | None:
        """Which column answers this."""
        return self._mapping.get(key)

    def line(self, key: str, longest: int = LONGEST_LINE) -> str | None:
        """Text on one line."""
        return self.take(key, lambda raw, field: _line(self._joined(key, raw), field, longest))

    def text(self, key: str, longest: int) -> str | None:
        """Text that may have several lines."""
        return self.take(key, lambda raw, field: cleaning.text(raw, field=field, longest=longest) or None)

    def name(self, key: str) -> str | None:
        """A person's name."""
        return self.take(key, lambda raw, field: cleaning.name(self._joined(key, raw), field=field))

    def number(self, key: str, hi: int) -> int | None:
        """A whole number from 0 to `hi`."""
        return self.take(key, lambda raw, field: cleaning.whole_number(raw, field=field, lo=0, hi=hi))

    def several(self, key: str, read: Callable[[str], tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[str, ...]:
        """Words from a list we know; one that `read` does not know is a problem."""

        def known(raw: str, field: str) -> tuple[str, ...]:
            found, unknown = read(cleaning.text(raw, field=field, longest=LONGEST_LINE * 5))
            if unknown:
                remedy = f"Correct “{excerpt(unknown[0])}”, and separate the answers with a semicolon."
                raise Invalid(f"{field} has an answer that is not known here.", remedy=remedy)
            return found

        return self.take(key, known) or ()

    def take(self, key: str, clean: Callable[[str, str], T | None]) -> T | None:
        """The answer as `clean(raw, label)` gives it. A required one that is blank is a problem, another is None."""
        if not self.mapped(key):
            return None
        target = self._targets[key]
        raw = self.row.cells[self._mapping[key]].strip()
        if target.kind in _MAY_SAY_NONE and words.is_blank(raw):
            raw = ""
        if not raw and not target.required:
            return None
        try:
            if not raw:
                raise Invalid(f"{target.label} is empty.", remedy="Fill it in, or delete the row.")
            return clean(raw, target.label)
        except Invalid as refusal:
            self.problem(key, str(refusal))
            return None

    def problem(self, key: str, message: str) -> None:
        """Note what is wrong with the answer to `key`."""
        column = self._mapping[key]
        cell = excerpt(self.row.cells[column].strip())
        self.problems.append(Problem(self.row.number, self._headers[column], cell, message))

    def _joined(self, key: str, raw: str) -> str:
        """On one line, as an email's header needs it, with a notice when it was not."""
        joined = _LINE_BREAKS.sub(" ", raw)
        if joined != raw:
            header = excerpt(self._headers[self._mapping[key]])
            self.notices.append(f"Row {self.row.number}, “{header}”: a line break was made a space.")
        return joined


def _line(raw: str, field: str, longest: int) -> str | None:
    return cleaning.text(raw, field=field, longest=longest, lines=False) or None
