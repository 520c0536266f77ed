"""What Home says needs somebody, in which order, and how it greets them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session
from time_machine import travel

from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.matching import MatchingRun, ProposalStatus
from models.meetings import MeetingRecord
from models.messages import Message, MessageStatus
from models.pairings import Pairing, WaysOfWorking
from models.schemes import AnsweredBy, Channel, Cohort
from services import home, tasks
from services.access import DESK, Acting, Actor, Place
from services.errors import NotAllowed
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_document,
    make_enrolment,
    make_manager,
    make_pairing,
    make_participant,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.services.training_parts import make_module

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    """So that a run of the tests that goes on past midnight, or past the cohort's end, finds the same."""
    with travel(NOW, tick=True):
        yield


def test_a_coordinator_sees_each_thing_that_waits_most_urgent_first(session: Session) -> None:
    scheme = make_scheme(session, mentee_gates=["conflicts"])
    cohort = make_cohort(session, scheme)
    for name in ("Ama", "Bo", "Chen"):
        make_enrolment(session, cohort, name=name, status=EnrolmentStatus.SUBMITTED, submitted_at=_ago(2))
    make_proposal(session, cohort, status=ProposalStatus.DRAFT, sent_at=None)
    make_pairing(session, cohort, mentor="Marguerite", mentee="Li Wei", released_at=_ago(50))
    make_enrolment(session, cohort)
    _failed_message(session, cohort)

    found = home.todo(session, make_actor(make_coordinator(session, cohort), cohort), TODAY)

    assert [(task.when, task.sentence, task.page) for task in found] == [
        ("today", "Three enrolments wait for your decision", "enrolments"),
        ("today", "One proposal is ready to send", "matching_review"),
        ("today", "One email could not be delivered", "messages"),
        ("this_week", "One pair has gone quiet", "participation"),
        ("this_week", "One mentee is ready to be matched", "matching_review"),
    ]
    assert [dict(task.address) for task in found] == [
        {"status": "submitted"},
        {"step": "send"},
        {"state": "Failed"},
        {"who": "true"},
        {},
    ]
    assert found[0].detail == f"The oldest since {tasks.day_words(TODAY - timedelta(days=2), TODAY)}"
    assert found[3].detail == "Li Wei and Marguerite: 50 days since any contact, agreed every 30 days"


def test_the_unsigned_are_counted_when_the_scheme_asks_for_a_signature(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentee_gates=["signature"]))
    make_document(session, cohort.scheme_id)
    make_enrolment(session, cohort)
    make_enrolment(session, cohort, Side.MENTOR)

    found = home.todo(session, make_actor(make_coordinator(session, cohort), cohort), TODAY)

    assert [(task.when, task.sentence) for task in found] == [("when_you_can", "Two approved people have not signed")]


def test_whoever_the_newest_run_knew_of_is_not_waiting_for_one(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentee_gates=[]))
    make_enrolment(session, cohort, decided_at=_ago(1))
    coordinator = make_coordinator(session, cohort)
    run = MatchingRun(
        cohort_id=cohort.id,
        made_by_id=coordinator.id,
        inputs_sha256="0" * 64,
        seed=0,
        mentees=1,
        places=0,
        matched=0,
        text_method="none",
    )
    session.add(run)
    session.flush()

    assert home.todo(session, make_actor(coordinator, cohort), TODAY) == ()


def test_a_coordinators_own_enrolment_waits_for_another(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    make_enrolment(session, cohort, person=coordinator, status=EnrolmentStatus.SUBMITTED)

    assert home.todo(session, make_actor(coordinator, cohort), TODAY) == ()


def test_the_coordinator_of_another_scheme_is_refused(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    actor = make_actor(make_coordinator(session, ours), ours)
    place = Place(Acting.COORDINATOR, ours.scheme_id, "", theirs.id, "")

    with pytest.raises(NotAllowed):
        home.todo(session, Actor(actor.person_id, "", place), TODAY)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (EnrolmentStatus.DRAFT, "Finish your enrolment"),
        (EnrolmentStatus.RETURNED, "The coordinator has a question"),
    ],
)
def test_an_enrolment_that_is_not_sent_is_the_first_thing(
    session: Session, status: EnrolmentStatus, sentence: str
) -> None:
    enrolment = make_enrolment(session, make_cohort(session), status=status)

    found = home.todo(session, make_participant(session, enrolment), TODAY)

    assert [(task.sentence, task.page) for task in found] == [(sentence, "enrolment")]


def test_a_mentor_is_told_to_sign_and_to_train(session: Session) -> None:
    cohort = make_cohort(session)
    make_document(session, cohort.scheme_id)
    make_module(session, cohort)
    mentor = make_enrolment(session, cohort, Side.MENTOR)

    found = home.todo(session, _participant(session, mentor.id), TODAY)

    assert [task.page for task in found] == ["agreements", "training"]


@pytest.mark.clause("U-C5.1")
def test_a_further_module_stands_on_the_list_with_its_day_before_it_holds_anybody_back(session: Session) -> None:
    cohort = make_cohort(session)
    make_module(session, cohort, key="further", due_on=TODAY)
    mentor = make_enrolment(session, cohort, Side.MENTOR)

    found = home.todo(session, _participant(session, mentor.id), TODAY)

    assert [(task.sentence, task.detail, task.due_on) for task in found] == [
        ("Do the further training", "It is short; please do it today", TODAY)
    ]


@pytest.mark.clause("U-C5.1")
def test_a_further_module_whose_day_is_past_is_overdue_here_as_on_its_own_screen(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["training"]))
    make_module(session, cohort, key="further", due_on=TODAY - timedelta(days=2))
    mentor = make_enrolment(session, cohort, Side.MENTOR)

    found = home.todo(session, _participant(session, mentor.id), TODAY)

    assert [(task.when, task.sentence, task.detail) for task in found if task.page == "training"] == [
        ("overdue", "Do the training", "It is short, and a match needs it")
    ]


def test_an_imported_mentor_is_asked_what_no_spreadsheet_can_say(session: Session) -> None:
    scheme = make_scheme(session, mentor_gates=["conflicts"], other_settings={"directory": True})
    mentor = make_enrolment(session, make_cohort(session, scheme), Side.MENTOR, conflicts_declared_at=None)

    found = home.todo(session, make_participant(session, mentor), TODAY)

    assert [(task.when, task.sentence, task.page) for task in found] == [
        ("this_week", "Say whom you must not be paired with", "enrolment"),
        ("this_week", "Choose how your mentee may reach you", "enrolment"),
        ("when_you_can", "Let students find you", "enrolment"),
    ]


def test_a_coordinator_of_an_empty_cohort_is_shown_how_to_begin(session: Session) -> None:
    cohort = make_cohort(session)

    found = home.todo(session, make_actor(make_coordinator(session, cohort), cohort), TODAY)

    assert [(task.sentence, task.page) for task in found] == [("Bring your people in", "import_people")]


@pytest.mark.parametrize(
    ("days_left", "when"), [(0, "today"), (1, "this_week"), (6, "this_week"), (7, "when_you_can"), (-1, "overdue")]
)
def test_a_proposal_is_as_urgent_as_its_last_day(session: Session, days_left: int, when: str) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort)
    make_proposal(session, cohort, mentee=mentee, expires_at=_noon(days_left))

    found = home.todo(session, make_participant(session, mentee), TODAY)

    assert [(task.when, task.sentence, task.page) for task in found] == [
        (when, "A mentor has been proposed to you", "proposals")
    ]


def test_a_student_who_may_wish_is_sent_to_the_mentors_until_there_is_a_wish_or_a_proposal(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, answered_by=AnsweredBy.MENTOR_AFTER_WISH))
    looking, wishing, proposed = (make_enrolment(session, cohort) for _ in range(3))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    nobody_is_listed = home.todo(session, make_participant(session, looking), TODAY)
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    session.add(Wish(mentee_id=wishing.id, mentor_id=mentor.id, rank=1))
    make_proposal(session, cohort, mentor=mentor, mentee=proposed, waits_for=Side.MENTOR)

    found = [
        [(task.when, task.sentence, task.page) for task in home.todo(session, make_participant(session, each), TODAY)]
        for each in (looking, wishing, proposed)
    ]

    assert nobody_is_listed == ()
    assert found == [[("this_week", "Find mentors to wish for", "mentors")], [], []]


@pytest.mark.clause("A-ME1")
def test_the_mentee_is_told_to_make_the_first_contact_and_the_mentor_is_not(session: Session) -> None:
    cohort = make_cohort(session)
    pairing = make_pairing(session, cohort, mentor="Marguerite Okafor")

    mentee = home.todo(session, _participant(session, pairing.mentee_id), TODAY)
    mentor = home.todo(session, _participant(session, pairing.mentor_id), TODAY)

    assert [(task.sentence, task.due_on) for task in mentee] == [
        ("Contact Marguerite Okafor, your mentor", TODAY + timedelta(days=7))
    ]
    assert mentor == ()


def test_ways_of_working_wait_for_the_side_that_did_not_propose_them(session: Session) -> None:
    cohort = make_cohort(session)
    pairing = make_pairing(session, cohort, first_contact_on=TODAY)
    session.add(
        WaysOfWorking(
            pairing_id=pairing.id,
            edition=1,
            proposed_by=Side.MENTEE,
            interval_days=14,
            minutes=45,
            months=6,
            mentee_confirmed_at=NOW,
        )
    )
    session.flush()

    mentee = home.todo(session, _participant(session, pairing.mentee_id), TODAY)
    mentor = home.todo(session, _participant(session, pairing.mentor_id), TODAY)

    assert [task.sentence for task in mentee] == []
    assert [(task.when, task.sentence) for task in mentor] == [("this_week", "Confirm your ways of working")]


def test_a_side_without_a_record_of_its_own_within_the_interval_is_asked_for_one(session: Session) -> None:
    cohort = make_cohort(session)
    pairing = make_pairing(session, cohort, released_at=_ago(60), first_contact_on=TODAY - timedelta(days=59))
    _record(session, pairing, Side.MENTOR, days_ago=10)

    mentor = home.todo(session, _participant(session, pairing.mentor_id), TODAY)
    mentee = home.todo(session, _participant(session, pairing.mentee_id), TODAY)

    assert [task.page for task in mentor] == ["ways"]
    assert [(task.when, task.sentence, task.page) for task in mentee] == [
        ("overdue", "Record your meeting with Bo Mentor", "meetings"),
        ("when_you_can", "Settle your ways of working", "ways"),
    ]


@pytest.mark.clause("U-6")
def test_the_form_that_is_due_is_the_first_thing_a_mentor_sees(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    pairing = make_pairing(session, cohort, mentor=mentor, released_at=_ago(60), first_contact_on=TODAY)
    asked = FeedbackRound(cohort_id=cohort.id, point=RoundPoint.START, opens_on=TODAY, due_on=TODAY)
    session.add(asked)
    session.flush()
    for enrolment_id, side in ((pairing.mentor_id, Side.MENTOR), (pairing.mentee_id, Side.MENTEE)):
        session.add(FeedbackAnswer(round_id=asked.id, enrolment_id=enrolment_id, side=side))
    session.flush()

    mentors = home.todo(session, _participant(session, pairing.mentor_id), TODAY)
    mentees = home.todo(session, _participant(session, pairing.mentee_id), TODAY)

    assert [task.page for task in mentors] == ["feedback", "meetings", "ways"]
    assert [task.page for task in mentees] == ["meetings", "feedback", "ways"]


def test_a_manager_goes_to_the_figures_and_the_desk_has_nothing_to_do(session: Session) -> None:
    cohort = make_cohort(session)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    assert [task.page for task in home.todo(session, manager, TODAY)] == ["participation"]
    assert home.todo(session, DESK, TODAY) == ()


def _ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def _noon(days_ahead: int) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC) + timedelta(days=days_ahead)


def _participant(session: Session, enrolment_id: object) -> Actor:
    """The person of an enrolment; a mentor can be reached."""
    enrolment = session.get_one(Enrolment, enrolment_id)
    if enrolment.side is Side.MENTOR:
        make_consent(session, enrolment, ConsentPurpose.SHARE_EMAIL)
    return make_participant(session, enrolment)


def _failed_message(session: Session, cohort: Cohort) -> None:
    session.add(
        Message(
            scheme_id=cohort.scheme_id,
            person_id=make_person(session).id,
            template="enrolment_approved",
            subject="Hello",
            dedupe_key=uuid4().hex * 2,
            status=MessageStatus.FAILED,
            due_at=NOW,
        )
    )
    session.flush()


def _record(session: Session, pairing: Pairing, side: Side, *, days_ago: int) -> None:
    session.add(
        MeetingRecord(
            pairing_id=pairing.id,
            side=side,
            started_at=_ago(days_ago),
            time_zone="UTC",
            duration_minutes=30,
            channel=Channel.VIDEO,
            operation_id=uuid4(),
        )
    )
    session.flush()
