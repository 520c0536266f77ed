"""Messages in the outbox, and what becomes of them, for the tests of mail."""

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.messages import Message, MessageStatus
from services import messages, storage
from tests.factories import make_person, make_scheme

SetUp = Callable[..., None]


def queued(session: Session, email: str = "ama@example.org", **facts: Any) -> UUID:
    """A message in the outbox, as its id."""
    scheme = facts.pop("scheme", None) or make_scheme(session, name="AULP mentoring")
    person = make_person(session, facts.pop("name", "Ama Boateng"), email=email)
    chosen = {"template": "enrolment_returned", "note": "Which sector?"} | facts
    messages.queue(session, person_id=person.id, scheme_id=scheme.id, event=f"for {person.id}", **chosen)
    message_id = session.exec(select(Message.id).where(Message.person_id == person.id)).one()
    # The test's own session must hold no lock while mail is delivered.
    session.commit()
    return message_id


def kept(message_id: UUID) -> Message:
    """The message as it is in the database now."""
    with storage.reading() as looking:
        message = looking.get_one(Message, message_id)
        looking.expunge(message)
    return message


def entries() -> set[tuple[str, UUID | None]]:
    """What the journal says was done, to what."""
    with storage.reading() as looking:
        return {(entry.action, entry.subject_id) for entry in looking.exec(select(AuditEntry))}


def state(message_id: UUID) -> tuple[MessageStatus, int, str | None]:
    message = kept(message_id)
    return message.status, message.attempts, message.last_error


def later(**how: float) -> datetime:
    return utc_now() + timedelta(seconds=1) + timedelta(**how)


def knows_the_password(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    # "Not handled" leaves the answer to aiosmtpd: 235 or 535.
    return AuthResult(success=(given.login, given.password) == (b"desk", b"secret"), handled=False)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for 127.0.0.1, left in the folder as certificate.pem."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
