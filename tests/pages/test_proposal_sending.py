"""Sending many proposals goes on in batches, and says how far it came when something stopped it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.matching import Proposal, ProposalStatus
from models.people import Person
from pages import proposal_sending
from services import proposals
from services.errors import Conflict
from tests.factories import make_cohort, make_coordinator, make_proposal
from tests.pages.opening import open_page
from tests.services.proposal_steps import make_mentor


@pytest.fixture
def coordinator(page_session: Session, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Of three drafts, which are sent one by one."""
    monkeypatch.setattr(proposal_sending, "AT_ONCE", 1)
    cohort = make_cohort(page_session)
    mentor = make_mentor(page_session, cohort, capacity=3)
    for _ in range(3):
        make_proposal(page_session, cohort, mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None, expires_at=None)
    return make_coordinator(page_session, cohort)


def states(session: Session) -> list[ProposalStatus]:
    session.expire_all()
    return sorted(proposal.status for proposal in session.exec(select(Proposal)))


def test_one_press_sends_all_batches_and_says_how_many(page_session: Session, coordinator: Person) -> None:
    page = open_page("proposals", coordinator, step="send")

    page.button(key="send").click().run()

    assert [notice.value for notice in page.success] == ["Proposals to 3 people are written."]
    assert states(page_session) == [ProposalStatus.SENT] * 3


def test_what_a_stop_left_is_told_stays_ready_and_goes_at_the_next_press(
    page_session: Session, coordinator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("proposals", coordinator, step="send")
    whole, calls = proposals.send, list[int]()

    def busy_at_the_second(session: Session, actor: Any, ids: Sequence[UUID], **more: Any) -> Any:
        calls.append(len(ids))
        if len(calls) == 2:
            raise Conflict("The database is busy and nothing was saved.", remedy="Wait a moment, then try again.")
        return whole(session, actor, ids, **more)

    monkeypatch.setattr(proposals, "send", busy_at_the_second)
    page.button(key="send").click().run()
    told, left = [box.value for box in page.info], states(page_session)
    refused = [box.value for box in page.error]
    page.button(key="send").click().run()

    assert told[0].startswith("Sending stopped in between: 1 of 3 proposals are on their way.")
    assert refused[0].startswith("The database is busy and nothing was saved")
    assert left == [ProposalStatus.DRAFT, ProposalStatus.DRAFT, ProposalStatus.SENT]
    assert [notice.value for notice in page.success] == ["Proposals to 3 people are written."]
    assert states(page_session) == [ProposalStatus.SENT] * 3
