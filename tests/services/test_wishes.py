"""A mentee's wishes."""

from datetime import date
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, Side, Wish
from models.schemes import Cohort
from services import wishes
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import make_cohort, make_consent, make_enrolment, make_participant, make_scheme
from tests.services.counting import queries_of
from tests.services.test_directory import a_cohort, a_listed, a_mentee

TODAY = date(2026, 11, 20)


def ranked(session: Session, actor: Actor) -> list[tuple[int, str | None]]:
    return [
        (wish.rank, wish.mentor.full_name if wish.mentor else None) for wish in wishes.mine(session, actor, today=TODAY)
    ]


def a_mentee_with_wishes(session: Session, number: int = 3) -> tuple[Actor, list[Enrolment]]:
    """A mentee who wished for mentors called A, B, C … in that order."""
    cohort = a_cohort(session)
    mentors = [a_listed(session, cohort, chr(ord("A") + place)) for place in range(number)]
    actor = a_mentee(session, cohort)
    session.commit()
    for mentor in mentors:
        wishes.add(session, actor, mentor.id, today=TODAY)
    return actor, mentors


@pytest.mark.clause("U-1")
def test_wishes_are_ranked_in_the_order_in_which_they_were_made(session: Session) -> None:
    actor, _ = a_mentee_with_wishes(session)

    assert ranked(session, actor) == [(1, "A"), (2, "B"), (3, "C")]


@pytest.mark.clause("U-1")
def test_wishes_can_be_moved_and_taken_back(session: Session) -> None:
    actor, (a, b, c) = a_mentee_with_wishes(session)

    wishes.move_up(session, actor, c.id)
    moved_up = ranked(session, actor)
    wishes.move_down(session, actor, a.id)
    moved_down = ranked(session, actor)
    wishes.remove(session, actor, c.id)

    assert moved_up == [(1, "A"), (2, "C"), (3, "B")]
    assert moved_down == [(1, "C"), (2, "A"), (3, "B")]
    assert ranked(session, actor) == [(1, "A"), (2, "B")]
    assert b.id in {wish.mentor_id for wish in wishes.mine(session, actor, today=TODAY)}


def test_a_wish_at_the_end_of_the_list_moves_no_further(session: Session) -> None:
    actor, (a, _, c) = a_mentee_with_wishes(session)

    for move, mentor in ((wishes.move_up, a), (wishes.move_down, c)):
        with pytest.raises(Conflict):
            move(session, actor, mentor.id)

    assert ranked(session, actor) == [(1, "A"), (2, "B"), (3, "C")]


def test_a_sixth_wish_is_refused(session: Session) -> None:
    actor, mentors = a_mentee_with_wishes(session, wishes.MOST)
    sixth = a_listed(session, session.get_one(Cohort, mentors[0].cohort_id), "F")
    session.commit()

    with pytest.raises(Invalid):
        wishes.add(session, actor, sixth.id, today=TODAY)

    assert len(ranked(session, actor)) == wishes.MOST


def test_a_second_wish_for_the_same_mentor_is_refused(session: Session) -> None:
    actor, (a, *_) = a_mentee_with_wishes(session)

    with pytest.raises(Conflict):
        wishes.add(session, actor, a.id, today=TODAY)

    assert ranked(session, actor) == [(1, "A"), (2, "B"), (3, "C")]


def test_nobody_wishes_for_a_mentor_who_is_not_listed(session: Session) -> None:
    cohort = a_cohort(session)
    unlisted = make_enrolment(session, cohort, Side.MENTOR)
    elsewhere = a_listed(session, a_cohort(session))
    actor = a_mentee(session, cohort)
    session.commit()

    for mentor_id in (unlisted.id, elsewhere.id, actor.place.enrolment_id, uuid4()):
        with pytest.raises(NotAllowed):
            wishes.add(session, actor, mentor_id, today=TODAY)  # type: ignore[arg-type]

    assert session.exec(select(Wish)).all() == []


@pytest.mark.clause("U-1")
def test_a_mentor_who_is_no_longer_listed_is_no_longer_named_but_can_be_taken_off(session: Session) -> None:
    actor, (a, b, _) = a_mentee_with_wishes(session)
    listing = Consent.enrolment_id == a.id, Consent.purpose == ConsentPurpose.DIRECTORY
    session.exec(select(Consent).where(*listing)).one().withdrawn_at = utc_now()
    session.commit()

    named = ranked(session, actor)
    wishes.remove(session, actor, a.id)

    assert named == [(1, None), (2, "B"), (3, "C")]
    assert ranked(session, actor) == [(1, "B"), (2, "C")]
    assert session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).first() == b.id


def test_a_wish_that_is_gone_cannot_be_changed(session: Session) -> None:
    actor, _ = a_mentee_with_wishes(session, 1)

    for change in (wishes.remove, wishes.move_up, wishes.move_down):
        with pytest.raises(Conflict):
            change(session, actor, uuid4())


def test_where_the_coordinator_proposes_there_are_no_wishes(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session))
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    actor = make_participant(session, make_enrolment(session, cohort))
    session.commit()

    with pytest.raises(NotAllowed):
        wishes.add(session, actor, mentor.id, today=TODAY)
    with pytest.raises(NotAllowed):
        wishes.mine(session, actor, today=TODAY)

    assert session.exec(select(Wish)).all() == []


def test_wishes_cost_the_same_for_one_and_for_three(session: Session) -> None:
    one, _ = a_mentee_with_wishes(session, 1)
    three, _ = a_mentee_with_wishes(session, 3)
    session.commit()

    with queries_of(session) as of_one:
        wishes.mine(session, one, today=TODAY)
    with queries_of(session) as of_three:
        wishes.mine(session, three, today=TODAY)

    assert len(of_one) == len(of_three) == 5
