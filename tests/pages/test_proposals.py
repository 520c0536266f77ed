"""Proposals, for whoever is asked: who it is, yes or no, and what follows."""

from typing import Any

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Conflict, Enrolment, Side
from models.matching import ProposalStatus
from models.pairings import Pairing
from models.people import Person
from models.schemes import Cohort
from services import proposals
from tests.factories import make_cohort, make_enrolment, make_manager
from tests.pages.opening import open_page
from tests.services.proposal_steps import SECRETS, UNNC, asked


def texts(page: AppTest) -> list[str]:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.success, page.text, page.header)
    return [element.value for kind in kinds for element in kind]


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.main.button]


def person_of(session: Session, enrolment_id: Any) -> Person:
    return session.get_one(Person, session.get_one(Enrolment, enrolment_id).person_id)


@pytest.mark.clause("A-ME1", "U-1")
def test_a_mentee_sees_who_is_proposed_and_what_happens_on_yes(page_session: Session) -> None:
    proposal, *_ = asked(page_session)

    page = open_page("proposals", person_of(page_session, proposal.mentee_id))

    drawn = texts(page)
    assert [box.value for box in page.main.header] == ["Your mentor could be Bo Mentor"]
    assert [field for field in drawn if field.startswith("**")] == [
        "**Role**  \nCounsel",
        "**Sector**  \nenergy",
        "**Work so far**  \nTen years of grid projects\\.",
        "**Why we thought of the two of you**\n- Same sector\\: energy",
    ]
    assert page.info[0].value.startswith("If you say yes, you see how to reach Bo Mentor and make the first contact")
    assert [secret for secret in SECRETS if secret in str(drawn)] == []


@pytest.mark.clause("A-ME1")
def test_the_mentees_yes_makes_the_pair(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = open_page("proposals", person_of(page_session, proposal.mentee_id))

    page.button(key=f"accept-{proposal.id}").click().run()

    assert [notice.value for notice in page.success] == [
        "You and Bo Mentor work together from now on. Open My match to see how to reach them: you write first."
    ]
    assert [text for text in texts(page) if text.startswith("**Bo Mentor** :green-badge[You work together]")] != []
    assert len(page_session.exec(select(Pairing)).all()) == 1


def test_a_no_with_a_reason_is_recorded(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = open_page("proposals", person_of(page_session, proposal.mentee_id))

    page.text_area(key=f"reason-{proposal.id}").set_value("Another field")
    page.button(key=f"decline-{proposal.id}").click().run()

    page_session.refresh(proposal)
    assert (proposal.status, proposal.decline_reason) == (ProposalStatus.DECLINED, "Another field")
    assert [line.split("  \n")[0] for line in texts(page) if "Bo Mentor" in line] == [
        "**Bo Mentor** :gray-badge[You said no]"
    ]


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_the_private_question_is_asked_and_keeps_only_a_yes(page_session: Session) -> None:
    question = {"pair_question": "Are you close?", "examples": "For example cousins."}
    proposal, *_ = asked(page_session, other_settings={"conflicts": question})
    page = open_page("proposals", person_of(page_session, proposal.mentee_id))
    shown = "Are you close? For example cousins\\." in texts(page)

    page.button(key=f"relationship-{proposal.id}").click().run()

    page_session.refresh(proposal)
    assert (shown, proposal.status, proposal.decline_reason) == (True, ProposalStatus.DECLINED, None)
    assert len(page_session.exec(select(Conflict)).all()) == 1


def test_a_yes_that_comes_too_late_makes_no_pair_and_says_how_it_stands(page_session: Session) -> None:
    proposal, coordinator, *_ = asked(page_session)
    page = open_page("proposals", person_of(page_session, proposal.mentee_id))
    proposals.withdraw(page_session, coordinator, proposal.id)

    page.button(key=f"accept-{proposal.id}").click().run()

    assert labels(page) == []
    assert [text.split("  \n")[0] for text in texts(page) if "Bo Mentor" in text] == [
        "**Bo Mentor** :gray-badge[Not available]"
    ]
    assert page_session.exec(select(Pairing)).all() == []


def test_in_a_scheme_where_the_mentor_answers_last_both_are_asked_in_turn(page_session: Session) -> None:
    proposal, *_ = asked(page_session, **UNNC)
    mentee = open_page("proposals", person_of(page_session, proposal.mentee_id))
    mentee.button(key=f"accept-{proposal.id}").click().run()

    mentor = open_page("proposals", person_of(page_session, proposal.mentor_id))
    mentor.button(key=f"accept-{proposal.id}").click().run()

    assert [notice.value for notice in mentee.success] == [
        "Thank you. We are asking Bo Mentor now, and write to you either way."
    ]
    assert [notice.value for notice in mentor.success] == [
        "You and Ama Mentee work together from now on. They know that the first message comes from them."
    ]


@pytest.mark.parametrize("side", list(Side))
def test_without_a_proposal_the_screen_says_what_will_happen(page_session: Session, side: Side) -> None:
    enrolment = make_enrolment(page_session, make_cohort(page_session), side)

    page = open_page("proposals", person_of(page_session, enrolment.id))

    assert [box.value for box in page.info] == [
        "Nothing waits for your answer. When we propose somebody to you, you get an email and find it here."
    ]


def test_a_stranger_in_the_same_cohort_sees_nothing_of_it(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    stranger = make_enrolment(page_session, page_session.get_one(Cohort, proposal.cohort_id))

    page = open_page("proposals", person_of(page_session, stranger.id))

    assert [text for text in texts(page) if "Bo Mentor" in text or "Ama Mentee" in text] == []


def test_a_scheme_manager_sees_no_person(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    manager = make_manager(page_session, page_session.get_one(Cohort, proposal.cohort_id))

    page = open_page("proposals", manager)

    assert [text for text in texts(page) if "Bo Mentor" in text or "Ama Mentee" in text] == []
