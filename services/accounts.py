"""Accounts: inviting somebody, checking a password, and choosing a new one by a link in an email."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus
from models.messages import Message
from models.people import Account, AccountStatus, LinkPurpose, Person
from models.schemes import Cohort, Scheme
from services import audit, cleaning, links, messages, passwords, second_factor, sessions, sign_in_limits
from services.access import Acting, Actor, Place
from services.errors import Invalid, NotAllowed
from services.units import writes

INVITATION_HOURS = 72
RESETS = ((3, timedelta(hours=6)), (5, timedelta(hours=24)))
BY_LINK = (LinkPurpose.INVITATION, LinkPurpose.PASSWORD_RESET)
# Longer than this is no password of ours, and not worth the work of a hash.
LONGEST_TYPED = 1000


def ensure_invited(
    session: Session,
    actor: Actor,
    person_id: UUID,
    *,
    scheme_id: UUID | None,
    role: str | None = None,
    status: EnrolmentStatus | None = None,
) -> bool:
    """Adds an account and its invitation, unless the person can sign in already; never commits.

    Invites again whoever never chose a password, at most once a day; to a `role`, in words, where it is one. `status`
    is where their enrolment stands, which the email says. True when an email was queued.
    """
    if can_sign_in(session, person_id):
        return False
    ensure_account(session, actor, person_id, scheme_id=scheme_id)
    is_in = status is EnrolmentStatus.APPROVED
    return messages.queue(
        session,
        person_id=person_id,
        template="invitation",
        scheme_id=scheme_id,
        # That they are in is told also to whoever was invited today.
        event=f"{'approved' if is_in else 'invited'} {utc_now():%Y-%m-%d}",
        link_purpose=LinkPurpose.INVITATION,
        link_hours=INVITATION_HOURS,
        role=role,
        status=status,
    )


def ensure_account(session: Session, actor: Actor, person_id: UUID, *, scheme_id: UUID | None) -> None:
    """Adds an account that waits for its password, unless there is one; never commits."""
    if _of_person(session, person_id) is None:
        account = Account(person_id=person_id)
        session.add(account)
        audit.record(session, actor, "account.invited", account.id, scheme_id=scheme_id)


def can_sign_in(session: Session, person_id: UUID) -> bool:
    """Whether the person has chosen a password before."""
    account = _of_person(session, person_id)
    return account is not None and account.status is not AccountStatus.INVITED


def of_those_who_can_sign_in(session: Session, person_ids: Collection[UUID]) -> frozenset[UUID]:
    """The same of many people: those among them who have chosen a password before."""
    wanted, found = list(person_ids), set[UUID]()
    for at in range(0, len(wanted), 500):
        able = select(Account.person_id).where(
            col(Account.person_id).in_(wanted[at : at + 500]), Account.status != AccountStatus.INVITED
        )
        found.update(session.exec(able))
    return frozenset(found)


def _of_person(session: Session, person_id: UUID) -> Account | None:
    return session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()


def check_password(session: Session, *, email: str, password: str, network_address: str | None) -> UUID | None:
    """The account that this address and password open, or None: one answer, and one time, for every failure.

    Raises NotAllowed after too many tries.
    """
    email_key = _key(email)
    sign_in_limits.admit(session, email_key, network_address)
    account = _account_of(session, email_key)
    account_id, kept = (account.id, account.password_hash) if account else (None, None)
    session.rollback()  # a hash takes a fifth of a second: nobody shall wait for it
    if not passwords.matches(password[:LONGEST_TYPED], kept) or account_id is None:
        return None
    return account_id


@writes
def sign_in(session: Session, account_id: UUID, *, network_address: str | None) -> str:
    """Where the browser goes after a right password: to the address that makes a cookie, or that asks for a code."""
    if second_factor.is_due(session, account_id):
        return second_factor.ask(session, account_id)
    account = session.get_one(Account, account_id)
    person = session.get_one(Person, account.person_id)
    sign_in_limits.forgive(session, person.email_key, network_address)
    return sessions.address_with_ticket(session, account_id, network_address=network_address)


@writes
def request_reset(session: Session, email: str) -> None:
    """Queue a link that chooses a new password. Says nothing, whoever asked: an address is not to be tested here."""
    person = session.exec(select(Person).where(Person.email_key == _key(email))).one_or_none()
    account = session.exec(select(Account).where(Account.person_id == person.id)).one_or_none() if person else None
    if person is None or account is None or account.status is AccountStatus.LOCKED or _asked_enough(session, person.id):
        return
    invited = account.status is AccountStatus.INVITED
    messages.queue(
        session,
        person_id=person.id,
        template="invitation" if invited else "password_reset",
        scheme_id=None,
        event=f"asked {uuid4()}",
        link_purpose=LinkPurpose.INVITATION if invited else LinkPurpose.PASSWORD_RESET,
        link_hours=INVITATION_HOURS if invited else 0.5,
    )
    audit.record(session, _themselves(account), "account.reset_asked", account.id)
    session.commit()


def choose_password(session: Session, token: str, password: str) -> UUID:
    """Set a password by the link in an email; gives the account. Raises NotAllowed, Invalid or Conflict."""
    link = links.find(session, token, *BY_LINK)
    passwords.refuse_weak(password, _words_about(session, link.person_id))
    session.rollback()
    return _keep(session, token, passwords.hashed(password))


@writes
def _keep(session: Session, token: str, password_hash: str) -> UUID:
    link = links.find(session, token, *BY_LINK)
    account = session.exec(select(Account).where(Account.person_id == link.person_id)).one_or_none()
    if account is None or account.status is AccountStatus.LOCKED:
        raise NotAllowed("This account is closed.", remedy="Ask one of your scheme's coordinators.")
    links.use(session, link)
    for purpose in BY_LINK:
        links.retire(session, link.person_id, purpose)
    account.password_hash, account.status = password_hash, AccountStatus.ACTIVE
    sessions.revoke_all(session, account.id)
    sign_in_limits.unlock(session, session.get_one(Person, account.person_id).email_key)
    audit.record(session, _themselves(account), "account.password_chosen", account.id)
    session.commit()
    return account.id


def _key(email: str) -> str:
    """The key of a typed address; of what is no address, a key that nobody has."""
    try:
        return cleaning.email(email[:LONGEST_TYPED]).key
    except Invalid:
        return "no address"


def _account_of(session: Session, email_key: str) -> Account | None:
    """The open account of an address."""
    statement = (
        select(Account)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(Person.email_key == email_key, Account.status == AccountStatus.ACTIVE)
    )
    return session.exec(statement).one_or_none()


def _asked_enough(session: Session, person_id: UUID) -> bool:
    for most, window in RESETS:
        statement = (
            select(func.count())
            .select_from(Message)
            .where(
                Message.person_id == person_id,
                col(Message.template).in_(("password_reset", "invitation")),
                col(Message.created_at) > utc_now() - window,
            )
        )
        if session.exec(statement).one() >= most:
            return True
    return False


def _words_about(session: Session, person_id: UUID) -> list[str]:
    """The person's names and mailbox, and the names of their schemes: what others would try first."""
    person = session.get_one(Person, person_id)
    schemes = (
        select(Scheme.name)
        .join(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .join(Enrolment, col(Enrolment.cohort_id) == col(Cohort.id))
        .where(Enrolment.person_id == person_id)
        .distinct()
    )
    return [person.full_name, person.called or "", person.email.partition("@")[0], *session.exec(schemes)]


def _themselves(account: Account) -> Actor:
    return Actor(account.person_id, "", Place(Acting.NOBODY), account_id=account.id)
