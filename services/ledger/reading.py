"""The ledger of a cohort: every clause of the documents in force with its evidence, the most pressing first."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, true
from sqlmodel import Session, col

from models.audit import AuditEntry
from models.schemes import Cohort
from services import wording_shapes
from services.access import Actor
from services.ledger import (
    answers,
    asking,
    judging,
    library,
    moments,
    pairs,
    parity,
    people,
    proposals,
    records,
    referrals,
)
from services.ledger.moments import Shape
from services.ledger.registry import entry_of
from services.ledger.shapes import Ask, Count, DocumentInForce, Entry, Ledger, Line, Measured, State

Counts = Mapping[str, Count]
ROWS: dict[str, Callable[[Shape, Collection[str]], Any]] = {
    "pairs": pairs.rows,
    "mentors": people.mentors,
    "mentees": people.mentees,
}
SIDES = ("mentors", "mentees")
# Of none of these is anything counted in a table that meetings and contacts are noted in.
LASTING = (*SIDES, "answers")
# What is done most often in a cohort, and tells nothing about any mentor or mentee, or any form, by themselves.
OF_MEETINGS = ("contact.noted", "meeting.corrected", "meeting.recorded")
ORDER = list(State)
# Answers what it is given makes, or what that made before.
Keep = Callable[[Callable[[], dict[str, Counts]]], dict[str, Counts]]


def fresh(make: Callable[[], dict[str, Counts]]) -> dict[str, Counts]:
    """Nothing is kept."""
    return make()


def ledger(session: Session, actor: Actor, cohort_id: UUID, *, today: date | None = None, keep: Keep = fresh) -> Ledger:
    """The whole ledger in no more than 12 queries, at any size of cohort. Raises NotAllowed.

    `keep` may answer counts of mentors, mentees and feedback from before, as long as `people_edition` is the same.
    """
    ask, is_protected = asking.asked(session, actor, cohort_id, today)
    clauses = asking.clauses_of(session, ask.documents)
    entries = {row.key: entry_of(row.key) for row in clauses}
    counts = _counted(session, ask, _wanted(entries.values()), keep)
    titles = {document.id: document for document in ask.documents}
    lines = [
        _line(row, titles[row.document_id], entries[row.key], counts, ask, protect=is_protected) for row in clauses
    ]
    return Ledger(
        scheme=ask.scheme.name,
        cohort=ask.cohort.name,
        as_of=ask.now.day,
        before=ask.then.day,
        is_protected=is_protected,
        documents=ask.documents,
        # Stable: within a state the order is that of the texts.
        lines=tuple(sorted(lines, key=lambda line: ORDER.index(line.state))),
    )


def people_edition(session: Session, cohort_id: UUID) -> int:
    """The scheme's newest entry in the journal that may have changed a count of people or of feedback. One query."""
    return session.execute(_newest_about_people(), {"cohort_id": cohort_id}).scalar() or 0


@cache
def _newest_about_people() -> Any:
    scheme_id = select(col(Cohort.scheme_id)).where(col(Cohort.id) == bindparam("cohort_id")).scalar_subquery()
    sequence = col(AuditEntry.sequence)
    about = select(sequence).where(col(AuditEntry.scheme_id) == scheme_id, col(AuditEntry.action).not_in(OF_MEETINGS))
    return about.order_by(sequence.desc()).limit(1)


def _wanted(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """By source, the counts that some clause in force is about, now and before: nothing else is counted."""
    found: dict[str, set[str]] = {}
    for figure in sorted((each for entry in entries for each in entry.figures), key=lambda each: each.source):
        names = judging.names(figure)
        found.setdefault(figure.source, set()).update(names, (f"{name}_then" for name in names))
        if figure.days:
            found.setdefault("referrals", set()).add(figure.days)
    return {source: frozenset(names) for source, names in found.items()}


def _counted(session: Session, ask: Ask, wanted: Mapping[str, frozenset[str]], keep: Keep) -> dict[str, Counts]:
    """The counts by source, of which those of `LASTING` may be kept from before."""
    lasting = {source: names for source, names in wanted.items() if source in LASTING}
    passing = {source: names for source, names in wanted.items() if source not in LASTING}
    found = {**keep(partial(_counted_now, session, ask, lasting)), **_counted_now(session, ask, passing)}
    # A usual time stands beside the figure of the pairs that it is about.
    if "referrals" in found:
        found["pairs"] = {**found["pairs"], **found.pop("referrals")}
    return found


def _counted_now(session: Session, ask: Ask, wanted: Mapping[str, frozenset[str]]) -> dict[str, Counts]:
    """One query for the pairs, one for the people of both sides, one or two for each other source."""
    found: dict[str, Counts] = {}
    for sources in (("pairs",), SIDES):
        if asked := {source: wanted[source] for source in sources if source in wanted}:
            found |= _summed(session, ask, asked)
    for source in wanted.keys() - ROWS.keys():
        found[source] = _counts(session, ask, source)
    return found


def _counts(session: Session, ask: Ask, source: str) -> Counts:
    if source == "documents":
        return {"code_edition": Count(max((each.edition for each in ask.documents if each.kind == "code"), default=0))}
    counting: dict[str, Callable[[Session, Ask], Counts]] = {
        "answers": answers.counts,
        "agreement": records.agreement,
        "channels": records.channels,
        "library": library.counts,
        "parity": parity.counts,
        "proposals": proposals.counts,
        "records": records.counts,
        "referrals": referrals.counts,
    }
    return counting[source](session, ask)


def _summed(session: Session, ask: Ask, wanted: Mapping[str, frozenset[str]]) -> dict[str, Counts]:
    """How many rows of each of these sources have each mark, now and before. One query."""
    statement = _sums(moments.shape_of(ask), tuple(wanted.items()))
    row = session.execute(statement, moments.values(ask)).one()
    found: dict[str, Counts] = {}
    for source in wanted:
        at = {name.partition("|")[2]: value for name, value in row._mapping.items() if name.startswith(f"{source}|")}
        sums = {name: int(value or 0) for name, value in at.items()}
        found[source] = {name: Count(value, sums.get(f"{name}_then")) for name, value in sums.items()}
    return found


@cache
def _sums(shape: Shape, wanted: tuple[tuple[str, frozenset[str]], ...]) -> Any:
    """One row; its columns are named after source and mark, as `mentors|signed`."""
    tables = [_sums_of(source, shape, marks).subquery(source) for source, marks in wanted]
    columns = (each.label(f"{table.name}|{each.name}") for table in tables for each in table.columns)
    first, *others = tables
    both: Any = first
    for other in others:
        both = both.join(other, true())
    return select(*columns).select_from(both)


def _sums_of(source: str, shape: Shape, marks: frozenset[str]) -> Any:
    if source == "pairs":
        return pairs.sums(shape, marks)
    marked = ROWS[source](shape, marks).columns
    return select(*(func.sum(each).label(each.name) for each in marked if each.name in marks))


def _line(
    row: Any, document: DocumentInForce, entry: Entry, counts: Mapping[str, Counts], ask: Ask, *, protect: bool
) -> Line:
    targets = ask.scheme.other_settings.get("targets", {})
    numbers = {"ways_days": _in_days(moments.ways_days(ask))}
    found = tuple(
        judging.measured(figure, counts[figure.source], targets, protect=protect, numbers=numbers)
        for figure in entry.figures
    )
    leading = _leading(found)
    return Line(
        clause=row.key,
        heading=wording_shapes.name_of(row.heading, row.text),
        section=row.section,
        document=document.title,
        text=row.text,
        state=leading.state if leading else State.PEOPLE,
        number=leading.words if leading else "",
        trend=leading.trend if leading else "",
        measured=found,
        informs=entry.informs,
        asks=entry.asks,
        not_yet=entry.not_yet,
    )


def _in_days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _leading(found: tuple[Measured, ...]) -> Measured | None:
    """The figure that decides how the clause stands: the first of the most pressing ones."""
    return min(found, key=lambda each: ORDER.index(each.state), default=None)
