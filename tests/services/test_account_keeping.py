"""Administrators look after accounts: found by the whole address, closed and opened, never one's own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.messages import Message
from models.people import Account, AccountStatus, LinkPurpose, Person, Role, RoleGrant
from services import account_keeping, links, sessions
from services.access import Acting, Actor, Place
from services.account_keeping import Kept
from services.errors import Conflict, NotAllowed
from services.reauthentication import Confirmed
from tests.factories import make_account, make_actor, make_cohort, make_coordinator, make_person


@pytest.fixture
def administrator(session: Session) -> Actor:
    person = make_person(session, "Ada Owner")
    session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))
    make_account(session, person)
    return Actor(person.id, person.full_name, Place(Acting.ADMINISTRATOR))


@pytest.fixture
def account(session: Session) -> Account:
    return make_account(session, make_person(session, "Hugh Stuck", email="hugh@example.org"), password_hash="kept")


def sure(actor: Actor) -> Confirmed:
    assert actor.person_id is not None
    return Confirmed(actor.person_id, utc_now())


def acts(session: Session) -> list[str]:
    in_order = select(AuditEntry.action).order_by(col(AuditEntry.sequence))
    return [action for action in session.exec(in_order) if action.startswith("account.")]


def test_an_account_is_found_by_its_whole_address_only(
    session: Session, administrator: Actor, account: Account
) -> None:
    found = account_keeping.find(session, administrator, "HUGH@example.org")

    assert found == Kept(account.id, "Hugh Stuck", "hugh@example.org", AccountStatus.ACTIVE, None, is_self=False)
    assert account_keeping.find(session, administrator, "ugh@example.org") is None


def test_a_closed_account_is_signed_out_and_its_links_open_nothing(
    session: Session, administrator: Actor, account: Account
) -> None:
    token = sessions.open_for(session, account.id)
    link = links.mint(session, LinkPurpose.PASSWORD_RESET, account.person_id, hours=1)

    account_keeping.lock(session, administrator, account.id, confirmed=sure(administrator))

    assert sessions.resolve(session, token) is None
    with pytest.raises(NotAllowed):
        links.find(session, link, LinkPurpose.PASSWORD_RESET)
    with pytest.raises(Conflict):
        account_keeping.lock(session, administrator, account.id, confirmed=sure(administrator))
    assert acts(session) == ["account.signed_in", "account.locked"]


@pytest.mark.parametrize(
    ("password_hash", "state"),
    [("kept", AccountStatus.ACTIVE), (None, AccountStatus.INVITED)],
    ids=["came", "never came"],
)
def test_an_account_opens_again_as_it_was(
    session: Session, administrator: Actor, account: Account, password_hash: str | None, state: AccountStatus
) -> None:
    account.status, account.password_hash = AccountStatus.LOCKED, password_hash
    session.commit()

    account_keeping.unlock(session, administrator, account.id, confirmed=sure(administrator))

    session.refresh(account)
    assert account.status is state
    with pytest.raises(Conflict):
        account_keeping.unlock(session, administrator, account.id, confirmed=sure(administrator))


@pytest.mark.parametrize(
    ("status", "template"),
    [(AccountStatus.ACTIVE, "password_reset"), (AccountStatus.INVITED, "invitation")],
    ids=["reset", "invitation"],
)
def test_a_link_is_sent_once_a_day_as_it_was_shown(
    session: Session, administrator: Actor, account: Account, status: AccountStatus, template: str
) -> None:
    account.status = status
    session.commit()
    kept = account_keeping.find(session, administrator, "hugh@example.org")
    assert kept is not None
    shown = account_keeping.link_mail(session, administrator, kept)

    sent = [account_keeping.send_link(session, administrator, account.id, confirmed=sure(administrator)) for _ in "ab"]

    message = session.exec(select(Message)).one()
    assert sent == [True, False]
    assert (message.template, message.subject, message.person_id) == (template, shown.subject, account.person_id)
    assert acts(session) == ["account.link_sent"]


def test_no_link_leads_into_a_closed_account(session: Session, administrator: Actor, account: Account) -> None:
    account.status = AccountStatus.LOCKED
    session.commit()

    with pytest.raises(Conflict):
        account_keeping.send_link(session, administrator, account.id, confirmed=sure(administrator))

    assert session.exec(select(Message)).all() == []


@pytest.mark.parametrize("act", [account_keeping.lock, account_keeping.unlock, account_keeping.send_link])
def test_nobody_changes_their_own_account_nor_without_a_password(
    session: Session, administrator: Actor, account: Account, act: Callable[..., Any]
) -> None:
    own = session.exec(select(Account).where(Account.person_id == administrator.person_id)).one()
    assert administrator.person_id is not None
    stale = Confirmed(administrator.person_id, utc_now() - timedelta(minutes=6))
    session.commit()

    for account_id, confirmed in ((own.id, sure(administrator)), (account.id, None), (account.id, stale)):
        with pytest.raises(NotAllowed):
            act(session, administrator, account_id, confirmed=confirmed)

    assert acts(session) == []


def test_nobody_but_an_administrator_looks_after_accounts(session: Session, account: Account) -> None:
    cohort = make_cohort(session)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    assert session.get(Person, account.person_id) is not None
    session.commit()

    for act in (account_keeping.lock, account_keeping.unlock, account_keeping.send_link):
        with pytest.raises(NotAllowed):
            act(session, coordinator, account.id, confirmed=sure(coordinator))
    with pytest.raises(NotAllowed):
        account_keeping.find(session, coordinator, "hugh@example.org")

    session.refresh(account)
    assert account.status is AccountStatus.ACTIVE
