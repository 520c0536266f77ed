"""Correcting the address with which somebody signs in: a slip in a spreadsheet, or a mailbox that they leave.

Its owner asks for it, or a coordinator for somebody who takes part in their scheme alone and has no role, or an
administrator; each after giving their password once more (SECURITY a1). The old address is told, the new one counts
once its mailbox confirms it, and whoever has a password gives it there: a coordinator who enters an address of their
own gets no further. Whoever lost mailbox and password alike is helped at the server, whose keeper could read all
anyway: then the new mailbox alone confirms, and chooses a password. What was asked for is known by its id in the
journal, the address itself by sealed letters alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment
from models.people import Account, AccountStatus, LinkPurpose, Person, RoleGrant
from models.schemes import Cohort
from services import access, accounts, audit, cleaning, links, messages, people, reauthentication, sealed_addresses
from services import sessions as signed_in
from services.access import Acting, Actor, Place
from services.cleaning import Email
from services.errors import Conflict, Invalid, NotAllowed
from services.messages import Preview
from services.reauthentication import Confirmed
from services.sealed_addresses import Wish
from services.units import writes

ASKED, CHANGED, DROPPED = "person.address_asked", "person.address_changed", "person.address_dropped"
LASTS, MOST_A_DAY = timedelta(days=7), 3
MAILED = (LinkPurpose.INVITATION, LinkPurpose.PASSWORD_RESET, LinkPurpose.ANSWER_PROPOSAL)


@dataclass(frozen=True)
class Standing:
    """Whose address it is and whether it can be corrected. `asked_at`: a correction waits to be confirmed (UTC)."""

    name: str
    email: str
    hindrance: str | None
    asked_at: datetime | None


@dataclass(frozen=True)
class Plan:
    """The letters of a correction: to the new address, and to the one until now."""

    email: str
    to_new: Preview
    to_old: Preview


@dataclass(frozen=True)
class Asked:
    """What a link's page says before anything happens. `needs_password`: they have chosen one."""

    name: str
    email: str
    needs_password: bool


@dataclass(frozen=True)
class Done:
    """The address counts. `welcome` is the token by which whoever was invited now chooses a password."""

    email: str
    welcome: str | None


def standing(session: Session, actor: Actor, enrolment_id: UUID) -> Standing:
    """Of somebody in a scheme that the actor runs. Raises NotAllowed."""
    person, hindrance = _person_of(session, actor, enrolment_id), None
    try:
        _refuse_others(session, actor, person)
    except NotAllowed as refusal:
        hindrance = str(refusal)
    waiting = _waiting(session, person.id)
    return Standing(person.full_name, person.email, hindrance, waiting.at if waiting else None)


def plan(session: Session, actor: Actor, enrolment_id: UUID, email: str) -> Plan:
    """What `ask_for` would send. Raises as it does."""
    person = _person_of(session, actor, enrolment_id)
    _refuse_others(session, actor, person)
    wanted = _wanted(person, email)
    _refuse_neighbour(session, actor, wanted)
    return _plan(session, person, wanted, actor.place.scheme_id)


@writes
def ask_for(session: Session, actor: Actor, enrolment_id: UUID, email: str, *, confirmed: Confirmed | None) -> None:
    """Write to a new address of somebody in a scheme that the actor runs, and to the old one.

    Raises NotAllowed, Invalid, and Conflict (somebody of the scheme has it; asked too often).
    """
    person = _person_of(session, actor, enrolment_id)
    _refuse_others(session, actor, person)
    wanted = _wanted(person, email)
    _refuse_neighbour(session, actor, wanted)
    _ask(session, actor, person, wanted, confirmed)
    session.commit()


@writes
def ask_for_oneself(session: Session, actor: Actor, email: str, *, confirmed: Confirmed | None) -> None:
    """The same for the actor's own address. Raises NotAllowed, Invalid and Conflict."""
    if actor.person_id is None:
        raise NotAllowed("You are not signed in.", remedy="Sign in and try again.")
    person = session.get_one(Person, actor.person_id)
    _ask(session, actor, person, _wanted(person, email), confirmed)
    session.commit()


@writes
def ask_for_the_lost(session: Session, actor: Actor, email: str, new: str) -> str:
    """The same at the server, for somebody who has lost mailbox and password alike: no password is asked for.

    Gives their name. Raises NotAllowed, Invalid (nobody has the address, or it is the same), Conflict (it is closed).
    """
    if actor.place.acting_as is not Acting.DESK:
        raise NotAllowed("This is done at the server.", remedy="Ask whoever runs it.")
    person = people.find_by_email(session, cleaning.email(email).key)
    if person is None:
        raise Invalid("Nobody has this address here.", remedy="Look for a slip of the pen.")
    account = _account(session, person.id)
    if account is not None and account.status is AccountStatus.LOCKED:
        raise Conflict("This account is closed.", remedy="An administrator opens it again, under People & schemes.")
    name = person.full_name  # read before the commit, which would begin another transaction to read it
    _write(session, actor, person, _wanted(person, new), asks_password=False)
    session.commit()
    return name


def plan_for_account(session: Session, actor: Actor, account_id: UUID, email: str) -> Plan:
    """What `ask_for_account` would send. Raises as it does."""
    person = _owner(session, actor, account_id)
    return _plan(session, person, _wanted(person, email), None)


@writes
def ask_for_account(
    session: Session, actor: Actor, account_id: UUID, email: str, *, confirmed: Confirmed | None
) -> None:
    """The same for any account but the actor's own, by an administrator. Raises NotAllowed, Invalid and Conflict."""
    person = _owner(session, actor, account_id)
    _ask(session, actor, person, _wanted(person, email), confirmed)
    session.commit()


@writes
def drop(session: Session, actor: Actor, enrolment_id: UUID) -> None:
    """Let a correction be that nobody has confirmed: its link opens nothing any more. Raises NotAllowed, Conflict."""
    person = _person_of(session, actor, enrolment_id)
    waiting = _waiting(session, person.id)
    if waiting is None:
        raise Conflict("No other address waits to be confirmed.", remedy="Reload the page to see the one that counts.")
    audit.record(session, actor, DROPPED, person.id, request=waiting.details["request"])
    session.commit()


def seen(session: Session, token: str) -> Asked:
    """What a link asks, without doing it. Raises NotAllowed."""
    wish = sealed_addresses.opened(token)
    person = session.get(Person, wish.person_id)
    if person is None:
        raise _over()
    asked = _refuse_unless_newest(session, wish)
    return Asked(person.full_name, wish.email, _asks_password(asked, _account(session, wish.person_id)))


def confirm(session: Session, token: str, password: str, *, network_address: str | None) -> Done:
    """Let the new address count, and sign its owner out everywhere. Whoever has a password gives it.

    Raises NotAllowed, Invalid (wrong password) and Conflict (somebody has the address).
    """
    asked, wish = seen(session, token), sealed_addresses.opened(token)
    if asked.needs_password:
        old = session.get_one(Person, wish.person_id).email
        opened = accounts.check_password(session, email=old, password=password, network_address=network_address)
        account = _account(session, wish.person_id)
        if opened is None or account is None or opened != account.id:
            raise Invalid("This is not the password of this account.", remedy="Try once more.")
    session.rollback()
    return _change(session, wish)


@writes
def _change(session: Session, wish: Wish) -> Done:
    statement = select(Person).where(Person.id == wish.person_id).with_for_update()
    person = session.exec(statement.execution_options(populate_existing=True)).one()
    asked = _refuse_unless_newest(session, wish)
    account, email = _account(session, person.id), cleaning.email(wish.email)
    if account is not None and account.status is AccountStatus.LOCKED:
        raise NotAllowed("This account is closed.", remedy="Ask one of your scheme's coordinators.")
    other = people.find_by_email(session, email.key)
    if other is not None and other.id != person.id:
        raise _taken()
    person.email, person.email_key = email.typed, email.key
    # Whatever was sent to the old mailbox opens nothing any more.
    for purpose in MAILED:
        links.retire(session, person.id, purpose)
    welcome = None
    if account is not None:
        signed_in.revoke_all(session, account.id)
        if not _asks_password(asked, account):
            # For whoever was helped at the server as well: it only leads to the choice of a password.
            welcome = links.mint(session, LinkPurpose.INVITATION, person.id, hours=accounts.INVITATION_HOURS)
    themselves = Actor(person.id, "", Place(Acting.NOBODY), account_id=account.id if account else None)
    request = str(wish.request_id)
    audit.record(session, themselves, CHANGED, person.id, scheme_id=asked.scheme_id, request=request)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise _taken() from clash
    return Done(email.typed, welcome)


def _ask(session: Session, actor: Actor, person: Person, wanted: Email, confirmed: Confirmed | None) -> None:
    if confirmed is None:
        raise NotAllowed("An address changes only after you gave your password.", remedy="Enter it, then go on.")
    reauthentication.refuse_stale(actor, confirmed)
    _write(session, actor, person, wanted, asks_password=True)


def _write(session: Session, actor: Actor, person: Person, wanted: Email, *, asks_password: bool) -> None:
    """Adds the journal's entry and both letters; never commits."""
    _refuse_too_often(session, person.id)
    request_id, scheme_id = uuid4(), actor.place.scheme_id
    audit.record(session, actor, ASKED, person.id, request=str(request_id), asks_password=asks_password)
    known, event = _is_known_owner(session, person.id), f"address {request_id}"
    for template, to, confirms in (
        ("address_confirm", wanted.typed, request_id),
        ("address_changing", person.email, None),
    ):
        messages.queue(
            session,
            person_id=person.id,
            template=template,
            scheme_id=scheme_id,
            event=event,
            to=to,
            confirms=confirms,
            is_known_owner=known,
            asks_password=asks_password,
        )


def _plan(session: Session, person: Person, wanted: Email, scheme_id: UUID | None) -> Plan:
    known = _is_known_owner(session, person.id)

    def read(template: str, *, is_personal: bool) -> Preview:
        return messages.preview(
            session,
            person_id=person.id,
            template=template,
            scheme_id=scheme_id,
            is_personal=is_personal,
            is_known_owner=known,
            asks_password=True,
        )

    to_new, to_old = read("address_confirm", is_personal=True), read("address_changing", is_personal=False)
    return Plan(wanted.typed, to_new, to_old)


def _person_of(session: Session, actor: Actor, enrolment_id: UUID) -> Person:
    return session.get_one(Person, access.enrolment_to_coordinate(session, actor, enrolment_id).person_id)


def _owner(session: Session, actor: Actor, account_id: UUID) -> Person:
    """Whose account it is, for an administrator. Raises NotAllowed."""
    account = session.get(Account, account_id)
    if actor.place.acting_as is not Acting.ADMINISTRATOR or account is None or account.person_id == actor.person_id:
        raise NotAllowed("You cannot correct this address.", remedy="Your own stands under “Your account”.")
    return session.get_one(Person, account.person_id)


def _refuse_others(session: Session, actor: Actor, person: Person) -> None:
    """Whoever has a role or a place elsewhere is not one scheme's to readdress, and which it is, is not said."""
    has_role = select(RoleGrant.id).where(RoleGrant.person_id == person.id).limit(1)
    elsewhere = (
        select(Enrolment.id)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(Enrolment.person_id == person.id, col(Cohort.scheme_id).not_in(actor.coordinates))
        .limit(1)
    )
    if session.exec(has_role).first() is not None or session.exec(elsewhere).first() is not None:
        raise NotAllowed(
            "This address is not for one scheme's coordinators to correct.",
            remedy="Ask its owner to do it under “Your account”, or an administrator of this desk.",
        )


def _refuse_neighbour(session: Session, actor: Actor, wanted: Email) -> None:
    """Of the actor's own schemes only: whether another one knows an address is not for them to learn."""
    statement = (
        select(Person.full_name)
        .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(Person.email_key == wanted.key, col(Cohort.scheme_id).in_(actor.coordinates))
    )
    name = session.exec(statement.limit(1)).first()
    if name is not None:
        raise Conflict(f"{name} has this address in your scheme.", remedy="Look for a slip of the pen.")


def _wanted(person: Person, email: str) -> Email:
    wanted = cleaning.email(email)
    if wanted.typed == person.email:
        raise Invalid("This is the address that counts already.", remedy="Enter the new one.")
    return wanted


def _refuse_too_often(session: Session, person_id: UUID) -> None:
    """Letters to a mailbox that may be a stranger's are few."""
    since = utc_now() - timedelta(days=1)
    asked = [entry for entry in _entries(session, person_id) if entry.action == ASKED and entry.at > since]
    if len(asked) >= MOST_A_DAY:
        raise Conflict("Another address was entered three times today.", remedy="Try again tomorrow.")


def _waiting(session: Session, person_id: UUID) -> AuditEntry | None:
    """The newest request, if nothing came of it yet and it is not too old."""
    newest = next(iter(_entries(session, person_id)), None)
    is_open = newest is not None and newest.action == ASKED and newest.at > utc_now() - LASTS
    return newest if is_open else None


def _refuse_unless_newest(session: Session, wish: Wish) -> AuditEntry:
    waiting = _waiting(session, wish.person_id)
    if waiting is None or waiting.details["request"] != str(wish.request_id):
        raise _over()
    return waiting


def _entries(session: Session, person_id: UUID) -> list[AuditEntry]:
    """What the journal says about a person's address, the newest first."""
    statement = (
        select(AuditEntry)
        .where(AuditEntry.subject_id == person_id, col(AuditEntry.action).in_((ASKED, CHANGED, DROPPED)))
        .order_by(col(AuditEntry.sequence).desc())
        .limit(20)
    )
    return list(session.exec(statement))


def _account(session: Session, person_id: UUID) -> Account | None:
    return session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()


def _asks_password(asked: AuditEntry, account: Account | None) -> bool:
    """Whether the owner gives the password that they chose, as they do unless they were helped at the server."""
    has_one = account is not None and account.password_hash is not None
    return has_one and bool(asked.details.get("asks_password", True))


def _is_known_owner(session: Session, person_id: UUID) -> bool:
    """Whether the old mailbox is surely theirs: a link that went there was used."""
    account = _account(session, person_id)
    return account is not None and account.password_hash is not None


def _taken() -> Conflict:
    return Conflict(
        "There is another account with this address here.",
        remedy="Sign in with it, or ask whoever runs your scheme which of the two is to stay.",
    )


def _over() -> NotAllowed:
    return NotAllowed(
        "This link has been used, or another one took its place.",
        remedy="Sign in to see which address counts, or use the newest email.",
    )
