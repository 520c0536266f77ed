"""What the matching review remembers of somebody: in which cohort, beside which run, and no longer than it is true."""

from typing import Any, cast

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import MatchingRun, Proposal
from models.people import Person
from models.schemes import Cohort, Scheme
from services import proposals
from services.matching import comparing, review
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.pages.opening import open_page
from tests.pages.review_steps import drawn, labels, lines, run_of
from tests.services.matching.run_parts import mentee, mentor


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def mentees_of(session: Session, cohort: Cohort, number: int) -> list[Enrolment]:
    for at in range(2):
        mentor(session, cohort, f"Mentor {at}", capacity=50)
    return [mentee(session, cohort, f"{cohort.name} {at:03}") for at in range(number)]


def to_page(page: AppTest, number: int) -> None:
    cast("Any", page.get("pagination")[0]).set_value(number).run()


def test_after_a_run_of_fewer_people_the_list_shows_its_last_page(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    people = mentees_of(page_session, cohort, 2 * review.PAGE_SIZE + 1)
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    to_page(page, 3)
    before = lines(page)
    for gone in people[review.PAGE_SIZE + 1 :]:
        gone.status = EnrolmentStatus.WITHDRAWN
    page_session.flush()
    run_of(page_session, cohort, coordinator)

    page.run()

    assert (len(before), len(lines(page))) == (1, 1)
    assert cast("Any", page.get("pagination")[0]).value == 2


def test_another_cohort_begins_with_its_own_list_and_says_nothing_of_a_colleague(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    other = make_cohort(page_session, page_session.get_one(Scheme, cohort.scheme_id), name="Other")
    colleague = make_coordinator(page_session, cohort, "Judith Wennington")
    here = mentees_of(page_session, cohort, review.PAGE_SIZE + 2)
    mentees_of(page_session, other, 2)
    run_of(page_session, cohort, coordinator)
    run_of(page_session, other, colleague)
    page = open_page("matching_review", coordinator, f"coordinator-{cohort.id}")
    page.button(key="approve-all").click().run()
    page.text_input(key="search").set_value(cohort.name).run()
    page.selectbox(key="sort").set_value(review.Sort.NAME).run()
    to_page(page, 2)

    page.selectbox(key="_place").set_value(f"coordinator-{other.id}").run()
    elsewhere = (len(lines(page)), page.text_input(key="search").value, page.selectbox(key="sort").value)
    said = drawn(page)
    offered = labels(page)
    page.selectbox(key="_place").set_value(f"coordinator-{cohort.id}").run()

    assert elsewhere == (2, "", review.Sort.BEST)
    assert "colleague" not in said
    assert "Approve all 2" in offered
    assert f"Preview the emails to {len(here)} people" in labels(page)


def test_comparing_shows_the_last_page_the_earlier_run_first_and_tells_alike_runs_apart(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    mentees_of(page_session, cohort, comparing.PAGE_SIZE + 2)
    run_of(page_session, cohort, coordinator)
    for each in page_session.exec(select(Enrolment).where(Enrolment.side == Side.MENTOR)):
        each.capacity = 0 if each.sort_key.endswith("0") else 1
    page_session.flush()
    run_of(page_session, cohort, coordinator)
    when = page_session.exec(select(MatchingRun).order_by(col(MatchingRun.created_at))).all()
    for run in when:
        run.matched = 7  # so that both read alike
    when[1].created_at = when[0].created_at.replace(second=30)
    when[0].created_at = when[0].created_at.replace(second=10)
    page_session.flush()
    page = open_page("matching_review", coordinator, view="compare")

    alike = page.selectbox(key="compare-a").options
    forwards = drawn(page)
    both = [page.selectbox(key=f"compare-{one}").value for one in "ab"]
    page.session_state[f"compare-page-{both[0]}-{both[1]}"] = 9
    page.run()
    beyond = drawn(page), len(page.dataframe)
    page.selectbox(key="compare-a").set_value(page.selectbox(key="compare-b").value)
    page.selectbox(key="compare-b").set_value(min(when, key=lambda run: run.created_at).id).run()

    assert [said.rpartition(", ")[2] for said in alike] == ["run 2 of that minute", "run 1 of that minute"]
    assert f"{comparing.PAGE_SIZE + 1} have nobody any more" in forwards
    assert beyond == (forwards, 1)
    assert drawn(page) == forwards


def test_what_if_counts_anew_once_proposals_were_drafted(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    mentees_of(page_session, cohort, 3)
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator, view="what-if")
    before = drawn(page)
    run_id = page_session.exec(select(MatchingRun.id)).one()
    actor = make_actor(coordinator, cohort)
    proposals.draft(page_session, actor, run_id, review.to_approve(page_session, actor, run_id)[:2])

    page.run()

    assert "all 3 mentees keep what this run gave" in before
    assert "the 1 mentee keeps what this run gave" in drawn(page)
    assert "2 more mentees of this run stay out of it" in drawn(page)
    assert len(page_session.exec(select(Proposal)).all()) == 2
