"""Rounds, answers that only their author and the coordinator read, and numbers for the manager."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.messages import Message
from models.pairings import PairingStatus
from models.people import Person
from models.schemes import Cohort
from services import feedback, feedback_asking, feedback_results
from services.access import DESK, Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.feedback_figures import Response
from services.schemes import starting
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_participant,
    make_scheme,
)
from tests.services.counting import queries_of

FORMS = {
    "mentor": [
        {"key": "relationship", "text": "How well?", "kind": "scale_1_5", "required": True},
        {"key": "guidance", "text": "Guidance?", "kind": "yes_no"},
        {"key": "recommend", "text": "Recommend?", "kind": "nps", "points": ["end"]},
        {"key": "more", "text": "Anything else?", "kind": "text"},
    ],
    "mentee": [{"key": "relationship", "text": "How well?", "kind": "scale_1_5", "required": True}],
}


@pytest.mark.clause("U-6")
def test_opening_a_round_asks_everybody_in_an_open_pair_and_writes_to_them(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort)
    make_pairing(session, cohort, status=PairingStatus.ENDED, ended_at=utc_now())
    make_enrolment(session, cohort)
    paused = make_enrolment(session, cohort, status=EnrolmentStatus.PAUSED)
    half = make_pairing(session, cohort, mentee=paused)

    opened = _open(session, cohort)

    asked = set(session.exec(select(FeedbackAnswer.enrolment_id)).all())
    assert asked == {pairing.mentor_id, pairing.mentee_id, half.mentor_id}
    assert opened.asked == 3
    people = {session.get_one(Enrolment, enrolment_id).person_id for enrolment_id in asked}
    written = session.exec(select(Message.person_id).where(Message.template == "feedback_due")).all()
    assert (set(written), len(written)) == (people, 3)


@pytest.mark.clause("U-6")
def test_the_form_is_the_one_of_ones_side_and_of_that_point(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort)
    _open(session, cohort)

    mentor = feedback.due(session, _participant(session, pairing.mentor_id))
    mentee = feedback.due(session, _participant(session, pairing.mentee_id))

    assert [question.key for question in mentor[0].questions] == ["relationship", "guidance", "more"]
    assert [question.key for question in mentee[0].questions] == ["relationship"]


@pytest.mark.clause("U-6")
def test_what_is_typed_is_kept_and_sent_once(session: Session) -> None:
    cohort = _cohort(session)
    actor = _participant(session, make_pairing(session, cohort).mentor_id)
    opened = _open(session, cohort)

    feedback.save_partial(session, actor, opened.id, {"relationship": 2, "more": " We met twice.\u200b "})
    feedback.save_partial(session, actor, opened.id, {"relationship": 4, "guidance": False})
    kept = feedback.due(session, actor)[0].answers
    feedback.submit(session, actor, opened.id, {"guidance": None})

    assert kept == {"relationship": 4, "guidance": False, "more": "We met twice."}
    answer = session.exec(select(FeedbackAnswer).where(FeedbackAnswer.side == Side.MENTOR)).one()
    assert (answer.answers, answer.rating) == ({"relationship": 4, "more": "We met twice."}, 4)
    assert feedback.due(session, actor) == ()
    with pytest.raises(Conflict):
        feedback.save_partial(session, actor, opened.id, {"relationship": 1})


@pytest.mark.parametrize(
    "answers",
    [
        {"relationship": 0},
        {"relationship": 6},
        {"relationship": True},
        {"relationship": "5"},
        {"guidance": 1},
        {"more": 7},
        {"more": "x" * 2001},
        {"more": "a\x00b"},
        {"recommend": 9},
        {"unknown": 1},
    ],
)
def test_an_answer_that_fits_no_question_changes_nothing(session: Session, answers: dict[str, Any]) -> None:
    cohort = _cohort(session)
    actor = _participant(session, make_pairing(session, cohort).mentor_id)
    opened = _open(session, cohort)

    with pytest.raises(Invalid):
        feedback.save_partial(session, actor, opened.id, answers)

    assert feedback.due(session, actor)[0].answers == {}


def test_sending_without_a_required_answer_is_refused_and_names_it(session: Session) -> None:
    cohort = _cohort(session)
    actor = _participant(session, make_pairing(session, cohort).mentor_id)
    opened = _open(session, cohort)

    with pytest.raises(Invalid, match=r"How well\?"):
        feedback.submit(session, actor, opened.id, {"guidance": True})

    session.rollback()
    assert session.exec(select(FeedbackAnswer).where(col(FeedbackAnswer.submitted_at).is_not(None))).all() == []


@pytest.mark.clause("U-6")
def test_the_coordinator_reads_what_was_sent_and_nothing_half_filled(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort, mentor="Bo Berg", mentee="Ama Boateng")
    opened = _open(session, cohort)
    feedback.submit(session, _participant(session, pairing.mentor_id), opened.id, {"relationship": 2, "more": "Hard."})
    feedback.save_partial(session, _participant(session, pairing.mentee_id), opened.id, {"relationship": 1})

    found = feedback_results.results(session, _coordinator(session, cohort), opened.id)

    assert [(line.name, line.side, line.rating, line.answers) for line in found.lines] == [
        ("Bo Berg", Side.MENTOR, 2, (("How well?", 2), ("Anything else?", "Hard."))),
        ("Ama Boateng", Side.MENTEE, None, ()),
    ]
    rounds = feedback_results.rounds(session, _coordinator(session, cohort), cohort.id, _today())
    assert [(line.point, line.response) for line in rounds] == [(RoundPoint.MIDDLE, Response(asked=2, answered=1))]


@pytest.mark.clause("U-C6.6")
def test_the_ningbo_mentee_is_asked_whose_opinion_counted_and_the_coordinator_reads_it(session: Session) -> None:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    pairing = make_pairing(session, cohort)
    opened = _open(session, cohort)
    mentee = _participant(session, pairing.mentee_id)
    form = feedback.due(session, mentee)[0]
    question = next(question for question in form.questions if question.clause == "U-C6.6")

    required = {each.key: 3 for each in form.questions if each.required}
    feedback.submit(session, mentee, opened.id, required | {question.key: 5})

    lines = feedback_results.results(session, _coordinator(session, cohort), opened.id).lines
    assert (question.text, 5) in lines[0].answers
    mentor = feedback.due(session, _participant(session, pairing.mentor_id))[0]
    assert question.key not in {each.key for each in mentor.questions}


def test_nobody_but_a_coordinator_reads_answers_by_person(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort)
    opened = _open(session, cohort)
    feedback.submit(session, _participant(session, pairing.mentee_id), opened.id, {"relationship": 1})
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    for actor in (manager, _participant(session, pairing.mentor_id), _coordinator(session, _cohort(session))):
        with pytest.raises(NotAllowed):
            feedback_results.results(session, actor, opened.id)


def test_a_coordinator_who_mentors_does_not_read_what_their_mentee_wrote(session: Session) -> None:
    cohort = _cohort(session)
    coordinator = make_coordinator(session, cohort)
    own = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    pairing = make_pairing(session, cohort, mentor=own)
    opened = _open(session, cohort)
    feedback.submit(session, _participant(session, pairing.mentee_id), opened.id, {"relationship": 1})

    found = feedback_results.results(session, make_actor(coordinator, cohort), opened.id)

    assert (found.lines, found.total) == ((), 0)


@pytest.mark.parametrize(("answers", "value"), [(7, None), (8, 3.5)])
def test_a_manager_sees_a_mean_of_eight_or_more_and_no_fewer(
    session: Session, answers: int, value: float | None
) -> None:
    cohort = _cohort(session)
    opened = _answered(session, cohort, answers)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    numbers = feedback_results.numbers(session, manager, opened.id, _today())

    assert [(number.side, number.value) for number in numbers if number.kind == "scale_1_5"] == [
        (Side.MENTOR, None),
        (Side.MENTEE, value),
    ]


def test_a_manager_sees_no_response_of_fewer_than_five(session: Session) -> None:
    cohort = _cohort(session)
    _answered(session, cohort, 3, of=6)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    rounds = feedback_results.rounds(session, manager, cohort.id, _today())

    assert [line.response for line in rounds] == [Response(asked=12, answered=None)]


def test_a_round_is_opened_once_a_point_and_only_by_its_coordinator(session: Session) -> None:
    cohort = _cohort(session)
    make_pairing(session, cohort)
    stranger = _coordinator(session, _cohort(session))
    _open(session, cohort)

    with pytest.raises(NotAllowed):
        _open(session, cohort, actor=stranger, point=RoundPoint.END)
    with pytest.raises(Conflict):
        _open(session, cohort)

    assert len(session.exec(select(FeedbackRound)).all()) == 1


@pytest.mark.parametrize(("opens_in", "due_in"), [(5, 4), (-9, -1), (0, 93)])
def test_a_round_has_dates_that_can_be(session: Session, opens_in: int, due_in: int) -> None:
    cohort = _cohort(session)
    today = _today()

    with pytest.raises(Invalid):
        feedback.open_round(
            session,
            _coordinator(session, cohort),
            cohort.id,
            point=RoundPoint.START,
            opens_on=today + timedelta(days=opens_in),
            due_on=today + timedelta(days=due_in),
            today=today,
        )

    assert session.exec(select(FeedbackRound)).all() == []


def test_a_scheme_without_questions_cannot_ask(session: Session) -> None:
    cohort = make_cohort(session)

    with pytest.raises(Invalid):
        _open(session, cohort)


@pytest.mark.clause("U-6")
def test_a_reminder_goes_to_those_who_have_not_answered_and_once_a_day(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort)
    opened = _open(session, cohort)
    feedback.submit(session, _participant(session, pairing.mentee_id), opened.id, {"relationship": 4})
    actor, today = _coordinator(session, cohort), _today()

    written = [feedback.remind(session, actor, opened.id, day) for day in (today, today, today + timedelta(days=1))]

    assert written == [1, 0, 1]
    mentor = session.get_one(Enrolment, pairing.mentor_id).person_id
    assert len(session.exec(select(Message).where(Message.person_id == mentor)).all()) == 3


@pytest.mark.clause("U-6")
def test_what_a_reminder_would_do_is_what_it_does(session: Session) -> None:
    cohort = _cohort(session)
    pairings = [make_pairing(session, cohort, mentor=f"Bo {name}", mentee=f"Ama {name}") for name in "ABC"]
    opened, actor, today = _open(session, cohort), _coordinator(session, cohort), _today()
    feedback.submit(session, _participant(session, pairings[0].mentee_id), opened.id, {"relationship": 4})
    away = session.get_one(Enrolment, pairings[1].mentor_id)
    away.status = EnrolmentStatus.PAUSED
    make_pairing(session, cohort)  # made since: asked by the worker, not reminded of what they never got
    session.commit()

    before = feedback_asking.reminding(session, actor, opened.id, today=today)
    written = feedback.remind(session, actor, opened.id, today)
    after = feedback_asking.reminding(session, actor, opened.id, today=today)

    assert (before.count, before.names) == (4, ("Ama B", "Ama C", "Bo A", "Bo C"))
    assert before.preview is not None
    reader = session.exec(select(Person.id).where(Person.full_name == "Ama B")).one()
    mails = session.exec(select(Message).where(Message.person_id == reader)).all()
    assert [(mail.subject, mail.body_text) for mail in mails][-1:] == [(before.preview.subject, before.preview.text)]
    assert written == 4
    assert after == feedback_asking.Plan(0, (), None)


def test_whom_a_coordinator_mentors_is_reminded_and_not_named(session: Session) -> None:
    cohort = _cohort(session)
    coordinator = make_coordinator(session, cohort)
    own = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    pairing = make_pairing(session, cohort, mentor=own, mentee="Ama Boateng")
    actor, opened = make_actor(coordinator, cohort), _open(session, cohort)
    feedback.submit(session, _participant(session, pairing.mentor_id), opened.id, {"relationship": 4})

    found = feedback_asking.reminding(session, actor, opened.id, today=_today())

    assert (found.count, found.names) == (1, ())
    assert found.preview is not None
    assert "Ama" not in found.preview.text


def test_before_a_round_opens_it_is_known_whom_it_asks(session: Session) -> None:
    cohort = _cohort(session)
    make_pairing(session, cohort, mentor="Bo Berg", mentee="Ama Boateng")
    make_enrolment(session, cohort)

    found = feedback_asking.opening(session, _coordinator(session, cohort), cohort.id, due_on=_today())

    assert (found.count, found.names) == (2, ("Ama Boateng", "Bo Berg"))
    with pytest.raises(NotAllowed):
        feedback_asking.opening(session, _coordinator(session, _cohort(session)), cohort.id, due_on=_today())


@pytest.mark.parametrize("people", [1, 60])
def test_a_plan_names_some_of_many_in_as_many_queries(session: Session, people: int) -> None:
    cohort = _cohort(session)
    for _ in range(people):
        make_pairing(session, cohort)
    actor, opened = _coordinator(session, cohort), _open(session, cohort)

    with queries_of(session) as statements:
        found = feedback_asking.reminding(session, actor, opened.id, today=_today())

    assert (found.count, len(found.names)) == (2 * people, min(2 * people, 50))
    assert len(statements) == 7


def test_answers_are_found_by_name(session: Session) -> None:
    cohort = _cohort(session)
    make_pairing(session, cohort, mentor="Bo Berg", mentee="Ama Boateng")
    opened, actor = _open(session, cohort), _coordinator(session, cohort)

    found = [feedback_results.results(session, actor, opened.id, search=words) for words in ("boat am", "nobody", " ")]

    assert [[line.name for line in each.lines] for each in found] == [["Ama Boateng"], [], ["Ama Boateng", "Bo Berg"]]
    assert [each.total for each in found] == [1, 0, 2]


def test_a_closed_round_takes_no_answer_and_no_reminder(session: Session) -> None:
    cohort = _cohort(session)
    pairing = make_pairing(session, cohort)
    opened = _open(session, cohort)
    coordinator, mentor = _coordinator(session, cohort), _participant(session, pairing.mentor_id)

    feedback.close(session, coordinator, opened.id)

    assert feedback.due(session, mentor) == ()
    for act in (
        lambda: feedback.submit(session, mentor, opened.id, {"relationship": 4}),
        lambda: feedback.remind(session, coordinator, opened.id, _today()),
        lambda: feedback.close(session, coordinator, opened.id),
    ):
        with pytest.raises(Conflict):
            act()


def test_whoever_was_not_asked_cannot_answer(session: Session) -> None:
    cohort = _cohort(session)
    make_pairing(session, cohort)
    opened = _open(session, cohort)
    other = make_enrolment(session, cohort)

    with pytest.raises(NotAllowed):
        feedback.submit(session, make_participant(session, other), opened.id, {"relationship": 4})

    assert session.exec(select(FeedbackAnswer).where(FeedbackAnswer.enrolment_id == other.id)).all() == []


def test_a_later_round_asks_when_its_day_has_come_and_later_pairs_too(session: Session) -> None:
    cohort = _cohort(session)
    make_pairing(session, cohort)
    day = _today() + timedelta(days=3)
    opened = _open(session, cohort, opens_on=day)
    at = datetime.combine(day, datetime.min.time(), UTC)

    counts = [feedback.ask_due(session, at - timedelta(days=1)), feedback.ask_due(session, at)]
    make_pairing(session, cohort)
    session.commit()
    counts.append(feedback.ask_due(session, at))

    assert (opened.asked, counts) == (0, [0, 2, 2])


def test_the_journal_says_that_feedback_was_given_and_never_what(session: Session) -> None:
    cohort = _cohort(session)
    actor = _participant(session, make_pairing(session, cohort).mentor_id)
    opened = _open(session, cohort)

    feedback.save_partial(session, actor, opened.id, {"more": "secret"})
    feedback.submit(session, actor, opened.id, {"relationship": 1})

    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
    assert [entry.action for entry in entries] == ["feedback.opened", "feedback.draft_saved", "feedback.submitted"]
    assert [entry.details for entry in entries] == [{"point": "middle"}, {}, {}]


def _cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, other_settings={"feedback": FORMS}))


def _coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def _participant(session: Session, enrolment_id: Any) -> Actor:
    return make_participant(session, session.get_one(Enrolment, enrolment_id))


def _today() -> date:
    return utc_now().date()


def _open(
    session: Session,
    cohort: Cohort,
    *,
    actor: Actor | None = None,
    point: RoundPoint = RoundPoint.MIDDLE,
    opens_on: date | None = None,
) -> feedback.Round:
    opens_on = opens_on or _today()
    return feedback.open_round(
        session,
        actor or _coordinator(session, cohort),
        cohort.id,
        point=point,
        opens_on=opens_on,
        due_on=opens_on + timedelta(days=14),
        today=_today(),
    )


def _answered(session: Session, cohort: Cohort, answers: int, *, of: int = 12) -> feedback.Round:
    """A round as of last week, which that many mentees answered with 3 and 4 in turn."""
    pairings = [make_pairing(session, cohort) for _ in range(of)]
    opened = _open(session, cohort)
    for number, pairing in enumerate(pairings[:answers]):
        actor = _participant(session, pairing.mentee_id)
        feedback.submit(session, actor, opened.id, {"relationship": 3 + number % 2})
    for answer in session.exec(select(FeedbackAnswer)).all():
        answer.created_at = utc_now() - timedelta(days=7)
        answer.submitted_at = answer.submitted_at and utc_now() - timedelta(days=2)
    session.commit()
    return opened
