"""Roles: who may give and take them, what that opens and ends, and who is told."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Side
from models.messages import Message, MessageStatus
from models.people import AccountStatus, LinkPurpose, LinkToken, Person, Role, RoleGrant
from models.schemes import Cohort
from services import links, role_list, roles, sessions
from services.access import DESK, Acting, Actor, Place
from services.errors import Conflict, Invalid, NotAllowed
from services.reauthentication import Confirmed
from services.role_list import Holder
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_person,
    make_scheme,
)
from tests.services.counting import queries_of

NEW = "hugh@example.org"


@dataclass
class Desk:
    """A scheme that two people run, and an administrator."""

    cohort: Cohort
    first: Actor
    second: Person
    administrator: Actor

    @property
    def scheme_id(self) -> UUID:
        return self.cohort.scheme_id


@pytest.fixture
def desk(session: Session) -> Desk:
    cohort = make_cohort(session, make_scheme(session, name="Alumni"))
    first, second = (
        make_coordinator(session, cohort, "Rosalind First"),
        make_coordinator(session, cohort, "Sven Second"),
    )
    owner = make_person(session, "Ada Owner")
    session.add(RoleGrant(person_id=owner.id, role=Role.ADMINISTRATOR))
    for person in (first, second, owner):
        make_account(session, person)
    place = Place(Acting.ADMINISTRATOR)
    session.commit()
    return Desk(cohort, make_actor(first, cohort), second, Actor(owner.id, owner.full_name, place, (place,)))


def sure(actor: Actor) -> Confirmed:
    assert actor.person_id is not None
    return Confirmed(actor.person_id, utc_now())


def grant_of(session: Session, person_id: UUID) -> RoleGrant:
    return session.exec(select(RoleGrant).where(RoleGrant.person_id == person_id)).one()


def mails(session: Session) -> set[tuple[str, str]]:
    """Who was written to, about what."""
    statement = select(Person.full_name, Message.template).join(Message, col(Message.person_id) == col(Person.id))
    return set(session.exec(statement).all())


def given(session: Session) -> int:
    session.rollback()
    return len(session.exec(select(RoleGrant)).all())


def test_a_role_is_given_once_and_noted(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)

    for _ in range(2):
        roles.add(session, DESK, person_id=person.id, scheme_id=cohort.scheme_id, role=Role.MANAGER)

    grants = session.exec(select(RoleGrant)).all()
    noted = session.exec(select(AuditEntry)).all()
    assert [(grant.person_id, grant.scheme_id, grant.role) for grant in grants] == [
        (person.id, cohort.scheme_id, Role.MANAGER)
    ]
    assert [(entry.action, entry.subject_id) for entry in noted] == [("role.given", person.id)]


def test_somebody_new_is_invited_and_the_other_coordinator_is_told(session: Session, desk: Desk) -> None:
    done = roles.give(
        session,
        desk.first,
        desk.scheme_id,
        role=Role.MANAGER,
        email="Hugh@Example.org",
        full_name="Hugh New",
        confirmed=sure(desk.first),
    )

    person = session.exec(select(Person).where(Person.email_key == NEW)).one()
    noted = session.exec(select(AuditEntry).where(AuditEntry.action == "role.given")).one()
    assert done == roles.Given("Hugh New", is_written_to=True)
    assert (grant_of(session, person.id).role, grant_of(session, person.id).scheme_id) == (Role.MANAGER, desk.scheme_id)
    assert mails(session) == {("Hugh New", "invitation"), ("Sven Second", "role_changed")}
    assert (noted.actor_id, noted.subject_id, noted.details) == (desk.first.person_id, person.id, {"role": "manager"})


def test_whoever_has_an_account_keeps_their_name_and_gets_a_word(session: Session, desk: Desk) -> None:
    make_account(session, make_person(session, "Hugh Known", email=NEW))

    roles.give(session, desk.administrator, desk.scheme_id, role=Role.COORDINATOR, email=NEW, full_name="Another",
               confirmed=sure(desk.administrator))  # fmt: skip

    assert mails(session) == {
        ("Hugh Known", "role_given"),
        ("Sven Second", "role_changed"),
        ("Rosalind First", "role_changed"),
    }


def test_an_administrator_gives_the_desk_to_somebody_and_a_coordinator_cannot(session: Session, desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        roles.give(
            session, desk.first, None, role=Role.ADMINISTRATOR, email=NEW, full_name="H", confirmed=sure(desk.first)
        )
    before = given(session)
    roles.give(
        session, desk.administrator, None, role=Role.ADMINISTRATOR, email=NEW, full_name="H",
        confirmed=sure(desk.administrator),
    )  # fmt: skip

    assert (before, given(session)) == (3, 4)


def test_whoever_runs_a_scheme_alone_gives_no_role_but_the_command_line_does(session: Session, desk: Desk) -> None:
    session.delete(grant_of(session, desk.second.id))
    session.commit()

    with pytest.raises(NotAllowed) as refused:
        roles.give(
            session, desk.first, desk.scheme_id, role=Role.MANAGER, email=NEW, full_name="H", confirmed=sure(desk.first)
        )
    before = given(session)
    roles.give(session, DESK, desk.scheme_id, role=Role.COORDINATOR, email=NEW, full_name="H")

    assert refused.value.remedy == "Ask an administrator of this desk to add one."
    assert (before, given(session)) == (2, 3)


def test_a_second_coordinator_who_never_came_is_no_second_coordinator(session: Session, desk: Desk) -> None:
    session.delete(grant_of(session, desk.second.id))
    make_account(session, make_coordinator(session, desk.cohort, "Invited"), status=AccountStatus.INVITED)

    with pytest.raises(NotAllowed):
        roles.give(
            session, desk.first, desk.scheme_id, role=Role.MANAGER, email=NEW, full_name="H", confirmed=sure(desk.first)
        )


@pytest.mark.parametrize("as_administrator", [False, True], ids=["coordinator", "administrator"])
def test_nobody_gives_a_role_to_themselves(session: Session, desk: Desk, as_administrator: bool) -> None:
    actor = desk.administrator if as_administrator else desk.first
    own = session.get_one(Person, actor.person_id).email

    with pytest.raises(NotAllowed) as refused:
        roles.give(session, actor, desk.scheme_id, role=Role.MANAGER, email=own, confirmed=sure(actor))

    assert refused.value.happened == "Nobody gives a role to themselves, or takes one from themselves."
    assert given(session) == 3


@pytest.mark.parametrize("acting", [Acting.MANAGER, Acting.MENTOR, Acting.NOBODY])
def test_no_other_place_gives_or_takes_roles(session: Session, desk: Desk, acting: Acting) -> None:
    somebody = make_actor(make_manager(session, desk.cohort), desk.cohort, acting)
    grant_id = grant_of(session, desk.second.id).id
    session.commit()

    for act in (
        lambda: roles.give(
            session, somebody, desk.scheme_id, role=Role.MANAGER, email=NEW, full_name="H", confirmed=sure(somebody)
        ),
        lambda: roles.take(session, somebody, grant_id, confirmed=sure(somebody)),
        lambda: role_list.holders(session, somebody, desk.scheme_id),
        lambda: role_list.holders(session, somebody, None),
        lambda: role_list.plan(session, somebody, desk.scheme_id, role=Role.MANAGER, email=NEW, full_name="H"),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert given(session) == 4


def test_a_coordinator_of_another_scheme_reaches_nothing_here(session: Session, desk: Desk) -> None:
    theirs = make_cohort(session)
    stranger = make_actor(make_coordinator(session, theirs), theirs)
    grant_id = grant_of(session, desk.second.id).id
    session.commit()

    with pytest.raises(NotAllowed):
        roles.take(session, stranger, grant_id, confirmed=sure(stranger))
    with pytest.raises(NotAllowed):
        role_list.holders(session, stranger, desk.scheme_id)

    assert given(session) == 4


def test_without_the_password_a_moment_ago_nothing_changes(session: Session, desk: Desk) -> None:
    assert desk.first.person_id is not None
    stale = Confirmed(desk.first.person_id, utc_now() - timedelta(minutes=6))
    others = Confirmed(desk.second.id, utc_now())

    for confirmed in (None, stale, others):
        with pytest.raises(NotAllowed):
            roles.take(session, desk.first, grant_of(session, desk.second.id).id, confirmed=confirmed)

    assert given(session) == 3


def test_taking_a_role_signs_the_person_out_and_tells_them(session: Session, desk: Desk) -> None:
    manager = make_manager(session, desk.cohort, "Hugh Manager")
    token = sessions.open_for(session, make_account(session, manager).id)

    done = roles.take(session, desk.first, grant_of(session, manager.id).id, confirmed=sure(desk.first))

    noted = session.exec(select(AuditEntry).where(AuditEntry.action == "role.taken")).one()
    assert done == roles.Taken("Hugh Manager", Role.MANAGER, invitation_ended=False)
    assert sessions.resolve(session, token) is None
    assert given(session) == 3
    assert mails(session) == {("Hugh Manager", "role_ended"), ("Sven Second", "role_changed")}
    assert (noted.subject_id, noted.details) == (manager.id, {"role": "manager"})


@pytest.mark.parametrize("takes_part", [False, True], ids=["only a role", "a place besides"])
def test_taking_a_role_from_who_never_came_ends_an_invitation_that_leads_nowhere_else(
    session: Session, desk: Desk, takes_part: bool
) -> None:
    roles.give(session, DESK, desk.scheme_id, role=Role.MANAGER, email=NEW, full_name="Hugh New")
    person = session.exec(select(Person).where(Person.email_key == NEW)).one()
    if takes_part:
        make_enrolment(session, desk.cohort, Side.MENTOR, person=person)
    token = links.mint(session, LinkPurpose.INVITATION, person.id, hours=72)
    session.commit()

    done = roles.take(session, desk.first, grant_of(session, person.id).id, confirmed=sure(desk.first))

    link = session.exec(select(LinkToken).where(LinkToken.token_hash == links.hashed(token))).one()
    invitation = session.exec(select(Message).where(Message.template == "invitation")).one()
    assert done.invitation_ended is not takes_part
    assert (link.used_at is None) is takes_part
    assert invitation.status is (MessageStatus.QUEUED if takes_part else MessageStatus.CANCELLED)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_the_last_one_who_can_sign_in_stays(session: Session, desk: Desk, role: Role) -> None:
    session.delete(grant_of(session, desk.second.id))
    make_account(session, make_coordinator(session, desk.cohort, "Invited"), status=AccountStatus.INVITED)
    last = desk.first.person_id if role is Role.COORDINATOR else desk.administrator.person_id
    assert last is not None
    session.commit()

    with pytest.raises(Conflict):
        roles.take(session, DESK, grant_of(session, last).id)

    assert given(session) == 3


def test_of_two_who_take_each_others_role_one_stays(session: Session, desk: Desk) -> None:
    second = make_actor(desk.second, desk.cohort)
    firsts, seconds = (grant_of(session, each).id for each in (desk.first.person_id, desk.second.id) if each)
    roles.take(session, desk.first, seconds, confirmed=sure(desk.first))

    # They were read as a coordinator before the first one was done.
    with pytest.raises(Conflict):
        roles.take(session, second, firsts, confirmed=sure(second))

    assert given(session) == 2


def test_what_cannot_be_a_role_here_is_refused(session: Session, desk: Desk) -> None:
    for scheme_id, role in ((None, Role.COORDINATOR), (desk.scheme_id, Role.ADMINISTRATOR)):
        with pytest.raises(Invalid):
            roles.give(session, DESK, scheme_id, role=role, email=NEW, full_name="H")
    with pytest.raises(Conflict):
        roles.give(session, DESK, desk.scheme_id, role=Role.COORDINATOR, email=desk.second.email)

    assert given(session) == 3


def test_the_list_tells_a_coordinator_the_state_and_an_administrator_the_last_sign_in(
    session: Session, desk: Desk
) -> None:
    manager = make_manager(session, desk.cohort, "Hugh Manager")
    at = utc_now()
    make_account(session, manager, status=AccountStatus.INVITED, last_signed_in_at=at)
    grant = grant_of(session, manager.id)
    session.commit()

    seen = role_list.holders(session, desk.first, desk.scheme_id)
    found = role_list.holders(session, desk.administrator, desk.scheme_id, search="hugh")

    line = Holder(
        grant.id,
        manager.id,
        "Hugh Manager",
        manager.email,
        Role.MANAGER,
        grant.created_at,
        AccountStatus.INVITED,
        is_self=False,
    )
    assert [(each.name, each.is_self) for each in seen] == [
        ("Rosalind First", True),
        ("Sven Second", False),
        ("Hugh Manager", False),
    ]
    assert seen[2] == line
    assert [each.last_signed_in_at for each in found] == [at]


@pytest.mark.parametrize("many", [1, 3])
def test_the_list_takes_the_same_queries_at_any_length(session: Session, desk: Desk, many: int) -> None:
    for number in range(many):
        make_manager(session, desk.cohort, f"Manager {number}")
    session.commit()
    scheme_id = desk.scheme_id

    with queries_of(session) as asked:
        role_list.holders(session, desk.first, scheme_id)

    assert len(asked) == 2


def test_a_plan_shows_a_coordinator_nothing_of_who_only_other_schemes_know(session: Session, desk: Desk) -> None:
    elsewhere = make_enrolment(session, make_cohort(session), Side.MENTOR, name="Hugh Secret")
    person = session.get_one(Person, elsewhere.person_id)
    make_account(session, person)
    session.commit()

    shown = role_list.plan(session, desk.first, desk.scheme_id, role=Role.MANAGER, email=person.email, full_name="Hugh")
    known = role_list.plan(session, desk.administrator, desk.scheme_id, role=Role.MANAGER, email=person.email)

    assert (shown.name, shown.is_known, shown.told) == ("Hugh", False, ("Sven Second",))
    assert [letter.to for letter in shown.letters] == [
        "Hugh, who chooses a password first",
        "Hugh, if there is an account for this address already",
    ]
    assert "Secret" not in str(shown)
    assert (known.name, known.is_known) == ("Hugh Secret", True)
    assert [letter.mail.subject for letter in known.letters] == ["You are scheme manager of Alumni now"]


def test_a_plan_refuses_what_giving_would(session: Session, desk: Desk) -> None:
    own = session.get_one(Person, desk.first.person_id).email

    with pytest.raises(NotAllowed):
        role_list.plan(session, desk.first, desk.scheme_id, role=Role.MANAGER, email=own)
    with pytest.raises(Conflict):
        role_list.plan(session, desk.first, desk.scheme_id, role=Role.COORDINATOR, email=desk.second.email)
    with pytest.raises(Invalid):
        role_list.plan(session, desk.first, desk.scheme_id, role=Role.MANAGER, email=NEW)
