"""A break: what happens at once, what the other half chooses, and that only one's own yes ends it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from time_machine import travel

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import EndReason, Pairing, PairingStatus
from models.pauses import PairingPause, Pause, PauseChoice
from models.schemes import Channel
from services import contacts, home_participant, messages, my_matches, pauses, rhythm
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.matching import reading
from services.pair_facts import AsOf, rhythm_facts
from services.pauses import MyBreak
from tests.factories import (
    make_actor,
    make_cohort,
    make_enrolment,
    make_participant,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.services.pairs import Pair, make_pair

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)  # in Shanghai
RETURN = date(2026, 12, 5)


@pytest.fixture(autouse=True)
def _today() -> Any:
    with travel(NOON, tick=False):
        yield


def sent(session: Session) -> list[tuple[str, Any]]:
    """Template and person of everything in the outbox."""
    rows = session.exec(select(Message.template, Message.person_id).order_by(col(Message.template)))
    return [(template, person) for template, person in rows]


def away(session: Session, pair: Pair, side: Side = Side.MENTOR, return_on: date | None = RETURN) -> Actor:
    """The pair, once one of the two has taken a break; the other half, who is there."""
    one, other = (pair.mentor, pair.mentee) if side is Side.MENTOR else (pair.mentee, pair.mentor)
    session.commit()
    pauses.pause(session, one, return_on=return_on)
    return other


@pytest.mark.clause("U-C5.3")
def test_a_break_is_kept_with_its_days_and_takes_the_person_out_of_matching_at_once(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=[], time_zone="Asia/Shanghai"))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    actor = make_participant(session, mentor)
    session.commit()

    status = pauses.pause(session, actor, return_on=RETURN)

    kept = session.exec(select(Pause)).one()
    assert (status, mentor.status) == (EnrolmentStatus.PAUSED, EnrolmentStatus.PAUSED)
    assert (kept.started_on, kept.planned_return_on, kept.ended_on) == (TODAY, RETURN, None)
    assert kept.begun_by_id == mentor.person_id
    assert reading.availability(session, cohort, TODAY).mentors == frozenset()
    assert pauses.mine(session, actor) == MyBreak(TODAY, RETURN, is_due=False)
    assert sent(session) == [("pause_begun", mentor.person_id)]


@pytest.mark.parametrize(
    ("return_on", "happened"),
    [
        (TODAY, "The day of return is not in the future."),
        (TODAY - timedelta(days=1), "The day of return is not in the future."),
        (TODAY + timedelta(days=367), "That is more than a year away."),
    ],
    ids=["today", "yesterday", "over-a-year"],
)
def test_a_day_of_return_lies_within_the_coming_year(session: Session, return_on: date, happened: str) -> None:
    pair = make_pair(session)
    session.commit()

    with pytest.raises(Invalid) as refused:
        pauses.pause(session, pair.mentor, return_on=return_on)

    assert refused.value.happened == happened
    assert session.exec(select(Pause)).all() == []
    assert session.get_one(Enrolment, pair.mentor_enrolment.id).status is EnrolmentStatus.APPROVED


@pytest.mark.clause("U-C5.3")
@pytest.mark.parametrize("side", Side)
def test_the_pair_stands_still_and_the_other_half_is_told_and_asked(session: Session, side: Side) -> None:
    pair = make_pair(session)

    other = away(session, pair, side)

    match = my_matches.mine(session, other)[0]
    tasks = home_participant.todo(session, other, TODAY)[0]
    assert (match.status, match.away, match.back_on, match.must_choose) == (PairingStatus.PAUSED, side, RETURN, True)
    assert ("pair_paused", other.person_id) in sent(session)
    assert [(task.sentence, task.page) for task in tasks if task.page == "my_match"] == [
        ("Wait, or find another match", "my_match")
    ]


@pytest.mark.clause("U-C5.3")
def test_whoever_waits_is_asked_no_more_and_the_pair_goes_on_with_the_return(session: Session) -> None:
    pair = make_pair(session, status=PairingStatus.ACTIVE)
    mentee = away(session, pair)

    pauses.wait(session, mentee, pair.pairing.id)
    waiting = my_matches.mine(session, mentee)[0]
    with travel(NOON + timedelta(days=3), tick=False):
        pauses.come_back(session, pair.mentor)

    again = my_matches.mine(session, mentee)[0]
    row = session.exec(select(PairingPause)).one()
    assert (waiting.choice, waiting.must_choose) == (PauseChoice.WAIT, False)
    assert (again.status, again.away, again.back_on) == (PairingStatus.ACTIVE, None, None)
    assert (row.started_on, row.ended_on) == (TODAY, TODAY + timedelta(days=3))
    assert session.exec(select(Pause)).one().ended_on == TODAY + timedelta(days=3)
    assert ("pair_resumed", mentee.person_id) in sent(session)


@pytest.mark.clause("U-C5.2", "U-C5.3")
def test_another_match_is_no_blame_and_keeps_the_time_that_the_mentee_waited(session: Session) -> None:
    pair = make_pair(session)
    waited_since = NOON - timedelta(days=90)
    pair.mentee_enrolment.waiting_since = waited_since
    mentee = away(session, pair)

    pauses.find_another(session, mentee, pair.pairing.id)

    ended = session.get_one(Pairing, pair.pairing.id)
    assert (ended.status, ended.end_reason, ended.ended_by) == (
        PairingStatus.ENDED,
        EndReason.REFERRED_ELSEWHERE,
        Side.MENTEE,
    )
    assert session.get_one(Enrolment, pair.mentee_enrolment.id).waiting_since == waited_since
    assert reading.availability(session, pair.cohort, TODAY).busy_mentees == frozenset()
    assert ("pairing_ended_in_pause", pair.mentor.person_id) in sent(session)
    row = session.exec(select(PairingPause)).one()
    assert (row.choice, row.ended_on) == (PauseChoice.ANOTHER, TODAY)


def test_a_pair_that_found_another_match_does_not_come_back_with_the_return(session: Session) -> None:
    pair = make_pair(session)
    mentee = away(session, pair)
    pauses.find_another(session, mentee, pair.pairing.id)

    pauses.come_back(session, pair.mentor)

    assert session.get_one(Pairing, pair.pairing.id).status is PairingStatus.ENDED


def test_nobody_chooses_about_a_pair_of_others_or_for_whoever_is_away(session: Session) -> None:
    pair = make_pair(session)
    mentee = away(session, pair)
    outsider = make_actor(make_person(session), pair.cohort, Acting.MENTEE)
    session.commit()

    for choose in (pauses.wait, pauses.find_another):
        with pytest.raises(NotAllowed):
            choose(session, outsider, pair.pairing.id)
        with pytest.raises(Conflict):
            choose(session, pair.mentor, pair.pairing.id)

    assert my_matches.mine(session, mentee)[0].choice is None


def test_when_both_are_away_the_pair_waits_for_the_second_too_and_no_day_counts_twice(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)
    with travel(NOON + timedelta(days=2), tick=False):
        pauses.pause(session, pair.mentee)
    with travel(NOON + timedelta(days=5), tick=False):
        pauses.come_back(session, pair.mentor)
    still = session.get_one(Pairing, pair.pairing.id).status
    with travel(NOON + timedelta(days=9), tick=False):
        pauses.come_back(session, pair.mentee)

    rows = session.exec(select(PairingPause).order_by(col(PairingPause.started_on))).all()
    assert still is PairingStatus.PAUSED
    assert session.get_one(Pairing, pair.pairing.id).status is PairingStatus.RELEASED
    assert [(row.away, (row.started_on - TODAY).days, (row.ended_on - TODAY).days) for row in rows if row.ended_on] == [
        (Side.MENTOR, 0, 5),
        (Side.MENTEE, 5, 9),
    ]


def test_a_clock_that_was_set_back_past_midnight_keeps_nobody_away(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)
    with travel(NOON + timedelta(days=2), tick=False):
        pauses.pause(session, pair.mentee)
    with travel(NOON + timedelta(days=5), tick=False):
        pauses.come_back(session, pair.mentor)

    with travel(NOON + timedelta(days=1), tick=False):
        with pytest.raises(Invalid, match="not in the future"):
            pauses.stay_away(session, pair.mentee, return_on=TODAY + timedelta(days=2))
        pauses.come_back(session, pair.mentee)

    rows = session.exec(select(PairingPause).order_by(col(PairingPause.started_on))).all()
    assert session.get_one(Pairing, pair.pairing.id).status is PairingStatus.RELEASED
    assert [(row.started_on - TODAY).days for row in rows] == [0, 5]
    assert [row.ended_on and (row.ended_on - TODAY).days for row in rows] == [5, 5]


@pytest.mark.clause("U-C5.3")
def test_open_proposals_are_withdrawn_and_only_those_who_knew_are_told(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai"))
    mentor = make_enrolment(session, cohort, Side.MENTOR, capacity=5)
    drafted = make_proposal(session, cohort, mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None)
    asked = make_proposal(session, cohort, mentor=mentor)
    said_yes = make_proposal(session, cohort, mentor=mentor, waits_for=Side.MENTOR, mentee_answered_at=utc_now())
    declined = make_proposal(session, cohort, mentor=mentor, status=ProposalStatus.DECLINED)
    people = {each.id: session.get_one(Enrolment, each.mentee_id).person_id for each in (drafted, asked, said_yes)}
    actor = make_participant(session, mentor)
    session.commit()

    pauses.pause(session, actor)

    statuses = [session.get_one(Proposal, each.id).status for each in (drafted, asked, said_yes, declined)]
    assert statuses == [*[ProposalStatus.WITHDRAWN] * 3, ProposalStatus.DECLINED]
    assert sorted(sent(session)) == sorted(
        [
            ("pause_begun", mentor.person_id),
            ("proposal_taken_back", people[asked.id]),
            ("proposal_not_available", people[said_yes.id]),
        ]
    )


@pytest.mark.clause("U-C5.3")
def test_on_the_day_of_return_and_twice_more_they_are_asked_and_nothing_else_happens(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)
    asked = {}
    for late in (-1, 0, 1, 6, 7, 13, 14, 15, 60):
        moment = datetime(2026, 12, 5, 4, tzinfo=UTC) + timedelta(days=late)
        with travel(moment, tick=False):
            asked[late] = pauses.ask_due(session, utc_now())

    assert asked == {-1: 0, 0: 1, 1: 0, 6: 0, 7: 1, 13: 0, 14: 1, 15: 0, 60: 0}
    assert [each for each in sent(session) if each[0] == "pause_return_asked"] == [
        ("pause_return_asked", pair.mentor.person_id)
    ] * 3
    assert session.get_one(Enrolment, pair.mentor_enrolment.id).status is EnrolmentStatus.PAUSED
    assert session.get_one(Pairing, pair.pairing.id).status is PairingStatus.PAUSED


def test_one_mail_stands_for_all_that_a_resting_server_missed(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)

    with travel(NOON + timedelta(days=200), tick=False):
        first, second = pauses.ask_due(session, utc_now()), pauses.ask_due(session, utc_now())

    assert (first, second) == (1, 0)


@pytest.mark.clause("U-C5.3")
def test_not_yet_moves_the_day_asks_anew_and_lets_the_other_choose_again(session: Session) -> None:
    pair = make_pair(session)
    mentee = away(session, pair)
    pauses.wait(session, mentee, pair.pairing.id)
    later = date(2027, 1, 20)

    with travel(datetime(2026, 12, 6, 4, tzinfo=UTC), tick=False):
        pauses.ask_due(session, utc_now())
        pauses.stay_away(session, pair.mentor, return_on=later)
        at_once = pauses.ask_due(session, utc_now())
    with travel(datetime(2027, 1, 20, 4, tzinfo=UTC), tick=False):
        on_the_day = pauses.ask_due(session, utc_now())

    match = my_matches.mine(session, mentee)[0]
    assert (at_once, on_the_day) == (0, 1)
    assert (match.back_on, match.choice) == (later, None)
    assert [each for each in sent(session) if each[0] == "pair_paused"] == [("pair_paused", mentee.person_id)] * 2


def test_a_break_without_a_day_is_never_asked_about(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair, return_on=None)

    with travel(NOON + timedelta(days=300), tick=False):
        asked = pauses.ask_due(session, utc_now())

    assert asked == 0
    assert pauses.mine(session, pair.mentor) == MyBreak(TODAY, None, is_due=False)


@pytest.mark.clause("U-C5.3")
def test_whoever_is_away_reads_one_line_on_home_and_on_the_day_a_question(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)

    before = home_participant.todo(session, pair.mentor, TODAY)[0]
    on_the_day = home_participant.todo(session, pair.mentor, RETURN)[0]

    assert [(task.sentence, task.detail) for task in before] == [
        ("You are taking a break", "Until Saturday 5 December; come back earlier if you like")
    ]
    assert [(task.sentence, task.page) for task in on_the_day] == [("Are you back?", "enrolment")]


@pytest.mark.clause("U-5", "U-C5.3")
def test_days_of_a_break_do_not_make_a_pair_quiet_or_late(session: Session) -> None:
    scheme = make_scheme(session, default_interval_days=10, time_zone="Asia/Shanghai")
    pair = make_pair(session, scheme=scheme, released_at=NOON - timedelta(days=8), first_contact_on=TODAY)
    mentee = away(session, pair)
    back = NOON + timedelta(days=40)
    with travel(back, tick=False):
        pauses.come_back(session, pair.mentor)

    states = {}
    for late in (0, 7, 8):
        day = TODAY + timedelta(days=40 + late)
        facts = rhythm_facts(pair.cohort.id, scheme, AsOf(day, scheme.time_zone))
        states[late] = session.exec(select(facts.c.days_since, facts.c.state)).one()

    assert states == {0: (8, "in_rhythm"), 7: (15, "in_rhythm"), 8: (16, "quiet")}
    assert my_matches.mine(session, mentee)[0].next_sign_by == TODAY + timedelta(days=42)


@pytest.mark.clause("U-5")
def test_weeks_before_a_break_keep_their_figures_and_those_within_it_have_none(session: Session) -> None:
    scheme = make_scheme(session, default_interval_days=10, time_zone="Asia/Shanghai")
    pair = make_pair(session, scheme=scheme, released_at=NOON - timedelta(days=8))
    away(session, pair)

    as_of = AsOf(TODAY + timedelta(days=14), scheme.time_zone)
    weeks = rhythm.history(session, pair.cohort.id, scheme, as_of, protect=False)

    counts = {(week.day - TODAY).days: (week.rhythm.pairs, week.rhythm.in_rhythm) for week in weeks}
    assert {back: counts[back] for back in (-7, 0, 7)} == {-7: (1, 1), 0: (0, 0), 7: (0, 0)}


def test_a_contact_during_a_break_is_kept_and_counts_from_the_return(session: Session) -> None:
    scheme = make_scheme(session, default_interval_days=10, time_zone="Asia/Shanghai", channels=["email"])
    pair = make_pair(session, scheme=scheme, released_at=NOON - timedelta(days=8))
    mentee = away(session, pair)
    with travel(NOON + timedelta(days=4), tick=False):
        day = TODAY + timedelta(days=4)
        contacts.note(session, mentee, pair.pairing.id, channel=Channel.EMAIL, contact_on=day, today=day)
    with travel(NOON + timedelta(days=10), tick=False):
        pauses.come_back(session, pair.mentor)

    assert my_matches.mine(session, mentee)[0].next_sign_by == TODAY + timedelta(days=20)


def test_a_break_is_taken_once_and_only_from_a_place_that_was_approved(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)
    draft = make_participant(session, make_enrolment(session, pair.cohort, status=EnrolmentStatus.DRAFT))
    session.commit()

    for act, actor in ((pauses.pause, pair.mentor), (pauses.pause, draft), (pauses.come_back, draft)):
        with pytest.raises(Conflict):
            act(session, actor)
    with pytest.raises(Conflict):
        pauses.stay_away(session, draft, return_on=RETURN)

    assert len(session.exec(select(Pause)).all()) == 1


def test_two_breaks_after_each_other_are_two_rows(session: Session) -> None:
    pair = make_pair(session)
    away(session, pair)
    pauses.come_back(session, pair.mentor)

    pauses.pause(session, pair.mentor)

    assert len(session.exec(select(Pause)).all()) == 2
    assert len(session.exec(select(PairingPause)).all()) == 2


def test_the_mails_of_a_break_say_who_and_until_when(session: Session) -> None:
    pair = make_pair(session)
    session.commit()

    letter = messages.preview(
        session,
        person_id=pair.mentee_person.id,
        template="pair_paused",
        scheme_id=pair.scheme.id,
        other_name="Marguerite Oyelaran",
        back_on=RETURN,
    )

    assert letter.subject == f"Marguerite Oyelaran is taking a break from {pair.scheme.name}"
    assert "expects to be back on Saturday 5 December 2026" in letter.text
