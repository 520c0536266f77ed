"""The paper of a signature: the exact text, the evidence and a code, as a PDF that is the same at every making.

What could change later (a scheme's name, a zone, the desk's address) is kept when the paper is begun. The PDF itself is
kept nowhere: it is made when it is asked for, and only its SHA-256 stays, so that services/verification.py knows it
again. A paper is never made of a text or of evidence that is not what was signed.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature
from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Cohort, Scheme
from models.signed_copies import SignedCopy, SignedCopyFile
from services import access, audit, messages, pdf, signed_copy_facts
from services.access import DESK, Actor
from services.errors import Conflict, NotAllowed
from services.settings import settings
from services.units import writes


@dataclass(frozen=True)
class Paper:
    """A PDF to hand over. The name of the file holds nobody's name."""

    file_name: str
    content: bytes


def begin(session: Session, actor: Actor, signature: Signature, document: SchemeDocument) -> str:
    """Adds a signature that is being given, its paper, and the email that brings it; never commits.

    Gives the fingerprint of the evidence, for the journal. Raises IntegrityError when it was signed a moment ago.
    """
    session.add(signature)
    # One after the other: each refers to the one before, and the session does not know that.
    session.flush()
    person = session.get_one(Person, session.get_one(Enrolment, signature.enrolment_id).person_id)
    scheme = session.get_one(Scheme, document.scheme_id)
    copy = _new(signature, scheme, actor.time_zone or person.time_zone)
    session.add(copy)
    session.flush()
    messages.queue(
        session,
        person_id=person.id,
        template="signed_copy",
        scheme_id=scheme.id,
        event=f"signature {signature.id}",
        attached_copy_id=copy.id,
        document=document.title,
        edition=document.edition,
    )
    return copy.evidence_sha256


def download(session: Session, actor: Actor, signature_id: UUID) -> Paper:
    """The paper of one of the actor's own signatures, or of one in the scheme that they run.

    A coordinator's look is written down: the paper holds a network address. Raises NotAllowed, Conflict.
    """
    _refuse_others(session, actor, signature_id)
    copy_id = session.exec(select(SignedCopy.id).where(SignedCopy.signature_id == signature_id)).one_or_none()
    if copy_id is None:
        copy_id = _begin_late(session, signature_id)
    paper = make(session, copy_id)
    if actor.coordinates:
        _note_look(session, actor, copy_id)
    return paper


def make(session: Session, copy_id: UUID) -> Paper:
    """The paper, made anew; the caller has asked who may have it. Nothing is locked while it is set.

    Raises Conflict when the text or the evidence is no longer what was signed.
    """
    copy, signature, document = _rows(session, copy_id)
    if not text_is_whole(signature, document):
        raise Conflict("The text that was signed has been changed since.", remedy="Ask whoever looks after this desk.")
    if not evidence_is_whole(copy, signature):
        raise Conflict(
            "What was kept of this signature has been changed since.", remedy="Ask whoever looks after this desk."
        )
    kind, day = document.kind.value.replace("_", "-"), signature.created_at.astimezone(UTC).date()
    content = typeset(signed_copy_facts.of(copy, signature, document))
    _remember(session, copy_id, document.scheme_id, hashlib.sha256(content).hexdigest())
    return Paper(f"signed-{kind}-{day.isoformat()}-{copy.code}.pdf", content)


def text_is_whole(signature: Signature, document: SchemeDocument) -> bool:
    """Whether the text kept here is, letter by letter, the one that was signed."""
    return hashlib.sha256(document.text.encode()).hexdigest() == document.sha256 == signature.sha256


def evidence_is_whole(copy: SignedCopy, signature: Signature) -> bool:
    """Whether the signature's row and the paper's facts are what they were when the paper was begun."""
    return fingerprint(copy, signature) == copy.evidence_sha256


def fingerprint(copy: SignedCopy, signature: Signature) -> str:
    """SHA-256 over everything that the evidence says."""
    ids = [str(each) for each in (signature.id, signature.enrolment_id, signature.document_id, signature.account_id)]
    at = signature.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [signature.side.value, signature.typed_name, signature.sha256, signature.edition, signature.language]
    facts = [copy.code, copy.scheme_name, copy.time_zone, copy.address]
    content = [*ids, at, *said, signature.network_address, *facts]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _new(signature: Signature, scheme: Scheme, zone: str | None) -> SignedCopy:
    copy = SignedCopy(
        signature_id=signature.id,
        scheme_name=scheme.name,
        time_zone=zone or scheme.time_zone,
        address=f"{settings().url.rstrip('/')}/verify",
        evidence_sha256="",
    )
    copy.evidence_sha256 = fingerprint(copy, signature)
    return copy


@writes
def _begin_late(session: Session, signature_id: UUID) -> UUID:
    """The paper of a signature that was given before there were any."""
    signature = session.get_one(Signature, signature_id)
    document = session.get_one(SchemeDocument, signature.document_id)
    person = session.get_one(Person, session.get_one(Enrolment, signature.enrolment_id).person_id)
    copy = _new(signature, session.get_one(Scheme, document.scheme_id), person.time_zone)
    session.add(copy)
    begun = copy.id
    audit.record(
        session, DESK, "signed_copy.begun", begun, scheme_id=document.scheme_id, evidence_sha256=copy.evidence_sha256
    )
    try:
        session.commit()
    except IntegrityError:
        # Pressed in two tabs at once: the first one's is the paper of both.
        session.rollback()
        return session.exec(select(SignedCopy.id).where(SignedCopy.signature_id == signature_id)).one()
    return begun


def _remember(session: Session, copy_id: UUID, scheme_id: UUID, sha256: str) -> None:
    """Keep the fingerprint of a file that was not made before."""
    if session.exec(select(SignedCopyFile.id).where(SignedCopyFile.sha256 == sha256)).first() is None:
        _keep(session, copy_id, scheme_id, sha256)


@writes
def _keep(session: Session, copy_id: UUID, scheme_id: UUID, sha256: str) -> None:
    session.add(SignedCopyFile(copy_id=copy_id, sha256=sha256))
    audit.record(session, DESK, "signed_copy.made", copy_id, scheme_id=scheme_id, sha256=sha256)
    try:
        session.commit()
    except IntegrityError:
        # Made twice at once, with the same bytes.
        session.rollback()


@writes
def _note_look(session: Session, actor: Actor, copy_id: UUID) -> None:
    audit.record(session, actor, "signed_copy.opened", copy_id)
    session.commit()


def _refuse_others(session: Session, actor: Actor, signature_id: UUID) -> None:
    signature = session.get(Signature, signature_id)
    if signature is not None and actor.place.enrolment_id is not None:
        if signature.enrolment_id == access.own_enrolment(session, actor).id:
            return
    elif signature is not None:
        enrolment = session.get_one(Enrolment, signature.enrolment_id)
        if session.get_one(Cohort, enrolment.cohort_id).scheme_id in actor.coordinates:
            return
    raise NotAllowed("You cannot open this signed copy.", remedy="Open it from the Agreements page.")


def _rows(session: Session, copy_id: UUID) -> tuple[SignedCopy, Signature, SchemeDocument]:
    statement: Any = (
        select(SignedCopy, Signature, SchemeDocument)
        .join(Signature, col(Signature.id) == col(SignedCopy.signature_id))
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
        .where(SignedCopy.id == copy_id)
    )
    found = session.exec(statement).one()
    return found[0], found[1], found[2]


def typeset(facts: dict[str, object]) -> bytes:
    """As readable as a PDF can be; where no font has a letter, the paper says so, and spells a name in numbers."""
    try:
        return pdf.render("signed_copy", facts, accessible=True)
    except pdf.NoLetterError:
        boxes = signed_copy_facts.spelled(
            facts,
            name=_has_boxes(signed_copy_facts.name_alone(facts)),
            text=_has_boxes(signed_copy_facts.nameless(facts)),
        )
        return pdf.render("signed_copy", boxes)


def _has_boxes(facts: dict[str, object]) -> bool:
    try:
        pdf.render("signed_copy", facts, accessible=True)
    except pdf.NoLetterError:
        return True
    return False
