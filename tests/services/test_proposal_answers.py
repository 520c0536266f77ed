"""Answers to proposals: by whom, until when, by email, and many at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.database import reading
from models.enrolments import Conflict, Enrolment, EnrolmentStatus, Side, Wish
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import Pairing, PairingStatus
from models.people import LinkPurpose
from models.schemes import Cohort
from services import audit, errors, proposals
from services.matching import runs
from services.proposal_mine import MyState, OtherSide
from tests.factories import (
    make_cohort,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.services.proposal_steps import (
    NOON,
    TODAY,
    UNNC,
    Spoil,
    actions,
    asked,
    coordinator_of,
    declare_conflict,
    drafted,
    fill_place,
    mails,
    make_mentor,
    pause_mentor,
)

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
    from tests.services.counting import sent

    with sent(session) as statements:
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
