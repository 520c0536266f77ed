"""The ledger as one HTML page to print and keep: no script, no link, nothing from outside; same data, same bytes.

Three fingerprints say what it is about: each text in force, all figures as told here, and the head of the journal.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlmodel import Session, col

from models.agreements import SchemeDocument
from models.audit import AuditEntry
from models.people import Person
from models.schemes import Cohort
from services import times
from services.access import Actor
from services.ledger.reading import ledger
from services.ledger.shapes import Ledger, Line, State

STATES = {
    State.RED: "Red",
    State.AMBER: "Amber",
    State.GREEN: "Green",
    State.TELLS: "Only informs",
    State.HIDDEN: "Kept back",
    State.NOBODY: "Nobody yet",
    State.PEOPLE: "Upheld by people",
}


@dataclass(frozen=True)
class Pack:
    """A page to download. `figures_sha256` is of every clause with its state, numbers and trends, as JSON."""

    content: bytes
    figures_sha256: str


def evidence_pack(session: Session, actor: Actor, cohort_id: UUID, *, today: date | None = None) -> Pack:
    """The ledger as this actor may see it. Raises NotAllowed."""
    found = ledger(session, actor, cohort_id, today=today)
    fingerprint = figures_fingerprint(found)
    page = _environment().get_template("pack.html.j2")
    people = _publishers(session, actor, cohort_id, [each.id for each in found.documents])
    content = page.render(
        ledger=found,
        lines=found.lines,
        counts=[(words, sum(line.state is state for line in found.lines)) for state, words in STATES.items()],
        states=STATES,
        day=_in_words(found.as_of),
        before=_in_words(found.before),
        documents=[(each, _in_words(each.published_at_day), people.get(each.id)) for each in found.documents],
        figures=fingerprint,
        journal=_journal_head(session, cohort_id),
    )
    return Pack(content.encode(), fingerprint)


def figures_fingerprint(found: Ledger) -> str:
    """Of what is told, not of how it looks: SHA-256 of the lines in the order of their clauses, as JSON."""
    told = [_told(line) for line in sorted(found.lines, key=lambda line: line.clause)]
    about = {"cohort": found.cohort, "as_of": found.as_of.isoformat(), "clauses": told}
    return sha256(json.dumps(about, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _told(line: Line) -> dict[str, Any]:
    numbers = [[each.figure.key, each.state, each.words, each.trend] for each in line.measured]
    return {"clause": line.clause, "state": line.state, "numbers": numbers, "not_yet": line.not_yet}


def _journal_head(session: Session, cohort_id: UUID) -> tuple[int, str]:
    """The newest entry about this scheme: its number in the journal, and the hash that covers all before it."""
    scheme_id = select(col(Cohort.scheme_id)).where(col(Cohort.id) == cohort_id).scalar_subquery()
    sequence: Any = AuditEntry.sequence
    newest = (
        select(sequence, col(AuditEntry.entry_sha256))
        .where(col(AuditEntry.scheme_id) == scheme_id)
        .order_by(sequence.desc())
        .limit(1)
    )
    row = session.execute(newest).one_or_none()
    return (row[0], row[1]) if row else (0, "0" * 64)


def _publishers(session: Session, actor: Actor, cohort_id: UUID, documents: Sequence[UUID]) -> dict[UUID, str]:
    """Who published each text, for whoever runs the scheme: figures for others name nobody. One query."""
    if session.get_one(Cohort, cohort_id).scheme_id not in actor.coordinates:
        return {}
    named = select(col(SchemeDocument.id), col(Person.full_name)).join(
        Person, col(Person.id) == col(SchemeDocument.published_by_id)
    )
    return {row[0]: row[1] for row in session.execute(named.where(col(SchemeDocument.id).in_(documents)))}


def _in_words(day: date) -> str:
    return f"{times.day_in_words(day)} {day.year}"


def _environment() -> Environment:
    folder = Path(__file__).parent
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
