"""The second factor: where its secret is kept, what happens without the key, and how a lost phone is replaced."""

import json
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.people import Account, LinkToken, Person
from models.people import SignInSession as OpenSession
from services import second_factor, sessions
from services.access import DESK
from services.errors import Conflict, Invalid, NotAllowed
from services.settings import settings
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_manager,
)
from tests.services.second_factor_steps import KEY, NOON, actions, asked, code_of, make_staff, prove, set_up


@pytest.fixture(autouse=True)
def _in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", KEY)
    settings.cache_clear()


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
