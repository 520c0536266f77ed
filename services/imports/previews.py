"""What an import would do, in words for a screen: nothing here can be changed, and nothing leads to a row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.enrolments import Side
from services.imports.asked import Form
from services.imports.comparing import Difference, Line, Plan, State
from services.imports.reading import Problem, Sheet, excerpt
from services.languages import LANGUAGES
from services.messages import Preview as Letter
from services.schemes import wording
from services.schemes.sectors import sectors

MOST_SHOWN = 20
_LONGEST_SHOWN = 200
# No clause gives a coordinator the WeChat IDs that the desk keeps; those in the file are in their hands already.
_PRIVATE = frozenset({"wechat_id"})


@dataclass(frozen=True)
class Target:
    """Something a column can answer. First and last name together stand for a required full name."""

    key: str
    label: str
    required: bool


@dataclass(frozen=True)
class Columns:
    """The file's columns: header and first answer of each, what they can answer, and which does (key → column)."""

    headers: tuple[str, ...]
    samples: tuple[str, ...]
    targets: tuple[Target, ...]
    mapping: Mapping[str, int]
    remembered: bool


@dataclass(frozen=True)
class Arrival:
    """One person of the file, and what the import would do."""

    row: int
    name: str
    email: str
    side: Side
    role_title: str
    sector: str
    state: State


@dataclass(frozen=True)
class Change:
    """One answer that the import would change, in words; `before` is '' where there was none."""

    row: int
    name: str
    question: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """What an import would do. `fingerprint` names exactly this, so that confirming does nothing else.

    `told` people, whose answers were approved before, get an email; `letter` is that of the first of them.
    """

    columns: Columns
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    people: tuple[Arrival, ...]
    new: int
    changed: int
    unchanged: int
    on_other_side: int
    kept_apart: int
    changes: tuple[Change, ...]
    fingerprint: str
    told: int = 0
    letter: Letter | None = None

    @property
    def has_work(self) -> bool:
        """Whether confirming would do anything."""
        return bool(self.new or self.changed or self.kept_apart)

    @property
    def can_be_confirmed(self) -> bool:
        return self.has_work and not self.problems


def preview_of(columns: Columns, form: Form, plan: Plan, content: bytes) -> Preview:
    """The plan in words."""
    return Preview(
        columns=columns,
        problems=plan.problems,
        notices=plan.notices,
        people=tuple(arrival_of(line) for line in plan.lines[:MOST_SHOWN]),
        new=plan.count(State.NEW),
        changed=plan.count(State.CHANGED),
        unchanged=plan.count(State.UNCHANGED),
        on_other_side=plan.on_other_side,
        kept_apart=len(plan.apart),
        changes=tuple(change_of(form, line, each) for line in plan.lines for each in line.differences),
        fingerprint=fingerprint(content, columns.mapping, plan),
    )


def columns_of(sheet: Sheet, form: Form, side: Side | None, mapping: Mapping[str, int], *, remembered: bool) -> Columns:
    """The file's columns and what they can answer."""
    return Columns(
        headers=sheet.headers,
        samples=tuple(_sample(sheet, column) for column in range(len(sheet.headers))),
        targets=tuple(Target(target.key, target.label, target.required) for target in form.targets(side)),
        mapping=dict(mapping),
        remembered=remembered,
    )


def fingerprint(content: bytes, mapping: Mapping[str, int], plan: Plan) -> str:
    """SHA-256 of the file and of everything that importing it would do."""
    lines = [
        (
            line.row.email_key,
            line.row.role,
            line.state,
            [(each.key, each.before, each.after) for each in line.differences],
        )
        for line in plan.lines
    ]
    said = [hashlib.sha256(content).hexdigest(), dict(mapping), lines, sorted(plan.apart)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def arrival_of(line: Line) -> Arrival:
    row, sector = line.row, line.values.enrolment.get("sector")
    return Arrival(
        row=row.row,
        name=row.full_name,
        email=row.email,
        side=line.side,
        role_title=line.values.enrolment.get("role_title") or "",
        sector=sectors().get(sector or "", sector or ""),
        state=line.state,
    )


def change_of(form: Form, line: Line, each: Difference) -> Change:
    before = "(kept private)" if each.key in _PRIVATE and each.before else _shown(form, each.key, each.before)
    return Change(line.row.row, line.row.full_name, each.label, before, _shown(form, each.key, each.after))


def _shown(form: Form, key: str, value: Any) -> str:
    """An answer in words, cut where a table could not hold it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_shown(form, key, item) for item in value)
    known = LANGUAGES if key == "languages" else sectors() if key == "sector" else {}
    if key in form.fields and str(value) in form.fields[key].options:
        return wording.option_label(form.fields[key], str(value))
    return excerpt(known.get(str(value), str(value)), _LONGEST_SHOWN)


def _sample(sheet: Sheet, column: int) -> str:
    return next((excerpt(row.cells[column].strip()) for row in sheet.rows if row.cells[column].strip()), "")
