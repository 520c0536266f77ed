"""Reminders that name what is missing."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlmodel import Session, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.people import Person
from models.schemes import Cohort
from services import nudges
from services.access import DESK, Actor
from services.errors import NotAllowed
from services.schemes import starting
from tests.factories import make_account, make_actor, make_cohort, make_coordinator, make_enrolment, make_participant


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def a_mentor(session: Session, cohort: Cohort, name: str = "Bo", *, has_account: bool = True) -> Enrolment:
    mentor = make_enrolment(session, cohort, Side.MENTOR, name=name, conflicts_declared_at=None)
    if has_account:
        make_account(session, session.get_one(Person, mentor.person_id))
    session.commit()
    return mentor


@pytest.mark.clause("U-3")
def test_a_mentor_is_told_just_what_is_missing_and_once_a_day(session: Session, cohort: Cohort, actor: Actor) -> None:
    mentor = a_mentor(session, cohort)
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)

    with time_machine.travel(noon, tick=False):
        preview = nudges.preview(session, actor, mentor.id)
        sent = [nudges.send(session, actor, [mentor.id]) for _ in range(2)]
        (again,) = nudges.plan(session, actor, [mentor.id])
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False):
        sent.append(nudges.send(session, actor, [mentor.id]))

    mail = session.exec(select(Message)).all()
    assert preview is not None
    assert sent == [1, 0, 1]
    assert again.why_not == "was reminded today already"
    assert [each.template for each in mail] == ["nudge", "nudge"]
    assert [line for line in preview.text.splitlines() if line.startswith("- ")] == [
        "- Your profile: Your time zone",
        "- The agreement: read and sign it",
        "- The training: something to read and a short check; you can stop in between",
        "- One question about conflicts: is there anybody whom you should not be paired with?",
        "- A way to be reached: choose at least one that a mentee may use once you are matched",
    ]


def test_somebody_in_two_schemes_is_reminded_once_a_day_in_all(session: Session, cohort: Cohort, actor: Actor) -> None:
    mentor = a_mentor(session, cohort)
    other = starting.start(
        session, DESK, "aulp", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    place = make_enrolment(session, other, Side.MENTOR, person=session.get_one(Person, mentor.person_id))
    colleague = make_actor(make_coordinator(session, other), other)
    session.commit()

    sent = nudges.send(session, actor, [mentor.id]), nudges.send(session, colleague, [place.id])

    assert (sent, len(session.exec(select(Message)).all())) == ((1, 0), 1)


def test_whoever_never_signed_in_gets_a_link_that_opens_an_account(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    mentor = a_mentor(session, cohort, has_account=False)

    nudges.send(session, actor, [mentor.id])

    mail = session.exec(select(Message)).one()
    assert (mail.link_purpose, mail.link_hours) == ("invitation", 72)
    assert "Choose your password" in (mail.body_text or "")


def test_whoever_left_paused_or_has_done_all_is_left_alone(session: Session, cohort: Cohort, actor: Actor) -> None:
    mentors = [a_mentor(session, cohort, name) for name in ("Ama", "Bo")]
    mentors[0].status, mentors[1].status = EnrolmentStatus.PAUSED, EnrolmentStatus.WITHDRAWN
    plain = make_cohort(session)
    done = make_enrolment(session, plain, name="Chen")
    colleague = make_actor(make_coordinator(session, plain), plain)
    session.commit()

    sent = nudges.send(session, actor, [each.id for each in mentors]), nudges.send(session, colleague, [done.id])

    assert sent == (0, 0)
    assert [each.why_not for each in nudges.plan(session, actor, [each.id for each in mentors])] == [
        "is paused",
        "is withdrawn",
    ]
    assert nudges.preview(session, colleague, done.id) is None


def test_only_the_schemes_coordinator_reminds(session: Session, cohort: Cohort) -> None:
    mentor = a_mentor(session, cohort)
    elsewhere = make_cohort(session)
    strangers = [make_actor(make_coordinator(session, elsewhere), elsewhere), make_participant(session, mentor)]
    session.commit()

    for stranger in strangers:
        for way in (nudges.send, nudges.plan):
            with pytest.raises(NotAllowed):
                way(session, stranger, [mentor.id])

    assert session.exec(select(Message)).all() == []
