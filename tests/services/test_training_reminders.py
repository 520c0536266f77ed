"""Whoever is overdue is reminded in one act, which can be read before."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, col, select
from time_machine import travel

from models.enrolments import Enrolment, Side
from models.messages import Message
from models.schemes import Cohort
from services import training_reminders
from services.access import Actor
from services.errors import Conflict, NotAllowed
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_scheme
from tests.services.training_parts import make_completion, make_module

TODAY = date(2026, 10, 1)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, mentor_gates=["training"]))


@pytest.fixture
def coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def two_overdue(session: Session, cohort: Cohort) -> list[Enrolment]:
    module = make_module(session, cohort, title="Further", due_on=date(2026, 9, 30))
    ama, bo, passed = (make_enrolment(session, cohort, Side.MENTOR, name=name) for name in ("Ama", "Bo", "Cy"))
    make_completion(session, passed, module, date(2028, 1, 1))
    make_enrolment(session, cohort, Side.MENTEE)
    return [ama, bo]


@pytest.mark.clause("U-C5.1")
def test_everybody_overdue_is_reminded_once_a_day(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    ama, bo = two_overdue(session, cohort)
    plan = training_reminders.plan(session, coordinator, cohort.id, today=TODAY)

    sent = training_reminders.remind(session, coordinator, cohort.id, today=TODAY)
    with pytest.raises(Conflict):
        training_reminders.remind(session, coordinator, cohort.id, today=TODAY)
    later = training_reminders.plan(session, coordinator, cohort.id, today=TODAY)
    again = training_reminders.remind(session, coordinator, cohort.id, today=date(2026, 10, 2))

    written = session.exec(select(Message).order_by(col(Message.created_at))).all()
    assert (plan.names, plan.told, sent, again) == (("Ama", "Bo"), 0, 2, 2)
    assert later == training_reminders.Plan((), None, told=2)
    assert [message.person_id for message in written[:2]] == [ama.person_id, bo.person_id]
    assert plan.preview is not None
    assert written[0].subject == plan.preview.subject
    assert "- Further (due by Wednesday 30 September 2026)\n" in plan.preview.text
    assert "Until it is done you get no new match" in plan.preview.text


@pytest.mark.clause("U-C5.1")
def test_nobody_is_told_that_they_are_overdue_while_their_own_last_day_goes_on(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    two_overdue(session, cohort)  # by the end of 30 September

    overdue = {}
    for hour in (11, 12):
        with travel(datetime(2026, 10, 1, hour, tzinfo=UTC), tick=False):
            overdue[hour] = training_reminders.plan(session, coordinator, cohort.id, today=TODAY).names

    assert overdue == {11: (), 12: ("Ama", "Bo")}


def test_with_nobody_overdue_nothing_goes_out(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    make_module(session, cohort, due_on=TODAY)
    make_enrolment(session, cohort, Side.MENTOR)

    plan = training_reminders.plan(session, coordinator, cohort.id, today=TODAY)

    assert plan == training_reminders.Plan((), None)
    with pytest.raises(Conflict):
        training_reminders.remind(session, coordinator, cohort.id, today=TODAY)
    assert session.exec(select(Message)).all() == []


def test_strangers_remind_nobody(session: Session, cohort: Cohort) -> None:
    two_overdue(session, cohort)
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    for attempt in (training_reminders.plan, training_reminders.remind):
        with pytest.raises(NotAllowed):
            attempt(session, stranger, cohort.id, today=TODAY)

    assert session.exec(select(Message)).all() == []
