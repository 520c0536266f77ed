"""What the ledger counts of people and feedback is kept while only meetings and contacts are noted, and no longer."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlmodel import Session, select

from models.agreements import Clause
from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.schemes import Channel, Cohort
from services import audit, contacts, feedback, ledger, meetings
from services.feedback_forms import SCALE
from services.ledger.reading import OF_MEETINGS
from tests.factories import make_actor, make_document
from tests.services.counting import sent
from tests.services.ledger_parts import coordinator_of, scheme
from tests.services.pairs import Pair, make_pair

WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
READS = re.compile(r"(?:FROM|JOIN) (\w+)")


@pytest.fixture(autouse=True)
def _in_november() -> Any:
    with time_machine.travel(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), tick=False):
        yield


def test_what_is_kept_is_counted_of_no_table_that_noting_a_meeting_or_a_contact_writes(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    _ask_for_feedback(session, cohort)
    asked = _asked_for_what_is_kept(session, cohort)
    pair = make_pair(session)

    with sent(session) as statements:
        _note_everything(session, pair)

    counted = {table for each in asked for table in READS.findall(each)}
    written = {table for each in statements for table in WRITES.findall(each)}
    noted = session.exec(select(AuditEntry.action).where(AuditEntry.actor_id == pair.mentee.person_id)).all()
    assert {"enrolment", "consent", "signature", "training_completion", "wish", "pause"} <= counted
    assert {"feedback_round", "feedback_answer"} <= counted
    assert {"meeting_record", "contact", "audit_entry"} <= written
    assert written & counted == set()
    assert sorted(noted) == sorted(OF_MEETINGS)


def test_the_ledger_with_kept_counts_says_what_a_fresh_one_says(session: Session) -> None:
    pair = make_pair(session)
    _publish(session, pair, "U-5", "U-6", "U-C4.2")
    _ask_for_feedback(session, pair.cohort, pair.mentor_enrolment)
    coordinator = make_actor(pair.coordinator, pair.cohort)
    kept: dict[int, Any] = {}
    found = []

    for act in (_do_nothing, _note_everything, _answer, _say_needs):
        act(session, pair)
        looked = ledger.ledger(session, coordinator, pair.cohort.id, keep=_by_edition(session, pair, kept))
        found.append((looked == ledger.ledger(session, coordinator, pair.cohort.id), len(kept), _parts(looked)))

    # Of the pair in rhythm, of the mentor who sent the form, and of the mentee who said what they need.
    assert found == [
        (True, 1, {"U-5": 0, "U-6": 0, "U-C4.2": 0}),
        (True, 1, {"U-5": 1, "U-6": 0, "U-C4.2": 0}),
        (True, 2, {"U-5": 1, "U-6": 1, "U-C4.2": 0}),
        (True, 3, {"U-5": 1, "U-6": 1, "U-C4.2": 1}),
    ]


def _do_nothing(session: Session, pair: Pair) -> None:
    """Nobody did anything yet."""


def _note_everything(session: Session, pair: Pair) -> None:
    """One act of each kind, by the mentee."""
    met: dict[str, Any] = {
        "started_at": utc_now() - timedelta(days=2),
        "time_zone": "Asia/Shanghai",
        "duration_minutes": 45,
        "channel": Channel.WECHAT,
        "happened": True,
        "began_on_time": True,
    }
    noted = meetings.log(session, pair.mentee, pair.pairing.id, operation_id=uuid4(), **met)
    meetings.correct(session, pair.mentee, noted.id, **(met | {"duration_minutes": 40}))
    day = utc_now().date()
    contacts.note(session, pair.mentee, pair.pairing.id, channel=Channel.EMAIL, contact_on=day, today=day)


def _answer(session: Session, pair: Pair) -> None:
    """The mentor sends the form, a day late."""
    asked = session.exec(select(FeedbackRound.id).where(FeedbackRound.cohort_id == pair.cohort.id)).one()
    feedback.submit(session, pair.mentor, asked, {"well": 5})


def _say_needs(session: Session, pair: Pair) -> None:
    pair.mentee_enrolment.answers = {"needs": "Written notes."}
    audit.record(session, pair.mentee, "enrolment.saved", pair.mentee_enrolment.id)
    session.flush()


def _ask_for_feedback(session: Session, cohort: Cohort, *asked: Enrolment) -> None:
    """One question, about the clause U-6, to be answered by yesterday."""
    today = utc_now().date()
    question = {"key": "well", "text": "Do you two work well together?", "kind": SCALE, "clause": "U-6"}
    opened = FeedbackRound(
        cohort_id=cohort.id,
        point=RoundPoint.START,
        opens_on=today - timedelta(days=15),
        due_on=today - timedelta(days=1),
        forms={"mentor": [question], "mentee": [question]},
    )
    session.add(opened)
    session.flush()
    session.add_all(FeedbackAnswer(round_id=opened.id, enrolment_id=each.id, side=each.side) for each in asked)
    session.flush()


def _asked_for_what_is_kept(session: Session, cohort: Cohort) -> list[str]:
    """The statements with which the ledger counts what may be kept."""
    asked: list[str] = []

    def keep(make: Callable[[], Any]) -> Any:
        with sent(session) as statements:
            made = make()
        asked.extend(statements)
        return made

    ledger.ledger(session, coordinator_of(session, cohort), cohort.id, keep=keep)
    return asked


def _by_edition(session: Session, pair: Pair, kept: dict[int, Any]) -> Callable[[Callable[[], Any]], Any]:
    """As the screen keeps it."""

    def keep(make: Callable[[], Any]) -> Any:
        edition = ledger.people_edition(session, pair.cohort.id)
        if edition not in kept:
            kept[edition] = make()
        return kept[edition]

    return keep


def _publish(session: Session, pair: Pair, *clauses: str) -> None:
    document = make_document(session, pair.cohort.scheme_id, signed_by=[], published_at=utc_now() - timedelta(days=100))
    for position, key in enumerate(clauses):
        session.add(
            Clause(document_id=document.id, key=key, position=position, section="Part", heading=key, text=f"Of {key}.")
        )
    session.flush()


def _parts(found: ledger.Ledger) -> dict[str, Any]:
    return {line.clause: line.measured[0].part for line in sorted(found.lines, key=lambda line: line.clause)}
