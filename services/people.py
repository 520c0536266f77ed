"""The people whom the desk knows: one row, and one address key, for each."""

from sqlmodel import Session, select

from models.people import Person
from services import audit
from services.access import Actor


def find_by_email(session: Session, email_key: str) -> Person | None:
    """The person with this casefolded NFKC address."""
    return session.exec(select(Person).where(Person.email_key == email_key)).one_or_none()


def add(
    session: Session,
    actor: Actor,
    *,
    full_name: str,
    email: str,
    email_key: str,
    telephone: str | None = None,
    telephone_key: str | None = None,
    wechat_id: str | None = None,
    time_zone: str | None = None,
    called: str | None = None,
    pronouns: str | None = None,
) -> Person:
    """Adds a person whose facts have been cleaned already; never commits.

    Two who add one address at once meet at the unique index, when the caller commits.
    """
    person = Person(
        full_name=full_name,
        email=email,
        email_key=email_key,
        telephone=telephone,
        telephone_key=telephone_key,
        wechat_id=wechat_id,
        time_zone=time_zone,
        called=called,
        pronouns=pronouns,
    )
    session.add(person)
    audit.record(session, actor, "person.added", person.id)
    return person
