"""People, how they sign in, and what they may do in which scheme."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.columns import Row, Stateful, one_of, partial


class Role(StrEnum):
    """What a person does for a scheme. A place as mentor or mentee is an enrolment, not a role."""

    COORDINATOR = "coordinator"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class AccountStatus(StrEnum):
    """Whether an account opens. An invited one has no password yet."""

    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"


class LinkPurpose(StrEnum):
    """What a personal link may do, once. All but the second factor's, which never leaves the browser, go by email."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"
    ANSWER_PROPOSAL = "answer_proposal"
    SECOND_FACTOR = "second_factor"


class Person(Stateful, table=True):
    """Someone who takes part or runs something. `email_key` is the casefolded NFKC address: one person, one key.

    `time_zone` is an IANA name. `telephone` is as typed; `telephone_key` the same in E.164.
    """

    __table_args__ = (
        CheckConstraint("length(full_name) BETWEEN 1 AND 200", name="full_name_1_to_200"),
        # The few who have no time zone, which every form asks for.
        Index("ix_person_nowhere", "id", **partial("time_zone IS NULL OR time_zone = ''")),
    )

    full_name: str = Field(max_length=200)
    called: str | None = Field(default=None, max_length=100)
    # "Müller, Łukasz": where a list should have them, when that is not by the first letters of the full name.
    sort_name: str | None = Field(default=None, max_length=200)
    pronouns: str | None = Field(default=None, max_length=50)
    email: str = Field(max_length=254)
    email_key: str = Field(max_length=254, unique=True)
    telephone: str | None = Field(default=None, max_length=50)
    telephone_key: str | None = Field(default=None, max_length=20)
    wechat_id: str | None = Field(default=None, max_length=20)
    time_zone: str | None = Field(default=None, max_length=64)
    language: str = Field(default="en", max_length=12)


class Account(Stateful, table=True):
    """How a person signs in. `password_hash` is bcrypt over a SHA-256 of the NFKC password.

    `totp_secret` is encrypted by services/secrets_at_rest.py; until it is confirmed by a code it opens nothing.
    `totp_last_step` counts 30 seconds since 1970: no code of that step or an older one is accepted again.
    """

    __table_args__ = (
        CheckConstraint("totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name="confirmed_totp_has_a_secret"),
    )

    person_id: UUID = Field(foreign_key="person.id", unique=True)
    status: AccountStatus = Field(default=AccountStatus.INVITED, sa_type=one_of(AccountStatus))
    password_hash: str | None = Field(default=None, max_length=200)
    last_signed_in_at: datetime | None = None
    totp_secret: str | None = Field(default=None, max_length=500)
    totp_confirmed_at: datetime | None = None
    totp_last_step: int | None = Field(default=None, sa_type=BigInteger)


class SignInSession(Row, table=True):
    """One signed-in browser. Neither the cookie's token nor the network address is stored, only their SHA-256."""

    account_id: UUID = Field(foreign_key="account.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    ticket_hash: str | None = Field(default=None, max_length=64, unique=True)
    ticket_expires_at: datetime | None = None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    address_hash: str | None = Field(default=None, max_length=64)


class SignInAttempt(Row, table=True):
    """A failed sign-in, counted per account name and per address. Neither is stored in clear."""

    __table_args__ = (
        Index("ix_sign_in_attempt_name", "name_hash", "created_at"),
        Index("ix_sign_in_attempt_address", "address_hash", "created_at"),
    )

    name_hash: str = Field(max_length=64)
    address_hash: str = Field(max_length=64)


class LinkToken(Row, table=True):
    """A single-use link. Only the token's SHA-256 is stored; `subject_id` is what it opens.

    `wrong_tries` counts wrong codes at the second factor's; the others have nothing to guess.
    """

    purpose: LinkPurpose = Field(sa_type=one_of(LinkPurpose))
    token_hash: str = Field(max_length=64, unique=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    subject_id: UUID | None = Field(default=None, index=True)
    expires_at: datetime
    used_at: datetime | None = None
    wrong_tries: int = Field(default=0)


class RoleGrant(Row, table=True):
    """A person's role in one scheme. An administrator's has no scheme: accounts belong to the whole desk."""

    __table_args__ = (
        UniqueConstraint("person_id", "scheme_id", "role"),
        CheckConstraint("(role = 'administrator') = (scheme_id IS NULL)", name="only_administrators_have_no_scheme"),
        Index("one_administrator_grant", "person_id", unique=True, **partial("scheme_id IS NULL")),
    )

    person_id: UUID = Field(foreign_key="person.id", index=True)
    scheme_id: UUID | None = Field(default=None, foreign_key="scheme.id", index=True)
    role: Role = Field(sa_type=one_of(Role))
