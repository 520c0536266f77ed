"""What a coordinator puts into the library: written as a draft, published, changed, taken out and brought back.

The last change of each can be taken back: its content before stays beside it.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.agreements import PublishedState
from models.columns import utc_now
from models.enrolments import Side
from models.resources import Resource, ResourceRead
from models.schemes import Scheme
from services import access, audit, cleaning, markdown_text, resources
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.resources import PAGE, Reading
from services.schemes import templates
from services.schemes.shapes import SchemeTemplate
from services.units import writes

LONGEST_TEXT = 60_000
_DRAFT, _PUBLISHED, _RETIRED = PublishedState.DRAFT, PublishedState.PUBLISHED, PublishedState.RETIRED


@dataclass(frozen=True)
class Content:
    """What a coordinator writes: a Markdown `text`, or a `link`. Sides are "mentor" and "mentee"."""

    title: str
    summary: str = ""
    sides: tuple[str, ...] = (Side.MENTOR.value, Side.MENTEE.value)
    text: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Line:
    """One thing in the coordinator's list. `readers` counts people; who they are is not kept for anybody to see."""

    id: UUID
    title: str
    summary: str
    state: PublishedState
    sides: tuple[str, ...]
    host: str | None
    published_at: datetime | None
    readers: int
    can_undo: bool


@dataclass(frozen=True)
class Catalogue:
    """One page of the list, and how many there are in each state for this search."""

    lines: tuple[Line, ...]
    counts: dict[PublishedState, int]
    pages: int


@dataclass(frozen=True)
class Written:
    """One resource to work on."""

    id: UUID
    state: PublishedState
    content: Content
    version: int
    can_undo: bool


def catalogue(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    *,
    state: PublishedState | None = None,
    search: str = "",
    page: int = 1,
) -> Catalogue:
    """The scheme's library, 20 a page, the newest first. Two queries. Raises NotAllowed."""
    access.refuse_unless_run(actor, scheme_id)
    found = session.exec(_counting(search), params={"scheme_id": scheme_id})
    counts = {PublishedState(each): number for each, number in found}
    pages = max(1, -(-(counts.get(state, 0) if state else sum(counts.values())) // PAGE))
    skipped = (min(max(page, 1), pages) - 1) * PAGE
    rows = session.exec(_listing(state, search), params={"scheme_id": scheme_id, "skipped": skipped})
    return Catalogue(tuple(_line(*row) for row in rows), counts, pages)


@lru_cache(maxsize=32)  # building them costs a screen more than asking; hardly anybody searches
def _counting(search: str) -> Any:
    """How many resources of a scheme there are in each state."""
    found = select(Resource.state, func.count()).where(*_mine(search))
    return found.group_by(col(Resource.state))


@lru_cache(maxsize=32)
def _listing(state: PublishedState | None, search: str) -> Any:
    """A page of a scheme's resources, the newest first, in the order of `_line`."""
    in_state = [] if state is None else [col(Resource.state) == state]
    return (
        select_columns(
            col(Resource.id),
            col(Resource.title),
            col(Resource.summary),
            col(Resource.state),
            col(Resource.sides),
            col(Resource.link),
            col(Resource.published_at),
            _readers(),
            col(Resource.before).is_not(None),
        )
        .where(*_mine(search), *in_state)
        .order_by(func.coalesce(Resource.published_at, Resource.created_at).desc(), col(Resource.title))
        .offset(bindparam("skipped"))
        .limit(PAGE)
    )


def _mine(search: str) -> list[Any]:
    return [col(Resource.scheme_id) == bindparam("scheme_id"), *resources.matching(search)]


def written(session: Session, actor: Actor, resource_id: UUID) -> Written:
    """One resource, to change it. Raises NotAllowed."""
    return _written(_resource(session, actor, resource_id))


def preview(session: Session, actor: Actor, resource_id: UUID) -> Reading:
    """A resource as people read it. Raises NotAllowed."""
    return resources.shown(_resource(session, actor, resource_id))


@writes
def add(session: Session, actor: Actor, scheme_id: UUID, content: Content) -> Written:
    """A draft that nobody else sees yet. Raises NotAllowed and Invalid."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    row = Resource(scheme_id=scheme.id, **_columns(_checked(content)))
    session.add(row)
    audit.record(session, actor, "resource.added", row.id, scheme_id=scheme.id)
    session.commit()
    return _written(row)


@writes
def change(
    session: Session,
    actor: Actor,
    resource_id: UUID,
    content: Content,
    *,
    version: int | None = None,
    is_new: bool = False,
) -> Written:
    """Keep it as it is now; with `is_new`, what is published counts as new again, and comes by digest again.

    Raises NotAllowed, Invalid, and Conflict when somebody else changed it meanwhile.
    """
    row = _resource(session, actor, resource_id, version)
    row.before = asdict(_content(row))
    _set(row, _checked(content))
    if is_new and row.state is _PUBLISHED:
        row.published_at = utc_now()
    audit.record(session, actor, "resource.changed", row.id, scheme_id=row.scheme_id)
    session.commit()
    return _written(row)


@writes
def undo(session: Session, actor: Actor, resource_id: UUID, *, version: int | None = None) -> Written:
    """Take back the last change; once more does it again. Raises NotAllowed and Conflict."""
    row = _resource(session, actor, resource_id, version)
    if row.before is None:
        raise Conflict("There is no change to take back.", remedy="Reload the page.")
    before = Content(**{**row.before, "sides": tuple(row.before["sides"])})
    row.before = asdict(_content(row))
    _set(row, before)
    audit.record(session, actor, "resource.undone", row.id, scheme_id=row.scheme_id)
    session.commit()
    return _written(row)


@writes
def publish(session: Session, actor: Actor, resource_id: UUID, *, version: int | None = None) -> Written:
    """Let people read it: a draft as something new, what was taken out as what it was.

    Raises NotAllowed, and Conflict when it is published already.
    """
    row = _resource(session, actor, resource_id, version)
    if row.state is _PUBLISHED:
        raise Conflict("This is in the library already.", remedy="Reload the page to see it.")
    row.state, row.published_at = _PUBLISHED, row.published_at or utc_now()
    audit.record(session, actor, "resource.published", row.id, scheme_id=row.scheme_id)
    session.commit()
    return _written(row)


@writes
def retire(session: Session, actor: Actor, resource_id: UUID) -> Written:
    """Take it out of the library; `publish` brings it back. Raises NotAllowed and Conflict."""
    row = _resource(session, actor, resource_id)
    if row.state is not _PUBLISHED:
        raise Conflict("This is not in the library now.", remedy="Reload the page to see what it is.")
    row.state = _RETIRED
    audit.record(session, actor, "resource.retired", row.id, scheme_id=row.scheme_id)
    session.commit()
    return _written(row)


@writes
def discard(session: Session, actor: Actor, resource_id: UUID, *, version: int | None = None) -> None:
    """Throw a draft away. Raises NotAllowed, and Conflict for what people have been able to read."""
    row = _resource(session, actor, resource_id, version)
    if row.state is not _DRAFT:
        raise Conflict("People have been able to read this.", remedy="Take it out of the library instead.")
    audit.record(session, actor, "resource.discarded", row.id, scheme_id=row.scheme_id)
    session.delete(row)
    session.commit()


@writes
def add_starters(session: Session, actor: Actor, scheme_id: UUID) -> int:
    """Put in what the scheme's template brings and is not there yet, by title; how many.

    Raises NotAllowed and Conflict.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    known = set(session.exec(select(Resource.title).where(Resource.scheme_id == scheme.id)))
    template = templates.load(scheme.key) if scheme.key in set(templates.keys()) else None
    added = add_from_template(session, scheme, template, without=frozenset(known)) if template else 0
    if not added:
        raise Conflict("There is nothing to add to this library.", remedy="Write something of your own.")
    audit.record(session, actor, "resource.starters_added", scheme.id, scheme_id=scheme.id, added=added)
    session.commit()
    return added


def add_from_template(
    session: Session, scheme: Scheme, template: SchemeTemplate, *, without: frozenset[str] = frozenset()
) -> int:
    """Adds the template's own resources, published; never commits. How many."""
    now, found = utc_now(), [each for each in template.resources if each.title not in without]
    for document in found:
        about = template.resource_facts.get(document.key)
        session.add(
            Resource(
                scheme_id=scheme.id,
                state=_PUBLISHED,
                title=document.title,
                summary=about.summary if about else "",
                sides=list(about.roles) if about else [side.value for side in Side],
                text=document.text.removeprefix(f"# {document.title}\n").strip(),
                published_at=now,
            )
        )
    return len(found)


def _resource(session: Session, actor: Actor, resource_id: UUID, version: int | None = None) -> Resource:
    """With `version`, only as it was seen."""
    row = session.get(Resource, resource_id)
    if row is None or row.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this.", remedy="Ask one of the scheme's coordinators.")
    if version is not None and row.version != version:
        raise Conflict("Somebody else changed this a moment ago.", remedy="This is how it reads now.")
    return row


def _checked(content: Content) -> Content:
    """The content as it is kept. Raises Invalid."""
    title = cleaning.text(content.title, field="Title", longest=200, lines=False)
    if not cleaning.visible(title):
        raise Invalid("It has no title.", remedy="Give it one.")
    if not content.sides or not set(content.sides) <= {side.value for side in Side}:
        raise Invalid("It is for nobody yet.", remedy="Choose mentors, mentees or both.")
    text = cleaning.text(content.text or "", field="Text", longest=LONGEST_TEXT)
    typed = cleaning.text(content.link or "", field="Address", longest=markdown_text.LONGEST_LINK, lines=False)
    if bool(text) == bool(typed):
        raise Invalid("It needs a text or an address, one of the two.", remedy="Write the text, or give the address.")
    return Content(
        title=title,
        summary=cleaning.text(content.summary, field="Summary", longest=500, lines=False),
        sides=tuple(side.value for side in Side if side.value in content.sides),
        text=text or None,
        link=markdown_text.checked_link(typed) if typed else None,
    )


def _content(row: Resource) -> Content:
    return Content(row.title, row.summary, tuple(row.sides), row.text, row.link)


def _columns(content: Content) -> dict[str, Any]:
    return {**asdict(content), "sides": list(content.sides)}


def _set(row: Resource, content: Content) -> None:
    for name, value in _columns(content).items():
        setattr(row, name, value)


def _written(row: Resource) -> Written:
    return Written(row.id, row.state, _content(row), row.version, row.before is not None)


def _readers() -> Any:
    return (
        select(func.count())
        .select_from(ResourceRead)
        .where(ResourceRead.resource_id == Resource.id)
        .correlate(Resource)
        .scalar_subquery()
    )


def _line(
    resource_id: UUID,
    title: str,
    summary: str,
    state: PublishedState,
    sides: list[str],
    link: str | None,
    published_at: datetime | None,
    readers: int,
    can_undo: bool,
) -> Line:
    host = markdown_text.host_of(link) if link else None
    return Line(resource_id, title, summary, state, tuple(sides), host, published_at, readers, bool(can_undo))
