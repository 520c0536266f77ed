"""What a coordinator teaches: modules are written as drafts, published as editions, retired and brought back.

An edition that was published never changes: whoever passed it passed those words. To change one, `begin_edition` copies
it into a draft; publishing the draft says whether those who passed before take it again, and by when.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Integer, case, cast, func
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.schemes import Scheme
from services import access, audit, training_asking
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.training import Module, as_shown
from services.training_content import Content, checked, columns_of, content_of, refuse_unfinished
from services.units import writes

_DRAFT, _PUBLISHED, _RETIRED = PublishedState.DRAFT, PublishedState.PUBLISHED, PublishedState.RETIRED


@dataclass(frozen=True)
class Edition:
    """One edition to work on. `replaces` is the number of the published one that it would follow, if any."""

    id: UUID
    edition: int
    state: PublishedState
    content: Content
    version: int
    replaces: int | None = None


@dataclass(frozen=True)
class Listed:
    """One line of the coordinator's list: a module in its newest edition of this state. `passed` counts its people."""

    id: UUID
    title: str
    edition: int
    state: PublishedState
    minutes: int
    required_for: tuple[str, ...]
    due_on: date | None
    published_at: datetime | None
    passed: int
    has_draft: bool = False


def catalogue(session: Session, actor: Actor, scheme_id: UUID) -> tuple[Listed, ...]:
    """The scheme's modules, without the editions that a later one replaced. Two queries. Raises NotAllowed."""
    access.scheme_to_coordinate(session, actor, scheme_id)
    found = list(session.exec(_listed(scheme_id)))
    newest = {row.key: row.id for row, _ in found if row.state is not _DRAFT}  # by edition: the last one stays
    drafted = {row.key for row, _ in found if row.state is _DRAFT}
    shown = [
        Listed(
            id=row.id,
            title=row.title,
            edition=row.edition,
            state=row.state,
            minutes=row.minutes,
            required_for=tuple(row.required_for),
            due_on=row.due_on,
            published_at=row.published_at,
            passed=passed,
            has_draft=row.key in drafted and row.state is not _DRAFT,
        )
        for row, passed in found
        if row.state is _DRAFT or newest[row.key] == row.id
    ]
    order = list(PublishedState)
    return tuple(sorted(shown, key=lambda line: (order.index(line.state), line.title.casefold())))


def edition(session: Session, actor: Actor, module_id: UUID) -> Edition:
    """One edition with its answers, for whoever runs the scheme. Raises NotAllowed."""
    row = _module(session, actor, module_id)
    published = _of_key(session, row.scheme_id, row.key, _PUBLISHED)
    return _edition(row, published.edition if published is not None and published.id != row.id else None)


def preview(session: Session, actor: Actor, module_id: UUID, today: date) -> Module:
    """The edition as people see it. Raises NotAllowed."""
    return as_shown(_module(session, actor, module_id), None, today)


@writes
def begin(session: Session, actor: Actor, scheme_id: UUID, *, title: str) -> Edition:
    """A new module, as a draft that nobody else sees. Raises NotAllowed and Invalid."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    content = checked(Content(title))
    row = TrainingModule(scheme_id=scheme.id, key=uuid4().hex, edition=1, state=_DRAFT, **columns_of(content))
    session.add(row)
    audit.record(session, actor, "training.begun", row.id, scheme_id=scheme.id)
    session.commit()
    return _edition(row)


@writes
def begin_edition(session: Session, actor: Actor, module_id: UUID) -> Edition:
    """A draft of the next edition, with the words of this one; if one is begun already, that one.

    Raises NotAllowed.
    """
    row = _module(session, actor, module_id)
    draft = _of_key(session, row.scheme_id, row.key, _DRAFT)
    if draft is None:
        last = session.exec(_newest_edition(row)).one()
        # A day that was set for this edition says nothing about the next.
        content = replace(content_of(row), due_on=None)
        draft = TrainingModule(
            scheme_id=row.scheme_id,
            key=row.key,
            edition=last + 1,
            state=_DRAFT,
            counts_from=row.counts_from,
            **columns_of(content),
        )
        session.add(draft)
        audit.record(session, actor, "training.begun", draft.id, scheme_id=row.scheme_id, edition=draft.edition)
        session.commit()
    return _edition(draft, row.edition if row.state is _PUBLISHED else None)


@writes
def save(session: Session, actor: Actor, module_id: UUID, content: Content, *, version: int | None = None) -> Edition:
    """Keep a draft as it is now, finished or not. Raises NotAllowed, Invalid, and Conflict if it changed meanwhile."""
    row = _draft(session, actor, module_id, version)
    _set(row, checked(content))
    audit.record(session, actor, "training.saved", row.id, scheme_id=row.scheme_id, edition=row.edition)
    session.commit()
    return edition(session, actor, module_id)


@writes
def publish(
    session: Session,
    actor: Actor,
    module_id: UUID,
    *,
    ask_again: bool,
    today: date,
    content: Content | None = None,
    version: int | None = None,
) -> Edition:
    """Put a draft in force; `content` is what changed last. With `ask_again`, only this edition counts from now on.

    Whoever is asked to do it gets an email (`training_asking.asking` tells who), and whoever has to take it again has
    until its due date. Raises NotAllowed, Invalid for what is missing, and Conflict, also if it changed meanwhile.
    """
    row = _draft(session, actor, module_id, version)
    if content is not None:
        _set(row, checked(content))
    refuse_unfinished(content_of(row), today)
    before = _of_key(session, row.scheme_id, row.key, _PUBLISHED)
    if before is not None:
        before.state = _RETIRED
        session.add(before)
        session.flush()  # of each module only one edition is in force, at every moment
    row.state, row.published_at = _PUBLISHED, utc_now()
    row.counts_from = row.edition if ask_again else min(row.counts_from, row.edition)
    asked = training_asking.ask_for(session, session.get_one(Scheme, row.scheme_id), row, today=today)
    audit.record(
        session,
        actor,
        "training.published",
        row.id,
        scheme_id=row.scheme_id,
        edition=row.edition,
        ask_again=ask_again,
        due_on=row.due_on.isoformat() if row.due_on else None,
        people=asked,
    )
    session.commit()
    return _edition(row)


@writes
def discard(session: Session, actor: Actor, module_id: UUID, *, version: int | None = None) -> None:
    """Throw a draft away. What is published stays. Raises NotAllowed, and Conflict if it changed meanwhile."""
    row = _draft(session, actor, module_id, version)
    audit.record(session, actor, "training.discarded", row.id, scheme_id=row.scheme_id, edition=row.edition)
    session.delete(row)
    session.commit()


@writes
def retire(session: Session, actor: Actor, module_id: UUID) -> Edition:
    """Take a module out of the training: nobody is asked for it any more, and what was passed stays on record.

    Raises NotAllowed and Conflict.
    """
    return _moved(session, actor, module_id, _PUBLISHED, _RETIRED)


@writes
def bring_back(session: Session, actor: Actor, module_id: UUID) -> Edition:
    """Undo `retire`. Raises NotAllowed, and Conflict when another edition is in force."""
    row = _module(session, actor, module_id)
    if _of_key(session, row.scheme_id, row.key, _PUBLISHED) is not None:
        raise Conflict("A newer version of this module is in force.", remedy="Reload the page to see it.")
    return _moved(session, actor, module_id, _RETIRED, _PUBLISHED)


def _moved(session: Session, actor: Actor, module_id: UUID, old: PublishedState, new: PublishedState) -> Edition:
    row = _module(session, actor, module_id)
    if row.state is not old:
        raise Conflict(f"This module is not {old.value} any more.", remedy="Reload the page to see what it is now.")
    row.state = new
    action = "training.retired" if new is _RETIRED else "training.brought_back"
    audit.record(session, actor, action, row.id, scheme_id=row.scheme_id, edition=row.edition)
    session.commit()
    return _edition(row)


def _module(session: Session, actor: Actor, module_id: UUID) -> TrainingModule:
    row = session.get(TrainingModule, module_id)
    if row is None or row.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this module.", remedy="Ask one of the scheme's coordinators.")
    return row


def _draft(session: Session, actor: Actor, module_id: UUID, version: int | None = None) -> TrainingModule:
    """With `version`, only as it was seen."""
    row = _module(session, actor, module_id)
    if row.state is not _DRAFT:
        raise Conflict(
            "This version has been published and stays as people read it.", remedy="Begin a new version to change it."
        )
    if version is not None and row.version != version:
        raise Conflict("Somebody else changed this draft a moment ago.", remedy="This is how it reads now.")
    return row


def _set(row: TrainingModule, content: Content) -> None:
    for name, value in columns_of(content).items():
        setattr(row, name, value)


def _of_key(session: Session, scheme_id: UUID, key: str, state: PublishedState) -> TrainingModule | None:
    return session.exec(
        select(TrainingModule).where(
            TrainingModule.scheme_id == scheme_id, TrainingModule.key == key, TrainingModule.state == state
        )
    ).one_or_none()


def _newest_edition(row: TrainingModule) -> Any:
    mine = [TrainingModule.scheme_id == row.scheme_id, TrainingModule.key == row.key]
    return select(func.max(TrainingModule.edition)).where(*mine)


def _listed(scheme_id: UUID) -> Any:
    counting = (
        select(func.count(func.distinct(TrainingCompletion.enrolment_id)))
        .where(TrainingCompletion.module_id == TrainingModule.id)
        .correlate(TrainingModule)
        .scalar_subquery()
    )
    return (
        select(TrainingModule, counting)
        .where(TrainingModule.scheme_id == scheme_id)
        # Of one module, the edition in force comes last among those that are not drafts.
        .order_by(
            col(TrainingModule.key),
            cast(case((col(TrainingModule.state) == _PUBLISHED, 1), else_=0), Integer),
            col(TrainingModule.edition),
        )
    )


def _edition(row: TrainingModule, replaces: int | None = None) -> Edition:
    return Edition(row.id, row.edition, row.state, content_of(row), row.version, replaces)
