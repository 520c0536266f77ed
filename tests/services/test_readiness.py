"""Who is ready to be matched."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.agreements import SchemeDocument, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, FormField
from services import readiness
from services.readiness import Light, Readiness
from tests.factories import (
    make_account,
    make_cohort,
    make_consent,
    make_document,
    make_enrolment,
    make_pairing,
    make_scheme,
    make_signature,
)
from tests.services.counting import queries_of

TODAY = date(2026, 11, 20)


def a_cohort(session: Session) -> Cohort:
    """A scheme that asks mentors for everything, and mentees to answer the question about conflicts."""
    scheme = make_scheme(session, mentor_gates=["signature", "conflicts", "training"], mentee_gates=["conflicts"])
    module: dict[str, Any] = {
        "key": "starter",
        "edition": 1,
        "title": "Starting",
        "text": "Read.",
        "minutes": 5,
        "pass_mark": 1,
    }
    session.add(TrainingModule(scheme_id=scheme.id, valid_months=12, required_for=["mentor"], **module))
    make_document(session, scheme.id, signed_by=["mentor"])
    return make_cohort(session, scheme)


def a_mentor(session: Session, cohort: Cohort, *, lacking: str = "", **facts: Any) -> Enrolment:
    """A mentor for whom every gate holds, but for the one that is named."""
    facts.setdefault("conflicts_declared_at", None if lacking == "conflicts" else utc_now())
    mentor = make_enrolment(session, cohort, Side.MENTOR, **facts)
    if lacking != "signature":
        document = session.exec(select(SchemeDocument).where(SchemeDocument.scheme_id == cohort.scheme_id)).one()
        account = make_account(session, session.get_one(Person, mentor.person_id))
        make_signature(session, mentor, document, account)
    if lacking != "training":
        module = session.exec(select(TrainingModule).where(TrainingModule.scheme_id == cohort.scheme_id)).one()
        days: dict[str, Any] = {"completed_on": TODAY, "expires_on": TODAY + timedelta(days=90)}
        session.add(TrainingCompletion(enrolment_id=mentor.id, module_id=module.id, correct_answers=1, **days))
    if lacking != "contactable":
        make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)
    session.flush()
    return mentor


@pytest.mark.clause("U-3", "U-C4.5", "A-SH2")
@pytest.mark.parametrize("lacking", ["signature", "training", "conflicts", "contactable"])
def test_one_gate_that_does_not_hold_keeps_a_mentor_out(session: Session, lacking: str) -> None:
    cohort = a_cohort(session)
    ready, unready = a_mentor(session, cohort), a_mentor(session, cohort, lacking=lacking)

    lights = readiness.lights(session, [ready.id, unready.id], today=TODAY)

    assert readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY) == {ready.id}
    assert (lights[ready.id].is_ready, lights[unready.id].is_ready) == (True, False)
    assert getattr(lights[ready.id], lacking).holds is True
    assert getattr(lights[unready.id], lacking).holds is False


@pytest.mark.clause("U-3")
def test_expired_training_keeps_a_mentor_out(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort)

    assert readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY) == {mentor.id}
    assert readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY + timedelta(days=91)) == frozenset()


@pytest.mark.clause("A-ME1")
def test_withdrawing_the_last_open_channel_keeps_a_mentor_out_in_a_scheme_without_gates_too(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=[]))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    before = readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY)

    make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)
    meanwhile = readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY)
    session.exec(select(Consent)).one().withdrawn_at = utc_now()

    assert [before, meanwhile] == [frozenset(), frozenset({mentor.id})]
    assert readiness.ready_ids(session, cohort.id, Side.MENTOR, TODAY) == frozenset()


def test_a_mentee_needs_only_what_the_scheme_asks_of_mentees(session: Session) -> None:
    cohort = a_cohort(session)
    ready = make_enrolment(session, cohort)
    make_enrolment(session, cohort, conflicts_declared_at=None)

    assert readiness.ready_ids(session, cohort.id, Side.MENTEE, TODAY) == {ready.id}


@pytest.mark.parametrize("status", [status for status in EnrolmentStatus if status is not EnrolmentStatus.APPROVED])
def test_only_the_approved_are_ready(session: Session, status: EnrolmentStatus) -> None:
    cohort = a_cohort(session)
    make_enrolment(session, cohort, status=status)

    assert readiness.ready_ids(session, cohort.id, Side.MENTEE, TODAY) == frozenset()


def test_what_a_spreadsheet_claims_turns_no_light_on(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, claims={"training": "Yes", "agreement": "I agree"})

    found = readiness.lights(session, [mentor.id], today=TODAY)[mentor.id]

    assert found == Readiness(
        profile=Light(True, "complete"),
        signature=Light(False, "not signed yet"),
        training=Light(False, "not completed yet"),
        conflicts=Light(True, "answered"),
        capacity=Light(True, "1 of 1 place free"),
        contactable=Light(False, "no way to be reached is open"),
    )


def test_the_lights_name_what_is_missing_and_what_is_not_asked_for(session: Session) -> None:
    cohort = a_cohort(session)
    field: dict[str, Any] = {
        "step": 1,
        "position": 1,
        "kind": "long_text",
        "audience": "The coordinator.",
        "roles": ["mentee"],
    }
    session.add(FormField(scheme_id=cohort.scheme_id, key="goals", labels={"mentee": "Goals"}, required=True, **field))
    mentee = make_enrolment(session, cohort)

    found = readiness.lights(session, [mentee.id], today=TODAY)[mentee.id]

    assert found == Readiness(
        profile=Light(False, "missing: Goals"),
        signature=Light(None, "not asked for"),
        training=Light(None, "not asked for"),
        conflicts=Light(True, "answered"),
        capacity=Light(True, "looking for a mentor"),
        contactable=Light(None, "not asked for"),
    )


def test_open_pairings_take_places_and_ended_ones_give_them_back(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort, capacity=2)
    pairing = make_pairing(session, cohort, mentor=mentor)
    make_pairing(session, cohort, mentor=mentor, mentee="Chen Yuxin")

    full = readiness.lights(session, [mentor.id, pairing.mentee_id], today=TODAY)
    pairing.status, pairing.ended_at = "ended", utc_now()  # type: ignore[assignment]
    session.flush()
    freed = readiness.lights(session, [mentor.id], today=TODAY)

    assert full[mentor.id].capacity == Light(False, "0 of 2 places free")
    assert full[pairing.mentee_id].capacity == Light(False, "has a mentor")
    assert freed[mentor.id].capacity == Light(True, "1 of 2 places free")


def test_lights_cost_the_same_for_one_and_for_three(session: Session) -> None:
    cohort = a_cohort(session)
    ids = [a_mentor(session, cohort).id for _ in range(3)]
    session.commit()

    with queries_of(session) as of_one:
        readiness.lights(session, ids[:1], today=TODAY)
    with queries_of(session) as of_three:
        found = readiness.lights(session, ids, today=TODAY)

    assert len(found) == 3
    assert len(of_one) == len(of_three) == 4


def test_lights_of_nobody_are_none(session: Session) -> None:
    assert readiness.lights(session, []) == {}
