"""A double click, an impatient reload, the same press twenty times at once: one effect."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.database import reading
from models.enrolments import Enrolment
from models.feedback import FeedbackRound, RoundPoint
from models.meetings import MeetingRecord
from models.messages import Message, MessageStatus
from models.schemes import Channel
from services import audit, meetings, messages, sessions
from services.meetings import Noted
from tests.browser.protocol import Tab
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_pairing,
    make_participant,
)
from tests.faults.running import running
from tests.services.counting import soon
from tests.services.pairs import make_pair

PRESSES = 20


def recorded(engine: Engine) -> tuple[int, int]:
    """How many records there are, and how often the journal says that one was made."""
    with Session(engine) as session:
        records = session.exec(select(func.count()).select_from(MeetingRecord)).one()
        entries = select(func.count()).where(col(AuditEntry.action) == "meeting.recorded")
        assert audit.verify(session).holds
        return records, session.exec(entries).one()


def test_one_form_sent_twenty_times_at_once_is_one_record_and_everybody_gets_it(engine: Engine) -> None:
    with Session(engine) as session:
        pair = make_pair(session, released_at=utc_now() - timedelta(days=2))
        session.commit()
        actor, pairing_id = pair.mentee, pair.pairing.id
    operation, gate, started_at = uuid4(), Barrier(PRESSES), utc_now() - timedelta(hours=2)

    def press(minutes: int) -> Noted:
        gate.wait(timeout=60)
        with reading(engine) as own:
            return meetings.log(
                own,
                actor,
                pairing_id,
                started_at=started_at,
                time_zone="Europe/London",
                duration_minutes=minutes,
                channel=Channel.WECHAT,
                happened=True,
                began_on_time=True,
                operation_id=operation,
            )

    with ThreadPoolExecutor(PRESSES) as pool:
        results = list(pool.map(press, range(30, 30 + PRESSES)))

    with Session(engine) as session:
        (kept,) = session.exec(select(MeetingRecord)).all()
    assert {result.duration_minutes for result in results} == {kept.duration_minutes}
    assert {result.id for result in results} == {kept.id}
    assert recorded(engine) == (1, 1)


def test_three_presses_before_the_server_answers_are_one_record(database_url: str, tmp_path: Path) -> None:
    with running(database_url, tmp_path) as server:
        with Session(server.engine) as session:
            pair = make_pair(session, released_at=utc_now() - timedelta(days=2))
            actor = make_participant(session, pair.mentee_enrolment)
            token = sessions.open_for(session, make_account(session, pair.mentee_person).id)
        server.start()

        with Tab(server.url, token, place=actor.place.key) as tab:
            tab.open()
            tab.open("meetings")
            answered = tab.press("Save my record", times=3)
            again = tab.open("meetings")

        assert b"Saved: " in answered
        assert again.count(b"minutes by telephone") == 1
        assert recorded(server.engine) == (1, 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_presses_right_after_each_other_are_all_done(database_url: str, tmp_path: Path) -> None:
    with running(database_url, tmp_path) as server:
        coordinators = [somebody_with_much_to_press(server.engine) for _ in range(3)]
        done = 0
        server.start()

        for token, place in coordinators:
            with Tab(server.url, token, place=place) as tab:
                tab.open()
                tab.open("feedback")
                # Acted on in a callback, before the screen is drawn.
                tab.press_each("Close this round", leaving_for="messages")
                # Acted on while the screen is drawn. Its buttons are there: nobody was brought back.
                tab.press_each("Send again", leaving_for="feedback")
                done += 3
                # Presses wait in line, and the tab must not be closed before the last has begun.
                assert soon(lambda: left_and_sent(server.engine)[1] == done)  # noqa: B023 (called at once)

        assert left_and_sent(server.engine) == (0, 3 * len(coordinators))


def left_and_sent(engine: Engine) -> tuple[int, int]:
    """Rounds that are still open, and messages sent again."""
    still_open = select(func.count()).where(col(FeedbackRound.closed_at).is_(None))
    sent_again = select(func.count()).where(col(AuditEntry.action) == "message.requeued")
    with Session(engine) as session:
        return session.exec(still_open).one(), session.exec(sent_again).one()


def somebody_with_much_to_press(engine: Engine) -> tuple[str, str]:
    """A coordinator's token and place. Three rounds and three messages that failed have a button each."""
    with Session(engine) as session:
        cohort, today = make_cohort(session), utc_now().date()
        pairing = make_pairing(session, cohort)
        for point in RoundPoint:
            session.add(FeedbackRound(cohort_id=cohort.id, point=point, opens_on=today, due_on=today))
            messages.queue(
                session,
                person_id=session.get_one(Enrolment, pairing.mentee_id).person_id,
                template="enrolment_returned",
                scheme_id=cohort.scheme_id,
                event=point.value,
                note="Which languages?",
            )
        session.flush()
        for message in session.exec(select(Message).where(Message.status == MessageStatus.QUEUED)):
            message.status, message.last_error = MessageStatus.FAILED, "no such mailbox"
        coordinator = make_coordinator(session, cohort)
        place = make_actor(coordinator, cohort).place.key
        return sessions.open_for(session, make_account(session, coordinator).id), place
