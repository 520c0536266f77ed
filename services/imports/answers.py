"""A sheet's answers, cleaned column by column: a bad one becomes a problem and None, so that all are found at once.

What stands in many cells is cleaned once: of ten thousand rows, few columns hold as many different answers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from services import cleaning
from services.errors import Invalid
from services.imports import words
from services.imports.reading import Problem, Sheet, excerpt
from services.imports.targets import Target

T = TypeVar("T")

LONGEST_LINE = 200
_LINE_BREAKS = re.compile("\\s*[\t\r\n\u2028\u2029]\\s*")
# Where "none" and "N/A" say that there is no answer; elsewhere they could be one (NA and None are names).
_MAY_SAY_NONE = frozenset({"telephone", "wechat", "people", "number", "channels", "time_zone"})


@dataclass(frozen=True)
class _Refused:
    """What is wrong with an answer."""

    message: str


class Answers:
    """The mapped cells. Every function gives one value a row, in their order: clean, or None where blank or bad."""

    def __init__(self, sheet: Sheet, mapping: Mapping[str, int], targets: Mapping[str, Target]) -> None:
        self.numbers = [row.number for row in sheet.rows]
        self.problems: list[Problem] = []
        self.notices: list[tuple[int, str]] = []
        self._columns = list(zip(*(row.cells for row in sheet.rows), strict=True))
        self.bad: set[int] = set()
        self._sheet = sheet
        self._mapping = mapping
        self._targets = targets

    def mapped(self, key: str) -> bool:
        """Whether a column answers this."""
        return key in self._mapping

    def column(self, key: str) -> int | None:
        """Which column answers this."""
        return self._mapping.get(key)

    def line(self, key: str, longest: int = LONGEST_LINE) -> Sequence[str | None]:
        """Text on one line."""
        return self.take(
            key, lambda raw, field: _line(_joined(raw), field, longest), joined=True, plainly=_texts_to(longest)
        )

    def text(self, key: str, longest: int, where: Sequence[bool] | None = None) -> Sequence[str | None]:
        """Text that may have several lines; of the rows where `where` says no, None."""
        return self.take(
            key,
            lambda raw, field: cleaning.text(raw, field=field, longest=longest) or None,
            where=where,
            plainly=_texts_to(longest),
        )

    def name(self, key: str) -> Sequence[str | None]:
        """A person's name."""
        return self.take(
            key,
            lambda raw, field: cleaning.name(_joined(raw), field=field),
            joined=True,
            plainly=_texts_to(cleaning.LONGEST_NAME),
        )

    def number(self, key: str, hi: int) -> Sequence[int | None]:
        """A whole number from 0 to `hi`."""
        return self.take(key, lambda raw, field: cleaning.whole_number(raw, field=field, lo=0, hi=hi))

    def several(
        self, key: str, read: Callable[[str], tuple[tuple[str, ...], tuple[str, ...]]]
    ) -> list[tuple[str, ...]]:
        """Words from a list we know; one that `read` does not know is a problem."""

        def known(raw: str, field: str) -> tuple[str, ...]:
            found, unknown = read(cleaning.text(raw, field=field, longest=LONGEST_LINE * 5))
            if unknown:
                remedy = f"Correct “{excerpt(unknown[0])}”, and separate the answers with a semicolon."
                raise Invalid(f"{field} has an answer that is not known here.", remedy=remedy)
            return found

        return [found or () for found in self.take(key, known)]

    def take(
        self,
        key: str,
        clean: Callable[[str, str], T | None],
        *,
        joined: bool = False,
        where: Sequence[bool] | None = None,
        plainly: Callable[[set[str]], dict[str, T]] | None = None,
    ) -> Sequence[T | None]:
        """The answers as `clean(raw, label)` gives them. A required one that is blank is a problem, another is None.

        `joined` says that `clean` makes line breaks blanks, which is told. `plainly` says of those cells about which
        there is no doubt what `clean` would say of them, all at once.
        """
        if not self.mapped(key):
            return [None] * len(self.numbers)
        column, target = self._mapping[key], self._targets[key]
        cells: Sequence[str] = self._columns[column] if self._columns else ()
        if where is not None:
            cells = [cell if wanted else "" for cell, wanted in zip(cells, where, strict=True)]
        different = set(cells)
        read: dict[str, Any] = {}
        if plainly:
            saying = {cell for cell in different if _said(cell, target)} if _may_say_none(target) else different
            read |= plainly(saying)
        doubtful = different - read.keys()
        read |= {cell: _answer(cell, target, clean) for cell in doubtful}
        if joined:
            self._tell_of_joined(column, cells, {cell for cell in doubtful if _is_broken(cell, target)})
        refused = {cell for cell in doubtful if isinstance(read[cell], _Refused)}
        for index in _rows_with(cells, refused):
            self.problem(index, key, read[cells[index]].message)
        return (
            [None if cell in refused else read[cell] for cell in cells] if refused else [read[cell] for cell in cells]
        )

    def problem(self, index: int, key: str, message: str) -> None:
        """Note what is wrong with the answer to `key` in one row, counted from 0."""
        column = self._mapping[key]
        row = self._sheet.rows[index]
        self.bad.add(index)
        cell = excerpt(row.cells[column].strip())
        self.problems.append(Problem(row.number, self._sheet.headers[column], cell, message))

    def _tell_of_joined(self, column: int, cells: Sequence[str], broken: set[str]) -> None:
        """On one line, as an email's header needs it, with a notice when it was not."""
        header = excerpt(self._sheet.headers[column])
        for index in _rows_with(cells, broken):
            number = self.numbers[index]
            self.notices.append((number, f"Row {number}, “{header}”: a line break was made a space."))


def _rows_with(cells: Sequence[str], which: set[str]) -> list[int]:
    return [index for index, cell in enumerate(cells) if cell in which] if which else []


def _said(cell: str, target: Target) -> str:
    """What the cell says; '' for none."""
    raw = cell.strip()
    return "" if _may_say_none(target) and words.is_blank(raw) else raw


def _may_say_none(target: Target) -> bool:
    return target.kind in _MAY_SAY_NONE


def _texts_to(longest: int) -> Callable[[set[str]], dict[str, str]]:
    return partial(cleaning.plain_texts, longest=longest)


def _answer(cell: str, target: Target, clean: Callable[[str, str], T | None]) -> T | _Refused | None:
    raw = _said(cell, target)
    if not raw and not target.required:
        return None
    try:
        if not raw:
            raise Invalid(f"{target.label} is empty.", remedy="Fill it in, or delete the row.")
        return clean(raw, target.label)
    except Invalid as refusal:
        return _Refused(str(refusal))


def _is_broken(cell: str, target: Target) -> bool:
    raw = _said(cell, target)
    return not raw.isprintable() and _joined(raw) != raw


def _joined(raw: str) -> str:
    return _LINE_BREAKS.sub(" ", raw)


def _line(raw: str, field: str, longest: int) -> str | None:
    return cleaning.text(raw, field=field, longest=longest, lines=False) or None
