"""The screens of two people whose calendars never show the same day, and of whoever looks past midnight."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import streamlit as st
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest
from time_machine import travel

from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Contact
from models.schemes import Channel
from pages import form_parts, pausing, ui
from services import ways_of_working
from services.access import DESK
from tests.factories import make_scheme
from tests.pages.opening import open_page
from tests.services.pairs import Pair, make_pair

# Half past midnight on the 26th in Kiritimati, half past eleven in the evening of the 24th in Pago Pago.
NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
LATE = datetime(2026, 11, 25, 23, 58, tzinfo=UTC)


def matched(session: Session, scheme_zone: str, mentors: str, mentees: str, released_at: datetime) -> Pair:
    pair = make_pair(session, scheme=make_scheme(session, time_zone=scheme_zone), released_at=released_at)
    pair.mentor_person.time_zone, pair.mentee_person.time_zone = mentors, mentees
    session.commit()
    return pair


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.main.button if button.label == label).click().run()


def test_both_forms_take_the_day_that_each_persons_own_calendar_shows(page_session: Session) -> None:
    with travel(NOW, tick=True):
        pair = matched(page_session, EAST, EAST, WEST, NOW - timedelta(minutes=9))
        for person in (pair.mentee_person, pair.mentor_person):
            page = open_page("my_match", person)
            press(page, str(page.button(key="note-contact").label))
            press(open_page("meetings", person), "Save my record")

    contacts = page_session.exec(select(Contact).order_by(col(Contact.contact_on))).all()
    assert [(each.noted_by, each.contact_on.day) for each in contacts] == [(Side.MENTEE, 24), (Side.MENTOR, 26)]
    assert len(page_session.exec(select(MeetingRecord)).all()) == 2


def test_what_was_agreed_just_now_holds_today_also_where_it_is_still_yesterday(page_session: Session) -> None:
    with travel(NOW, tick=True):
        pair = matched(page_session, EAST, EAST, WEST, NOW - timedelta(days=9))
        terms: dict[str, Any] = {"interval_days": 14, "minutes": 45, "months": 6, "channels": [Channel.EMAIL]}
        ways_of_working.propose(page_session, pair.mentee, pair.pairing.id, sections={}, **terms)
        ways_of_working.confirm(page_session, pair.mentor, pair.pairing.id, 1)
        page = open_page("ways", pair.mentee_person)
        page.session_state["history"] = True
        page.run()

    assert page.date_input(key=f"held-{pair.pairing.id}").value == date(2026, 11, 26)
    assert page.main.expander[-1].markdown[-1].value.startswith("**Version 1** held on 26 November.")


def test_a_page_left_open_past_midnight_notes_the_day_that_it_shows(page_session: Session) -> None:
    with travel(LATE, tick=True):
        pair = matched(page_session, "UTC", "UTC", "UTC", LATE - timedelta(days=9))
        page = open_page("my_match", pair.mentee_person)
    with travel(LATE + timedelta(minutes=4), tick=True):
        shown = page.date_input(key=f"day-{pair.pairing.id}").value
        press(page, str(page.button(key="note-contact").label))

    assert (shown, page_session.exec(select(Contact)).one().contact_on) == (date(2026, 11, 25), shown)


@pytest.mark.parametrize(
    ("told", "shown"),
    [("Asia/Kathmandu", "16:15"), ("Asia/Calcutta", "16:00"), ("Etc/GMT+5", "05:30")]
    + [(unknown, "23:30") for unknown in ("Etc/Unknown", "../../etc/passwd", "America", "", None)],
    ids=str,
)
def test_a_zone_that_a_browser_makes_up_stops_no_form(monkeypatch: pytest.MonkeyPatch, told: str, shown: str) -> None:
    monkeypatch.setattr(type(st.context), "timezone", told)

    with travel(NOW, tick=False):
        assert form_parts.clock(replace(DESK, time_zone=WEST)) == shown


def test_until_when_leaving_can_be_taken_back_is_said_by_the_readers_clock() -> None:
    over = datetime(2026, 11, 26, 16, tzinfo=UTC)  # midnight in Shanghai, where the scheme is
    readers = ("Asia/Shanghai", None, "Europe/London")

    said = [pausing.until_then(replace(DESK, time_zone=zone), over).replace("\\", "") for zone in readers]

    assert said == ["until midnight", "until midnight", "until Thursday 26 November, 16:00 in London"]


def test_a_day_on_a_screen_is_the_readers() -> None:
    readers = (EAST, WEST, None)

    with travel(NOW, tick=False):
        days = [ui.day_for(replace(DESK, time_zone=zone), NOW) for zone in readers]

    assert days == ["26 November", "24 November", "25 November"]
