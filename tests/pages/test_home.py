"""Home: what waits for whom, and nothing that is heavy."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import conflicts
from tests.factories import (
    make_account,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.counting import reads, sent


def test_a_coordinator_sees_what_waits_and_goes_there_by_the_first_button(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_enrolment(page_session, cohort, status=EnrolmentStatus.SUBMITTED)
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("home", coordinator)

    assert page.title[0].value.split(", ")[1] == "Rosalind Achterberg"
    assert [button.label for button in page.main.button] == ["Review it"]
    assert "One enrolment waits for your decision" in page.markdown[0].value
    assert [metric.label for metric in page.metric][:2] == ["Enrolled", "Ready to match"]
    assert [metric.value for metric in page.metric][:2] == ["1", "0"]


def test_home_says_so_when_nothing_waits(page_session: Session) -> None:
    person = make_person(page_session, "李明")

    page = open_page("home", person)

    assert page.title[0].value.split(", ")[1] == "李明"
    assert [info.value for info in page.info] == ["Nothing waits for you now. When something does, it will stand here."]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            EnrolmentStatus.SUBMITTED,
            "Your form is with the coordinator. You get an email as soon as it has been read.",
        ),
        (
            EnrolmentStatus.APPROVED,
            "You are in, and there is nothing to do now. You get an email as soon as there is a proposal for you.",
        ),
    ],
    ids=["submitted", "approved"],
)
def test_home_says_for_whom_somebody_waits(page_session: Session, status: EnrolmentStatus, said: str) -> None:
    person = make_person(page_session, "Ama Boateng")
    make_enrolment(page_session, make_cohort(page_session), person=person, status=status)

    page = open_page("home", person)

    assert [info.value for info in page.info] == [said]


def test_a_mentee_sees_the_match_and_no_address(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    reachable = make_person(page_session, "Bo Berg", email="bo@example.org")
    mentor = make_enrolment(page_session, cohort, Side.MENTOR, person=reachable)
    ama = make_person(page_session, "Ama Boateng")
    make_pairing(page_session, cohort, mentor=mentor, mentee=make_enrolment(page_session, cohort, person=ama))

    page = open_page("home", ama)

    shown = "\n".join(element.value for element in [*page.markdown, *page.caption, *page.title])
    assert "**Bo Berg**" in shown
    assert "Contact Bo Berg, your mentor" in shown
    assert "example.org" not in shown.replace("\\", "")


def test_home_neither_draws_a_chart_nor_loads_what_draws_one(page_session: Session) -> None:
    coordinator = make_coordinator(page_session, make_cohort(page_session))
    # Streamlit brings a part of Plotly along; ours must add nothing to it.
    code = (
        "import sys, streamlit; before = set(sys.modules); import services.home, pages.charts;"
        "print([name for name in set(sys.modules) - before if name.split('.')[0] in {'plotly', 'scipy', 'sklearn'}])"
    )

    page = open_page("home", coordinator)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert page.get("plotly_chart") == []
    assert told.stdout.strip() == "[]"


def test_a_visitor_sees_nothing_of_it(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_enrolment(page_session, cohort, status=EnrolmentStatus.SUBMITTED)
    make_account(page_session, make_coordinator(page_session, cohort))
    page_session.commit()

    page = open_page("home", None)

    assert "What needs you" not in [header.value for header in page.header]
    assert [title.value for title in page.title if title.value.startswith("Good ")] == []


@pytest.mark.parametrize("many", [1, 3])
def test_home_takes_no_more_than_twelve_queries(page_session: Session, many: int) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, mentee_gates=["signature", "training", "conflicts"]))
    for number in range(many):
        make_enrolment(page_session, cohort, status=EnrolmentStatus.SUBMITTED, name=f"Waiting {number}")
        make_proposal(page_session, cohort)
        make_pairing(page_session, cohort, released_at=utc_now() - timedelta(days=90))
    coordinator = make_coordinator(page_session, cohort)
    page = open_page("home", coordinator)

    with sent(page_session) as statements:
        page.run()

    assert len(reads(statements)) <= 12


def test_a_manager_is_sent_to_the_figures(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    manager = make_manager(page_session, cohort)

    page = open_page("home", manager)

    assert [button.label for button in page.main.button] == ["See the figures"]
    assert list(page.metric) == []


def test_a_demonstration_says_so_and_is_taken_away_in_one_act(page_session: Session) -> None:
    cohort = make_cohort(page_session, is_demonstration=True)
    coordinator = make_coordinator(page_session, cohort)
    make_pairing(page_session, cohort)
    page = open_page("home", coordinator)
    labels = [expander.label for expander in page.main.expander]

    page.checkbox(key="sure").check().run()
    page.button(key="remove").click().run()

    assert labels == ["This is a demonstration"]
    page_session.rollback()
    assert page_session.exec(select(Cohort)).all() == []
    assert page_session.exec(select(Person)).all() == []


def test_a_real_cohort_has_nothing_to_take_away(page_session: Session) -> None:
    cohort = make_cohort(page_session)

    page = open_page("home", make_coordinator(page_session, cohort))

    assert [expander.label for expander in page.main.expander] == []


def test_a_pair_that_was_looked_at_again_is_let_go_on_after_reading_what_that_does(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    pairing = make_pairing(page_session, cohort, mentor="Bo *Mentor*", mentee="Ama Mentee")
    mentor, mentee = (page_session.get_one(Enrolment, each) for each in (pairing.mentor_id, pairing.mentee_id))
    conflicts.add(page_session, mentee.person_id, mentor.person_id)

    page = open_page("home", make_coordinator(page_session, cohort))
    page.session_state["looks"] = True
    page.run()
    page.radio(key="looked-at").set_value(str(pairing.id)).run()
    said = [line.value for line in page.caption]
    page.button(key=f"goes-on-{pairing.id}").click().run()

    assert not page.exception
    assert "stay a pair. Nobody gets an email; the journal notes that you looked." in " ".join(said)
    assert [notice.value for notice in page.success] == [r"Noted: Ama Mentee and Bo \*Mentor\* go on."]
    assert "another look" not in " ".join(line.value for line in page.markdown)
