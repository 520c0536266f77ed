"""What one scheme asks, as columns of a file: its own form decides which answers are kept, and of whom."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from sqlmodel import Session, select

from models.enrolments import Side
from models.schemes import FormField, Scheme
from services import cleaning
from services.enrolment_form import OF_ENROLMENT, OF_PERSON
from services.errors import Invalid
from services.form_kinds import AVAILABILITY, LISTS
from services.imports import words
from services.imports.reading import Problem, Sheet, excerpt
from services.imports.rows import PersonRow
from services.imports.targets import TARGETS, Target
from services.schemes import wording
from services.schemes.sectors import sector_for

# Who it is, on which side, and what they claim can be in any file; everything else only if the form asks for it.
_ALWAYS = frozenset(
    {
        "full_name",
        "given_name",
        "family_name",
        "email",
        "enrolment_role",
        "training_claimed",
        "agreement_claimed",
        "not_with",
    }
)
_MOST_ROWS = 12
_BLANK: frozenset[Any] = frozenset({None, "", ()})
_NEVER = frozenset({"email", "full_name"})
_CORE = frozenset(target.key for target in TARGETS)
# Kept as the row has them.
_AS_SAID = (_CORE & (OF_PERSON | OF_ENROLMENT)) - {"sector", "channels", "languages"}
_CHANNELS = {"email": "Email", "telephone": "Telephone", "wechat": "WeChat", "video": "Video", "in_person": "In person"}


class Remarks:
    """Notices, each said once with the rows that it is about."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = defaultdict(list)

    def add(self, about: str, row: int) -> None:
        """`about` is a sentence without its full stop."""
        self._rows[about].append(row)

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{about} ({rows_in_words(rows)})." for about, rows in self._rows.items())


@dataclass(frozen=True)
class Form:
    """What a scheme asks and which channels it offers."""

    fields: Mapping[str, FormField]
    channels: frozenset[str]

    def asks(self, key: str, side: Side) -> bool:
        return key in self.fields and side in self.fields[key].roles

    def label(self, key: str, side: Side) -> str:
        return wording.label(self.fields[key], side) if key in self.fields else key.replace("_", " ").capitalize()

    def targets(self, side: Side | None) -> tuple[Target, ...]:
        """What a column can answer, in a file of one side or (None) of both."""
        sides = tuple(Side) if side is None else (side,)
        wanted = {key for key in self.fields if any(self.asks(key, each) for each in sides)} | _ALWAYS
        core = tuple(target for target in TARGETS if target.key in wanted)
        more = (field for key, field in self.fields.items() if key in wanted - _CORE)
        return (*core, *(_target(field) for field in more))


class Values(NamedTuple):
    """One row's answers by where they are kept, blanks left out. `asked` are the scheme's own questions."""

    person: Mapping[str, Any]
    enrolment: Mapping[str, Any]
    asked: Mapping[str, Any]


def form_of(session: Session, scheme: Scheme) -> Form:
    """The form of a scheme: one query."""
    statement = (
        select(FormField)
        .where(FormField.scheme_id == scheme.id, FormField.retired_at == None)  # noqa: E711 - SQL's IS NULL
        .order_by(FormField.step, FormField.position)  # type: ignore[arg-type] # the class stands for its columns
    )
    fields = {field.key: field for field in session.exec(statement) if field.kind != "consent"}
    return Form(fields, frozenset(scheme.channels))


class Asking:
    """Turns the rows of one file into what the scheme asks; an answer that many gave is converted once."""

    def __init__(self, form: Form, sheet: Sheet, mapping: Mapping[str, int], remarks: Remarks) -> None:
        self._form = form
        self._sheet = sheet
        self._mapping = mapping
        self._remarks = remarks
        self._core = {side: self._questions(side) for side in Side}
        self._converted: dict[tuple[str, Side, Any], Any] = {}

    def values_of(self, rows: Sequence[PersonRow]) -> Iterator[tuple[PersonRow, Values, list[Problem]]]:
        """The answers that the scheme asks each row's side for; what it does not ask is remarked on and left out.

        Questions are gone through once for all rows. A row in which something is wrong or to be remarked on is read by
        itself, so that what is said about the file comes in the order of its rows.
        """
        whole: dict[int, Values | None] = {}
        for side in Side:
            mine = [row for row in rows if row.role == side.value]
            whole.update(zip((row.row for row in mine), self._together(mine, side), strict=True))
        for row in rows:
            values = whole[row.row]
            yield (row, values, []) if values else (row, *self._alone(row))

    def _together(self, rows: Sequence[PersonRow], side: Side) -> list[Values | None]:
        """What rows of one side say; None for one that has to be read alone."""
        parts: dict[str, dict[str, list[Any]]] = {"person": {}, "enrolment": {}, "asked": {}}
        parts["person"]["full_name"] = [row.full_name for row in rows]
        alone: set[int] = set()
        for key, said, is_asked in self._columns(rows, side):
            made = self._made(key, side, set(said) - _BLANK) if is_asked else {}
            if made is None:
                values = said
            else:
                alone.update(index for index, each in enumerate(said) if each not in made and each not in _BLANK)
                values = [made.get(each) for each in said]
            where = "person" if key in OF_PERSON else "enrolment" if key in OF_ENROLMENT else "asked"
            parts[where][key] = values
        found = list(map(Values, *(_by_row(part, len(rows)) for part in parts.values())))
        return [None if index in alone else values for index, values in enumerate(found)] if alone else [*found]

    def _columns(self, rows: Sequence[PersonRow], side: Side) -> list[tuple[str, list[Any], bool]]:
        """Every question that somebody answers: its key, each row's answer, whether this side is asked."""
        core = [(key, [row[at] for row in rows], asked) for key, at, asked in self._core[side]]
        more = set[str]().union(*(row.extras for row in rows))
        core += [(key, [row.extras.get(key) for row in rows], self._form.asks(key, side)) for key in more]
        return sorted((each for each in core if any(said not in _BLANK for said in each[1])), key=itemgetter(0))

    def _made(self, key: str, side: Side, different: set[Any]) -> dict[Any, Any] | None:
        """Answer → what is kept, without those that are wrong or to be remarked on; None when all are kept as said."""
        if key in _AS_SAID and _are_within(self._form.fields[key], different):
            return None
        made: dict[Any, Any] = {}
        for said in different:
            if key == "channels" and not self._form.channels.issuperset(said):
                continue
            with suppress(Invalid):
                value = self._value(key, side, said, 0)
                made[said] = None if value in ([], "") else value
        return made

    def _alone(self, row: PersonRow) -> tuple[Values, list[Problem]]:
        side = Side(row.role)
        person: dict[str, Any] = {"full_name": row.full_name}
        enrolment: dict[str, Any] = {}
        asked: dict[str, Any] = {}
        problems: list[Problem] = []
        for key, said, is_asked in self._said(row, side):
            if not is_asked:
                about = f"“{_target_label(key)}” is not asked of {side.value}s in this scheme and was left out"
                self._remarks.add(about, row.row)
                continue
            try:
                value = self._value(key, side, said, row.row)
            except Invalid as refusal:
                header = self._sheet.headers[self._mapping[key]]
                problems.append(Problem(row.row, header, excerpt(str(said)), str(refusal)))
                continue
            if value not in (None, [], ""):
                where = person if key in OF_PERSON else enrolment if key in OF_ENROLMENT else asked
                where[key] = value
        return Values(person, enrolment, asked), problems

    def _questions(self, side: Side) -> list[tuple[str, int, bool]]:
        """The facts of a row that belong to a question: key, place in the row, and whether this side is asked."""
        keys = sorted((OF_PERSON | OF_ENROLMENT) & set(PersonRow._fields) - _NEVER)
        return [(key, PersonRow._fields.index(key), self._form.asks(key, side)) for key in keys]

    def _said(self, row: PersonRow, side: Side) -> list[tuple[str, Any, bool]]:
        """Every answer of the row that belongs to a question: its key, what was said, whether this side is asked."""
        core = [(key, said, asked) for key, at, asked in self._core[side] if (said := row[at]) or said == 0]
        if not row.extras:
            return core
        more = [(key, said, self._form.asks(key, side)) for key, said in row.extras.items() if said]
        return sorted([*core, *more], key=lambda each: each[0])

    def _value(self, key: str, side: Side, said: Any, row: int) -> Any:
        if key == "channels":
            return _offered(self._form, said, row, self._remarks)
        if key in _AS_SAID:
            return _within(self._form.fields[key], side, said)
        if (key, side, said) not in self._converted:
            self._converted[key, side, said] = _converted(self._form, key, side, said)
        value = self._converted[key, side, said]
        return list(value) if isinstance(value, list) else value


def rows_in_words(rows: list[int]) -> str:
    """ "row 3", "rows 3 and 5", or the first twelve and how many more."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    if len(rows) > _MOST_ROWS:
        return f"rows {', '.join(map(str, rows[:_MOST_ROWS]))} and {len(rows) - _MOST_ROWS:,} more"
    return f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _within(field: FormField, side: Side, said: Any) -> Any:
    """The answer, if the form could take it too: whoever it is about must be able to open and correct it there.

    Raises Invalid.
    """
    if isinstance(said, int) and said > field.longest:
        cleaning.whole_number(str(said), field=wording.label(field, side), lo=0, hi=field.longest)
    if isinstance(said, str) and field.kind in {"short_text", "long_text"} and len(said) > field.longest:
        cleaning.text(said, field=wording.label(field, side), longest=field.longest)
    return said


def _are_within(field: FormField, different: set[Any]) -> bool:
    """Whether `_within` would take all of these answers, to be sure of it at a glance."""
    if field.kind in {"short_text", "long_text"} or not all(isinstance(said, str) for said in different):
        return all((len(said) if isinstance(said, str) else said) <= field.longest for said in different)
    return True


def _by_row(columns: Mapping[str, list[Any]], count: int) -> list[dict[str, Any]]:
    """Each row's answers by key, blanks left out."""
    if not columns:
        return [{} for _ in range(count)]
    rows = zip(*columns.values(), strict=True)
    if any(None in column for column in columns.values()):
        return [{key: value for key, value in zip(columns, row, strict=True) if value is not None} for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _converted(form: Form, key: str, side: Side, said: Any) -> Any:
    if key == "sector":
        return sector_for(said) or said
    return list(said) if key == "languages" else _own_answer(form.fields[key], side, said)


def _offered(form: Form, channels: tuple[str, ...], row: int, remarks: Remarks) -> list[str]:
    for channel in channels:
        if channel not in form.channels:
            remarks.add(f"{_CHANNELS[channel]} is no way to stay in touch in this scheme and was left out", row)
    return [channel for channel in channels if channel in form.channels]


def _own_answer(field: FormField, side: Side, said: str) -> Any:
    """The answer to a question of the scheme's own, in the shape that its form keeps. Raises Invalid."""
    label = wording.label(field, side)
    read: dict[str, Callable[[], Any]] = {
        "whole_number": lambda: cleaning.whole_number(said, field=label, lo=0, hi=field.longest),
        "capacity": lambda: cleaning.whole_number(said, field=label, lo=0, hi=field.longest),
        "email": lambda: cleaning.email(said, field=label).typed,
        "telephone": lambda: cleaning.telephone(said, field=label).typed,
        "wechat_id": lambda: cleaning.wechat_id(said, field=label),
        "languages": lambda: _languages(said, label),
        "availability": lambda: _times(said, label),
        "choice": lambda: _option(field, said),
        "choices": lambda: list(dict.fromkeys(_option(field, item) for item in words.listed(said))),
        "time_zone": lambda: cleaning.time_zone(said, field=label),
        "sector": lambda: sector_for(said) or said,
    }
    if field.kind in read:
        return read[field.kind]()
    return cleaning.text(said, field=label, longest=field.longest, lines=field.kind == "long_text")


def _option(field: FormField, said: str) -> str:
    """The code of an option, by code or label. What the list does not know is kept as typed: the form can show it."""
    known = {words.plain(name): code for code in field.options for name in (code, wording.option_label(field, code))}
    return known.get(words.plain(said), said)


def _languages(said: str, label: str) -> list[str]:
    codes, unknown = words.languages(said)
    if unknown:
        raise Invalid(f"{label} has a language that is not known here.", remedy=f"Correct “{excerpt(unknown[0])}”.")
    return list(codes)


def _times(said: str, label: str) -> list[str]:
    """Times of the week, by code or in the words of the form."""
    known = {words.plain(name): code for code, each in AVAILABILITY.items() for name in (code, each)}
    found = [known.get(words.plain(item)) for item in words.listed(said)]
    if None in found:
        raise Invalid(
            f"{label} has a time that is not known here.", remedy=f"Write {'; '.join(AVAILABILITY.values())}."
        )
    return list(dict.fromkeys(code for code in found if code))


def _target(field: FormField) -> Target:
    labels = tuple(dict.fromkeys(wording.label(field, side) for side in Side))
    kind = "text" if field.kind in {"long_text", *LISTS} else "line"
    return Target(field.key, labels[0], "text" if kind == "text" else "line", False, labels)


def _target_label(key: str) -> str:
    return next((target.label for target in TARGETS if target.key == key), key.replace("_", " ").capitalize())
