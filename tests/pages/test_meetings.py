"""Meetings: one's own record in half a minute, and whether the other side's agrees."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import PairingStatus
from models.people import Person
from models.schemes import Channel
from services import meetings
from services.access import Actor
from tests.factories import make_enrolment, make_pairing
from tests.pages.opening import open_page
from tests.services.pairs import SECRETS, Pair, make_pair, share_all

START = datetime(2026, 10, 20, 11, 0, tzinfo=UTC)  # 19:00 in Shanghai, 12:00 in London


@pytest.fixture(autouse=True)
def _in_october() -> Any:
    with time_machine.travel(datetime(2026, 10, 30, 9, 2, tzinfo=UTC), tick=True):
        yield


def field(page: AppTest, kind: str, name: str) -> Any:
    """A field of the record's form, whose key goes on with the form's own id."""
    return next(element for element in getattr(page, kind) if str(element.key).startswith(f"{name}-"))


def save(page: AppTest) -> None:
    next(button for button in page.button if button.label == "Save my record").click().run()


def shown(page: AppTest) -> str:
    kinds = (page.main.title, page.main.header, page.main.markdown, page.main.caption, page.main.info, page.success)
    return "\n".join(str(element.value).replace("\\", "") for kind in kinds for element in kind)


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in page.error]


def noted(session: Session, pair: Pair, actor: Actor, **changes: Any) -> meetings.Noted:
    facts: dict[str, Any] = {
        "started_at": START,
        "time_zone": "Asia/Shanghai",
        "duration_minutes": 45,
        "channel": Channel.WECHAT,
        "happened": True,
        "began_on_time": True,
        "operation_id": uuid4(),
    }
    return meetings.log(session, actor, pair.pairing.id, **(facts | changes))


def stored(session: Session) -> list[MeetingRecord]:
    return list(session.exec(select(MeetingRecord).order_by("created_at")))


@pytest.mark.clause("A-SH6")
def test_a_meeting_that_is_just_over_takes_one_press(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("meetings", pair.mentee_person)

    save(page)

    # 45 minutes before 17:02 in Shanghai, to five minutes.
    assert [notice.value.replace("\\", "") for notice in page.success] == [
        "Saved: Friday 30 October, 16:15 in Shanghai, 45 minutes by telephone."
    ]
    facts = [(row.side, row.started_at, row.duration_minutes, row.happened) for row in stored(page_session)]
    assert facts == [(Side.MENTEE, datetime(2026, 10, 30, 8, 15, tzinfo=UTC), 45, True)]
    assert "45 minutes by telephone :gray-badge[:material/person: Not yet in Marguerite Oyelaran's record]" in shown(
        page
    )


@pytest.mark.clause("A-SH6", "A-SH4")
def test_ones_own_record_stands_in_both_zones_with_the_state_and_nothing_of_the_others(page_session: Session) -> None:
    pair = make_pair(page_session)
    noted(page_session, pair, pair.mentor, duration_minutes=23, began_on_time=False)
    noted(page_session, pair, pair.mentor, started_at=START + timedelta(days=2, minutes=3), duration_minutes=23)

    page = open_page("meetings", pair.mentee_person)
    field(page, "date_input", "day").set_value(date(2026, 10, 20))
    field(page, "time_input", "at").set_value(time(19, 10))
    field(page, "number_input", "minutes").set_value(40)
    save(page)

    lines = shown(page)
    assert (
        "**Tuesday 20 October, 19:10 in Shanghai · 12:10 in London** · 40 minutes by telephone "
        ":green-badge[:material/check: Both agree] but not on how long it was"
    ) in lines
    assert (
        "Marguerite Oyelaran has recorded one meeting that is not in your record. Did you meet? Record yours." in lines
    )
    assert [words for words in ("23", "WeChat", "late", "19:00", "19:03", "22 October") if words in lines] == []


@pytest.mark.clause("A-SH6")
def test_two_records_that_differ_say_in_what_and_not_what_the_other_says(page_session: Session) -> None:
    pair = make_pair(page_session)
    for day in (0, 1):
        noted(page_session, pair, pair.mentee, started_at=START + timedelta(days=day))
    noted(page_session, pair, pair.mentor, started_at=START + timedelta(hours=2, minutes=3), duration_minutes=23)
    noted(page_session, pair, pair.mentor, started_at=START + timedelta(days=1), happened=False)
    for day in (4, 5):
        noted(page_session, pair, pair.mentor, started_at=START + timedelta(days=day))

    lines = shown(open_page("meetings", pair.mentee_person))

    differ = ":orange-badge[:material/difference: Records differ]"
    assert f"45 minutes by WeChat {differ} on when it began and how long it was" in lines
    assert f"45 minutes by WeChat {differ} on whether it took place" in lines
    assert "recorded 2 meetings that are not in your record. Did you meet? Record yours, one at a time." in lines
    assert [words for words in ("23", "21:03", "did not take place", "24 October") if words in lines] == []


def test_the_form_is_never_filled_from_the_other_sides_record(page_session: Session) -> None:
    pair = make_pair(page_session)
    noted(page_session, pair, pair.mentor, duration_minutes=25)

    page = open_page("meetings", pair.mentee_person)

    values = [
        field(page, kind, name).value
        for kind, name in (("date_input", "day"), ("time_input", "at"), ("number_input", "minutes"))
    ]
    assert values == [date(2026, 10, 30), time(16, 15), 45]


def test_a_remote_scheme_offers_no_meeting_in_person(page_session: Session) -> None:
    pair = make_pair(page_session)

    page = open_page("meetings", pair.mentee_person)

    assert field(page, "button_group", "how").options == [":violet[Email]", ":violet[Telephone]", ":violet[WeChat]"]


def test_a_refusal_is_drawn_and_keeps_what_was_typed(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("meetings", pair.mentee_person)

    field(page, "date_input", "day").set_value(date(2026, 9, 1))
    field(page, "number_input", "minutes").set_value(33)
    save(page)

    assert errors(page) == ["A meeting cannot be before you two were matched. Check the date and the time."]
    assert field(page, "number_input", "minutes").value == 33
    assert stored(page_session) == []


def test_a_time_that_clocks_showed_twice_is_asked_about(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("meetings", pair.mentor_person)  # London went back on 25 October 2026

    field(page, "date_input", "day").set_value(date(2026, 10, 25))
    field(page, "time_input", "at").set_value(time(1, 30))
    save(page)
    asked = errors(page)
    field(page, "radio", "which").set_value(True)
    save(page)

    assert asked == [
        "There were two times 01:30 on 25 October 2026 in London: the clocks went back. Choose the first or the second."
    ]
    assert [row.started_at for row in stored(page_session)] == [datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]


def test_ones_own_record_can_be_put_right(page_session: Session) -> None:
    pair = make_pair(page_session)
    mine = noted(page_session, pair, pair.mentee, began_on_time=None)
    page = open_page("meetings", pair.mentee_person)

    page.session_state["own-records"] = True
    page.run()
    page.selectbox(key="to_correct").select(str(mine.id)).run()
    before = (field(page, "time_input", "at").value, field(page, "button_group", "held").value)
    field(page, "number_input", "minutes").set_value(50)
    save(page)

    assert before == (time(19, 0), "Yes, time unsure")
    assert [(row.id, row.started_at, row.duration_minutes) for row in stored(page_session)] == [(mine.id, START, 50)]
    assert "Record a meeting" in shown(page)


def test_the_other_sides_record_is_not_offered_to_correct(page_session: Session) -> None:
    pair = make_pair(page_session)
    noted(page_session, pair, pair.mentor)

    page = open_page("meetings", pair.mentee_person)

    assert [button.label for button in page.main.button] == ["Save my record"]
    assert [box.label for box in page.main.selectbox] == ["Time zone"]
    assert list(page.main.expander) == []


@pytest.mark.clause("A-SH5", "A-SH6")
def test_after_the_end_ones_own_record_can_still_be_read_and_downloaded(page_session: Session) -> None:
    pair = make_pair(page_session)
    noted(page_session, pair, pair.mentor, started_at=START + timedelta(days=1))
    noted(page_session, pair, pair.mentee)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()

    page = open_page("meetings", pair.mentee_person)

    assert "**Tuesday 20 October, 19:00 in Shanghai** · 45 minutes by WeChat" in shown(page)
    assert "Not in Marguerite Oyelaran's record" in shown(page)
    assert [words for words in ("Wednesday 21 October", "has recorded") if words in shown(page)] == []
    assert list(page.main.button) == []
    assert [button.proto.label for button in page.get("download_button")] == ["Download my record"]


def test_without_a_match_there_is_nothing_to_record(page_session: Session) -> None:
    pair = make_pair(page_session)
    waiting = make_enrolment(page_session, pair.cohort)

    page = open_page("meetings", page_session.get_one(Person, waiting.person_id))

    assert [notice.value for notice in page.info] == [
        "You have no match yet, so there is nothing to record. You get an email when there is."
    ]


def test_before_the_first_record_the_list_says_so(page_session: Session) -> None:
    pair = make_pair(page_session)

    page = open_page("meetings", pair.mentee_person)

    assert [notice.value for notice in page.info] == [
        "Nothing is recorded yet. After you have met, it takes half a minute."
    ]


@pytest.mark.clause("A-SH6")
def test_a_coordinator_sees_dates_and_lengths_of_both_sides(page_session: Session) -> None:
    pair = make_pair(page_session)
    share_all(page_session, pair.mentor_enrolment)
    noted(page_session, pair, pair.mentor, duration_minutes=25)
    noted(page_session, pair, pair.mentee)

    page = open_page("meetings", pair.coordinator)
    listed = shown(page)
    page.selectbox(key="pair").select(str(pair.pairing.id)).run()

    assert (
        "**李伟** and **Marguerite Oyelaran**  \nLast met on 20 October · records: 1 by the mentee, 1 by the mentor"
        in (listed)
    )
    assert (
        "**Tuesday 20 October, 19:00 in Shanghai** :green-badge[:material/check: Both agree]  \n"
        "李伟: 45 minutes by WeChat  \nMarguerite Oyelaran: 25 minutes by WeChat"
    ) in shown(page)
    assert [secret for secret in SECRETS if secret in listed + shown(page)] == []


def test_a_coordinator_looks_for_a_pair_by_either_name(page_session: Session) -> None:
    pair = make_pair(page_session)
    make_pairing(page_session, pair.cohort, mentor="Zoe Mentor", mentee="Aaron Mentee")
    page = open_page("meetings", pair.coordinator)
    everybody = shown(page)

    page.text_input(key="search").set_value("zoe").run()
    found = shown(page)
    page.text_input(key="search").set_value("100%").run()

    assert ("2 pairs, also those that have ended" in everybody, "1 pair, also" in found) == (True, True)
    assert [name for name in ("Aaron Mentee", "Marguerite") if name in found] == ["Aaron Mentee"]
    assert [notice.value for notice in page.info] == ["No pair has this name."]


def test_a_coordinator_without_a_record_yet_reads_that(page_session: Session) -> None:
    pair = make_pair(page_session)

    page = open_page("meetings", pair.coordinator)

    assert "**李伟** and **Marguerite Oyelaran**  \nNothing recorded yet" in shown(page)


@pytest.mark.clause("A-SH4")
def test_a_meeting_that_did_not_take_place_did_not_begin_late_either(page_session: Session) -> None:
    pair = make_pair(page_session)
    page = open_page("meetings", pair.mentee_person)
    answers = []

    for answer in ("No", "Yes, late"):
        field(page, "date_input", "day").set_value(date(2026, 10, 28 if answer == "No" else 29))
        field(page, "button_group", "held").set_value(answer)
        save(page)
        newest = max(stored(page_session), key=lambda row: row.started_at)
        answers.append((newest.happened, newest.began_on_time))

    assert answers == [(False, None), (True, False)]


def test_earlier_meetings_open_at_a_press(page_session: Session) -> None:
    pair = make_pair(page_session)
    for day in range(7):
        noted(page_session, pair, pair.mentee, started_at=START + timedelta(days=day))

    page = open_page("meetings", pair.mentee_person)
    newest = shown(page).count("· 45 minutes")
    page.session_state["earlier"] = True
    page.run()

    assert [box.label for box in page.main.expander] == ["2 earlier", "Correct or download your own"]
    assert (newest, shown(page).count("· 45 minutes")) == (5, 7)


def test_a_visitor_sees_nothing_of_it(page_session: Session) -> None:
    pair = make_pair(page_session)
    noted(page_session, pair, pair.mentor)

    page = open_page("meetings", None)

    assert "Marguerite" not in shown(page)


@pytest.mark.parametrize(
    ("now", "zones"),
    [
        # Matched four minutes before midnight: five minutes after the match is tomorrow.
        (datetime(2026, 10, 30, 15, 56, tzinfo=UTC), ("Asia/Shanghai", "Europe/London")),
        # The server's day is a day ahead of theirs, and a day behind.
        (datetime(2026, 10, 30, 2, 0, tzinfo=UTC), ("America/New_York", "America/New_York")),
        (datetime(2026, 10, 30, 10, 30, tzinfo=UTC), ("Pacific/Kiritimati", "Pacific/Pago_Pago")),
        (datetime(2026, 10, 30, 10, 30, tzinfo=UTC), ("Pacific/Pago_Pago", "Pacific/Kiritimati")),
    ],
    ids=["matched before midnight", "day before", "first of all clocks", "last of all clocks"],
)
def test_a_meeting_can_be_recorded_and_put_right_by_any_clock(
    page_session: Session, now: datetime, zones: tuple[str, str]
) -> None:
    with time_machine.travel(now, tick=True):
        pair = make_pair(page_session, released_at=now)
        pair.mentee_person.time_zone, pair.mentor_person.time_zone = zones
        page_session.add_all([pair.mentee_person, pair.mentor_person])
        page_session.commit()
        page = open_page("meetings", pair.mentee_person)
        save(page)
        by_their_clock = noted(
            page_session, pair, pair.mentee, started_at=now + timedelta(minutes=12), time_zone=zones[1]
        )
        page.session_state["own-records"] = True
        page.run()
        page.selectbox(key="to_correct").select(str(by_their_clock.id)).run()
        field(page, "number_input", "minutes").set_value(50)
        save(page)

    assert errors(page) == []
    assert list(page.exception) == []
    assert [row.duration_minutes for row in stored(page_session)] == [45, 50]
