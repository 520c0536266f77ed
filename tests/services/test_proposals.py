"""Proposals: drafted, sent, reminded, withdrawn, answered and run out; who is told what, and who never is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.database import reading
from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.matching import Proposal, ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import Pairing, PairingStatus
from models.people import LinkPurpose
from models.schemes import AnsweredBy, Cohort
from services import audit, errors, proposal_board, proposal_chasing, proposal_withdrawals, proposals
from services.access import Actor
from services.matching import runs
from services.proposal_board import Leaving
from services.proposal_mine import MyState, OtherSide
from services.proposals import HeldBack
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
    make_proposal,
    make_scheme,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()
SECRETS = ("bo.secret@example.org", "+44 20 7946 0999", "bo_wechat_99")


def make_mentor(session: Session, cohort: Cohort, name: str = "Bo Mentor", **facts: Any) -> Enrolment:
    """A mentor with every contact detail, of which the email address is shared."""
    email, telephone, wechat_id = SECRETS
    person = make_person(session, name, email=facts.pop("email", email), telephone=telephone, wechat_id=wechat_id)
    made = make_enrolment(session, cohort, Side.MENTOR, person=person, **facts)
    make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
    return made


def coordinator_of(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def drafted(session: Session, cohort: Cohort, actor: Actor) -> tuple[Proposal, ...]:
    """Drafts of everything that a run of the cohort found."""
    run = runs.run(session, actor, cohort.id, today=TODAY)
    mentees = session.exec(select(Enrolment.id).where(Enrolment.side == Side.MENTEE)).all()
    outcome = proposals.draft(session, actor, run.id, mentees)
    return tuple(session.get_one(Proposal, proposal_id) for proposal_id in outcome.done)


def asked(session: Session, **scheme: Any) -> tuple[Proposal, Actor, Actor, Actor]:
    """A proposal sent for real, with its coordinator, mentee and mentor as actors."""
    cohort = make_cohort(session, make_scheme(session, **scheme))
    mentor = make_mentor(session, cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee", goals="To understand tariffs.")
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)
    proposals.send(session, actor, [proposal.id])
    return proposal, actor, make_participant(session, mentee), make_participant(session, mentor)


def mails(session: Session) -> list[str]:
    return sorted(message.template for message in session.exec(select(Message)))


def actions(session: Session) -> list[str]:
    entries = session.exec(select(AuditEntry).order_by(AuditEntry.sequence))  # type: ignore[arg-type]
    return [entry.action for entry in entries]


UNNC: dict[str, Any] = {"answered_by": AnsweredBy.MENTOR_AFTER_WISH}


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


Spoil = Callable[[Session, Proposal, Enrolment, Enrolment], None]


def pause_mentor(session: Session, _: Proposal, mentor: Enrolment, __: Enrolment) -> None:
    mentor.status = EnrolmentStatus.PAUSED


def fill_place(session: Session, proposal: Proposal, mentor: Enrolment, _: Enrolment) -> None:
    make_pairing(session, session.get_one(Cohort, proposal.cohort_id), mentor=mentor)


def declare_conflict(session: Session, _: Proposal, mentor: Enrolment, mentee: Enrolment) -> None:
    session.add(Conflict(declared_by_id=mentee.person_id, other_id=mentor.person_id))


def pair_mentee(session: Session, proposal: Proposal, _: Enrolment, mentee: Enrolment) -> None:
    make_pairing(session, session.get_one(Cohort, proposal.cohort_id), mentee=mentee)


@pytest.mark.clause("A-SH2", "U-3")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (pause_mentor, "The mentor has not done everything that the scheme asks before a match."),
        (fill_place, "The mentor has no free place."),
        (declare_conflict, "This pairing is not available."),
        (pair_mentee, "The mentee has an open proposal or a mentor."),
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


# The answer


@pytest.mark.clause("A-ME1", "U-2")
def test_the_mentees_yes_makes_the_pair_and_releases(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)

    answered = proposals.accept(session, mentee, proposal.id)

    (pairing,) = session.exec(select(Pairing)).all()
    assert answered.status is ProposalStatus.ACCEPTED
    assert (pairing.proposal_id, pairing.mentor_id, pairing.mentee_id) == (
        proposal.id,
        proposal.mentor_id,
        proposal.mentee_id,
    )
    assert mails(session) == ["proposal_accepted_mentee", "proposal_accepted_mentor", "proposal_to_mentee"]
    assert actions(session)[-2:] == ["pairing.released", "proposal.accepted"]
    assert audit.verify(session).holds


def test_only_the_side_that_is_asked_may_answer(session: Session) -> None:
    proposal, coordinator, _, mentor = asked(session)
    stranger = make_participant(session, make_enrolment(session, session.get_one(Cohort, proposal.cohort_id)))

    with pytest.raises(errors.Conflict):
        proposals.accept(session, mentor, proposal.id)
    for actor in (coordinator, stranger):
        with pytest.raises(errors.NotAllowed):
            proposals.accept(session, actor, proposal.id)

    assert (proposal.status, session.exec(select(Pairing)).all()) == (ProposalStatus.SENT, [])


@pytest.mark.clause("A-ME1")
def test_a_no_keeps_its_reason_for_the_coordinator_and_the_mentees_waiting_time(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session)
    waiting_since = session.get_one(Enrolment, proposal.mentee_id).waiting_since

    proposals.decline(session, mentee, proposal.id, reason="  I hoped for somebody in law. ")

    assert session.get_one(Enrolment, proposal.mentee_id).waiting_since == waiting_since
    assert mails(session) == ["proposal_declined_coordinator", "proposal_to_mentee"]
    (line,) = proposals.board(session, coordinator, proposal.cohort_id, status=ProposalStatus.DECLINED).lines
    assert (line.decline_reason, line.waits_for) == ("I hoped for somebody in law.", Side.MENTEE)


@pytest.mark.clause("A-ME1")
def test_a_declined_pair_cannot_be_drafted_again_from_an_old_run(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session)
    proposals.decline(session, mentee, proposal.id)

    again = proposals.draft(session, coordinator, proposal.run_id, [proposal.mentee_id])  # type: ignore[arg-type]

    assert [held.why for held in again.held_back] == ["This pairing is not available."]


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_a_relationship_is_kept_as_a_bare_conflict_and_looks_like_any_other_no(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session)

    proposals.declare_relationship(session, mentee, proposal.id)

    (conflict,) = session.exec(select(Conflict)).all()
    theirs = session.get_one(Enrolment, proposal.mentor_id).person_id
    assert (conflict.declared_by_id, conflict.other_id) == (mentee.person_id, theirs)
    (line,) = proposals.board(session, coordinator, proposal.cohort_id, status=ProposalStatus.DECLINED).lines
    assert (line.status, line.decline_reason) == (ProposalStatus.DECLINED, None)
    later = runs.run(session, coordinator, proposal.cohort_id, today=TODAY)
    assert (later.mentees, later.places, later.matched) == (1, 1, 0)


def test_a_reason_that_is_too_long_is_refused_and_nothing_is_decided(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)

    with pytest.raises(errors.Invalid, match="too long"):
        proposals.decline(session, mentee, proposal.id, reason="x" * 1001)

    session.refresh(proposal)
    assert proposal.status is ProposalStatus.SENT


@pytest.mark.parametrize("spoil", [pause_mentor, fill_place, declare_conflict])
def test_a_yes_to_what_is_no_longer_possible_is_refused_without_saying_why(session: Session, spoil: Spoil) -> None:
    proposal, _, mentee, _ = asked(session)
    both = [session.get_one(Enrolment, one) for one in (proposal.mentor_id, proposal.mentee_id)]
    spoil(session, proposal, *both)
    session.commit()

    with pytest.raises(errors.Conflict) as refusal:
        proposals.accept(session, mentee, proposal.id)

    session.refresh(proposal)
    assert refusal.value.happened == "This pairing is not available at the moment, so your yes was not recorded."
    assert (proposal.status, proposal.mentee_answered_at) == (ProposalStatus.SENT, None)


def test_a_mentee_who_must_still_sign_is_told_that_it_is_on_their_side(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    session.get_one(Enrolment, proposal.mentee_id).status = EnrolmentStatus.PAUSED
    session.commit()

    with pytest.raises(errors.Conflict, match="asks of you"):
        proposals.accept(session, mentee, proposal.id)


def test_an_answer_after_the_last_day_is_refused_even_before_the_job_has_run(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)

    with (
        time_machine.travel((proposal.expires_at or NOON) + timedelta(seconds=1), tick=False),
        pytest.raises(errors.Conflict, match="run out"),
    ):
        proposals.accept(session, mentee, proposal.id)

    session.refresh(proposal)
    assert proposal.status is ProposalStatus.SENT


# The mentor answers last


@pytest.mark.clause("U-1", "A-ME1")
def test_after_a_wish_the_mentor_is_asked_straight_away(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, **UNNC))
    mentor = make_mentor(session, cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee", goals="To understand tariffs.")
    session.add(Wish(mentee_id=mentee.id, mentor_id=mentor.id, rank=1))
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)

    proposals.send(session, actor, [proposal.id])
    before = proposals.mine(session, make_participant(session, mentee))
    (asked_mentor,) = proposals.mine(session, make_participant(session, mentor))
    proposals.accept(session, make_participant(session, mentor), proposal.id)

    assert (before, asked_mentor.state) == ((), MyState.TO_ANSWER)
    assert asked_mentor.other == OtherSide("Ama Mentee", summary=mentee.summary, goals="To understand tariffs.")
    assert mails(session) == ["proposal_accepted_mentee", "proposal_accepted_mentor", "proposal_to_mentor"]
    (after,) = proposals.mine(session, make_participant(session, mentee))
    assert after.state is MyState.MATCHED


def test_without_a_wish_the_mentee_is_asked_first_and_then_the_mentor(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session, **UNNC)
    assert proposals.mine(session, mentor) == ()

    first = proposals.accept(session, mentee, proposal.id)
    (waiting,) = proposals.mine(session, mentee)
    last = proposals.accept(session, mentor, proposal.id)

    assert (first.status, first.waits_for, waiting.state) == (ProposalStatus.SENT, Side.MENTOR, MyState.WAITING)
    assert last.status is ProposalStatus.ACCEPTED
    assert mails(session) == [
        "proposal_accepted_mentee",
        "proposal_accepted_mentor",
        "proposal_to_mentee",
        "proposal_to_mentor",
    ]


def test_a_mentors_no_tells_the_mentee_only_that_it_is_not_available(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session, **UNNC)
    proposals.accept(session, mentee, proposal.id)

    proposals.decline(session, mentor, proposal.id, reason="Too busy")

    (told,) = proposals.mine(session, mentee)
    (own,) = proposals.mine(session, mentor)
    assert (told.state, told.other) == (MyState.NOT_AVAILABLE, OtherSide("Bo Mentor"))
    assert (own.state, own.other) == (MyState.DECLINED, OtherSide("Ama Mentee"))
    assert "proposal_not_available" in mails(session)


# What a side may see


@pytest.mark.clause("U-1", "U-2")
def test_a_mentee_reads_four_fields_and_the_statement_asks_for_no_contact_detail(session: Session) -> None:
    _, _, mentee, _ = asked(session)
    from tests.services.matching.test_runs import counting

    with counting(session) as statements:
        (seen,) = proposals.mine(session, mentee)

    assert seen.other == OtherSide("Bo Mentor", "Counsel", "energy", "Ten years of grid projects.")
    read = " ".join(statement for statement in statements if "proposal" in statement)
    assert [column in read for column in ("person.email", "telephone", "wechat_id", "organisation")] == [False] * 4


def test_in_a_scheme_where_the_mentee_answers_the_mentor_hears_of_no_proposal(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session)

    proposals.decline(session, mentee, proposal.id)

    assert proposals.mine(session, mentor) == ()


# An answer by email


@pytest.mark.clause("A-ME1")
def test_an_answer_by_email_is_written_down_with_its_day_and_confirmed_to_the_mentee(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session)

    proposals.record_email_answer(
        session, coordinator, proposal.id, accepted=True, received_on=datetime.now(UTC).date()
    )

    (notice,) = [message for message in session.exec(select(Message)) if message.template == "answer_recorded"]
    assert (proposal.status, proposal.recorded_by_id) == (ProposalStatus.ACCEPTED, coordinator.person_id)
    assert (notice.person_id, notice.link_purpose) == (mentee.person_id, LinkPurpose.ANSWER_PROPOSAL)
    assert len(session.exec(select(Pairing)).all()) == 1


@pytest.mark.parametrize("days", [-1, 1])
def test_an_email_older_than_the_proposal_or_from_the_future_is_refused(session: Session, days: int) -> None:
    proposal, coordinator, _, _ = asked(session)
    received_on = datetime.now(UTC).date() + timedelta(days=days)

    with pytest.raises(errors.Invalid, match="older than the proposal"):
        proposals.record_email_answer(session, coordinator, proposal.id, accepted=False, received_on=received_on)

    session.refresh(proposal)
    assert (proposal.status, proposal.email_received_on) == (ProposalStatus.SENT, None)


def test_a_mentors_answer_cannot_be_written_down(session: Session) -> None:
    proposal, coordinator, mentee, _ = asked(session, **UNNC)
    proposals.accept(session, mentee, proposal.id)

    with pytest.raises(errors.Invalid, match="Only a mentee's answer"):
        proposals.record_email_answer(
            session, coordinator, proposal.id, accepted=True, received_on=datetime.now(UTC).date()
        )


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
    from tests.services.matching.test_runs import counting

    cohort = make_cohort(session)
    for number in range(rows):
        make_proposal(session, cohort, mentee=f"Mentee {number}")
        make_proposal(session, cohort, mentee=f"Drafted {number}", status=ProposalStatus.DRAFT)
    actor = coordinator_of(session, cohort)
    session.flush()

    with counting(session) as statements:
        board = proposals.board(session, actor, cohort.id)
        drafts = proposals.to_send(session, actor, cohort.id)

    assert (len(board.lines), len(drafts), len(statements)) == (rows, rows, 3)


def test_the_drafts_name_exactly_who_will_be_written_to(session: Session) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort, Side.MENTEE, person=make_person(session, "Ama", email="ama@example.org"))
    proposal = make_proposal(session, cohort, mentee=mentee, status=ProposalStatus.DRAFT)

    drafts = proposals.to_send(session, coordinator_of(session, cohort), cohort.id)

    assert drafts == (proposal_board.Draft(proposal.id, "Ama", "Bo Mentor", "Ama", "ama@example.org"),)


# Races


def at_once(engine: Engine, count: int, work: Callable[[Session], object]) -> list[str]:
    """What `count` threads got that did the same at the same moment, each with a page's own session."""
    gate = Barrier(count)

    def one(_: int) -> str:
        gate.wait()
        with reading(engine) as own:
            try:
                work(own)
            except errors.Conflict:
                return "told"
            return "won"

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_of_twenty_simultaneous_yeses_one_makes_the_pair_and_the_others_are_told(
    session: Session, engine: Engine
) -> None:
    proposal, _, mentee, _ = asked(session)
    proposal_id = proposal.id
    session.commit()  # on SQLite a session that has read holds the lock

    results = at_once(engine, 20, lambda own: proposals.accept(own, mentee, proposal_id))

    session.expire_all()
    assert results == ["told"] * 19 + ["won"]
    assert len(session.exec(select(Pairing)).all()) == 1
    assert actions(session).count("proposal.accepted") == 1
    assert audit.verify(session).holds


def test_a_yes_and_a_withdrawal_at_once_leave_one_state(session: Session, engine: Engine) -> None:
    proposal, coordinator, mentee, _ = asked(session)
    proposal_id = proposal.id
    turns = iter([True, False] * 4)
    session.commit()

    def either(own: Session) -> object:
        if next(turns):
            return proposals.accept(own, mentee, proposal_id)
        return proposals.withdraw(own, coordinator, proposal_id)

    results = at_once(engine, 8, either)

    session.expire_all()
    pairs = len(session.exec(select(Pairing)).all())
    assert results == ["told"] * 7 + ["won"]
    assert session.get_one(Proposal, proposal_id).status is (
        ProposalStatus.ACCEPTED if pairs else ProposalStatus.WITHDRAWN
    )


def test_two_coordinators_who_fill_a_last_place_at_once_fill_it_once(session: Session, engine: Engine) -> None:
    cohort = make_cohort(session)
    make_mentor(session, cohort)
    for name in ("Ama", "Ben"):
        make_enrolment(session, cohort, Side.MENTEE, name=name)
    actor = coordinator_of(session, cohort)
    mentees = list(session.exec(select(Enrolment.id).where(Enrolment.side == Side.MENTEE)).all())
    all_runs = [runs.run(session, actor, cohort.id, seed=seed, today=TODAY).id for seed in range(6)]
    turns = iter(all_runs)
    session.commit()

    at_once(engine, 6, lambda own: proposals.draft(own, actor, next(turns), mentees))

    session.expire_all()
    assert len(session.exec(select(Proposal)).all()) == 1
    assert session.exec(select(Pairing).where(Pairing.status != PairingStatus.ENDED)).all() == []
