"""The coordinator's queue: whom it shows, who is ready, and what the others lack."""

from typing import Any

import pytest
from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import ConsentPurpose, EnrolmentStatus, Side
from models.schemes import Cohort
from services import enrolment_queue, enrolments, people_search, queue_finding
from services.access import Actor
from services.enrolments import Filter, Gate
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_person,
)
from tests.services.counting import queries_of
from tests.services.queue_parts import SUBMITTED, TODAY, a_cohort, a_submitted
from tests.services.test_enrolments import a_cohort as a_real_cohort


def names(session: Session, actor: Actor, cohort: Cohort, **chosen: Any) -> list[str]:
    return [row.name for row in enrolments.queue(session, actor, cohort.id, today=TODAY, **chosen).rows]


def test_the_queue_counts_the_cohort_and_shows_what_the_filter_leaves(session: Session) -> None:
    cohort, actor = a_cohort(session)
    bo = make_enrolment(session, cohort, Side.MENTOR, name="Bo")
    make_consent(session, bo, ConsentPurpose.SHARE_EMAIL)
    a_submitted(session, cohort, Side.MENTOR, name="Ama")
    a_submitted(session, cohort, name="Chen", conflicts_declared_at=None)
    make_enrolment(session, make_cohort(session), name="Elsewhere")

    found = enrolments.queue(session, actor, cohort.id, side=Side.MENTOR, today=TODAY)

    assert [row.name for row in found.rows] == ["Ama", "Bo"]
    assert (found.total, found.decidable, found.pages) == (2, 1, 1)
    assert (found.count(SUBMITTED), found.count(SUBMITTED, side=Side.MENTEE)) == (2, 1)
    assert names(session, actor, cohort, status=SUBMITTED) == ["Ama", "Chen"]
    assert names(session, actor, cohort, gate=Gate.READY) == ["Bo"]
    assert names(session, actor, cohort, gate=Gate.NOT_READY) == ["Ama", "Chen"]


@pytest.mark.parametrize("search", ["lindqvist bo", "BO@mail", "lindq", "bo example"])
def test_the_search_takes_beginnings_of_words_of_a_name_or_address(session: Session, search: str) -> None:
    cohort, actor = a_cohort(session)
    bo = make_person(session, "Bo Lindqvist", email="bo@mail.example")
    a_submitted(session, cohort, person=bo, sector="D", role_title="Grid counsel")
    a_submitted(session, cohort, name="Chen Yuxin", sector="A", role_title="Student")

    assert names(session, actor, cohort, search=search) == ["Bo Lindqvist"]


def test_claims_are_shown_as_words_of_a_spreadsheet(session: Session) -> None:
    cohort, actor = a_cohort(session)
    a_submitted(session, cohort, Side.MENTOR, claims={"training": "Yes", "agreement": "I agree"})

    (row,) = enrolments.queue(session, actor, cohort.id, today=TODAY).rows

    assert row.claims == ("says: agreement I agree", "says: training Yes")
    assert row.readiness.is_ready is False


def test_a_page_holds_twenty(session: Session) -> None:
    cohort, actor = a_cohort(session)
    for number in range(21):
        a_submitted(session, cohort, name=f"Person {number:02}")

    pages = [enrolments.queue(session, actor, cohort.id, page=page, today=TODAY) for page in (1, 2, 99)]

    assert [(page.page, page.pages, len(page.rows), page.decidable) for page in pages] == [
        (1, 2, 20, 21),
        (2, 2, 1, 21),
        (2, 2, 1, 21),
    ]


def test_the_queue_costs_the_same_for_one_and_for_three(session: Session) -> None:
    cohort, actor = a_cohort(session)
    a_submitted(session, cohort)
    session.commit()
    cohort_id, asked = cohort.id, []

    for more in (0, 2):
        for _ in range(more):
            a_submitted(session, session.get_one(Cohort, cohort_id))
        session.commit()
        with queries_of(session) as seen:
            found = enrolments.queue(session, actor, cohort_id, gate=Gate.READY, today=TODAY)
        asked.append((len(found.rows), len(seen)))

    assert asked[0][0] == 1
    assert asked == [(1, asked[0][1]), (3, asked[0][1])]
    assert asked[0][1] <= 9


def test_the_coordinator_reads_the_answers_but_no_wechat_id(session: Session) -> None:
    cohort = a_real_cohort(session)
    person = make_person(session, "Ama", email="ama@example.org", telephone="+44 20 7946 0123", wechat_id="wx_ama_123")
    facts: dict[str, Any] = {"goals": "Energy law.", "answers": {"needs": "Notes."}, "languages": ["en", "zh"]}
    mentee = a_submitted(session, cohort, person=person, sector="D", role_title=None, summary=None, **facts)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = enrolments.details(session, actor, mentee.id)

    assert found.answers == (
        ("Full name", "Ama"),
        ("The sector you are interested in", "Energy"),
        ("What you would like mentoring to do for you", "Energy law."),
        ("What would help you to get the most out of it", "Notes."),
        ("Languages you could talk in", "English, Chinese (Mandarin)"),
        ("How you are happy to be in touch", "Email"),
        ("Email address", "ama@example.org"),
        ("Telephone", "+44 20 7946 0123"),
    )


def test_each_gate_shows_who_lacks_just_that(session: Session) -> None:
    cohort = a_real_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    whole: dict[str, Any] = {"goals": "Energy law.", "answers": {"year_of_study": "Second"}, "sector": "D"}
    a_submitted(session, cohort, name="Asked", conflicts_declared_at=None, **whole)
    a_submitted(session, cohort, name="Blank", **(whole | {"goals": None}))
    mentor = a_submitted(session, cohort, Side.MENTOR, name="Full", capacity=0)
    make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)

    found = {gate: names(session, actor, cohort, gate=gate) for gate in Gate}
    lights = {row.name: row.readiness for row in enrolments.queue(session, actor, cohort.id, today=TODAY).rows}

    for gate in set(Gate) - {Gate.READY, Gate.NOT_READY}:
        lacking = [name for name, each in lights.items() if getattr(each, gate.value).holds is False]
        assert (gate, found[gate]) == (gate, sorted(lacking))
    assert found[Gate.READY] == sorted(name for name, each in lights.items() if each.is_ready)
    assert found[Gate.NOT_READY] == sorted(name for name, each in lights.items() if not each.is_ready)


@pytest.mark.parametrize("at_once", [(1, 1), (2, 3, 100)], ids=["then everybody", "in steps"])
def test_however_few_are_looked_at_in_one_go_a_gate_and_a_search_lead_to_the_same_people(
    session: Session, monkeypatch: pytest.MonkeyPatch, at_once: tuple[int, ...]
) -> None:
    cohort = a_real_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    for number, word in enumerate(("uno", "due", "tre", "quattro")):  # no word that an invented address begins with
        declared = None if number % 2 else utc_now()
        a_submitted(session, cohort, name=f"Bo {word}", conflicts_declared_at=declared, goals="Energy.")
        a_submitted(session, cohort, Side.MENTOR, name=f"Chen {word}", conflicts_declared_at=declared)
    a_submitted(session, cohort, name="Bo Gone", status=EnrolmentStatus.WITHDRAWN)
    questions = [
        {"gate": gate, "search": search} for gate in (None, *Gate) for search in ("", "bo", "chen quattro", "nobody")
    ]
    questions += [{"search": "bo", "status": EnrolmentStatus.WITHDRAWN}, {"search": "chen", "side": Side.MENTOR}]
    usual = [names(session, actor, cohort, **question) for question in questions]

    monkeypatch.setattr(queue_finding, "_AT_ONCE", at_once)
    monkeypatch.setattr(people_search, "_FEW", 0)

    assert [names(session, actor, cohort, **question) for question in questions] == usual
    assert [len(found) for found in (*usual[:4], *usual[-2:])] == [9, 5, 1, 0, 1, 4]


@pytest.mark.clause("U-C5.3")
def test_whoever_paused_or_left_is_neither_ready_nor_on_the_way(session: Session) -> None:
    cohort, actor = a_cohort(session)
    for status in (EnrolmentStatus.PAUSED, EnrolmentStatus.WITHDRAWN, EnrolmentStatus.APPROVED):
        for declared in (None, utc_now()):
            name = f"{status.value} {'asked' if declared is None else 'done'}"
            a_submitted(session, cohort, name=name, status=status, conflicts_declared_at=declared)

    assert names(session, actor, cohort, gate=Gate.READY) == ["approved done"]
    assert names(session, actor, cohort, gate=Gate.NOT_READY) == ["approved asked"]
    assert names(session, actor, cohort, gate=Gate.CONFLICTS) == ["approved asked", "paused asked", "withdrawn asked"]


def test_a_gate_is_followed_as_far_as_anybody_pages(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, actor = a_cohort(session)
    monkeypatch.setattr(enrolment_queue, "MOST_FOUND", 2)
    for number in range(3):
        a_submitted(session, cohort, name=f"Person {number}")

    found = enrolments.queue(session, actor, cohort.id, gate=Gate.READY, today=TODAY)
    everybody = enrolments.submitted_on(session, actor, cohort.id, Filter(gate=Gate.READY), TODAY)

    assert ([row.name for row in found.rows], found.total, found.decidable) == (["Person 0", "Person 1"], 2, 2)
    assert (found.has_more, len(everybody)) == (True, 3)
