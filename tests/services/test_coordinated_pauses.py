"""A coordinator lets somebody rest, and takes that back."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select
from time_machine import travel

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.pairings import Pairing, PairingStatus
from models.pauses import Pause
from models.people import Person
from models.schemes import Cohort
from services import coordinated_pauses, enrolments, pauses
from services.access import Actor
from services.errors import Conflict, NotAllowed
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_proposal,
    make_scheme,
)
from tests.services.pairs import make_pair

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)  # in Shanghai
TODAY, RETURN = date(2026, 11, 21), date(2026, 12, 5)


@pytest.fixture(autouse=True)
def _today() -> Any:
    with travel(NOON, tick=False):
        yield


def mails(session: Session) -> list[tuple[str, str, str]]:
    """Who got which template, and its text."""
    statement: Any = select(Person.full_name, Message.template, Message.body_text)
    return sorted(session.exec(statement.join(Person, col(Person.id) == Message.person_id)))


def coordinator_of(session: Session, enrolment: Enrolment) -> Actor:
    cohort = session.get_one(Cohort, enrolment.cohort_id)
    return make_actor(make_coordinator(session, cohort), cohort)


@pytest.mark.clause("U-C5.3")
@pytest.mark.parametrize("side", Side)
def test_what_was_read_before_is_what_the_person_and_their_pair_get(session: Session, side: Side) -> None:
    pair = make_pair(session)
    resting = pair.mentor_enrolment if side is Side.MENTOR else pair.mentee_enrolment
    actor = coordinator_of(session, resting)
    session.commit()

    plan = coordinated_pauses.plan(session, actor, resting.id, return_on=RETURN)
    status = coordinated_pauses.pause(session, actor, resting.id, return_on=RETURN)

    kept = session.exec(select(Pause)).one()
    sent = mails(session)
    assert (status, resting.status) == (EnrolmentStatus.PAUSED, EnrolmentStatus.PAUSED)
    assert (kept.begun_by_id, kept.planned_return_on) == (actor.person_id, RETURN)
    assert session.exec(select(Pairing.status)).one() is PairingStatus.PAUSED
    assert sorted(template for _, template, _ in sent) == ["pair_paused", "pause_begun_for"]
    assert [each.name for each in plan.told] == [
        next(name for name, template, _ in sent if template == wanted) for wanted in ("pause_begun_for", "pair_paused")
    ]
    assert [each.mail.text.splitlines()[:3] for each in plan.told] == [
        next(text.splitlines()[:3] for _, template, text in sent if template == wanted)
        for wanted in ("pause_begun_for", "pair_paused")
    ]


@pytest.mark.clause("U-C5.3")
def test_ending_it_wakes_the_pair_and_tells_both(session: Session) -> None:
    pair = make_pair(session)
    actor = coordinator_of(session, pair.mentor_enrolment)
    was = session.exec(select(Pairing.status)).one()
    session.commit()
    coordinated_pauses.pause(session, actor, pair.mentor_enrolment.id)

    (row,) = (
        each
        for each in enrolments.queue(session, actor, pair.mentor_enrolment.cohort_id, today=TODAY).rows
        if each.id == pair.mentor_enrolment.id
    )
    coordinated_pauses.end(session, actor, pair.mentor_enrolment.id)

    assert row.is_sent_to_rest
    assert pair.mentor_enrolment.status is EnrolmentStatus.APPROVED
    assert session.exec(select(Pairing.status)).one() is was
    assert [pause.ended_on for pause in session.exec(select(Pause))] == [TODAY]
    assert {template for _, template, _ in mails(session)} >= {"pause_ended_for", "pair_resumed"}


@pytest.mark.clause("U-C5.3")
def test_a_break_that_somebody_chose_is_only_theirs_to_end_and_another_ones_is_theirs_too(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=[], time_zone="Asia/Shanghai"))
    chose, sent = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort, Side.MENTOR)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    own, others = make_participant(session, chose), make_participant(session, sent)
    session.commit()
    pauses.pause(session, own)
    coordinated_pauses.pause(session, actor, sent.id)

    with pytest.raises(Conflict, match="only they end it"):
        coordinated_pauses.end(session, actor, chose.id)
    pauses.come_back(session, others)
    with pytest.raises(Conflict, match="not on a break"):
        coordinated_pauses.end(session, actor, sent.id)
    with pytest.raises(Conflict, match="approved"):
        coordinated_pauses.pause(session, actor, chose.id)

    rows = enrolments.queue(session, actor, cohort.id, today=TODAY).rows
    assert (chose.status, sent.status) == (EnrolmentStatus.PAUSED, EnrolmentStatus.APPROVED)
    assert [row.is_sent_to_rest for row in rows] == [False, False]


def test_open_proposals_are_counted_before_they_are_withdrawn(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, time_zone="Asia/Shanghai"))
    mentee = make_enrolment(session, cohort)
    make_proposal(session, cohort, mentee=mentee, waits_for=Side.MENTOR)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    plan = coordinated_pauses.plan(session, actor, mentee.id)

    assert (plan.proposals, len(plan.told)) == (1, 1)


def test_only_a_coordinator_of_the_scheme_lets_others_rest_and_never_themselves(session: Session) -> None:
    cohort, elsewhere = make_cohort(session), make_cohort(session)
    ours = make_enrolment(session, cohort, Side.MENTOR)
    coordinator = make_coordinator(session, cohort)
    mine = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    strangers = [make_actor(make_coordinator(session, elsewhere), elsewhere), make_participant(session, ours)]
    actor = make_actor(coordinator, cohort)
    session.commit()

    for who, whom in [*((stranger, ours) for stranger in strangers), (actor, mine)]:
        for way in (
            coordinated_pauses.pause,
            coordinated_pauses.end,
            coordinated_pauses.plan,
            coordinated_pauses.preview_of_end,
            coordinated_pauses.today,
        ):
            with pytest.raises(NotAllowed):
                way(session, who, whom.id)

    assert ({ours.status, mine.status}, mails(session)) == ({EnrolmentStatus.APPROVED}, [])
