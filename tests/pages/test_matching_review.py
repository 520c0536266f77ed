"""The matching review: run, look, approve, see every email, send; and whom it shows nothing."""

from typing import Any, cast

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Conflict, Enrolment, Side
from models.matching import MatchingRun, PairRule, Proposal, ProposalStatus, RunPair
from models.messages import Message
from models.people import Person
from models.schemes import Cohort, Scheme
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
from tests.services.counting import reads, sent
from tests.services.matching.run_parts import TODAY, mentee, mentor


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


def choose_several(page: AppTest) -> None:
    page.toggle(key="several-pairs").set_value(True).run()


def tick(page: AppTest, person: Enrolment) -> None:
    choose_several(page)
    page.checkbox(key=f"approve-{person.id}-0").check().run()


def lines(page: AppTest) -> list[str]:
    """Each line of the list with what stands under it."""
    return [
        f"{words} | {caption}"
        for group in page.radio
        if group.label == "Open a pair"
        for words, caption in zip(group.options, group.proto.captions, strict=True)
    ]


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
    assert page.main.caption[0].value.endswith("· 1 of 2 mentees matched from 1 open place · no better choice exists")
    assert page.main.markdown[0].value == "**1 mentee has no mentor\\: 2 mentees share 1 place\\.**"
    assert lines(page) == [
        "**Dan** has no mentor in this run | All places are taken\\: 2 mentees share 1 place with the one mentor who "
        "is ready\\. The smallest change: one more mentor who is ready.",
        "**Ama** with **Bo** · 100 % of the possible :orange-badge[:material/warning: Only one shared channel\\: "
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


def drawn(page: AppTest) -> str:
    return "\n".join(texts(page))


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

    assert "were compared" not in at_first
    assert "Goals and work histories were compared" in drawn(page)
    assert "Way of comparing texts: `" in drawn(page)
