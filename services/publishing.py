"""A new edition of a scheme's text, and the proof that published texts are still what they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.enrolments import Side
from services import access, audit, cleaning
from services.access import Actor
from services.errors import Conflict, Invalid
from services.schemes import documents, starting
from services.schemes.documents import TemplateDocument
from services.units import writes

LONGEST_TEXT = 200_000
LONGEST_HEADING = 200
LONGEST_ID = 20


@dataclass(frozen=True)
class Misfit:
    """A text, or a signature under it, that no longer fits the fingerprint taken when it was made."""

    document_id: UUID
    title: str
    edition: int
    signature_id: UUID | None = None


@writes
def publish(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    *,
    kind: DocumentKind,
    title: str,
    text: str,
    signed_by: Sequence[Side] | None = None,
) -> UUID:
    """Publish a new edition in the scheme's language and give its id; whoever must sign it is asked again.

    `signed_by` None keeps the sides of the edition before (nobody, for the first). Raises NotAllowed, Invalid for a
    text to sign that has no clauses, and Conflict when the text is in force already.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    document = _checked(title, text, kind=kind, language=scheme.language)
    before = session.exec(
        select(SchemeDocument)
        .where(SchemeDocument.scheme_id == scheme.id, SchemeDocument.kind == kind)
        .order_by(col(SchemeDocument.edition).desc())
    ).first()
    if before is not None and before.sha256 == document.sha256:
        raise Conflict("This text is in force already.", remedy="Change it before you publish it again.")
    sides = [side.value for side in signed_by] if signed_by is not None else before.signed_by if before else []
    if sides and not document.clauses:
        raise Invalid(
            "The text has no clauses.", remedy="Give each a line such as: ## C-1 · Respect, with its words below."
        )
    edition = before.edition + 1 if before else 1
    try:
        row = starting.add_document(session, scheme.id, document, edition=edition, signed_by=list(sides))
        audit.record(
            session,
            actor,
            "document.published",
            row.id,
            scheme_id=scheme.id,
            kind=kind.value,
            edition=edition,
            sha256=document.sha256,
            signed_by=list(sides),
        )
        published_id = row.id
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can publish at once; the edition's unique key lets one of them through.
        session.rollback()
        raise Conflict("Somebody else has just published a version.", remedy="Read theirs first.") from clash
    return published_id


def verify(session: Session) -> list[Misfit]:
    """Texts that no longer fit their SHA-256, and signatures under another text than was signed. Empty when sound."""
    misfits = [
        Misfit(document.id, document.title, document.edition)
        for document in session.exec(select(SchemeDocument).order_by(col(SchemeDocument.created_at))).yield_per(50)
        if sha256(document.text.encode()).hexdigest() != document.sha256
    ]
    torn = (
        select(SchemeDocument.id, SchemeDocument.title, SchemeDocument.edition, Signature.id)
        .join(Signature, col(Signature.document_id) == col(SchemeDocument.id))
        .where(Signature.sha256 != SchemeDocument.sha256)
        .order_by(col(Signature.created_at))
    )
    return [*misfits, *(Misfit(*row) for row in session.exec(torn))]


def _checked(title: str, text: str, *, kind: DocumentKind, language: str) -> TemplateDocument:
    """The text, cleaned and taken apart under its title. Raises Invalid where the reader could not."""
    name = cleaning.name(title, field="The title")
    body = cleaning.text(text.replace("\r\n", "\n").replace("\r", "\n"), field="The text", longest=LONGEST_TEXT)
    if body.split("\n", 1)[0].strip() != f"# {name}":
        body = f"# {name}\n\n{body}"
    try:
        document = documents.parse(body + "\n", kind=kind.value, language=language)
    except ValueError as fault:
        raise Invalid("The text cannot be published as it is.", remedy=str(fault)) from fault
    _refuse_long_headings(document)
    return document


def _refuse_long_headings(document: TemplateDocument) -> None:
    for clause in document.clauses:
        if len(clause.id) > LONGEST_ID:
            raise Invalid(f"The clause number {clause.id[:LONGEST_ID]}… is too long.", remedy="Shorten it.")
        if max(len(clause.heading), len(clause.section), len(document.title)) > LONGEST_HEADING:
            raise Invalid(
                f"A heading at {clause.id} is longer than {LONGEST_HEADING} characters.", remedy="Shorten it."
            )
