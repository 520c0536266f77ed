"""How far a cohort's pairs are: whether and when, by day and name, and never a word."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from models.enrolments import Enrolment, Side
from models.meetings import MeetingRecord
from models.pairings import PairingStatus
from models.schemes import Channel, Scheme
from services import home, private_words, usual_times, ways_figures, ways_of_working
from services.access import Actor
from services.errors import NotAllowed
from services.usual_times import Usual
from services.ways_figures import State
from tests.factories import make_actor, make_cohort, make_coordinator, make_pairing, make_participant
from tests.services.counting import sent
from tests.services.pairs import make_pair, start_unnc

TODAY = date(2026, 10, 20)


def met_on(session: Session, pairing_id: UUID, day: date, happened: bool = True, side: Side = Side.MENTEE) -> None:
    at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    facts: dict[str, Any] = {
        "time_zone": "UTC",
        "duration_minutes": 30,
        "channel": Channel.WECHAT,
        "operation_id": uuid4(),
    }
    session.add(MeetingRecord(pairing_id=pairing_id, side=side, started_at=at, happened=happened, **facts))


def participant(session: Session, enrolment_id: UUID) -> Actor:
    return make_participant(session, session.get_one(Enrolment, enrolment_id))


@pytest.mark.clause("U-C4.4", "U-C6.1")
def test_the_first_meeting_opens_it_and_after_fourteen_days_it_is_late(session: Session) -> None:
    cohort = start_unnc(session)
    pairs = {name: make_pairing(session, cohort, mentee=name) for name in ("Late", "In time", "Not met", "On a break")}
    for name, days in (("Late", 15), ("In time", 14), ("On a break", 30)):
        met_on(session, pairs[name].id, TODAY - timedelta(days=days))
    met_on(session, pairs["Not met"].id, TODAY - timedelta(days=30), happened=False)
    pairs["On a break"].status = PairingStatus.PAUSED
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.flush()

    found = ways_figures.of_cohort(session, coordinator, cohort.id, today=TODAY)
    tasks = [task.sentence for task in home.todo(session, coordinator, TODAY)]
    mentee = home.todo(session, participant(session, pairs["Late"].mentee_id), TODAY)

    assert [(pair.mentee, pair.state, pair.due_on) for pair in found.pairs] == [
        ("Late", State.LATE, TODAY - timedelta(days=1)),
        ("In time", State.NOT_YET, TODAY),
        ("Not met", State.NOT_YET, None),
        ("On a break", State.NOT_YET, TODAY - timedelta(days=16)),
    ]
    assert found.counts == {State.LATE: 1, State.NOT_YET: 3}
    assert "One pair is late with their ways of working" in tasks
    assert (
        "overdue",
        "Settle your ways of working",
        "You and Bo Mentor have met; it was due on Monday 19 October",
    ) in [(task.when, task.sentence, task.detail) for task in mentee]


@pytest.mark.clause("U-C4.4", "A-SH6")
def test_whoever_did_not_record_the_first_meeting_is_asked_without_a_day_that_would_tell_it(session: Session) -> None:
    pairing = make_pairing(session, start_unnc(session), mentee="Ama Boateng", first_contact_on=date(2026, 10, 3))
    met_on(session, pairing.id, TODAY - timedelta(days=15))
    mentor = participant(session, pairing.mentor_id)
    session.flush()

    before = [task for task in home.todo(session, mentor, TODAY) if task.page == "ways"]
    met_on(session, pairing.id, TODAY - timedelta(days=2), side=Side.MENTOR)
    session.flush()
    after = [task for task in home.todo(session, mentor, TODAY) if task.page == "ways"]

    assert [(task.when, task.sentence, task.detail, task.due_on) for task in before + after] == [
        (
            "this_week",
            "Settle your ways of working",
            "Ama Boateng has recorded that you two met; please agree in the days to come",
            None,
        ),
        (
            "when_you_can",
            "Settle your ways of working",
            "You and Ama Boateng have met; please agree by Sunday 1 November",
            TODAY + timedelta(days=12),
        ),
    ]


def test_a_scheme_that_sets_no_days_has_nobody_late(session: Session) -> None:
    pair = make_pair(session)
    met_on(session, pair.pairing.id, date(2026, 10, 3))

    found = ways_figures.of_cohort(session, make_actor(pair.coordinator, pair.cohort), pair.cohort.id, today=TODAY)

    assert [(each.state, each.due_on) for each in found.pairs] == [(State.NOT_YET, None)]


def test_a_list_is_searched_by_both_names_and_costs_the_same_for_one_and_three(session: Session) -> None:
    pair = make_pair(session)
    coordinator = make_actor(pair.coordinator, pair.cohort)
    facts: dict[str, Any] = {
        "interval_days": 7,
        "minutes": 30,
        "months": 3,
        "channels": [Channel.EMAIL],
        "sections": {},
    }
    ways_of_working.propose(session, pair.mentee, pair.pairing.id, **facts)
    with sent(session) as one:
        first = ways_figures.of_cohort(session, coordinator, pair.cohort.id, today=TODAY)
    for name in ("Ama", "Bo"):
        make_pairing(session, pair.cohort, mentee=name, mentor=f"Mentor of {name}")
    session.commit()
    session.expire_all()

    with sent(session) as three:
        found = ways_figures.of_cohort(session, coordinator, pair.cohort.id, today=TODAY)
    by_mentor = ways_figures.of_cohort(session, coordinator, pair.cohort.id, today=TODAY, search="of am")

    assert [each.state for each in first.pairs] == [State.ASKED]
    assert (found.total, len(three) - len(one)) == (3, 0)
    assert [each.mentee for each in by_mentor.pairs] == ["Ama"]


def test_neither_a_participant_nor_another_schemes_coordinator_sees_it(session: Session) -> None:
    pair, elsewhere = make_pair(session), make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    session.flush()

    for actor in (pair.mentee, pair.mentor, stranger):
        with pytest.raises(NotAllowed):
            ways_figures.of_cohort(session, actor, pair.cohort.id, today=TODAY)


@pytest.mark.parametrize(
    ("usual", "mine", "theirs", "words"),
    [
        (
            Usual(1, time(19), "Asia/Shanghai"),
            "Asia/Shanghai",
            "Europe/London",
            "Tuesdays, 19:00 in Shanghai · 12:00 in London",
        ),
        (
            Usual(0, time(1), "Asia/Shanghai"),
            "Asia/Shanghai",
            "America/New_York",
            "Mondays, 01:00 in Shanghai · Sundays, 13:00 in New York",
        ),
        (
            Usual(6, time(9), "Europe/London"),
            "Europe/London",
            "Europe/Lisbon",
            "Sundays, 09:00 in London and in Lisbon",
        ),
        (Usual(6, time(9), "Europe/London"), "Europe/London", "Europe/London", "Sundays, 09:00 in London"),
    ],
    ids=["two clocks", "two days", "one hour", "one zone"],
)
@pytest.mark.clause("U-C6.2")
def test_a_usual_hour_is_said_on_both_clocks(usual: Usual, mine: str, theirs: str, words: str) -> None:
    assert usual_times.in_words(usual, mine, theirs, today=date(2026, 10, 9)) == words


def test_sealed_words_come_back_and_look_like_nothing_in_between(session: Session) -> None:
    stored = private_words.sealed({"role": "李伟 asks"})

    assert private_words.opened(stored) == {"role": "李伟 asks"}
    assert (stored[:6], "asks" in stored, private_words.sealed({}), private_words.opened("")) == (
        "gAAAAA",
        False,
        "",
        {},
    )


def test_the_scheme_of_the_rows_decides_the_days(session: Session) -> None:
    cohort = start_unnc(session)

    assert ways_figures.due_days(session.get_one(Scheme, cohort.scheme_id)) == 14
