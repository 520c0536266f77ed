"""Roles are given by an administrator, once each, and the journal says so."""

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.people import Role, RoleGrant
from services import roles
from services.access import DESK
from services.errors import NotAllowed
from tests.factories import make_actor, make_cohort, make_coordinator, make_person


def test_a_role_is_given_once_and_noted(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)

    for _ in range(2):
        roles.add(session, DESK, person_id=person.id, scheme_id=cohort.scheme_id, role=Role.MANAGER)

    given = session.exec(select(RoleGrant)).all()
    noted = session.exec(select(AuditEntry)).all()
    assert [(grant.person_id, grant.scheme_id, grant.role) for grant in given] == [
        (person.id, cohort.scheme_id, Role.MANAGER)
    ]
    assert [(entry.action, entry.subject_id) for entry in noted] == [("role.given", person.id)]


def test_a_coordinator_cannot_give_roles(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(NotAllowed):
        roles.add(session, actor, person_id=person.id, scheme_id=cohort.scheme_id, role=Role.MANAGER)

    assert session.exec(select(RoleGrant).where(RoleGrant.person_id == person.id)).all() == []
