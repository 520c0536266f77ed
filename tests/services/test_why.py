"""Why something is asked: the clause in force, in the scheme's own words."""

from datetime import date

import pytest
from sqlmodel import Session

from services import why
from services.access import DESK, Actor
from services.ledger import registry
from services.schemes import starting
from tests.factories import make_actor, make_cohort, make_coordinator, make_document
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


def test_an_older_edition_and_a_scheme_without_the_clause_give_no_reason(session: Session) -> None:
    cohort = make_cohort(session)
    make_document(session, cohort.scheme_id)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    assert why.reason(session, actor, "U-3") is None


def _coordinator_of(session: Session, key: str) -> Actor:
    started = starting.start(
        session, DESK, key, cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    return make_actor(make_coordinator(session, started), started)
