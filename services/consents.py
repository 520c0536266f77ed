"""What a person agreed to share: one switch each, off until given, withdrawn as easily as given, at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, ConsentText, DirectoryChoice, Enrolment, SharedAnswer
from models.equality import EqualityAnswers
from models.people import Person
from models.schemes import Channel, Cohort, FormField, Scheme
from services import access, audit
from services.access import Actor
from services.enrolment_form import own_open_enrolment
from services.errors import Conflict, Invalid
from services.schemes import wording
from services.units import writes

# Each way to reach a person: what opens it, in the order in which it is shown.
CHANNEL_OF = {
    ConsentPurpose.SHARE_EMAIL: Channel.EMAIL,
    ConsentPurpose.SHARE_TELEPHONE: Channel.TELEPHONE,
    ConsentPurpose.SHARE_WECHAT: Channel.WECHAT,
}


@dataclass(frozen=True)
class Agreed:
    """One consent as evidence: to what, in which words and language, from when until when (UTC; None: until now).

    `text` is '' for one given before the words themselves were kept; `is_worded_so` says that they still stand there.
    `purpose` is None for an answer that is shared with a match: the label says which.
    """

    purpose: ConsentPurpose | None
    label: str
    text: str
    language: str
    given_at: datetime
    withdrawn_at: datetime | None
    is_worded_so: bool


@writes
def give(session: Session, actor: Actor, purpose: ConsentPurpose) -> frozenset[ConsentPurpose]:
    """Agree to one thing in today's words; answers all that is given then. Raises NotAllowed, Invalid, Conflict."""
    enrolment = own_open_enrolment(session, actor)
    words, language = _wording(session, enrolment, purpose)
    fingerprint = keep_words(session, words, language)
    if _open(session, enrolment.id, purpose) is None:
        session.add(Consent(enrolment_id=enrolment.id, purpose=purpose, wording_sha256=fingerprint, language=language))
        audit.record(session, actor, "consent.given", enrolment.id, purpose=purpose.value, wording_sha256=fingerprint)
    try:
        session.commit()
    except IntegrityError as clash:
        # Two tabs can switch it on at once. The partial unique index keeps one; a check up here could not.
        session.rollback()
        raise Conflict("This was switched on a moment ago.", remedy="Reload the page to see it.") from clash
    return given(session, enrolment.id)


@writes
def withdraw(session: Session, actor: Actor, purpose: ConsentPurpose) -> frozenset[ConsentPurpose]:
    """Take it back, whatever the state of the enrolment; answers what is still given. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    consent = _open(session, enrolment.id, purpose)
    if consent is not None:
        consent.withdrawn_at = utc_now()
        if purpose is ConsentPurpose.DIRECTORY:
            forget_choices(session, enrolment.id)
        audit.record(session, actor, "consent.withdrawn", enrolment.id, purpose=purpose.value)
    session.commit()
    return given(session, enrolment.id)


def history(session: Session, actor: Actor) -> tuple[Agreed, ...]:
    """Everything the person ever agreed to in this place, newest first, withdrawn ones too. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    fields = {field.key: field for field in session.exec(_asked_here(enrolment))}
    statement = (
        select(Consent, ConsentText.text)
        .outerjoin(
            ConsentText,
            and_(
                col(ConsentText.sha256) == col(Consent.wording_sha256),
                col(ConsentText.language) == col(Consent.language),
            ),
        )
        .where(Consent.enrolment_id == enrolment.id)
        .order_by(col(Consent.created_at).desc(), col(Consent.id))
    )
    return tuple(
        _agreed(consent, words or "", fields.get(consent.purpose), enrolment)
        for consent, words in session.exec(statement)
    )


def keep_words(session: Session, words: str, language: str) -> str:
    """Keeps the words once for everybody and answers their fingerprint; never commits.

    Of two people who are the first to read them, the second changes nothing.
    """
    row = ConsentText(sha256=_fingerprint(words), language=language, text=words)
    insert = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(insert(ConsentText).values(row.model_dump()).on_conflict_do_nothing())
    return row.sha256


def forget_choices(session: Session, enrolment_id: UUID) -> None:
    """Takes back what somebody shows in the directory beside the four facts, as they leave it; never commits."""
    mine = (col(DirectoryChoice.enrolment_id) == enrolment_id, col(DirectoryChoice.withdrawn_at).is_(None))
    session.execute(update(DirectoryChoice).where(*mine).values(withdrawn_at=utc_now()))


def forget_unused_words(session: Session) -> None:
    """Delete words that nobody's consent refers to any longer, as when a demonstration goes; never commits."""
    unused = [
        ~select(kind.id)
        .where(col(kind.wording_sha256) == col(ConsentText.sha256), col(kind.language) == col(ConsentText.language))
        .exists()
        for kind in (Consent, DirectoryChoice, SharedAnswer, EqualityAnswers)
    ]
    session.execute(delete(ConsentText).where(*unused))


def given(session: Session, enrolment_id: UUID) -> frozenset[ConsentPurpose]:
    """What the person agrees to at this moment."""
    purposes = session.exec(_given(), params={"enrolment_id": enrolment_id})
    return frozenset(ConsentPurpose(purpose) for purpose in purposes)


@cache  # asked at every answer that is saved: building it costs more than asking
def _given() -> Any:
    return select(Consent.purpose).where(
        col(Consent.enrolment_id) == bindparam("enrolment_id"), col(Consent.withdrawn_at).is_(None)
    )


def opened(given_purposes: Iterable[ConsentPurpose], person: Person) -> tuple[Channel, ...]:
    """The ways to reach the person that these consents open."""
    open_ones = {CHANNEL_OF[each] for each in given_purposes if _opens(each, person.telephone, person.wechat_id)}
    return tuple(channel for channel in CHANNEL_OF.values() if channel in open_ones)


def open_channels(session: Session, enrolment_id: UUID) -> tuple[Channel, ...]:
    """The ways to reach the person that they agreed to and filled in: consent without a number opens nothing."""
    statement = (
        select(Consent.purpose, Person.telephone, Person.wechat_id)
        .join(Enrolment, col(Enrolment.id) == Consent.enrolment_id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(Consent.enrolment_id == enrolment_id, col(Consent.withdrawn_at).is_(None))
    )
    opened = {
        CHANNEL_OF[ConsentPurpose(purpose)]
        for purpose, telephone, wechat_id in session.exec(statement)
        if _opens(ConsentPurpose(purpose), telephone, wechat_id)
    }
    return tuple(channel for channel in CHANNEL_OF.values() if channel in opened)


def reachable() -> Any:
    """An SQL condition on a query of Enrolment joined with Person: at least one way to reach them is open."""
    shares_something_filled_in = or_(
        col(Consent.purpose) == ConsentPurpose.SHARE_EMAIL,
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_TELEPHONE, col(Person.telephone).is_not(None)),
        and_(col(Consent.purpose) == ConsentPurpose.SHARE_WECHAT, col(Person.wechat_id).is_not(None)),
    )
    return (
        select(Consent.id)
        .where(Consent.enrolment_id == Enrolment.id, col(Consent.withdrawn_at).is_(None), shares_something_filled_in)
        .correlate(Enrolment, Person)
        .exists()
    )


def gives(purpose: ConsentPurpose) -> Any:
    """An SQL condition on a query of Enrolment: this is given at this moment."""
    return (
        select(Consent.id)
        .where(Consent.enrolment_id == Enrolment.id, Consent.purpose == purpose, col(Consent.withdrawn_at).is_(None))
        .correlate(Enrolment)
        .exists()
    )


def _open(session: Session, enrolment_id: UUID, purpose: ConsentPurpose) -> Consent | None:
    statement = select(Consent).where(
        Consent.enrolment_id == enrolment_id, Consent.purpose == purpose, col(Consent.withdrawn_at).is_(None)
    )
    return session.exec(statement).one_or_none()


def _opens(purpose: ConsentPurpose, telephone: str | None, wechat_id: str | None) -> bool:
    """Whether the purpose opens a way to the person. Everybody has an address."""
    match purpose:
        case ConsentPurpose.SHARE_EMAIL:
            return True
        case ConsentPurpose.SHARE_TELEPHONE:
            return bool(telephone)
        case ConsentPurpose.SHARE_WECHAT:
            return bool(wechat_id)
    return False


def _asked_here(enrolment: Enrolment) -> Any:
    return (
        select(FormField)
        .join(Cohort, col(Cohort.scheme_id) == FormField.scheme_id)
        .where(Cohort.id == enrolment.cohort_id, FormField.kind == "consent")
    )


def _agreed(consent: Consent, words: str, field: FormField | None, enrolment: Enrolment) -> Agreed:
    today = _words(field, enrolment) if field is not None else ""
    return Agreed(
        purpose=ConsentPurpose(consent.purpose),
        label=wording.label(field, enrolment.side) if field is not None else consent.purpose.replace("_", " "),
        text=words,
        language=consent.language,
        given_at=consent.created_at,
        withdrawn_at=consent.withdrawn_at,
        is_worded_so=_fingerprint(today) == consent.wording_sha256,
    )


def _words(field: FormField, enrolment: Enrolment) -> str:
    """What the person reads beside the switch."""
    return "\n".join(read(field, enrolment.side) for read in (wording.label, wording.help_for, wording.audience))


def _fingerprint(words: str) -> str:
    return sha256(words.encode()).hexdigest()


def _wording(session: Session, enrolment: Enrolment, purpose: ConsentPurpose) -> tuple[str, str]:
    """The words beside the switch, and their language. Raises Invalid if it is not asked."""
    statement = (
        select(FormField, Scheme.language)
        .join(Scheme, col(Scheme.id) == FormField.scheme_id)
        .join(Cohort, col(Cohort.scheme_id) == Scheme.id)
        .where(Cohort.id == enrolment.cohort_id, FormField.key == purpose.value, col(FormField.retired_at).is_(None))
    )
    found = session.exec(statement).one_or_none()
    if found is None or enrolment.side not in found[0].roles:
        raise Invalid("This scheme does not ask for that.", remedy="Reload the page to see its questions.")
    field, language = found
    return _words(field, enrolment), language
