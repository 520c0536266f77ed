"""In rhythm, quiet, silent: by what the two agreed, in the scheme's own days, week after week."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, PairingStatus, WaysOfWorking
from models.schemes import Channel, Cohort
from services import days, participation, rhythm
from services.access import Acting
from services.errors import NotAllowed
from services.pair_facts import QUIET, SILENT
from services.rhythm import QuietPair, Rhythm
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_scheme,
)

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.clause("U-5")
@pytest.mark.parametrize(
    ("days_since", "state"),
    [(0, "in_rhythm"), (15, "in_rhythm"), (16, "quiet"), (20, "quiet"), (21, "silent"), (200, "silent")],
)
def test_a_pair_is_quiet_past_one_and_a_half_intervals_and_silent_past_two(
    session: Session, days_since: int, state: str
) -> None:
    cohort = make_cohort(session, make_scheme(session, default_interval_days=10))
    make_pairing(session, cohort, released_at=_ago(days_since))
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = participation.rhythm_of(session, actor, cohort.id, TODAY)

    assert found == Rhythm(**(dict.fromkeys(("in_rhythm", "quiet", "silent"), 0) | {state: 1, "pairs": 1}))


@pytest.mark.clause("U-5")
def test_the_newest_ways_of_working_in_force_that_day_decide(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, default_interval_days=10))
    pairing = make_pairing(session, cohort, released_at=_ago(25))
    _agree(session, pairing, 1, 14, TODAY - timedelta(days=20))
    _agree(session, pairing, 2, 30, TODAY - timedelta(days=6))
    _agree(session, pairing, 3, 5, None)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = participation.overview(session, actor, cohort.id, TODAY)

    states = {week.day: week.rhythm for week in found.history[-4:]}
    assert states == {
        # Three weeks ago only the scheme's ten days held; then fourteen; now thirty.
        TODAY - timedelta(days=21): Rhythm(1, 0, 0, 1),
        TODAY - timedelta(days=14): Rhythm(1, 0, 0, 1),
        TODAY - timedelta(days=7): Rhythm(1, 0, 0, 1),
        TODAY: Rhythm(1, 0, 0, 1),
    }
    assert rhythm.quiet_pairs(session, actor, cohort.id, TODAY + timedelta(days=21)).lines[0].agreed_days == 30


def test_each_week_shows_how_it_stood_then(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, default_interval_days=7))
    lively = make_pairing(session, cohort, released_at=_ago(30))
    for back in (28, 21, 14, 7, 0):
        _contact(session, lively, back)
    make_pairing(session, cohort, released_at=_ago(18))
    make_pairing(session, cohort, released_at=_ago(80), status=PairingStatus.ENDED, ended_at=_ago(40))
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = participation.overview(session, actor, cohort.id, TODAY)

    assert [week.rhythm for week in found.history] == [
        Rhythm(1, 0, 0, 1),  # 77 days ago: the pair that ended, three days old
        Rhythm(1, 0, 0, 1),
        Rhythm(0, 0, 1, 1),
        Rhythm(0, 0, 1, 1),
        Rhythm(0, 0, 1, 1),
        Rhythm(0, 0, 1, 1),  # 42 days ago, two days before its end
        Rhythm(0, 0, 0, 0),
        Rhythm(1, 0, 0, 1),
        Rhythm(1, 0, 0, 1),
        Rhythm(2, 0, 0, 2),
        Rhythm(1, 1, 0, 2),
        Rhythm(1, 0, 1, 2),
    ]


def test_a_contact_or_either_sides_record_of_a_held_meeting_is_a_sign_of_life(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, default_interval_days=10))
    contacted, met, missed = (make_pairing(session, cohort, released_at=_ago(60)) for _ in range(3))
    _contact(session, contacted, 3)
    _record(session, met, days_ago=12, happened=True)
    _record(session, missed, days_ago=2, happened=False)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = participation.rhythm_of(session, actor, cohort.id, TODAY)

    assert found == Rhythm(in_rhythm=2, quiet=0, silent=1, pairs=3)


def test_paused_and_ended_pairs_are_left_out(session: Session) -> None:
    cohort = make_cohort(session)
    make_pairing(session, cohort, released_at=_ago(200), status=PairingStatus.PAUSED)
    make_pairing(session, cohort, released_at=_ago(200), status=PairingStatus.ENDED, ended_at=_ago(1))
    actor = make_actor(make_coordinator(session, cohort), cohort)

    assert participation.rhythm_of(session, actor, cohort.id, TODAY) == Rhythm(0, 0, 0, 0)


@pytest.mark.clause("U-5")
def test_a_coordinator_sees_who_is_quiet_the_longest_silence_first(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, default_interval_days=10))
    make_pairing(session, cohort, mentor="Bo", mentee="Ama", released_at=_ago(17))
    silent = make_pairing(session, cohort, mentor="Li Wei", mentee="Chen Yuxin", released_at=_ago(45))
    make_pairing(session, cohort, released_at=_ago(1))
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = rhythm.quiet_pairs(session, actor, cohort.id, TODAY)

    assert [(line.mentee, line.state, line.days_since) for line in found.lines] == [
        ("Chen Yuxin", SILENT, 45),
        ("Ama", QUIET, 17),
    ]
    assert found.lines[0] == QuietPair(silent.id, "Li Wei", "Chen Yuxin", SILENT, 45, 10)
    assert (found.total, found.pages) == (2, 1)


def test_a_coordinator_does_not_find_a_pair_of_their_own_there(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    make_pairing(session, cohort, mentor=mentor, released_at=_ago(300))

    found = rhythm.quiet_pairs(session, make_actor(coordinator, cohort), cohort.id, TODAY)

    assert found.lines == ()


@pytest.mark.parametrize("acting", [Acting.MANAGER, Acting.MENTEE])
def test_nobody_else_sees_who_is_quiet(session: Session, acting: Acting) -> None:
    cohort = make_cohort(session)
    make_pairing(session, cohort, released_at=_ago(300))
    actor = make_actor(make_manager(session, cohort), cohort, acting)

    with pytest.raises(NotAllowed):
        rhythm.quiet_pairs(session, actor, cohort.id, TODAY)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", "2026-11-20T23:59:59.900000", date(2026, 11, 20)),
        ("Asia/Shanghai", "2026-11-20T16:00:00", date(2026, 11, 21)),
        ("Asia/Shanghai", "2026-11-20T15:59:59", date(2026, 11, 20)),
        # London is an hour ahead in summer and not in winter.
        ("Europe/London", "2026-10-24T23:30:00", date(2026, 10, 25)),
        ("Europe/London", "2026-10-25T23:30:00", date(2026, 10, 25)),
        ("Europe/London", "2026-03-29T23:30:00", date(2026, 3, 30)),
        ("America/New_York", "2026-11-01T04:30:00", date(2026, 11, 1)),
        ("America/New_York", "2026-11-02T04:30:00", date(2026, 11, 1)),
        ("Asia/Kolkata", "2026-11-20T18:30:00", date(2026, 11, 21)),
    ],
)
def test_days_are_those_of_the_schemes_own_time_zone(session: Session, zone: str, moment: str, day: date) -> None:
    cohort: Cohort = make_cohort(session)
    pairing = make_pairing(session, cohort, released_at=datetime.fromisoformat(moment).replace(tzinfo=UTC))
    number = days.moment_number(Pairing.released_at, zone, TODAY)

    found = session.exec(select(number).where(col(Pairing.id) == pairing.id)).scalar_one()  # type: ignore[call-overload]

    assert days.day_of(found) == day
    assert days.number_of(day) == found


def _ago(number: int) -> datetime:
    return NOON - timedelta(days=number)


def _agree(session: Session, pairing: Pairing, edition: int, interval: int, since: date | None) -> None:
    session.add(
        WaysOfWorking(
            pairing_id=pairing.id,
            edition=edition,
            proposed_by=Side.MENTEE,
            interval_days=interval,
            minutes=45,
            months=6,
            in_force_from=since,
        )
    )
    session.flush()


def _contact(session: Session, pairing: Pairing, days_ago: int) -> None:
    on = TODAY - timedelta(days=days_ago)
    session.add(
        Contact(
            pairing_id=pairing.id,
            noted_by=Side.MENTOR,
            channel=Channel.EMAIL,
            contact_on=on,
            created_at=_ago(days_ago),
        )
    )
    session.flush()


def _record(session: Session, pairing: Pairing, *, days_ago: int, happened: bool) -> None:
    session.add(
        MeetingRecord(
            pairing_id=pairing.id,
            side=Side.MENTOR,
            started_at=_ago(days_ago),
            time_zone="UTC",
            duration_minutes=30,
            channel=Channel.VIDEO,
            happened=happened,
            operation_id=uuid4(),
            created_at=_ago(days_ago),
        )
    )
    session.flush()
