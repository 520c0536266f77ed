"""Accounts: invited once, opened by the right password only, and opened again by their owner's mailbox."""

import threading
from datetime import timedelta
from uuid import UUID

import bcrypt
import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.messages import Message
from models.people import Account, AccountStatus, LinkPurpose, LinkToken, Person, SignInAttempt, SignInSession
from services import accounts, links, passwords, sessions
from services.access import DESK
from services.errors import Invalid, NotAllowed, Refusal
from services.settings import settings
from tests.factories import make_account, make_cohort, make_coordinator, make_enrolment, make_person, make_scheme

PASSWORD = "correct horse battery staple"
HERE, THERE = "192.0.2.1", "198.51.100.9"


def make_user(session: Session, email: str = "ama@example.org", person: Person | None = None) -> Account:
    person = person or make_person(session, "Ama Boateng", email=email)
    account = make_account(session, person, password_hash=passwords.hashed(PASSWORD))
    session.commit()
    return account


def tries(
    session: Session, password: str = PASSWORD, address: str | None = HERE, email: str = "ama@example.org"
) -> UUID | None:
    return accounts.check_password(session, email=email, password=password, network_address=address)


def test_the_right_password_opens_the_account(session: Session) -> None:
    account = make_user(session)

    assert tries(session) == account.id
    assert tries(session, email="  AMA@Example.ORG ") == account.id


@pytest.mark.parametrize("password", ["", "wrong password entirely", PASSWORD + " ", PASSWORD.upper(), "x" * 2_000_000])
def test_a_wrong_password_does_not(session: Session, password: str) -> None:
    make_user(session)

    assert tries(session, password) is None


@pytest.mark.parametrize("email", ["", "nobody", "\ud800@example.org", "\x00", "x" * 100_000])
def test_what_is_no_address_opens_nothing(session: Session, email: str) -> None:
    make_user(session)

    assert tries(session, email=email) is None


@pytest.mark.parametrize("status", [AccountStatus.INVITED, AccountStatus.LOCKED])
def test_an_account_that_is_not_open_does_not_open(session: Session, status: AccountStatus) -> None:
    make_user(session).status = status
    session.commit()

    assert tries(session) is None


def test_an_unknown_address_costs_one_check_of_the_same_strength_as_a_known_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(session)
    checked: list[str] = []
    check = bcrypt.checkpw

    def counted(password: bytes, kept: bytes) -> bool:
        checked.append(kept.decode()[:7])  # the algorithm and its cost, which decide how long it takes
        return check(password, kept)

    monkeypatch.setattr(bcrypt, "checkpw", counted)

    for email in ("ama@example.org", "nobody@example.org"):
        tries(session, "wrong", email=email)

    assert checked == ["$2b$04$", "$2b$04$"]


def test_five_failures_from_one_address_close_a_name_for_a_while(session: Session) -> None:
    account = make_user(session)
    for _ in range(5):
        tries(session, "wrong")

    with pytest.raises(NotAllowed, match="too many tries"):
        tries(session)
    with time_machine.travel(utc_now() + timedelta(minutes=16)):
        assert tries(session) == account.id


def test_an_unknown_name_is_closed_just_the_same(session: Session) -> None:
    for _ in range(5):
        tries(session, email="nobody@example.org")

    with pytest.raises(NotAllowed, match="too many tries"):
        tries(session, email="nobody@example.org")


def test_ten_failures_close_an_address_for_every_name(session: Session) -> None:
    make_user(session)
    for number in range(10):
        tries(session, email=f"guess{number}@example.org")

    with pytest.raises(NotAllowed, match="too many tries"):
        tries(session)
    assert tries(session, address=THERE) is not None


def test_strangers_do_not_lock_the_owner_out_of_a_known_address(session: Session) -> None:
    account = make_user(session)
    accounts.sign_in(session, account.id, network_address=HERE)
    _fail_often(session, 100)

    assert tries(session, address=HERE) == account.id
    with pytest.raises(NotAllowed, match="Forgot your password"):
        tries(session, address=THERE)


def test_a_new_password_by_mail_opens_a_closed_name(session: Session) -> None:
    account = make_user(session)
    _fail_often(session, 100)
    token = links.mint(session, LinkPurpose.PASSWORD_RESET, account.person_id, hours=1)
    session.commit()

    accounts.choose_password(session, token, "another fine long sentence")

    assert tries(session, "another fine long sentence", THERE) == account.id


def test_three_hundred_failures_in_five_minutes_stop_strangers_everywhere(session: Session) -> None:
    make_user(session)
    _fail_often(session, 300, name="somebody", now=True)

    with pytest.raises(NotAllowed, match="too many tries"):
        tries(session, address=THERE)


def test_of_many_tries_at_once_only_five_are_checked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []
    really = passwords.matches

    def noted(typed: str, kept: str | None) -> bool:
        checked.append(kept)
        return really(typed, kept)

    monkeypatch.setattr(passwords, "matches", noted)
    with Session(engine) as session:
        make_user(session)

    def guess() -> None:
        with Session(engine) as session:
            try:
                tries(session, "wrong")
            except Refusal:
                return

    threads = [threading.Thread(target=guess) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(checked) == 5


def test_signing_in_forgets_the_failures_before_it(session: Session) -> None:
    account = make_user(session)
    for _ in range(3):
        tries(session, "wrong")

    address = accounts.sign_in(session, account.id, network_address=HERE)

    assert sessions.redeem(session, address.removeprefix("/auth/session?ticket=")) is not None
    assert session.exec(select(SignInAttempt)).all() == []


def test_neither_name_nor_address_of_a_failure_is_kept_in_clear(session: Session) -> None:
    tries(session, "wrong")

    kept = str([row.model_dump() for row in session.exec(select(SignInAttempt))])

    assert [word for word in ("ama", "example", HERE, "wrong") if word in kept] == []


def test_in_production_a_password_alone_opens_no_coordinators_account(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = make_coordinator(session, make_cohort(session))
    account = make_user(session, person=coordinator)
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "some invented bytes that are good for a test")
    settings.cache_clear()

    opened = tries(session, email=coordinator.email)
    address = accounts.sign_in(session, account.id, network_address=HERE)

    assert (opened, address.rpartition("/")[0]) == (account.id, "/second-factor")
    assert session.exec(select(SignInSession)).all() == []
    # The try is forgiven only when the code was right too.
    assert len(session.exec(select(SignInAttempt)).all()) == 1


def test_an_invitation_makes_an_account_and_queues_one_email(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_enrolment(session, cohort).person_id

    first = accounts.ensure_invited(session, DESK, person, scheme_id=cohort.scheme_id)
    again = accounts.ensure_invited(session, DESK, person, scheme_id=cohort.scheme_id)
    session.commit()

    assert (first, again) == (True, False)
    assert [row.status for row in session.exec(select(Account))] == [AccountStatus.INVITED]
    assert [(row.template, row.link_purpose) for row in session.exec(select(Message))] == [
        ("invitation", LinkPurpose.INVITATION)
    ]


def test_whoever_never_chose_a_password_is_invited_again_another_day(session: Session) -> None:
    person = make_person(session)
    accounts.ensure_invited(session, DESK, person.id, scheme_id=None)
    session.commit()

    with time_machine.travel(utc_now() + timedelta(days=1)):
        assert accounts.ensure_invited(session, DESK, person.id, scheme_id=None)


@pytest.mark.parametrize("status", [AccountStatus.ACTIVE, AccountStatus.LOCKED])
def test_whoever_has_an_account_is_not_invited(session: Session, status: AccountStatus) -> None:
    person = make_person(session)
    make_account(session, person, status=status)

    assert not accounts.ensure_invited(session, DESK, person.id, scheme_id=None)
    assert session.exec(select(Message)).all() == []


def test_an_invited_person_chooses_a_password_and_can_sign_in(session: Session) -> None:
    person = make_person(session, email="ama@example.org")
    accounts.ensure_invited(session, DESK, person.id, scheme_id=None)
    token = links.mint(session, LinkPurpose.INVITATION, person.id, hours=72)
    session.commit()

    account_id = accounts.choose_password(session, token, PASSWORD)

    assert tries(session) == account_id
    with pytest.raises(NotAllowed, match="used already"):
        accounts.choose_password(session, token, PASSWORD)


def test_a_new_password_ends_every_session_and_every_older_link(session: Session) -> None:
    account = make_user(session)
    cookie = sessions.open_for(session, account.id)
    older = links.mint(session, LinkPurpose.PASSWORD_RESET, account.person_id, hours=1)
    token = links.mint(session, LinkPurpose.PASSWORD_RESET, account.person_id, hours=1)
    session.commit()

    accounts.choose_password(session, token, "another fine long sentence")

    assert sessions.resolve(session, cookie) is None
    assert tries(session) is None
    assert [row.used_at is not None for row in session.exec(select(LinkToken))] == [True, True]
    with pytest.raises(NotAllowed):
        accounts.choose_password(session, older, "yet another long sentence")


def test_a_weak_password_leaves_the_link_good(session: Session) -> None:
    scheme = make_scheme(session, name="Nottingham Alumni")
    person = make_enrolment(session, make_cohort(session, scheme), name="Ama Boateng").person_id
    make_account(session, session.get_one(Person, person), status=AccountStatus.INVITED)
    token = links.mint(session, LinkPurpose.INVITATION, person, hours=72)
    session.commit()

    for weak in ("short", "boateng is my family name", "nottingham is in england"):
        with pytest.raises(Invalid):
            accounts.choose_password(session, token, weak)

    assert links.find(session, token, LinkPurpose.INVITATION).used_at is None
    assert session.exec(select(SignInSession)).all() == []


def test_a_locked_account_is_not_opened_by_a_link(session: Session) -> None:
    account = make_user(session)
    account.status = AccountStatus.LOCKED
    token = links.mint(session, LinkPurpose.PASSWORD_RESET, account.person_id, hours=1)
    session.commit()

    with pytest.raises(NotAllowed, match="closed"):
        accounts.choose_password(session, token, "another fine long sentence")
    assert session.exec(select(Account.status)).one() is AccountStatus.LOCKED


def test_asking_for_a_reset_queues_one_email_and_changes_no_password(session: Session) -> None:
    account = make_user(session)

    accounts.request_reset(session, " AMA@example.org")

    assert [(row.template, row.link_hours) for row in session.exec(select(Message))] == [("password_reset", 0.5)]
    assert tries(session) == account.id


def test_asking_again_and_again_writes_three_times_in_six_hours(session: Session) -> None:
    make_user(session)

    for _ in range(6):
        accounts.request_reset(session, "ama@example.org")
    with time_machine.travel(utc_now() + timedelta(hours=7)):
        for _ in range(6):
            accounts.request_reset(session, "ama@example.org")

    assert len(session.exec(select(Message)).all()) == 5


@pytest.mark.parametrize("email", ["nobody@example.org", "", "\ud800", "x" * 100_000])
def test_asking_for_an_unknown_address_does_nothing(session: Session, email: str) -> None:
    make_user(session)

    accounts.request_reset(session, email)

    assert session.exec(select(Message)).all() == []


def test_whoever_was_only_invited_gets_the_invitation_again(session: Session) -> None:
    person = make_person(session, email="ama@example.org")
    make_account(session, person, status=AccountStatus.INVITED)
    session.commit()

    accounts.request_reset(session, "ama@example.org")

    assert [row.template for row in session.exec(select(Message).order_by(col(Message.created_at)))] == ["invitation"]


def _fail_often(session: Session, times: int, *, name: str | None = None, now: bool = False) -> None:
    """Failures of strangers, each from another address, spread over the past unless they are to be of now."""
    from services.sign_in_limits import _hash

    at = utc_now() if now else utc_now() - timedelta(hours=2)
    for number in range(times):
        row = SignInAttempt(name_hash=_hash(name or "ama@example.org"), address_hash=_hash(str(number)), created_at=at)
        session.add(row)
    session.commit()
