""" "Why am I asked this?" beside a gate: nothing until it is opened, then the clause as plain text."""

from sqlmodel import Session

from models.enrolments import Side
from pages import why as drawn
from services.why import Reason
from tests.factories import make_cohort, make_enrolment, make_person
from tests.pages.opening import open_page


def test_a_gate_offers_its_reason_and_asks_nothing_until_it_is_opened(page_session: Session) -> None:
    person = make_person(page_session)
    make_enrolment(page_session, make_cohort(page_session), Side.MENTEE, person=person, conflicts_declared_at=None)

    page = open_page("enrolment", person)
    page.segmented_control(key="step").set_value(5).run()

    assert not page.exception
    assert [box.proto.popover.label for box in page.get("popover")] == [drawn.LABEL]


def test_the_clause_is_drawn_as_text_whatever_it_would_mean_to_markdown() -> None:
    told = drawn.in_words(
        Reason("U-3", "Training *first*", "Learn [this](https://example.org) **before** you begin.", "A")
    )

    assert told.startswith("**U\\-3 · Training \\*first\\***\n\nLearn \\[this\\]")
    assert "**before**" in told
