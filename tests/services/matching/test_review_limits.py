"""Whom to ask for one more place: named where it helps, and never so that it tells who may not meet whom."""

import pytest
from sqlmodel import Session

from models.enrolments import Conflict, Enrolment
from services import errors
from services.access import Actor
from services.matching import review_limits, review_solved, runs
from services.matching.review_limits import MorePlaces
from services.matching.review_solved import SolvedRun
from tests.factories import make_cohort, make_scheme
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


def asked(session: Session, mentors: int, mentees: int, *, apart: int = 0) -> tuple[Actor, SolvedRun, list[Enrolment]]:
    """Mentors with a place each, in sectors of their own; the last mentee may not meet the first few of them."""
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5}))
    rows = [mentor(session, cohort, f"Mentor {at}", sector=f"s{at}") for at in range(mentors)]
    last = [mentee(session, cohort, f"Mentee {at}", sector=f"s{at}") for at in range(mentees)][-1]
    session.add_all(Conflict(declared_by_id=last.person_id, other_id=row.person_id) for row in rows[:apart])
    actor = coordinator_of(session, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    return actor, review_solved.solved(session, actor, run.id), rows


@pytest.mark.parametrize("apart", [0, 1], ids=["nothing private", "a private conflict"])
@pytest.mark.clause("A-SH2", "U-C4.5")
def test_three_mentors_are_named_and_a_private_conflict_changes_neither_their_number_nor_what_they_add(
    session: Session, apart: int
) -> None:
    actor, run, _ = asked(session, mentors=5, mentees=6, apart=apart)

    found = review_limits.worth_most(session, actor, run)

    assert found is not None
    assert (len(set(found.mentors)), found.each_adds) == (3, "1 more mentee would have a mentor")


@pytest.mark.parametrize(("mentors", "mentees"), [(3, 5), (5, 5)], ids=["too few to choose among", "nobody is left"])
def test_nobody_is_named_where_it_would_tell_too_much_or_help_nobody(
    session: Session, mentors: int, mentees: int
) -> None:
    actor, run, _ = asked(session, mentors, mentees)

    assert review_limits.worth_most(session, actor, run) is None


def test_whom_to_ask_is_for_those_who_coordinate(session: Session) -> None:
    _, run, _ = asked(session, mentors=4, mentees=5)
    stranger = coordinator_of(session, make_cohort(session))

    with pytest.raises(errors.NotAllowed):
        review_limits.worth_most(session, stranger, run)


def test_whom_to_ask_is_one_sentence() -> None:
    found = MorePlaces(("Bo", "Cy", "Di"), "1 more mentee would have a mentor")

    assert review_limits.in_words(found) == (
        "One more place would help most with Bo, Cy or Di: with each, 1 more mentee would have a mentor."
    )
