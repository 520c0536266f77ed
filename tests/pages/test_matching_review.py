"""The matching review: run, look, approve, see every email, send; and whom it shows nothing."""

from typing import Any, cast

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Conflict, Enrolment, Side
from models.matching import MatchingRun, Proposal, ProposalStatus
from models.messages import Message
from models.people import Person
from models.schemes import Cohort
from services import audit
from services.matching import review, runs
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_person,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.matching.test_runs import TODAY, counting, mentee, mentor


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def run_of(session: Session, cohort: Cohort, coordinator: Person) -> None:
    runs.run(session, make_actor(coordinator, cohort), cohort.id, today=TODAY)


def texts(page: AppTest) -> list[str]:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.success, page.text, page.header)
    return [element.value for kind in kinds for element in kind]


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.main.button]


def tick(page: AppTest, person: Enrolment, generation: int = 0) -> None:
    page.checkbox(key=f"approve-{person.id}-{generation}").check().run()


def test_before_the_first_run_the_screen_says_what_a_run_does_and_who_is_not_ready(
    page_session: Session, coordinator: Person
) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, mentor_gates=["signature"]))
    make_document(page_session, cohort.scheme_id)
    mentor(page_session, cohort)
    them = make_coordinator(page_session, cohort)

    page = open_page("matching_review", them)

    assert page.info[0].value.startswith("Run the matching")
    assert [line.value for line in page.main.markdown] == ["- 1 mentor has not signed"]
    assert labels(page) == ["Run matching"]


def test_running_shows_totals_with_their_base_the_pairs_with_their_reasons_and_who_has_none(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    mentor(page_session, cohort, "Bo", sector="L")
    mentee(page_session, cohort, "Ama", sector="L")
    alone = mentee(page_session, cohort, "Dan")
    bo = page_session.exec(select(Enrolment).where(Enrolment.side == Side.MENTOR)).one()
    page_session.add(Conflict(declared_by_id=alone.person_id, other_id=bo.person_id))
    page = open_page("matching_review", coordinator)

    page.button(key="run").click().run()

    assert [notice.value for notice in page.success] == ["1 of 2 mentees have a mentor in this run."]
    assert page.main.caption[0].value.endswith("· 1 of 2 mentees matched, 1 open place · proved optimal")
    assert [line.value for line in page.main.markdown if not line.value.startswith("- ")][:2] == [
        "**Ama** with **Bo** · 75 of 100  \nSame sector\\: Finance and insurance"
        "  \n:orange-badge[:material/warning: Only one shared channel\\: email]",
        "**Dan** has no mentor in this run  \nNone of the mentors with a free place is available\\.",
    ]
    assert page.segmented_control[0].options == [":violet[All 2]", ":violet[Warnings 1]", ":violet[Unmatched 1]"]


@pytest.mark.clause("A-ME1")
def test_approving_leads_past_the_exact_emails_to_sending(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    mentor(page_session, cohort, "Bo")
    person = make_person(page_session, "Ama", email="ama@example.org")
    ama = make_enrolment(page_session, cohort, Side.MENTEE, person=person)
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)

    tick(page, ama)
    assert "Preview the emails to 1 person" in labels(page)
    page.button(key="preview").click().run()
    before = (len(page_session.exec(select(Message)).all()), page.main.dataframe[0].value.to_dict("records"))
    shown = next(line.value for line in page.main.text)
    page_session.commit()
    page.button(key="send").click().run()

    (message,) = page_session.exec(select(Message)).all()
    assert before == (0, [{"To": "Ama", "Address": "ama@example.org", "Mentee": "Ama", "Mentor": "Bo"}])
    assert "who could be your mentor: Bo." in shown
    assert [notice.value for notice in page.success] == ["Proposals to 1 person are on their way."]
    assert (message.person_id, message.template) == (person.id, "proposal_to_mentee")
    assert page_session.exec(select(Proposal)).one().status is ProposalStatus.SENT


def test_ticks_are_kept_from_page_to_page_and_all_can_be_approved_at_once(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    mentor(page_session, cohort, capacity=50)
    for number in range(review.PAGE_SIZE + 2):
        mentee(page_session, cohort, f"Mentee {number}")
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)

    page.checkbox[0].check().run()
    cast("Any", page.get("pagination")[0]).set_value(2).run()
    on_second = len(page.checkbox)
    one = labels(page)
    page.button(key="approve-all").click().run()
    every = labels(page)
    page.button(key="approve-none").click().run()

    assert on_second == 2
    assert "Preview the emails to 1 person" in one
    assert "Preview the emails to 22 people" in every
    assert "Preview the emails to 0 people" in labels(page)


def test_a_pair_that_no_longer_holds_is_named_and_not_sent(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    bo = mentor(page_session, cohort, "Bo")
    ama = mentee(page_session, cohort, "Ama")
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    tick(page, ama)
    bo.capacity = 0

    page.button(key="preview").click().run()

    assert [box.value for box in page.warning] == [
        "Held back, because something changed:\n\n- **Ama** with **Bo**: The mentor has no free place\\."
    ]
    assert page_session.exec(select(Proposal)).all() == []


def test_drafts_can_be_discarded_and_approved_again(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    mentor(page_session, cohort)
    ama = mentee(page_session, cohort)
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    tick(page, ama)
    page.button(key="preview").click().run()

    page.button(key="discard").click().run()

    assert [notice.value for notice in page.success] == ["The drafts are discarded. Nobody was written to."]
    assert page_session.exec(select(Proposal)).one().status is ProposalStatus.WITHDRAWN
    assert page_session.exec(select(Message)).all() == []
    assert len(page.checkbox) == 1


@pytest.mark.parametrize(
    ("show", "search", "names"), [("warnings", "", []), ("unmatched", "", ["Ben"]), (None, "AMA", ["Ama"])]
)
def test_the_list_can_be_narrowed(
    page_session: Session, cohort: Cohort, coordinator: Person, show: str | None, search: str, names: list[str]
) -> None:
    both = ["email", "video"]
    mentor(page_session, cohort, sector="L", channels=both)
    mentee(page_session, cohort, "Ama", sector="L", channels=both)
    mentee(page_session, cohort, "Ben", sector="D", channels=both)
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)

    if show:
        page.segmented_control[0].set_value(show).run()
    page.text_input(key="search").set_value(search).run()

    found = [line.value.split("**")[1] for line in page.main.markdown if line.value.startswith("**")]
    assert found == names
    assert [box.value for box in page.info] == ([] if names else ["Nobody here. Clear the search, or show all."])


def test_names_and_sectors_are_only_text(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    mentor(page_session, cohort, "![x](http://evil.test/x.png)", sector="$\\rule{9em}{9em}$")
    mentee(page_session, cohort, "<b>Ama</b>", sector="$\\rule{9em}{9em}$")
    run_of(page_session, cohort, coordinator)

    page = open_page("matching_review", coordinator)

    drawn = " ".join(texts(page))
    assert [mark for mark in ("](http", "<b>", " $\\rule") if mark in drawn] == []


def test_what_was_proposed_says_so_and_needs_no_tick(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    bo, ama = mentor(page_session, cohort), mentee(page_session, cohort)
    run_of(page_session, cohort, coordinator)
    run_id = page_session.exec(select(MatchingRun.id)).one()
    facts: dict[str, Any] = {"run_id": run_id, "mentor_id": bo.id, "mentee_id": ama.id, "cohort_id": cohort.id}
    page_session.add(Proposal(**facts, status=ProposalStatus.DECLINED))

    page = open_page("matching_review", coordinator)

    assert [line.value.rpartition("  \n")[2] for line in page.main.markdown][:1] == [":gray-badge[Declined]"]
    assert list(page.checkbox) == []


def test_a_mentee_gets_no_matching_review(page_session: Session, cohort: Cohort) -> None:
    mentor(page_session, cohort, "Bo Mentor")
    ama = mentee(page_session, cohort)
    person = page_session.get_one(Person, ama.person_id)
    run_of(page_session, cohort, make_coordinator(page_session, cohort))

    page = open_page("matching_review", person)

    assert list(page.checkbox) == []
    assert [text for text in texts(page) if "Bo Mentor" in text] == []


def test_a_coordinator_of_another_scheme_sees_none_of_it(page_session: Session, cohort: Cohort) -> None:
    mentor(page_session, cohort, "Bo Mentor")
    mentee(page_session, cohort)
    run_of(page_session, cohort, make_coordinator(page_session, cohort))
    stranger = make_coordinator(page_session, make_cohort(page_session), "Sten Stranger")

    page = open_page("matching_review", stranger)

    assert [text for text in texts(page) if "Bo Mentor" in text] == []
    assert page_session.exec(select(Proposal).where(col(Proposal.run_id).is_not(None))).all() == []


@pytest.mark.parametrize("rows", [1, 3])
def test_the_screen_takes_eleven_queries_however_many_pairs_there_are(
    page_session: Session, cohort: Cohort, coordinator: Person, rows: int
) -> None:
    mentor(page_session, cohort, capacity=5)
    make_enrolment(page_session, cohort, Side.MENTOR)  # somebody who cannot be reached
    for number in range(rows):
        mentee(page_session, cohort, f"Mentee {number}")
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    page_session.commit()

    with counting(page_session) as statements:
        page.run()

    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert "- 1 mentor shares no way to be reached" in texts(page)
    assert (len(page.checkbox), len(selects)) == (rows, 11)


def test_before_a_first_run_the_screen_takes_few_queries_until_something_is_written(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    make_enrolment(page_session, cohort, Side.MENTOR)  # somebody who cannot be reached
    page = open_page("matching_review", coordinator)
    page_session.commit()

    with counting(page_session) as statements:
        page.run()

    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert "- 1 mentor shares no way to be reached" in texts(page)
    assert len(selects) == 9
    make_enrolment(page_session, cohort, Side.MENTOR)
    audit.record(page_session, make_actor(coordinator, cohort), "enrolment.approved", scheme_id=cohort.scheme_id)

    page.run()

    assert "- 2 mentors share no way to be reached" in texts(page)
