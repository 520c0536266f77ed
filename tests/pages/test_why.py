""" "Why am I asked this?" beside a gate: nothing until it is opened, then the clause as plain text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from models.enrolments import Side
from pages import why as drawn
from services.why import TOPICS, Reason
from tests.factories import make_cohort, make_document, make_enrolment, make_person
from tests.pages.opening import open_page

PAGES = Path(drawn.__file__).parent


def test_a_gate_offers_its_reason_and_asks_nothing_until_it_is_opened(page_session: Session) -> None:
    person = make_person(page_session)
    make_enrolment(page_session, make_cohort(page_session), Side.MENTEE, person=person, conflicts_declared_at=None)

    page = open_page("enrolment", person)
    page.segmented_control(key="step").set_value(5).run()

    assert not page.exception
    assert [box.proto.popover.label for box in page.get("popover")] == [drawn.LABEL]


def test_every_topic_is_offered_by_a_page_and_every_page_s_topic_is_known() -> None:
    drawn_by_pages = {topic for path in PAGES.glob("*.py") for topic in _topics(path)}

    assert drawn_by_pages == set(TOPICS)


@pytest.mark.parametrize(("clause", "offered"), [("U-C4.1", True), ("Z-1", False)])
def test_whoever_signs_reads_why_where_the_text_itself_says_so(
    page_session: Session, clause: str, offered: bool
) -> None:
    cohort = make_cohort(page_session)
    person = make_person(page_session)
    make_enrolment(page_session, cohort, Side.MENTOR, person=person)
    text = f"# The code\n\n## {clause} · Binding\n\nWhoever mentors here keeps to this code.\n"
    make_document(page_session, cohort.scheme_id, text=text, signed_by=["mentor"])

    page = open_page("agreements", person)

    assert [button.label for button in page.main.button if button.label == "Sign"] == ["Sign"]
    assert (drawn.LABEL in [box.proto.popover.label for box in page.get("popover")]) is offered


def test_the_clause_is_drawn_as_text_whatever_it_would_mean_to_markdown() -> None:
    told = drawn.in_words(
        Reason("U-3", "Training *first*", "Learn [this](https://example.org) **before** you begin.", "A")
    )

    assert told.startswith("**U\\-3 · Training \\*first\\***\n\nLearn \\[this\\]")
    assert "**before**" in told


def _topics(path: Path) -> Iterator[str]:
    """What a page calls `why(session, actor, "…")` with, under whichever name it knows it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pages.why"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            topic = node.args[2]
            assert isinstance(topic, ast.Constant)
            yield str(topic.value)
