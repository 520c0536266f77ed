"""People & schemes: who has a role, giving and taking one, cohorts, and the scheme's own facts, on screen."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest
from time_machine import travel

from models.enrolments import Side
from models.people import AccountStatus, Person, Role, RoleGrant
from models.schemes import Cohort, Scheme
from pages.scheme_cohorts import next_dates
from pages.unsaved import OUTDATED
from services import passwords
from services.access import Acting, Place
from services.cohorts import Run
from services.schemes import starting
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
from tests.pages.opening import open_page
from tests.services.counting import reads, sent

PASSWORD = "seven quiet herons wade"
NEW = "hugh@example.org"


@pytest.fixture(autouse=True)
def _in_december() -> Iterator[None]:
    with travel(datetime(2026, 12, 5, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session, make_scheme(page_session, name="Alumni"), name="2026/27")


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort, password_hash: str) -> Person:
    """One of the two who run the scheme."""
    make_account(page_session, make_coordinator(page_session, cohort, "Sven Second"))
    person = make_coordinator(page_session, cohort)
    make_account(page_session, person, password_hash=password_hash)
    return person


@pytest.fixture
def administrator(page_session: Session, password_hash: str) -> Person:
    person = make_person(page_session, "Ada Owner")
    page_session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))
    make_account(page_session, person, password_hash=password_hash)
    return person


def said(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.text, *page.caption, *page.subheader])


def fill_in(page: AppTest, email: str, name: str) -> AppTest:
    page.text_input(key="role-email-0").set_value(email)
    page.text_input(key="role-name-0").set_value(name)
    return page.button(key="look-0").click().run()


def press_with_password(page: AppTest, key: str, password: str) -> AppTest:
    page.text_input(key=f"password-{key}").set_value(password)
    return page.button(key=f"press-{key}").click().run()


def grants(session: Session) -> set[tuple[str, Role]]:
    session.rollback()
    found = select(Person.full_name, RoleGrant.role).join(Person, col(Person.id) == col(RoleGrant.person_id))
    return {(name, Role(role)) for name, role in session.exec(found)}


def test_a_role_is_given_after_the_emails_were_shown_and_the_password_given(
    page_session: Session, coordinator: Person
) -> None:
    page = open_page("scheme_settings", coordinator, part="people")

    looked = fill_in(page, NEW, "Hugh *New*")
    shown, before = said(looked), grants(page_session)
    refused = press_with_password(page, "give-sure-0", "not this one at all")
    errors, still = [error.value for error in refused.error], grants(page_session)
    page = press_with_password(page, "give-sure-0", PASSWORD)

    assert "You are coordinator of Alumni now. To begin, choose a password" in shown
    assert "You have a further role here: coordinator of Alumni" in shown
    assert "Sven Second also gets an email" in shown
    assert errors == [r"This is not your password\. Try once more\."]
    assert before == still
    assert grants(page_session) - before == {("Hugh *New*", Role.COORDINATOR)}
    assert [notice.value for notice in page.success] == [
        r"Hugh \*New\* is coordinator now. The email waits: this desk has no mail server yet."
    ]
    assert r"**Hugh \*New\***" in said(page)


def test_a_role_is_taken_back_after_it_was_said_what_happens(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    manager = make_manager(page_session, cohort, "Hugh Manager")
    make_account(page_session, manager)
    grant = page_session.exec(select(RoleGrant).where(RoleGrant.person_id == manager.id)).one().id
    page = open_page("scheme_settings", coordinator, part="people")

    page.button(key=f"take-{grant}").click().run()
    shown, before = said(page), grants(page_session)
    page = press_with_password(page, f"sure-{grant}", PASSWORD)

    assert "They are signed out everywhere at once." in shown
    assert "You are no longer scheme manager of Alumni." in shown
    assert "Sven Second also gets an email, which says that Hugh Manager is no longer scheme manager." in shown
    assert before - grants(page_session) == {("Hugh Manager", Role.MANAGER)}
    assert [notice.value for notice in page.success] == ["Hugh Manager is no longer scheme manager."]


def test_nobody_finds_a_button_beside_their_own_name(page_session: Session, coordinator: Person) -> None:
    page = open_page("scheme_settings", coordinator, part="people")

    assert len([button for button in page.button if button.label == "Take back…"]) == 1
    assert "**Rosalind Achterberg** (you)" in said(page)


def test_whoever_runs_a_scheme_alone_is_told_who_can_help_and_led_there_if_it_is_them(
    page_session: Session, cohort: Cohort
) -> None:
    alone = make_coordinator(page_session, cohort, "Only One")
    page_session.add(RoleGrant(person_id=alone.id, role=Role.ADMINISTRATOR))
    page = open_page("scheme_settings", alone, part="people")

    refused, fields = [notice.value for notice in page.info], [box.key for box in page.text_input]
    page.button(key="as-administrator").click().run()

    assert refused == [
        r"You run this scheme alone, and giving or taking a role needs a second coordinator\. "
        r"Ask an administrator of this desk to add one\."
    ]
    assert fields == []
    assert page.query_params["place"] == Place(Acting.ADMINISTRATOR).key
    assert "An administrator looks after roles" in said(page)


@pytest.mark.parametrize("many", [1, 3])
def test_the_list_of_roles_costs_the_same_at_any_length(
    page_session: Session, cohort: Cohort, coordinator: Person, many: int
) -> None:
    for number in range(many):
        make_manager(page_session, cohort, f"Manager {number}")
    page = open_page("scheme_settings", coordinator, part="people")

    with sent(page_session) as statements:
        page.run()

    assert len(reads(statements)) == 5


def test_an_administrator_gives_a_scheme_its_second_coordinator(
    page_session: Session, cohort: Cohort, administrator: Person
) -> None:
    page = open_page("scheme_settings", administrator, desk="people", scheme=str(cohort.scheme_id))

    fill_in(page, NEW, "Hugh New")
    press_with_password(page, "give-sure-0", PASSWORD)

    assert not page.exception
    assert grants(page_session) == {("Ada Owner", Role.ADMINISTRATOR), ("Hugh New", Role.COORDINATOR)}


def test_an_administrator_finds_no_part_with_what_people_wrote(
    page_session: Session, cohort: Cohort, administrator: Person
) -> None:
    make_enrolment(page_session, cohort, Side.MENTOR, name="Ama Secret")

    pages = [
        open_page("scheme_settings", administrator, desk=part)
        for part in ("people", "cohorts", "scheme", "new", "accounts")
    ]

    assert next(page.segmented_control(key="desk").options for page in pages) == [
        ":violet[People with a role]",
        ":violet[Cohorts]",
        ":violet[The scheme]",
        ":violet[Start a scheme]",
        ":violet[Accounts]",
    ]
    assert [list(page.exception) for page in pages] == [[]] * 5
    assert ["Ama Secret" in said(page) or "1 person" in said(page) for page in pages] == [False] * 5


def test_an_administrator_closes_an_account_and_opens_it_again(page_session: Session, administrator: Person) -> None:
    stuck = make_account(page_session, make_person(page_session, "Hugh Stuck", email=NEW), password_hash="x")
    page = open_page("scheme_settings", administrator, desk="accounts")

    page.text_input(key="account-email").set_value("Hugh@Example.org").run()
    page.segmented_control(key=f"account-act-{stuck.id}-active").set_value("Close the account").run()
    press_with_password(page, f"lock-{stuck.id}", PASSWORD)
    page_session.refresh(stuck)
    closed = stuck.status
    page.segmented_control(key=f"account-act-{stuck.id}-locked").set_value("Open it again").run()
    page.button(key=f"press-unlock-{stuck.id}").click().run()

    assert not page.exception
    page_session.refresh(stuck)
    assert (closed, stuck.status) == (AccountStatus.LOCKED, AccountStatus.ACTIVE)
    assert [notice.value for notice in page.success] == ["The account of Hugh Stuck is open again."]


def test_an_administrator_starts_a_scheme_with_its_cohort(page_session: Session, administrator: Person) -> None:
    page = open_page("scheme_settings", administrator, desk="new")

    page.radio(key="new-template").set_value("blank")
    page.text_input(key="new-scheme-name").set_value("Peers of the Library")
    page.text_input(key="new-scheme-office").set_value("peers@example.org")
    page.button(key="start-scheme").click().run()

    assert not page.exception
    page_session.rollback()
    scheme = page_session.exec(select(Scheme)).one()
    assert (scheme.name, scheme.reply_address) == ("Peers of the Library", "peers@example.org")
    assert ("Ada Owner", Role.COORDINATOR) in grants(page_session)
    assert len(page_session.exec(select(Cohort)).all()) == 1


def test_the_next_cohort_is_started_and_stands_in_the_switch(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = open_page("scheme_settings", coordinator, part="cohorts")
    offered = (page.date_input(key="cohort-first-1").value, page.date_input(key="cohort-last-1").value)
    carried = said(page)

    page.text_input(key="cohort-name-1").set_value("2027/28")
    page.button(key="start-cohort").click().run()

    assert not page.exception
    page_session.rollback()
    added = page_session.exec(select(Cohort).where(Cohort.name == "2027/28")).one()
    assert offered == (added.starts_on, added.ends_on) == (date(2027, 9, 1), date(2028, 8, 31))
    assert "a cohort starts empty" in carried
    assert page.query_params["place"] == Place(Acting.COORDINATOR, cohort_id=added.id).key
    assert page.selectbox(key="_place").options == ["2027/28 · Alumni", "2026/27 · Alumni"]
    assert "**2027/28** · 1 September 2027 to 31 August 2028 · not begun · nobody in it yet" in said(page).replace(
        "\\", ""
    )


def test_a_cohort_is_not_started_twice_and_what_a_colleague_changed_is_not_said_to_be_saved(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    colleague = make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)
    starting_one = open_page("scheme_settings", coordinator, part="cohorts")
    naming = open_page("scheme_settings", coordinator, part="scheme")
    naming.text_input(key=f"office-{cohort.scheme_id}-1").set_value("mine@example.org")
    first, last = date(2027, 9, 1), date(2028, 8, 31)
    starting.add_cohort(page_session, colleague, cohort.scheme_id, cohort_name="27", starts_on=first, ends_on=last)
    scheme = page_session.get_one(Scheme, cohort.scheme_id)
    scheme.reply_address = "theirs@example.org"
    page_session.commit()

    starting_one.button(key="start-cohort").click().run()
    naming.button(key="save-facts").click().run()

    assert [[error.value for error in page.error] for page in (starting_one, naming)] == [[OUTDATED], [OUTDATED]]
    assert (len(starting_one.success), len(naming.success)) == (0, 0)
    assert [code.value for code in naming.code] == [f"{scheme.name}\n\nmine@example.org"]
    page_session.rollback()
    assert len(page_session.exec(select(Cohort)).all()) == 2
    assert page_session.get_one(Scheme, cohort.scheme_id).reply_address == "theirs@example.org"


def test_a_cohorts_days_are_put_right(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    page = open_page("scheme_settings", coordinator, part="cohorts")
    page.session_state["change-cohort"] = True
    page.run()

    page.date_input(key=f"last-{cohort.id}-1").set_value(date(2027, 6, 30))
    page.button(key=f"save-{cohort.id}-1").click().run()

    page_session.rollback()
    assert page_session.get_one(Cohort, cohort.id).ends_on == date(2027, 6, 30)
    assert [notice.value for notice in page.success] == ["Saved. Everybody in the cohort sees the new name and days."]


@pytest.mark.parametrize(
    ("ends_on", "first", "last"),
    [
        (date(2027, 8, 31), date(2027, 9, 1), date(2028, 8, 31)),
        (date(2028, 2, 28), date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 8, 30), date(2027, 8, 31), date(2028, 8, 30)),
        (date(2020, 1, 31), date(2027, 1, 1), date(2027, 12, 31)),
    ],
    ids=["follows", "leap day", "the 31st", "long over"],
)
def test_the_next_cohort_is_offered_right_after_the_last(ends_on: date, first: date, last: date) -> None:
    run = Run(uuid4(), 1, "x", date(2019, 1, 1), ends_on, None, is_demonstration=False)

    assert next_dates([run], date(2026, 12, 5)) == (first, last)


def test_the_schemes_facts_are_kept_and_a_wrong_address_is_refused(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    key = f"{cohort.scheme_id}-1"
    page = open_page("scheme_settings", coordinator, part="scheme")
    page.text_input(key=f"office-{key}").set_value("nowhere")
    page.button(key="save-facts").click().run()
    refused = [error.value for error in page.error]

    page.text_input(key=f"office-{key}").set_value("office@example.org")
    page.text_input(key=f"complaints-{key}").set_value("complaints@example.org")
    page.button(key="save-facts").click().run()

    page_session.rollback()
    scheme = page_session.get_one(Scheme, cohort.scheme_id)
    assert refused == [
        r"The office's address is not a complete email address\. Enter one address such as name\@example\.org\."
    ]
    assert (scheme.reply_address, scheme.other_settings["complaints_address"]) == (
        "office@example.org",
        "complaints@example.org",
    )


def test_a_manager_opens_none_of_it(page_session: Session, cohort: Cohort) -> None:
    page = open_page("scheme_settings", make_manager(page_session, cohort), part="people")

    assert list(page.text_input) == []
    assert [notice.value.split(". ")[0] for notice in page.info] == [
        "This page is not part of what you do here as scheme manager"
    ]
