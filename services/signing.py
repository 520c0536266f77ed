"""A signature: the person's own name under the exact text that they were shown, every section ticked."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus
from models.people import Person
from models.schemes import Scheme
from services import access, audit, cleaning, signed_copies, texts
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.units import writes

KINDS = {
    DocumentKind.AGREEMENT: "agreement",
    DocumentKind.MENTEE_AGREEMENT: "mentee agreement",
    DocumentKind.CODE: "code of conduct",
    DocumentKind.ROLE_STATEMENT: "role statement",
    DocumentKind.FIRST_MEETING_GUIDE: "guide to the first meeting",
    DocumentKind.RIGHTS: "page on rights and complaints",
    DocumentKind.PRIVACY: "privacy notice",
}


@dataclass(frozen=True)
class Signed:
    """What became of a signature. `already` when it was there before: nothing was signed twice."""

    title: str
    edition: int
    signed_at: datetime
    already: bool


@writes
def sign(
    session: Session,
    actor: Actor,
    document_id: UUID,
    *,
    typed_name: str,
    sections: Sequence[str],
    sha256: str,
) -> Signed:
    """Sign the text in force as the actor was shown it: every section ticked, their own name typed.

    `sections` are the keys of the ticked boxes and `sha256` is of the text shown. Signing once more changes nothing.
    Raises NotAllowed, Conflict (a newer version is in force) and Invalid.
    """
    enrolment = access.own_enrolment(session, actor)
    document = _document_asking(session, actor, enrolment, document_id)
    _refuse_old_text(session, actor, document, sha256)
    if before := _signature(session, enrolment.id, document):
        return Signed(document.title, document.edition, before.created_at, already=True)
    _refuse_unread(document, sections)
    signature = _new_signature(session, actor, enrolment, document, typed_name)
    facts = document.title, document.edition
    try:
        evidence = signed_copies.begin(session, actor, signature, document)
        audit.record(
            session,
            actor,
            "agreement.signed",
            document.id,
            kind=document.kind.value,
            edition=document.edition,
            sha256=sha256,
            evidence_sha256=evidence,
        )
        session.commit()
    except IntegrityError as twice:
        # Two tabs at once: the unique key let one through, and that one is as good as this.
        session.rollback()
        signed_before = _signature(session, enrolment.id, session.get_one(SchemeDocument, document_id))
        if signed_before is None:
            raise Conflict("Your signature was not saved.", remedy="Try again.") from twice
        return Signed(*facts, signed_before.created_at, already=True)
    return Signed(*facts, signature.created_at, already=False)


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: case, blanks and composition do not count."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def _document_asking(session: Session, actor: Actor, enrolment: Enrolment, document_id: UUID) -> SchemeDocument:
    document = texts.readable(session, actor, document_id)
    if enrolment.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        raise NotAllowed(
            "Your place in this cohort has ended.", remedy="Ask the coordinator if you would like to return."
        )
    if enrolment.side.value not in document.signed_by:
        raise NotAllowed("You are not asked to sign this document.", remedy="You need do nothing about it.")
    return document


def _refuse_old_text(session: Session, actor: Actor, document: SchemeDocument, shown: str) -> None:
    newest = session.exec(
        select(SchemeDocument)
        .where(SchemeDocument.scheme_id == document.scheme_id, SchemeDocument.kind == document.kind)
        .order_by(col(SchemeDocument.edition).desc())
        .limit(1)
    ).one()
    if newest.edition != document.edition:
        scheme = session.get_one(Scheme, document.scheme_id)
        day = newest.published_at.astimezone(ZoneInfo(actor.time_zone or scheme.time_zone)).date()
        raise Conflict(
            f"The {KINDS[document.kind]} changed on {day.day} {day:%B %Y}.",
            remedy="Read the new version and sign again.",
        )
    if document.published_at > utc_now():
        raise Conflict(
            "By this server's clock, the text is not published yet, so the time of your signature would be wrong.",
            remedy="Nothing was signed. Tell the coordinator that the server's clock must be set, then sign.",
        )
    if shown != document.sha256 or texts.parsed(document).sha256 != document.sha256:
        raise Conflict("This is not the text that was published.", remedy="Reload the page and read it again.")


def _refuse_unread(document: SchemeDocument, ticked: Sequence[str]) -> None:
    missing = [section.title for section in texts.sections(texts.parsed(document)) if section.key not in set(ticked)]
    if missing:
        raise Invalid(f"You have not ticked “{missing[0]}”.", remedy="Read it, tick its box, then sign.")


def _new_signature(
    session: Session, actor: Actor, enrolment: Enrolment, document: SchemeDocument, typed_name: str
) -> Signature:
    if actor.account_id is None:
        raise NotAllowed("Only somebody who is signed in can sign.", remedy="Sign in, then sign here.")
    name = cleaning.name(typed_name, field="The name you typed")
    known = session.get_one(Person, enrolment.person_id).full_name
    if not same_name(name, known):
        raise Invalid(
            f"The name you typed is not the one we know you by: {known}.",
            remedy="Type that name, or correct it on your enrolment first.",
        )
    return Signature(
        enrolment_id=enrolment.id,
        document_id=document.id,
        account_id=actor.account_id,
        side=enrolment.side,
        typed_name=name,
        sha256=document.sha256,
        edition=document.edition,
        language=document.language,
        network_address=actor.network_address,
    )


def _signature(session: Session, enrolment_id: UUID, document: SchemeDocument) -> Signature | None:
    """The signature of this kind and edition, in whichever language."""
    return session.exec(
        select(Signature)
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
        .where(
            Signature.enrolment_id == enrolment_id,
            SchemeDocument.scheme_id == document.scheme_id,
            SchemeDocument.kind == document.kind,
            SchemeDocument.edition == document.edition,
        )
    ).first()
