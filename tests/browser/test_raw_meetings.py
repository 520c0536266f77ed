"""A meeting log of one's own: no byte that one side receives holds what the other side noted."""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Enrolment
from models.pairings import Pairing
from models.schemes import Channel
from services import meetings, pairings, times
from tests.browser.introduced import UNNC, Half, coordinator_of, introduce
from tests.browser.planted import found_in
from tests.browser.protocol import Tab
from tests.browser.serving import Serving, every_screen, leaks, say_yes, serve
from tests.factories import make_participant

ZONES = ("Europe/London", "Asia/Shanghai", "UTC")
MINUTES = 137


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    yield from serve(tmp_path_factory.mktemp("raw-meetings"))


def note(
    session: Session, half: Half, pairing_id: UUID, at: datetime, minutes: int, channel: Channel, *, late: bool
) -> None:
    actor = make_participant(session, session.get_one(Enrolment, half.enrolment_id))
    session.rollback()
    meetings.log(
        session,
        actor,
        pairing_id,
        started_at=at,
        time_zone="Europe/London",
        duration_minutes=minutes,
        channel=channel,
        happened=True,
        began_on_time=not late,
        operation_id=uuid4(),
    )


def noted_by_the_mentor(at_once: datetime, alone: datetime, interval_days: int) -> dict[str, str]:
    """All that must stay the mentor's: starts, length, way, the day of what they alone noted, and days told by it."""
    # In words, as screens say them; a time alone is too short to be looked for in every encoding.
    clocks = {
        f"start of {at:%d} in {zone}": times.in_words(at, zone).partition(", ")[2]
        for at in (at_once, alone)
        for zone in ZONES
    }
    days = {"day": alone.date(), "next expected": alone.date() + timedelta(days=interval_days)}
    told = {name: f"{times.day_in_words(day, weekday=True)}" for name, day in days.items()}
    told |= {f"{name} in numbers": day.isoformat() for name, day in days.items()}
    return clocks | told | {"length": f"{MINUTES} minutes", "way": "minutes by WeChat", "late": "began late"}


@pytest.mark.clause("A-SH6")
def test_what_one_side_recorded_of_a_meeting_is_in_no_byte_of_any_screen_of_the_other(serving: Serving) -> None:
    introduced = introduce(serving.engine, UNNC)
    say_yes(serving, introduced)
    mentor, mentee = introduced.mentor, introduced.mentee
    noon = utc_now().replace(hour=12, minute=0, second=0, microsecond=0)
    at_once, alone = noon - timedelta(days=20) + timedelta(minutes=97), noon - timedelta(days=9) + timedelta(minutes=43)
    with Session(serving.engine) as session:
        pairing = session.exec(select(Pairing).where(Pairing.mentor_id == mentor.enrolment_id)).one()
        pairing.released_at = noon - timedelta(days=40)
        session.commit()
        note(session, mentee, pairing.id, noon - timedelta(days=20), 45, Channel.EMAIL, late=False)
        for at in (at_once, alone):
            note(session, mentor, pairing.id, at, MINUTES, Channel.WECHAT, late=True)
        reader = make_participant(session, session.get_one(Enrolment, mentor.enrolment_id))
        interval_days = pairings.mine(session, reader)[0].interval_days
    planted = noted_by_the_mentor(at_once, alone, interval_days)

    to_mentee = every_screen(serving, mentee)
    with Tab(serving.url, mentor.token, place=mentor.place) as tab:
        tab.open()
        to_mentor = tab.open("meetings")
    to_coordinator = pair_of_the_coordinator(serving, *coordinator_of(serving.engine, introduced))

    assert leaks(to_mentee, planted) == {}
    assert struct.pack("<d", MINUTES) not in b"".join(to_mentee.values())
    assert b"on when it began and how long it was" in to_mentee["meetings"]
    for screen in ("meetings", "my_match"):
        assert b"has recorded one meeting that is not in your record" in to_mentee[screen]
    assert {"length", "way", "late", "day"} <= found_in(to_mentor, planted)
    assert {"length", "way", "late", "day"} <= found_in(to_coordinator, planted)


def pair_of_the_coordinator(serving: Serving, token: str, place: str) -> bytes:
    """The meetings of the only pair, as both noted them."""
    with Tab(serving.url, token, place=place) as tab:
        tab.open()
        tab.open("meetings")
        (pair,) = tab.find("See the meetings of").element.options
        tab.set("See the meetings of", pair)
        return tab.rerun()
