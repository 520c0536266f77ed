"""The people of a cohort as a file: what the coordinator may read, so written that it imports again unchanged.

Somebody at an unlocked desk must not be able to carry everybody away: a file needs the password once more
(services/reauthentication.py), a reason, and leaves an entry in the journal with the number of its rows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import ColumnMapping, Enrolment
from models.people import Person
from models.schemes import FormField, Scheme
from services import access, audit, enrolment_form, enrolment_queue, export, reauthentication, times
from services.access import Actor
from services.enrolment_queue import HIDDEN_FROM_COORDINATOR, Filter
from services.imports import asked, columns
from services.reauthentication import Confirmed
from services.schemes import wording
from services.schemes.sectors import sectors
from services.units import writes

# Whom somebody must not meet is private, and whoever wrote it down is not told who reads it.
_LEFT_OUT = HIDDEN_FROM_COORDINATOR | {"not_with", "given_name", "family_name"}
_CLAIMED = "_claimed"
_AT_ONCE = 500


class Reason(StrEnum):
    """What a file of people is for. The journal keeps it."""

    CORRECT = "correct answers in a spreadsheet"
    REPORT = "report to the university"
    LETTERS = "write letters or badges"
    ELSEWHERE = "move to another system"


class Kind(StrEnum):
    """The two shapes of file."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class File:
    """A file to hand out. `rows` counts people, without the line of headers."""

    name: str
    content: bytes
    rows: int


@writes
def make(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    chosen: Filter,
    *,
    kind: Kind,
    reason: Reason,
    confirmed: Confirmed,
    today: date,
) -> File:
    """Everybody whom the filter shows. Raises NotAllowed, also when the password was given too long ago."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    reauthentication.refuse_stale(actor, confirmed)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    form = asked.form_of(session, scheme)
    targets = [target for target in form.targets(None) if target.key not in _LEFT_OUT]
    headers = [target.label for target in targets]
    keys = [target.key for target in targets]
    rows = [
        [_cell(form.fields, key, enrolment, person) for key in keys]
        for enrolment, person in _people(session, cohort_id, chosen)
    ]
    _remember(session, scheme.id, headers, keys)
    audit.record(
        session,
        actor,
        "enrolments.exported",
        cohort.id,
        scheme_id=scheme.id,
        rows=len(rows),
        reason=reason.value,
        kind=kind.value,
    )
    session.commit()
    # Who took it stands in the workbook itself: a file that turns up somewhere says whose it was.
    content = (
        export.csv_bytes(headers, rows)
        if kind is Kind.CSV
        else export.xlsx_bytes(headers, rows, about={"author": actor.name, "comments": f"Exported {today.isoformat()}"})
    )
    return File(f"enrolments-{today.isoformat()}.{kind.value}", content, len(rows))


def _people(session: Session, cohort_id: UUID, chosen: Filter) -> Iterator[tuple[Enrolment, Person]]:
    conditions, order = enrolment_queue.everybody(session, cohort_id, chosen, times.gate_day())
    statement = select(Enrolment, Person).join(Person, col(Person.id) == Enrolment.person_id).where(*conditions)
    yield from session.exec(statement.order_by(*order)).yield_per(_AT_ONCE)


def _cell(fields: Mapping[str, FormField], key: str, enrolment: Enrolment, person: Person) -> str:
    """An answer as the import reads it back: codes where words could be taken apart, words otherwise."""
    if key == "enrolment_role":
        return enrolment.side.value.capitalize()
    if key.endswith(_CLAIMED):
        return enrolment.claims.get(key.removesuffix(_CLAIMED), "")
    if key in {"full_name", "email"}:
        return str(getattr(person, key))
    field = fields[key]
    if enrolment.side not in field.roles:
        return ""
    return _in_words(field, enrolment_form.value_of(field, person, enrolment))


def _in_words(field: FormField, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    if field.kind == "sector":
        return sectors().get(value, value)
    if field.kind == "choice" and value in field.options:
        return wording.option_label(field, value)
    return str(value)


def _remember(session: Session, scheme_id: UUID, headers: list[str], keys: list[str]) -> None:
    """What each column of this file is, so that it comes back without a question."""
    shape = columns.shape_key(headers)
    kept = session.exec(
        select(ColumnMapping).where(ColumnMapping.scheme_id == scheme_id, ColumnMapping.shape_key == shape)
    ).one_or_none() or ColumnMapping(scheme_id=scheme_id, shape_key=shape)
    kept.columns = {key: number for number, key in enumerate(keys)}
    session.add(kept)
