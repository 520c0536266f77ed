"""The matching review, pair by pair: why these two, what another choice would cost, and what was decided."""

from typing import Any, cast

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Conflict, Enrolment
from models.matching import MatchingRun, PairRule, PairRuleKind, Proposal, ProposalStatus, RunPair
from models.people import Person
from models.schemes import Cohort, Scheme
from services.matching import review
from tests.factories import (
    make_cohort,
    make_coordinator,
)
from tests.pages.opening import open_page
from tests.pages.review_steps import drawn, labels, lines, run_of, texts
from tests.services.matching.run_parts import mentee, mentor


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


@pytest.fixture
def reviewed(page_session: Session, cohort: Cohort, coordinator: Person) -> dict[str, Enrolment]:
    """Two mentors with a place each, three mentees, and a run."""
    people = {name: mentor(page_session, cohort, name, sector=sector) for name, sector in (("Bo", "L"), ("Cy", "D"))}
    people |= {
        name: mentee(page_session, cohort, name, sector=sector)
        for name, sector in (("Ama", "L"), ("Ben", "D"), ("Dan", "Q"))
    }
    run_of(page_session, cohort, coordinator)
    return people


def pairs_of(session: Session, people: dict[str, Enrolment]) -> dict[str, str | None]:
    """Who has whom in the newest run, by name."""
    session.expire_all()
    names = {row.id: name for name, row in people.items()}
    newest = session.exec(select(MatchingRun.id).order_by(col(MatchingRun.created_at).desc())).first()
    rows = session.exec(select(RunPair).where(RunPair.run_id == newest))
    return {names[row.mentee_id]: names[row.mentor_id] if row.mentor_id else None for row in rows}


def test_a_pair_opens_with_both_people_what_the_score_is_made_of_and_others_with_their_cost(
    coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator)

    open_line(page, reviewed["Ama"])
    page.button(key=f"open-{reviewed['Ama'].id}").click().run()

    assert [heading.value for heading in page.main.subheader][:2] == ["Mentee\\: Ama", "Mentor\\: Bo"]
    assert [radio.label for radio in page.radio] == ["Other mentors for Ama", "Other mentees for Bo"]
    assert page.radio(key="ask-mentor").options[0].startswith("Cy · ")
    assert len(page.get("plotly_chart")) == 1
    assert page.query_params["pair"] == str(reviewed["Ama"].id)


def test_a_swap_shows_every_move_first_is_made_at_once_and_can_be_undone(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    before = pairs_of(page_session, reviewed)
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))

    page.radio(key="ask-mentor").set_value(0).run()
    shown = drawn(page)
    untouched = pairs_of(page_session, reviewed)
    page.button(key="choose-mentor").click().run()
    swapped = pairs_of(page_session, reviewed)
    page.button(key="unpin").click().run()

    assert "- Ama goes to Cy instead of Bo" in shown
    assert untouched == before == {"Ama": "Bo", "Ben": "Cy", "Dan": None}
    assert swapped["Ama"] == "Cy"
    assert pairs_of(page_session, reviewed) == before


def test_a_forbidden_pair_is_gone_from_the_next_run_and_listed_with_an_undo(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))
    page.session_state["ask-never"] = True
    page.run()

    page.button(key="forbid").click().run()
    forbidden = pairs_of(page_session, reviewed)
    listed = open_page("matching_review", coordinator, view="decisions")
    undo = [button for button in listed.main.button if button.label == "Undo"]
    shown = drawn(listed)
    undo[0].click().run()

    assert forbidden["Ama"] != "Bo"
    assert "**Ama** with **Bo**" in shown
    assert pairs_of(page_session, reviewed) == {"Ama": "Bo", "Ben": "Cy", "Dan": None}
    assert "Nothing is decided yet." in drawn(listed)


def test_until_the_next_run_is_there_a_forbidden_pair_reads_that_it_is_forbidden(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    forbidden = PairRule(
        cohort_id=cohort.id,
        mentor_id=reviewed["Bo"].id,
        mentee_id=reviewed["Ama"].id,
        kind=PairRuleKind.FORBID,
        made_by_id=coordinator.id,
    )
    page_session.add(forbidden)
    page_session.commit()

    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))

    assert f":blue-badge[:material/block: Forbidden by {coordinator.full_name}]" in drawn(page)
    assert "pinned" not in drawn(page).lower()
    assert "Allow it again" in labels(page)
    assert [box.label for box in page.checkbox] == []


def test_whoever_decides_about_an_older_run_is_told_and_nothing_of_a_colleagues_is_overwritten(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    colleague = make_coordinator(page_session, cohort, "Judith Wennington")
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))
    theirs = open_page("matching_review", colleague, pair=str(reviewed["Ben"].id))
    theirs.button(key="pin").click().run()

    page.button(key="pin").click().run()
    first = [box.value for box in page.error]
    page.button(key="close").click().run()

    assert first == [
        "The matching was run again since you opened this\\. Look at how the pairs stand now, then decide\\."
    ]
    assert ":violet[Decisions 1]" in page.segmented_control(key="view").options
    rule = page_session.exec(select(PairRule)).one()
    assert (rule.made_by_id, rule.mentee_id) == (colleague.id, reviewed["Ben"].id)


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_asked_why_not_a_private_conflict_only_reads_not_available(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page_session.add(Conflict(declared_by_id=reviewed["Ama"].person_id, other_id=reviewed["Cy"].person_id))
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator, pair=str(reviewed["Ama"].id))
    page.session_state["ask-open"] = True
    page.run()

    page.selectbox(key="ask-why-not").set_value(reviewed["Cy"].id).run()

    assert "Cy is not available for Ama\\." in [line.value for line in page.main.markdown]
    assert [text for text in texts(page) if "onflict" in text] == []
    assert [button for button in page.main.button if button.key == "choose-why-not"] == []


def test_weights_are_tried_without_keeping_anything_then_kept_and_taken_back(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator, view="what-if")
    slider = next(each for each in page.slider if each.label == "Sector")

    slider.set_value(0).run()
    tried = (len(page_session.exec(select(MatchingRun)).all()), scheme_weights(page_session, cohort)["sector"])
    page.button(key="keep-weights").click().run()
    kept = (len(page_session.exec(select(MatchingRun)).all()), scheme_weights(page_session, cohort)["sector"])
    page.button(key="weights-before").click().run()

    assert (tried, kept) == ((1, 5), (2, 0))
    assert scheme_weights(page_session, cohort)["sector"] == 5
    assert pairs_of(page_session, reviewed) == {"Ama": "Bo", "Ben": "Cy", "Dan": None}


def test_those_for_whom_other_weights_change_something_are_named_when_asked(
    page_session: Session, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    reviewed["Ama"].sector, reviewed["Dan"].sector = reviewed["Dan"].sector, reviewed["Ama"].sector
    page = open_page("matching_review", coordinator, view="what-if")
    folded = drawn(page)

    page.session_state["what-if-who"] = True
    page.run()

    assert "- Ama: Bo → nobody\n- Dan: nobody → Bo" in drawn(page)
    assert "→" not in folded


def scheme_weights(session: Session, cohort: Cohort) -> dict[str, int]:
    session.expire_all()
    return session.get_one(Scheme, cohort.scheme_id).criterion_weights


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("compare", "There is only one run so far."),
        ("decisions", "Nothing is decided yet."),
        ("pictures", "A ring: the run chose them."),
        ("what-if", "Nothing would change"),
    ],
)
def test_every_part_of_the_review_has_something_to_say(
    coordinator: Person, reviewed: dict[str, Enrolment], view: str, said: str
) -> None:
    page = open_page("matching_review", coordinator, view=view)

    assert said in drawn(page)
    assert list(page.exception) == []


def test_an_address_with_a_pair_of_nobody_says_so(coordinator: Person, reviewed: dict[str, Enrolment]) -> None:
    page = open_page("matching_review", coordinator, pair=str(reviewed["Bo"].id))

    assert [box.value for box in page.error] == [
        "This mentee is not in the newest run\\. Go back to the list to see who is\\."
    ]


def test_back_from_a_pair_the_list_is_as_it_was(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    mentor(page_session, cohort, capacity=50)
    people = [mentee(page_session, cohort, f"Mentee {number}") for number in range(review.PAGE_SIZE + 2)]
    run_of(page_session, cohort, coordinator)
    page = open_page("matching_review", coordinator)
    page.text_input(key="search").set_value("mentee").run()
    page.selectbox(key="sort").set_value(review.Sort.NAME).run()
    cast("Any", page.get("pagination")[0]).set_value(2).run()
    before = lines(page)

    open_line(page, people[9])
    page.button(key=f"open-{people[9].id}").click().run()
    page.button(key="close").click().run()

    assert len(before) == 2
    assert lines(page) == before


def open_line(page: AppTest, person: Enrolment) -> None:
    """Choose the line of this mentee."""
    page.radio(key="pairs").set_value(person.id).run()


def test_a_chosen_line_can_be_approved_in_place_and_says_so(
    coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator)

    open_line(page, reviewed["Ama"])
    page.checkbox(key=f"approve-{reviewed['Ama'].id}-0").check().run()
    approved = lines(page)
    page.button(key="close-line").click().run()

    marked = [line.split("**")[1] for line in approved if ":green-badge[:material/check: Approved] | " in line]
    assert marked == ["Ama"]
    assert "Preview the emails to 1 person" in labels(page)
    assert list(page.checkbox) == []


def test_after_a_rematch_the_old_pair_says_with_whom_they_are_now_and_cannot_be_approved(
    page_session: Session, cohort: Cohort, coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    cy, ama = reviewed["Cy"], reviewed["Ama"]
    page_session.add(Proposal(cohort_id=cohort.id, mentor_id=cy.id, mentee_id=ama.id, status=ProposalStatus.DRAFT))

    page = open_page("matching_review", coordinator)

    (moved,) = [line for line in lines(page) if line.startswith("**Ama**")]
    assert moved.partition(" | ")[0].endswith(
        ":violet-badge[:material/swap_horiz: Moved to Cy] :blue-badge[Ready to send]"
    )
    assert "Approve all 1" in labels(page)
    open_line(page, ama)
    assert list(page.checkbox) == []


def test_the_screen_says_in_plain_words_how_texts_were_compared_and_names_the_way_only_when_asked(
    coordinator: Person, reviewed: dict[str, Enrolment]
) -> None:
    page = open_page("matching_review", coordinator)
    at_first = drawn(page)
    page.session_state["behind"] = True
    page.run()

    (line,) = [caption for caption in at_first.splitlines() if caption.startswith("Run of ")]
    assert line.rpartition(" · ")[2] in {"goals compared by meaning", "goals compared by shared words"}
    assert "were compared" not in at_first
    assert "Goals and work histories were compared" in drawn(page)
    assert "Way of comparing texts: `" in drawn(page)
