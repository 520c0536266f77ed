"""A run is checked again and proved on the screen, and whoever decides about a pair reads who moved besides."""

import threading

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Enrolment
from models.matching import MatchingRun, PairRule
from models.people import Person
from models.schemes import Cohort
from pages import charts, review_again, review_parts
from services.matching import files_proof
from services.matching.replay import Replay
from services.matching.review_solved import SolvedRun
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.pages.opening import open_page
from tests.pages.review_steps import drawn, labels, run_of
from tests.services.matching.run_parts import mentee, mentor


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


@pytest.fixture
def reviewed(page_session: Session, cohort: Cohort, coordinator: Person) -> dict[str, Enrolment]:
    """Two mentors with a place each, two mentees, and a run: Ama with Bo, Ben with Cy."""
    people = {name: mentor(page_session, cohort, name, sector=sector) for name, sector in (("Bo", "L"), ("Cy", "D"))}
    people |= {name: mentee(page_session, cohort, name, sector=sector) for name, sector in (("Ama", "L"), ("Ben", "D"))}
    run_of(page_session, cohort, coordinator)
    return people


def test_a_run_is_checked_again_at_a_press_and_its_certificate_can_be_taken(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator)
    page.session_state["behind"] = True
    page.run()

    page.button(key="check-run").click().run()
    run_id = page_session.exec(select(MatchingRun.id)).one()
    actor = make_actor(coordinator, cohort)
    page_session.commit()
    content = review_again.certificate(actor, run_id)

    assert "Made once more, the run gives the same pairs with the same scores." in [box.value for box in page.success]
    assert [each.proto.label for each in page.get("download_button")] == ["Save its certificate"]
    assert "`mentoring match --verify certificate.json` checks it on any computer" in drawn(page)
    proof = files_proof.parsed(content)
    assert files_proof.wrong_with(proof, proof.scores or ()) is None
    assert [name for name in reviewed if name.encode() in content] == []
    of_the_run = select(AuditEntry.action).where(AuditEntry.subject_id == run_id)
    actions = page_session.exec(of_the_run.order_by(col(AuditEntry.sequence))).all()
    assert actions == ["matching.run", "matching.certificate_taken"]


def test_a_run_whose_people_changed_says_what_is_different_and_offers_no_certificate(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator)
    page.session_state["behind"] = True
    page.run()
    reviewed["Bo"].sector, reviewed["Cy"].sector = "D", "L"

    page.button(key="check-run").click().run()

    (said,) = [box.value for box in page.info if "Since this run" in box.value]
    assert said.startswith("Today 2 mentees would have another mentor, a first one, or none.")
    assert "- The answers of 2 mentors have changed" in said
    assert list(page.get("download_button")) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Replay(True, ("x",), 0), "The pairs and their scores would still be the same."),
        (Replay(False, ("x",), 0), "Today everybody would have the same mentor, with other scores."),
        (Replay(False, ("x",), 1), "Today 1 mentee would have another mentor, a first one, or none."),
        (
            Replay(False, (), 3),
            "The same people and settings did not give the same answer. That must not be: please tell whoever looks "
            "after this desk.",
        ),
    ],
    ids=["the same after changes", "other scores", "one moves", "a fault"],
)
def test_what_came_of_checking_a_run_again_is_said_in_words(found: Replay, said: str) -> None:
    assert review_again.in_words(found) == said


def test_the_run_is_made_ready_to_be_asked_while_the_list_is_read(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_parts, "has_browser", lambda: True)
    run_id = page_session.exec(select(MatchingRun.id)).one()

    open_page("matching_review", coordinator)
    for thread in [each for each in threading.enumerate() if each.name == f"ready-{run_id}"]:
        thread.join(120)

    kept: SolvedRun = charts.kept_run(run_id, lambda: pytest.fail("it was not made ready"))
    assert (kept.run_id, len(kept.mentees), len(kept.mentors)) == (run_id, 2, 2)


def test_a_swap_says_how_many_others_moved_and_leads_to_who_they_are(
    coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))

    page.radio(key="ask-mentor").set_value(0).run()
    before = drawn(page)
    page.button(key="choose-mentor").click().run()
    said = [notice.value for notice in page.success]
    page.button(key="see-moved").click().run()

    assert "Where answers are equally good, lots decide, and others may move as well." in before
    assert said == [
        "Ama with Cy\\: pinned\\. You can undo it under Decisions\\. 2 of 2 mentees have a mentor now. "
        "1 other mentee moved\\."
    ]
    assert page.query_params["view"] == "compare"
    assert "2 have another mentor" in drawn(page)
    assert "See who moved" not in labels(page)


def test_an_alternative_and_a_why_not_pair_can_be_forbidden_from_where_they_are_asked_about(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))

    page.radio(key="ask-mentee").set_value(0).run()
    page.button(key="never-choose-mentee").click().run()
    still_open = page.query_params["pair"]
    said = [notice.value for notice in page.success]
    page.session_state["ask-open"] = True
    page.run()
    page.selectbox(key="ask-why-not").set_value(reviewed["Cy"].id).run()
    page.button(key="never-choose-why-not").click().run()

    names = {row.id: name for name, row in reviewed.items()}
    rules = page_session.exec(select(PairRule)).all()
    assert still_open == str(reviewed["Ama"].id)
    assert said[0].endswith("2 of 2 mentees have a mentor now. No other mentee has another mentor than before\\.")
    assert {(names[rule.mentee_id], names[rule.mentor_id], rule.kind.value) for rule in rules} == {
        ("Ben", "Bo", "forbid"),
        ("Ama", "Cy", "forbid"),
    }
