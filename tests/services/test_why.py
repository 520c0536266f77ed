"""Why something is asked: the clause in force, in the scheme's own words."""

from datetime import date

import pytest
from sqlmodel import Session, select

from models.agreements import DocumentKind, SchemeDocument
from models.enrolments import Side
from models.schemes import Cohort
from services import texts, why
from services.access import DESK, Actor
from services.ledger import registry
from services.schemes import starting, templates
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
)
from tests.services.counting import queries_of


def test_every_topic_names_clauses_that_there_are() -> None:
    assert {clause for clauses in why.TOPICS.values() for clause in clauses} <= set(registry.ENTRIES)


@pytest.mark.parametrize(("key", "clause"), [("aulp", "A-SH2"), ("unnc_alumni", "U-C4.5"), ("blank", "B-5")])
def test_each_scheme_answers_with_its_own_clause_in_one_query(session: Session, key: str, clause: str) -> None:
    actor = _coordinator_of(session, key)

    with queries_of(session) as asked:
        found = why.reason(session, actor, *why.TOPICS["conflicts"])

    assert found is not None
    assert (found.clause, len(asked)) == (clause, 1)
    assert found.text
    assert found.document


@pytest.mark.parametrize(
    ("key", "clauses"),
    [
        (
            "aulp",
            {
                "capacity": "A-SH4",
                "conflicts": "A-SH2",
                "consents": "A-ME1",
                "feedback": "A-SH6",
                "record": "A-SH6",
                "rhythm": "A-ME2",
                "ways_of_working": "A-MR3",
            },
        ),
        (
            "unnc_alumni",
            {
                "capacity": "U-C5.3",
                "conflicts": "U-C4.5",
                "consents": "U-2",
                "directory": "U-1",
                "feedback": "U-6",
                "record": "U-5",
                "rhythm": "U-C6.2",
                "signature": "U-9",
                "training": "U-3",
                "ways_of_working": "U-C4.4",
                "wishes": "U-1",
            },
        ),
        (
            "blank",
            {
                "conflicts": "B-5",
                "consents": "B-6",
                "feedback": "B-7",
                "record": "B-7",
                "rhythm": "B-3",
                "ways_of_working": "B-4",
            },
        ),
    ],
)
def test_every_topic_leads_to_a_clause_of_the_scheme_or_to_none(
    session: Session, key: str, clauses: dict[str, str]
) -> None:
    actor = _coordinator_of(session, key)

    found = {topic: why.reason(session, actor, *keys) for topic, keys in why.TOPICS.items()}

    assert {topic: reason.clause for topic, reason in found.items() if reason} == clauses


@pytest.mark.parametrize(
    ("key", "kind", "side", "clauses"),
    [
        ("unnc_alumni", DocumentKind.AGREEMENT, Side.MENTOR, ("U-9",)),
        ("unnc_alumni", DocumentKind.CODE, Side.MENTOR, ("U-C4.1",)),
        ("aulp", DocumentKind.CODE, Side.MENTOR, ()),
        ("aulp", DocumentKind.CODE, Side.MENTEE, ()),
        ("blank", DocumentKind.CODE, Side.MENTEE, ()),
    ],
)
def test_a_signature_is_explained_by_the_text_that_is_signed_and_by_no_other(
    session: Session, key: str, kind: DocumentKind, side: Side, clauses: tuple[str, ...]
) -> None:
    started = _start(session, key)
    text = session.exec(
        select(SchemeDocument).where(SchemeDocument.scheme_id == started.scheme_id, SchemeDocument.kind == kind)
    ).one()
    actor = make_participant(session, make_enrolment(session, started, side))

    reading = texts.read(session, actor, text.id)

    assert why.of_signature(reading) == clauses


def test_what_mentees_sign_is_never_explained_by_a_clause_of_the_mentors() -> None:
    texts_of_mentees = [
        text
        for key in templates.keys()  # noqa: SIM118 - a function, not a dict
        for text in templates.load(key).documents
        if text.kind == "mentee_agreement" or (text.kind == "code" and key != "unnc_alumni")
    ]

    asked = {clause.id for text in texts_of_mentees for clause in text.clauses}

    assert "UM-1" in asked
    assert asked.isdisjoint(why.TOPICS["signature"])


def test_an_older_edition_and_a_scheme_without_the_clause_give_no_reason(session: Session) -> None:
    cohort = make_cohort(session)
    make_document(session, cohort.scheme_id)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    assert why.reason(session, actor, "U-3") is None


def _coordinator_of(session: Session, key: str) -> Actor:
    started = _start(session, key)
    return make_actor(make_coordinator(session, started), started)


def _start(session: Session, key: str) -> Cohort:
    started = starting.start(
        session, DESK, key, cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    return session.get_one(Cohort, started.id)
