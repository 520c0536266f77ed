"""The link in a proposal's email: what its page shows, that looking changes nothing, and that it decides once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.people import LinkPurpose, LinkToken
from services import answer_routes, answering, errors, links, proposals
from services.access import Actor
from services.gateway import Gateway
from services.proposal_mine import MyState, OtherSide
from tests.services.proposal_steps import SECRETS, UNNC, asked, mails

OURS = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}


def link_to(session: Session, proposal: Proposal, reader: Actor, hours: float = 336) -> str:
    """A link as the worker mints it when the email leaves."""
    if reader.person_id is None:
        raise ValueError
    token = links.mint(session, LinkPurpose.ANSWER_PROPOSAL, reader.person_id, subject_id=proposal.id, hours=hours)
    session.commit()
    return token


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
def test_a_yes_by_the_link_makes_the_pair_without_signing_in(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)

    answered = answering.answer(session, token, accepted=True)

    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence).desc())).first()
    assert answered.status is ProposalStatus.ACCEPTED
    assert len(session.exec(select(Pairing)).all()) == 1
    assert entry is not None
    assert (entry.actor_id, entry.acting_as, entry.action) == (mentee.person_id, "mentee", "proposal.accepted")


@pytest.mark.clause("A-ME1")
def test_a_link_works_once(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    answering.answer(session, token, accepted=False, reason="Another time")

    with pytest.raises(errors.NotAllowed, match="used already"):
        answering.answer(session, token, accepted=True)

    assert (proposal.status, proposal.decline_reason) == (ProposalStatus.DECLINED, "Another time")


def test_of_two_links_to_one_proposal_the_second_finds_it_answered(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    first, second = (link_to(session, proposal, mentee) for _ in range(2))
    answering.answer(session, first, accepted=True)

    with pytest.raises(errors.Conflict, match="has been accepted"):
        answering.answer(session, second, accepted=False)

    assert answering.seen(session, second).proposal.state is MyState.MATCHED


def test_a_refused_answer_leaves_the_link_for_another_try(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)

    with pytest.raises(errors.Invalid):
        answering.answer(session, token, accepted=False, reason="x" * 1001)
    answered = answering.answer(session, token, accepted=False)

    assert answered.status is ProposalStatus.DECLINED


@pytest.mark.clause("U-C4.5")
def test_a_relationship_by_the_link_is_a_private_no(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)

    answering.answer(session, link_to(session, proposal, mentee), accepted=True, relationship=True)

    (conflict,) = session.exec(select(Conflict)).all()
    assert (proposal.status, proposal.decline_reason) == (ProposalStatus.DECLINED, None)
    assert conflict.declared_by_id == mentee.person_id


@pytest.mark.clause("U-1")
def test_the_links_reader_sees_four_fields_and_what_the_scheme_asks(session: Session) -> None:
    question = {"pair_question": "Are you close?", "examples": "For example cousins."}
    proposal, _, mentee, _ = asked(session, other_settings={"conflicts": question}, reply_address="us@example.org")

    view = answering.seen(session, link_to(session, proposal, mentee))

    assert view.proposal.other == OtherSide("Bo Mentor", "Counsel", "energy", "Ten years of grid projects.")
    assert view.proposal.relationship_question == ("Are you close?", "For example cousins.")
    assert (view.proposal.state, view.can_dispute, view.reply_address) == (
        MyState.TO_ANSWER,
        False,
        "us@example.org",
    )


def test_a_link_to_somebody_elses_proposal_opens_nothing(session: Session) -> None:
    proposal, coordinator, _, mentor = asked(session)
    strangers = [link_to(session, proposal, coordinator), link_to(session, proposal, mentor)]

    for token in strangers:
        with pytest.raises(errors.NotAllowed):
            answering.seen(session, token)

    with pytest.raises(errors.NotAllowed):
        answering.answer(session, strangers[0], accepted=True)
    with pytest.raises(errors.Conflict):
        answering.answer(session, strangers[1], accepted=True)
    session.refresh(proposal)
    assert proposal.status is ProposalStatus.SENT


def recorded(session: Session, *, accepted: bool) -> tuple[Proposal, Actor, str]:
    """A proposal with an answer that the coordinator wrote down, and the link of the notice about it."""
    proposal, coordinator, mentee, _ = asked(session)
    today = datetime.now(UTC).date()
    proposals.record_email_answer(session, coordinator, proposal.id, accepted=accepted, received_on=today)
    return proposal, coordinator, link_to(session, proposal, mentee)


def test_this_was_not_me_ends_the_match_that_was_made_of_it(session: Session) -> None:
    proposal, coordinator, token = recorded(session, accepted=True)

    answering.dispute(session, token)

    (pairing,) = session.exec(select(Pairing)).all()
    assert (proposal.status, pairing.status) == (ProposalStatus.WITHDRAWN, PairingStatus.ENDED)
    assert [name for name in mails(session) if name in {"answer_disputed", "pairing_ended"}] == [
        "answer_disputed",
        "pairing_ended",
    ]
    (line,) = proposals.board(session, coordinator, proposal.cohort_id, status=ProposalStatus.WITHDRAWN).lines
    assert line.decline_reason == "The mentee says that the answer written down was not theirs."


def test_after_this_was_not_me_the_two_may_be_proposed_again(session: Session) -> None:
    proposal, coordinator, token = recorded(session, accepted=False)

    answering.dispute(session, token)
    again = proposals.draft(session, coordinator, proposal.run_id, [proposal.mentee_id])  # type: ignore[arg-type]

    assert (len(again.done), again.held_back) == (1, ())


def test_an_answer_of_ones_own_cannot_be_disputed(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    token = link_to(session, proposal, mentee)
    proposals.accept(session, mentee, proposal.id)

    with pytest.raises(errors.NotAllowed):
        answering.dispute(session, token)

    assert session.exec(select(Pairing)).one().status is PairingStatus.RELEASED


# The page


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


def test_a_link_of_another_kind_answers_nothing(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    if mentee.person_id is None:
        raise ValueError
    token = links.mint(session, LinkPurpose.INVITATION, mentee.person_id, subject_id=proposal.id, hours=1)
    bare = links.mint(session, LinkPurpose.ANSWER_PROPOSAL, mentee.person_id, hours=1)
    session.commit()

    for wrong in (token, bare):
        with pytest.raises(errors.NotAllowed):
            answering.answer(session, wrong, accepted=True)

    assert session.exec(select(Enrolment.side).where(Enrolment.id == proposal.mentee_id)).one() is Side.MENTEE
