"""The five figures and the funnel, recomputed by hand from the rows, and who may see them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.matching import ProposalStatus
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, PairingStatus
from models.schemes import Channel, Cohort
from services import audit, participation
from services.access import Acting, Actor
from services.errors import NotAllowed
from services.rhythm import Rhythm
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_proposal,
    make_scheme,
)
from tests.services.counting import reads, sent

TODAY = date(2026, 11, 21)
MORNING = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_the_funnel_counts_who_came_how_far_or_further(session: Session) -> None:
    cohort = _cohort(session)
    make_enrolment(session, cohort, status=EnrolmentStatus.DRAFT, submitted_at=None, decided_at=None)
    _enrolled(session, cohort, status=EnrolmentStatus.SUBMITTED, decided_at=None)
    _enrolled(session, cohort, conflicts_declared_at=None)
    _enrolled(session, cohort)
    proposed = _enrolled(session, cohort)
    mentor = _enrolled(session, cohort, Side.MENTOR, capacity=3)
    make_proposal(session, cohort, mentee=proposed, mentor=mentor, sent_at=_ago(3))
    make_proposal(
        session, cohort, mentee=_enrolled(session, cohort), mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None
    )
    _pair(session, cohort, released=20, mentor=mentor)
    met = _pair(session, cohort, released=40, mentor=mentor)
    _record(session, met, Side.MENTEE, days_ago=30)

    stages = participation.funnel(session, _coordinator(session, cohort), cohort.id, TODAY)

    assert [(stage.key, stage.mentors, stage.mentees) for stage in stages] == [
        ("enrolled", 1, 7),
        ("approved", 1, 6),
        ("ready", 1, 5),
        ("proposed", 1, 3),
        ("paired", 1, 2),
        ("in_touch", 1, 1),
        ("met", 1, 1),
        ("confirmed", 0, 0),
    ]


def test_the_five_figures_are_what_the_rows_say(session: Session) -> None:
    cohort = _cohort(session)
    in_time, late, new, never = (_pair(session, cohort, released=days) for days in (60, 60, 3, 60))
    _contact(session, in_time, days_ago=55)
    _record(session, in_time, Side.MENTOR, days_ago=40)
    _record(session, in_time, Side.MENTEE, days_ago=40, minutes_later=20)
    _record(session, late, Side.MENTEE, days_ago=20)
    _contact(session, new, days_ago=1)
    _enrolled(session, cohort)

    found = participation.overview(session, _coordinator(session, cohort), cohort.id, TODAY)

    assert never.status is PairingStatus.RELEASED
    assert [(figure.key, figure.part, figure.base, figure.left_out, figure.also) for figure in found.figures] == [
        ("matched", 4, 5, None, "Mentors: 4 of 4"),
        ("first_contact", 1, 3, 1, ""),
        ("first_meeting", 1, 3, 1, "Confirmed by both: 1 of 3"),
        ("rhythm", 3, 4, None, ""),
        ("feedback", 0, 0, 0, ""),
    ]
    assert found.rhythm == Rhythm(in_rhythm=3, quiet=1, silent=0, pairs=4)
    assert participation.in_words(found.figures[4]) == "–"


def test_feedback_counts_forms_whose_day_is_over_and_says_how_many_it_left_out(session: Session) -> None:
    cohort = _cohort(session)
    pairs = [_pair(session, cohort, released=60) for _ in range(3)]
    everybody = [enrolment_id for pair in pairs for enrolment_id in (pair.mentor_id, pair.mentee_id)]
    _round(session, cohort, RoundPoint.START, due=TODAY - timedelta(days=1), asked=everybody[:4], answered=3)
    _round(session, cohort, RoundPoint.END, due=TODAY, asked=everybody, answered=2)

    first = participation.overview(session, _coordinator(session, cohort), cohort.id, TODAY).figures[4]
    next_day = participation.overview(session, _coordinator(session, cohort), cohort.id, TODAY + timedelta(days=1))

    second = next_day.figures[4]
    assert (first.part, first.base, first.left_out, first.also) == (3, 4, 6, "")
    assert (second.part, second.base, second.left_out, second.also) == (5, 10, 0, "Start: 3 of 4; end: 2 of 6")


def test_a_manager_reads_no_response_that_tells_of_a_few(session: Session) -> None:
    cohort = _cohort(session)
    mentees = [_enrolled(session, cohort).id for _ in range(12)]
    _round(session, cohort, RoundPoint.START, due=TODAY - timedelta(days=3), asked=mentees, answered=6)
    _round(session, cohort, RoundPoint.END, due=TODAY, asked=mentees[:3], answered=2)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    found = participation.overview(session, manager, cohort.id, TODAY).figures[4]

    assert (found.part, found.base, found.left_out) == (6, 12, None)


@pytest.mark.clause("A-SH6")
@pytest.mark.parametrize(("minutes_apart", "confirmed"), [(30, 1), (31, 0)])
def test_a_meeting_is_confirmed_when_both_records_start_within_half_an_hour(
    session: Session, minutes_apart: int, confirmed: int
) -> None:
    cohort = _cohort(session)
    pairing = _pair(session, cohort, released=40)
    _record(session, pairing, Side.MENTOR, days_ago=20)
    _record(session, pairing, Side.MENTEE, days_ago=20, minutes_later=minutes_apart)

    stages = participation.funnel(session, _coordinator(session, cohort), cohort.id, TODAY)

    assert [(stage.key, stage.mentees) for stage in stages][-2:] == [("met", 1), ("confirmed", confirmed)]


def test_a_meeting_that_did_not_happen_is_none(session: Session) -> None:
    cohort = _cohort(session)
    pairing = _pair(session, cohort, released=40)
    _record(session, pairing, Side.MENTOR, days_ago=20, happened=False)

    stages = participation.funnel(session, _coordinator(session, cohort), cohort.id, TODAY)

    assert [(stage.key, stage.mentees) for stage in stages][-3:] == [("in_touch", 0), ("met", 0), ("confirmed", 0)]


def test_a_mentee_with_a_second_mentor_counts_once(session: Session) -> None:
    cohort = _cohort(session)
    mentee = _enrolled(session, cohort)
    first = _pair(session, cohort, released=60, mentee=mentee, status=PairingStatus.ENDED, ended_at=_ago(30))
    _record(session, first, Side.MENTEE, days_ago=50)
    _pair(session, cohort, released=20, mentee=mentee)

    found = participation.overview(session, _coordinator(session, cohort), cohort.id, TODAY)

    assert [(stage.key, stage.mentees) for stage in found.stages][-4:] == [
        ("paired", 1),
        ("in_touch", 0),
        ("met", 0),
        ("confirmed", 0),
    ]
    assert (found.figures[0].part, found.figures[0].base) == (1, 1)
    # A first contact after ten days is none within seven; both pairs count here.
    assert (found.figures[1].part, found.figures[1].base) == (0, 2)


def test_a_manager_sees_the_end_of_yesterday_and_no_small_count(session: Session) -> None:
    cohort = _cohort(session)
    for number in range(12):
        pairing = _pair(session, cohort, released=20)
        if number < 2:
            _contact(session, pairing, days_ago=1, created_at=_ago(1))
    _enrolled(session, cohort, submitted_at=MORNING, decided_at=MORNING)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    found = participation.overview(session, manager, cohort.id, TODAY)

    assert (found.as_of, found.is_protected) == (date(2026, 11, 20), True)
    assert [(stage.key, stage.mentors, stage.mentees) for stage in found.stages] == [
        ("enrolled", 12, 12),
        ("approved", 12, 12),
        ("ready", 12, 12),
        ("proposed", 12, 12),
        ("paired", 12, 12),
        ("in_touch", None, None),
        ("met", 0, 0),
        ("confirmed", 0, 0),
    ]
    assert found.rhythm == Rhythm(in_rhythm=12, quiet=0, silent=0, pairs=12)


def test_what_is_entered_today_does_not_change_what_a_manager_sees(session: Session) -> None:
    cohort = _cohort(session)
    pairings = [_pair(session, cohort, released=20) for _ in range(12)]
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)
    before = participation.overview(session, manager, cohort.id, TODAY)

    for pairing in pairings:
        _contact(session, pairing, days_ago=10, created_at=MORNING)

    assert participation.overview(session, manager, cohort.id, TODAY) == before


@pytest.mark.parametrize("acting", [Acting.MANAGER, Acting.COORDINATOR])
def test_figures_of_another_scheme_are_refused(session: Session, acting: Acting) -> None:
    ours, theirs = _cohort(session), _cohort(session)
    _pair(session, theirs, released=20)
    actor = make_actor(make_manager(session, ours), ours, acting)

    for read in (participation.overview, participation.funnel, participation.rhythm_of, participation.glance):
        with pytest.raises(NotAllowed):
            read(session, actor, theirs.id, TODAY)
    with pytest.raises(NotAllowed):
        participation.standing(session, actor, theirs.id)


@pytest.mark.parametrize("pairs", [1, 3])
def test_the_whole_picture_takes_six_queries(session: Session, pairs: int) -> None:
    cohort = _cohort(session)
    for _ in range(pairs):
        _record(session, _pair(session, cohort, released=20), Side.MENTEE, days_ago=10)
    actor = _coordinator(session, cohort)
    session.commit()

    with sent(session) as statements:
        participation.overview(session, actor, cohort.id, TODAY)

    assert len(reads(statements)) == 6


def test_the_edition_grows_with_the_journal_of_the_scheme_and_not_for_a_manager(session: Session) -> None:
    cohort = _cohort(session)
    coordinator = _coordinator(session, cohort)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)
    before = participation.standing(session, coordinator, cohort.id)

    audit.record(session, coordinator, "test.happened", scheme_id=cohort.scheme_id)
    session.flush()

    after = participation.standing(session, coordinator, cohort.id)
    assert (before.edition, after.edition) == (0, 1)
    assert participation.standing(session, manager, cohort.id).edition == 0


def test_downloads_hold_what_the_screen_shows(session: Session) -> None:
    cohort = _cohort(session)
    _pair(session, cohort, released=20)
    found = participation.overview(session, _coordinator(session, cohort), cohort.id, TODAY)

    lines = participation.history_csv(found).decode("utf-8-sig").splitlines()

    assert lines[0] == '"Day","In rhythm","Quiet","Silent","Open pairs"'
    assert lines[-1] == '"2026-11-21","1","0","0","1"'
    assert participation.funnel_csv(found).decode("utf-8-sig").splitlines()[5].startswith('"Matched","1","1",')
    assert participation.figures_csv(found).decode("utf-8-sig").splitlines()[1].startswith('"Mentees matched","1","1",')


def _cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, mentee_gates=["conflicts"]))


def _coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def _ago(days: int) -> datetime:
    return MORNING - timedelta(days=days)


def _enrolled(session: Session, cohort: Cohort, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    long_ago: dict[str, Any] = dict.fromkeys(
        ("created_at", "submitted_at", "decided_at", "conflicts_declared_at"), _ago(90)
    )
    return make_enrolment(session, cohort, side, **(long_ago | facts))


def _pair(session: Session, cohort: Cohort, *, released: int, **facts: Any) -> Pairing:
    sides = {"mentor": Side.MENTOR, "mentee": Side.MENTEE}
    for name, side in sides.items():
        facts[name] = facts.get(name) or _enrolled(session, cohort, side)
    return make_pairing(session, cohort, released_at=_ago(released), created_at=_ago(released), **facts)


def _round(
    session: Session, cohort: Cohort, point: RoundPoint, *, due: date, asked: Sequence[UUID], answered: int
) -> None:
    """A round of feedback that the first `answered` of those asked have answered."""
    opened = FeedbackRound(cohort_id=cohort.id, point=point, opens_on=due - timedelta(days=9), due_on=due)
    session.add(opened)
    session.flush()
    for number, enrolment_id in enumerate(asked):
        side = session.get_one(Enrolment, enrolment_id).side
        answer = FeedbackAnswer(round_id=opened.id, enrolment_id=enrolment_id, side=side, created_at=_ago(12))
        answer.submitted_at = _ago(5) if number < answered else None
        session.add(answer)
    session.flush()


def _contact(session: Session, pairing: Pairing, *, days_ago: int, created_at: datetime | None = None) -> None:
    on = TODAY - timedelta(days=days_ago)
    at = created_at or _ago(days_ago)
    session.add(
        Contact(pairing_id=pairing.id, noted_by=Side.MENTEE, channel=Channel.EMAIL, contact_on=on, created_at=at)
    )
    session.flush()


def _record(
    session: Session, pairing: Pairing, side: Side, *, days_ago: int, minutes_later: int = 0, happened: bool = True
) -> None:
    record = MeetingRecord(
        pairing_id=pairing.id,
        side=side,
        started_at=_ago(days_ago) + timedelta(minutes=minutes_later),
        time_zone="UTC",
        duration_minutes=45,
        channel=Channel.VIDEO,
        happened=happened,
        operation_id=uuid4(),
        created_at=_ago(days_ago),
    )
    session.add(record)
    session.flush()
