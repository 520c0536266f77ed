"""Every screen, shown to everybody it may meet: nobody, each role on an empty cohort, a stranger."""

from pathlib import Path

import pytest
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from models.enrolments import Side
from models.people import Person, Role, RoleGrant
from tests.factories import make_cohort, make_coordinator, make_enrolment, make_manager, make_person
from tests.pages.opening import open_page

PAGES = Path(__file__).parents[2] / "pages"
# Screens begin with `with page(`; the rest are the menu, what comes before it, and parts that screens share.
SCREENS = sorted(path.stem for path in PAGES.glob("*.py") if "with page(" in path.read_text(encoding="utf-8"))
ROLES = ("coordinator", "manager", "administrator", "mentor", "mentee", "stranger")


def somebody(session: Session, role: str) -> Person:
    cohort = make_cohort(session)
    if role in {"mentor", "mentee"}:
        person = make_person(session)
        make_enrolment(session, cohort, Side(role), person=person)
        return person
    if role == "administrator":
        person = make_person(session)
        session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))
        return person
    staff = {"coordinator": make_coordinator, "manager": make_manager}
    return staff[role](session, cohort) if role in staff else make_person(session)


def test_the_screens_are_all_here() -> None:
    assert len(SCREENS) == 19


def ways_to_rights(page: AppTest) -> int:
    """How many links in the main part lead to the notice of rights."""
    return sum('href="/rights"' in element.proto.body for element in page.main.get("html"))


@pytest.mark.clause("A-MR7")
@pytest.mark.parametrize("screen", SCREENS)
def test_a_visitor_gets_the_sign_in_form_and_the_way_to_their_rights_at_every_address(
    page_session: Session, screen: str
) -> None:
    somebody(page_session, "coordinator")
    account_holder = open_page("home", somebody(page_session, "mentee"))

    page = open_page(screen, None)

    assert not account_holder.exception
    assert not page.exception
    assert [title.value for title in page.title] == ["Welcome"]
    assert list(page.dataframe) == []
    assert ways_to_rights(page) == 1


@pytest.mark.clause("A-MR7")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("screen", SCREENS)
def test_every_role_gets_a_screen_that_says_what_it_is_and_leads_to_everybodys_rights(
    page_session: Session, screen: str, role: str
) -> None:
    page = open_page(screen, somebody(page_session, role))

    assert not page.exception
    assert len(page.title) == 1
    assert page.title[0].value != ""
    assert ways_to_rights(page) == 1
