"""The library of a scheme, as people read it (U-C6.5): what is for their side, and what is new since their last visit.

Each reader is counted once, and no screen, journal or export says who read what.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, bindparam, case, cast, false, func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import PublishedState
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.resources import Resource, ResourceRead, ResourceReader
from models.schemes import Cohort
from services import access, audit, markdown_text
from services.access import Actor
from services.errors import NotAllowed
from services.units import writes

PAGE = 20
# A visit goes on for so long: reading something for ten minutes does not make the rest old.
VISIT = timedelta(minutes=30)


@dataclass(frozen=True)
class Item:
    """One thing to read. `host` is where a link leads; None for a text."""

    id: UUID
    title: str
    summary: str
    host: str | None
    published_at: datetime
    is_new: bool
    is_read: bool


@dataclass(frozen=True)
class Library:
    """One page of what somebody may read, the newest first. `new` counts those of all pages, whatever is searched."""

    items: tuple[Item, ...]
    total: int
    new: int
    pages: int
    gets_digest: bool
    last_visit_at: datetime | None


@dataclass(frozen=True)
class Reading:
    """One thing to read: a Markdown `text`, or a checked `link` with its host."""

    id: UUID
    title: str
    summary: str
    text: str | None
    link: str | None
    host: str | None
    published_at: datetime


def library(session: Session, actor: Actor, *, search: str = "", only_new: bool = False, page: int = 1) -> Library:
    """What is for the actor's side, 20 a page. Five queries. Raises NotAllowed."""
    enrolment, scheme_id = _own(session, actor)
    reader = _reader_of(session, enrolment.id)
    last = reader.previous_visit_at if reader else None
    mine = offered(scheme_id, enrolment.side)
    is_new = col(Resource.published_at) > last if last is not None else false()
    given = {"enrolment_id": enrolment.id}
    wanted = [mine, *matching(search), *([is_new] if only_new else [])]
    total, new = session.exec(
        select(func.count(case((and_(*wanted), 1))), func.count(case((is_new, 1)))).where(mine)
    ).one()
    pages = max(1, -(-total // PAGE))
    statement = (
        select(
            col(Resource.id),
            col(Resource.title),
            col(Resource.summary),
            col(Resource.link),
            col(Resource.published_at),
            is_new.label("is_new"),
            _read_on(),
        )  # type: ignore[call-overload]
        .where(*wanted)
        .order_by(col(Resource.published_at).desc(), col(Resource.title))
        .offset((min(max(page, 1), pages) - 1) * PAGE)
        .limit(PAGE)
    )
    rows = session.exec(statement, params=given)
    return Library(tuple(_item(*row) for row in rows), total, new, pages, _gets_digest(reader), last)


def reading(session: Session, actor: Actor, resource_id: UUID) -> Reading:
    """One thing that is for the actor's side. Raises NotAllowed."""
    return shown(_offered_to(session, actor, resource_id))


@writes
def visit(session: Session, actor: Actor) -> None:
    """Note that the actor looks into the library; within half an hour it is the same visit. Raises NotAllowed.

    Not in the journal: when somebody reads is nobody else's business.
    """
    enrolment, _ = _own(session, actor)
    reader, now = _reader(session, enrolment.id), utc_now()
    if reader.latest_visit_at is None or now - reader.latest_visit_at > VISIT:
        reader.previous_visit_at, reader.latest_visit_at = reader.latest_visit_at, now
        session.add(reader)
    session.commit()


@writes
def mark_read(session: Session, actor: Actor, resource_id: UUID) -> None:
    """Count the actor once among the readers. Raises NotAllowed. Not in the journal either."""
    row, enrolment = _offered_to(session, actor, resource_id), access.own_enrolment(session, actor)
    mine = [ResourceRead.resource_id == row.id, ResourceRead.enrolment_id == enrolment.id]
    if session.exec(select(ResourceRead.id).where(*mine)).first() is not None:
        return
    session.add(ResourceRead(resource_id=row.id, enrolment_id=enrolment.id))
    try:
        session.commit()
    except IntegrityError:
        # Opened in two windows at once: counted once all the same.
        session.rollback()


@writes
def set_digest(session: Session, actor: Actor, *, wanted: bool) -> None:
    """Get new titles by email once a week, or stop that at once. Raises NotAllowed."""
    enrolment, _ = _own(session, actor)
    reader = _reader(session, enrolment.id)
    if wanted != _gets_digest(reader):
        reader.digest_since = utc_now() if wanted else None
        session.add(reader)
        audit.record(session, actor, "resources.digest_on" if wanted else "resources.digest_off", enrolment.id)
    session.commit()


def offered(scheme_id: Any, side: Side) -> Any:
    """An SQL condition on Resource: published in the scheme, and for this side."""
    for_side = cast(col(Resource.sides), String).like(f'%"{side.value}"%')
    return and_(col(Resource.scheme_id) == scheme_id, col(Resource.state) == PublishedState.PUBLISHED, for_side)


def matching(search: str) -> list[Any]:
    """SQL conditions: each of the words stands somewhere, in any order."""
    places = (Resource.title, Resource.summary, Resource.text, Resource.link)
    return [or_(*(col(place).icontains(word, autoescape=True) for place in places)) for word in search.split()]


def shown(row: Resource) -> Reading:
    """A resource as it is read."""
    assert row.published_at is not None or row.state is PublishedState.DRAFT  # noqa: S101 - a constraint says so
    host = markdown_text.host_of(row.link) if row.link else None
    return Reading(row.id, row.title, row.summary, row.text, row.link, host, row.published_at or row.created_at)


def _item(
    resource_id: UUID,
    title: str,
    summary: str,
    link: str | None,
    published_at: datetime,
    is_new: bool,
    read_on: datetime | None,
) -> Item:
    """What was shown as new again after they had read it is new to them too."""
    host = markdown_text.host_of(link) if link else None
    is_news = bool(is_new) and (read_on is None or read_on < published_at)
    return Item(resource_id, title, summary, host, published_at, is_news, read_on is not None and not is_news)


@cache
def _read_on() -> Any:
    """SQL: when they first opened it."""
    enrolment_id: Any = bindparam("enrolment_id")
    return (
        select(ResourceRead.created_at)
        .where(ResourceRead.resource_id == Resource.id, ResourceRead.enrolment_id == enrolment_id)
        .correlate(Resource)
        .scalar_subquery()
    )


def _own(session: Session, actor: Actor) -> tuple[Enrolment, UUID]:
    """The actor's enrolment and its scheme. Raises NotAllowed when their place has ended."""
    enrolment = access.own_enrolment(session, actor)
    if enrolment.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        raise NotAllowed(
            "Your place in this cohort has ended.", remedy="Ask the coordinator if you would like to return."
        )
    return enrolment, session.get_one(Cohort, enrolment.cohort_id).scheme_id


def _offered_to(session: Session, actor: Actor, resource_id: UUID) -> Resource:
    enrolment, scheme_id = _own(session, actor)
    mine = offered(scheme_id, enrolment.side)
    found = session.exec(select(Resource).where(Resource.id == resource_id, mine)).one_or_none()
    if found is None:
        raise NotAllowed("You cannot open this.", remedy="Choose something from the library.")
    return found


def _reader_of(session: Session, enrolment_id: UUID) -> ResourceReader | None:
    return session.exec(select(ResourceReader).where(ResourceReader.enrolment_id == enrolment_id)).one_or_none()


def _reader(session: Session, enrolment_id: UUID) -> ResourceReader:
    return _reader_of(session, enrolment_id) or ResourceReader(enrolment_id=enrolment_id)


def _gets_digest(reader: ResourceReader | None) -> bool:
    return reader is not None and reader.digest_since is not None
