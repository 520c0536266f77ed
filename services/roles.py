"""Roles: what a person does for a scheme, given and taken. A place as mentor or mentee is an enrolment, not a role.

Whoever runs the server does it by the command line, an administrator on screen, and among several coordinators of a
scheme each for the others: one who runs a scheme alone cannot make a second pair of eyes. Nobody changes what they
themselves may do, and a scheme never loses its last coordinator (SECURITY b3).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.audit import Installation
from models.messages import Message, MessageStatus
from models.people import Account, AccountStatus, LinkPurpose, Person, Role, RoleGrant
from models.schemes import Scheme
from services import access, accounts, audit, cleaning, links, messages, people, places, reauthentication, sessions
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.reauthentication import Confirmed
from services.units import writes

WORDS = {Role.COORDINATOR: "coordinator", Role.MANAGER: "scheme manager", Role.ADMINISTRATOR: "administrator"}
OWNERS = frozenset({Acting.ADMINISTRATOR, Acting.DESK})


@dataclass(frozen=True)
class Given:
    """Who has the role now. `is_written_to` is False for a newcomer who was sent a personal link today already."""

    name: str
    is_written_to: bool


@dataclass(frozen=True)
class Taken:
    """Whose role has ended. `invitation_ended`: they never came, and their link opens nothing any more."""

    name: str
    role: Role
    invitation_ended: bool


def add(session: Session, actor: Actor, *, person_id: UUID, scheme_id: UUID, role: Role) -> None:
    """Adds a role in a scheme, unless the person has it already; never commits. Raises NotAllowed."""
    if actor.place.acting_as not in OWNERS:
        raise NotAllowed("You cannot give roles.", remedy="Ask an administrator of this desk to do it.")
    if grant_of(session, person_id, scheme_id, role) is None:
        _add(session, actor, person_id, scheme_id, role)


@writes
def give(
    session: Session,
    actor: Actor,
    scheme_id: UUID | None,
    *,
    role: Role,
    email: str,
    full_name: str = "",
    confirmed: Confirmed | None = None,
) -> Given:
    """Give a role by email address, in a scheme or (administrators) on the whole desk, and write to the person.

    Whoever the desk knows keeps their name. On screen, the password was `confirmed` a moment ago. Raises NotAllowed,
    Invalid (address, name, role) and Conflict (they have it already).
    """
    _hold(session, scheme_id)
    admit(session, actor, scheme_id, role)
    _refuse_unconfirmed(actor, confirmed)
    person = _person(session, actor, email, full_name)
    refuse_oneself(actor, person.id)
    if grant_of(session, person.id, scheme_id, role) is not None:
        raise has_it(role)
    grant_id = _add(session, actor, person.id, scheme_id, role)
    _tell_peers(session, actor, person, scheme_id, role, f"given {grant_id}", is_given=True)
    given = Given(person.full_name, _welcome(session, actor, person, grant_id, scheme_id, role))
    try:
        session.commit()
    except IntegrityError as clash:
        # Two can give one role at once. The unique indexes decide; a check up here could not.
        session.rollback()
        raise has_it(role) from clash
    return given


@writes
def take(session: Session, actor: Actor, grant_id: UUID, *, confirmed: Confirmed | None = None) -> Taken:
    """Take a role back, sign the person out everywhere and write to them.

    Raises NotAllowed, and Conflict for the last coordinator of a scheme and the last administrator.
    """
    grant = _held_grant(session, actor, grant_id)
    _refuse_unconfirmed(actor, confirmed)
    refuse_oneself(actor, grant.person_id)
    _refuse_last(session, grant)
    person, scheme_id, role = session.get_one(Person, grant.person_id), grant.scheme_id, grant.role
    session.delete(grant)
    session.flush()
    audit.record(session, actor, "role.taken", person.id, scheme_id=scheme_id, role=role.value)
    taken = Taken(person.full_name, role, _show_out(session, person, grant_id, scheme_id, role))
    _tell_peers(session, actor, person, scheme_id, role, f"taken {grant_id}", is_given=False)
    session.commit()
    return taken


def admit(session: Session, actor: Actor, scheme_id: UUID | None, role: Role) -> Scheme | None:
    """The scheme whose roles the actor may change, None for the whole desk. Raises NotAllowed and Invalid."""
    if (role is Role.ADMINISTRATOR) != (scheme_id is None):
        raise Invalid(f"There is no {WORDS[role]} here.", remedy="Choose one of the roles on the screen.")
    if scheme_id is None:
        if actor.place.acting_as not in OWNERS:
            raise NotAllowed("You cannot give this role.", remedy="Ask an administrator of this desk to do it.")
        return None
    scheme = access.scheme_to_set_up(session, actor, scheme_id)
    is_owner = actor.place.acting_as in OWNERS
    if not is_owner and not _holders(session, scheme_id, Role.COORDINATOR) - {actor.person_id}:
        raise NotAllowed(
            "You run this scheme alone, and giving or taking a role needs a second coordinator.",
            remedy="Ask an administrator of this desk to add one.",
        )
    return scheme


def grant_of(session: Session, person_id: UUID, scheme_id: UUID | None, role: Role) -> RoleGrant | None:
    """The person's grant of this role, if they have it."""
    return session.exec(
        select(RoleGrant).where(
            RoleGrant.person_id == person_id, RoleGrant.scheme_id == scheme_id, RoleGrant.role == role
        )
    ).first()


def peers(session: Session, scheme_id: UUID | None, *, but: set[UUID | None]) -> tuple[Person, ...]:
    """Who is told of a change: the scheme's coordinators, or of the whole desk the administrators; by name."""
    role = Role.COORDINATOR if scheme_id else Role.ADMINISTRATOR
    found = session.exec(
        select(Person)
        .join(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
        .where(RoleGrant.role == role, RoleGrant.scheme_id == scheme_id)
        .order_by(col(Person.full_name), col(Person.id))
    )
    return tuple(person for person in found if person.id not in but)


def refuse_oneself(actor: Actor, person_id: UUID) -> None:
    """Nobody changes their own rights. Raises NotAllowed."""
    if person_id == actor.person_id:
        raise NotAllowed(
            "Nobody gives a role to themselves, or takes one from themselves.",
            remedy="Ask another coordinator of the scheme, or an administrator of this desk.",
        )


def has_it(role: Role) -> Conflict:
    """What is said of somebody who has the role already."""
    return Conflict(f"This person is {WORDS[role]} already.", remedy="Look for them in the list.")


def _hold(session: Session, scheme_id: UUID | None) -> None:
    """Whoever changes roles of one scheme, or of the desk, does it one after the other: two must not take each other's.

    An id that leads nowhere holds nothing; it is refused a moment later.
    """
    if scheme_id is None:
        session.exec(select(Installation.id).where(Installation.id == 1).with_for_update()).one()
    else:
        session.exec(select(Scheme.id).where(Scheme.id == scheme_id).with_for_update()).first()


def _held_grant(session: Session, actor: Actor, grant_id: UUID) -> RoleGrant:
    """The grant as it is now, held with all of its scheme. Raises NotAllowed: "gone" and "not yours" are one answer."""
    seen = session.get(RoleGrant, grant_id)
    if seen is None:
        raise _not_there()
    if seen.scheme_id is not None:
        access.scheme_to_set_up(session, actor, seen.scheme_id)
    _hold(session, seen.scheme_id)
    asked = select(RoleGrant).where(RoleGrant.id == grant_id).execution_options(populate_existing=True)
    grant = session.exec(asked).first()
    if grant is None:
        raise _not_there()
    admit(session, actor, grant.scheme_id, grant.role)
    return grant


def _person(session: Session, actor: Actor, email: str, full_name: str) -> Person:
    """Whom the address belongs to; somebody new is added."""
    address = cleaning.email(email)
    person = people.find_by_email(session, address.key)
    if person is None:
        name = cleaning.name(full_name)
        person = people.add(session, actor, full_name=name, email=address.typed, email_key=address.key)
        session.flush()  # the person's row first: without a relationship nothing else orders the two
    return person


def _add(session: Session, actor: Actor, person_id: UUID, scheme_id: UUID | None, role: Role) -> UUID:
    grant = RoleGrant(person_id=person_id, scheme_id=scheme_id, role=role)
    session.add(grant)
    audit.record(session, actor, "role.given", person_id, scheme_id=scheme_id, role=role.value)
    return grant.id


def _welcome(
    session: Session, actor: Actor, person: Person, grant_id: UUID, scheme_id: UUID | None, role: Role
) -> bool:
    """Adds the email to the person: a personal link, or for who has an account a word. Whether one was added."""
    if not accounts.can_sign_in(session, person.id):
        return accounts.ensure_invited(session, actor, person.id, scheme_id=scheme_id, role=WORDS[role])
    return messages.queue(
        session,
        person_id=person.id,
        template="role_given",
        scheme_id=scheme_id,
        event=f"role {grant_id}",
        link_subject_id=grant_id,
        role=WORDS[role],
    )


def _show_out(session: Session, person: Person, grant_id: UUID, scheme_id: UUID | None, role: Role) -> bool:
    """Ends what the role opened, and adds the email about it; whether it was an invitation that nobody had taken up."""
    account = session.exec(select(Account).where(Account.person_id == person.id)).one_or_none()
    if account is not None:
        sessions.revoke_all(session, account.id)
    if account is None or account.status is AccountStatus.INVITED:
        return _end_invitation(session, person.id)
    messages.queue(
        session,
        person_id=person.id,
        template="role_ended",
        scheme_id=scheme_id,
        event=f"role ended {grant_id}",
        role=WORDS[role],
    )
    return False


def _end_invitation(session: Session, person_id: UUID) -> bool:
    """Takes the invitation back, unless it also leads to another place. Whether it did."""
    if places.of_person(session, person_id):
        return False
    links.retire(session, person_id, LinkPurpose.INVITATION)
    waiting = select(Message).where(
        Message.person_id == person_id, Message.template == "invitation", Message.status == MessageStatus.QUEUED
    )
    for message in session.exec(waiting):
        message.status = MessageStatus.CANCELLED
    return True


def _tell_peers(
    session: Session, actor: Actor, person: Person, scheme_id: UUID | None, role: Role, event: str, *, is_given: bool
) -> None:
    """Nobody is let in, or out, behind the others' backs."""
    for peer in peers(session, scheme_id, but={actor.person_id, person.id}):
        messages.queue(
            session,
            person_id=peer.id,
            template="role_changed",
            scheme_id=scheme_id,
            event=event,
            whom=person.full_name,
            role=WORDS[role],
            is_given=is_given,
        )


def _refuse_unconfirmed(actor: Actor, confirmed: Confirmed | None) -> None:
    """The command line proves that somebody is at the server; on screen the password does (SECURITY a1)."""
    if actor.place.acting_as is Acting.DESK:
        return
    if confirmed is None:
        raise NotAllowed("Roles change only after you gave your password once more.", remedy="Enter it, then go on.")
    reauthentication.refuse_stale(actor, confirmed)


def _refuse_last(session: Session, grant: RoleGrant) -> None:
    """Raises Conflict when nobody who can sign in would be left."""
    if grant.role is not Role.MANAGER and not _holders(session, grant.scheme_id, grant.role) - {grant.person_id}:
        where = "of this scheme" if grant.scheme_id else "of this desk"
        raise Conflict(
            f"Nobody else who can sign in is {WORDS[grant.role]} {where}.",
            remedy="Give the role to somebody else first, and wait until they have signed in.",
        )


def _holders(session: Session, scheme_id: UUID | None, role: Role) -> set[UUID]:
    """The people with the role whose account opens: an invitation alone is nobody to rely on."""
    found = session.exec(
        select(RoleGrant.person_id)
        .join(Account, col(Account.person_id) == col(RoleGrant.person_id))
        .where(RoleGrant.scheme_id == scheme_id, RoleGrant.role == role, Account.status == AccountStatus.ACTIVE)
    )
    return set(found)


def _not_there() -> NotAllowed:
    return NotAllowed("This role is not there any more.", remedy="Reload the page to see who has one.")
