"""Correcting a sign-in address: who may ask, who is told, and that only the new mailbox makes it count."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.messages import Message
from models.people import Account, AccountStatus, LinkPurpose, Person, Role, RoleGrant
from models.schemes import Cohort
from services import (
    accounts,
    address_routes,
    links,
    mail,
    passwords,
    sealed_addresses,
    sessions,
    sign_in_address,
    welcome_routes,
)
from services.access import DESK, Acting, Actor, Place
from services.errors import Conflict, Invalid, NotAllowed
from services.gateway import Gateway
from services.reauthentication import Confirmed
from services.secrets_at_rest import KEY_FILE
from services.settings import settings
from tests.factories import make_account, make_actor, make_cohort, make_coordinator, make_enrolment, make_person
from tests.mail_server import MailServer
from tests.services.mail_steps import later

OLD, NEW, PASSWORD = "ama@exmaple.org", "ama@example.org", "correct horse battery staple"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def browser(engine: Engine) -> Iterator[TestClient]:
    routes = [*address_routes.routes(), *welcome_routes.routes()]
    server = Starlette(routes=routes, middleware=[Middleware(Gateway)])
    with TestClient(server, base_url="http://127.0.0.1:8501", follow_redirects=False, headers=OURS) as client:
        yield client


def sure(actor: Actor) -> Confirmed:
    assert actor.person_id is not None
    return Confirmed(actor.person_id, utc_now())


def a_coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def ama(session: Session, cohort: Cohort, *, password: str | None = None) -> Enrolment:
    """A mentee whose address has a slip of the pen; invited only, unless she has chosen a password."""
    person = make_person(session, "Ama Boateng", email=OLD)
    state = AccountStatus.ACTIVE if password else AccountStatus.INVITED
    make_account(session, person, status=state, password_hash=passwords.hashed(password) if password else None)
    enrolment = make_enrolment(session, cohort, Side.MENTEE, person=person)
    session.commit()
    return enrolment


def person_of(session: Session, enrolment: Enrolment) -> Person:
    session.expire_all()
    return session.get_one(Person, enrolment.person_id)


def delivered(engine: Engine, server: MailServer) -> dict[str, str]:
    """What reached which mailbox."""
    mail.deliver_due(engine, later())
    return {each.recipients[0]: each.part("plain") for each in server.received}


def path_in(text: str) -> str:
    found = re.search(r"https?://[^/\s]+(/address/\S+)", text)
    assert found is not None
    return found[1]


def test_only_the_new_mailbox_makes_an_address_count_and_the_old_one_is_told(
    session: Session, engine: Engine, server: MailServer, browser: TestClient
) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort, password=PASSWORD)
    account = session.exec(select(Account).where(Account.person_id == enrolment.person_id)).one()
    token = sessions.open_for(session, account.id)

    sign_in_address.ask_for(session, coordinator, enrolment.id, NEW, confirmed=sure(coordinator))
    received = delivered(engine, server)
    path = path_in(received[NEW])
    looked = browser.get(path)
    before = person_of(session, enrolment).email
    session.rollback()
    wrong = browser.post(path, data={"password": "a coordinator's guess"})
    right = browser.post(path, data={"password": PASSWORD})
    again = browser.post(path, data={"password": PASSWORD})

    after = person_of(session, enrolment)
    assert set(received) == {NEW, OLD}
    assert "Another address was entered for your account" in received[OLD]
    assert NEW not in received[OLD]
    assert (looked.status_code, before, wrong.status_code) == (200, OLD, 422)
    assert "This is not the password of this account" in wrong.text
    assert (right.status_code, again.status_code) == (200, 403)
    assert (after.email, after.email_key) == (NEW, NEW)
    assert sessions.resolve(session, token) is None


def test_neither_the_journal_nor_a_letter_that_has_left_holds_the_address(
    session: Session, engine: Engine, server: MailServer
) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort)

    sign_in_address.ask_for(session, coordinator, enrolment.id, NEW, confirmed=sure(coordinator))
    waiting = [row.model_dump_json() for row in session.exec(select(Message))]
    marked = ["[[to:" in (row.body_text or "") for row in session.exec(select(Message))]
    session.commit()
    delivered(engine, server)

    session.expire_all()
    entries = [entry.model_dump_json() for entry in session.exec(select(AuditEntry))]
    left = ["[[to:" in (row.body_text or "") for row in session.exec(select(Message))]
    assert (marked, left) == ([True, True], [False, False])
    assert [text for text in (*entries, *waiting) if "exmaple" in text or "ama@" in text] == []


def test_whoever_never_chose_a_password_does_so_after_confirming_and_old_links_are_dead(
    session: Session, engine: Engine, server: MailServer, browser: TestClient
) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort)
    sent_before = links.mint(session, LinkPurpose.INVITATION, enrolment.person_id, hours=72)
    session.commit()

    sign_in_address.ask_for(session, coordinator, enrolment.id, NEW, confirmed=sure(coordinator))
    received = delivered(engine, server)
    confirmed = browser.post(path_in(received[NEW]))
    opened = browser.get(confirmed.headers["location"])

    assert "If none of this is about you, there is nothing to do" in received[OLD]
    assert (confirmed.status_code, opened.status_code) == (303, 200)
    assert "Choose your password" in opened.text
    assert browser.get(f"/welcome/{sent_before}").status_code == 403


def test_a_newer_request_or_a_change_of_mind_ends_the_link_before(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort)

    first = asked(session, coordinator, enrolment, "ama.b@example.org")
    second = asked(session, coordinator, enrolment, NEW)
    with pytest.raises(NotAllowed):
        sign_in_address.confirm(session, first, "", network_address=None)
    sign_in_address.drop(session, coordinator, enrolment.id)

    with pytest.raises(NotAllowed):
        sign_in_address.confirm(session, second, "", network_address=None)
    assert person_of(session, enrolment).email == OLD


def asked(session: Session, coordinator: Actor, enrolment: Enrolment, email: str) -> str:
    """Asks, and gives the token that the letter would hold."""
    sign_in_address.ask_for(session, coordinator, enrolment.id, email, confirmed=sure(coordinator))
    newest = (
        select(AuditEntry).where(AuditEntry.action == sign_in_address.ASKED).order_by(col(AuditEntry.sequence).desc())
    )
    request = session.exec(newest).first()
    assert request is not None
    token = sealed_addresses.link(UUID(request.details["request"]), enrolment.person_id, email).rpartition("/")[2]
    session.commit()
    return token


@pytest.mark.parametrize("broken", ["", "x", "\ud800", "A" * 3000])
def test_a_forged_link_opens_nothing(session: Session, broken: str) -> None:
    with pytest.raises(NotAllowed):
        sign_in_address.seen(session, broken)


def test_a_link_runs_out_after_three_days(session: Session) -> None:
    cohort = make_cohort(session)
    token = asked(session, a_coordinator(session, cohort), ama(session, cohort), NEW)

    with time_machine.travel(utc_now() + timedelta(hours=73)), pytest.raises(NotAllowed) as refused:
        sign_in_address.seen(session, token)
    assert refused.value.happened == "This link has run out."


def test_an_address_that_somebody_else_has_by_then_does_not_count(session: Session) -> None:
    cohort = make_cohort(session)
    enrolment = ama(session, cohort)
    token = asked(session, a_coordinator(session, cohort), enrolment, NEW)
    make_person(session, "Ama Elsewhere", email=NEW)
    session.commit()

    with pytest.raises(Conflict):
        sign_in_address.confirm(session, token, "", network_address=None)
    assert person_of(session, enrolment).email == OLD


def test_nobody_but_a_coordinator_of_their_only_scheme_asks_for_somebody(session: Session) -> None:
    cohort, other = make_cohort(session), make_cohort(session)
    coordinator, stranger = a_coordinator(session, cohort), a_coordinator(session, other)
    enrolment = ama(session, cohort)

    def refused(actor: Actor) -> bool:
        try:
            sign_in_address.ask_for(session, actor, enrolment.id, NEW, confirmed=sure(actor))
        except NotAllowed:
            return True
        return False

    beside = make_enrolment(session, other, Side.MENTOR, person=session.get_one(Person, enrolment.person_id))
    session.commit()
    in_two_schemes = refused(coordinator)
    hindrance = sign_in_address.standing(session, coordinator, enrolment.id).hindrance
    session.delete(beside)
    session.add(RoleGrant(person_id=enrolment.person_id, scheme_id=other.scheme_id, role=Role.MANAGER))
    session.commit()

    assert (refused(stranger), in_two_schemes, refused(coordinator)) == (True, True, True)
    assert hindrance == (
        "This address is not for one scheme's coordinators to correct. "
        "Ask its owner to do it under “Your account”, or an administrator of this desk."
    )
    assert session.exec(select(Message)).all() == []


def test_what_is_asked_needs_a_fresh_password_another_address_and_patience(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort)
    make_enrolment(session, cohort, person=make_person(session, "Bo Neighbour", email="bo@example.org"))
    session.commit()

    def ask(email: str, confirmed: Confirmed | None) -> None:
        sign_in_address.ask_for(session, coordinator, enrolment.id, email, confirmed=confirmed)

    with pytest.raises(NotAllowed):
        ask(NEW, None)
    with pytest.raises(NotAllowed), time_machine.travel(utc_now() + timedelta(minutes=6)):
        ask(NEW, Confirmed(coordinator.person_id or UUID(int=0), utc_now() - timedelta(minutes=6)))
    with pytest.raises(Invalid):
        ask(OLD, sure(coordinator))
    with pytest.raises(Conflict, match="Bo Neighbour has this address in your scheme"):
        ask("bo@example.org", sure(coordinator))
    for number in range(3):
        ask(f"ama{number}@example.org", sure(coordinator))
    with pytest.raises(Conflict, match="three times today"):
        ask(NEW, sure(coordinator))


def test_people_change_their_own_address_on_your_account(
    session: Session, engine: Engine, server: MailServer, browser: TestClient
) -> None:
    enrolment = ama(session, make_cohort(session), password=PASSWORD)
    account = session.exec(select(Account).where(Account.person_id == enrolment.person_id)).one()
    browser.cookies["mentoring"] = sessions.open_for(session, account.id)

    page = browser.get("/account")
    wrong = browser.post("/account", data={"email": NEW, "password": "not hers"})
    right = browser.post("/account", data={"email": NEW, "password": PASSWORD})
    received = delivered(engine, server)
    done = browser.post(path_in(received[NEW]), data={"password": PASSWORD})

    assert f"You sign in with {OLD}" in page.text
    assert (wrong.status_code, right.status_code, done.status_code) == (422, 200, 200)
    assert "This is your address now" in done.text
    assert person_of(session, enrolment).email == NEW
    assert browser.get("/account").status_code == 403


def test_an_administrator_helps_anybody_but_themselves(session: Session) -> None:
    owner = make_person(session, "Ada Owner")
    session.add(RoleGrant(person_id=owner.id, role=Role.ADMINISTRATOR))
    own, hers = make_account(session, owner), make_account(session, make_person(session, "Ama", email=OLD))
    session.commit()
    place = Place(Acting.ADMINISTRATOR)
    actor = Actor(owner.id, owner.full_name, place, (place,))

    with pytest.raises(NotAllowed):
        sign_in_address.ask_for_account(session, actor, own.id, NEW, confirmed=sure(actor))
    planned = sign_in_address.plan_for_account(session, actor, hers.id, NEW)
    sign_in_address.ask_for_account(session, actor, hers.id, NEW, confirmed=sure(actor))

    subjects = {row.subject for row in session.exec(select(Message))}
    assert {planned.to_new.subject, planned.to_old.subject} == subjects


def test_whoever_lost_mailbox_and_password_alike_is_helped_at_the_server_alone(
    session: Session, engine: Engine, server: MailServer, browser: TestClient
) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort, password=PASSWORD)

    with pytest.raises(NotAllowed):
        sign_in_address.ask_for_the_lost(session, coordinator, OLD, NEW)
    with pytest.raises(Invalid):
        sign_in_address.ask_for_the_lost(session, DESK, "nobody@example.org", NEW)
    name = sign_in_address.ask_for_the_lost(session, DESK, OLD, NEW)
    received = delivered(engine, server)
    path = path_in(received[NEW])
    looked = browser.get(path)
    before = person_of(session, enrolment).email
    session.rollback()
    chosen = browser.post(path).headers["location"]
    kept = browser.post(chosen, data={"password": "three brown owls", "again": "three brown owls"})

    assert name == "Ama Boateng"
    assert ("with your password" in received[OLD], "your password" in received[OLD]) == (False, False)
    assert ('name="password"' in looked.text, before) == (False, OLD)
    assert kept.status_code == 303
    assert person_of(session, enrolment).email == NEW
    session.rollback()
    opens = {}
    for word in (PASSWORD, "three brown owls"):
        opens[word] = accounts.check_password(session, email=NEW, password=word, network_address=None) is not None
        session.rollback()
    assert opens == {PASSWORD: False, "three brown owls": True}


def test_whoever_cannot_sign_in_reads_whom_to_write_to_whatever_they_typed(browser: TestClient) -> None:
    asked = browser.get("/forgot").text
    answers = {browser.post("/forgot", data={"email": email}).text for email in (OLD, "nobody@example.org", "")}

    assert len(answers) == 1
    for page in (asked, *answers):
        assert "You can no longer read that mailbox? Write to your scheme" in page
        assert 'href="/rights"' in page


def test_a_letter_whose_address_cannot_be_unsealed_goes_nowhere(
    session: Session, engine: Engine, server: MailServer
) -> None:
    cohort = make_cohort(session)
    coordinator, enrolment = a_coordinator(session, cohort), ama(session, cohort)
    sign_in_address.ask_for(session, coordinator, enrolment.id, NEW, confirmed=sure(coordinator))

    (settings().home / KEY_FILE).unlink()

    assert delivered(engine, server) == {}
