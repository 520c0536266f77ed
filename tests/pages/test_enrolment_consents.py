"""The Enrolment screen: consents, what else is shown to whom, and what the review says of it."""

import pytest
from sqlmodel import Session, col, select

from models.enrolments import Consent, ConsentPurpose, DirectoryChoice, SharedAnswer, Side
from pages.ui import plain
from services import consents, listing_choices, match_sharing
from tests.factories import make_consent, make_participant
from tests.pages.test_enrolment import a_draft, key, opened
from tests.services.counting import reads, sent


@pytest.mark.clause("U-1", "U-2")
def test_consents_are_off_and_work_the_moment_they_are_moved(page_session: Session) -> None:
    enrolment = a_draft(page_session, side=Side.MENTOR)
    page = opened(page_session, enrolment, step=5)
    before = [switch.value for switch in page.toggle]

    page.toggle(key=key(enrolment, "directory")).set_value(True).run()
    given = consents.given(page_session, enrolment.id)
    page_session.commit()
    page.toggle(key=key(enrolment, "directory")).set_value(False).run()

    assert before == [False] * 5
    assert given == {ConsentPurpose.DIRECTORY}
    assert [notice.value for notice in page.success] == ["Switched off. It is hidden from now on."]
    assert [box.label for box in page.expander] == [
        "About equality: optional, and never used for matching",
        "What I agreed to, and when",
    ]
    assert [consent.withdrawn_at is None for consent in page_session.exec(select(Consent))] == [False]


@pytest.mark.clause("U-1")
def test_a_listed_mentor_switches_on_one_more_answer_and_leaves_with_all_of_it(page_session: Session) -> None:
    mentor = a_draft(page_session, side=Side.MENTOR, organisation="Grid & Sons")
    page = opened(page_session, mentor, step=5)
    before = [switch.label for switch in page.toggle if "Also" in switch.label]

    page.toggle(key=key(mentor, "directory")).set_value(True).run()
    offered = [(switch.label, switch.value) for switch in page.toggle if "Also" in switch.label]
    page.toggle(key=key(mentor, "listing-organisation")).set_value(True).run()
    shown = [choice.is_on for choice in listing_choices.mine(page_session, make_participant(page_session, mentor))]
    page.toggle(key=key(mentor, "directory")).set_value(False).run()

    labels = [
        f"Also show\\: {words}" for words in ("Where I work", "What I am glad to give", "Languages I could talk in")
    ]
    assert (before, offered, shown) == ([], [(label, False) for label in labels], [True, False, False])
    assert [choice.withdrawn_at is None for choice in page_session.exec(select(DirectoryChoice))] == [False]
    assert [switch.label for switch in page.toggle if "Also" in switch.label] == []


@pytest.mark.clause("U-2", "U-C4.2")
def test_what_was_agreed_to_is_told_in_the_words_of_its_day_when_somebody_opens_it(page_session: Session) -> None:
    mentee = a_draft(page_session)
    actor = make_participant(page_session, mentee)
    page_session.commit()
    consents.give(page_session, actor, ConsentPurpose.SHARE_EMAIL)
    match_sharing.share(page_session, actor, "needs")
    match_sharing.keep_back(page_session, actor, "needs")
    page = opened(page_session, mentee, step=5)
    closed = [block.value for block in page.markdown if "Given on" in block.value]

    page.session_state["agreed"] = True
    page.run()

    told = [block.value.replace("\\", "") for block in page.markdown if "Given on" in block.value]
    assert closed == []
    assert [line.split("  \n")[0] for line in told] == [
        "**Share with my mentor: What would help you to get the most out of it**",
        "**Share my email address with the other half of my pair**",
    ]
    assert [", withdrawn on " in line for line in told] == [True, False]


@pytest.mark.parametrize(("step", "most"), [(1, 6), (5, 12), (6, 12)])
def test_a_mentor_with_every_kind_of_choice_opens_each_step_with_few_questions_to_the_database(
    page_session: Session, step: int, most: int
) -> None:
    mentor = a_draft(page_session, side=Side.MENTOR, organisation="Grid & Sons")
    actor = make_participant(page_session, mentor)
    make_consent(page_session, mentor, ConsentPurpose.DIRECTORY)
    page_session.commit()
    listing_choices.show(page_session, actor, "organisation")
    match_sharing.share(page_session, actor, "support")
    page = opened(page_session, mentor, step=step)

    with sent(page_session) as statements:
        page.run()

    assert len(reads(statements)) <= most


@pytest.mark.clause("U-C4.2", "U-C4.3")
def test_a_mentee_shares_an_answer_with_their_match_by_its_own_switch_and_takes_it_back(page_session: Session) -> None:
    mentee = a_draft(page_session, answers={"needs": "Written *notes*."})
    page = opened(page_session, mentee, step=5)
    before = [(switch.label, switch.value) for switch in page.toggle if "Share with" in switch.label]
    told = [line.value for line in page.caption if "Your answer now" in line.value]

    page.toggle(key=key(mentee, "sharing-needs")).set_value(True).run()
    on = page_session.exec(select(SharedAnswer.field_key).where(col(SharedAnswer.withdrawn_at).is_(None))).all()
    page_session.commit()
    page.toggle(key=key(mentee, "sharing-needs")).set_value(False).run()
    off = page_session.exec(select(SharedAnswer.field_key).where(col(SharedAnswer.withdrawn_at).is_(None))).all()

    questions = (
        "What would help you to get the most out of it",
        "What you would like your mentor to know about your background",
        "What you would like from a mentor",
    )
    assert before == [(f"Share with my mentor\\: {question}", False) for question in questions]
    assert told == [plain("Your answer now: Written *notes*.")]
    assert (on, off) == (["needs"], [])
    assert [notice.value for notice in page.success] == ["Switched off. It is hidden from now on."]


def test_the_review_tells_every_choice_about_a_single_answer(page_session: Session) -> None:
    mentor = a_draft(page_session, side=Side.MENTOR, organisation="Grid & Sons")
    actor = make_participant(page_session, mentor)
    make_consent(page_session, mentor, ConsentPurpose.DIRECTORY)
    page_session.commit()
    listing_choices.show(page_session, actor, "organisation")
    match_sharing.share(page_session, actor, "support")

    page = opened(page_session, mentor, step=6)

    lines = [line for block in page.markdown if "Also show" in block.value for line in block.value.split("  \n")]
    assert [line.replace("\\", "") for line in lines if "show" in line or "with my mentee" in line] == [
        "Also show: Where I work: **on**",
        "Also show: What I am glad to give: **off**",
        "Also show: Languages I could talk in: **off**",
        "Share with my mentee: What you are glad to give: **on**",
    ]
