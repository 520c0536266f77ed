"""A run can be told again: the same answer from the same people, or in words what has changed since."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from models.enrolments import Conflict as DeclaredConflict
from models.matching import MatchingRun, RunPair
from services import errors, proposal_answers, proposals
from services.matching import comparing, runs
from services.matching.comparing import Change, Difference
from services.matching.replay import Replay, replay
from tests.factories import make_cohort, make_scheme
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


def three_and_three(session: Session, **weights: int) -> tuple[Any, Any, list[Any], list[Any]]:
    cohort = make_cohort(
        session, make_scheme(session, criterion_weights=weights or {"sector": 5, "goals": 5, "load": 2})
    )
    goals = ("To work on grids.", "To learn about contracts.", "To paint.")
    mentors = [mentor(session, cohort, f"Mentor {at}", sector=f"s{at}", summary=goals[at]) for at in range(3)]
    mentees = [mentee(session, cohort, f"Mentee {at}", sector=f"s{at}", goals=goals[at]) for at in range(3)]
    return cohort, coordinator_of(session, cohort), mentors, mentees


def test_a_run_told_again_is_the_same_even_after_its_pairs_were_proposed_and_formed(session: Session) -> None:
    cohort, actor, _, _ = three_and_three(session)
    run = runs.run(session, actor, cohort.id, seed=3, today=TODAY)
    mentees = session.exec(select(RunPair.mentee_id).where(RunPair.run_id == run.id)).all()
    sent = proposals.send(session, actor, proposals.draft(session, actor, run.id, mentees).done).done
    for proposal_id, accepted in zip(sent, (True, False), strict=False):
        received_on = datetime.now(UTC).date()
        proposal_answers.record_email_answer(session, actor, proposal_id, accepted=accepted, received_on=received_on)

    again = replay(session, actor, run.id)

    assert again == Replay(same=True, changed=(), other_pairs=0)


def test_what_changed_since_is_said_without_a_private_reason(session: Session) -> None:
    cohort, actor, mentors, mentees = three_and_three(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    for old in session.exec(select(MatchingRun)):
        old.created_at = datetime(2026, 11, 1, tzinfo=UTC)
    mentees[0].goals = "To cook."
    mentors[1].sector, mentors[2].sector = "s2", "s1"
    session.add(
        DeclaredConflict(
            declared_by_id=mentees[0].person_id,
            other_id=mentors[0].person_id,
            created_at=datetime(2026, 10, 1, tzinfo=UTC),
        )
    )
    session.flush()

    again = replay(session, actor, run.id)

    assert again.changed == (
        "The answers of 1 mentee have changed, or they are no longer approved",
        "The answers of 2 mentors have changed, or they are no longer approved",
        "Who may be paired with whom has changed",
    )
    assert (again.same, again.other_pairs > 0) == (False, True)


def test_a_run_of_an_older_version_says_that_it_cannot_be_told_again(session: Session) -> None:
    cohort, actor, _, _ = three_and_three(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    session.get_one(MatchingRun, run.id).inputs = None
    session.flush()

    with pytest.raises(errors.Conflict, match="older version"):
        replay(session, actor, run.id)


def test_two_runs_are_compared_person_by_person(session: Session) -> None:
    cohort, actor, mentors, mentees = three_and_three(session, sector=5)
    first = runs.run(session, actor, cohort.id, today=TODAY)
    mentors[0].sector, mentors[1].sector = "s1", "s0"
    mentors[2].capacity = 0
    session.flush()
    second = runs.run(session, actor, cohort.id, seed=4, today=TODAY, floor_first=True)

    found = comparing.compare(session, actor, first.id, second.id)

    assert found.changes == (
        Change(mentees[0].id, "Mentee 0", Difference.OTHER_MENTOR, "Mentor 0", "Mentor 1", 100, 100),
        Change(mentees[1].id, "Mentee 1", Difference.OTHER_MENTOR, "Mentor 1", "Mentor 0", 100, 100),
        Change(mentees[2].id, "Mentee 2", Difference.LEFT_OUT, "Mentor 2", None, 100, 0),
    )
    assert (found.changed, found.counts[Difference.SAME], found.counts[Difference.LEFT_OUT]) == (3, 0, 1)
    assert found.settings == ("Only the second run lifted the worst pair before the total", "Lots were drawn anew")
    assert comparing.compare(session, actor, second.id, second.id).changed == 0
    assert comparing.compare(session, actor, second.id, first.id) == found
    assert comparing.moved(session, actor, first.id, second.id) == 3
    assert comparing.moved(session, actor, first.id, second.id, beside=mentees[2].id) == 2
    assert comparing.moved(session, actor, first.id, first.id) == 0
    assert comparing.compare(session, actor, first.id, second.id, page=9) == found


def test_runs_of_two_cohorts_or_of_others_are_not_compared(session: Session) -> None:
    cohort, actor, _, _ = three_and_three(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    other = make_cohort(session, session.get_one(type(make_scheme(session)), cohort.scheme_id))
    mentee(session, other)
    elsewhere = runs.run(session, actor, other.id, today=TODAY)
    stranger = coordinator_of(session, make_cohort(session))

    with pytest.raises(errors.Invalid):
        comparing.compare(session, actor, run.id, elsewhere.id)
    with pytest.raises(errors.NotAllowed):
        comparing.compare(session, stranger, run.id, run.id)
    with pytest.raises(errors.NotAllowed):
        comparing.moved(session, stranger, run.id, run.id)
    with pytest.raises(errors.NotAllowed):
        replay(session, stranger, run.id)


def test_other_weights_are_tried_without_keeping_anything(session: Session) -> None:
    cohort, actor, mentors, _ = three_and_three(session, sector=5)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    mentors[0].years_of_experience = 9

    same = runs.preview(session, actor, cohort.id, weights={"sector": 9}, today=TODAY, beside=run.id)
    none = runs.preview(session, actor, cohort.id, weights={}, seed=1, today=TODAY, beside=run.id)

    assert (same.matched, same.total, same.worst, same.changed) == (3, 3000, 1000, 0)
    assert (none.matched, none.total) == (3, 0)
    assert [row.id for row in session.exec(select(MatchingRun))] == [run.id]
