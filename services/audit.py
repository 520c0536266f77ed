"""The journal of every change: one entry in the same transaction, chained by hash so that a gap or an edit shows."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from models.audit import AuditEntry, AuditHead
from models.columns import utc_now
from services.access import Actor

GENESIS = "0" * 64


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found. `broken_at` is the sequence of the first entry that does not fit."""

    entries: int
    broken_at: int | None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject_id: UUID | None = None,
    *,
    scheme_id: UUID | None = None,
    **details: Any,
) -> None:
    """Add one entry to the journal. It is committed with the change it describes, or lost with it.

    `details` are plain JSON values and never confidential ones: of a private field, say only that it changed.
    """
    head = _held_head(session)
    entry = AuditEntry(
        sequence=head.sequence + 1,
        at=utc_now(),
        actor_id=actor.person_id,
        acting_as=actor.place.acting_as.value,
        action=action,
        subject_id=subject_id,
        scheme_id=scheme_id or actor.place.scheme_id,
        details=details,
        previous_sha256=head.entry_sha256,
        entry_sha256="",
    )
    entry.entry_sha256 = _fingerprint(entry)
    head.sequence, head.entry_sha256 = entry.sequence, entry.entry_sha256
    session.add(entry)


def verify(session: Session) -> Verdict:
    """Walk the chain from its first link to its head and say where it first breaks."""
    previous, expected = GENESIS, 1
    for entry in session.exec(select(AuditEntry).order_by(_sequence())).yield_per(1000):
        fits = entry.sequence == expected and entry.previous_sha256 == previous
        if not fits or entry.entry_sha256 != _fingerprint(entry):
            return Verdict(entries=expected - 1, broken_at=expected)
        previous, expected = entry.entry_sha256, expected + 1
    head = session.get(AuditHead, 1)
    # Entries cut off at the end leave a chain that fits; the head remembers how long it was.
    whole = head is not None and (head.sequence, head.entry_sha256) == (expected - 1, previous)
    return Verdict(entries=expected - 1, broken_at=None if whole else expected)


def _held_head(session: Session) -> AuditHead:
    """The chain's head, locked until the commit, so that two people cannot add the same link."""
    # Not flushing here leaves a clash of the caller's own rows to its commit, where it is expected.
    with session.no_autoflush:
        mine = session.identity_map.get(session.identity_key(AuditHead, 1))
        if isinstance(mine, AuditHead) and mine in session.dirty:
            return mine
        statement = select(AuditHead).where(AuditHead.id == 1).with_for_update()
        return session.exec(statement.execution_options(populate_existing=True)).one()


def _fingerprint(entry: AuditEntry) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    ids = [str(value) if value else None for value in (entry.actor_id, entry.subject_id, entry.scheme_id)]
    content = [entry.sequence, at, entry.acting_as, entry.action, *ids, entry.details, entry.previous_sha256]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _sequence() -> Any:
    return AuditEntry.__table__.c.sequence  # type: ignore[attr-defined]
