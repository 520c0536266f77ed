"""Proposals after they were sent: reminded, withdrawn, run out, and counted on the board."""

from datetime import timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Side
from models.matching import ProposalStatus
from models.messages import Message, MessageStatus
from models.schemes import Cohort
from services import errors, proposal_board, proposal_chasing, proposal_withdrawals, proposals
from services.matching import runs
from services.proposal_board import Leaving
from services.proposal_mine import MyState
from services.proposals import HeldBack
from tests.factories import (
    make_cohort,
    make_enrolment,
    make_person,
    make_proposal,
)
from tests.services.proposal_steps import NOON, TODAY, UNNC, asked, coordinator_of, mails, make_mentor

# Withdrawing, reminding, running out


def test_a_withdrawn_proposal_cannot_be_answered_and_frees_both(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session)

    proposals.withdraw(session, coordinator, proposal.id)

    with pytest.raises(errors.Conflict, match="no longer available"):
        proposals.accept(session, mentee, proposal.id)
    with pytest.raises(errors.Conflict):
        proposals.withdraw(session, coordinator, proposal.id)
    assert runs.run(session, coordinator, proposal.cohort_id, today=TODAY).matched == 1


def test_every_reminder_by_hand_is_a_mail_of_its_own(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)

    for days in (3, 6):
        with time_machine.travel((proposal.sent_at or NOON) + timedelta(days=days), tick=False):
            proposals.remind(session, coordinator, proposal.id)

    assert (proposal.reminders_sent, mails(session).count("proposal_reminder")) == (2, 2)


@pytest.mark.clause("A-ME1")
def test_whoever_was_written_to_less_than_two_days_ago_is_left_in_peace(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)
    sent_at = proposal.sent_at or NOON

    with time_machine.travel(sent_at + timedelta(days=2, minutes=1), tick=False):
        proposals.remind(session, coordinator, proposal.id)
    with (
        time_machine.travel(sent_at + timedelta(days=4), tick=False),
        pytest.raises(errors.Conflict, match="less than two days old"),
    ):
        proposals.remind(session, coordinator, proposal.id)

    assert (proposal.reminders_sent, mails(session).count("proposal_reminder")) == (1, 1)


def test_of_many_reminders_those_that_would_come_too_soon_are_held_back_by_name(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)
    cohort = session.get_one(Cohort, proposal.cohort_id)
    old = make_proposal(session, cohort, mentee="Zoë", mentor="Li", sent_at=utc_now() - timedelta(days=3))
    gone = make_proposal(session, cohort, mentee="Ben", mentor="Eve", status=ProposalStatus.DECLINED)
    ids = [proposal.id, old.id, gone.id]

    seen = proposal_chasing.preview_reminders(session, coordinator, ids)
    outcome = proposal_chasing.remind_all(session, coordinator, ids)

    held = {
        HeldBack("Ama Mentee", "Bo Mentor", "Their last email is less than two days old."),
        HeldBack("Ben", "Eve", "Nobody is asked any more."),
    }
    (sent,) = [message for message in session.exec(select(Message)) if message.template == "proposal_reminder"]
    assert (outcome.done, set(outcome.held_back)) == ((old.id,), held)
    assert [(mail.to_name, mail.subject) for mail in seen] == [("Zoë", sent.subject)]
    assert seen[0].text.split("(a personal link, made when this is sent)") == (sent.body_text or "").split(
        f"[[link:{sent.id.hex}]]"
    )


@pytest.mark.clause("A-ME1")
def test_a_question_that_has_not_left_is_taken_back_with_the_proposal_and_nobody_is_told(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)

    proposals.withdraw(session, coordinator, proposal.id)

    (question,) = session.exec(select(Message)).all()
    assert (question.template, question.status) == ("proposal_to_mentee", MessageStatus.CANCELLED)


@pytest.mark.clause("A-ME1")
def test_whoever_was_asked_hears_exactly_what_the_coordinator_saw_when_a_proposal_is_withdrawn(
    session: Session,
) -> None:
    proposal, coordinator, mentee, _ = asked(session, **UNNC)
    proposals.accept(session, mentee, proposal.id)
    for message in session.exec(select(Message)):
        message.status = MessageStatus.SENT
    session.commit()

    seen = proposal_withdrawals.preview_withdrawals(session, coordinator, [proposal.id])
    proposal_withdrawals.withdraw_all(session, coordinator, [proposal.id])

    told = [message for message in session.exec(select(Message)) if message.status is MessageStatus.QUEUED]
    assert {message.template for message in told} == {"proposal_taken_back", "proposal_not_available"}
    assert {mail.subject for mail in seen} == {message.subject for message in told}
    assert [mail.to_name for mail in seen] == ["Bo Mentor", "Ama Mentee"]


def test_a_withdrawn_draft_can_be_put_back_until_its_place_is_taken(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_mentor(session, cohort)
    for name in ("Ama", "Ben"):
        make_enrolment(session, cohort, Side.MENTEE, name=name)
    actor = coordinator_of(session, cohort)
    first = make_proposal(session, cohort, mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None)

    taken = proposal_withdrawals.withdraw_all(session, actor, [first.id])
    back = proposal_withdrawals.put_back(session, actor, [first.id])
    was = first.status
    proposals.withdraw(session, actor, first.id)
    make_proposal(session, cohort, mentor=mentor, mentee="Eve", status=ProposalStatus.DRAFT, sent_at=None)
    again = proposal_withdrawals.put_back(session, actor, [first.id])

    assert (taken.done, back.done, was) == ((first.id,), (first.id,), ProposalStatus.DRAFT)
    assert (again.done, [held.why for held in again.held_back]) == ((), ["The mentor has no free place."])
    assert mails(session) == []


def test_what_was_sent_is_not_put_back(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)
    proposals.withdraw(session, coordinator, proposal.id)

    outcome = proposal_withdrawals.put_back(session, coordinator, [proposal.id])

    assert [held.why for held in outcome.held_back] == ["It was sent, so it cannot be put back."]
    assert (proposal.status, proposal_withdrawals.never_sent(session, coordinator, [proposal.id])) == (
        ProposalStatus.WITHDRAWN,
        (),
    )


def test_how_far_a_sending_is_counts_what_left_what_waits_and_what_failed(session: Session) -> None:
    proposal, coordinator, _, _ = asked(session)
    cohort = session.get_one(Cohort, proposal.cohort_id)
    drafts = []
    for number in range(3):
        mentor = make_mentor(session, cohort, f"Mentor {number}", email=f"m{number}@example.org")
        drafts.append(make_proposal(session, cohort, mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None))
    first = proposal_board.leaving(session, coordinator, cohort.id)
    for message in session.exec(select(Message)):
        message.status = MessageStatus.SENT
    between = proposal_board.leaving(session, coordinator, cohort.id)
    proposals.send(session, coordinator, [draft.id for draft in drafts])
    queued = session.exec(select(Message).where(Message.status == MessageStatus.QUEUED)).all()
    queued[0].status, queued[1].status = MessageStatus.SENT, MessageStatus.FAILED

    now = proposal_board.leaving(session, coordinator, cohort.id)

    assert (first, between) == (Leaving(1, 1), Leaving())
    assert (now, now.left) == (Leaving(total=3, waiting=1, failed=1), 1)


@pytest.mark.clause("A-ME1")
def test_reminders_go_on_the_schemes_days_once_each_and_never_as_a_flood(session: Session) -> None:
    proposal, _, _, _ = asked(session, reminder_days=[2, 5, 10])
    sent_at = proposal.sent_at or NOON

    reminded = [proposals.remind_due(session, sent_at + timedelta(days=day, hours=1)) for day in (1, 2, 2, 3, 11, 12)]

    assert reminded == [0, 1, 0, 0, 1, 0]
    assert (proposal.reminders_sent, mails(session).count("proposal_reminder")) == (3, 2)


@pytest.mark.clause("A-ME1")
def test_an_unanswered_proposal_runs_out_once_and_the_mentee_is_told(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session)
    last = proposal.expires_at or NOON

    ended = [proposals.expire_due(session, moment) for moment in (last - timedelta(seconds=1), last, last)]

    assert ended == [0, 1, 0]
    assert mails(session) == ["proposal_expired", "proposal_to_mentee"]
    (seen,) = proposals.mine(session, mentee)
    assert (seen.state, proposals.mine(session, mentor)) == (MyState.EXPIRED, ())


def test_when_the_mentor_does_not_answer_the_mentee_who_said_yes_is_told_too(session: Session) -> None:
    proposal, _, mentee, _ = asked(session, **UNNC)
    proposals.accept(session, mentee, proposal.id)

    proposals.expire_due(session, (proposal.expires_at or NOON) + timedelta(days=1))

    assert mails(session).count("proposal_expired") == 2


# The board


def test_the_board_counts_every_state_and_shows_one(session: Session) -> None:
    cohort = make_cohort(session)
    for status in (ProposalStatus.DRAFT, ProposalStatus.SENT, ProposalStatus.EXPIRED, ProposalStatus.EXPIRED):
        make_proposal(session, cohort, status=status, mentee=f"Mentee {status.value}")
    actor = coordinator_of(session, cohort)

    board = proposals.board(session, actor, cohort.id, status=ProposalStatus.EXPIRED)

    assert [line.status for line in board.lines] == [ProposalStatus.EXPIRED] * 2
    assert board.counts == {
        ProposalStatus.DRAFT: 1,
        ProposalStatus.SENT: 1,
        ProposalStatus.ACCEPTED: 0,
        ProposalStatus.DECLINED: 0,
        ProposalStatus.EXPIRED: 2,
        ProposalStatus.WITHDRAWN: 0,
    }
    assert proposals.board(session, actor, cohort.id, search="mentee SENT").found == 1
    assert proposals.board(session, actor, cohort.id, search="nobody").lines == ()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_board_and_the_drafts_take_the_same_queries_however_many_there_are(session: Session, rows: int) -> None:
    from tests.services.counting import sent

    cohort = make_cohort(session)
    for number in range(rows):
        make_proposal(session, cohort, mentee=f"Mentee {number}")
        make_proposal(session, cohort, mentee=f"Drafted {number}", status=ProposalStatus.DRAFT)
    actor = coordinator_of(session, cohort)
    session.flush()

    with sent(session) as statements:
        board = proposals.board(session, actor, cohort.id)
        drafts = proposals.to_send(session, actor, cohort.id)

    # Three for the board and two for the drafts: each asks first whose cohort it is.
    assert (len(board.lines), len(drafts), len(statements)) == (rows, rows, 5)


def test_the_drafts_name_exactly_who_will_be_written_to(session: Session) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort, Side.MENTEE, person=make_person(session, "Ama", email="ama@example.org"))
    proposal = make_proposal(session, cohort, mentee=mentee, status=ProposalStatus.DRAFT)

    drafts = proposals.to_send(session, coordinator_of(session, cohort), cohort.id)

    assert drafts == (proposal_board.Draft(proposal.id, "Ama", "Bo Mentor", "Ama", "ama@example.org"),)
