"""Roles: what a person does for a scheme. A place as mentor or mentee is an enrolment, not a role."""

from uuid import UUID

from sqlmodel import Session, select

from models.people import Role, RoleGrant
from services import audit
from services.access import Acting, Actor
from services.errors import NotAllowed


def add(session: Session, actor: Actor, *, person_id: UUID, scheme_id: UUID, role: Role) -> None:
    """Adds a role in a scheme, unless the person has it already; never commits. Raises NotAllowed."""
    if actor.place.acting_as not in {Acting.ADMINISTRATOR, Acting.DESK}:
        raise NotAllowed("You cannot give roles.", remedy="Ask an administrator of this desk to do it.")
    known = select(RoleGrant.id).where(
        RoleGrant.person_id == person_id, RoleGrant.scheme_id == scheme_id, RoleGrant.role == role
    )
    if session.exec(known).first() is None:
        session.add(RoleGrant(person_id=person_id, scheme_id=scheme_id, role=role))
        audit.record(session, actor, "role.given", person_id, scheme_id=scheme_id, role=role.value)
