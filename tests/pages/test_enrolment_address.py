"""Correcting somebody's address on Enrolments, and on People & schemes for administrators."""

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.messages import Message
from models.people import Person, Role, RoleGrant
from services import passwords
from tests.factories import make_account, make_cohort, make_coordinator, make_enrolment, make_person, make_scheme
from tests.pages.opening import open_page

PASSWORD = "seven quiet herons wade"


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


def said(page: AppTest) -> str:
    """All of it, as a reader sees it."""
    drawn = (element.value for element in [*page.markdown, *page.text, *page.info, *page.success])
    return "\n".join(drawn).replace("\\", "")


def letters(session: Session) -> set[str]:
    session.rollback()
    return set(session.exec(select(Message.template).where(col(Message.template).startswith("address_"))))


def test_a_coordinator_reads_both_emails_gives_the_password_and_takes_it_back(
    page_session: Session, password_hash: str
) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, name="Alumni"))
    coordinator = make_coordinator(page_session, cohort)
    make_account(page_session, coordinator, password_hash=password_hash)
    ama = make_enrolment(page_session, cohort, person=make_person(page_session, "Ama Boateng", email="ama@exmaple.org"))
    key = f"sure-address-{ama.id}"

    page = open_page("enrolments", coordinator)
    page.radio(key="who").set_value(str(ama.id)).run()
    page.button(key="readdress").click().run()
    page.text_input(key=f"address-of-{ama.id}").set_value("ama@example.org")
    page.button(key=f"look-address-{ama.id}").click().run()
    read, before = said(page), letters(page_session)
    page.text_input(key=f"password-{key}").set_value(PASSWORD)
    page.button(key=f"press-{key}").click().run()
    sent = letters(page_session)
    page.button(key="readdress").click().run()
    waiting = said(page)
    page.button(key=f"drop-address-{ama.id}").click().run()

    assert not page.exception
    assert before == set()
    assert "An email to ama@example.org: **Confirm this address for Alumni**" in read
    assert "An email to ama@exmaple.org, the address until now: **Another address for your place in Alumni**" in read
    assert "a row with the old one would come in as somebody new" in read
    assert sent == {"address_confirm", "address_changing"}
    assert "and waits to be confirmed" in waiting
    assert "stays as it is, and the link that was sent opens nothing any more" in said(page)


def test_whoever_has_a_role_is_left_to_themselves_or_an_administrator(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    coordinator = make_coordinator(page_session, cohort)
    ama = make_enrolment(page_session, cohort)
    page_session.add(RoleGrant(person_id=ama.person_id, scheme_id=cohort.scheme_id, role=Role.MANAGER))

    page = open_page("enrolments", coordinator)
    page.radio(key="who").set_value(str(ama.id)).run()
    page.button(key="readdress").click().run()

    assert "Ask its owner to do it under “Your account”, or an administrator of this desk" in said(page)
    assert [each.key for each in page.text_input if each.key and each.key.startswith("address-of")] == []


def test_an_administrator_corrects_the_address_of_an_account(page_session: Session, password_hash: str) -> None:
    owner: Person = make_person(page_session, "Ada Owner")
    page_session.add(RoleGrant(person_id=owner.id, role=Role.ADMINISTRATOR))
    make_account(page_session, owner, password_hash=password_hash)
    stuck = make_account(page_session, make_person(page_session, "Ama Boateng", email="ama@exmaple.org"))
    key = f"address-{stuck.id}"

    page = open_page("scheme_settings", owner, desk="accounts")
    page.text_input(key="account-email").set_value("ama@exmaple.org").run()
    page.segmented_control(key=f"account-act-{stuck.id}-active").set_value("Correct the address").run()
    page.text_input(key=f"address-of-{stuck.id}").set_value("ama@example.org").run()
    page.text_input(key=f"password-{key}").set_value(PASSWORD)
    page.button(key=f"press-{key}").click().run()

    assert not page.exception
    assert letters(page_session) == {"address_confirm", "address_changing"}
