"""What the sources are asked about: the cohort, its days, the texts in force and the modules that must be done."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, select
from sqlmodel import Session, col

from models.agreements import Clause, PublishedState, SchemeDocument, TrainingModule
from models.columns import utc_now
from models.enrolments import Side
from models.schemes import Cohort, Scheme
from services import access, days, times
from services.access import Actor
from services.ledger.shapes import TREND_DAYS, Ask, DocumentInForce, RequiredModule
from services.pair_facts import AsOf


def asked(session: Session, actor: Actor, cohort_id: UUID, today: date | None) -> tuple[Ask, bool]:
    """May they, about which day, and whether numbers are kept back from them. Four queries. Raises NotAllowed."""
    cohort = access.cohort_to_see_figures_of(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    is_protected = cohort.scheme_id not in actor.coordinates
    now = as_of(cohort, scheme, today or times.day_in(utc_now(), scheme.time_zone), is_protected=is_protected)
    # What was entered late about that day is known by now; what a manager may not know yet stays unknown.
    then = AsOf(now.day - timedelta(days=TREND_DAYS), scheme.time_zone)
    documents = documents_in_force(session, scheme, now, then)
    modules = _modules(session, scheme)
    return Ask(cohort, scheme, now, then, documents, _required(modules, now), _required(modules, then)), is_protected


def as_of(cohort: Cohort, scheme: Scheme, today: date, *, is_protected: bool) -> AsOf:
    """The day that a reader's figures speak of: today, or the end of yesterday for whoever sees no people."""
    if not is_protected:
        return AsOf(today, scheme.time_zone)
    yesterday = today - timedelta(days=1)
    # In a demonstration everything was entered today, about people who do not exist.
    known_until = None if cohort.is_demonstration else days.first_moment_after(yesterday, scheme.time_zone)
    return AsOf(yesterday, scheme.time_zone, known_until)


def documents_in_force(session: Session, scheme: Scheme, now: AsOf, then: AsOf) -> tuple[DocumentInForce, ...]:
    """The newest edition of each kind in the scheme's language, by kind. One query, without the texts."""
    table = SchemeDocument
    columns = (
        table.id,
        table.kind,
        table.language,
        table.edition,
        table.title,
        table.sha256,
        table.signed_by,
        table.published_at,
    )
    statement: Any = select(*(col(column) for column in columns)).where(col(table.scheme_id) == scheme.id)
    rows = session.execute(statement.order_by(col(table.kind), col(table.edition))).all()
    kinds = list(dict.fromkeys(row.kind for row in rows))
    found = (_in_force([row for row in rows if row.kind == kind], scheme, now, then) for kind in kinds)
    return tuple(document for document in found if document is not None)


def clauses_of(session: Session, documents: Sequence[DocumentInForce]) -> list[Any]:
    """(document id, key, heading, section, text) of every clause, in the order of the texts. One query."""
    statement: Any = (
        select(col(Clause.document_id), col(Clause.key), col(Clause.heading), col(Clause.section), col(Clause.text))
        .where(col(Clause.document_id).in_([document.id for document in documents]))
        .order_by(col(Clause.position))
    )
    rows = session.execute(statement).all()
    order = {document.id: number for number, document in enumerate(documents)}
    return sorted(rows, key=lambda row: order[row.document_id])


def _in_force(rows: list[Any], scheme: Scheme, now: AsOf, then: AsOf) -> DocumentInForce | None:
    ours = [row for row in rows if row.language == scheme.language and row.published_at < now.until]
    if not ours:
        return None
    newest = ours[-1]
    before = [row.edition for row in ours if row.published_at < then.until]
    edition_then = before[-1] if before else newest.edition
    return DocumentInForce(
        id=newest.id,
        kind=newest.kind,
        title=newest.title,
        edition=newest.edition,
        sha256=newest.sha256,
        published_at_day=times.day_in(newest.published_at, scheme.time_zone),
        signed_by=tuple(newest.signed_by),
        twins=tuple(row.id for row in rows if row.edition == newest.edition),
        twins_then=tuple(row.id for row in rows if row.edition == edition_then),
        counting=_counting(rows, newest, scheme, now),
        counting_then=_counting(rows, [row for row in ours if row.edition == edition_then][-1], scheme, then),
    )


def _counting(rows: list[Any], newest: Any, scheme: Scheme, as_of: AsOf) -> tuple[UUID, ...]:
    """The editions whose signature keeps a pair going: older ones too until the days of grace are over (U-9)."""
    grace_is_over = newest.published_at + timedelta(days=scheme.signature_grace_days) < as_of.until
    return tuple(
        row.id for row in rows if row.edition <= newest.edition and (row.edition == newest.edition or not grace_is_over)
    )


def _modules(session: Session, scheme: Scheme) -> list[Any]:
    """Every edition of every module that is published now, the oldest first. One query."""
    table = TrainingModule
    columns = (table.id, table.key, table.edition, table.state, table.counts_from, table.due_on, table.published_at)
    mentors = cast(col(table.required_for), String).like(f'%"{Side.MENTOR.value}"%').label("required")
    statement: Any = select(*(col(column) for column in columns), mentors)
    statement = statement.where(col(table.scheme_id) == scheme.id, col(table.state) != PublishedState.DRAFT)
    rows = session.execute(statement.order_by(col(table.edition))).all()
    kept = {row.key for row in rows if row.state == PublishedState.PUBLISHED}
    return [row for row in rows if row.key in kept]


def _required(rows: list[Any], as_of: AsOf) -> tuple[RequiredModule, ...]:
    """What mentors must have done by that day, as the edition that was in force on it asks."""
    newest = {row.key: row for row in rows if row.published_at is None or row.published_at < as_of.until}
    return tuple(
        RequiredModule(tuple(row.id for row in rows if row.key == key and row.edition >= module.counts_from))
        for key, module in newest.items()
        if module.required and (module.due_on is None or module.due_on < as_of.day)
    )
