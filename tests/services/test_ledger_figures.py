"""What the clauses say is to be counted, counted: channels, endings by who, no-shows, feedback asked and overdue."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from models.agreements import Clause
from models.enrolments import Enrolment, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, PairingStatus
from models.schemes import Channel, Cohort, Scheme
from services import ledger, ways_due
from services.ledger.shapes import State
from tests.factories import make_cohort, make_document, make_enrolment
from tests.services.ledger_parts import TODAY, ago, coordinator_of, figure, line, met, pair, scheme

# A clause, its scheme, who is asked, by which question, what counts as a good answer and what does not.
ASKED = (
    ("U-4", "unnc_alumni", Side.MENTOR, "goal_progress", 4, 3),
    ("U-7", "unnc_alumni", Side.MENTOR, "need_support", True, False),
    ("U-C2.3", "unnc_alumni", Side.MENTEE, "professional", 5, 2),
    ("U-C6.7", "unnc_alumni", Side.MENTOR, "asked_for_feedback", True, False),
    ("A-MR1", "aulp", Side.MENTOR, "mentee_leads", 4, 1),
    ("A-MR5", "aulp", Side.MENTOR, "need_guidance", True, False),
    ("A-MR6", "aulp", Side.MENTOR, "independence", 5, 3),
)
# A clause of which nothing is counted so far, its scheme, and what its line then says.
UPHELD = (
    ("A-ME2", "aulp", "Who arranged which meeting", "time zone"),
    ("A-ME3", "aulp", "Meetings with an agenda", "what they would like to explore"),
    ("A-SH1", "aulp", "Feedback between the two", "in their meetings"),
    ("U-C2.2", "unnc_alumni", "Agendas", "the mentee for goals"),
    ("U-C3.1", "unnc_alumni", "Disclosures", "what stays between them"),
)


@pytest.mark.parametrize(
    ("clause", "key", "side", "question", "good", "bad"),
    [pytest.param(*each, marks=pytest.mark.clause(each[0]), id=each[0]) for each in ASKED],
)
def test_answers_are_counted_for_the_clause_that_their_question_names(
    session: Session, clause: str, key: str, side: Side, question: str, good: Any, bad: Any
) -> None:
    cohort = scheme(session, key)
    asked = _round(session, cohort, due_on=TODAY - timedelta(days=1))
    for answer in (good, good, bad):
        _answer(session, asked, make_enrolment(session, cohort, side), {question: answer})
    _answer(session, asked, make_enrolment(session, cohort, side), {})

    found = figure(session, cohort, clause, f"answers_{clause}")

    assert (found.part, found.base) == (2, 3)
    assert found.words.startswith("2 of 3 answers say that ")


@pytest.mark.parametrize(
    ("clause", "key", "not_yet", "asks"),
    [pytest.param(*each, marks=pytest.mark.clause(each[0]), id=each[0]) for each in UPHELD],
)
def test_a_clause_that_nothing_is_counted_of_says_so_and_where_the_software_informs_and_asks(
    session: Session, clause: str, key: str, not_yet: str, asks: str
) -> None:
    cohort = scheme(session, key)

    found = line(session, cohort, clause)

    assert (found.state, found.number, found.measured) == (State.PEOPLE, "", ())
    assert found.not_yet.startswith(not_yet)
    assert asks in found.asks
    assert found.informs


@pytest.mark.clause("U-C2.4")
def test_contacts_and_meetings_of_thirty_days_are_counted_by_channel(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    pairing = pair(session, cohort, released=90)
    for days, channel in ((1, Channel.WECHAT), (2, Channel.WECHAT), (29, Channel.TELEPHONE), (31, Channel.EMAIL)):
        session.add(_contact(pairing.id, days, channel))
    session.add(_contact(pair(session, cohort, released=90).id, 3, Channel.IN_PERSON))
    met(session, pairing, days_ago=5)
    met(session, pairing, days_ago=40)
    _not_held(session, met(session, pairing, days_ago=6))

    found = figure(session, cohort, "U-C2.4", "channels")

    assert (found.part, found.base, found.state) == (1, 5, State.RED)
    assert found.words == (
        "of 5 contacts and meetings noted in 30 days, 1 went by a channel that the scheme does not have "
        "(1 by email, 1 by telephone, 2 by WeChat, 1 in person)"
    )


@pytest.mark.clause("A-SH5")
def test_endings_are_told_by_the_side_that_ended_them(session: Session) -> None:
    cohort = scheme(session, "aulp")
    for side, days in ((Side.MENTEE, 40), (Side.MENTEE, 5), (Side.MENTOR, 5)):
        ended: dict[str, Any] = {"status": PairingStatus.ENDED, "ended_at": ago(days), "ended_by": side}
        pair(session, cohort, released=50, end_reason=EndReason.NOT_GIVEN, **ended)
    pair(session, cohort, released=50)

    found = figure(session, cohort, "A-SH5", "ended_by")

    assert found.words == "2 of 3 endings came from mentees (1 from mentors)"
    assert (found.state, found.trend) == (State.TELLS, "1 more")
    assert not ledger.has_rows(found.figure)


@pytest.mark.clause("A-SH4")
def test_meetings_that_did_not_take_place_are_counted_among_the_records(session: Session) -> None:
    cohort = scheme(session, "aulp")
    pairing = pair(session, cohort, released=90)
    for days in (3, 10, 20):
        met(session, pairing, days_ago=days, began_on_time=days != 3)
    for days in (4, 40):
        _not_held(session, met(session, pairing, days_ago=days))

    missed = figure(session, cohort, "A-SH4", "not_held")
    on_time = figure(session, cohort, "A-SH4", "on_time")

    assert missed.words == "1 of 4 records of 30 days say that the meeting did not take place"
    assert (missed.state, missed.trend) == (State.TELLS, "as before")
    assert (on_time.part, on_time.base) == (2, 3)


@pytest.mark.clause("U-C5.2")
def test_the_days_to_a_new_mentor_count_those_who_still_wait(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    referred: dict[str, Any] = {"status": PairingStatus.ENDED, "end_reason": EndReason.REFERRED_ELSEWHERE}
    for ended, again in ((60, 48), (50, 40), (44, 44), (30, None), (1, None)):
        mentee = make_enrolment(session, cohort, Side.MENTEE)
        pair(session, cohort, released=90, mentee=mentee, ended_at=ago(ended), **referred)
        if again is not None:
            pair(session, cohort, released=again, mentee=mentee)

    found = figure(session, cohort, "U-C5.2", "referred")

    # 0, 10 and 12 days to the new one; of the two who wait, one was there to be counted for a day only.
    assert found.words == ("3 of 5 mentees who were referred on have a new mentor (half of all within 12 days)")


@pytest.mark.clause("U-6")
def test_forms_are_told_as_answered_overdue_and_not_yet_due(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    over = _round(session, cohort, due_on=TODAY - timedelta(days=1))
    still = _round(session, cohort, due_on=TODAY, point=RoundPoint.MIDDLE)
    for asked, answers in ((over, {"relationship": 4}), (over, None), (over, None), (still, None)):
        _answer(session, asked, make_enrolment(session, cohort, Side.MENTOR), answers)
    _answer(session, over, make_enrolment(session, cohort, Side.MENTEE), None)

    found = figure(session, cohort, "U-6", "mentors_forms")

    assert found.words == "mentors answered 1 of 3 feedback forms whose day is over (2 overdue, 1 not yet due)"


@pytest.mark.clause("U-6")
def test_before_the_first_day_is_over_no_form_is_due(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    asked = _round(session, cohort, due_on=TODAY)
    for side in (Side.MENTOR, Side.MENTEE):
        _answer(session, asked, make_enrolment(session, cohort, side), {"relationship": 4})

    found = figure(session, cohort, "U-6", "mentors_forms")

    assert (found.state, found.part, found.base) == (State.NOBODY, 0, 0)


@pytest.mark.clause("U-C4.4", "U-C6.1", "U-C2.1", "U-C6.4", "A-MR2", "A-MR3")
@pytest.mark.parametrize(
    ("key", "days", "due", "says"),
    [
        ("unnc_alumni", 14, 1, "lies 14 days or more back"),
        ("unnc_alumni", 5, 2, "lies 5 days or more back"),
        ("unnc_alumni", 1, 3, "lies 1 day or more back"),
        ("aulp", None, 1, "lies 14 days or more back"),
    ],
)
def test_ways_of_working_are_due_after_the_days_that_the_scheme_sets(
    session: Session, key: str, days: int | None, due: int, says: str
) -> None:
    cohort = scheme(session, key)
    for met_ago in (2, 10, 20):
        met(session, pair(session, cohort, released=60), days_ago=met_ago)
    ways_due.set_days(session, coordinator_of(session, cohort), cohort.scheme_id, days)
    clauses = {"unnc_alumni": ("U-C4.4", "U-C2.1", "U-C6.4"), "aulp": ("A-MR2", "A-MR3")}[key]

    found = [each for clause in clauses for each in line(session, cohort, clause).measured]

    assert {each.base for each in found} == {due}
    assert [each.figure.key for each in found if says not in each.definition] == []


@pytest.mark.clause("U-9")
def test_where_no_text_asks_mentors_to_sign_nobody_is_counted_as_unsigned(session: Session) -> None:
    cohort = make_cohort(session)
    document = make_document(session, cohort.scheme_id, signed_by=["mentee"], published_at=ago(90))
    session.add(Clause(document_id=document.id, key="U-9", position=1, section="S", heading="Code", text="Keep to it."))
    make_enrolment(session, cohort, Side.MENTOR, decided_at=ago(80))

    found = figure(session, cohort, "U-9", "signed")

    assert (found.state, found.words) == (State.NOBODY, "–, nobody to count yet")


def _round(session: Session, cohort: Cohort, *, due_on: date, point: RoundPoint = RoundPoint.START) -> FeedbackRound:
    forms = session.get_one(Scheme, cohort.scheme_id).other_settings["feedback"]
    asked = FeedbackRound(
        cohort_id=cohort.id, point=point, opens_on=due_on - timedelta(days=14), due_on=due_on, forms=forms
    )
    asked.created_at = ago(20)
    session.add(asked)
    session.flush()
    return asked


def _answer(session: Session, asked: FeedbackRound, who: Enrolment, answers: dict[str, Any] | None) -> None:
    """One form; None is one that was never sent."""
    row = FeedbackAnswer(round_id=asked.id, enrolment_id=who.id, side=who.side, answers=answers or {})
    row.created_at = ago(15)
    row.submitted_at = None if answers is None else ago(10)
    session.add(row)
    session.flush()


def _contact(pairing_id: Any, days: int, channel: Channel) -> Contact:
    day = TODAY - timedelta(days=days)
    noted = Contact(pairing_id=pairing_id, noted_by=Side.MENTEE, channel=channel, contact_on=day)
    noted.created_at = ago(days)
    return noted


def _not_held(session: Session, record: MeetingRecord) -> None:
    record.happened = False
    session.flush()
