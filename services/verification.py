"""Whether a paper is genuine: a file that we made, or a code with the name beside it.

Whoever asks need not be known. A file is compared by its SHA-256 alone and never opened. A code alone tells nothing: it
is confirmed only together with the name that stands on the same paper, so that nobody learns from us more than they
hold already. A wrong code and a wrong name get one answer.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, and_, col, or_, select

from models.agreements import CODE_LETTERS, SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment
from models.people import Account, Person
from models.schemes import Scheme
from models.signed_copies import SignedCopy, SignedCopyFile, VerificationAttempt
from services import publishing, signed_copies, times, training_certificates
from services.errors import NotAllowed
from services.sign_in_limits import address_hash
from services.signing import same_name
from services.trained import unless_never
from services.units import writes

MOST_FILE_BYTES = 5_000_000
PER_ADDRESS, OVERALL, WINDOW = 30, 600, timedelta(minutes=5)
_CODE_LENGTH = 12
_MOST_CODES = 20
_LETTERS = f"[{CODE_LETTERS}]{{4}}"
_CODE_INSIDE = re.compile(f"{_LETTERS}-{_LETTERS}-{_LETTERS}".encode())


@dataclass(frozen=True)
class Verdict:
    """The answer. `facts` are what it stands for, said and what it is; they stand on the paper too.

    `row` names the row at fault, for whoever looks after the database: never for somebody who only asks.
    """

    holds: bool
    sentence: str
    remedy: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    row: str = ""


def of_file(session: Session, content: bytes) -> Verdict:
    """Whether this is, byte by byte, a signed copy that we made, of a text and a signature that are still whole."""
    sha256 = hashlib.sha256(content).hexdigest()
    made = select(SignedCopyFile.copy_id).where(SignedCopyFile.sha256 == sha256)
    found = _signed(session, col(SignedCopy.id).in_(made))
    if found is None:
        return _unknown_file(session, content)
    verdict = _judged(session, *found, made_as=sha256)
    name = found[1].typed_name
    return verdict if not verdict.holds else _with(verdict, "This is the very file that we made.", ("Signed by", name))


def of_code(session: Session, code: str, name: str) -> Verdict:
    """Whether a paper with this code and this name is one of ours: a signed copy or a certificate."""
    letters = re.sub(r"[\s–-]", "", code).upper()
    if len(letters) != _CODE_LENGTH or not set(letters) <= set(CODE_LETTERS):
        return Verdict(
            holds=False, sentence="A code has twelve letters and digits.", remedy="Type it as it is printed."
        )
    found = _signed(session, SignedCopy.code == letters)
    if found is not None and same_name(found[1].typed_name, name):
        verdict = _judged(session, *found)
        said = "This code and this name belong together, on a paper that we made."
        return verdict if not verdict.holds else _with(verdict, said)
    return _certificate(session, letters, name) or Verdict(
        holds=False,
        sentence="No paper of ours has this code and this name.",
        remedy="Compare both with the paper, letter by letter.",
    )


@writes
def knock(session: Session, network_address: str | None) -> None:
    """Write down that somebody asks who is not signed in, before their question is looked at. Raises NotAllowed."""
    now, address = utc_now(), address_hash(network_address)
    session.exec(delete(VerificationAttempt).where(col(VerificationAttempt.created_at) < now - WINDOW))
    counted = select(func.count()).select_from(VerificationAttempt)
    here = session.exec(counted.where(VerificationAttempt.address_hash == address)).one()
    if here >= PER_ADDRESS or session.exec(counted).one() >= OVERALL:
        raise NotAllowed("There were too many questions in a short time.", remedy="Wait five minutes, then ask again.")
    session.add(VerificationAttempt(address_hash=address))
    session.commit()


def misfits(session: Session) -> Iterator[str]:
    """A sentence for every text and every signature that is no longer what it was when it was signed."""
    for misfit in publishing.verify(session):
        what = f"signature {misfit.signature_id} of" if misfit.signature_id else "the text of"
        yield f"Changed: {what} document {misfit.document_id} (“{misfit.title}”, version {misfit.edition})."
    statement = (
        select(SignedCopy, Signature)
        .join(Signature, col(Signature.id) == col(SignedCopy.signature_id))
        .order_by(col(Signature.created_at))
    )
    for copy, signature in session.exec(statement).yield_per(500):
        if not signed_copies.evidence_is_whole(copy, signature):
            yield f"Changed: the evidence of signature {signature.id}, or signed copy {copy.id} of it."


def _signed(session: Session, which: Any) -> tuple[SignedCopy, Signature, SchemeDocument] | None:
    statement: Any = (
        select(SignedCopy, Signature, SchemeDocument)
        .join(Signature, col(Signature.id) == col(SignedCopy.signature_id))
        .join(SchemeDocument, col(SchemeDocument.id) == col(Signature.document_id))
        .where(which)
    )
    found = session.exec(statement).one_or_none()
    return (found[0], found[1], found[2]) if found is not None else None


def _judged(
    session: Session, copy: SignedCopy, signature: Signature, document: SchemeDocument, made_as: str | None = None
) -> Verdict:
    """Whether all that we keep of a signature still fits together, and what it says."""
    title = f"“{document.title}”, version {document.edition},"
    if not signed_copies.text_is_whole(signature, document):
        return Verdict(
            holds=False,
            sentence=f"We made this paper, but the text {title} that we keep is no longer the one that was signed.",
            remedy="Tell whoever runs the scheme. The fingerprint on the paper is the right one.",
            row=f"scheme_document {document.id}",
        )
    if not signed_copies.evidence_is_whole(copy, signature) or not _is_in_journal(session, copy, signature, made_as):
        return Verdict(
            holds=False,
            sentence=f"We made this paper, but what we keep of the signature under {title} was changed afterwards.",
            remedy="Tell whoever runs the scheme.",
            row=f"signature {signature.id}, signed_copy {copy.id}",
        )
    at = signature.created_at.astimezone(UTC)
    facts = (
        ("Scheme", copy.scheme_name),
        ("Text", f"{document.title}, version {document.edition}"),
        ("Signed on", f"{_day(at.date())} at {at:%H:%M:%S} UTC, as {signature.side.value}"),
        ("Fingerprint of the text", signature.sha256),
    )
    return Verdict(holds=True, sentence="", facts=facts)


def _is_in_journal(session: Session, copy: SignedCopy, signature: Signature, made_as: str | None) -> bool:
    """Whether the journal, which nobody can change, tells the same of the evidence and of the file."""
    person = select(Account.person_id).where(Account.id == signature.account_id).scalar_subquery()
    signing = and_(col(AuditEntry.subject_id) == signature.document_id, col(AuditEntry.actor_id) == person)
    statement = select(AuditEntry.details).where(or_(col(AuditEntry.subject_id) == copy.id, signing))
    told = session.exec(statement).all()
    evidence = any(details.get("evidence_sha256") == copy.evidence_sha256 for details in told)
    return evidence and (made_as is None or any(details.get("sha256") == made_as for details in told))


def _unknown_file(session: Session, content: bytes) -> Verdict:
    """A certificate of ours, or why a file is not ours: one that carries a code of ours was one of ours once."""
    codes = sorted({found.decode().replace("-", "") for found in _CODE_INSIDE.findall(content)})[:_MOST_CODES]
    if codes and session.exec(select(SignedCopy.id).where(col(SignedCopy.code).in_(codes)).limit(1)).first():
        return Verdict(
            holds=False,
            sentence="This file carries a code of ours, but it is not the file that we made: it was changed.",
            remedy="Ask for the original file.",
        )
    completions = session.exec(select(TrainingCompletion).where(col(TrainingCompletion.code).in_(codes)).limit(1))
    if codes and (row := completions.first()) is not None:
        return _certificate_file(session, row, content)
    return Verdict(
        holds=False,
        sentence="We did not make this file, or it was changed since.",
        remedy="Ask for the original file. A printed paper is verified by its code and the name on it.",
    )


def _certificate_file(session: Session, row: TrainingCompletion, content: bytes) -> Verdict:
    """A certificate is made anew and compared: nothing is kept of it."""
    if training_certificates.content_of(session, row) != content:
        return Verdict(
            holds=False,
            sentence="This file carries a code of ours, but it is not the certificate that we would make today.",
            remedy="It was changed, or a name on it changed since. Verify it by its code and the name on it.",
        )
    person = session.get_one(Person, session.get_one(Enrolment, row.enrolment_id).person_id)
    found = _certificate(session, row.code, person.full_name)
    facts = found.facts if found else ()
    said = "This is the very certificate that we made."
    return Verdict(holds=True, sentence=said, facts=(("Passed by", person.full_name), *facts))


def _certificate(session: Session, letters: str, name: str) -> Verdict | None:
    statement: Any = (
        select(Person.full_name, Scheme.name, TrainingModule, TrainingCompletion)
        .join(TrainingModule, col(TrainingModule.id) == col(TrainingCompletion.module_id))
        .join(Scheme, col(Scheme.id) == col(TrainingModule.scheme_id))
        .join(Enrolment, col(Enrolment.id) == col(TrainingCompletion.enrolment_id))
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(TrainingCompletion.code == letters)
    )
    found = session.exec(statement).one_or_none()
    if found is None or not same_name(found[0], name):
        return None
    _, scheme, module, row = found
    until = unless_never(row.expires_on)
    facts = [
        ("Scheme", scheme),
        ("Training", f"{module.title}, version {module.edition}"),
        ("Passed on", _day(row.completed_on)),
        *([("Counts until", _day(until))] if until else []),
    ]
    said = "This code and this name belong together, on a certificate that we made."
    return Verdict(holds=True, sentence=said, facts=tuple(facts))


def _with(verdict: Verdict, sentence: str, *facts: tuple[str, str]) -> Verdict:
    return Verdict(holds=True, sentence=sentence, facts=(*facts, *verdict.facts))


def _day(day: date) -> str:
    return f"{times.day_in_words(day)} {day.year}"
