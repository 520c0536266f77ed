"""The paper that somebody gets of their signature, and who asked whether such a paper is genuine."""

from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from models.agreements import new_code
from models.columns import Row


class SignedCopy(Row, table=True):
    """What stands on a signature's paper beside the signature itself, kept so that it is the same paper every time.

    `address` is where it can be verified. `evidence_sha256` is of the signature's row and of these facts.
    """

    signature_id: UUID = Field(foreign_key="signature.id", unique=True)
    code: str = Field(default_factory=new_code, max_length=12, unique=True)
    scheme_name: str = Field(max_length=200)
    time_zone: str = Field(max_length=64)
    address: str = Field(max_length=500)
    evidence_sha256: str = Field(max_length=64)


class SignedCopyFile(Row, table=True):
    """One PDF that was made of a copy. The same facts give the same bytes until the typesetter itself changes."""

    copy_id: UUID = Field(foreign_key="signed_copy.id", index=True)
    sha256: str = Field(max_length=64, unique=True)


class VerificationAttempt(Row, table=True):
    """One question at the door that needs no sign-in, counted per network address, which is not stored in clear."""

    __table_args__ = (
        Index("ix_verification_attempt_address", "address_hash", "created_at"),
        Index("ix_verification_attempt_time", "created_at"),
    )

    address_hash: str = Field(max_length=64)
