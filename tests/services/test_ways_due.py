"""A coordinator sets how many days after a first meeting a pair has to agree."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Side
from models.meetings import MeetingRecord
from models.schemes import Channel, Scheme
from services import ways_due, ways_figures
from services.errors import Invalid, NotAllowed
from services.ways_figures import State
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.services.pairs import make_pair


@pytest.mark.clause("U-C4.4")
def test_pairs_are_late_by_the_days_that_the_coordinator_set(session: Session) -> None:
    pair = make_pair(session)
    session.add(
        MeetingRecord(
            pairing_id=pair.pairing.id,
            side=Side.MENTEE,
            started_at=datetime(2026, 10, 3, 9, tzinfo=UTC),
            time_zone="UTC",
            duration_minutes=30,
            channel=Channel.EMAIL,
            operation_id=uuid4(),
        )
    )
    coordinator = make_actor(pair.coordinator, pair.cohort)
    scheme_id, today = pair.cohort.scheme_id, date(2026, 10, 20)
    session.commit()

    states = []
    for days in (7, 30, None):
        ways_due.set_days(session, coordinator, scheme_id, days)
        found = ways_figures.of_cohort(session, coordinator, pair.cohort.id, today=today).pairs[0]
        states.append((ways_due.of_scheme(session, coordinator, scheme_id), found.state, found.due_on))

    assert states == [
        (7, State.LATE, date(2026, 10, 10)),
        (30, State.NOT_YET, date(2026, 11, 2)),
        (None, State.NOT_YET, None),
    ]


def test_the_journal_keeps_what_was_set_and_nothing_twice(session: Session) -> None:
    pair = make_pair(session)
    coordinator = make_actor(pair.coordinator, pair.cohort)

    for days in (21, 21):
        ways_due.set_days(session, coordinator, pair.cohort.scheme_id, days)

    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "scheme.ways_due_days_set")).all()
    assert [entry.details for entry in entries] == [{"was": None, "days": 21}]


@pytest.mark.parametrize("days", [0, 367])
def test_a_number_that_makes_no_sense_is_refused(session: Session, days: int) -> None:
    pair = make_pair(session)
    coordinator = make_actor(pair.coordinator, pair.cohort)

    with pytest.raises(Invalid):
        ways_due.set_days(session, coordinator, pair.cohort.scheme_id, days)

    assert ways_due.of_scheme(session, coordinator, pair.cohort.scheme_id) is None


def test_only_the_schemes_own_coordinator_sets_it(session: Session) -> None:
    pair, elsewhere = make_pair(session), make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    session.flush()

    for actor in (pair.mentee, pair.mentor, stranger):
        with pytest.raises(NotAllowed):
            ways_due.set_days(session, actor, pair.cohort.scheme_id, 7)

    assert session.get_one(Scheme, pair.cohort.scheme_id).other_settings.get("ways_due_days") is None
