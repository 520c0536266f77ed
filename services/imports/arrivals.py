"""A spreadsheet's people arrive in a cohort: first a preview that writes nothing, then all of it or nothing.

What a tick in a file says stays a claim: an import never signs, trains, consents or decides for anybody.
"""

import gc
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.enrolments import ColumnMapping, Side
from models.schemes import Cohort, Scheme
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid
from services.imports import asked, columns, comparing, corrections, previews, reading, rows, writing
from services.imports.asked import Form
from services.imports.comparing import Plan, State
from services.imports.previews import Arrival, Change, Columns, Preview, Target
from services.imports.reading import Problem, Sheet
from services.units import writes

__all__ = ["Arrival", "Change", "Columns", "Destination", "Imported", "Preview", "Problem", "State", "Target"]
__all__ += ["columns_of", "confirm", "destination", "preview"]

# How far a file is, from 0 to 1, and what happens now. Reading and checking take most of the time.
Progress = Callable[[float, str], None]
PARSED, COMPARED = 0.6, 0.75


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Without a look for garbage: Python would look through half a million cells again and again, and find none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _quietly(_share: float, _doing: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Destination:
    """Where an import would go."""

    scheme: str
    cohort: str


@dataclass(frozen=True)
class Imported:
    """What an import did. `kept_own` people were known elsewhere: they got a place, and keep their own facts.

    `told` are those whose answers had been approved before: an email says to them what was corrected.
    """

    added: int
    changed: int
    unchanged: int
    kept_apart: int = 0
    kept_own: int = 0
    told: int = 0


@dataclass(frozen=True)
class _Read:
    """A file in the light of one scheme."""

    cohort: Cohort
    form: Form
    sheet: Sheet
    columns: Columns
    content: bytes


def destination(session: Session, actor: Actor, cohort_id: UUID) -> Destination:
    """The cohort that the people would join. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    return Destination(session.get_one(Scheme, cohort.scheme_id).name, cohort.name)


def columns_of(
    session: Session, actor: Actor, cohort_id: UUID, *, file_name: str, content: bytes, side: Side | None
) -> Columns:
    """The file's columns with the mapping remembered for this shape of file, or a guess. Raises NotAllowed, Invalid."""
    return _read(session, actor, cohort_id, file_name, content, None, side).columns


@_collecting_later()
def preview(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    file_name: str,
    content: bytes,
    mapping: Mapping[str, int] | None,
    side: Side | None,
    progress: Progress = _quietly,
) -> Preview:
    """What importing the file would do; nothing is written. `side` None: a column says it for each.

    `mapping` is target key → column (from 0); None takes the remembered one, or a guess. Raises NotAllowed, and
    Invalid when the file cannot be read as a whole; what is wrong with single rows is in `problems`.
    """
    read = _read(session, actor, cohort_id, file_name, content, mapping, side)
    parsed = _parsed(read, side, progress)
    progress(PARSED, "Comparing with who is here already…")
    plan = comparing.plan(session, read.cohort, read.form, read.sheet, read.columns.mapping, parsed)
    letter = corrections.letter(session, read.form, read.cohort.scheme_id, plan)
    shown = previews.preview_of(read.columns, read.form, plan, content)
    return replace(shown, told=len(corrections.of(plan)), letter=letter)


@_collecting_later()
def confirm(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    file_name: str,
    content: bytes,
    mapping: Mapping[str, int] | None,
    side: Side | None,
    seen: str | None = None,
    progress: Progress = _quietly,
) -> Imported:
    """Import the file: all of it, or nothing. The same file once more changes nothing.

    `seen` is the fingerprint of the preview that was confirmed: if the import would now do something else, it does
    nothing. Raises NotAllowed, Invalid (with any problem in any row) and Conflict.
    """
    # The file is taken apart before the unit of work begins: on SQLite nobody else could write meanwhile.
    read = _read(session, actor, cohort_id, file_name, content, mapping, side)
    parsed = _parsed(read, side, progress)
    progress(PARSED, "Comparing with who is here already…")
    return _confirmed(session, actor, cohort_id, read=read, parsed=parsed, seen=seen, progress=progress)


@writes
def _confirmed(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    read: _Read,
    parsed: rows.Parsed,
    seen: str | None,
    progress: Progress,
) -> Imported:
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    form = asked.form_of(session, session.get_one(Scheme, cohort.scheme_id))
    read = replace(read, cohort=cohort, form=form)
    plan = comparing.plan(session, cohort, form, read.sheet, read.columns.mapping, parsed)
    if plan.problems:
        raise Invalid(
            _in_words(len(plan.problems)), remedy="Nothing was imported. Correct the file and upload it again."
        )
    if seen is not None and seen != previews.fingerprint(read.content, read.columns.mapping, plan):
        raise Conflict("Something changed since you checked this file.", remedy="Check it again before you confirm.")
    done = Imported(
        added=plan.count(State.NEW),
        changed=plan.count(State.CHANGED),
        unchanged=plan.count(State.UNCHANGED),
        kept_apart=len(plan.apart),
        kept_own=plan.kept_own,
        told=len(corrections.of(plan)),
    )
    if done.added or done.changed or done.kept_apart:
        progress(COMPARED, "Writing…")
        try:
            _carry_out(session, actor, read, plan, done)
            session.commit()
        except IntegrityError as clash:
            # Somebody else added one of these people a moment ago. The unique indexes decide; a check could not.
            session.rollback()
            raise Conflict(
                "Somebody else added one of these people a moment ago.", remedy="Check the file again."
            ) from clash
    return done


def _carry_out(session: Session, actor: Actor, read: _Read, plan: Plan, done: Imported) -> None:
    """Adds everything and its entries in the journal.

    The journal gets one entry for the import, with the file's fingerprint and the counts, and one for each person whose
    answers changed, because "who changed my answers?" is asked by person. Whoever arrives is `imported` already.
    """
    scheme_id = read.cohort.scheme_id
    for deed, subject_id, keys in writing.write(session, read.cohort, plan, actor.person_id):
        audit.record(session, actor, deed, subject_id, scheme_id=scheme_id, changed=keys, by="import")
    corrections.tell(session, read.form, scheme_id, plan, event=hashlib.sha256(read.content).hexdigest()[:16])
    _remember(session, scheme_id, read)
    audit.record(
        session,
        actor,
        "enrolments.imported",
        read.cohort.id,
        scheme_id=scheme_id,
        file_sha256=hashlib.sha256(read.content).hexdigest(),
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
    )


def _read(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    file_name: str,
    content: bytes,
    mapping: Mapping[str, int] | None,
    side: Side | None,
) -> _Read:
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    form = asked.form_of(session, session.get_one(Scheme, cohort.scheme_id))
    sheet = reading.read(file_name, content)
    targets = form.targets(side)
    kept = _remembered(session, cohort.scheme_id, sheet, {target.key for target in targets})
    if mapping is None:
        mapping = kept or columns.guess(sheet.headers, [row.cells for row in sheet.rows], targets)
    elif not mapping.keys() <= {target.key for target in targets}:
        raise Invalid("A column was chosen for something that this scheme does not ask.", remedy="Choose again.")
    shown = previews.columns_of(sheet, form, side, mapping, remembered=bool(kept))
    return _Read(cohort, form, sheet, shown, content)


def _parsed(read: _Read, side: Side | None, progress: Progress) -> rows.Parsed:
    """The people in the file, without a look at the database."""
    return rows.parse(
        read.sheet,
        read.columns.mapping,
        role=side.value if side else None,
        targets=read.form.targets(side),
        progress=lambda share: progress(share * PARSED, "Checking every row…"),
    )


def _kept_mapping(session: Session, scheme_id: UUID, sheet: Sheet) -> ColumnMapping | None:
    shape = columns.shape_key(sheet.headers)
    statement = select(ColumnMapping).where(ColumnMapping.scheme_id == scheme_id, ColumnMapping.shape_key == shape)
    return session.exec(statement).one_or_none()


def _remembered(session: Session, scheme_id: UUID, sheet: Sheet, targets: set[str]) -> dict[str, int]:
    """The mapping last confirmed for this shape of file, as far as the scheme still asks for it."""
    kept = _kept_mapping(session, scheme_id, sheet)
    return {key: column for key, column in kept.columns.items() if key in targets} if kept else {}


def _remember(session: Session, scheme_id: UUID, read: _Read) -> None:
    kept = _kept_mapping(session, scheme_id, read.sheet)
    if kept is None:
        kept = ColumnMapping(scheme_id=scheme_id, shape_key=columns.shape_key(read.sheet.headers))
    kept.columns = dict(read.columns.mapping)
    session.add(kept)


def _in_words(problems: int) -> str:
    return "There is a problem in this file." if problems == 1 else f"There are {problems:,} problems in this file."
