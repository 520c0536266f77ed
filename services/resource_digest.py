"""Once a week, to whoever asked for it: the titles that came into the library since the last such email."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.agreements import PublishedState
from models.enrolments import Enrolment
from models.resources import Resource, ResourceReader
from models.schemes import Cohort
from services import audit, messages
from services.access import DESK
from services.trained import TAKING_PART
from services.units import writes

TEMPLATE = "resource_digest"
AT_ONCE = 200
MOST_TITLES = 10


def send_due(session: Session, now: datetime) -> int:
    """Write to everybody for whom something is new; how many. Nothing is sent where nothing is new."""
    sent = 0
    while count := _send_some(session, now):
        sent += count
    return sent


@writes
def _send_some(session: Session, now: datetime) -> int:
    """Some readers in one unit of work. Each is moved on to `now`, and so does not come up again."""
    rows = session.exec(_waiting(now)).all()
    by_scheme = {
        scheme_id: _published(session, scheme_id, now) for scheme_id in {scheme_id for _, _, scheme_id in rows}
    }
    for reader, enrolment, scheme_id in rows:
        found = [
            row
            for row in by_scheme[scheme_id]
            if enrolment.side.value in row.sides and row.published_at > reader.digest_since
        ]
        if found:
            _write(session, enrolment, scheme_id, found, now)
        reader.digest_since = now
        session.add(reader)
    if rows:
        audit.record(session, DESK, "resources.digest_sent", readers=len(rows))
    session.commit()
    return len(rows)


def _write(session: Session, enrolment: Enrolment, scheme_id: UUID, found: Sequence[Resource], now: datetime) -> None:
    messages.queue(
        session,
        person_id=enrolment.person_id,
        template=TEMPLATE,
        scheme_id=scheme_id,
        event=f"{enrolment.id} {now.isoformat()}",
        resources=[{"title": row.title, "summary": row.summary} for row in found[:MOST_TITLES]],
        more=max(0, len(found) - MOST_TITLES),
    )


def _waiting(now: datetime) -> Any:
    """Readers with a digest, who take part, in whose scheme something was published since."""
    newest = (
        select(func.max(Resource.published_at))
        .where(Resource.scheme_id == Cohort.scheme_id, *_readable(now))
        .correlate(Cohort)
        .scalar_subquery()
    )
    return (
        select(ResourceReader, Enrolment, Cohort.scheme_id)
        .join(Enrolment, col(Enrolment.id) == col(ResourceReader.enrolment_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(col(Enrolment.status).in_(TAKING_PART), newest > col(ResourceReader.digest_since))
        .order_by(col(ResourceReader.id))
        .limit(AT_ONCE)
    )


def _readable(now: datetime) -> list[Any]:
    """What is published by now: whatever comes while this runs waits for the next time."""
    return [Resource.state == PublishedState.PUBLISHED, col(Resource.published_at) <= now]


def _published(session: Session, scheme_id: UUID, now: datetime) -> list[Any]:
    mine = [Resource.scheme_id == scheme_id, *_readable(now)]
    return list(session.exec(select(Resource).where(*mine).order_by(col(Resource.published_at).desc())))
