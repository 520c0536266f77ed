"""`mentoring role`: the owner of the server gives and takes roles, and reads who has one."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.people import Role, RoleGrant
from models.schemes import Scheme
from tests.factories import make_account, make_cohort, make_coordinator, make_person, make_scheme
from tests.services.test_cli import Outcome, mentoring


@pytest.fixture
def scheme(session: Session, engine: Engine) -> Scheme:
    """The only one, with one coordinator who can sign in."""
    assert engine is not None
    scheme = make_scheme(session, name="Alumni Mentoring")
    make_account(session, make_coordinator(session, make_cohort(session, scheme), "Rosalind"))
    session.commit()
    return scheme


def roles_of(session: Session) -> list[Role]:
    session.rollback()
    found = sorted(Role(role) for role in session.exec(select(RoleGrant.role)))
    session.rollback()  # the command must find nobody writing
    return found


def test_a_role_is_given_in_the_only_scheme_there_is_and_taken_again(session: Session, scheme: Scheme) -> None:
    given = mentoring("role", "give", "manager", "hugh@example.org", "--name", "Hugh New")
    between = roles_of(session)
    listed = mentoring("role", "list")
    taken = mentoring("role", "take", "manager", "Hugh@Example.org", "--scheme", "alumni mentoring")

    sentence = "Hugh New is scheme manager now.\nNo mail server is set (SMTP_HOST), so no email leaves now."
    assert given == Outcome(0, sentence, "")
    assert between == [Role.COORDINATOR, Role.MANAGER]
    assert listed.said.splitlines()[0:3] == ["The whole desk", "  nobody", "Alumni Mentoring"]
    assert listed.said.splitlines()[-1] == "  scheme manager: Hugh New, hugh@example.org"
    assert taken == Outcome(0, "Hugh New is no longer scheme manager.", "")
    assert roles_of(session) == [Role.COORDINATOR]


def test_the_first_administrator_needs_no_scheme(session: Session, scheme: Scheme) -> None:
    make_account(session, make_person(session, "Ada Owner", email="ada@example.org"))
    session.commit()

    outcome = mentoring("role", "give", "administrator", "ada@example.org")

    assert outcome.said.splitlines()[0] == "Ada Owner is administrator now."
    assert roles_of(session) == [Role.ADMINISTRATOR, Role.COORDINATOR]


def test_where_there_are_two_schemes_one_must_be_named(session: Session, scheme: Scheme) -> None:
    make_scheme(session, name="Peers")
    session.commit()

    outcome = mentoring("role", "give", "manager", "hugh@example.org", "--name", "Hugh")

    sentence = 'Say which scheme, with --scheme. There is: "Alumni Mentoring", "Peers".'
    assert outcome == Outcome(1, "", sentence)
    assert roles_of(session) == [Role.COORDINATOR]


def test_what_is_refused_ends_with_1_and_says_what_to_do(session: Session, scheme: Scheme) -> None:
    nameless = mentoring("role", "give", "manager", "hugh@example.org")
    unknown = mentoring("role", "take", "manager", "hugh@example.org")

    assert nameless == Outcome(1, "", "Name is empty. Enter a name.")
    assert unknown == Outcome(1, "", "Nobody with this address is scheme manager there. See 'mentoring role list'.")
    assert roles_of(session) == [Role.COORDINATOR]
