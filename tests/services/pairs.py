"""A pair with everything around it, for the tests of what two people do together."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from models.enrolments import Consent, ConsentPurpose, Enrolment, Side
from models.pairings import Pairing
from models.people import Person
from models.schemes import Cohort, Scheme
from services.access import DESK, Actor
from services.schemes import starting
from tests.factories import (
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
    make_scheme,
)

RELEASED_AT = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
SHARING = (ConsentPurpose.SHARE_EMAIL, ConsentPurpose.SHARE_TELEPHONE, ConsentPurpose.SHARE_WECHAT)
# What must never reach anybody but the other half of the pair.
SECRETS = ("marguerite@example.org", "+44 20 7946 0001", "marguerite_o", "li.wei@example.org", "+86 10 5555 0100")


@dataclass(frozen=True)
class Pair:
    """A pairing released on 2 October 2026 (a Friday), and its two people as actors. The scheme is in Shanghai."""

    scheme: Scheme
    cohort: Cohort
    pairing: Pairing
    mentor: Actor
    mentee: Actor
    mentor_enrolment: Enrolment
    mentee_enrolment: Enrolment
    mentor_person: Person
    mentee_person: Person
    coordinator: Person


def make_pair(session: Session, *, scheme: Scheme | None = None, **facts: Any) -> Pair:
    scheme = scheme or make_scheme(
        session, time_zone="Asia/Shanghai", channels=["email", "telephone", "wechat"], default_interval_days=14
    )
    cohort = make_cohort(session, scheme)
    mentor_person, mentee_person = _mentor(session), _mentee(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=mentor_person, goals="To give something back.")
    mentee = make_enrolment(
        session, cohort, person=mentee_person, goals="Three interviews by January.", summary="Law student."
    )
    pairing = make_pairing(session, cohort, mentor=mentor, mentee=mentee, **({"released_at": RELEASED_AT} | facts))
    return Pair(
        scheme,
        cohort,
        pairing,
        make_participant(session, mentor),
        make_participant(session, mentee),
        mentor,
        mentee,
        mentor_person,
        mentee_person,
        make_coordinator(session, cohort),
    )


def share_all(session: Session, enrolment: Enrolment) -> list[Consent]:
    return [make_consent(session, enrolment, purpose) for purpose in SHARING]


def start_unnc(session: Session) -> Cohort:
    """A scheme from the template whose agreement names exceptions to confidence and days for ways of working."""
    return starting.start(
        session,
        DESK,
        "unnc_alumni",
        cohort_name="2026/27",
        starts_on=date(2026, 9, 1),
        ends_on=date(2027, 8, 31),
    )


def _mentor(session: Session) -> Person:
    return make_person(
        session,
        "Marguerite Oyelaran",
        email="marguerite@example.org",
        telephone="+44 20 7946 0001",
        wechat_id="marguerite_o",
        time_zone="Europe/London",
    )


def _mentee(session: Session) -> Person:
    return make_person(
        session, "李伟", email="li.wei@example.org", telephone="+86 10 5555 0100", time_zone="Asia/Shanghai"
    )
