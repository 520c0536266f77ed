"""Figures of the demonstration's ledger counted anew from the rows by loops, without any query of the ledger's own.

Tests of a database that holds the demonstration; services/test_demonstration.py, which loads it, takes them in.
"""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.feedback import FeedbackAnswer, FeedbackRound
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, Release, WaysOfWorking
from models.pauses import PairingPause
from models.people import Person
from models.schemes import Cohort, Scheme
from services import ledger
from services.ledger import Ledger, Measured, State
from services.schemes import templates
from tests.factories import make_actor


@pytest.mark.parametrize("key", ["aulp", "unnc_alumni"])
def test_the_ledger_says_something_honest_of_every_clause_of_the_scheme(opened: Session, key: str) -> None:
    found = _ledger(opened, key)
    signed = [text for text in templates.load(key).documents if text.kind in {"agreement", "code"}]

    assert {line.clause for line in found.lines} >= {clause.id for text in signed for clause in text.clauses}
    for line in found.lines:
        assert (line.state is State.PEOPLE) is not bool(line.number)
        assert line.informs.endswith(".")
        assert line.number or line.asks.endswith(".")


def test_pairs_in_rhythm_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "unnc_alumni", "U-5", "rhythm")
    scheme, today = _scheme(opened, "unnc_alumni")
    pauses = opened.exec(select(PairingPause)).all()
    moving = kept = 0
    for pair in _pairs(opened, "unnc_alumni"):
        rests = [rest for rest in pauses if rest.pairing_id == pair.id]
        if pair.ended_at is not None or any(rest.ended_on is None or rest.ended_on > today for rest in rests):
            continue
        moving += 1
        last = max([_day(pair.released_at, scheme), *_signs(opened, pair, scheme)])
        away = sum(max(0, ((rest.ended_on or today) - max(rest.started_on, last)).days) for rest in rests)
        agreed = [way for way in _ways(opened, pair) if way.in_force_from and way.in_force_from <= today]
        interval = max(agreed, key=lambda way: way.edition).interval_days if agreed else scheme.default_interval_days
        kept += (today - last).days - away <= interval * scheme.quiet_factor

    assert (found.part, found.base) == (kept, moving)
    assert moving > 30


def test_releases_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "unnc_alumni", "U-2", "releases")
    pairs = _pairs(opened, "unnc_alumni")
    sides = {
        pair.id: {row.of_side for row in opened.exec(select(Release).where(Release.pairing_id == pair.id))}
        for pair in pairs
    }

    assert (found.part, found.base) == (sum(each == set(Side) for each in sides.values()), len(pairs))


def test_confirmed_ways_of_working_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "aulp", "A-MR2", "ways")
    scheme, today = _scheme(opened, "aulp")
    due = agreed = 0
    for pair in _pairs(opened, "aulp"):
        met = [_day(row.started_at, scheme) for row in _records(opened, pair)]
        if pair.ended_at is not None or not met:
            continue
        rests = opened.exec(select(PairingPause).where(PairingPause.pairing_id == pair.id)).all()
        away = sum(max(0, ((rest.ended_on or today) - max(rest.started_on, min(met))).days) for rest in rests)
        if (today - min(met)).days - away >= 14:
            due += 1
            agreed += any(way.in_force_from and way.in_force_from <= today for way in _ways(opened, pair))

    assert (found.part, found.base) == (agreed, due)
    assert due > 10


def test_meetings_in_both_records_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "aulp", "A-SH6", "records")
    scheme, today = _scheme(opened, "aulp")
    both = either = 0
    for pair in _pairs(opened, "aulp"):
        recent = [
            row for row in _records(opened, pair) if today - timedelta(days=30) < _day(row.started_at, scheme) <= today
        ]
        mentors, mentees = ([row for row in recent if row.side is side] for side in (Side.MENTOR, Side.MENTEE))
        alike = sum(
            any(abs(one.started_at - two.started_at).total_seconds() <= 1800 for two in mentees) for one in mentors
        )
        both += alike
        either += len(recent) - alike

    assert (found.part, found.base) == (both, either)
    assert either > 5


def test_own_conclusions_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "aulp", "A-0", "answers_A-0")
    cohort = _cohort(opened, "aulp")
    given = [
        row.answers["own_conclusion"]
        for row in opened.exec(
            select(FeedbackAnswer)
            .join(FeedbackRound, col(FeedbackRound.id) == FeedbackAnswer.round_id)
            .where(FeedbackRound.cohort_id == cohort.id)
        )
        if row.submitted_at and row.side is Side.MENTEE and row.answers.get("own_conclusion") is not None
    ]

    assert (found.part, found.base) == (sum(answer >= 4 for answer in given), len(given))
    assert len(given) > 5


def test_mentors_who_signed_are_those_that_a_loop_counts(opened: Session) -> None:
    found = _measured(opened, "unnc_alumni", "U-9", "signed")
    cohort = _cohort(opened, "unnc_alumni")
    texts = opened.exec(select(SchemeDocument).where(SchemeDocument.scheme_id == cohort.scheme_id)).all()
    asked = [text for text in texts if "mentor" in text.signed_by]
    newest = [text for text in asked if text.edition == max(each.edition for each in asked if each.kind == text.kind)]
    mentors = [
        row
        for row in opened.exec(select(Enrolment).where(Enrolment.cohort_id == cohort.id))
        if row.side is Side.MENTOR and row.status in {EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED}
    ]
    signed = {(row.enrolment_id, row.document_id) for row in opened.exec(select(Signature))}
    in_order = [row for row in mentors if all((row.id, text.id) in signed for text in newest)]

    assert (found.part, found.base) == (len(in_order), len(mentors))


def _ledger(session: Session, key: str) -> Ledger:
    person = session.exec(select(Person).where(Person.full_name == "Judith Wennington")).one()
    cohort = _cohort(session, key)
    return ledger.ledger(session, make_actor(person, cohort), cohort.id)


def _measured(session: Session, key: str, clause: str, figure: str) -> Measured:
    line = next(line for line in _ledger(session, key).lines if line.clause == clause)
    return next(each for each in line.measured if each.figure.key == figure)


def _cohort(session: Session, key: str) -> Cohort:
    cohorts = select(Cohort).join(Scheme).where(Scheme.key == key).order_by(col(Cohort.starts_on))
    return session.exec(cohorts).all()[0]  # the next intake has no history


def _scheme(session: Session, key: str) -> tuple[Scheme, date]:
    scheme = session.exec(select(Scheme).where(Scheme.key == key)).one()
    return scheme, _day(utc_now(), scheme)


def _day(moment: Any, scheme: Scheme) -> date:
    day: date = moment.astimezone(ZoneInfo(scheme.time_zone)).date()
    return day


def _pairs(session: Session, key: str) -> list[Pairing]:
    return list(session.exec(select(Pairing).where(Pairing.cohort_id == _cohort(session, key).id)))


def _records(session: Session, pair: Pairing) -> list[MeetingRecord]:
    found = select(MeetingRecord).where(MeetingRecord.pairing_id == pair.id)
    return [row for row in session.exec(found) if row.happened]


def _ways(session: Session, pair: Pairing) -> list[WaysOfWorking]:
    return list(session.exec(select(WaysOfWorking).where(WaysOfWorking.pairing_id == pair.id)))


def _signs(session: Session, pair: Pairing, scheme: Scheme) -> list[date]:
    contacts = session.exec(select(Contact).where(Contact.pairing_id == pair.id))
    return [*(row.contact_on for row in contacts), *(_day(row.started_at, scheme) for row in _records(session, pair))]
