"""Ways of working: the guide of a first meeting, a yes from both, and what a coordinator sees of it."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.meetings import MeetingRecord
from models.pairings import Expectation, PairingStatus, TopicMarks, WaysDraft, WaysOfWorking
from models.people import Person
from models.schemes import Channel
from pages import pair_guide
from services import expectations, topic_marks, ways_of_working
from services.topic_marks import Mark
from services.usual_times import Usual
from tests.factories import make_cohort, make_coordinator, make_pairing, make_participant
from tests.pages.opening import open_page
from tests.services.counting import reads, sent
from tests.services.pairs import Pair, make_pair, start_unnc

TERMS: dict[str, Any] = {
    "interval_days": 10,
    "minutes": 30,
    "months": 3,
    "channels": [Channel.EMAIL],
    "sections": {},
}
ANSWERS = {"lead": "mentee", "stuck": "asks", "frank": "plainly", "between": "word", "reply": "days"}


@pytest.fixture(autouse=True)
def _in_october() -> Any:
    with time_machine.travel(datetime(2026, 10, 9, 9, 0, tzinfo=UTC), tick=True):
        yield


def shown(page: AppTest) -> str:
    """Everything a person could read in the main part of the page."""
    kinds = (page.title, page.header, page.markdown, page.caption, page.info, page.success, page.error, page.text_area)
    return "\n".join(str(element.value).replace("\\", "") for kind in kinds for element in kind)


def at(step: str, page: AppTest) -> AppTest:
    page.button_group(key="step").set_value(step).run()
    return page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.main.button if button.label == label).click().run()
    return page


def agree(session: Session, pair: Pair, day: date = date(2026, 10, 9), **changes: Any) -> None:
    facts = TERMS | {"sections": {"boundaries": "No calls after nine."}} | changes
    number = ways_of_working.propose(session, pair.mentee, pair.pairing.id, **facts).number
    ways_of_working.confirm(session, pair.mentor, pair.pairing.id, number, today=day)


@pytest.mark.clause("A-MR2", "A-MR3", "U-C4.4", "U-C6.1", "U-C6.2")
def test_the_guide_leads_from_reading_to_a_yes_of_both(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("ways", pair.mentee_person)
    begun = shown(page)

    at(pair_guide.RHYTHM, page)
    page.number_input[0].set_value(10)
    page.selectbox[0].set_value("Tuesday")
    page.time_input[0].set_value(time(19, 30))
    press(page, "Save and go on")
    page.text_area[2].set_value("No *calls* after 21:00.")
    press(page, "Save and go on")
    page.text_area[1].set_value("Spring festival.")
    press(page, "Save and go on")
    draft = shown(page)
    press(page, "Send for agreement")
    sent = [notice.value for notice in page.success]
    theirs = open_page("ways", pair.mentor_person)
    asked = shown(theirs)
    theirs.button(key="agree-1").click().run()

    assert "The mentor listens, asks and challenges." in begun
    assert "Your scheme names no exception" in begun
    assert "**What you have filled in and not sent**" in draft
    assert sent == ["Proposed. It holds as soon as Marguerite Oyelaran agrees."]
    assert "李伟 proposes this and waits for your yes" in asked
    assert "Usually Tuesdays, 12:30 in London · 19:30 in Shanghai" in asked
    assert "No *calls* after 21:00." in asked
    assert [notice.value for notice in theirs.success] == ["Agreed. This is how you two work together from today."]
    kept = page_session.exec(select(WaysOfWorking)).one()
    assert (kept.interval_days, kept.usual_weekday, kept.usual_minute, kept.usual_zone) == (
        10,
        1,
        1170,
        "Asia/Shanghai",
    )
    assert (kept.covers, str(kept.in_force_from)) == (
        ["role", "confidentiality", "boundaries", "culture"],
        "2026-10-09",
    )
    assert page_session.exec(select(WaysDraft)).all() == []


@pytest.mark.clause("U-C4.4", "U-5")
def test_a_page_that_stood_open_past_midnight_agrees_from_the_day_of_the_press(page_session: Session) -> None:
    pair = make_pair(page_session)
    ways_of_working.propose(page_session, pair.mentee, pair.pairing.id, **TERMS)
    with time_machine.travel(datetime(2026, 10, 9, 15, 40, tzinfo=UTC), tick=True):
        page = open_page("ways", pair.mentor_person)

    with time_machine.travel(datetime(2026, 10, 9, 16, 20, tzinfo=UTC), tick=True):
        page.button(key="agree-1").click().run()

    assert [notice.value for notice in page.success] == ["Agreed. This is how you two work together from today."]
    assert page_session.exec(select(WaysOfWorking)).one().in_force_from == date(2026, 10, 10)


def test_a_page_that_stood_open_for_three_days_agrees_to_nothing_before_a_new_sign_in(page_session: Session) -> None:
    pair = make_pair(page_session)
    ways_of_working.propose(page_session, pair.mentee, pair.pairing.id, **TERMS)
    page = open_page("ways", pair.mentor_person)

    with time_machine.travel(datetime(2026, 10, 12, 9, 0, tzinfo=UTC), tick=True):
        page.button(key="agree-1").click().run()
        later = open_page("ways", pair.mentor_person)
        unsigned = page_session.exec(select(WaysOfWorking)).one().in_force_from
        later.button(key="agree-1").click().run()

    assert (list(page.success), unsigned) == ([], None)
    assert page_session.exec(select(WaysOfWorking)).one().in_force_from == date(2026, 10, 12)


def test_what_is_filled_in_is_kept_for_its_author_alone(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = at(pair_guide.ABOUT_US, open_page("ways", pair.mentee_person))
    page.text_area[0].set_value("I need captions.")
    press(page, "Save and go on")

    again = at(pair_guide.ABOUT_US, open_page("ways", pair.mentee_person))
    theirs = open_page("ways", pair.mentor_person)
    others = "".join(shown(at(step, theirs)) for step in pair_guide.STEPS)

    assert again.text_area[0].value == "I need captions."
    assert "captions" not in others
    press(at(pair_guide.CONFIRM, again), "Throw it away")
    assert page_session.exec(select(WaysDraft)).all() == []


def test_a_refusal_keeps_what_was_typed(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = at(pair_guide.RHYTHM, open_page("ways", pair.mentee_person))

    page.number_input[1].set_value(60)
    page.main.button_group[1].set_value([])
    press(page, "Save and go on")

    assert [error.value.replace("\\", "") for error in page.error] == [
        "No way of keeping in touch is chosen. Choose at least one."
    ]
    assert page.number_input[1].value == 60
    assert page_session.exec(select(WaysDraft)).all() == []


@pytest.mark.clause("U-C6.4")
def test_expectations_are_written_alone_and_then_stand_side_by_side(page_session: Session) -> None:
    pair = make_pair(page_session)
    expectations.write(page_session, pair.mentor, pair.pairing.id, ANSWERS | {"hope": "you surprise me"}, done=True)
    page = at(pair_guide.EXPECT, open_page("ways", pair.mentee_person))
    before = shown(page)

    for radio, answer in zip(page.radio, (ANSWERS | {"frank": "gently"}).values(), strict=True):
        radio.set_value(answer)
    page.text_area[0].set_value("I find my own voice")
    press(page, "I am done")

    after = shown(page)
    assert "Marguerite Oyelaran is done" in before
    assert "you surprise me" not in before
    assert (
        after.index("### Begin where you differ")
        < after.index("How plainly do we speak?")
        < after.index("### The rest")
    )
    assert "You: Gently, with time to come round to it" in after
    assert "Marguerite Oyelaran: you surprise me" in after


def test_expectations_with_an_answer_missing_are_not_done_but_can_be_saved(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = at(pair_guide.EXPECT, open_page("ways", pair.mentee_person))
    page.radio[0].set_value("mentee")

    press(page, "I am done")
    refused = [error.value.replace("\\", "") for error in page.error]
    press(page, "Save for later")

    assert [sentence.split(".")[0] for sentence in refused] == [
        "“When the mentee does not know what to do next, the mentor…” has no answer yet"
    ]
    assert [notice.value for notice in page.success] == ["Saved. Nobody else reads it."]
    assert page_session.exec(select(Expectation)).one().done_at is None


@pytest.mark.clause("A-MR4")
def test_a_mark_holds_at_once_and_the_mentor_sees_it(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = at(pair_guide.BOUNDARIES, open_page("ways", pair.mentee_person))

    page.multiselect(key=f"mark-ask_first-{pair.pairing.id}").set_value(["Health"]).run()
    page.multiselect(key=f"mark-off_limits-{pair.pairing.id}").set_value(["Health", "Politics"]).run()
    theirs = at(pair_guide.BOUNDARIES, open_page("ways", pair.mentor_person))

    assert page.multiselect(key=f"mark-ask_first-{pair.pairing.id}").value == []
    assert "**Off limits:** Health, Politics" in shown(theirs)
    assert list(theirs.multiselect) == []


@pytest.mark.clause("U-C4.4")
def test_the_version_of_any_day_can_be_asked_for(page_session: Session) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair, date(2026, 10, 5))
    agree(page_session, pair, interval_days=21)
    page = open_page("ways", pair.mentor_person)
    page.session_state["history"] = True
    page.run()

    held = {}
    for day in (date(2026, 10, 4), date(2026, 10, 6), date(2026, 10, 9)):
        page.date_input(key=f"held-{pair.pairing.id}").set_value(day).run()
        held[day.day] = page.main.expander[-1].markdown[-1].value.replace("\\", "").splitlines()[0]

    assert page.main.expander[-1].markdown[0].value == (
        "- Version 2: from 9 October, still in force\n- Version 1: from 5 October to 9 October"
    )
    assert held == {
        4: "On 4 October nothing was agreed yet: the scheme's rhythm held.",
        6: "**Version 1** held on 6 October.",
        9: "**Version 2** held on 9 October.",
    }


@pytest.mark.clause("A-SH5")
def test_after_the_end_everything_is_read_and_nothing_can_be_changed(page_session: Session) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()

    page = open_page("ways", pair.mentee_person)

    assert "No calls after nine." in shown(page)
    assert [button.label for button in page.main.button] == []
    assert [*page.text_area, *page.radio, *page.multiselect] == []


def test_a_missing_key_is_said_calmly_and_shows_nothing(page_session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair)
    row = page_session.exec(select(WaysOfWorking)).one()
    row.words = row.words[:-12] + "AAAAAAAAAAA="
    page_session.commit()

    page = open_page("ways", pair.mentee_person)

    assert not page.exception
    assert [error.value.replace("\\", "") for error in page.error] == [
        "This server no longer has the key that your words were kept with. "
        "Ask whoever runs it to put the old key back. Nothing is lost."
    ]


@pytest.mark.clause("U-8", "A-MR3", "U-C4.4")
def test_a_coordinator_sees_who_is_late_and_no_word(page_session: Session) -> None:
    cohort = start_unnc(page_session)
    met, settled = (
        make_pairing(page_session, cohort, mentee="Li Late"),
        make_pairing(page_session, cohort, mentee="Ama Agreed"),
    )
    page_session.add(held_on(datetime(2026, 9, 20, 9, tzinfo=UTC), met.id))
    mentee = make_participant(page_session, page_session.get_one(Enrolment, settled.mentee_id))
    page_session.commit()
    topic_marks.mark(page_session, mentee, settled.id, Mark.OFF_LIMITS, ["Secret family"])
    ways = WaysOfWorking(
        pairing_id=settled.id,
        edition=1,
        proposed_by=Side.MENTEE,
        interval_days=14,
        minutes=30,
        months=6,
        channels=["email"],
        covers=["role"],
        words="",
        in_force_from=date(2026, 10, 1),
    )
    page_session.add(ways)

    page = open_page("ways", make_coordinator(page_session, cohort))
    everybody = shown(page)
    page.button_group(key="state").set_value("late").run()
    late = shown(page)

    assert "Late" in everybody
    assert "Li Late" in late
    assert "First met on 20 September · was due by 4 October" in late
    assert "Ama Agreed" in everybody
    assert "Ama Agreed" not in late
    assert "Secret" not in everybody


def test_a_coordinator_without_any_pair_reads_when_pairs_appear(page_session: Session) -> None:
    cohort = make_cohort(page_session)

    page = open_page("ways", make_coordinator(page_session, cohort))

    assert [notice.value for notice in page.info] == [
        "There is no pair yet. Each appears here once its proposal is accepted."
    ]
    assert [link.proto.label for link in page.main.get("page_link")] == ["See the proposals"]
    assert list(page.main.text_input) == []


def held_on(started_at: datetime, pairing_id: Any) -> MeetingRecord:
    return MeetingRecord(
        pairing_id=pairing_id,
        side=Side.MENTEE,
        started_at=started_at,
        time_zone="UTC",
        duration_minutes=30,
        channel=Channel.WECHAT,
        happened=True,
        operation_id=pairing_id,
    )


def test_a_stranger_finds_no_pair_here(page_session: Session) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair)
    other = make_pairing(page_session, pair.cohort, mentor="Somebody Else", mentee="Nemo Nobody")
    nemo = page_session.get_one(Person, page_session.get_one(Enrolment, other.mentee_id).person_id)

    pages = [
        open_page("ways", nemo, match=str(pair.pairing.id)),
        open_page("ways", pair.coordinator),
        open_page("ways", None),
    ]

    assert [word for page in pages for word in ("nine", "No calls") if word in shown(page)] == []


@pytest.mark.parametrize("step", list(pair_guide.STEPS))
def test_each_step_asks_the_database_twelve_times_at_most(page_session: Session, step: str) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair)
    topic_marks.mark(page_session, pair.mentee, pair.pairing.id, Mark.OPEN, ["Work"])
    page = at(step, open_page("ways", pair.mentee_person))

    with sent(page_session) as statements:
        page.run()

    assert len(reads(statements)) <= 12


def test_nothing_of_a_pair_lies_readable_in_the_database(page_session: Session) -> None:
    pair = make_pair(page_session)
    agree(page_session, pair, usual=Usual(1, time(19), "Asia/Shanghai"))
    topic_marks.mark(page_session, pair.mentee, pair.pairing.id, Mark.OFF_LIMITS, ["Family"])
    expectations.write(page_session, pair.mentor, pair.pairing.id, ANSWERS | {"hope": "you surprise me"}, done=True)

    kept = [
        *page_session.exec(select(WaysOfWorking.words)),
        *page_session.exec(select(TopicMarks.words)),
        *page_session.exec(select(Expectation.words)),
    ]

    assert [words[:6] for words in kept] == ["gAAAAA"] * 3


@pytest.mark.clause("U-C4.4")
def test_a_coordinator_sets_the_days_on_people_and_schemes(page_session: Session) -> None:
    cohort = start_unnc(page_session)
    page = open_page("scheme_settings", make_coordinator(page_session, cohort))
    page.button_group(key="part").set_value("ways").run()
    before = page.number_input(key="ways-due-days").value

    page.number_input(key="ways-due-days").set_value(21)
    page.button(key="ways-due-save").click().run()
    first = [notice.value for notice in page.success]
    page.toggle(key="ways-due-set").set_value(False).run()
    page.button(key="ways-due-save").click().run()

    assert (before, first) == (14, ["Saved. A pair has 21 days after its first meeting."])
    assert [notice.value for notice in page.success] == ["Saved. No pair is late with its ways of working any more."]
    assert list(page.number_input) == []
