"""An administrator's Home: schemes that hang on one person or that nobody can answer, and what the place is for."""

import pytest
from sqlmodel import Session

from models.people import AccountStatus, Role, RoleGrant
from models.schemes import Cohort
from services import home_administrator, tasks
from services.settings import settings
from tests.factories import make_account, make_cohort, make_coordinator, make_person, make_scheme
from tests.pages.opening import open_page
from tests.services.counting import queries_of

ALWAYS = "Give and take roles, start schemes and cohorts"


def a_scheme(session: Session, name: str, *, coordinators: int = 2, office: str | None = "x@example.org") -> Cohort:
    cohort = make_cohort(session, make_scheme(session, name=name, reply_address=office))
    for number in range(coordinators):
        make_account(session, make_coordinator(session, cohort, f"Coordinator {number}"))
    return cohort


def sentences(session: Session) -> list[str]:
    return [task.sentence for task in home_administrator.todo(session)]


def test_a_desk_in_order_only_says_what_the_place_is_for(session: Session) -> None:
    a_scheme(session, "Alumni")

    assert sentences(session) == [ALWAYS]


def test_what_is_missing_stands_there_and_leads_to_where_it_is_put_right(session: Session) -> None:
    alone = a_scheme(session, "Alone", coordinators=1, office=None)
    invited = make_coordinator(session, alone, "Invited")
    make_account(session, invited, status=AccountStatus.INVITED)
    a_scheme(session, "Nobody's", coordinators=0)

    found = home_administrator.todo(session)

    assert [(task.when, task.sentence) for task in found] == [
        (tasks.THIS_WEEK, "Give Nobody's a coordinator"),
        (tasks.WHEN_YOU_CAN, "Give Alone a second coordinator"),
        (tasks.WHEN_YOU_CAN, "Enter an office's address for Alone"),
        (tasks.WHEN_YOU_CAN, ALWAYS),
    ]
    assert [task.address for task in found[1:3]] == [
        (("desk", "people"), ("scheme", str(alone.scheme_id))),
        (("desk", "scheme"), ("scheme", str(alone.scheme_id))),
    ]


def test_in_production_the_second_coordinator_is_due_this_week(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_scheme(session, "Alone", coordinators=1)
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()

    assert [task.when for task in home_administrator.todo(session)] == [tasks.THIS_WEEK, tasks.WHEN_YOU_CAN]


def test_a_demonstration_asks_nothing_of_an_administrator(session: Session) -> None:
    cohort = a_scheme(session, "Invented", coordinators=1, office=None)
    cohort.is_demonstration = True

    assert sentences(session) == [ALWAYS]


@pytest.mark.parametrize("many", [1, 5])
def test_it_takes_one_query_and_never_fills_the_screen(session: Session, many: int) -> None:
    for number in range(many):
        a_scheme(session, f"Scheme {number}", coordinators=1, office=None)
    session.commit()

    with queries_of(session) as asked:
        found = home_administrator.todo(session)

    assert len(asked) == 1
    assert len(found) == min(many, 3) * 2 + 1


def test_home_shows_it_and_leads_there(page_session: Session) -> None:
    person = make_person(page_session, "Ada Owner")
    page_session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))

    page = open_page("home", person)

    assert [button.label for button in page.main.button] == ["Open"]
    assert ALWAYS in page.markdown[0].value


def test_the_coordinator_of_a_scheme_without_a_cohort_is_led_to_its_first(page_session: Session) -> None:
    person = make_person(page_session, "Ros")
    page_session.add(RoleGrant(person_id=person.id, scheme_id=make_scheme(page_session).id, role=Role.COORDINATOR))

    page = open_page("home", person)

    assert [button.label for button in page.main.button] == ["Start it"]
    assert not page.exception
