"""Named filters of the queue."""

import pytest
from sqlmodel import Session, select

from models.enrolments import EnrolmentStatus, Side
from models.invitations import SavedView
from services import saved_views
from services.enrolments import Filter, Gate
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import make_actor, make_cohort, make_coordinator

CHOSEN = Filter(Side.MENTOR, EnrolmentStatus.APPROVED, Gate.TRAINING, "Ama Boateng")


def test_a_view_keeps_the_filters_and_never_what_was_searched_for(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    kept = saved_views.keep(session, actor, cohort.scheme_id, "  To remind ", CHOSEN)

    assert saved_views.mine(session, actor, cohort.scheme_id) == (kept,)
    assert (kept.name, kept.side, kept.status, kept.gate) == (
        "To remind",
        Side.MENTOR,
        EnrolmentStatus.APPROVED,
        Gate.TRAINING,
    )
    assert "Ama" not in str(session.exec(select(SavedView)).one().model_dump())


def test_the_same_name_again_replaces_the_view(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    first = saved_views.keep(session, actor, cohort.scheme_id, "Mine", CHOSEN)
    second = saved_views.keep(session, actor, cohort.scheme_id, "Mine", Filter(gate=Gate.READY))

    assert (first.id, second.gate) == (second.id, Gate.READY)
    assert saved_views.mine(session, actor, cohort.scheme_id) == (second,)


def test_views_are_ones_own(session: Session) -> None:
    cohort = make_cohort(session)
    actor, colleague = (make_actor(make_coordinator(session, cohort), cohort) for _ in range(2))
    session.commit()
    kept = saved_views.keep(session, actor, cohort.scheme_id, "Mine", CHOSEN)

    with pytest.raises(NotAllowed):
        saved_views.drop(session, colleague, kept.id)
    seen = saved_views.mine(session, colleague, cohort.scheme_id)
    saved_views.drop(session, actor, kept.id)

    assert (seen, saved_views.mine(session, actor, cohort.scheme_id)) == ((), ())


def test_a_view_has_a_name_and_there_are_not_too_many(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    with pytest.raises(Invalid):
        saved_views.keep(session, actor, cohort.scheme_id, " ", CHOSEN)
    for number in range(saved_views.MOST):
        saved_views.keep(session, actor, cohort.scheme_id, f"View {number}", CHOSEN)
    with pytest.raises(Conflict):
        saved_views.keep(session, actor, cohort.scheme_id, "One more", CHOSEN)

    assert len(saved_views.mine(session, actor, cohort.scheme_id)) == saved_views.MOST
