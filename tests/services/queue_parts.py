"""A cohort in which somebody waits for a decision."""

from datetime import date
from typing import Any

from sqlmodel import Session

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort
from services.access import Actor
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_scheme,
)

TODAY = date(2026, 11, 20)
SUBMITTED = EnrolmentStatus.SUBMITTED


def a_cohort(session: Session) -> tuple[Cohort, Actor]:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["conflicts"], mentee_gates=["conflicts"]))
    return cohort, make_actor(make_coordinator(session, cohort), cohort)


def a_submitted(session: Session, cohort: Cohort, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    facts = {"status": SUBMITTED, "decided_at": None, "waiting_since": None} | facts
    return make_enrolment(session, cohort, side, **facts)
