"""Where each pair of a cohort stands with its ways of working, as SQL: how many in each state, and one page of them.

Statements are built once and asked with their parameters: `cohort`, `who` acts, `in_time`, and `name` of a search.
"""

from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, false, func, literal, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from models.enrolments import Enrolment
from models.meetings import MeetingRecord
from models.pairings import Expectation, Pairing, PairingStatus, WaysOfWorking
from models.people import Person
from services import pair_names


class State(StrEnum):
    """Where a pair is, the most pressing first."""

    LATE = "late"
    ASKED = "asked"
    NOT_YET = "not_yet"
    AGREED = "agreed"


def is_late(in_time: Any) -> ColumnElement[bool]:
    met = exists().where(
        col(MeetingRecord.pairing_id) == col(Pairing.id),
        col(MeetingRecord.happened).is_(True),
        col(MeetingRecord.started_at) < in_time,
    )
    # A break is a break: nothing is late in a pair that stands still.
    return and_(met, ~_is_agreed(), col(Pairing.status) != PairingStatus.PAUSED)


def _is_agreed() -> ColumnElement[bool]:
    return exists().where(
        col(WaysOfWorking.pairing_id) == col(Pairing.id), col(WaysOfWorking.in_force_from).is_not(None)
    )


def _holds(has_days: bool) -> dict[State, ColumnElement[bool]]:
    """What is true of a pair in each state, and of none in another."""
    agreed = _is_agreed()
    late = is_late(bindparam("in_time")) if has_days else false()
    asked = exists().where(col(WaysOfWorking.pairing_id) == col(Pairing.id), col(WaysOfWorking.in_force_from).is_(None))
    return {
        State.LATE: late,
        State.ASKED: and_(asked, ~agreed, ~late),
        State.NOT_YET: and_(~asked, ~agreed, ~late),
        State.AGREED: agreed,
    }


def at_work(who: Any) -> tuple[ColumnElement[bool], ...]:
    own = select(col(Enrolment.id)).where(col(Enrolment.person_id) == who)
    return (
        col(Pairing.status) != PairingStatus.ENDED,
        col(Pairing.mentor_id).not_in(own),
        col(Pairing.mentee_id).not_in(own),
    )


@cache
def counted(has_days: bool, is_search: bool) -> Any:
    holds = _holds(has_days)
    # In this order each needs to look no further than the first that is true.
    state = case(
        *((holds[one], literal(one.value)) for one in (State.AGREED, State.LATE, State.ASKED)),
        else_=literal(State.NOT_YET.value),
    )
    named = [pair_names.is_named()] if is_search else []
    rows = (
        select(state.label("state"))
        .where(col(Pairing.cohort_id) == bindparam("cohort"), *at_work(bindparam("who")), *named)
        .subquery()
    )
    return select(rows.c.state, func.count()).group_by(rows.c.state)


@cache
def page_of(has_days: bool, is_search: bool) -> Any:
    """The pairs of a page with all that is said of them, which is looked up for these few alone."""
    picked = union_all(*(select(_picked(one, has_days, is_search).subquery()) for one in State)).subquery("picked")
    mentor, mentee, mentors_self, mentees_self = (
        aliased(Enrolment),
        aliased(Enrolment),
        aliased(Person),
        aliased(Person),
    )
    names: tuple[Any, ...] = (col(mentors_self.full_name).label("mentor"), col(mentees_self.full_name).label("mentee"))
    wanted: tuple[Any, ...] = (col(Pairing.id), picked.c.state, *names, *_days_and_counts())
    return (
        select(*wanted)
        .select_from(picked)
        .join(Pairing, col(Pairing.id) == picked.c.id)
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        .order_by(picked.c.rank, col(mentee.sort_key), col(mentee.id))
    )


def _picked(state: State, has_days: bool, is_search: bool) -> Any:
    """The pairs of one state on the page, by the index of the mentees' names: no more are looked at than it takes."""
    mentee = aliased(Enrolment)
    return (
        select(col(Pairing.id), literal(state.value).label("state"), literal(list(State).index(state)).label("rank"))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .where(
            # By the mentees' cohort, which is the pairs' too.
            col(mentee.cohort_id) == bindparam("cohort"),
            *at_work(bindparam("who")),
            _holds(has_days)[state],
            *([pair_names.is_named()] if is_search else []),
        )
        .order_by(col(mentee.sort_key), col(mentee.id))
        .offset(bindparam(f"skip_{state.value}"))
        .limit(bindparam(f"take_{state.value}"))
    )


def _days_and_counts() -> tuple[Any, ...]:
    held = col(MeetingRecord.happened).is_(True)
    in_force = col(WaysOfWorking.in_force_from).is_not(None)
    written = col(Expectation.done_at).is_not(None)
    return (
        _of_pair(func.min(MeetingRecord.started_at), MeetingRecord, held).label("first_meeting_at"),
        _of_pair(func.max(WaysOfWorking.in_force_from), WaysOfWorking).label("agreed_on"),
        _of_pair(func.max(WaysOfWorking.edition), WaysOfWorking, in_force).label("edition"),
        _of_pair(func.count(col(Expectation.id)), Expectation, written).label("expectations"),
    )


def _of_pair(what: Any, table: Any, *conditions: Any) -> Any:
    return (
        select(what).where(col(table.pairing_id) == col(Pairing.id), *conditions).correlate(Pairing).scalar_subquery()
    )
