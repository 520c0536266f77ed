"""The second factor: asked for where it is due, a code works once and near its time, and few may be tried."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.people import Account, AccountStatus, LinkPurpose, LinkToken, Person, Role, RoleGrant, SignInAttempt
from models.people import SignInSession as OpenSession
from services import accounts, audit, links, passwords, second_factor, sessions
from services.access import DESK
from services.errors import Conflict, Invalid, NotAllowed, Refusal
from services.settings import settings
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_person,
)

KEY = "some invented bytes that are good for a test"
HERE = "192.0.2.1"
# In the middle of a step, so that half a minute more or less is always the next step or the one before.
NOON = datetime(2026, 11, 22, 12, 0, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", KEY)
    settings.cache_clear()


def make_staff(session: Session) -> Account:
    return make_account(session, make_coordinator(session, make_cohort(session)))


def asked(session: Session, account: Account) -> str:
    """The token of a page that asks this account for a code."""
    return second_factor.ask(session, account.id).removeprefix("/second-factor/")


def code_of(secret: str | None, moment: datetime = NOON) -> str:
    assert secret is not None
    return pyotp.TOTP(secret).at(moment)


def prove(session: Session, token: str, code: str, address: str | None = HERE) -> str:
    return second_factor.prove(session, token, code, network_address=address)


def set_up(session: Session, account: Account, moment: datetime = NOON - timedelta(hours=1)) -> str:
    """Give the account an authenticator app; its secret."""
    with time_machine.travel(moment, tick=False):
        token = asked(session, account)
        secret = second_factor.asked(session, token).secret
        prove(session, token, code_of(secret, moment))
    assert secret is not None
    return secret


def actions(session: Session) -> list[str]:
    return list(session.exec(select(AuditEntry.action).order_by(col(AuditEntry.sequence))))


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


def test_the_picture_holds_what_an_app_needs(session: Session) -> None:
    account = make_staff(session)
    email = session.get_one(Person, account.person_id).email

    shown = second_factor.asked(session, asked(session, account))

    assert shown.uri is not None
    read = pyotp.parse_uri(shown.uri)
    assert (read.secret, read.name, read.issuer) == (shown.secret, email, "Mentoring Desk")


def test_once_set_up_the_secret_is_never_shown_again(session: Session) -> None:
    account = make_staff(session)
    secret = set_up(session, account)

    with time_machine.travel(NOON, tick=False):
        token = asked(session, account)
        shown = second_factor.asked(session, token)
        opened = prove(session, token, code_of(secret))

        assert (shown.secret, shown.uri) == (None, None)
        assert sessions.resolve(session, opened) is not None


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


def test_the_next_sign_in_after_a_rotation_needs_the_old_key_no_more(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    new = "another key of invented words for a test"
    monkeypatch.setenv("MENTORING_SECRET_KEYS", f"{new},{KEY}")
    settings.cache_clear()
    with time_machine.travel(NOON, tick=False):
        prove(session, asked(session, account), code_of(secret))

    monkeypatch.setenv("MENTORING_SECRET_KEYS", new)
    settings.cache_clear()

    later = NOON + timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        assert prove(session, asked(session, account), code_of(secret, later)) != ""


def test_without_the_key_nobody_gets_in_and_the_page_says_why(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_staff(session)
    secret = set_up(session, account)
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "another key of invented words for a test")
    settings.cache_clear()

    with time_machine.travel(NOON, tick=False), pytest.raises(NotAllowed, match="no longer has the key"):
        prove(session, asked(session, account), code_of(secret))


def test_neither_secret_nor_code_is_in_the_database_in_clear_or_in_the_journal(session: Session) -> None:
    account = make_staff(session)
    secret = set_up(session, account)

    kept = [str(row.model_dump()) for table in (Account, LinkToken, AuditEntry) for row in session.exec(select(table))]
    journal = json.dumps([row.details for row in session.exec(select(AuditEntry))])

    words = (secret, code_of(secret, NOON - timedelta(hours=1)), account.totp_secret or "")
    assert [word for word in words[:2] if any(word in row for row in kept)] == []
    assert [word for word in words if word in journal] == []


def test_a_lost_phone_is_reset_and_the_next_sign_in_sets_up_a_new_app(session: Session) -> None:
    account = make_staff(session)
    person = session.get_one(Person, account.person_id)
    secret = set_up(session, account)
    open_session = session.exec(select(OpenSession)).one()
    waiting = asked(session, account)

    second_factor.reset(session, DESK, f" {person.email.upper()}")

    session.refresh(open_session)
    assert (account.totp_secret, account.totp_confirmed_at, account.totp_last_step) == (None, None, None)
    assert open_session.revoked_at is not None
    with pytest.raises(NotAllowed):
        prove(session, waiting, code_of(secret, utc_now()))
    assert second_factor.asked(session, asked(session, account)).secret not in (None, secret)
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "account.second_factor_reset")).one()
    assert (entry.acting_as, entry.subject_id, entry.details) == ("desk", account.id, {})


def test_a_reset_says_when_there_is_nothing_to_reset(session: Session) -> None:
    account = make_staff(session)
    person = session.get_one(Person, account.person_id)
    session.commit()

    with pytest.raises(Conflict, match="no second factor"):
        second_factor.reset(session, DESK, person.email)
    with pytest.raises(NotAllowed, match="Nobody has an account"):
        second_factor.reset(session, DESK, "nobody@example.org")
    with pytest.raises(Invalid):
        second_factor.reset(session, DESK, "no address")
    assert actions(session) == []


def test_nobody_but_the_desk_itself_resets_a_second_factor(session: Session) -> None:
    cohort = make_cohort(session)
    account = make_account(session, make_manager(session, cohort))
    set_up(session, account)
    confirmed = account.totp_confirmed_at
    person = session.get_one(Person, account.person_id)

    with pytest.raises(NotAllowed):
        second_factor.reset(session, make_actor(person, cohort), person.email)

    assert account.totp_confirmed_at == confirmed
