"""Clause ledger: red first, numbers with their meaning, names only for the coordinator who asks."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.agreements import Clause, SchemeDocument
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.pauses import Pause
from models.schemes import Cohort
from services import audit
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_manager,
    make_pairing,
    make_person,
)
from tests.pages.opening import open_page

CLAUSES = {
    "U-5": "Staying in touch",
    "U-C5.3": "Free to step back",
    "U-8": "Confidence",
    "UM-6": "A fair expectation",
    "U-C1.1": "The standards",
}


def test_what_presses_comes_first_and_every_number_says_what_it_means(page_session: Session) -> None:
    cohort = _with_clauses(page_session)

    page = open_page("ledger", make_coordinator(page_session, cohort))

    shown = [text for text in _texts(page) if "**U" in text]
    assert [text.split("**")[1] for text in shown] == ["U\\-5", "U\\-C1\\.1", "U\\-C5\\.3", "U\\-8", "UM\\-6"]
    assert shown[0].startswith(":red-badge[Red]")
    assert "0 of 1 open pairs keep the rhythm that they agreed" in shown[0]
    assert "last contact or meeting lies no further back" in shown[0]
    assert [text.partition(" ")[0] for text in shown[3:]] == [":violet-badge[Upheld", ":violet-badge[Upheld"]
    assert ":gray[Where the software informs:] The agreement and the mentee's Ways of working say" in shown[3]
    assert ":gray[Where it asks:] The pair settles in Ways of working what stays between them" in shown[3]
    assert ":small[:gray[Not counted so far\\: Reads by anybody else" in shown[3]
    assert "Not counted so far" not in shown[0]


def test_a_clause_opens_with_its_words_its_evidence_and_the_rows_when_asked(page_session: Session) -> None:
    cohort = _with_clauses(page_session)
    page = open_page("ledger", make_coordinator(page_session, cohort))

    page.selectbox(key="clause").select("U-5").run()
    before, address = _shown(page), page.query_params["clause"]
    page.toggle(key="who-U-5").set_value(True).run()

    assert [header.value for header in page.header] == ["U\\-5 · Staying in touch"]
    assert address == "U-5"
    assert "Words of U\\-5" in before
    assert "**Where it asks:**" in before
    assert "Li Wei" not in before
    assert "- **Li Wei** with **Marguerite**, since " in _shown(page)


def test_what_is_not_counted_is_said_where_the_clause_is_open(page_session: Session) -> None:
    cohort = _with_clauses(page_session)

    page = open_page("ledger", make_coordinator(page_session, cohort), clause="U-8")

    assert "**Not counted so far:** Reads by anybody else\\." in _shown(page)


def test_an_address_with_a_clause_that_is_not_there_opens_the_list(page_session: Session) -> None:
    cohort = _with_clauses(page_session)

    page = open_page("ledger", make_coordinator(page_session, cohort), clause="Z-9")

    assert not page.exception
    assert list(page.header) == []
    assert "clause" not in page.query_params


def test_the_version_of_the_code_comes_with_its_day_and_for_the_coordinator_with_who_published_it(
    page_session: Session,
) -> None:
    cohort = _with_clauses(page_session)
    coordinator = make_coordinator(page_session, cohort)
    page_session.exec(select(SchemeDocument)).one().published_by_id = coordinator.id
    page_session.flush()

    told = _shown(open_page("ledger", coordinator, clause="U-C1.1"))
    manager = _shown(open_page("ledger", make_manager(page_session, cohort), clause="U-C1.1"))

    assert "**In force:** Code of conduct, version 1, published on " in told
    assert "**Who published version 1:** Rosalind Achterberg" in told
    assert "**In force:** Code of conduct, version 1, published on " in manager
    assert "Rosalind" not in manager


def test_a_break_is_counted_at_the_next_look(page_session: Session) -> None:
    cohort = _with_clauses(page_session)
    coordinator = make_coordinator(page_session, cohort)
    before = _shown(open_page("ledger", coordinator))

    mentor = page_session.exec(select(Enrolment).where(Enrolment.side == Side.MENTOR)).one()
    page_session.add(Pause(enrolment_id=mentor.id, begun_by_id=coordinator.id, started_on=_ago(3).date()))
    audit.record(page_session, make_actor(coordinator, cohort), "enrolment.paused", mentor.id)
    after = _shown(open_page("ledger", coordinator))

    assert "0 of 1 mentors are on a break" in before
    assert "1 of 1 mentors are on a break" in after


def test_search_and_colour_leave_what_fits(page_session: Session) -> None:
    cohort = _with_clauses(page_session)
    page = open_page("ledger", make_coordinator(page_session, cohort))

    page.text_input(key="search").set_value("step back").run()
    found = [text for text in _texts(page) if "**U" in text]
    page.text_input(key="search").set_value("no such words").run()

    assert [text.split("**")[1] for text in found] == ["U\\-C5\\.3"]
    assert "No clause fits. Take a word out of the search, or choose All." in [info.value for info in page.info]


def test_a_manager_sees_neither_names_nor_rows_nor_small_numbers(page_session: Session) -> None:
    cohort = _with_clauses(page_session)

    page = open_page("ledger", make_manager(page_session, cohort), clause="U-5")

    assert page.info[0].value.startswith("You see counts, never people")
    assert "fewer than 5" in _shown(page)
    assert list(page.toggle) == []
    assert "Li Wei" not in str(page._tree)
    assert "Marguerite" not in str(page._tree)


def test_a_scheme_without_numbered_clauses_says_what_comes_next(page_session: Session) -> None:
    page = open_page("ledger", make_coordinator(page_session, make_cohort(page_session)))

    assert [info.value for info in page.info] == [
        "No text with numbered clauses is in force. Publish one under Agreements, and its clauses appear here."
    ]


def test_a_participant_and_the_coordinator_of_another_scheme_get_nothing_of_it(page_session: Session) -> None:
    cohort = _with_clauses(page_session)
    person = make_person(page_session)
    make_enrolment(page_session, cohort, person=person)
    stranger = make_coordinator(page_session, make_cohort(page_session))

    for page in (open_page("ledger", person), open_page("ledger", stranger, f"coordinator-{cohort.id}")):
        assert not page.exception
        assert "Staying in touch" not in str(page._tree)


def _with_clauses(session: Session) -> Cohort:
    """One silent pair under a text with a clause of each kind."""
    cohort = make_cohort(session)
    old: dict[str, Any] = dict.fromkeys(("created_at", "submitted_at", "decided_at", "conflicts_declared_at"), _ago(90))
    document = make_document(session, cohort.scheme_id, published_at=_ago(100))
    for position, (key, heading) in enumerate(CLAUSES.items()):
        text = f"Words of {key}."
        session.add(
            Clause(document_id=document.id, key=key, position=position, section="Part", heading=heading, text=text)
        )
    mentor = make_enrolment(session, cohort, Side.MENTOR, name="Marguerite", **old)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Li Wei", **old)
    make_pairing(session, cohort, mentor=mentor, mentee=mentee, released_at=_ago(80), created_at=_ago(80))
    session.flush()
    return cohort


def _ago(days: int) -> datetime:
    return utc_now() - timedelta(days=days)


def _texts(page: AppTest) -> list[str]:
    return [line for element in page.markdown for line in element.value.split("\n\n")]


def _shown(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)
