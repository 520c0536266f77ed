"""A scheme's published texts, taken apart for reading: sections, clauses, and what changed since a signature."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.enrolments import Enrolment
from models.schemes import Cohort
from services import access
from services.access import Actor
from services.errors import NotAllowed
from services.schemes import documents
from services.schemes.documents import TemplateClause, TemplateDocument, TemplateSection

_FIRST_CLAUSE = re.compile(r"^## \S+ · ", re.MULTILINE)
_TITLE = re.compile(r"\A# .*$", re.MULTILINE)


@dataclass(frozen=True)
class ReadSection:
    """What is read and ticked in one go. `key` names its box; `introduction` stands before the first clause."""

    key: str
    title: str
    introduction: str
    clauses: tuple[TemplateClause, ...]


@dataclass(frozen=True)
class Reading:
    """A text to read. `sha256` is of the exact text; `changed` and `removed` name clauses since my last signature.

    `words` is the whole text below its title, as a coordinator edits it; `before_id` the version I signed last;
    `signed_by` the sides that sign it.
    """

    id: UUID
    language: str
    before_id: UUID | None
    kind: DocumentKind
    title: str
    edition: int
    published_at: datetime
    sha256: str
    words: str
    opening: str
    sections: tuple[ReadSection, ...]
    changed: frozenset[str]
    removed: tuple[str, ...]
    signed_by: tuple[str, ...]


def read(session: Session, actor: Actor, document_id: UUID) -> Reading:
    """A text of the actor's scheme, taken apart for reading; older editions too. Raises NotAllowed."""
    document = readable(session, actor, document_id)
    text = parsed(document)
    last = _last_signed_text(session, actor, document)
    before = parsed(last) if last else None
    now, then = _clauses(text), _clauses(before) if before else {}
    return Reading(
        id=document.id,
        language=document.language,
        before_id=last.id if last else None,
        kind=document.kind,
        title=document.title,
        edition=document.edition,
        published_at=document.published_at,
        sha256=document.sha256,
        words=without_title(document.text),
        opening=without_title(text.opening),
        sections=sections(text),
        changed=frozenset(key for key, words in now.items() if before and then.get(key) != words),
        removed=tuple(key for key in then if key not in now),
        signed_by=tuple(document.signed_by),
    )


def readable(session: Session, actor: Actor, document_id: UUID) -> SchemeDocument:
    """A document of the scheme that the actor takes part in or runs. Raises NotAllowed."""
    document = session.get(SchemeDocument, document_id)
    theirs = actor.coordinates | actor.manages
    if actor.place.enrolment_id is not None:
        theirs |= {_scheme_of(session, access.own_enrolment(session, actor))}
    if document is None or document.scheme_id not in theirs:
        raise NotAllowed("You cannot open this document.", remedy="Open it from the Agreements page.")
    return document


def parsed(document: SchemeDocument) -> TemplateDocument:
    """The stored text, taken apart anew; its `sha256` is of what is stored now."""
    return documents.parse(document.text, kind=document.kind.value, language=document.language)


def sections(document: TemplateDocument) -> tuple[ReadSection, ...]:
    """The boxes of a text, in order."""
    return tuple(_section(document, number, section) for number, section in enumerate(document.sections, start=1))


def _section(document: TemplateDocument, number: int, section: TemplateSection) -> ReadSection:
    ids = {clause.id for clause in document.clauses if f"\n## {clause.id} · " in f"\n{section.text}"}
    introduction = _FIRST_CLAUSE.split(section.text, maxsplit=1)[0]
    clauses = tuple(clause for clause in document.clauses if clause.id in ids)
    return ReadSection(str(number), section.title, without_title(introduction), clauses)


def without_title(text: str) -> str:
    """A text, or a part of it, below its first heading."""
    return _TITLE.sub("", text).strip()


def languages_of(session: Session, actor: Actor, document_id: UUID) -> dict[str, UUID]:
    """The languages in which this very version can be read, the given one first. Raises NotAllowed."""
    document = readable(session, actor, document_id)
    twins = select(SchemeDocument.language, SchemeDocument.id).where(
        SchemeDocument.scheme_id == document.scheme_id,
        SchemeDocument.kind == document.kind,
        SchemeDocument.edition == document.edition,
    )
    return {document.language: document.id, **dict(session.exec(twins.order_by(col(SchemeDocument.language))).all())}


def _last_signed_text(session: Session, actor: Actor, document: SchemeDocument) -> SchemeDocument | None:
    if actor.place.enrolment_id is None:
        return None
    return session.exec(
        select(SchemeDocument)
        .join(Signature, col(Signature.document_id) == col(SchemeDocument.id))
        .where(
            Signature.enrolment_id == actor.place.enrolment_id,
            SchemeDocument.scheme_id == document.scheme_id,
            SchemeDocument.kind == document.kind,
            SchemeDocument.edition < document.edition,
        )
        .order_by(col(SchemeDocument.edition).desc())
        .limit(1)
    ).first()


def _clauses(document: TemplateDocument) -> dict[str, tuple[str, str]]:
    return {clause.id: (clause.heading, clause.text) for clause in document.clauses}


def _scheme_of(session: Session, enrolment: Enrolment) -> UUID:
    return session.get_one(Cohort, enrolment.cohort_id).scheme_id
