"""My match: how to reach each other, what comes next, and how either ends it."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
import segno
import time_machine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, Pairing, PairingStatus
from models.people import Person
from models.schemes import Channel
from pages.ui import plain
from services import match_sharing, meetings, topic_marks, ways_of_working
from services.access import Actor
from services.topic_marks import Mark
from services.usual_times import Usual
from tests.factories import make_document, make_enrolment, make_pairing, make_participant
from tests.pages.opening import open_page
from tests.services.counting import reads, sent
from tests.services.pairs import SECRETS, Pair, make_pair, share_all, start_unnc


@pytest.fixture(autouse=True)
def _in_october() -> Any:
    with time_machine.travel(datetime(2026, 10, 9, 9, 0, tzinfo=UTC), tick=True):
        yield


def shown(page: AppTest) -> str:
    """Everything a person could read in the main part of the page."""
    kinds = (page.title, page.header, page.markdown, page.caption, page.info, page.success, page.error)
    return "\n".join(str(element.value).replace("\\", "") for kind in kinds for element in kind)


def found(page: AppTest, words: list[str] | tuple[str, ...]) -> list[str]:
    text = shown(page)
    return [word for word in words if word in text]


@pytest.mark.clause("U-2", "A-ME1")
def test_a_mentee_reads_who_it_is_how_to_reach_them_and_what_comes_next(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)

    page = open_page("my_match", pair.mentee_person)

    assert [title.value for title in page.title] == ["Your mentor, Marguerite Oyelaran"]
    assert page.main.caption[0].value.replace("\\", "") == (
        "Matched on 2 October · month 1 of 6 · next contact expected by Friday 16 October"
    )
    assert found(page, SECRETS) == list(SECRETS[:3])
    assert [button.label for button in page.main.button if button.proto.type == "primary"] == [
        "I have contacted my mentor"
    ]


@pytest.mark.clause("A-ME1", "U-5")
def test_one_tap_notes_the_first_contact(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("my_match", pair.mentee_person)

    page.button(key="note-contact").click().run()

    assert [notice.value for notice in page.success] == ["Noted: you were in touch by email on 9 October."]
    noted = page_session.exec(select(Contact)).one()
    assert (noted.noted_by, noted.channel, str(noted.contact_on)) == (Side.MENTEE, Channel.EMAIL, "2026-10-09")
    assert page.button(key="note-contact").label == "We were in touch"


@pytest.mark.clause("U-2", "A-SH5")
def test_an_ended_match_shows_a_name_and_no_way_to_reach_it(page_session: Session) -> None:
    pair = make_pair(page_session, status=PairingStatus.ENDED, ended_at=utc_now())
    share_all(page_session, pair.mentor_enrolment)

    page = open_page("my_match", pair.mentee_person)

    assert [title.value for title in page.title] == ["Your mentor, Marguerite Oyelaran"]
    assert page.main.caption[0].value == "Matched on 2 October · ended on 9 October"
    assert found(page, (*SECRETS, "Ten years of grid projects")) == []
    assert list(page.main.button) == []
    assert list(page.main.expander) == []


@pytest.mark.clause("U-2")
def test_a_consent_taken_back_hides_the_detail_at_the_next_run(page_session: Session) -> None:
    pair = make_pair(page_session)
    consents = share_all(page_session, pair.mentor_enrolment)
    page = open_page("my_match", pair.mentee_person)
    before = found(page, SECRETS)

    for consent in consents:
        consent.withdrawn_at = utc_now()
    page.run()

    assert (before, found(page, SECRETS)) == (list(SECRETS[:3]), [])


@pytest.mark.clause("A-SH5")
def test_ending_asks_once_more_and_then_closes_everything(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)
    page = open_page("my_match", pair.mentee_person)
    page.session_state["end-open"] = True
    page.run()
    asked_first = page.button(key="end").disabled

    page.selectbox(key=f"reason-{pair.pairing.id}").select(EndReason.HELP_RECEIVED)
    page.checkbox(key=f"sure-{pair.pairing.id}").check().run()
    page.button(key="end").click().run()

    assert asked_first
    assert [notice.value for notice in page.success] == [
        "Your mentoring with Marguerite Oyelaran has ended. Thank you for the time you gave it."
    ]
    kept = page_session.exec(select(Pairing)).one()
    assert (kept.status, kept.end_reason, kept.ended_by) == (
        PairingStatus.ENDED,
        EndReason.HELP_RECEIVED,
        Side.MENTEE,
    )
    assert found(page, SECRETS) == []


@pytest.mark.clause("U-C4.4", "A-MR4")
def test_a_card_says_what_holds_between_the_two_and_never_the_words(page_session: Session) -> None:
    pair = make_pair(page_session)
    topic_marks.mark(page_session, pair.mentee, pair.pairing.id, Mark.OFF_LIMITS, ["Family"])
    ways_of_working.propose(
        page_session,
        pair.mentee,
        pair.pairing.id,
        interval_days=10,
        minutes=30,
        months=3,
        channels=[Channel.EMAIL],
        sections={"boundaries": "No calls after nine."},
        usual=Usual(1, time(19), "Asia/Shanghai"),
    )
    waiting = shown(open_page("my_match", pair.mentor_person))
    ways_of_working.confirm(page_session, pair.mentor, pair.pairing.id, 1, today=date(2026, 10, 9))

    agreed = shown(open_page("my_match", pair.mentor_person))

    assert ":orange-badge[:material/pending_actions: Waits for your yes]" in waiting
    assert ":green-badge[:material/check: Agreed by both, since 9 October]" in agreed
    assert "Every 10 days, 30 minutes, for 3 months, by email" in agreed
    assert "Usually Tuesdays, 12:00 in London · 19:00 in Shanghai" in agreed
    assert "**Off limits:** Family" in agreed
    assert "nine" not in waiting + agreed


@pytest.mark.clause("U-8", "U-8a", "U-8b", "U-8c")
def test_before_the_first_contact_the_mentee_reads_every_exception_of_the_scheme(page_session: Session) -> None:
    cohort = start_unnc(page_session)
    pairing = make_pairing(page_session, cohort)
    mentee = page_session.get_one(Person, page_session.get_one(Enrolment, pairing.mentee_id).person_id)

    page = open_page("my_match", mentee)

    words = shown(page)
    assert "The scheme names 3 cases in which the mentor may have to speak, and no others" in words
    assert [key for key in ("(U-8a)", "(U-8b)", "(U-8c)") if key in words] == ["(U-8a)", "(U-8b)", "(U-8c)"]
    assert "could harm themselves or somebody else" in words


@pytest.mark.clause("U-8", "A-MR3")
def test_a_scheme_without_exceptions_says_that_there_is_none(page_session: Session) -> None:
    pair = make_pair(page_session)

    page = open_page("my_match", pair.mentee_person)

    assert "Your scheme names no exception" in shown(page)


@pytest.mark.clause("A-ME1", "U-9")
def test_before_the_signature_the_first_step_is_to_read_and_sign(page_session: Session) -> None:
    pair = make_pair(page_session)
    make_document(page_session, pair.scheme.id)
    page_session.commit()

    page = open_page("my_match", pair.mentee_person)

    assert "**There is something to read and sign before you begin. It takes a few minutes.**" in shown(page)
    assert "note-contact" not in [button.key for button in page.button]


@pytest.mark.clause("A-SH6")
def test_the_newest_of_ones_own_record_stand_here_with_the_number_that_only_the_other_has(
    page_session: Session,
) -> None:
    pair = make_pair(page_session)
    for day in (3, 4, 5, 6):
        met(page_session, pair, pair.mentor, datetime(2026, 10, day, 9, 0, tzinfo=UTC), 30)
    for day in (5, 7, 8):
        met(page_session, pair, pair.mentee, datetime(2026, 10, day, 9, 17, tzinfo=UTC), 52)

    words = shown(open_page("my_match", pair.mentor_person))

    for line in (
        "**Tuesday 6 October, 10:00 in London · 17:00 in Shanghai** · 30 minutes by email "
        ":gray-badge[:material/person: Not yet in 李伟's record]",
        ":green-badge[:material/check: Both agree] but not on how long it was",
        "1 earlier under Meetings",
        "李伟 has recorded 2 meetings that are not in your record. Did you meet? Record yours, one at a time.",
        "Last contact: you met on Tuesday 6 October.",
    ):
        assert line in words
    hidden = ("52 minutes", "17:17", "10:17", "7 October", "8 October", "20 October", "22 October", "next contact")
    assert [each for each in hidden if each in words] == []


def met(session: Session, pair: Pair, actor: Actor, at: datetime, minutes: int) -> None:
    meetings.log(
        session,
        actor,
        pair.pairing.id,
        started_at=at,
        time_zone="Asia/Shanghai",
        duration_minutes=minutes,
        channel=Channel.EMAIL,
        happened=True,
        began_on_time=True,
        operation_id=uuid4(),
    )


@pytest.mark.clause("U-C2.4")
def test_a_wechat_id_that_is_released_can_be_scanned_and_is_drawn_only_when_asked_for(page_session: Session) -> None:
    pair = make_pair(page_session)
    consents = share_all(page_session, pair.mentor_enrolment)
    page = open_page("my_match", pair.mentee_person)
    closed = page.get("image")

    page.session_state[f"qr-{pair.pairing.id}"] = True
    page.run()
    (drawn,) = page.get("image")
    picture = drawn.proto.imgs[0]
    consents[-1].withdrawn_at = utc_now()
    page.run()

    assert list(closed) == []
    assert picture.url == segno.make("marguerite_o", error="m", micro=False).svg_data_uri(
        scale=6, border=4, dark="#000", light="#fff"
    )
    assert picture.alt == "QR code of Marguerite Oyelaran's WeChat ID"
    assert list(page.get("image")) == []


def test_what_people_write_is_shown_as_text(page_session: Session) -> None:
    pair = make_pair(page_session)
    pair.mentor_person.full_name = "![x](https://example.org/x.png) $\\rule{9em}{9em}$"
    pair.mentor_enrolment.summary = "<img src=x> **bold**"

    page = open_page("my_match", pair.mentee_person)

    assert page.title[0].value == f"Your mentor, {plain(pair.mentor_person.full_name)}"
    written = [element.value.split("\n\n") for element in page.markdown if "bold" in element.value]
    assert [r"\<img src\=x\> \*\*bold\*\*" in paragraphs for paragraphs in written] == [True]


def test_with_several_mentees_a_mentor_chooses_whom_to_look_at(page_session: Session) -> None:
    pair = make_pair(page_session)
    ama = make_enrolment(page_session, pair.cohort, name="Ama Boateng")
    other = make_pairing(page_session, pair.cohort, mentor=pair.mentor_enrolment, mentee=ama)

    page = open_page("my_match", pair.mentor_person)
    first = page.title[0].value
    page.selectbox(key="match").select(str(pair.pairing.id)).run()

    assert (first, page.title[0].value) == ("Your mentee, Ama Boateng", "Your mentee, 李伟")
    assert page.selectbox(key="match").options == ["Ama Boateng", "李伟"]
    assert str(other.id) != page.selectbox(key="match").value


def test_without_a_match_the_page_says_what_comes_next(page_session: Session) -> None:
    pair = make_pair(page_session)
    waiting = make_enrolment(page_session, pair.cohort)
    person = page_session.get_one(type(pair.mentor_person), waiting.person_id)

    page = open_page("my_match", person)

    assert [title.value for title in page.title] == ["My match"]
    assert [notice.value for notice in page.info] == [
        "You have no match yet. You get an email as soon as there is something to decide; Proposals shows it too."
    ]


def test_a_coordinator_finds_no_pair_here(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)
    share_all(page_session, pair.mentee_enrolment)

    page = open_page("my_match", pair.coordinator)

    assert found(page, (*SECRETS, "Marguerite")) == []


def test_a_visitor_is_asked_to_sign_in(page_session: Session) -> None:
    make_pair(page_session)
    page_session.commit()

    page = open_page("my_match", None)

    assert found(page, (*SECRETS, "Marguerite")) == []


def test_the_page_asks_the_database_twelve_times_at_most(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)
    edition = ways_of_working.propose(
        page_session,
        pair.mentor,
        pair.pairing.id,
        interval_days=7,
        minutes=30,
        months=3,
        channels=[Channel.EMAIL],
        sections={},
    )
    page_session.add_all(
        MeetingRecord(
            pairing_id=pair.pairing.id,
            side=side,
            started_at=datetime(2026, 10, 5 + day, 9, tzinfo=UTC),
            time_zone="UTC",
            duration_minutes=30,
            channel=Channel.EMAIL,
            operation_id=make_enrolment(page_session, pair.cohort).id,
        )
        for side in Side
        for day in range(3)
    )
    page = open_page("my_match", pair.mentee_person)

    with sent(page_session) as statements:
        page.run()

    assert edition.number == 1
    assert len(reads(statements)) <= 12


@pytest.mark.clause("U-C4.2", "U-C4.3", "A-SH3")
def test_a_match_reads_what_the_other_form_says_it_sees_and_what_is_shared_only_while_it_is(
    page_session: Session,
) -> None:
    cohort = start_unnc(page_session)
    told = {"year_of_study": "Year *3*", "needs": "Written notes.", "background": "First of my family."}
    mentee = make_enrolment(page_session, cohort, name="Helena Fischer", answers=told)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR, name="Bo Lindqvist")
    make_pairing(page_session, cohort, mentor=mentor, mentee=mentee)
    person = page_session.get_one(Person, mentee.person_id)
    person.called, person.pronouns = "Lena", "she/her"
    actor = make_participant(page_session, mentee)
    page_session.commit()
    match_sharing.share(page_session, actor, "needs")

    page = open_page("my_match", page_session.get_one(Person, mentor.person_id))
    before = shown(page)
    match_sharing.keep_back(page_session, actor, "needs")
    page.run()

    about = "## About Helena Fischer\n\nYear of study: Year *3*  \nAims for: Counsel  \nInterested in: energy  \n"
    shared = ":small[:gray[Helena Fischer chose to share this with you:]]\n\nWhat helps them: Written notes."
    assert "## Helena Fischer\n\nTo be called: Lena · she/her" in before
    assert [text in before for text in (about, shared, "First of my family")] == [True, True, False]
    assert [text in shown(page) for text in ("## About Helena Fischer", "chose to share", "Written notes")] == [
        True,
        False,
        False,
    ]


@pytest.mark.clause("A-SH5")
def test_what_a_form_told_a_match_is_gone_with_the_match(page_session: Session) -> None:
    cohort = start_unnc(page_session)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR, name="Bo Lindqvist", organisation="Grid & Sons")
    mentee = make_enrolment(page_session, cohort)
    pairing = make_pairing(page_session, cohort, mentor=mentor, mentee=mentee)
    page = open_page("my_match", page_session.get_one(Person, mentee.person_id))
    before = "Works at: Grid & Sons" in shown(page).replace("&amp;", "&")

    pairing.status, pairing.ended_at = PairingStatus.ENDED, utc_now()
    page.run()

    assert before
    assert found(page, ("About Bo", "Grid", "Works at", "Languages")) == []
