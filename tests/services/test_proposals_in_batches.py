"""Many proposals are sent in batches: each checks as one sending of all would, and a stop leaves whole batches."""

from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Side, Wish
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.people import LinkPurpose
from services import errors, proposals
from services.access import Actor
from tests.factories import make_cohort, make_enrolment, make_proposal, make_scheme
from tests.services.counting import reads, sent
from tests.services.proposal_steps import UNNC, coordinator_of, make_mentor


def drafts_with_one_mentor(session: Session, number: int, *, capacity: int) -> tuple[Actor, list[UUID]]:
    """So many drafts with one mentor, and their coordinator; as if the mentor had offered more places before."""
    cohort = make_cohort(session)
    mentor = make_mentor(session, cohort, capacity=capacity)
    made = [
        make_proposal(session, cohort, mentor=mentor, status=ProposalStatus.DRAFT, sent_at=None, expires_at=None)
        for _ in range(number)
    ]
    return coordinator_of(session, cohort), sorted(proposal.id for proposal in made)


def in_batches(session: Session, actor: Actor, ids: list[UUID], size: int) -> list[proposals.Outcome]:
    return [
        proposals.send(session, actor, ids[at : at + size], later=ids[at + size :]) for at in range(0, len(ids), size)
    ]


@pytest.mark.parametrize("size", [1, 2, 5], ids=["one-by-one", "two-by-two", "all-at-once"])
def test_places_are_given_out_in_batches_as_in_one_piece(session: Session, size: int) -> None:
    actor, ids = drafts_with_one_mentor(session, 5, capacity=3)

    outcomes = in_batches(session, actor, ids, size)

    assert [one for outcome in outcomes for one in outcome.done] == ids[:3]
    assert [held.why for outcome in outcomes for held in outcome.held_back] == ["The mentor has no free place."] * 2


def test_what_is_named_as_later_but_has_been_sent_holds_its_place(session: Session) -> None:
    actor, ids = drafts_with_one_mentor(session, 2, capacity=1)
    proposals.send(session, actor, ids[1:], later=ids[:1])

    outcome = proposals.send(session, actor, ids[:1], later=ids[1:])

    assert (outcome.done, [held.why for held in outcome.held_back]) == ((), ["The mentor has no free place."])


def test_a_refused_batch_leaves_those_before_it_sent_and_all_others_ready(session: Session) -> None:
    actor, ids = drafts_with_one_mentor(session, 4, capacity=4)
    stranger = coordinator_of(session, make_cohort(session))
    proposals.send(session, actor, ids[:2], later=ids[2:])
    session.commit()

    with pytest.raises(errors.NotAllowed):
        proposals.send(session, stranger, ids[2:])
    again = proposals.send(session, actor, ids)

    assert again.done == tuple(ids[2:])
    assert len(session.exec(select(Message)).all()) == 4


def test_each_email_and_each_entry_of_the_journal_is_of_its_own_proposal(session: Session) -> None:
    actor, ids = drafts_with_one_mentor(session, 3, capacity=3)

    proposals.send(session, actor, ids)

    messages = session.exec(select(Message)).all()
    people = {session.get_one(Proposal, each.link_subject_id).mentee_id: each.person_id for each in messages}
    entries = session.exec(select(AuditEntry.subject_id).where(AuditEntry.action == "proposal.sent")).all()
    assert sorted(each.link_subject_id for each in messages if each.link_subject_id) == ids
    assert len(set(people.values())) == 3
    assert {(each.link_purpose, each.link_hours) for each in messages} == {(LinkPurpose.ANSWER_PROPOSAL, 14 * 24)}
    assert all(f"[[link:{each.id.hex}]]" in (each.body_text or "") for each in messages)
    assert sorted(one for one in entries if one) == ids


def test_in_one_batch_wished_for_mentors_and_mentees_are_each_asked_first(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, **UNNC))
    mentor = make_mentor(session, cohort, capacity=2)
    wishing, other = (make_enrolment(session, cohort, Side.MENTEE, name=name) for name in ("Ama", "Ben"))
    session.add(Wish(mentee_id=wishing.id, mentor_id=mentor.id, rank=1))
    ids = [
        make_proposal(session, cohort, mentor=mentor, mentee=one, status=ProposalStatus.DRAFT).id
        for one in (wishing, other)
    ]

    proposals.send(session, coordinator_of(session, cohort), ids)

    asked = {message.template: message.person_id for message in session.exec(select(Message))}
    assert asked == {"proposal_to_mentor": mentor.person_id, "proposal_to_mentee": other.person_id}


@pytest.mark.parametrize("number", [2, 6])
def test_a_batch_is_read_in_the_same_few_queries_however_long_it_is(session: Session, number: int) -> None:
    actor, ids = drafts_with_one_mentor(session, number, capacity=number)

    with sent(session) as statements:
        proposals.send(session, actor, ids)

    assert len(reads(statements)) <= 25
