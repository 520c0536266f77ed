"""Whom a person must not be paired with."""

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Conflict, ConsentPurpose, EnrolmentStatus, Side
from models.matching import ProposalStatus
from services import conflicts, errors
from services.acquaintances import Acquaintance
from tests.factories import (
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


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_conflict_blocks_the_pair_whichever_of_the_two_declared_it(session: Session) -> None:
    cohort = make_cohort(session)
    mentor, mentee = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort, Side.MENTEE)
    other_mentor, other_mentee = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort)
    session.commit()

    conflicts.declare(session, make_participant(session, mentee), [mentor.person_id])
    conflicts.declare(session, make_participant(session, other_mentor), [other_mentee.person_id])

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, mentee.id), (other_mentor.id, other_mentee.id)}


def test_nobody_is_their_own_mentor(session: Session) -> None:
    cohort, person = make_cohort(session), make_person(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=person)
    mentee = make_enrolment(session, cohort, Side.MENTEE, person=person)

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, mentee.id)}


def test_conflicts_of_another_cohort_block_nothing_here(session: Session) -> None:
    here, there = make_cohort(session), make_cohort(session)
    mentor, mentee = make_enrolment(session, there, Side.MENTOR), make_enrolment(session, there)
    conflicts.add(session, mentee.person_id, mentor.person_id)

    assert conflicts.blocked_pairs(session, here.id) == frozenset()


@pytest.mark.clause("U-C4.5")
@pytest.mark.parametrize("typed", ["BO@Example.org", "  bo@example.org ", "Bo Lindqvist", "bo lindqvist"])
def test_an_address_or_the_exact_name_finds_the_person(session: Session, typed: str) -> None:
    cohort = make_cohort(session)
    bo = make_person(session, "Bo Lindqvist", email="bo@example.org")
    mentor, mentee = make_enrolment(session, cohort, Side.MENTOR, person=bo), make_enrolment(session, cohort)
    session.commit()

    conflicts.declare_by_words(session, make_participant(session, mentee), [typed, ""])

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, mentee.id)}
    assert mentee.conflicts_declared_at is not None


def test_namesakes_are_all_meant_but_never_the_person_who_asks(session: Session) -> None:
    cohort = make_cohort(session)
    namesakes = [make_enrolment(session, cohort, Side.MENTOR, name="Li Wei") for _ in range(2)]
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Li Wei")
    session.commit()

    conflicts.declare_by_words(session, make_participant(session, mentee), ["Li Wei"])

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, mentee.id) for mentor in namesakes}


def test_a_name_is_looked_for_in_the_own_scheme_only(session: Session) -> None:
    mentee = make_enrolment(session, make_cohort(session))
    make_enrolment(session, make_cohort(session), Side.MENTOR, name="Yusuf Elsewhere")
    session.commit()

    conflicts.declare_by_words(session, make_participant(session, mentee), ["Yusuf Elsewhere"])

    assert session.exec(select(Conflict)).all() == []


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_the_answer_is_the_same_whether_somebody_was_found_or_not_and_words_are_kept_nowhere(session: Session) -> None:
    cohort = make_cohort(session)
    make_enrolment(session, cohort, Side.MENTOR, name="Bo Lindqvist")
    first, second = make_enrolment(session, cohort), make_enrolment(session, cohort)
    session.commit()

    conflicts.declare_by_words(session, make_participant(session, first), ["Bo Lindqvist"])
    conflicts.declare_by_words(session, make_participant(session, second), ["Somebody Unknown"])

    entries = session.exec(select(AuditEntry).order_by(AuditEntry.sequence)).all()  # type: ignore[arg-type]
    assert [(entry.action, entry.subject_id, entry.details) for entry in entries] == [
        ("conflicts.declared", first.id, {}),
        ("conflicts.declared", second.id, {}),
    ]
    assert second.answers == {}


def test_declaring_twice_keeps_one_row(session: Session) -> None:
    cohort = make_cohort(session)
    mentor, mentee = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort)
    actor = make_participant(session, mentee)
    session.commit()

    conflicts.declare(session, actor, [mentor.person_id, mentor.person_id])
    conflicts.declare(session, actor, [mentor.person_id, mentee.person_id])

    rows = session.exec(select(Conflict)).all()
    assert [(row.declared_by_id, row.other_id) for row in rows] == [(mentee.person_id, mentor.person_id)]


def test_a_list_that_is_too_long_is_refused_and_nothing_is_kept(session: Session) -> None:
    mentee = make_enrolment(session, make_cohort(session), conflicts_declared_at=None)
    session.commit()

    with pytest.raises(errors.Invalid):
        conflicts.declare_by_words(session, make_participant(session, mentee), ["x"] * 51)

    assert mentee.conflicts_declared_at is None


def test_a_closed_enrolment_declares_nothing(session: Session) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort, status=EnrolmentStatus.WITHDRAWN)
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    session.commit()

    with pytest.raises(errors.Conflict):
        conflicts.declare(session, make_participant(session, mentee), [mentor.person_id])

    assert session.exec(select(Conflict)).all() == []


def test_a_coordinator_has_no_such_question_to_answer(session: Session) -> None:
    from tests.factories import make_actor

    cohort = make_cohort(session, make_scheme(session))
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    with pytest.raises(errors.NotAllowed):
        conflicts.declare_by_words(session, actor, ["Bo Lindqvist"])


def names(found: tuple[Acquaintance, ...]) -> list[str]:
    return [known.name for known in found]


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_only_mentors_whom_a_mentee_may_see_anyway_come_up_by_name(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, other_settings={"directory": True}))
    listed = make_enrolment(session, cohort, Side.MENTOR, name="Bo Listed", capacity=0)
    hidden = make_enrolment(session, cohort, Side.MENTOR, name="Bo Hidden")
    waiting = make_enrolment(session, cohort, Side.MENTOR, name="Bo Waiting", status=EnrolmentStatus.SUBMITTED)
    against = make_enrolment(session, cohort, Side.MENTOR, name="Bo Against")
    elsewhere = make_enrolment(session, make_cohort(session), Side.MENTOR, name="Bo Elsewhere")
    for mentor in (listed, waiting, against, elsewhere):
        make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    make_enrolment(session, cohort, Side.MENTEE, name="Bo Fellow")
    mentee = make_enrolment(session, cohort, name="Bo Myself")
    conflicts.add(session, against.person_id, mentee.person_id)
    session.commit()
    actor = make_participant(session, mentee)

    assert names(conflicts.to_choose(session, actor, "BO")) == ["Bo Listed"]
    assert conflicts.to_choose(session, actor, "b") == ()
    for out_of_sight in (hidden, against, elsewhere):
        with pytest.raises(errors.NotAllowed):
            conflicts.add_person(session, actor, out_of_sight.id)


@pytest.mark.clause("U-C4.5")
def test_a_mentee_who_is_not_approved_finds_nobody_and_a_mentor_only_whom_they_met(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, other_settings={"directory": True}))
    mentor = make_enrolment(session, cohort, Side.MENTOR, name="Bo Mentor")
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    applicant = make_enrolment(session, cohort, name="Ama Applicant", status=EnrolmentStatus.SUBMITTED)
    make_enrolment(session, cohort, name="Ama Stranger")
    make_pairing(session, cohort, mentor=mentor, mentee=make_enrolment(session, cohort, name="Ama Paired"))
    make_proposal(session, cohort, mentor=mentor, mentee="Ama Asked", waits_for=Side.MENTOR)
    make_proposal(session, cohort, mentor=mentor, mentee="Ama Asked First")
    make_proposal(session, cohort, mentor=mentor, mentee="Ama Drafted", status=ProposalStatus.DRAFT, sent_at=None)
    session.commit()

    assert conflicts.to_choose(session, make_participant(session, applicant), "Bo") == ()
    assert names(conflicts.to_choose(session, make_participant(session, mentor), "Ama")) == ["Ama Asked", "Ama Paired"]


@pytest.mark.clause("U-C4.5")
def test_whoever_was_chosen_by_name_is_listed_and_taken_back_by_name(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, other_settings={"directory": True}))
    mentor, mentee = make_enrolment(session, cohort, Side.MENTOR, name="Bo"), make_enrolment(session, cohort)
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    unseen = make_enrolment(session, cohort, Side.MENTOR, name="Unseen Person")
    session.commit()
    actor = make_participant(session, mentee)
    conflicts.declare_by_words(session, actor, ["Unseen Person"])

    added = conflicts.add_person(session, actor, mentor.id)
    listed, left = names(conflicts.mine(session, actor)), conflicts.to_choose(session, actor, "Bo")
    taken = conflicts.take_back(session, actor, mentor.id)

    assert (added, listed, left, taken) == ("Bo", ["Bo"], (), "Bo")
    assert conflicts.blocked_pairs(session, cohort.id) == {(unseen.id, mentee.id)}


@pytest.mark.clause("A-SH2")
def test_taking_back_by_words_says_nothing_and_leaves_what_the_other_one_said(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, name="Bo Lindqvist")
    first, second = make_enrolment(session, cohort), make_enrolment(session, cohort)
    conflicts.add(session, mentor.person_id, second.person_id)
    session.commit()
    conflicts.declare_by_words(session, make_participant(session, first), ["Bo Lindqvist"])

    conflicts.take_back_by_words(session, make_participant(session, first), ["bo lindqvist", "Nobody Here"])
    conflicts.take_back_by_words(session, make_participant(session, second), ["Bo Lindqvist"])

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, second.id)}
    entries = session.exec(select(AuditEntry).order_by(AuditEntry.sequence)).all()  # type: ignore[arg-type]
    assert [(entry.action, entry.details) for entry in entries][1:] == [("conflicts.taken_back", {})] * 2


@pytest.mark.clause("U-C4.5")
def test_a_person_with_a_sort_name_is_meant_by_their_name(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_person(session, "Łukasz Müller", sort_name="Müller, Łukasz")
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=person, sort_key="müller, łukasz łukasz müller")
    mentee = make_enrolment(session, cohort)
    session.commit()

    conflicts.declare_by_words(session, make_participant(session, mentee), ["łukasz müller"])

    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, mentee.id)}
