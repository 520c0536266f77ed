"""Whatever happens in whatever order, the directory lists exactly the mentors whom it may."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, delete, select

from models.agreements import SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Conflict, Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort
from services import conflicts, directory, readiness
from services.access import DESK, Actor
from services.schemes import starting
from tests.factories import (
    make_account,
    make_cohort,
    make_consent,
    make_enrolment,
    make_participant,
    make_person,
    make_signature,
)

TODAY = date(2026, 11, 20)
# What may change about a mentor, and whether they can be listed while it is so. The first is how it begins.
STATES: dict[str, dict[str, bool]] = {
    "status": {
        "approved": True,
        "paused": False,
        "withdrawn": False,
        "submitted": False,
        "returned": False,
        "declined": False,
    },
    "signed": {"all": True, "none": False},
    "trained": {"in time": True, "never": False, "expired": False},
    "agreed": {"listed and reachable": True, "not listed": False, "not reachable": False},
    "conflict": {"none": True, "mentor said so": False, "mentee said so": False},
    "asked about conflicts": {"answered": True, "not yet": False},
    "room": {"one place": True, "none": False},
}
STEPS = [(fact, state) for fact, states in STATES.items() for state in states]
HISTORIES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(STEPS)), min_size=1, max_size=12)


class Life:
    """Two mentors in the database, and beside them what a reader of the rules would expect."""

    def __init__(self, session: Session, cohort: Cohort) -> None:
        self.session = session
        mentee = make_enrolment(session, cohort, name="Ama Boateng")
        self.reader: Actor = make_participant(session, mentee)
        people = [make_person(session, name) for name in ("A", "B")]
        self.accounts = [make_account(session, person) for person in people]
        self.mentors = [make_enrolment(session, cohort, Side.MENTOR, person=person) for person in people]
        self.told = [{fact: next(iter(states)) for fact, states in STATES.items()} for _ in people]
        self.scheme_id = cohort.scheme_id
        for which in (0, 1):
            for fact, state in self.told[which].items():
                self.happens(which, fact, state)

    def happens(self, which: int, fact: str, state: str) -> None:
        getattr(self, fact.split(maxsplit=1)[0])(self.mentors[which], state)
        self.told[which][fact] = state
        self.session.flush()

    def expected(self) -> list[str]:
        return [
            name
            for name, told in zip("AB", self.told, strict=True)
            if all(STATES[fact][state] for fact, state in told.items())
        ]

    def status(self, mentor: Enrolment, state: str) -> None:
        mentor.status = EnrolmentStatus(state)

    def signed(self, mentor: Enrolment, state: str) -> None:
        self._none(Signature, mentor)
        for document in self._of_scheme(SchemeDocument) if state == "all" else []:
            if Side.MENTOR in document.signed_by:
                make_signature(self.session, mentor, document, self.accounts[self.mentors.index(mentor)])

    def trained(self, mentor: Enrolment, state: str) -> None:
        self._none(TrainingCompletion, mentor)
        for module in self._of_scheme(TrainingModule) if state != "never" else []:
            expires_on = TODAY if state == "in time" else TODAY - timedelta(days=1)
            completed: dict[str, Any] = {
                "completed_on": TODAY - timedelta(days=300),
                "expires_on": expires_on,
                "correct_answers": 9,
            }
            self.session.add(TrainingCompletion(enrolment_id=mentor.id, module_id=module.id, **completed))

    def agreed(self, mentor: Enrolment, state: str) -> None:
        self._none(Consent, mentor)
        if state != "not listed":
            make_consent(self.session, mentor, ConsentPurpose.DIRECTORY)
        if state != "not reachable":
            make_consent(self.session, mentor, ConsentPurpose.SHARE_EMAIL)

    def conflict(self, mentor: Enrolment, state: str) -> None:
        said_about = (col(Conflict.declared_by_id) == mentor.person_id) | (col(Conflict.other_id) == mentor.person_id)
        self.session.exec(delete(Conflict).where(said_about))
        pair = (mentor.person_id, self.reader.person_id)
        if state != "none" and self.reader.person_id is not None:
            conflicts.add(self.session, *(pair if state == "mentor said so" else pair[::-1]))

    def asked(self, mentor: Enrolment, state: str) -> None:
        mentor.conflicts_declared_at = utc_now() if state == "answered" else None

    def room(self, mentor: Enrolment, state: str) -> None:
        mentor.capacity = 1 if state == "one place" else 0

    def _none(self, table: Any, mentor: Enrolment) -> None:
        self.session.exec(delete(table).where(table.enrolment_id == mentor.id))

    def _of_scheme(self, table: Any) -> Sequence[Any]:
        return self.session.exec(select(table).where(table.scheme_id == self.scheme_id)).all()


@pytest.mark.clause("U-1", "U-3", "U-C4.5", "U-C5.1", "U-C5.3")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_no_history_lists_a_mentor_who_may_not_be_seen(
    page_session: Session, history: list[tuple[int, tuple[str, str]]]
) -> None:
    first = starting.start(
        page_session, DESK, "unnc_alumni", cohort_name="1", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    cohort = make_cohort(page_session, None, scheme_id=first.scheme_id)
    life = Life(page_session, cohort)

    for which, (fact, state) in history:
        life.happens(which, fact, state)
        found = directory.listed(page_session, life.reader, today=TODAY)

        assert [mentor.full_name for mentor in found.mentors] == life.expected()
        # The directory asks the gates in its own way, for speed; matching asks them in another. They agree.
        ready = readiness.ready_ids(page_session, cohort.id, Side.MENTOR, TODAY)
        assert {mentor.id for mentor in found.mentors} <= ready
    page_session.rollback()
