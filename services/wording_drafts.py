"""Drafts made of texts that were read from a file. A colleague's draft is replaced only by whoever was told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.agreements import DocumentDraft, DocumentKind
from models.people import Person
from models.schemes import Scheme
from services import access, audit, document_drafts, publishing, texts
from services.access import Actor
from services.document_drafts import SIGNED_BY_KIND, Wording
from services.errors import Conflict, Invalid
from services.signing import KINDS
from services.units import writes

_NONE: Mapping[DocumentKind, int] = MappingProxyType({})


@dataclass(frozen=True)
class InTheWay:
    """A draft that texts from a file would replace: whose it is, since when, and the version that was looked at."""

    kind: DocumentKind
    title: str
    changed_by: str
    changed_at: datetime
    version: int


def in_the_way(
    session: Session, actor: Actor, scheme_id: UUID, kinds: Sequence[DocumentKind], *, language: str | None = None
) -> tuple[InTheWay, ...]:
    """The drafts of these kinds that are there already, in the order of kinds. One query. Raises NotAllowed."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    chosen = document_drafts.language_of(scheme, language)
    statement: Any = (
        select(DocumentDraft, Person.full_name)
        .outerjoin(Person, col(Person.id) == col(DocumentDraft.changed_by_id))
        .where(
            DocumentDraft.scheme_id == scheme.id, DocumentDraft.language == chosen, col(DocumentDraft.kind).in_(kinds)
        )
    )
    found = [
        InTheWay(row.kind, row.title, name or "somebody who has left", row.changed_at, row.version)
        for row, name in session.exec(statement)
    ]
    return tuple(sorted(found, key=lambda each: list(kinds).index(each.kind)))


@writes
def take_in(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    wordings: Sequence[Wording],
    *,
    language: str | None = None,
    replacing: Mapping[DocumentKind, int] = _NONE,
) -> tuple[UUID, ...]:
    """Make drafts of texts that were read from a file, in the scheme's language or another: all of them, or none.

    `replacing` names the drafts that may be replaced, as they were seen: kind and version. Raises NotAllowed, Invalid,
    and Conflict for a draft that is not among them.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    chosen = document_drafts.language_of(scheme, language)
    if len({wording.kind for wording in wordings}) < len(wordings):
        raise Invalid("Two texts of the file are of one kind.", remedy="Choose another kind for one of them.")
    made = [_taken_in(session, actor, scheme, chosen, wording, replacing.get(wording.kind)) for wording in wordings]
    document_drafts.commit(session)
    return tuple(row.id for row in made)


def _taken_in(
    session: Session, actor: Actor, scheme: Scheme, language: str, wording: Wording, seen: int | None
) -> DocumentDraft:
    """Adds or changes one draft; never commits. Raises Invalid and Conflict."""
    document = publishing.checked(wording.title, wording.text, kind=wording.kind, language=language)
    row = document_drafts.of_kind(session, scheme.id, wording.kind, language)
    if (row.version if row else None) != seen:
        raise Conflict(
            f"The draft of the {KINDS[wording.kind]} is another one now.",
            remedy="See whose it is below, and say again whether the file may replace it.",
        )
    if row is None:
        sides = _sides(session, scheme, wording.kind)
        row = document_drafts.add(session, actor, scheme, wording.kind, language, document.title, "", sides)
    row.title, row.text = document.title, texts.without_title(document.text)
    document_drafts.touched(row, actor)
    facts = {"kind": row.kind.value, "clauses": len(document.clauses), "language": language}
    audit.record(session, actor, "document.imported", row.id, scheme_id=scheme.id, **facts)
    return row


def _sides(session: Session, scheme: Scheme, kind: DocumentKind) -> list[str]:
    """Who signs it: as in force, in whichever language, else as such a text usually is."""
    in_force = publishing.newest(session, scheme.id, kind, scheme.language)
    return list(in_force.signed_by) if in_force else SIGNED_BY_KIND.get(kind, [])
