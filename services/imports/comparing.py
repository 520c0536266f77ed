"""A file against what is kept: who is new, what changes field by field, and what stays as its owner wrote it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from sqlmodel import Session

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import cleaning
from services.imports import known as desk
from services.imports.asked import Asking, Form, Remarks, Values
from services.imports.known import Known
from services.imports.reading import Problem, Sheet
from services.imports.rows import Parsed, PersonRow
from services.schemes.sectors import sector_for

_SIDES = {side.value: side for side in Side}
CLOSED = frozenset({EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN})


class State(StrEnum):
    """What an import would do with one row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Difference:
    """One answer that would change. `where` is person, enrolment, answers or claims; `label` is the question."""

    key: str
    label: str
    where: str
    before: Any
    after: Any


class Line(NamedTuple):
    """One row of the file beside what is kept. `values` are all its answers, `differences` those that would change."""

    row: PersonRow
    values: Values
    state: State
    person: Person | None
    place: Enrolment | None
    differences: tuple[Difference, ...] = ()

    @property
    def side(self) -> Side:
        return _SIDES[self.row.role]


@dataclass(frozen=True)
class Plan:
    """Everything an import would do. `apart` are pairs of address keys (who said so, whom they meant), new ones only.

    `kept_own` counts people whom the desk knew outside this scheme: they get a place, and their own facts stay.
    """

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    on_other_side: int
    apart: frozenset[tuple[str, str]]
    kept_own: int

    def count(self, state: State) -> int:
        return sum(line.state is state for line in self.lines)


@dataclass
class _Comparison:
    """What stays the same for every row."""

    form: Form
    known: Known
    own: Mapping[Any, frozenset[str]]
    remarks: Remarks
    person_values: Mapping[str, Mapping[str, Any]]
    last_rows: Mapping[str, int]
    foreign: set[str] = field(default_factory=set)


def plan(
    session: Session, cohort: Cohort, form: Form, sheet: Sheet, mapping: Mapping[str, int], parsed: Parsed
) -> Plan:
    """What importing these rows into the cohort would do. Reads only."""
    remarks, problems, read = Remarks(), list(parsed.problems), []
    asking = Asking(form, sheet, mapping, remarks)
    for row, values, wrong in asking.values_of(parsed.people):
        if wrong:
            problems += wrong
        else:
            read.append((row, values))
    known = desk.known(session, cohort, {row.email_key for row, _ in read})
    of_known = [(row, values) for row, values in read if row.email_key in known.people]
    here = [person for person in known.people.values() if person.id in known.insiders]
    compared = _Comparison(
        form=form,
        known=known,
        own=desk.own_words(session, here),
        remarks=remarks,
        person_values=_merged(of_known),
        # A person on both sides has one name and one telephone: both rows together say what, the last one carries it.
        last_rows={row.email_key: row.row for row, _ in of_known},
    )
    lines = tuple(_line(compared, row, values) for row, values in read)
    apart = _apart(session, cohort, lines, known, remarks)
    return Plan(
        lines=lines,
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        notices=(*parsed.notices, *remarks.sentences()),
        on_other_side=sum(_is_on_other_side(known, line) for line in lines if line.person is not None),
        apart=apart,
        kept_own=len(compared.foreign),
    )


def _merged(read: Iterable[tuple[PersonRow, Values]]) -> dict[str, dict[str, Any]]:
    """The facts about each person, by address; of two rows the later one counts where it says something."""
    merged: dict[str, dict[str, Any]] = {}
    for row, values in read:
        merged.setdefault(row.email_key, {}).update(values.person)
    return merged


def _line(compared: _Comparison, row: PersonRow, values: Values) -> Line:
    person = compared.known.people.get(row.email_key)
    if person is None:
        return Line(row, values, State.NEW, None, None)
    place = compared.known.places.get((person.id, Side(row.role)))
    if place is not None and place.status in CLOSED:
        compared.remarks.add("This enrolment was declined or withdrawn, and stays as it is", row.row)
        return Line(row, values, State.UNCHANGED, person, place)
    differences = _about_person(compared, person, row)
    if place is None:
        return Line(row, values, State.NEW, person, None, differences)
    differences += _about_place(compared, person, place, row, values)
    return Line(row, values, State.CHANGED if differences else State.UNCHANGED, person, place, differences)


def _about_person(compared: _Comparison, person: Person, row: PersonRow) -> tuple[Difference, ...]:
    """What would change in the person's own facts."""
    if compared.last_rows[row.email_key] != row.row:
        return ()
    side = Side(row.role)
    said = compared.person_values[row.email_key]
    found = [
        Difference(key, compared.form.label(key, side), "person", before, value)
        for key, value in said.items()
        if (before := getattr(person, key)) != value and not _is_same_number(key, person, value)
    ]
    if person.id not in compared.known.insiders:
        # Nothing is said about it before it is done: whether a stranger's facts differ is not this scheme's to know.
        compared.foreign.add(row.email_key)
        return ()
    if person.id in compared.known.outsiders:
        for difference in found:
            about = f"“{difference.label}” stays as the person has it, because they do not belong to this scheme alone"
            compared.remarks.add(about, row.row)
        return ()
    return _not_in_own_words(compared, found, compared.own.get(person.id, frozenset()), row.row)


def _about_place(
    compared: _Comparison, person: Person, place: Enrolment, row: PersonRow, values: Values
) -> tuple[Difference, ...]:
    """What would change in their place in this cohort."""
    side, form = Side(row.role), compared.form
    own = compared.own.get(place.id, frozenset())
    pairs = [
        *((key, "enrolment", getattr(place, key), value) for key, value in values.enrolment.items()),
        *((key, "answers", place.answers.get(key), value) for key, value in values.asked.items()),
    ]
    changed = [
        Difference(key, form.label(key, side), where, before, value)
        for key, where, before, value in pairs
        if not _is_same(key, before, value)
    ]
    changed += [
        Difference(key, f"{key.capitalize()}, as claimed", "claims", place.claims.get(key), said)
        for key, said in row.claims.items()
        if place.claims.get(key) != said
    ]
    # Invited, and nothing filled in here: the file is what they handed in. Whoever began the form finishes it.
    # A file that says nothing new, as one that was exported here, hands nothing in.
    waits = place.status is EnrolmentStatus.DRAFT and not own and changed
    sent = [Difference("status", "Status", "enrolment", place.status, EnrolmentStatus.SUBMITTED)] if waits else []
    return (*_not_in_own_words(compared, changed, own, row.row), *sent)


def _is_same(key: str, before: Any, after: Any) -> bool:
    """Whether both mean one thing: channels have no order, and a sector typed long ago may have a code by now."""
    if key == "channels" and before:
        return set(before) == set(after)
    return bool(before == after or (key == "sector" and sector_for(before or "") == after))


def _not_in_own_words(
    compared: _Comparison, found: Sequence[Difference], own: frozenset[str], row: int
) -> tuple[Difference, ...]:
    """Without the answers that the person has since given in the form: an older file must not undo those."""
    for difference in found:
        if difference.key in own:
            compared.remarks.add(f"“{difference.label}” stays as the person wrote it in the form", row)
    return tuple(difference for difference in found if difference.key not in own)


def _is_same_number(key: str, person: Person, typed: str) -> bool:
    """0044 and +44 are one number, however it is typed."""
    return key == "telephone" and person.telephone_key is not None and person.telephone_key == e164(typed)


def e164(typed: str) -> str | None:
    """The number of a cell that was cleaned before, with its country."""
    return cleaning.telephone(typed).e164


def _is_on_other_side(known: Known, line: Line) -> bool:
    other = Side.MENTEE if line.side is Side.MENTOR else Side.MENTOR
    return line.person is not None and (line.person.id, other) in known.places


def _apart(
    session: Session, cohort: Cohort, lines: Sequence[Line], known: Known, remarks: Remarks
) -> frozenset[tuple[str, str]]:
    """Whom the file says must not meet, as far as they can be found; also remarks on names that stand twice."""
    named = [name for line in lines for name in line.row.not_with]
    new_names = [line.row.full_name for line in lines if line.state is State.NEW]
    meant = dict(desk.addresses_here(session, cohort.id, [*named, *new_names]))
    name_keys = [cleaning.compare_key(line.row.full_name)[:200] for line in lines]
    for line, name_key in zip(lines, name_keys, strict=True):
        email_key = line.row.email_key
        own = frozenset((email_key,))
        for key in (name_key, email_key[:200]):
            known_as = meant.setdefault(key, own)
            if known_as is not own:
                meant[key] = known_as | own
    _remark_on_namesakes(lines, name_keys, meant, remarks)
    pairs: set[tuple[str, str]] = set()
    for line in lines:
        for name in line.row.not_with:
            others = meant.get(cleaning.compare_key(name)[:200], frozenset()) - {line.row.email_key}
            if not others:
                # The row is enough to find it in the file. The name itself is nobody's here, and is not kept.
                remarks.add(
                    "Somebody not to be matched with is not in this cohort. Import again once they are", line.row.row
                )
            pairs |= {(line.row.email_key, other) for other in others}
    return frozenset(pairs - _known_pairs(session, pairs, known))


def _remark_on_namesakes(
    lines: Sequence[Line], name_keys: Sequence[str], meant: Mapping[str, frozenset[str]], remarks: Remarks
) -> None:
    for line, name_key in zip(lines, name_keys, strict=True):
        if len(meant[name_key]) > 1 and line.state is State.NEW:
            remarks.add(
                "The same name is there under another address. If it is one person, keep one of the two", line.row.row
            )


def _known_pairs(session: Session, pairs: set[tuple[str, str]], known: Known) -> set[tuple[str, str]]:
    """Those of the pairs that are kept apart already."""
    others = desk.people_with(session, {other for _, other in pairs} - known.people.keys())
    ids = {key: person.id for key, person in known.people.items()} | others
    there = desk.kept_apart(session, {ids[one] for one, _ in pairs if one in ids})
    return {(one, other) for one, other in pairs if (ids.get(one), ids.get(other)) in there}
