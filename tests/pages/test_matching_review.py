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
from services.matching import review
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
from tests.pages.review_steps import labels, lines, run_of, texts
from tests.services.counting import reads, sent
from tests.services.matching.run_parts import mentee, mentor


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def choose_several(page: AppTest) -> None:
    page.toggle(key="several-pairs").set_value(True).run()


def tick(page: AppTest, person: Enrolment) -> None:
    choose_several(page)
    page.checkbox(key=f"approve-{person.id}-0").check().run()


def test_before_the_first_run_the_screen_says_what_a_run_does_and_who_is_not_ready(
    page_session: Session, coordinator: Person
) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, mentor_gates=["signature"]))
    make_document(page_session, cohort.scheme_id)
    mentor(page_session, cohort)
    them = make_coordinator(page_session, cohort)

    page = open_page("matching_review", them)

    assert [notice.value for notice in page.info] == [
        "Nobody is ready to be matched yet. As soon as somebody is on both sides, the matching can run here."
    ]
    assert [line.value for line in page.main.markdown] == ["- 1 mentor has not signed"]
    assert labels(page) == []
    assert links(page) == ["See who, in Enrolments"]


def test_a_first_run_is_offered_once_somebody_is_ready_on_both_sides(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = open_page("matching_review", coordinator)
    seen = [(page.info[0].value.partition(". ")[0], labels(page), links(page))]
    for add in (mentor, mentee):
        add(page_session, cohort)
        audit.record(page_session, make_actor(coordinator, cohort), "enrolment.approved", scheme_id=cohort.scheme_id)
        page.run()
        seen.append((page.info[0].value.partition(". ")[0], labels(page), links(page)))

    assert seen == [
        ("Nobody is ready to be matched yet", [], ["Open Enrolments"]),
        ("No mentee is ready to be matched yet", [], ["Open Enrolments"]),
        ("Run the matching: it pairs everybody who is ready, and shows why", ["Run matching"], []),
    ]


def links(page: AppTest) -> list[str]:
    return [link.proto.label for link in page.main.get("page_link")]


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

    assert [notice.value for notice in page.success] == ["1 of 2 mentees have a mentor now."]
    assert (
        "· 1 of 2 mentees matched from 1 open place · no better choice exists · goals compared by "
        in page.main.caption[0].value
    )
    assert page.main.markdown[0].value == "**1 mentee has no mentor\\: 2 mentees share 1 place\\.**"
    assert lines(page) == [
        "**Dan** has no mentor in this run | All places are taken\\: 2 mentees share 1 place with the one mentor who "
        "is ready\\. The smallest change: one more mentor who is ready.",
        "**Ama** with **Bo** · 75 of 75 possible points :orange-badge[:material/warning: Only one shared channel\\: "
        "email] | Same sector\\: Finance and insurance",
    ]
    assert page.segmented_control(key="show").options == [
        ":violet[All 2]",
        ":violet[Matched 1]",
        ":violet[Warnings 1]",
        ":violet[Unmatched 1]",
    ]


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
    assert [notice.value for notice in page.success] == ["Proposals to 1 person are written."]
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

    choose_several(page)
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
    assert [label for label in labels(page) if label.startswith("Preview")] == []


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

    assert page_session.exec(select(Proposal)).one().status is ProposalStatus.WITHDRAWN
    assert page_session.exec(select(Message)).all() == []
    page.switch_page("matching_review.py").run()
    choose_several(page)
    assert [box.value for box in page.checkbox] == [False]


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
        page.segmented_control(key="show").set_value(show).run()
    page.text_input(key="search").set_value(search).run()

    assert [line.split("**")[1] for line in lines(page)] == names
    assert [box.value for box in page.info] == ([] if names else ["Nobody here. Clear the search, or show all."])


def test_names_and_sectors_are_only_text(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    mentor(page_session, cohort, "![x](http://evil.test/x.png)", sector="$\\rule{9em}{9em}$")
    mentee(page_session, cohort, "<b>Ama</b>", sector="$\\rule{9em}{9em}$")
    run_of(page_session, cohort, coordinator)

    page = open_page("matching_review", coordinator)

    drawn = " ".join([*texts(page), *lines(page)])
    assert "Ama" in drawn
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

    assert [line.partition(" | ")[0].rpartition(" ")[2] for line in lines(page)] == [":gray-badge[Declined]"]
    assert list(page.main.toggle) == []
    assert "Approve all 1" not in labels(page)


def test_a_mentee_gets_no_matching_review(page_session: Session, cohort: Cohort) -> None:
    mentor(page_session, cohort, "Bo Mentor")
    ama = mentee(page_session, cohort)
    person = page_session.get_one(Person, ama.person_id)
    run_of(page_session, cohort, make_coordinator(page_session, cohort))

    page = open_page("matching_review", person)

    assert lines(page) == []
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
def test_the_screen_takes_four_queries_however_many_pairs_there_are(
    page_session: Session, cohort: Cohort, coordinator: Person, rows: int
) -> None:
    mentor(page_session, cohort, capacity=5)
    make_enrolment(page_session, cohort, Side.MENTOR)  # somebody who cannot be reached
    for number in range(rows):
        mentee(page_session, cohort, f"Mentee {number}")
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    page_session.commit()

    with sent(page_session) as statements:
        page.run()

    assert "Not in this run: 1 mentor shares no way to be reached" in [box.label for box in page.expander]
    assert (len(lines(page)), len(reads(statements))) == (rows, 4)


def test_before_a_first_run_the_screen_takes_few_queries_until_something_is_written(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    make_enrolment(page_session, cohort, Side.MENTOR)  # somebody who cannot be reached
    page = open_page("matching_review", coordinator)
    page_session.commit()

    with sent(page_session) as statements:
        page.run()

    assert "- 1 mentor shares no way to be reached" in texts(page)
    assert len(reads(statements)) <= 12
    make_enrolment(page_session, cohort, Side.MENTOR)
    audit.record(page_session, make_actor(coordinator, cohort), "enrolment.approved", scheme_id=cohort.scheme_id)

    page.run()

    assert "- 2 mentors share no way to be reached" in texts(page)
