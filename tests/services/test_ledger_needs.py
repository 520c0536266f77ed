"""What counts as having said what one needs (U-C4.2): words of one's own, or what one chose from the list."""

from typing import Any

import pytest
from sqlmodel import Session

from tests.factories import make_enrolment
from tests.services.ledger_parts import ago, figure, scheme


@pytest.mark.clause("U-C4.2")
def test_needs_in_own_words_or_from_the_list_are_counted_and_blank_ones_are_not(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    told: tuple[dict[str, Any], ...] = (
        {"needs": "Written notes."},
        {"support": ["a_slow_pace"]},
        {"needs": "", "support": []},
        {},
    )
    for answers in told:
        make_enrolment(session, cohort, answers=answers, decided_at=ago(10))

    found = figure(session, cohort, "U-C4.2", "needs")

    assert (found.part, found.base) == (2, 4)
