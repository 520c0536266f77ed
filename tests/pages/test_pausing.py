"""Taking a break and stopping, as people press it."""

from datetime import date

import pytest
from sqlmodel import Session, select
from time_machine import travel

from models.enrolments import Consent, EnrolmentStatus
from models.pairings import Pairing, PairingStatus
from models.pauses import PairingPause, Pause, PauseChoice
from services import departures, pauses
from tests.pages.opening import open_page
from tests.services.pairs import Pair, make_pair, share_all

TODAY = "2026-11-21T04:00:00+00:00"


def paused(session: Session) -> Pair:
    pair = make_pair(session)
    session.commit()
    pauses.pause(session, pair.mentor, return_on=date(2026, 12, 5))
    return pair


@pytest.mark.clause("U-C5.3")
def test_the_break_says_first_whom_it_concerns_and_keeps_the_day(page_session: Session) -> None:
    pair = make_pair(page_session)
    with travel(TODAY, tick=False):
        page = open_page("enrolment", pair.mentor_person, step="6")
        page.session_state["step"] = 6
        page.run()
        said = "\n".join(each.value for each in page.markdown)
        page.date_input(key="pause-until").set_value(date(2026, 12, 5)).run()
        page.button(key="pause").click().run()

    kept = page_session.exec(select(Pause)).one()
    assert not page.exception
    assert said.count("李伟 is told that you are taking a break") == 1
    assert (kept.planned_return_on, kept.ended_on) == (date(2026, 12, 5), None)


def test_a_day_that_has_come_while_the_page_stood_open_is_refused_and_not_replaced(page_session: Session) -> None:
    pair = make_pair(page_session)
    with travel("2026-11-21T15:58:00+00:00", tick=False):  # just before midnight in Shanghai
        page = open_page("enrolment", pair.mentor_person, step="6")
        page.session_state["step"] = 6
        page.run()
        page.date_input(key="pause-until").set_value(date(2026, 11, 22)).run()
    with travel("2026-11-21T16:02:00+00:00", tick=False):
        page.button(key="pause").click().run()

    assert not page.exception
    assert page_session.exec(select(Pause)).all() == []
    assert [each.value.startswith("The day of return is not in the future") for each in page.error] == [True]


def test_nor_is_the_day_that_a_coordinator_chose_for_somebody(page_session: Session) -> None:
    pair = make_pair(page_session)
    with travel("2026-11-21T15:58:00+00:00", tick=False):
        page = open_page("enrolments", pair.coordinator)
        page.radio(key="who").set_value(str(pair.mentor_enrolment.id)).run()
        page.button(key="Pause").click().run()
        page.date_input(key="rest-until").set_value(date(2026, 11, 22)).run()
    with travel("2026-11-21T16:02:00+00:00", tick=False):
        page.button(key="confirm").click().run()

    assert not page.exception
    assert page_session.exec(select(Pause)).all() == []
    assert [each.value.startswith("The day of return is not in the future") for each in page.error] == [True]


@pytest.mark.clause("U-C5.3")
def test_on_the_day_the_page_asks_and_one_press_answers(page_session: Session) -> None:
    with travel(TODAY, tick=False):
        pair = paused(page_session)
    with travel("2026-12-05T04:00:00+00:00", tick=False):
        page = open_page("enrolment", pair.mentor_person)
        headings = [each.value for each in page.header]
        page.button(key="resume").click().run()

    page_session.refresh(pair.mentor_enrolment)
    assert "Are you back?" in headings
    assert pair.mentor_enrolment.status is EnrolmentStatus.APPROVED


@pytest.mark.clause("U-C5.2", "U-C5.3")
@pytest.mark.parametrize(
    ("press", "choice", "status"),
    [("wait", PauseChoice.WAIT, PairingStatus.PAUSED), ("another", PauseChoice.ANOTHER, PairingStatus.ENDED)],
    ids=["wait", "another"],
)
def test_the_other_half_chooses_beside_the_pair(
    page_session: Session, press: str, choice: PauseChoice, status: PairingStatus
) -> None:
    with travel(TODAY, tick=False):
        pair = paused(page_session)
        page = open_page("my_match", pair.mentee_person)
        page.button(key=press).click().run()

    assert not page.exception
    assert page_session.exec(select(PairingPause)).one().choice is choice
    assert page_session.exec(select(Pairing)).one().status is status


def test_whoever_is_away_is_not_asked_to_choose(page_session: Session) -> None:
    with travel(TODAY, tick=False):
        pair = paused(page_session)
        page = open_page("my_match", pair.mentor_person)

    assert not page.exception
    assert [each.key for each in page.button if each.key in {"wait", "another", "note-contact"}] == []


@pytest.mark.clause("U-C5.3")
def test_home_offers_the_way_back_to_whoever_has_left(page_session: Session) -> None:
    with travel(TODAY, tick=False):
        pair = make_pair(page_session)
        page_session.commit()
        departures.withdraw(page_session, pair.mentor)
        page = open_page("home", pair.mentor_person)
        page.button(key=f"again-{pair.mentor_enrolment.id}").click().run()

    page_session.refresh(pair.mentor_enrolment)
    assert not page.exception
    assert pair.mentor_enrolment.status is EnrolmentStatus.DRAFT


@pytest.mark.clause("U-2")
def test_home_lets_whoever_has_no_place_any_more_take_back_what_they_agreed_to(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)
    pair.mentor_enrolment.status = EnrolmentStatus.DECLINED
    page = open_page("home", pair.mentor_person)

    page.button(key="take-back-all").click().run()

    assert [consent.withdrawn_at is None for consent in page_session.exec(select(Consent))] == [False] * 3
    assert [notice.value for notice in page.success] == ["Taken back. Should you enrol again, you are asked anew."]
    assert [button.key for button in page.button if button.key == "take-back-all"] == []
