"""Who has which role, and what giving one would do: read before anything changes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, exists, or_, select

from models.enrolments import Enrolment
from models.people import Account, AccountStatus, Person, Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import access, accounts, cleaning, messages, people, roles
from services.access import Acting, Actor
from services.errors import NotAllowed
from services.messages import Preview

MOST = 200


@dataclass(frozen=True)
class Holder:
    """Somebody with a role. `state` is None without an account; `last_signed_in_at` is for administrators alone."""

    grant_id: UUID
    person_id: UUID
    name: str
    email: str
    role: Role
    since: datetime
    state: AccountStatus | None
    is_self: bool
    last_signed_in_at: datetime | None = None


@dataclass(frozen=True)
class Letter:
    """A mail that would leave. `to` says in words who gets it, and when it depends on something, on what."""

    to: str
    mail: Preview


@dataclass(frozen=True)
class Plan:
    """What giving a role would do. `is_known`: they keep the name that the desk has. `told` are names."""

    role: Role
    scheme: str | None
    name: str
    email: str
    is_known: bool
    letters: tuple[Letter, ...]
    told: tuple[str, ...]


def schemes(session: Session, actor: Actor) -> dict[UUID, str]:
    """Every scheme by name, for whoever looks after the whole desk. Raises NotAllowed."""
    if actor.place.acting_as not in roles.OWNERS:
        raise NotAllowed("You cannot see every scheme.", remedy="Ask an administrator of this desk.")
    return dict(session.exec(select(Scheme.id, Scheme.name).order_by(col(Scheme.name), col(Scheme.id))).all())


def holders(session: Session, actor: Actor, scheme_id: UUID | None, *, search: str = "") -> tuple[Holder, ...]:
    """Who has a role in the scheme, None: on the whole desk; by role, then name. One query. Raises NotAllowed.

    A coordinator is told whether an account is open; when somebody signed in is for administrators (SECURITY b2).
    """
    is_owner = actor.place.acting_as in roles.OWNERS
    if scheme_id is not None:
        access.scheme_to_set_up(session, actor, scheme_id)
    elif not is_owner:
        raise NotAllowed("You cannot see the administrators.", remedy="Ask whoever runs this server.")
    statement = (
        select(RoleGrant, Person, Account)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .outerjoin(Account, col(Account.person_id) == col(Person.id))
        .where(RoleGrant.scheme_id == scheme_id)
        .order_by(col(RoleGrant.role), col(Person.full_name), col(Person.id))
        .limit(MOST)
    )
    if sought := search.strip():
        named = (col(Person.full_name), col(Person.email))
        statement = statement.where(or_(*(column.icontains(sought, autoescape=True) for column in named)))
    return tuple(_holder(row, actor, is_owner) for row in session.exec(statement))


def hindrance(session: Session, actor: Actor, scheme_id: UUID | None) -> str | None:
    """Why the actor, who may see the roles, cannot change any; None when they can."""
    try:
        roles.admit(session, actor, scheme_id, Role.MANAGER if scheme_id else Role.ADMINISTRATOR)
    except NotAllowed as refusal:
        return str(refusal)
    return None


def plan(
    session: Session, actor: Actor, scheme_id: UUID | None, *, role: Role, email: str, full_name: str = ""
) -> Plan:
    """Everything that `roles.give` would do, with the mails. Raises as it does.

    Whoever only other schemes know looks like somebody new to a coordinator: that is not for them to learn.
    """
    scheme = roles.admit(session, actor, scheme_id, role)
    address = cleaning.email(email)
    person = people.find_by_email(session, address.key)
    if person is not None:
        roles.refuse_oneself(actor, person.id)
        if roles.grant_of(session, person.id, scheme_id, role) is not None:
            raise roles.has_it(role)
    is_known = person is not None and _may_know(session, actor, scheme_id, person.id)
    name = person.full_name if person is not None and is_known else cleaning.name(full_name)
    apart = {actor.person_id, person.id if person else None}
    return Plan(
        role=role,
        scheme=scheme.name if scheme else None,
        name=name,
        email=address.typed,
        is_known=is_known,
        letters=_letters(session, actor, scheme_id, role, name, person if is_known else None),
        told=tuple(peer.full_name for peer in roles.peers(session, scheme_id, but=apart)),
    )


def farewell(session: Session, actor: Actor, scheme_id: UUID | None, holder: Holder) -> Letter | None:
    """The mail to somebody whose role is taken; None to who never came. The caller has just read the holder."""
    roles.admit(session, actor, scheme_id, holder.role)
    if holder.state in {None, AccountStatus.INVITED} or actor.person_id is None:
        return None
    return Letter(holder.name, _word(session, actor.person_id, "role_ended", scheme_id, holder.role, holder.name))


def told(session: Session, actor: Actor, scheme_id: UUID | None, holder: Holder) -> tuple[str, ...]:
    """Who else reads in an email that a role was taken. Raises NotAllowed."""
    roles.admit(session, actor, scheme_id, holder.role)
    apart = {actor.person_id, holder.person_id}
    return tuple(peer.full_name for peer in roles.peers(session, scheme_id, but=apart))


def _holder(row: tuple[RoleGrant, Person, Account | None], actor: Actor, is_owner: bool) -> Holder:
    grant, person, account = row
    return Holder(
        grant_id=grant.id,
        person_id=person.id,
        name=person.full_name,
        email=person.email,
        role=grant.role,
        since=grant.created_at,
        state=account.status if account else None,
        is_self=person.id == actor.person_id,
        last_signed_in_at=account.last_signed_in_at if account and is_owner else None,
    )


def _may_know(session: Session, actor: Actor, scheme_id: UUID | None, person_id: UUID) -> bool:
    """Whether the actor may learn that the desk knows somebody: from their own scheme, or as an owner."""
    if actor.place.acting_as in roles.OWNERS:
        return True
    enrolled = (
        exists()
        .where(col(Enrolment.person_id) == person_id, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(col(Cohort.scheme_id) == scheme_id)
    )
    granted = exists().where(col(RoleGrant.person_id) == person_id, col(RoleGrant.scheme_id) == scheme_id)
    return bool(session.exec(select(or_(enrolled, granted))).one())


def _letters(
    session: Session, actor: Actor, scheme_id: UUID | None, role: Role, name: str, person: Person | None
) -> tuple[Letter, ...]:
    """What the person gets; both possibilities, where which it will be is not for the actor to learn."""
    if actor.person_id is None:
        return ()
    invitation = messages.preview(
        session,
        person_id=actor.person_id,
        template="invitation",
        scheme_id=scheme_id,
        link_hours=accounts.INVITATION_HOURS,
        person_name=name,
        role=roles.WORDS[role],
    )
    word = _word(session, actor.person_id, "role_given", scheme_id, role, name)
    if person is not None:
        return (Letter(name, word if accounts.can_sign_in(session, person.id) else invitation),)
    if actor.place.acting_as is Acting.ADMINISTRATOR:
        return (Letter(name, invitation),)
    return (
        Letter(f"{name}, who chooses a password first", invitation),
        Letter(f"{name}, if there is an account for this address already", word),
    )


def _word(session: Session, as_read_by: UUID, template: str, scheme_id: UUID | None, role: Role, name: str) -> Preview:
    """A mail to somebody with an account: its link only leads to the desk."""
    return messages.preview(
        session,
        person_id=as_read_by,
        template=template,
        scheme_id=scheme_id,
        is_personal=False,
        person_name=name,
        role=roles.WORDS[role],
    )
