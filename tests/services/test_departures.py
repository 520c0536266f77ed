"""Leaving: what ends with it, when it can be taken back, and coming again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from time_machine import travel

from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import EndReason, Pairing, PairingStatus
from models.pauses import Departure, Pause
from services import away, departures, home_coordinator, my_matches, pauses
from services.access import Acting
from services.away import AwayLine, Consequences
from services.departures import LeftPlace
from services.errors import Conflict, NotAllowed
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.services.pairs import make_pair, share_all

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)  # in Shanghai
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def _today() -> Any:
    with travel(NOON, tick=False):
        yield


def templates(session: Session) -> set[tuple[str, Any]]:
    return set(session.exec(select(Message.template, Message.person_id)))


@pytest.mark.clause("U-C5.3", "A-SH5")
@pytest.mark.parametrize("side", Side)
def test_leaving_ends_every_pair_without_a_reason_and_closes_contact_details(session: Session, side: Side) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentor_enrolment)
    share_all(session, pair.mentee_enrolment)
    one, other = (pair.mentor, pair.mentee) if side is Side.MENTOR else (pair.mentee, pair.mentor)
    session.commit()

    departures.withdraw(session, one)

    ended = session.exec(select(Pairing)).one()
    assert (ended.status, ended.end_reason, ended.ended_by) == (PairingStatus.ENDED, EndReason.NOT_GIVEN, side)
    assert my_matches.mine(session, other)[0].contacts == ()
    assert templates(session) == {("pairing_ended", other.person_id), ("withdrawal_confirmed", one.person_id)}
    assert session.exec(select(Departure.told)).one() == 1


@pytest.mark.clause("U-C5.3")
def test_leaving_withdraws_proposals_and_ends_a_break(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai"))
    mentee = make_enrolment(session, cohort)
    actor = make_participant(session, mentee)
    session.commit()
    pauses.pause(session, actor)
    proposal = make_proposal(session, cohort, mentee=mentee, waits_for=Side.MENTOR)
    session.commit()

    departures.withdraw(session, actor)

    assert session.get_one(Proposal, proposal.id).status is ProposalStatus.WITHDRAWN
    assert session.exec(select(Pause)).one().ended_on == TODAY


@pytest.mark.clause("U-C5.3")
@pytest.mark.parametrize("before", ["approved", "paused"])
def test_whoever_told_nobody_takes_it_back_on_the_same_day(session: Session, before: str) -> None:
    cohort = make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai"))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    actor = make_participant(session, mentor)
    session.commit()
    if before == "paused":
        pauses.pause(session, actor)
    departures.withdraw(session, actor)
    offered = departures.left_places(session, actor)

    status = departures.undo(session, actor, mentor.id)

    scheme = actor.place.scheme_id
    assert scheme is not None
    assert [(place.can_undo, place.until) for place in offered] == [(True, NOON + timedelta(hours=12))]
    assert (status, mentor.status) == (EnrolmentStatus(before), EnrolmentStatus(before))
    assert departures.left_places(session, actor) == ()
    assert (pauses.mine(session, actor) is not None) is (before == "paused")


def test_what_was_taken_back_once_can_be_taken_back_again_also_by_a_clock_that_was_set_back(session: Session) -> None:
    mentor = make_enrolment(session, make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai")), Side.MENTOR)
    actor = make_participant(session, mentor)
    session.commit()

    for hours in (0, -1):
        with travel(NOON + timedelta(hours=hours), tick=False):
            departures.withdraw(session, actor)
            departures.undo(session, actor, mentor.id)

    assert mentor.status is EnrolmentStatus.APPROVED


def test_it_is_not_taken_back_on_the_next_day_nor_twice(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai"))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    actor = make_participant(session, mentor)
    session.commit()
    departures.withdraw(session, actor)

    with travel(NOON + timedelta(days=1), tick=False), pytest.raises(Conflict):
        departures.undo(session, actor, mentor.id)
    departures.undo(session, actor, mentor.id)
    with pytest.raises(Conflict):
        departures.undo(session, actor, mentor.id)

    assert mentor.status is EnrolmentStatus.APPROVED


def test_a_pair_that_was_told_of_its_end_does_not_come_back(session: Session) -> None:
    pair = make_pair(session)
    session.commit()
    departures.withdraw(session, pair.mentor)

    with pytest.raises(Conflict):
        departures.undo(session, pair.mentor, pair.mentor_enrolment.id)

    assert [place.can_undo for place in departures.left_places(session, pair.mentor)] == [False]


@pytest.mark.clause("U-C5.3")
def test_whoever_left_may_enrol_again_and_agrees_to_everything_anew(session: Session) -> None:
    pair = make_pair(session)
    make_consent(session, pair.mentor_enrolment, ConsentPurpose.DIRECTORY)
    session.commit()
    departures.withdraw(session, pair.mentor)
    found = departures.left_places(session, pair.mentor)

    status = departures.enrol_again(session, pair.mentor, pair.mentor_enrolment.id)

    row = session.get_one(Enrolment, pair.mentor_enrolment.id)
    assert found == (LeftPlace(row.id, "mentor", pair.scheme.name, pair.cohort.name, can_undo=False),)
    assert (status, row.status, row.waiting_since, row.summary is None) == (
        EnrolmentStatus.DRAFT,
        EnrolmentStatus.DRAFT,
        None,
        False,
    )
    assert [consent.withdrawn_at is None for consent in session.exec(select(Consent))] == [False]


def test_nobody_takes_back_or_enrols_again_for_somebody_else(session: Session) -> None:
    pair = make_pair(session)
    session.commit()
    departures.withdraw(session, pair.mentor)
    stranger = make_actor(make_person(session), pair.cohort, Acting.NOBODY)
    session.commit()

    for act in (departures.undo, departures.enrol_again):
        with pytest.raises(NotAllowed):
            act(session, stranger, pair.mentor_enrolment.id)
        with pytest.raises(Conflict):
            act(session, pair.mentee, pair.mentee_enrolment.id)

    assert session.get_one(Enrolment, pair.mentor_enrolment.id).status is EnrolmentStatus.WITHDRAWN


def test_what_would_follow_is_said_by_name_before(session: Session) -> None:
    pair = make_pair(session)
    make_proposal(session, pair.cohort, mentor=pair.mentor_enrolment)
    make_proposal(session, pair.cohort, mentor=pair.mentor_enrolment, status=ProposalStatus.DRAFT)
    session.commit()

    assert away.consequences(session, pair.mentor) == Consequences(TODAY, NOON + timedelta(hours=12), ("李伟",), 1)


@pytest.mark.clause("U-C5.3")
def test_a_coordinator_sees_who_is_away_until_when_and_who_has_left(session: Session) -> None:
    pair = make_pair(session)
    soon = make_enrolment(session, pair.cohort, Side.MENTOR, name="Bo Soon")
    gone = make_enrolment(session, pair.cohort, Side.MENTOR, name="Ama Gone")
    coordinator = make_actor(pair.coordinator, pair.cohort)
    actors = [make_participant(session, each) for each in (soon, gone)]
    session.commit()
    pauses.pause(session, pair.mentor)
    pauses.pause(session, actors[0], return_on=TODAY + timedelta(days=3))
    departures.withdraw(session, actors[1])

    found = away.away(session, coordinator, pair.cohort.id)
    tasks = home_coordinator.todo(session, coordinator, TODAY)[0]
    later = home_coordinator.todo(session, coordinator, TODAY + timedelta(days=17))[0]

    paused, withdrawn = EnrolmentStatus.PAUSED, EnrolmentStatus.WITHDRAWN
    assert found.lines == (
        AwayLine(soon.id, "Bo Soon", Side.MENTOR, paused, TODAY, TODAY + timedelta(days=3), 0),
        AwayLine(pair.mentor_enrolment.id, "Marguerite Oyelaran", Side.MENTOR, paused, TODAY, None, 0),
        AwayLine(gone.id, "Ama Gone", Side.MENTOR, withdrawn, None, None, 0),
    )
    assert (found.total, found.pages) == (3, 1)
    assert [task.sentence for task in tasks if "back" in task.sentence] == ["One person is due back this week"]
    assert [task.sentence for task in later if "back" in task.sentence] == [
        "One person has not said whether they are back"
    ]


def test_who_is_away_is_for_the_coordinator_of_that_scheme_alone(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    stranger = make_actor(make_coordinator(session, theirs), theirs)

    with pytest.raises(NotAllowed):
        away.away(session, stranger, ours.id)
