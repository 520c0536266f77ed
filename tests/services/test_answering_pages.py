"""The pages behind a proposal's link: what they show, that looking changes nothing, and what a press decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing
from models.people import LinkToken
from services import answer_routes, proposals
from services.gateway import Gateway
from tests.services.answering_steps import link_to, recorded
from tests.services.proposal_steps import SECRETS, UNNC, asked, mails

OURS = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}


@contextmanager
def browser() -> Iterator[TestClient]:
    """A browser in front of the gateway and the routes of the link."""
    gate = Middleware(Gateway, script_hashes=[], holding=lambda _: None)
    with TestClient(Starlette(routes=answer_routes.routes(), middleware=[gate])) as client:
        yield client


def state(session: Session) -> dict[str, Any]:
    """All that an answer could change."""
    session.rollback()
    found = {
        "proposals": [(row.status, row.version) for row in session.exec(select(Proposal))],
        "pairings": len(session.exec(select(Pairing)).all()),
        "conflicts": len(session.exec(select(Conflict)).all()),
        "journal": len(session.exec(select(AuditEntry)).all()),
        "used": [row.used_at is not None for row in session.exec(select(LinkToken))],
        "mails": mails(session),
    }
    session.rollback()
    return found


@pytest.mark.clause("A-ME1")
def test_a_mail_scanner_that_opens_every_address_changes_nothing(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    before = state(session)

    with browser() as client:
        for query in ("", "?choice=yes", "?choice=no", "?choice=relationship", "?choice=not_me"):
            for method in ("GET", "HEAD", "OPTIONS"):
                client.request(method, f"/answer/{token}{query}", headers={"host": OURS["host"]})

    assert state(session) == before


def test_the_page_says_who_what_follows_and_until_when(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)

    with browser() as client:
        page = client.get(f"/answer/{token}", headers={"host": OURS["host"]})

    shown = (
        "Your mentor could be Bo Mentor",
        "Role: Counsel",
        "Sector: energy",
        "Ten years of grid projects.",
        "you see how to reach Bo Mentor and make the first contact",
        "Nothing is decided until you press a button.",
        "Yes, I would like to work with Bo Mentor",
        "No, thank you",
    )
    assert page.status_code == 200
    assert [sentence for sentence in shown if sentence not in page.text] == []
    assert [secret for secret in SECRETS if secret in page.text] == []


def test_somebodys_text_stays_text_on_the_page(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    session.get_one(Enrolment, proposal.mentor_id).summary = "<img src=x onerror=alert(1)> {{ 7*7 }}"
    token = link_to(session, proposal, mentee)

    with browser() as client:
        page = client.get(f"/answer/{token}", headers={"host": OURS["host"]})

    assert "&lt;img src=x onerror=alert(1)&gt; {{ 7*7 }}" in page.text


@pytest.mark.clause("A-ME1")
def test_pressing_yes_on_our_own_page_decides(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)

    with browser() as client:
        page = client.post(f"/answer/{token}", data={"choice": "yes"}, headers=OURS)
        later = client.get(f"/answer/{token}", headers={"host": OURS["host"]})

    assert (page.status_code, "You and Bo Mentor work together from now on" in page.text) == (200, True)
    assert (later.status_code, "This link has been used already" in later.text) == (403, True)
    assert state(session)["pairings"] == 1


def test_a_form_from_another_site_decides_nothing(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    before = state(session)

    with browser() as client:
        for foreign in ({"origin": "https://evil.test"}, {"sec-fetch-site": "cross-site"}, {}):
            page = client.post(f"/answer/{token}", data={"choice": "yes"}, headers={"host": OURS["host"], **foreign})
            assert page.status_code == 403

    assert state(session) == before


@pytest.mark.parametrize("choice", ["", "maybe", "YES"])
def test_a_form_without_a_known_choice_shows_the_page_and_decides_nothing(session: Session, choice: str) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    before = state(session)

    with browser() as client:
        page = client.post(f"/answer/{token}", data={"choice": choice}, headers=OURS)

    assert (page.status_code, "Your mentor could be Bo Mentor" in page.text) == (200, True)
    assert state(session) == before


def test_a_no_with_a_reason_thanks_and_keeps_it(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)

    with browser() as client:
        form = client.get(f"/answer/{token}?choice=no", headers={"host": OURS["host"]})
        page = client.post(f"/answer/{token}", data={"choice": "no", "reason": "Not now"}, headers=OURS)

    session.refresh(proposal)
    assert "A reason, if you like" in form.text
    assert "Thank you for telling us" in page.text
    assert (proposal.status, proposal.decline_reason) == (ProposalStatus.DECLINED, "Not now")


def test_a_reason_that_is_too_long_comes_back_with_what_is_wrong(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    before = state(session)

    with browser() as client:
        page = client.post(f"/answer/{token}", data={"choice": "no", "reason": "x" * 1001}, headers=OURS)

    assert (page.status_code, "Reason is too long" in page.text) == (422, True)
    assert state(session) == before


def test_forged_and_expired_links_get_a_calm_page_with_what_to_do(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee, hours=1)

    with browser() as client:
        forged = client.get("/answer/not-a-token", headers={"host": OURS["host"]})
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=2), tick=False):
            expired = client.get(f"/answer/{token}", headers={"host": OURS["host"]})
            posted = client.post(f"/answer/{token}", data={"choice": "yes"}, headers=OURS)

    assert (forged.status_code, "We do not know this link." in forged.text) == (403, True)
    assert (expired.status_code, "This link has run out." in expired.text) == (403, True)
    assert (posted.status_code, proposal.status) == (403, ProposalStatus.SENT)


def end(session: Session, status: ProposalStatus) -> tuple[str, Proposal]:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    proposal.status = status
    session.commit()
    return token, proposal


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (ProposalStatus.ACCEPTED, "You and Bo Mentor work together"),
        (ProposalStatus.DECLINED, "You have said no to this proposal"),
        (ProposalStatus.EXPIRED, "This proposal has run out"),
        (ProposalStatus.WITHDRAWN, "This pairing is not available any more"),
    ],
)
def test_a_link_to_a_decided_proposal_says_how_it_stands(session: Session, status: ProposalStatus, title: str) -> None:
    token, _ = end(session, status)

    with browser() as client:
        page = client.get(f"/answer/{token}", headers={"host": OURS["host"]})
        posted = client.post(f"/answer/{token}", data={"choice": "yes"}, headers=OURS)

    assert (page.status_code, title in page.text) == (200, True)
    assert posted.status_code == 409


def test_where_the_mentor_answers_last_a_yes_says_that_they_are_asked_now(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session, **UNNC)
    first = link_to(session, proposal, mentee)

    with browser() as client:
        asking = client.get(f"/answer/{first}", headers={"host": OURS["host"]})
        passed = client.post(f"/answer/{first}", data={"choice": "yes"}, headers=OURS)
        again = client.get(f"/answer/{link_to(session, proposal, mentee)}", headers={"host": OURS["host"]})
        second = link_to(session, proposal, mentor)
        theirs = client.get(f"/answer/{second}", headers={"host": OURS["host"]})
        made = client.post(f"/answer/{second}", data={"choice": "yes"}, headers=OURS)

    assert "If you say yes, we ask Bo Mentor." in asking.text
    assert "We are asking Bo Mentor now" in passed.text
    assert "You have said yes" in again.text
    assert "Would you be the mentor of Ama Mentee?" in theirs.text
    assert "Hopes for: To understand tariffs." in theirs.text
    assert "the first message comes from them" in made.text


def test_a_mentors_no_by_the_link_keeps_the_place_for_somebody_else(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session, **UNNC)
    proposals.accept(session, mentee, proposal.id)
    token = link_to(session, proposal, mentor)

    with browser() as client:
        page = client.post(f"/answer/{token}", data={"choice": "no"}, headers=OURS)

    assert "Your place stays free for somebody else." in page.text


def test_the_notice_of_a_written_down_answer_leads_to_one_button(session: Session) -> None:
    _, _, token = recorded(session, accepted=True)

    with browser() as client:
        page = client.get(f"/answer/{token}", headers={"host": OURS["host"]})
        taken_back = client.post(f"/answer/{token}", data={"choice": "not_me"}, headers=OURS)

    assert [sentence in page.text for sentence in ("you answered yes", "This was not me", "No, thank you")] == [
        True,
        True,
        False,
    ]
    assert "The answer was taken back" in taken_back.text
    assert state(session)["proposals"][0][0] is ProposalStatus.WITHDRAWN
