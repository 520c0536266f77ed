"""Proposals are drafted and sent: who is written to, what is held back, and whose they are."""

from datetime import date, timedelta

import pytest
import time_machine
from sqlmodel import Session, select

from models.enrolments import ConsentPurpose, Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.people import LinkPurpose
from services import errors, proposal_withdrawals, proposals
from services.matching import runs
from services.proposals import HeldBack, Outcome
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_proposal,
    make_scheme,
)
from tests.services.proposal_steps import (
    NOON,
    SECRETS,
    TODAY,
    Spoil,
    actions,
    asked,
    coordinator_of,
    declare_conflict,
    drafted,
    fill_place,
    forbid_pair,
    mails,
    make_mentor,
    pair_mentee,
    pause_mentor,
)

# Drafting and sending


def test_drafting_writes_to_nobody(session: Session) -> None:
    cohort = make_cohort(session)
    make_mentor(session, cohort)
    make_enrolment(session, cohort, Side.MENTEE)

    (proposal,) = drafted(session, cohort, coordinator_of(session, cohort))

    assert (proposal.status, proposal.sent_at, mails(session)) == (ProposalStatus.DRAFT, None, [])
    assert actions(session) == ["matching.run", "proposal.drafted"]


def test_the_preview_is_the_mail_that_is_sent(session: Session) -> None:
    cohort = make_cohort(session)
    make_mentor(session, cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee")
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)

    with time_machine.travel(NOON, tick=False):
        (seen,) = proposals.preview(session, actor, [proposal.id])
        proposals.send(session, actor, [proposal.id])

    (sent,) = session.exec(select(Message)).all()
    hidden = "(a personal link, made when this is sent)"
    assert (sent.person_id, sent.link_purpose, sent.link_subject_id, sent.link_hours) == (
        mentee.person_id,
        LinkPurpose.ANSWER_PROPOSAL,
        proposal.id,
        14 * 24,
    )
    assert (seen.to_name, seen.subject) == ("Ama Mentee", sent.subject)
    assert seen.text.split(hidden) == (sent.body_text or "").split(f"[[link:{sent.id.hex}]]")


@pytest.mark.clause("A-ME1", "U-1")
def test_the_mail_to_the_mentee_has_the_four_public_fields_and_no_way_to_reach_the_mentor(session: Session) -> None:
    cohort = make_cohort(session)
    facts = {"role_title": "Counsel", "sector": "L", "summary": "Ten years of grids."}
    make_mentor(session, cohort, organisation="Grid plc", years_of_experience=31, **facts)
    make_enrolment(session, cohort, Side.MENTEE, sector="L", years_of_experience=20)
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)

    proposals.send(session, actor, [proposal.id])

    (sent,) = session.exec(select(Message)).all()
    body = f"{sent.subject}{sent.body_text}{sent.body_html}"
    shown = ("Bo Mentor", "Counsel", "Finance and insurance", "Ten years of grids.")
    assert [field in body for field in shown] == [True] * 4
    assert [secret in body for secret in (*SECRETS, "Grid plc", "years ahead", "11 year")] == [False] * 6


def test_sending_sets_the_day_by_which_an_answer_is_due(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, proposal_expiry_days=10))
    make_mentor(session, cohort)
    make_enrolment(session, cohort, Side.MENTEE)
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)

    with time_machine.travel(NOON, tick=False):
        outcome = proposals.send(session, actor, [proposal.id])

    assert (outcome.done, outcome.held_back) == ((proposal.id,), ())
    assert (proposal.status, proposal.waits_for) == (ProposalStatus.SENT, Side.MENTEE)
    assert (proposal.sent_at, proposal.expires_at) == (NOON, NOON + timedelta(days=10))


def test_sending_twice_sends_once(session: Session) -> None:
    proposal, actor, _, _ = asked(session)

    again = proposals.send(session, actor, [proposal.id])

    assert (again.done, mails(session)) == ((), ["proposal_to_mentee"])


@pytest.mark.clause("A-SH2", "U-3")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (pause_mentor, "The mentor has not done everything that the scheme asks before a match."),
        (fill_place, "The mentor has no free place."),
        (declare_conflict, "This pairing is not available."),
        (pair_mentee, "The mentee has an open proposal or a mentor."),
        (forbid_pair, "A coordinator decided against this pair."),
    ],
)
def test_what_changed_since_the_draft_is_held_back_at_sending(session: Session, spoil: Spoil, why: str) -> None:
    cohort = make_cohort(session)
    mentor, mentee = make_mentor(session, cohort), make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee")
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)
    spoil(session, proposal, mentor, mentee)

    outcome = proposals.send(session, actor, [proposal.id])

    assert (outcome.done, outcome.held_back) == ((), (HeldBack("Ama Mentee", "Bo Mentor", why),))
    assert (proposal.status, mails(session)) == (ProposalStatus.DRAFT, [])


def test_a_pair_that_a_coordinator_decided_against_is_neither_drafted_nor_put_back(session: Session) -> None:
    cohort = make_cohort(session)
    mentor, mentee = make_mentor(session, cohort), make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee")
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)
    proposals.withdraw(session, actor, proposal.id)
    forbid_pair(session, proposal, mentor, mentee)
    assert proposal.run_id is not None

    drafting = proposals.draft(session, actor, proposal.run_id, [mentee.id])
    putting_back = proposal_withdrawals.put_back(session, actor, [proposal.id])

    held = HeldBack("Ama Mentee", "Bo Mentor", "A coordinator decided against this pair.")
    assert (drafting, putting_back) == (Outcome((), (held,)), Outcome((), (held,)))
    assert [each.status for each in session.exec(select(Proposal))] == [ProposalStatus.WITHDRAWN]


def test_an_old_run_cannot_overfill_a_mentor(session: Session) -> None:
    cohort = make_cohort(session)
    make_mentor(session, cohort)
    for name in ("Ama", "Ben"):
        make_enrolment(session, cohort, Side.MENTEE, name=name)
    actor = coordinator_of(session, cohort)
    first = runs.run(session, actor, cohort.id, seed=0, today=TODAY)
    everybody = session.exec(select(Enrolment.id).where(Enrolment.side == Side.MENTEE)).all()
    proposals.draft(session, actor, first.id, everybody)

    again = proposals.draft(session, actor, first.id, everybody)

    assert (again.done, [held.why for held in again.held_back]) == (
        (),
        ["The mentee has an open proposal or a mentor."],
    )
    assert len(session.exec(select(Proposal)).all()) == 1


def test_a_coordinator_handles_no_proposal_that_they_are_a_party_to(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    own = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    make_consent(session, own, ConsentPurpose.SHARE_EMAIL)
    mentee = make_enrolment(session, cohort, Side.MENTEE)
    actor = make_actor(coordinator, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)

    outcome = proposals.draft(session, actor, run.id, [mentee.id])
    sent = make_proposal(session, cohort, mentor=own, mentee=mentee)

    assert (outcome.done, [held.why for held in outcome.held_back]) == ((), [proposals.PARTY])
    assert proposals.board(session, actor, cohort.id).lines == ()
    with pytest.raises(errors.NotAllowed):
        proposals.withdraw(session, actor, sent.id)


def test_a_coordinator_of_another_scheme_does_nothing_here(session: Session) -> None:
    proposal, _, _, _ = asked(session)
    stranger = coordinator_of(session, make_cohort(session))

    for attempt in (
        lambda: proposals.send(session, stranger, [proposal.id]),
        lambda: proposals.preview(session, stranger, [proposal.id]),
        lambda: proposals.withdraw(session, stranger, proposal.id),
        lambda: proposals.remind(session, stranger, proposal.id),
        lambda: proposals.board(session, stranger, proposal.cohort_id),
        lambda: proposals.to_send(session, stranger, proposal.cohort_id),
        lambda: proposals.draft(session, stranger, proposal.run_id, [proposal.mentee_id]),  # type: ignore[arg-type]
        lambda: proposals.record_email_answer(
            session, stranger, proposal.id, accepted=True, received_on=date(2026, 11, 22)
        ),
    ):
        with pytest.raises(errors.NotAllowed):
            attempt()

    session.refresh(proposal)
    assert (proposal.status, proposal.reminders_sent) == (ProposalStatus.SENT, 0)
