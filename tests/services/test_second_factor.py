"""The second factor: asked for where it is due, a code works once and near its time, and few may be tried."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.people import AccountStatus, LinkPurpose, LinkToken, Person, Role, RoleGrant, SignInAttempt
from models.people import SignInSession as OpenSession
from services import accounts, audit, links, passwords, second_factor, sessions
from services.errors import Invalid, NotAllowed, Refusal
from services.settings import settings
from tests.factories import (
    make_account,
    make_cohort,
    make_enrolment,
    make_person,
)
from tests.services.second_factor_steps import HERE, KEY, NOON, actions, asked, code_of, make_staff, prove, set_up


@pytest.fixture(autouse=True)
def _in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", KEY)
    settings.cache_clear()


@pytest.mark.parametrize("role", list(Role))
def test_in_production_everybody_with_a_role_is_asked_for_a_code(session: Session, role: Role) -> None:
    scheme_id = None if role is Role.ADMINISTRATOR else make_cohort(session).scheme_id
    person = make_person(session)
    session.add(RoleGrant(person_id=person.id, scheme_id=scheme_id, role=role))
    account = make_account(session, person)
    session.flush()

    assert second_factor.is_due(session, account.id)


def test_mentors_and_mentees_sign_in_with_their_password(session: Session) -> None:
    enrolment = make_enrolment(session, make_cohort(session))
    account = make_account(session, session.get_one(Person, enrolment.person_id))
    session.commit()

    assert not second_factor.is_due(session, account.id)
    assert accounts.sign_in(session, account.id, network_address=HERE).startswith("/auth/session?ticket=")


def test_on_a_laptop_only_who_set_up_an_app_is_asked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    without, with_one = make_staff(session), make_staff(session)
    set_up(session, with_one)
    monkeypatch.delenv("MENTORING_ENV")
    settings.cache_clear()

    assert [second_factor.is_due(session, each.id) for each in (without, with_one)] == [False, True]


def test_the_first_right_code_sets_up_the_app_and_signs_in(session: Session) -> None:
    account = make_staff(session)
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        shown = second_factor.asked(session, token)

        opened = sessions.resolve(session, prove(session, token, code_of(shown.secret)))

        assert opened is not None
        assert (opened.account_id, account.totp_confirmed_at) == (account.id, NOON)
    assert account.totp_last_step == int(NOON.timestamp()) // 30
    assert actions(session) == ["account.second_factor_asked", "account.second_factor_set", "account.signed_in"]
    assert audit.verify(session).holds


@pytest.mark.parametrize("written", ["{0}", " {0} ", "{1} {2}", "{1}-{2}"])
def test_a_code_may_be_typed_with_blanks(session: Session, written: str) -> None:
    account = make_staff(session)
    code = code_of(set_up(session, account))

    with time_machine.travel(NOON, tick=False):
        assert prove(session, asked(session, account), written.format(code, code[:3], code[3:])) != ""


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_wrong_by_one_step(session: Session, steps: int) -> None:
    account = make_staff(session)
    secret = set_up(session, account)

    with time_machine.travel(NOON, tick=False):
        prove(session, asked(session, account), code_of(secret, NOON + timedelta(seconds=30 * steps)))

    assert account.totp_last_step == int(NOON.timestamp()) // 30 + steps


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_clock_that_is_wrong_by_two_steps_does_not_open(session: Session, steps: int) -> None:
    account = make_staff(session)
    secret = set_up(session, account)

    with time_machine.travel(NOON, tick=False), pytest.raises(Invalid, match="not the code that we expect now"):
        prove(session, asked(session, account), code_of(secret, NOON + timedelta(seconds=30 * steps)))


def test_a_code_works_once_even_at_a_new_sign_in(session: Session) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    with time_machine.travel(NOON, tick=False):
        prove(session, asked(session, account), code_of(secret))

        with pytest.raises(Invalid, match="used already"):
            prove(session, asked(session, account), code_of(secret))
        with pytest.raises(Invalid, match="used already"):
            prove(session, asked(session, account), code_of(secret, NOON - timedelta(seconds=30)))

    assert len(session.exec(select(OpenSession)).all()) == 2  # that of the setting up, and one more


def test_of_two_browsers_with_the_same_code_one_gets_in(session: Session, engine: Engine) -> None:
    account = make_staff(session)
    secret, codes = set_up(session, account), []
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        session.rollback()

        def tries() -> None:
            with Session(engine) as own:
                try:
                    codes.append(prove(own, token, code_of(secret)))
                except Refusal:
                    codes.append("refused")

        threads = [threading.Thread(target=tries) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(code == "refused" for code in codes) == [False, True, True, True]


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "abcdef", "\x00", "\ud800", "9" * 100_000])
def test_a_wrong_code_opens_nothing_and_is_counted(session: Session, code: str) -> None:
    account = make_staff(session)
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        with pytest.raises(Invalid):
            prove(session, token, code)

    link = session.exec(select(LinkToken)).one()
    assert (link.wrong_tries, link.used_at, account.totp_confirmed_at) == (1, None, None)
    assert len(session.exec(select(SignInAttempt)).all()) == 1
    assert session.exec(select(OpenSession)).all() == []


def test_after_five_wrong_codes_the_right_one_comes_too_late(session: Session) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        for _ in range(4):
            with pytest.raises(Invalid):
                prove(session, token, "not it")
        with pytest.raises(NotAllowed, match="Five codes were wrong"):
            prove(session, token, "not it")

        with pytest.raises(NotAllowed, match="Sign in again with your password"):
            prove(session, token, code_of(secret))

    assert actions(session)[-5:] == ["account.second_factor_failed"] * 5


def test_wrong_codes_close_the_sign_in_for_a_while(session: Session) -> None:
    account = make_staff(session)
    account.password_hash = passwords.hashed("correct horse battery staple")
    secret = set_up(session, account)
    email = session.get_one(Person, account.person_id).email

    def check() -> Any:
        return accounts.check_password(
            session, email=email, password="correct horse battery staple", network_address=HERE
        )

    with time_machine.travel(NOON, tick=False):
        check()
        token = asked(session, account)
        for _ in range(4):
            with pytest.raises(Invalid):
                prove(session, token, "not it")
        with pytest.raises(NotAllowed, match="too many tries"):
            check()

        prove(session, token, code_of(secret))

        assert check() == account.id


def test_a_page_is_open_for_five_minutes(session: Session) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)

    later = NOON + timedelta(minutes=5)
    with time_machine.travel(later, tick=False):
        with pytest.raises(NotAllowed, match=r"run out\. Sign in again"):
            second_factor.asked(session, token)
        with pytest.raises(NotAllowed, match="run out"):
            prove(session, token, code_of(secret, later))


def test_a_newer_sign_in_takes_the_place_of_the_page_before_and_of_its_secret(session: Session) -> None:
    account = make_staff(session)
    first = asked(session, account)
    seen = second_factor.asked(session, first).secret

    second = asked(session, account)

    assert second_factor.asked(session, second).secret not in (None, seen)
    with pytest.raises(NotAllowed, match="used already"):
        second_factor.asked(session, first)


def test_a_code_of_another_account_does_not_open_this_one(session: Session) -> None:
    mine, theirs = make_staff(session), make_staff(session)
    secret = set_up(session, mine)
    set_up(session, theirs)

    with time_machine.travel(NOON, tick=False), pytest.raises(Invalid):
        prove(session, asked(session, theirs), code_of(secret))


def test_a_link_is_bound_to_its_account_and_its_purpose(session: Session) -> None:
    mine, theirs = make_staff(session), make_staff(session)
    set_up(session, theirs)
    crossed = links.mint(
        session, LinkPurpose.SECOND_FACTOR, mine.person_id, subject_id=theirs.id, hours=second_factor.HOURS
    )
    invited = links.mint(session, LinkPurpose.INVITATION, theirs.person_id, subject_id=theirs.id, hours=1)
    session.commit()

    for token in (crossed, invited, "forged", ""):
        with pytest.raises(NotAllowed):
            second_factor.asked(session, token)
    with pytest.raises(NotAllowed):
        accounts.choose_password(session, asked(session, theirs), "seven quiet herons wade")


@pytest.mark.parametrize("status", [AccountStatus.INVITED, AccountStatus.LOCKED])
def test_an_account_that_is_not_open_does_not_open(session: Session, status: AccountStatus) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        account.status = status
        session.commit()

        with pytest.raises(NotAllowed, match="closed"):
            prove(session, token, code_of(secret))
