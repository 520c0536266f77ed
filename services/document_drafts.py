"""A coordinator writes the next version of a text: begin, change, look at it, hand it over, publish or throw it away.

`services/publishing.py` puts a draft in force. Until then nobody but the scheme's coordinators sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import DocumentDraft, DocumentKind, SchemeDocument
from models.columns import utc_now
from models.enrolments import Side
from models.people import Person, Role, RoleGrant
from models.schemes import Scheme
from services import (
    access,
    audit,
    cleaning,
    document_differences,
    languages,
    messages,
    named_exceptions,
    publishing,
    signatures,
    texts,
)
from services.access import Actor
from services.document_differences import Differences
from services.errors import Conflict, Invalid
from services.publishing import draft_to_edit
from services.schemes import documents, templates
from services.settings import settings
from services.signing import KINDS
from services.texts import ReadSection
from services.units import writes

TO_CHECK = "document_to_check"
SIGNED_BY_KIND = {
    DocumentKind.AGREEMENT: [Side.MENTOR.value],
    DocumentKind.MENTEE_AGREEMENT: [Side.MENTEE.value],
    DocumentKind.CODE: [Side.MENTOR.value],
}


@dataclass(frozen=True)
class Draft:
    """A draft to work on. `replaces` is the edition in force in this language, `replaces_id` that document.

    `needs_another` is whether somebody else has to publish it: two people decide in production. `ungated` are the sides
    that sign it and may be matched before they do.
    """

    id: UUID
    kind: DocumentKind
    language: str
    title: str
    text: str
    signed_by: tuple[str, ...]
    version: int
    changed_by: str
    changed_at: datetime
    handed_over_at: datetime | None
    replaces: int | None
    replaces_id: UUID | None
    is_translation: bool
    needs_another: bool
    ungated: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """One text of the scheme: the version in force, if any, and the draft of the next one, if any.

    `is_offered` is whether the scheme's template has words for what is not in force yet.
    """

    kind: DocumentKind
    language: str
    title: str
    document_id: UUID | None
    edition: int | None
    draft_id: UUID | None
    handed_over: bool
    is_offered: bool


@dataclass(frozen=True)
class Look:
    """A text as people will read it, before it is published; `problem` says what keeps it from being published.

    `ended_exceptions` are the clauses that the scheme names as exceptions from confidence and that it takes away.
    """

    opening: str
    sections: tuple[ReadSection, ...]
    problem: str | None
    differences: Differences | None
    ended_exceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wording:
    """A text that was read from a file, to become the draft of a kind. `text` begins below the title."""

    kind: DocumentKind
    title: str
    text: str


def listed(session: Session, actor: Actor, scheme_id: UUID) -> tuple[Listed, ...]:
    """Every kind of text, in force or not, by kind and language. Two queries. Raises NotAllowed."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    in_force: dict[tuple[DocumentKind, str], tuple[UUID, str, int]] = {}
    found: Any = select_columns(
        col(SchemeDocument.kind),
        col(SchemeDocument.language),
        col(SchemeDocument.id),
        col(SchemeDocument.title),
        col(SchemeDocument.edition),
    ).where(col(SchemeDocument.scheme_id) == scheme_id)
    for kind, language, *facts in session.exec(found.order_by(col(SchemeDocument.edition))):
        in_force[kind, language] = (facts[0], facts[1], facts[2])  # the last one stays
    asked = select(DocumentDraft).where(DocumentDraft.scheme_id == scheme_id)
    drafts = {(draft.kind, draft.language): draft for draft in session.exec(asked)}
    keys = {*in_force, *drafts, *((kind, scheme.language) for kind in DocumentKind)}
    order = list(DocumentKind)
    lines = []
    for kind, language in sorted(keys, key=lambda key: (order.index(key[0]), key[1] != scheme.language, key[1])):
        document_id, title, edition = in_force.get((kind, language)) or (None, None, None)
        draft = drafts.get((kind, language))
        name = title or (draft.title if draft else KINDS[kind].capitalize())
        handed_over = draft is not None and draft.handed_over_at is not None
        draft_id = draft.id if draft else None
        offered = document_id is None and _offered(scheme, kind) is not None
        lines.append(Listed(kind, language, name, document_id, edition, draft_id, handed_over, offered))
    return tuple(lines)


def draft(session: Session, actor: Actor, draft_id: UUID) -> Draft:
    """One draft to work on. Raises NotAllowed."""
    return _draft(session, actor, draft_to_edit(session, actor, draft_id))


def look(session: Session, actor: Actor, draft_id: UUID) -> Look:
    """The draft as people will read it, and what changed since the version in force. Raises NotAllowed."""
    row = draft_to_edit(session, actor, draft_id)
    try:
        document = publishing.checked(row.title, row.text, kind=row.kind, language=row.language)
    except Invalid as fault:
        return Look("", (), str(fault), None)
    before = publishing.newest(session, row.scheme_id, row.kind, row.language)
    changes = document_differences.compare(texts.parsed(before), document) if before else None
    problem = "A text that is signed needs clauses." if row.signed_by and not document.clauses else None
    ended = named_exceptions.would_go(session, session.get_one(Scheme, row.scheme_id), document)
    return Look(texts.without_title(document.opening), texts.sections(document), problem, changes, ended)


@writes
def begin(session: Session, actor: Actor, scheme_id: UUID, *, kind: DocumentKind, language: str | None = None) -> UUID:
    """The draft of a kind's next version, with the words in force, or those that the scheme's template offers.

    If one is begun already, that one. Raises NotAllowed and Invalid.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    chosen = language_of(scheme, language)
    before = of_kind(session, scheme.id, kind, chosen)
    if before is not None:
        return before.id
    title, text, signed_by = _start(session, scheme, kind, chosen)
    row = add(session, actor, scheme, kind, chosen, title, text, signed_by)
    commit(session)
    return row.id


@writes
def save(
    session: Session,
    actor: Actor,
    draft_id: UUID,
    *,
    title: str,
    text: str,
    signed_by: Sequence[str],
    version: int,
) -> Draft:
    """Keep a draft as it is now, finished or not; it is no longer handed over.

    Raises NotAllowed, Invalid, and Conflict when somebody else changed it meanwhile.
    """
    row = draft_to_edit(session, actor, draft_id)
    if row.version != version:
        raise Conflict(
            "Somebody else changed this draft while you were writing.",
            remedy="Both wordings stand above: put what is missing into theirs, then save.",
        )
    row.title, row.text = cleaning.name(title, field="The title"), publishing.cleaned(text)
    row.signed_by = [side.value for side in Side if side.value in signed_by]
    touched(row, actor)
    audit.record(session, actor, "document.saved", row.id, scheme_id=row.scheme_id, kind=row.kind.value)
    commit(session)
    return _draft(session, actor, row)


@writes
def hand_over(session: Session, actor: Actor, draft_id: UUID, *, version: int) -> int:
    """Ask the scheme's other coordinators to read and publish a draft; to how many an email goes.

    Raises NotAllowed, Invalid for a text that cannot be published, and Conflict: it changed, or there is nobody else.
    """
    row = draft_to_edit(session, actor, draft_id)
    if row.version != version:
        raise Conflict("Somebody changed this draft a moment ago.", remedy="Read it again, then hand it over.")
    publishing.checked(row.title, row.text, kind=row.kind, language=row.language)
    others = select(RoleGrant.person_id).where(
        RoleGrant.scheme_id == row.scheme_id,
        RoleGrant.role == Role.COORDINATOR,
        RoleGrant.person_id != actor.person_id,
    )
    people = set(session.exec(others).all())
    if not people:
        raise Conflict(
            "Nobody else coordinates this scheme, and two people decide about a text.",
            remedy="Ask an administrator to add a second coordinator.",
        )
    row.handed_over_at = utc_now()
    for person_id in people:
        messages.queue(
            session,
            person_id=person_id,
            template=TO_CHECK,
            scheme_id=row.scheme_id,
            event=f"{row.id} {row.version}",
            link_subject_id=row.id,
            document=row.title,
        )
    audit.record(session, actor, "document.handed_over", row.id, scheme_id=row.scheme_id, kind=row.kind.value)
    commit(session)
    return len(people)


@writes
def discard(session: Session, actor: Actor, draft_id: UUID, *, version: int) -> None:
    """Throw a draft away as it was seen. What is in force stays. Raises NotAllowed, and Conflict when it changed."""
    row = draft_to_edit(session, actor, draft_id)
    if row.version != version:
        raise Conflict(
            "Somebody changed this draft a moment ago.", remedy="Read it again before you decide to throw it away."
        )
    audit.record(session, actor, "document.discarded", row.id, scheme_id=row.scheme_id, kind=row.kind.value)
    session.delete(row)
    commit(session)


def _draft(session: Session, actor: Actor, row: DocumentDraft) -> Draft:
    before = publishing.newest(session, row.scheme_id, row.kind, row.language)
    author = session.get(Person, row.changed_by_id)
    mine = row.changed_by_id == actor.person_id
    scheme = session.get_one(Scheme, row.scheme_id)
    gates = scheme.mentor_gates, scheme.mentee_gates
    return Draft(
        id=row.id,
        kind=row.kind,
        language=row.language,
        title=row.title,
        text=row.text,
        signed_by=tuple(row.signed_by),
        version=row.version,
        changed_by=author.full_name if author else "somebody who has left",
        changed_at=row.changed_at,
        handed_over_at=row.handed_over_at,
        replaces=before.edition if before else None,
        replaces_id=before.id if before else None,
        is_translation=row.language != scheme.language,
        needs_another=settings().is_production and (mine or row.handed_over_at is None),
        ungated=tuple(side for side in row.signed_by if not signatures.holds_back(Side(side), *gates)),
    )


def of_kind(session: Session, scheme_id: UUID, kind: DocumentKind, language: str) -> DocumentDraft | None:
    """The draft of a kind in a language; the caller has asked for the scheme."""
    return session.exec(
        select(DocumentDraft).where(
            DocumentDraft.scheme_id == scheme_id, DocumentDraft.kind == kind, DocumentDraft.language == language
        )
    ).one_or_none()


def _start(session: Session, scheme: Scheme, kind: DocumentKind, language: str) -> tuple[str, str, list[str]]:
    """Title, words and signing sides to begin with."""
    for known in (language, scheme.language):
        if before := publishing.newest(session, scheme.id, kind, known):
            return before.title, texts.without_title(before.text), list(before.signed_by)
    sides = SIGNED_BY_KIND.get(kind, [])
    if offered := _offered(scheme, kind):
        document = documents.parse(offered, kind=kind.value, language=language)
        return document.title, texts.without_title(document.text), sides
    return KINDS[kind].capitalize(), "", sides


def _offered(scheme: Scheme, kind: DocumentKind) -> str | None:
    """What the scheme's template has to say of this kind: kept since its start, or added to the template later."""
    for each in scheme.other_settings.get("offered_documents", []):
        if each["kind"] == kind.value:
            return str(each["text"])
    if scheme.key not in templates.keys():  # noqa: SIM118 - a function, not a dict
        return None
    found = (each.text for each in templates.load(scheme.key).documents if each.kind == kind.value)
    return next(found, None)


def add(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    kind: DocumentKind,
    language: str,
    title: str,
    text: str,
    signed_by: Sequence[str],
) -> DocumentDraft:
    """Adds a draft; never commits."""
    if actor.person_id is None:
        raise Conflict("Only somebody who is signed in can write a text.", remedy="Sign in as a coordinator.")
    row = DocumentDraft(
        scheme_id=scheme.id,
        kind=kind,
        language=language,
        title=title,
        text=text,
        signed_by=list(signed_by),
        changed_by_id=actor.person_id,
        changed_at=utc_now(),
    )
    session.add(row)
    audit.record(session, actor, "document.begun", row.id, scheme_id=scheme.id, kind=kind.value, language=language)
    return row


def touched(row: DocumentDraft, actor: Actor) -> None:
    """Somebody changed it: no longer handed over."""
    if actor.person_id is not None:
        row.changed_by_id = actor.person_id
    row.changed_at, row.handed_over_at = utc_now(), None


def language_of(scheme: Scheme, language: str | None) -> str:
    """The scheme's own language, or another that there is. Raises Invalid."""
    if language is None or language == scheme.language:
        return scheme.language
    if language not in languages.LANGUAGES:
        raise Invalid("There is no such language.", remedy="Choose one of the list.")
    return language


def commit(session: Session) -> None:
    """Two windows can begin the same draft; the unique key lets one of them through. Raises Conflict."""
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("Somebody else has just begun this draft.", remedy="Reload the page and open theirs.") from clash
