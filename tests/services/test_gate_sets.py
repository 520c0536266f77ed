"""A gate, asked of people one by one or by sets, finds the very people to whom the lights of each say the same."""

from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, PublishedState, SchemeDocument, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.pairings import PairingStatus
from models.schemes import Cohort, FormField
from services import enrolment_form, queue_finding
from services.enrolment_queue import Gate
from services.queue_finding import ON_THE_WAY, Sought
from services.readiness import Readiness, lights
from tests.factories import (
    make_account,
    make_cohort,
    make_consent,
    make_document,
    make_enrolment,
    make_pairing,
    make_person,
    make_scheme,
    make_signature,
)

TODAY = date(2026, 11, 20)
# Days of grace and one to repeat a module in, all over, and a completion more that has run out.
DAYS = (TODAY, TODAY + timedelta(days=20), TODAY + timedelta(days=60))
PAST, AHEAD = TODAY - timedelta(days=1), TODAY + timedelta(days=10)
ANSWERS: tuple[dict[str, Any], ...] = ({}, {"level": ""}, {"level": []}, {"level": None}, {"level": "Second"})
# A text in its second edition, in two languages, and modules of every kind: due, not yet, and to be repeated.
EDITIONS: tuple[dict[str, Any], ...] = ({"edition": 1}, {"edition": 2}, {"edition": 2, "language": "zh"})
MODULES: tuple[dict[str, Any], ...] = (
    {"key": "starter"},
    {"key": "soon", "due_on": AHEAD},
    {"key": "late", "due_on": PAST, "required_for": ["mentor"]},
    {"key": "again", "state": PublishedState.RETIRED},
    {"key": "again", "edition": 2, "counts_from": 2, "due_on": AHEAD},
)


def a_cohort(session: Session) -> Cohort:
    gates: dict[str, Any] = {
        "mentor_gates": ["signature", "conflicts", "training"],
        "mentee_gates": ["signature", "conflicts"],
    }
    scheme = make_scheme(session, signature_grace_days=30, **gates)
    published = utc_now().replace(year=TODAY.year, month=11, day=5)
    for facts in EDITIONS:
        kind = DocumentKind.AGREEMENT
        make_document(session, scheme.id, kind=kind, signed_by=["mentor"], published_at=published, **facts)
    make_document(session, scheme.id, kind=DocumentKind.CODE, published_at=published)
    usual: dict[str, Any] = {"edition": 1, "title": "T", "text": "Read.", "minutes": 5, "pass_mark": 1}
    for facts in MODULES:
        asked = usual | {"valid_months": 12, "required_for": ["mentor", "mentee"]} | facts
        session.add(TrainingModule(scheme_id=scheme.id, **asked))
    for key, asked_as in (
        ("goals", "long_text"),
        ("languages", "languages"),
        ("level", "choices"),
        ("telephone", "telephone"),
    ):
        facts = {"roles": ["mentor", "mentee"], "labels": {"mentor": key, "mentee": key}, "audience": "Nobody."}
        session.add(FormField(scheme_id=scheme.id, key=key, kind=asked_as, step=1, position=1, required=True, **facts))
    return make_cohort(session, scheme)


def a_person(session: Session, cohort: Cohort, side: Side, chance: Random) -> Enrolment:
    """Somebody who has done, signed and answered what chance has it."""
    numbers = {key: chance.choice((None, "+44 20 7946 0123")) for key in ("telephone", "wechat_id")}
    person = make_person(session, f"Person {chance.random()}", **numbers)
    facts: dict[str, Any] = {
        "status": chance.choice([*sorted(ON_THE_WAY), EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED]),
        "conflicts_declared_at": chance.choice((None, utc_now(), utc_now())),
        "capacity": chance.randrange(3),
        "goals": chance.choice((None, "", "Energy.", "Law.")),
        "languages": chance.choice(([], ["en"], ["zh"])),
        "answers": chance.choice(ANSWERS),
    }
    found = make_enrolment(session, cohort, side, person=person, **facts)
    account = make_account(session, person)
    for document in session.exec(select(SchemeDocument).where(col(SchemeDocument.scheme_id) == cohort.scheme_id)):
        if side in document.signed_by and chance.random() < 0.7:
            make_signature(session, found, document, account)
    for module in session.exec(select(TrainingModule).where(col(TrainingModule.scheme_id) == cohort.scheme_id)):
        if chance.random() < 0.8:
            until = chance.choice((PAST, TODAY + timedelta(days=40), date.max, date.max))
            passed: dict[str, Any] = {"correct_answers": 1, "completed_on": PAST, "expires_on": until}
            session.add(TrainingCompletion(enrolment_id=found.id, module_id=module.id, **passed))
    for purpose in ConsentPurpose:
        if chance.random() < 0.4:
            consent = make_consent(session, found, purpose)
            consent.withdrawn_at = chance.choice((None, None, utc_now()))
    return found


def fits(gate: Gate, status: EnrolmentStatus, found: Readiness) -> bool:
    if gate in (Gate.READY, Gate.NOT_READY):
        return status in ON_THE_WAY and found.is_ready is (gate is Gate.READY)
    return getattr(found, gate.value).holds is False


def in_three_ways(session: Session, asked: Sought, monkeypatch: pytest.MonkeyPatch) -> list[list[UUID]]:
    """Whom a gate leads to, each time in the order of ids: looked up one by one, by sets alone, and as conditions."""
    one_by_one = queue_finding.first(session, asked, 1000)
    with monkeypatch.context() as at_once:
        at_once.setattr(queue_finding, "_AT_ONCE", ())
        by_sets = queue_finding.first(session, asked, 1000)
    conditions, order = queue_finding.everybody(session, asked)
    told = session.exec(select(Enrolment.id).where(*conditions).order_by(*order))
    return [sorted(each) for each in (one_by_one, by_sets, told)]


def test_a_gate_leads_to_those_whose_light_says_so_however_it_is_asked(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(20)
    cohort = a_cohort(session)
    people = {side: [a_person(session, cohort, side, chance) for _ in range(30)] for side in Side}
    for mentee in people[Side.MENTEE][:20]:
        end: dict[str, Any] = chance.choice(({}, {}, {"status": PairingStatus.ENDED, "ended_at": utc_now()}))
        make_pairing(session, cohort, mentor=chance.choice(people[Side.MENTOR]), mentee=mentee, **end)
    session.commit()
    rows = {each.id: each.status for side in Side for each in people[side]}
    scheme, fields = enrolment_form.scheme_of(session, cohort.id), enrolment_form.fields_of(session, [cohort.id])
    told: dict[str, tuple[list[list[UUID]], list[UUID]]] = {}

    for day in DAYS:
        shown = lights(session, rows, today=day)
        for gate in Gate:
            asked = Sought(cohort.id, len(rows), scheme, fields[cohort.id], day, gate=gate.value)
            fitting = sorted(each for each in rows if fits(gate, rows[each], shown[each]))
            told[f"{gate.value} on {day}"] = (in_three_ways(session, asked, monkeypatch), fitting)

    assert {question: found for question, (found, _) in told.items()} == {
        q: [said] * 3 for q, (_, said) in told.items()
    }
    assert all(0 < len(said) < len(rows) for _, said in told.values())
