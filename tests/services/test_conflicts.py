"""Whom a person must not be paired with."""

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Conflict, EnrolmentStatus, Side
from services import conflicts, errors
from tests.factories import make_cohort, make_coordinator, make_enrolment, make_participant, make_person, make_scheme


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
