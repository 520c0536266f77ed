"""Two people as far apart as clocks go, at every hour of a day; and a server's clock that is set back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from time_machine import travel

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Side
from models.feedback import RoundPoint
from models.pairings import EndReason, PairingStatus
from models.people import Person
from models.schemes import Channel
from services import (
    audit,
    contacts,
    feedback,
    home,
    meetings,
    my_matches,
    pairings,
    proposals,
    readiness,
    signatures,
    times,
    ways_of_working,
)
from services.access import Actor
from services.matching import reading
from services.meetings import Noted, State
from services.ways_of_working import Edition
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_pairing,
    make_participant,
    make_scheme,
    make_signature,
)
from tests.services.pairs import Pair, make_pair
from tests.services.proposal_steps import asked
from tests.services.training_parts import make_module

# Fourteen hours ahead of UTC and eleven behind it: no two clocks on Earth are further apart.
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
DAY = datetime(2026, 11, 25, tzinfo=UTC)


def far_apart(session: Session) -> Pair:
    """A mentor on the first island to see a day, a mentee on the last; the scheme's clocks are 15 minutes off."""
    pair = make_pair(session, scheme=make_scheme(session, time_zone="Pacific/Chatham"))
    pairings.end(session, pair.mentor, pair.pairing.id, reason=EndReason.NOT_GIVEN)
    pair.mentor_person.time_zone, pair.mentee_person.time_zone = EAST, WEST
    session.commit()
    mentor, mentee = replace(pair.mentor, time_zone=EAST), replace(pair.mentee, time_zone=WEST)
    return replace(pair, mentor=mentor, mentee=mentee)


def matched(session: Session, pair: Pair) -> Pair:
    made = make_pairing(session, pair.cohort, mentor=pair.mentor_enrolment, mentee=pair.mentee_enrolment)
    session.commit()
    return replace(pair, pairing=made)


def touch(session: Session, actor: Actor, pair: Pair) -> date:
    """A contact on the day that the person's own calendar shows."""
    today = times.day_in(utc_now(), actor.time_zone or "UTC")
    return contacts.note(
        session, actor, pair.pairing.id, channel=Channel.EMAIL, contact_on=today, today=today
    ).contact_on


def meet(session: Session, actor: Actor, pair: Pair) -> Noted:
    return meetings.log(
        session,
        actor,
        pair.pairing.id,
        started_at=utc_now() - timedelta(minutes=30),
        time_zone=actor.time_zone or "UTC",
        duration_minutes=30,
        channel=Channel.VIDEO,
        happened=True,
        began_on_time=True,
        operation_id=uuid4(),
    )


def settle(session: Session, pair: Pair) -> Edition:
    edition = ways_of_working.propose(
        session,
        pair.mentee,
        pair.pairing.id,
        interval_days=14,
        minutes=45,
        months=6,
        channels=[Channel.EMAIL],
        sections={},
    )
    return ways_of_working.confirm(session, pair.mentor, pair.pairing.id, edition.number)


@pytest.mark.clause("A-ME1", "A-SH5", "A-SH6")
def test_a_pair_on_either_side_of_the_date_line_goes_its_whole_way_at_every_hour(session: Session) -> None:
    pair = far_apart(session)
    ways_they_went = set()

    for hour in range(24):
        with travel(DAY + timedelta(hours=hour, minutes=58), tick=False):
            pair = matched(session, pair)
            days = touch(session, pair.mentor, pair) - touch(session, pair.mentee, pair)
        with travel(DAY + timedelta(hours=hour + 1, minutes=58), tick=False):
            sides = (pair.mentor, pair.mentee)
            for actor in sides:
                meet(session, actor, pair)
            states = [meetings.own(session, actor, pair.pairing.id).meetings[0].state for actor in sides]
            settle(session, pair)
            seen = [my_matches.mine_without_contacts(session, actor)[0] for actor in sides]
            waiting = home.look(session, pair.mentee, utc_now()).tasks
            pairings.end(session, pair.mentee, pair.pairing.id, reason=EndReason.HELP_RECEIVED)
        late = [task.sentence for task in waiting if task.when == "overdue"]
        behind = [match.is_behind for match in seen]
        ways_they_went.add((days.days in {1, 2}, *states, *behind, *late, seen[0].status))

    assert ways_they_went == {(True, State.BOTH, State.BOTH, False, False, PairingStatus.ACTIVE)}
    assert audit.verify(session).holds


@pytest.mark.parametrize(
    ("scheme", "coordinator", "sent", "received_on"),
    [
        ("Europe/London", "Asia/Shanghai", "16:10", date(2026, 11, 26)),
        ("Europe/London", "America/New_York", "04:30", date(2026, 11, 24)),
        ("Asia/Shanghai", None, "22:00", date(2026, 11, 25)),
    ],
    ids=["ahead-of-the-scheme", "behind-the-scheme", "without-a-zone"],
)
def test_an_answer_by_email_bears_the_day_of_the_calendar_on_the_coordinators_wall(
    session: Session, scheme: str, coordinator: str | None, sent: str, received_on: date
) -> None:
    at = datetime.fromisoformat(f"2026-11-25T{sent}:00+00:00")
    with travel(at, tick=False):
        proposal, actor, _, _ = asked(session, time_zone=scheme)

    with travel(at + timedelta(minutes=20), tick=False):
        proposals.record_email_answer(
            session, replace(actor, time_zone=coordinator), proposal.id, accepted=True, received_on=received_on
        )

    assert proposal.email_received_on == received_on


@pytest.mark.clause("U-6")
def test_whoever_is_asked_for_feedback_can_answer_at_once_wherever_they_are(session: Session) -> None:
    with travel(DAY + timedelta(hours=1), tick=False):
        questions = {side: [{"key": "how", "text": "How is it?", "kind": "scale"}] for side in ("mentor", "mentee")}
        scheme = make_scheme(session, time_zone="Asia/Shanghai", other_settings={"feedback": questions})
        cohort = make_cohort(session, scheme)
        mentor = make_enrolment(session, cohort, Side.MENTOR)
        make_pairing(session, cohort, mentor=mentor)
        actor, today = replace(make_participant(session, mentor), time_zone="America/New_York"), DAY.date()
        days = {"opens_on": today, "due_on": today + timedelta(days=14), "today": today}
        coordinator = make_actor(make_coordinator(session, cohort), cohort)
        feedback.open_round(session, coordinator, cohort.id, point=RoundPoint.MIDDLE, **days)

        form = feedback.due(session, actor)
        tasks = home.look(session, actor, utc_now()).tasks

    assert len(form) == 1
    assert "feedback" in {task.page for task in tasks}


def test_two_dates_that_can_be_of_one_call_are_not_one_after_another(session: Session) -> None:
    """Eight in the evening in London is the next morning in Shanghai."""
    pair = make_pair(session)
    mentee, mentor = replace(pair.mentee, time_zone="Asia/Shanghai"), replace(pair.mentor, time_zone="Europe/London")
    with travel(DAY + timedelta(hours=20), tick=False):
        days = [touch(session, actor, pair) for actor in (mentor, mentee)]
        of_one_call = my_matches.mine(session, mentor)[0]
    with travel(DAY + timedelta(hours=40), tick=False):
        days.append(touch(session, mentee, pair))
        of_another = my_matches.mine(session, mentor)[0]

    assert [day.day for day in days] == [25, 26, 27]
    assert (of_one_call.is_behind, of_another.is_behind) == (False, True)


def test_a_clock_that_is_set_back_keeps_nobody_from_going_on_and_the_journal_in_order(session: Session) -> None:
    pair = make_pair(session, scheme=make_scheme(session, time_zone="Europe/London"))
    with travel(DAY + timedelta(minutes=20), tick=False):
        pairings.end(session, pair.mentor, pair.pairing.id, reason=EndReason.NOT_GIVEN)
        pair = matched(session, pair)

    with travel(DAY - timedelta(minutes=40), tick=False):
        on = touch(session, pair.mentee, pair)
        settle(session, pair)
        home.look(session, pair.mentee, utc_now())
        pairings.end(session, pair.mentor, pair.pairing.id, reason=EndReason.NOT_GIVEN)

    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
    assert on == date(2026, 11, 24)
    assert [entry.action for entry in entries] == [
        "pairing.ended",
        "contact.noted",
        "ways_of_working.proposed",
        "ways_of_working.confirmed",
        "pairing.ended",
    ]
    assert audit.verify(session).holds


@pytest.mark.clause("U-9", "U-C5.1")
def test_no_gate_closes_before_the_day_that_was_named_has_come_or_gone_for_everybody(session: Session) -> None:
    scheme = make_scheme(session, signature_grace_days=14, mentee_gates=["signature", "training"])
    cohort = make_cohort(session, scheme)
    mentee = make_enrolment(session, cohort)
    account = make_account(session, session.get_one(Person, mentee.person_id))
    make_signature(session, mentee, make_document(session, scheme.id), account)
    make_module(session, cohort, due_on=date(2026, 11, 24), required_for=["mentee"])
    published = datetime(2026, 11, 11, 9, tzinfo=UTC)
    document = make_document(session, scheme.id, edition=2, published_at=published)
    session.commit()

    held = {}
    for hour in (-1, 0, 11, 12):  # both name the 25th: the first day without a match, and the first that is too late
        with travel(DAY + timedelta(hours=hour), tick=False):
            light = readiness.lights(session, [mentee.id])[mentee.id]
            open_now = reading.availability(session, cohort, times.gate_day())
            ready = mentee.id in open_now.ready_mentees
            held[hour] = (light.signature.holds, light.training.holds, ready, times.day_in(utc_now(), WEST).day)

    assert signatures.blocked_from(document.published_at, 14) == DAY.date()
    assert held == {
        -1: (True, True, True, 24),
        0: (True, True, True, 24),
        11: (True, True, True, 25),
        12: (False, False, False, 25),
    }
