"""The link in a proposal's email decides once, and an answer that was written down for somebody can be disputed."""

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment, Side
from models.matching import ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.people import LinkPurpose
from services import answering, errors, links, proposals
from services.proposal_mine import MyState, OtherSide
from tests.services.answering_steps import link_to, recorded
from tests.services.proposal_steps import asked, mails


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
