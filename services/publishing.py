"""A new edition of a scheme's text, and the proof that published texts are still what they were.

In production two people decide: whoever changed a draft last cannot publish it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentDraft, DocumentKind, SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Side
from models.schemes import Scheme
from services import access, agreements_asking, audit, cleaning, named_exceptions
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import documents, starting
from services.schemes.documents import TemplateDocument
from services.settings import settings
from services.units import writes

LONGEST_TEXT = 200_000
LONGEST_HEADING = 200
LONGEST_ID = 20


@dataclass(frozen=True)
class Published:
    """A text that is in force now, and to how many people an email about it waits to go out."""

    id: UUID
    title: str
    edition: int
    emails: int


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
    """Publish a text in the scheme's language without a draft, and give its id; whoever must sign it is asked again.

    `signed_by` None keeps the sides of the edition before (nobody, for the first). Raises NotAllowed, Invalid for a
    text to sign that has no clauses, and Conflict when the text is in force already, or in production, where a second
    person publishes.
    """
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    if settings().is_production:
        raise Conflict(
            "Two people decide about a text.", remedy="Save it as a draft for another coordinator to publish."
        )
    document = checked(title, text, kind=kind, language=scheme.language)
    sides = None if signed_by is None else [side.value for side in signed_by]
    row = _put_in_force(session, actor, scheme, document, sides, written_by_id=actor.person_id)
    agreements_asking.ask_for(session, scheme, row)
    _commit(session)
    return row.id


@writes
def publish_draft(
    session: Session,
    actor: Actor,
    draft_id: UUID,
    *,
    version: int,
    is_gate: bool = False,
    ended_exceptions: Collection[str] = (),
) -> Published:
    """Put a draft in force as it was seen (`version`), and queue an email to everybody whom it asks to sign.

    With `is_gate`, the sides that sign it are matched only once they have. `ended_exceptions` are clauses that the
    scheme names as exceptions from confidence and that may go (U-8). Raises NotAllowed, Invalid, and Conflict: the
    draft changed meanwhile, takes away an exception that is not among them, or in production, when nobody else has
    looked at it.
    """
    draft = draft_to_edit(session, actor, draft_id)
    scheme = session.get_one(Scheme, draft.scheme_id)
    _refuse_changed(draft, version)
    if settings().is_production:
        _refuse_one_pair_of_eyes(draft, actor)
    document = checked(draft.title, draft.text, kind=draft.kind, language=draft.language)
    row = _put_in_force(
        session,
        actor,
        scheme,
        document,
        draft.signed_by,
        written_by_id=draft.changed_by_id,
        ended_exceptions=ended_exceptions,
    )
    if is_gate:
        _make_it_a_gate(scheme, draft.signed_by)
    session.delete(draft)
    is_translation = draft.language != scheme.language
    emails = 0 if is_translation else agreements_asking.ask_for(session, scheme, row)
    published = Published(row.id, row.title, row.edition, emails)
    _commit(session)
    return published


def draft_to_edit(session: Session, actor: Actor, draft_id: UUID) -> DocumentDraft:
    """A draft of the scheme that the actor runs. Raises NotAllowed."""
    draft = session.get(DocumentDraft, draft_id)
    if draft is None or draft.scheme_id not in actor.coordinates:
        raise NotAllowed(
            "This draft is not there any more.", remedy="It may have been published or thrown away: look at the list."
        )
    return draft


def verify(session: Session) -> list[Misfit]:
    """Texts that no longer fit their SHA-256 or their clauses, and signatures under another text than was signed.

    Empty when everything is sound.
    """
    misfits = [
        Misfit(document.id, document.title, document.edition)
        for document in session.exec(select(SchemeDocument).order_by(col(SchemeDocument.created_at))).yield_per(50)
        if not _is_sound(session, document)
    ]
    torn = (
        select(SchemeDocument.id, SchemeDocument.title, SchemeDocument.edition, Signature.id)
        .join(Signature, col(Signature.document_id) == col(SchemeDocument.id))
        .where(Signature.sha256 != SchemeDocument.sha256)
        .order_by(col(Signature.created_at))
    )
    return [*misfits, *(Misfit(*row) for row in session.exec(torn))]


def checked(title: str, text: str, *, kind: DocumentKind, language: str) -> TemplateDocument:
    """The text, cleaned and taken apart under its title. Raises Invalid where the reader could not."""
    name = cleaning.name(title, field="The title")
    body = cleaned(text)
    if body.split("\n", 1)[0].strip() != f"# {name}":
        body = f"# {name}\n\n{body}"
    try:
        document = documents.parse(body + "\n", kind=kind.value, language=language)
    except ValueError as fault:
        raise Invalid("The text cannot be published as it is.", remedy=str(fault)) from fault
    _refuse_long_headings(document)
    return document


def cleaned(text: str) -> str:
    """A text as it is kept. Raises Invalid."""
    return cleaning.text(text.replace("\r\n", "\n").replace("\r", "\n"), field="The text", longest=LONGEST_TEXT)


def newest(session: Session, scheme_id: UUID, kind: DocumentKind, language: str) -> SchemeDocument | None:
    """The edition in force of a kind in a language."""
    return session.exec(
        select(SchemeDocument)
        .where(SchemeDocument.scheme_id == scheme_id, SchemeDocument.kind == kind, SchemeDocument.language == language)
        .order_by(col(SchemeDocument.edition).desc())
        .limit(1)
    ).first()


def _put_in_force(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    document: TemplateDocument,
    signed_by: Sequence[str] | None,
    *,
    written_by_id: UUID | None,
    ended_exceptions: Collection[str] = (),
) -> SchemeDocument:
    """Adds the next edition, or a translation of the one in force; never commits. Raises Invalid and Conflict."""
    kind = DocumentKind(document.kind)
    before = newest(session, scheme.id, kind, scheme.language)
    if document.language != scheme.language:
        edition, sides = _as_translation(session, before, document)
    else:
        if before is not None:
            _refuse_same_or_future(before, document, signed_by)
        edition = before.edition + 1 if before else 1
        sides = list(signed_by) if signed_by is not None else before.signed_by if before else []
    if sides and not document.clauses:
        raise Invalid(
            "The text has no clauses.", remedy="Give each a line such as: ## C-1 · Respect, with its words below."
        )
    ended = named_exceptions.refuse_or_end(session, scheme, document, ended_exceptions)
    try:
        row = starting.add_document(session, scheme.id, document, edition=edition, signed_by=sides)
        row.written_by_id, row.published_by_id = written_by_id, actor.person_id
        session.flush()
    except IntegrityError as clash:
        session.rollback()
        raise _too_late() from clash
    audit.record(
        session,
        actor,
        "document.published",
        row.id,
        scheme_id=scheme.id,
        kind=kind.value,
        language=document.language,
        edition=edition,
        sha256=document.sha256,
        signed_by=sides,
        written_by=str(written_by_id) if written_by_id else None,
        **({"ended_exceptions": ended} if ended else {}),
    )
    return row


def _as_translation(
    session: Session, original: SchemeDocument | None, document: TemplateDocument
) -> tuple[int, list[str]]:
    """Edition and sides of the text that it translates. Raises Invalid for other clauses, Conflict if there is one."""
    if original is None:
        raise Conflict(
            "There is nothing to translate yet.", remedy="First publish the text in the scheme's own language."
        )
    ours = documents.parse(original.text, kind=original.kind.value, language=original.language)
    missing = {clause.id for clause in ours.clauses} ^ {clause.id for clause in document.clauses}
    if missing:
        raise Invalid(
            f"The translation must have the clauses of version {original.edition}, no more and no fewer.",
            remedy=f"Look at {', '.join(sorted(missing)[:5])}.",
        )
    own = newest(session, original.scheme_id, original.kind, document.language)
    if own is not None and own.edition == original.edition:
        raise Conflict(
            f"Version {original.edition} has a translation already, and people may have signed it.",
            remedy="Publish the text in the scheme's own language again, then its translation.",
        )
    return original.edition, original.signed_by


def _refuse_same_or_future(before: SchemeDocument, document: TemplateDocument, signed_by: Sequence[str] | None) -> None:
    if before.sha256 == document.sha256 and (signed_by is None or sorted(signed_by) == sorted(before.signed_by)):
        raise Conflict("This text is in force already.", remedy="Change it before you publish it again.")
    if before.published_at > utc_now():
        raise Conflict(
            "By this server's clock, the text in force was published in the future.",
            remedy="Ask whoever runs the server to set its clock, then publish.",
        )


def _refuse_changed(draft: DocumentDraft, version: int) -> None:
    if draft.version != version:
        raise Conflict(
            "Somebody changed this draft while you were reading it.", remedy="Read it again, then publish it."
        )


def _refuse_one_pair_of_eyes(draft: DocumentDraft, actor: Actor) -> None:
    if draft.changed_by_id == actor.person_id:
        raise Conflict(
            "You changed this draft last, and two people decide about a text.",
            remedy="Ask another coordinator of the scheme to read and publish it.",
        )
    if draft.handed_over_at is None:
        raise Conflict(
            "Whoever writes this draft has not finished yet.", remedy="Ask them to hand it over for publishing."
        )


def _make_it_a_gate(scheme: Scheme, sides: Sequence[str]) -> None:
    """New lists, because a change inside a JSON column goes unnoticed."""
    if Side.MENTOR.value in sides and "signature" not in scheme.mentor_gates:
        scheme.mentor_gates = ["signature", *scheme.mentor_gates]
    if Side.MENTEE.value in sides and "signature" not in scheme.mentee_gates:
        scheme.mentee_gates = ["signature", *scheme.mentee_gates]


def _commit(session: Session) -> None:
    """Two coordinators can publish at once; the unique key lets one of them through. Raises Conflict."""
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise _too_late() from clash


def _too_late() -> Conflict:
    return Conflict("Somebody else has just published a version.", remedy="Read theirs first.")


def _is_sound(session: Session, document: SchemeDocument) -> bool:
    """Whether the text has its fingerprint, and its clauses, as lists show them, are those of the text."""
    if sha256(document.text.encode()).hexdigest() != document.sha256:
        return False
    kept = session.exec(select(Clause.key, Clause.heading, Clause.text).where(Clause.document_id == document.id)).all()
    return not kept or sorted(map(tuple, kept)) == sorted(_clauses_of(document))


def _clauses_of(document: SchemeDocument) -> Iterator[tuple[str, str, str]]:
    parsed = documents.parse(document.text, kind=document.kind.value, language=document.language)
    return ((clause.id, clause.heading, clause.text) for clause in parsed.clauses)


def _refuse_long_headings(document: TemplateDocument) -> None:
    for clause in document.clauses:
        if len(clause.id) > LONGEST_ID:
            raise Invalid(f"The clause number {clause.id[:LONGEST_ID]}… is too long.", remedy="Shorten it.")
        if max(len(clause.heading), len(clause.section), len(document.title)) > LONGEST_HEADING:
            raise Invalid(
                f"A heading at {clause.id} is longer than {LONGEST_HEADING} characters.", remedy="Shorten it."
            )
