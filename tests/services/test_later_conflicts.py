"""What follows when somebody names a person with whom something is under way already."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select
from time_machine import travel

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import Pairing, PairingStatus
from models.schemes import Cohort
from services import conflicts, home, proposal_chasing, proposal_jobs, proposals, second_looks
from services.access import Actor
from services.errors import Conflict as Refused
from services.errors import NotAllowed
from services.matching.reading import NOT_AVAILABLE
from services.proposal_outcomes import HeldBack, Outcome
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_proposal,
    make_scheme,
)
from tests.services.proposal_steps import asked, coordinator_of, drafted, mails, make_mentor

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    """So that a run of the tests that goes on past midnight, or past the cohort's end, finds the same."""
    with travel(NOW, tick=True):
        yield


def mails_have_left(session: Session) -> None:
    for message in session.exec(select(Message)):
        message.status = MessageStatus.SENT
    session.commit()


def mentees_self(session: Session, pairing: Pairing) -> UUID:
    return session.get_one(Enrolment, pairing.mentee_id).person_id


def looks_again(session: Session, actor: Actor) -> list[str]:
    return [task.sentence for task in home.todo(session, actor, TODAY) if task.page == "ledger"]


def names_the_other(session: Session, actor: Actor, other: Actor) -> None:
    assert other.person_id is not None
    conflicts.declare(session, actor, [other.person_id])


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_draft_between_the_two_is_discarded_and_nobody_is_written_to(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_mentor(session, cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE)
    (proposal,) = drafted(session, cohort, coordinator_of(session, cohort))

    conflicts.declare_by_words(session, make_participant(session, mentor), ["Bo Lindqvist"])

    session.refresh(proposal)
    assert (proposal.mentee_id, proposal.status) == (mentee.id, ProposalStatus.WITHDRAWN)
    assert mails(session) == []


@pytest.mark.clause("A-SH2", "U-C4.5")
@pytest.mark.parametrize("by_mentor", [True, False], ids=["the mentor says so", "the mentee who was asked says so"])
def test_an_open_proposal_is_taken_back_and_only_the_other_one_who_knows_of_it_hears(
    session: Session, by_mentor: bool
) -> None:
    proposal, _, mentee, mentor = asked(session)
    mails_have_left(session)

    if by_mentor:
        names_the_other(session, mentor, mentee)
    else:
        names_the_other(session, mentee, mentor)

    session.refresh(proposal)
    assert (proposal.status, proposal.decline_reason) == (ProposalStatus.WITHDRAWN, None)
    assert mails(session) == ["proposal_to_mentee", *(["proposal_taken_back"] if by_mentor else [])][::-1]


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_what_the_other_reads_is_word_for_word_what_every_withdrawal_says(session: Session) -> None:
    cohort = make_cohort(session)
    for number in range(2):
        make_mentor(session, cohort, f"Mentor {number}", email=f"mentor-{number}@example.org")
        make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee")
    coordinator = coordinator_of(session, cohort)
    first, second = drafted(session, cohort, coordinator)
    proposals.send(session, coordinator, [first.id, second.id])
    mails_have_left(session)
    mentor, mentee = (session.get_one(Enrolment, each) for each in (first.mentor_id, first.mentee_id))

    conflicts.declare(session, make_participant(session, mentor), [mentee.person_id])
    proposals.withdraw(session, coordinator, second.id)

    told = session.exec(select(Message).where(Message.template == "proposal_taken_back")).all()
    assert {each.person_id for each in told} == {
        session.get_one(Enrolment, each.mentee_id).person_id for each in (first, second)
    }
    assert (told[0].subject, told[0].body_text, told[0].body_html) == (
        told[1].subject,
        told[1].body_text,
        told[1].body_html,
    )


@pytest.mark.clause("U-C4.5")
def test_a_question_that_has_not_left_yet_never_leaves(session: Session) -> None:
    _, _, mentee, mentor = asked(session)

    names_the_other(session, mentor, mentee)

    assert [(each.template, each.status) for each in session.exec(select(Message))] == [
        ("proposal_to_mentee", MessageStatus.CANCELLED)
    ]


@pytest.mark.clause("U-C4.5")
def test_the_journal_does_not_tell_who_of_the_two_it_was(session: Session) -> None:
    proposal, _, mentee, mentor = asked(session)

    names_the_other(session, mentor, mentee)

    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "proposal.withdrawn")).one()
    scheme_id = session.get_one(Cohort, proposal.cohort_id).scheme_id
    assert (entry.actor_id, entry.subject_id, entry.scheme_id, entry.details) == (
        None,
        proposal.id,
        scheme_id,
        {"was": "sent"},
    )


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_relationship_named_at_one_proposal_ends_what_is_open_in_another_cohort_too(session: Session) -> None:
    proposal, _, mentee, _ = asked(session)
    two = [session.get_one(Enrolment, each).person_id for each in (proposal.mentor_id, proposal.mentee_id)]
    elsewhere = make_cohort(session)
    again = [
        make_enrolment(session, elsewhere, side, person_id=person)
        for side, person in zip((Side.MENTOR, Side.MENTEE), two, strict=True)
    ]
    other = make_proposal(session, elsewhere, mentor=again[0], mentee=again[1])
    unrelated = make_proposal(session, elsewhere)

    proposals.declare_relationship(session, mentee, proposal.id)

    assert [each.status for each in (proposal, other, unrelated)] == [
        ProposalStatus.DECLINED,
        ProposalStatus.WITHDRAWN,
        ProposalStatus.SENT,
    ]


@pytest.mark.clause("A-SH2")
def test_nobody_is_reminded_of_a_proposal_between_two_who_must_not_be_paired(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, reminder_days=[1]))
    proposal = make_proposal(session, cohort, sent_at=utc_now() - timedelta(days=5))
    mentor, mentee = (session.get_one(Enrolment, each) for each in (proposal.mentor_id, proposal.mentee_id))
    # As if it had been said a moment before the proposal was sent.
    conflicts.add(session, mentor.person_id, mentee.person_id)
    actor = coordinator_of(session, cohort)
    session.commit()

    by_clock = proposal_jobs.remind_due(session, utc_now())
    seen = proposal_chasing.preview_reminders(session, actor, [proposal.id])
    by_hand = proposal_chasing.remind_all(session, actor, [proposal.id])

    assert (by_clock, seen) == (0, ())
    assert by_hand == Outcome((), (HeldBack("Ama Mentee", "Bo Mentor", NOT_AVAILABLE),))
    assert mails(session) == []


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_pair_goes_on_and_its_coordinator_is_asked_to_look_at_it_again(session: Session) -> None:
    scheme = make_scheme(session, key="aulp")
    cohort = make_cohort(session, scheme)
    pairing = make_pairing(session, cohort, mentor="Bo Mentor", mentee="Ama Mentee")
    mentee = session.get_one(Enrolment, pairing.mentee_id)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    before = home.todo(session, actor, TODAY)

    conflicts.declare_by_words(session, make_participant(session, mentee), ["Bo Mentor"])

    (task,) = home.todo(session, actor, TODAY)
    assert before == ()
    assert (task.when, task.sentence, task.page, dict(task.address)) == (
        "this_week",
        "One pair needs another look",
        "ledger",
        {"clause": "A-SH2"},
    )
    assert task.detail == "Ama Mentee and Bo Mentor: must not be paired, it was said in private"
    assert session.get_one(Pairing, pairing.id).status is PairingStatus.RELEASED


@pytest.mark.clause("A-SH2")
def test_the_task_is_gone_once_the_pair_has_ended_or_the_word_is_taken_back(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    pairs = [make_pairing(session, cohort, mentor=f"Mentor {n}", mentee=f"Mentee {n}") for n in range(2)]
    people = [session.get_one(Enrolment, pair.mentee_id) for pair in pairs]
    session.commit()
    for n, enrolment in enumerate(people):
        conflicts.declare_by_words(session, make_participant(session, enrolment), [f"Mentor {n}"])
    both = looks_again(session, actor)

    pairs[0].status, pairs[0].ended_at = PairingStatus.ENDED, utc_now()
    session.commit()
    one = looks_again(session, actor)
    conflicts.take_back_by_words(session, make_participant(session, people[1]), ["Mentor 1"])

    assert (both, one) == (["Two pairs need another look"], ["One pair needs another look"])
    assert looks_again(session, actor) == []


@pytest.mark.clause("A-SH2")
def test_the_scheme_of_a_pair_hears_of_it_wherever_it_was_said(session: Session) -> None:
    pairing = make_pairing(session, make_cohort(session))
    elsewhere = make_enrolment(session, make_cohort(session), person_id=mentees_self(session, pairing))
    mentor = session.get_one(Enrolment, pairing.mentor_id)
    session.commit()

    conflicts.declare(session, make_participant(session, elsewhere), [mentor.person_id])

    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "pairing.look_again")).one()
    scheme_id = session.get_one(Cohort, pairing.cohort_id).scheme_id
    assert (entry.actor_id, entry.subject_id, entry.scheme_id, entry.details) == (None, pairing.id, scheme_id, {})


def test_a_coordinator_is_not_told_of_a_pair_that_they_are_half_of(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    own = make_enrolment(session, cohort, Side.MENTOR, person=coordinator)
    pairing = make_pairing(session, cohort, mentor=own, mentee="Ama Mentee")
    conflicts.add(session, session.get_one(Enrolment, pairing.mentee_id).person_id, coordinator.id)
    session.commit()

    assert home.todo(session, make_actor(coordinator, cohort), TODAY) == ()


def test_whoever_names_the_other_half_of_their_pair_is_shown_that_it_goes_on(session: Session) -> None:
    cohort = make_cohort(session)
    pairing = make_pairing(session, cohort, mentor="Bo Mentor")
    mentee = session.get_one(Enrolment, pairing.mentee_id)
    ended = {"status": PairingStatus.ENDED, "ended_at": utc_now()}
    over = make_pairing(session, cohort, mentor="Cy Mentor", mentee=mentee, **ended)
    session.commit()
    actor = make_participant(session, mentee)

    for mentor_id in (pairing.mentor_id, over.mentor_id):
        conflicts.add_person(session, actor, mentor_id)

    assert [(each.name, each.is_paired) for each in conflicts.mine(session, actor)] == [
        ("Bo Mentor", True),
        ("Cy Mentor", False),
    ]


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_pair_that_was_looked_at_leaves_home_until_it_is_said_once_more(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    pairing = make_pairing(session, cohort, mentor="Bo Mentor", mentee="Ama Mentee")
    sides = [session.get_one(Enrolment, each) for each in (pairing.mentee_id, pairing.mentor_id)]
    session.commit()
    conflicts.declare_by_words(session, make_participant(session, sides[0]), ["Bo Mentor"])

    seen_at = utc_now()
    listed = second_looks.to_look_at(session, actor, cohort.id)
    second_looks.goes_on(session, actor, pairing.id, seen_at=seen_at)
    after = looks_again(session, actor), second_looks.to_look_at(session, actor, cohort.id)
    conflicts.declare_by_words(session, make_participant(session, sides[1]), ["Ama Mentee"])
    again = looks_again(session, actor)
    with pytest.raises(Refused, match="It was said once more"):
        second_looks.goes_on(session, actor, pairing.id, seen_at=seen_at)

    noted = session.exec(select(AuditEntry).where(AuditEntry.action == "pairing.looked_at_again")).one()
    assert listed == (second_looks.Pair(pairing.id, "Ama Mentee", "Bo Mentor"),)
    assert (after, again) == (([], ()), ["One pair needs another look"])
    assert (noted.actor_id, noted.subject_id, noted.details) == (actor.person_id, pairing.id, {})


def test_nobody_lets_their_own_pair_go_on_or_one_of_another_scheme_or_one_that_ended(session: Session) -> None:
    cohort = make_cohort(session)
    coordinator = make_coordinator(session, cohort)
    own = make_pairing(session, cohort, mentor=make_enrolment(session, cohort, Side.MENTOR, person=coordinator))
    over = make_pairing(session, cohort, status=PairingStatus.ENDED, ended_at=utc_now())
    elsewhere = make_pairing(session, make_cohort(session))
    actor = make_actor(coordinator, cohort)
    session.commit()

    for pairing, refusal in ((own, NotAllowed), (elsewhere, NotAllowed), (over, Refused)):
        with pytest.raises(refusal):
            second_looks.goes_on(session, actor, pairing.id, seen_at=utc_now())
