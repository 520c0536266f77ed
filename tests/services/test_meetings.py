"""The meeting log: two records of one meeting, never one shared."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Pairing, PairingStatus
from models.schemes import Channel
from services import cohort_meetings, meetings, my_matches
from services.access import Actor
from services.cohort_meetings import CohortMeetings, PairCount, PairMeetings
from services.errors import Conflict, Invalid, NotAllowed
from services.meetings import Difference, Noted, OwnMeeting, OwnRecord, State
from services.reconciliation import ComparedMeeting
from tests.factories import make_actor, make_enrolment, make_pairing, make_participant
from tests.services.counting import sent
from tests.services.pairs import RELEASED_AT, SECRETS, make_pair, share_all

START = datetime(2026, 10, 20, 11, 0, tzinfo=UTC)  # 19:00 in Shanghai, 12:00 in London


@pytest.fixture(autouse=True)
def _in_november() -> Any:
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), tick=False):
        yield


def log(session: Session, actor: Actor, pairing_id: UUID, **changes: Any) -> Noted:
    chosen: dict[str, Any] = {
        "started_at": START,
        "time_zone": "Asia/Shanghai",
        "duration_minutes": 45,
        "channel": Channel.WECHAT,
        "happened": True,
        "began_on_time": True,
        "operation_id": uuid4(),
    }
    return meetings.log(session, actor, pairing_id, **(chosen | changes))


def stored(session: Session) -> list[MeetingRecord]:
    return list(session.exec(select(MeetingRecord)))


@pytest.mark.clause("A-SH6", "A-SH4")
def test_each_side_keeps_its_own_record_and_neither_changes_the_other(session: Session) -> None:
    pair = make_pair(session)

    theirs = log(session, pair.mentor, pair.pairing.id, duration_minutes=25, time_zone="Europe/London")
    mine = log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(minutes=10), began_on_time=False)

    assert theirs == Noted(theirs.id, START, "Europe/London", 25, Channel.WECHAT, True, True)
    assert mine == Noted(mine.id, START + timedelta(minutes=10), "Asia/Shanghai", 45, Channel.WECHAT, True, False)
    assert {(row.side, row.duration_minutes) for row in stored(session)} == {(Side.MENTOR, 25), (Side.MENTEE, 45)}
    assert meetings.own(session, pair.mentee, pair.pairing.id) == OwnRecord(
        (OwnMeeting(mine, State.BOTH, (Difference.LENGTH,)),), total=1
    )
    assert meetings.own(session, pair.mentor, pair.pairing.id) == OwnRecord(
        (OwnMeeting(theirs, State.BOTH, (Difference.LENGTH,)),), total=1
    )


@pytest.mark.clause("A-SH6")
def test_what_the_other_side_noted_is_told_as_a_kind_or_a_number_and_never_as_a_value(session: Session) -> None:
    pair = make_pair(session)
    mine = [log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(days=day)) for day in range(3)]
    told_to_nobody = [
        log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(hours=2), channel=Channel.EMAIL),
        log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(days=1), happened=False),
        log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(days=5, minutes=7)),
        log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(days=6, minutes=7), happened=False),
    ]

    found = meetings.own(session, pair.mentee, pair.pairing.id)

    assert found == OwnRecord(
        (
            OwnMeeting(mine[2], State.MINE_ONLY),
            OwnMeeting(mine[1], State.DIFFER, (Difference.HELD,)),
            OwnMeeting(mine[0], State.DIFFER, (Difference.START,)),
        ),
        total=3,
        only_theirs=1,
    )
    assert [record.id for record in told_to_nobody if str(record.id) in repr(found)] == []


@pytest.mark.clause("A-SH6")
def test_ones_own_records_stand_in_the_order_of_ones_own_starts(session: Session) -> None:
    pair = make_pair(session)
    early, late = (log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(hours=h)) for h in (0, 1))
    # The other side's are the other way round.
    log(session, pair.mentor, pair.pairing.id, started_at=START - timedelta(hours=3))
    log(session, pair.mentor, pair.pairing.id, started_at=START - timedelta(hours=9))

    found = meetings.own(session, pair.mentee, pair.pairing.id)

    assert [each.noted for each in found.meetings] == [late, early]


@pytest.mark.clause("A-SH6")
@pytest.mark.parametrize("side", Side)
def test_a_match_knows_its_last_meeting_by_ones_own_record_alone(session: Session, side: Side) -> None:
    pair = make_pair(session)
    actor, other = (pair.mentee, pair.mentor) if side is Side.MENTEE else (pair.mentor, pair.mentee)
    log(session, other, pair.pairing.id)
    unknown = my_matches.mine(session, actor)[0]
    log(session, actor, pair.pairing.id, started_at=START + timedelta(minutes=5))
    known = my_matches.mine(session, actor)[0]
    log(session, other, pair.pairing.id, started_at=START + timedelta(days=3))

    behind = my_matches.mine(session, actor)[0]

    assert [(each.last_sign_on, each.is_behind) for each in (unknown, known, behind)] == [
        (None, True),
        (date(2026, 10, 20), False),
        (date(2026, 10, 20), True),
    ]
    assert {each.next_sign_by for each in (known, behind)} == {date(2026, 11, 3)}


def test_a_double_click_is_one_record(session: Session) -> None:
    pair, operation = make_pair(session), uuid4()

    first = log(session, pair.mentee, pair.pairing.id, operation_id=operation)
    second = log(session, pair.mentee, pair.pairing.id, operation_id=operation, duration_minutes=90)

    assert first == second
    assert [row.duration_minutes for row in stored(session)] == [45]


def test_one_press_sent_from_eight_threads_at_once_is_one_record(engine: Engine) -> None:
    with Session(engine) as session:
        pair = make_pair(session)
        session.commit()
        actor, pairing_id = pair.mentee, pair.pairing.id
    operation, start, found = uuid4(), Barrier(8), []

    def press() -> None:
        start.wait()
        with Session(engine) as session:
            found.append(log(session, actor, pairing_id, operation_id=operation))

    threads = [Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Session(engine) as session:
        assert len(stored(session)) == 1
    assert found == [found[0]] * 8


def test_a_form_used_for_another_pair_saves_nothing_here(session: Session) -> None:
    pair, operation = make_pair(session), uuid4()
    ama = make_enrolment(session, pair.cohort, name="Ama")
    other = make_pairing(session, pair.cohort, mentor=pair.mentor_enrolment, mentee=ama, released_at=RELEASED_AT)
    log(session, pair.mentor, other.id, operation_id=operation)

    with pytest.raises(Conflict):
        log(session, pair.mentor, pair.pairing.id, operation_id=operation)

    assert [row.pairing_id for row in stored(session)] == [other.id]


def test_the_same_start_twice_on_one_side_is_refused(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentee, pair.pairing.id)

    with pytest.raises(Conflict):
        log(session, pair.mentee, pair.pairing.id)

    assert len(stored(session)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": datetime(2026, 11, 2, 9, 16, tzinfo=UTC)},
        {"started_at": RELEASED_AT - timedelta(minutes=1)},
        {"duration_minutes": 0},
        {"duration_minutes": 601},
        {"time_zone": "CST"},
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_kept(session: Session, change: dict[str, Any]) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        log(session, pair.mentee, pair.pairing.id, **change)

    assert stored(session) == []


@pytest.mark.parametrize("at", [datetime(2026, 11, 2, 9, 15, tzinfo=UTC), RELEASED_AT])
def test_a_meeting_may_begin_with_the_match_or_just_now(session: Session, at: datetime) -> None:
    pair = make_pair(session, released_at=RELEASED_AT + timedelta(seconds=40))

    log(session, pair.mentee, pair.pairing.id, started_at=at)

    assert [row.started_at for row in stored(session)] == [at]


@pytest.mark.clause("U-C2.4")
def test_a_remote_scheme_takes_no_meeting_in_person(session: Session) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        log(session, pair.mentee, pair.pairing.id, channel=Channel.IN_PERSON)

    assert stored(session) == []


@pytest.mark.clause("A-ME1")
def test_a_meeting_that_took_place_is_a_first_contact_too(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentee, pair.pairing.id, happened=False)
    before = session.exec(select(Pairing)).one().first_contact_on
    log(session, pair.mentor, pair.pairing.id)

    assert (before, session.exec(select(Pairing)).one().first_contact_on) == (None, date(2026, 10, 20))


def test_what_did_not_take_place_did_not_begin_on_time(session: Session) -> None:
    pair = make_pair(session)

    noted = log(session, pair.mentee, pair.pairing.id, happened=False, began_on_time=True)

    assert (noted.happened, noted.began_on_time) == (False, None)


def test_a_record_can_be_put_right_by_whoever_made_it(session: Session) -> None:
    pair = make_pair(session)
    mine = log(session, pair.mentee, pair.pairing.id)
    facts = {field: getattr(mine, field) for field in ("time_zone", "channel", "happened", "began_on_time")}
    later = START + timedelta(hours=1)

    corrected = meetings.correct(session, pair.mentee, mine.id, started_at=later, duration_minutes=50, **facts)

    assert corrected == replace(mine, started_at=later, duration_minutes=50)
    assert [(row.started_at, row.duration_minutes) for row in stored(session)] == [(later, 50)]
    for actor in (pair.mentor, make_participant(session, make_enrolment(session, pair.cohort))):
        with pytest.raises(NotAllowed):
            meetings.correct(session, actor, mine.id, started_at=START, duration_minutes=5, **facts)
    with pytest.raises(NotAllowed):
        meetings.correct(session, pair.mentee, uuid4(), started_at=START, duration_minutes=5, **facts)


@pytest.mark.clause("A-SH5", "A-SH6")
def test_after_the_end_records_are_closed_and_ones_own_stay_readable(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(days=1))
    mine = log(session, pair.mentee, pair.pairing.id)
    log(session, pair.mentor, pair.pairing.id, duration_minutes=25)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()
    session.commit()

    with pytest.raises(Conflict):
        log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(days=2))
    with pytest.raises(Conflict):
        meetings.correct(
            session, pair.mentee, mine.id, **{name: value for name, value in vars(mine).items() if name != "id"}
        )

    assert meetings.own(session, pair.mentee, pair.pairing.id) == OwnRecord(
        (OwnMeeting(mine, State.BOTH, (Difference.LENGTH,)),), total=1
    )
    assert meetings.own_csv(session, pair.mentee, pair.pairing.id).count(b"\r\n") == 2


@pytest.mark.clause("A-SH6")
def test_the_download_holds_ones_own_record_and_nothing_of_the_others(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentor, pair.pairing.id, duration_minutes=25)
    log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(days=1), happened=False)
    log(session, pair.mentee, pair.pairing.id)

    text = meetings.own_csv(session, pair.mentee, pair.pairing.id).decode("utf-8-sig")

    assert text.splitlines() == [
        '"Date","Start","Time zone","Start (UTC)","Minutes","Channel","Took place","Began on time"',
        '"2026-10-20","19:00","Asia/Shanghai","2026-10-20 11:00","45","wechat","yes","yes"',
        '"2026-10-21","19:00","Asia/Shanghai","2026-10-21 11:00","45","wechat","no",""',
    ]


def test_a_stranger_reads_and_writes_nothing_of_a_pair(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentee, pair.pairing.id)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    session.commit()

    for actor in (stranger, make_actor(pair.coordinator, pair.cohort)):
        with pytest.raises(NotAllowed):
            meetings.own(session, actor, pair.pairing.id)
        with pytest.raises(NotAllowed):
            meetings.own_csv(session, actor, pair.pairing.id)
        with pytest.raises(NotAllowed):
            log(session, actor, pair.pairing.id, started_at=START + timedelta(days=1))
    with pytest.raises(NotAllowed):
        cohort_meetings.of_cohort(session, stranger, pair.cohort.id)
    with pytest.raises(NotAllowed):
        cohort_meetings.of_pair(session, stranger, pair.pairing.id)

    assert len(stored(session)) == 1


def test_three_meetings_cost_as_many_queries_as_one(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentee, pair.pairing.id)
    with sent(session) as of_one:
        meetings.own(session, pair.mentee, pair.pairing.id)
    for day in (1, 2):
        log(session, pair.mentee, pair.pairing.id, started_at=START + timedelta(days=day))
        log(session, pair.mentor, pair.pairing.id, started_at=START + timedelta(days=day))

    with sent(session) as of_three:
        found = meetings.own(session, pair.mentee, pair.pairing.id)

    assert [each.state for each in found.meetings] == [State.BOTH, State.BOTH, State.MINE_ONLY]
    assert len(of_three) == len(of_one)


@pytest.mark.clause("A-SH6", "U-2")
def test_the_coordinator_sees_both_records_of_every_pair_and_no_contact_details(session: Session) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentor_enrolment)
    theirs = log(session, pair.mentor, pair.pairing.id, duration_minutes=25)
    mine = log(session, pair.mentee, pair.pairing.id)
    quiet = make_pairing(session, pair.cohort, mentor="Zoe Mentor", mentee="Aaron Mentee")
    coordinator = make_actor(pair.coordinator, pair.cohort)

    with sent(session) as statements:
        found = cohort_meetings.of_cohort(session, coordinator, pair.cohort.id)
    side_by_side = cohort_meetings.of_pair(session, coordinator, pair.pairing.id)

    counts = (
        PairCount(quiet.id, "Zoe Mentor", "Aaron Mentee", 0, 0, None),
        PairCount(pair.pairing.id, "Marguerite Oyelaran", "李伟", 1, 1, theirs.started_at),
    )
    assert found == CohortMeetings(counts, "Asia/Shanghai", total=2, page=1, pages=1)
    assert side_by_side == PairMeetings(
        "Marguerite Oyelaran", "李伟", "Asia/Shanghai", (ComparedMeeting(State.BOTH, theirs, mine),)
    )
    assert [secret for secret in SECRETS if secret in repr((found, side_by_side))] == []
    assert len([statement for statement in statements if "meeting_record" in statement]) == 1
    assert cohort_meetings.of_cohort(session, coordinator, pair.cohort.id, page=9) == found
    assert cohort_meetings.of_cohort(session, coordinator, pair.cohort.id, search="AARON").pairs == counts[:1]
    assert cohort_meetings.of_cohort(session, coordinator, pair.cohort.id, search="%").total == 0


def test_a_coordinator_does_not_look_over_their_own_pair(session: Session) -> None:
    pair = make_pair(session)
    log(session, pair.mentor, pair.pairing.id)
    actor = make_actor(pair.mentor_person, pair.cohort)

    found = cohort_meetings.of_cohort(session, actor, pair.cohort.id)

    assert (found.pairs, found.total) == ((), 0)
    with pytest.raises(NotAllowed):
        cohort_meetings.of_pair(session, actor, pair.pairing.id)


def test_the_journal_names_the_record_and_not_what_it_says(session: Session) -> None:
    pair = make_pair(session)
    noted = log(session, pair.mentee, pair.pairing.id)

    entry = session.exec(select(AuditEntry)).one()

    assert (entry.action, entry.subject_id, entry.details) == ("meeting.recorded", noted.id, {"side": "mentee"})
