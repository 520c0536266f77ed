"""Pairs, a row for each with its marks: rhythm, first contact, ways of working, releases, who may mentor, endings.

Day numbers and rules are those of services/pair_facts.py. What is asked of each meeting record is one look along an
index, the oldest or the newest, so that the number of meetings does not matter. Each step is made once (MATERIALIZED):
SQLite would otherwise write the first step's questions into every place of the last that uses their answers.
"""

from typing import Any

from sqlalchemy import String, and_, case, cast, exists, false, func, or_, select, union
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.enrolments import Conflict, Enrolment
from models.matching import Proposal
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, Expectation, Pairing, Release, WaysOfWorking
from services import days
from services.funnel import CONTACT_DAYS
from services.ledger.people import signed_enrolments, trained_enrolments
from services.ledger.shapes import Ask
from services.pair_facts import IN_RHYTHM, QUIET, SILENT, AsOf, flag, in_motion, interval_in_force, state_of
from services.paused_days import paused_between

WAYS_DAYS = 14
SINGLE = ("all", "releases", "conflict", "declared", "boundaries", "culture", "expects")


def rows(ask: Ask) -> Any:
    """A query of one row a pair: id, mentor_id, mentee_id, released_at, and marks by name, `<mark>_then` for before."""
    last = _last(_in_days(_raw(ask), ask))
    row = last.c
    return select(row.id, row.mentor_id, row.mentee_id, row.released_at, *_marks(row, ask)).subquery("pair_marks")


def _made_once(statement: Any, name: str) -> Any:
    return statement.cte(name).prefix_with("MATERIALIZED")


def _raw(ask: Ask) -> Any:
    """What the tables say of each pair."""
    pair, now, then = col(Pairing.id), ask.now, ask.then
    agreed = days.date_number(WaysOfWorking.in_force_from)
    columns = (
        pair,
        col(Pairing.mentor_id),
        col(Pairing.mentee_id),
        col(Pairing.proposal_id),
        col(Pairing.released_at),
        col(Pairing.ended_at),
        col(Pairing.end_reason),
        _held(func.max, ask.now).label("held_now"),
        _held(func.max, ask.then).label("held_then"),
        _held(func.min, ask.now).label("first_held"),
        _contact(func.max, now).label("contact_now"),
        _contact(func.max, then).label("contact_then"),
        _contact(func.min, now).label("first_contact"),
        _of(WaysOfWorking, func.min(agreed), now).label("agreed"),
        _covers(now).label("covers"),
        interval_in_force(pair, now.number, ask.scheme).label("interval_now"),
        interval_in_force(pair, then.number, ask.scheme).label("interval_then"),
        flag(in_motion(now.number)).label("moves_now"),
        flag(in_motion(then.number)).label("moves_then"),
        _of(Release, func.count(), now).label("sides_released"),
        _of(Expectation, func.count(col(Expectation.done_at)), now).label("sides_expecting"),
    )
    found = select(*columns).where(col(Pairing.cohort_id) == ask.cohort.id, col(Pairing.released_at) < now.until)
    return _made_once(found, "pair_raw")


def _in_days(raw: Any, ask: Ask) -> Any:
    """The same with moments as day numbers of the scheme's zone."""
    row = raw.c
    columns = (
        *(column for column in row if column.name not in {"held_now", "held_then", "first_held"}),
        ask.now.day_number(row.released_at).label("released"),
        ask.now.day_number(row.held_now).label("met_now"),
        ask.now.day_number(row.held_then).label("met_then"),
        ask.now.day_number(row.first_held).label("first_met"),
        *(_open_at(row, moment).label(name) for name, moment in _moments(ask)),
    )
    return _made_once(select(*columns), "pair_days")


def _last(row: Any, ask: Ask | None = None) -> Any:
    """And with the last sign of life at both times, and the first."""
    c = row.c
    columns = (
        *c,
        func.coalesce(_later(c.contact_now, c.met_now), c.released).label("last_now"),
        func.coalesce(_later(c.contact_then, c.met_then), c.released).label("last_then"),
        _earlier(c.first_contact, c.first_met).label("first_sign"),
    )
    return _made_once(select(*columns), "pair_last")


def _marks(row: Any, ask: Ask) -> list[Any]:
    found: dict[str, Any] = {"all": row.id.is_not(None), "all_then": _released_by(row, ask.then)}
    for suffix, as_of, name in (("", ask.now, "now"), ("_then", ask.then, "then")):
        found |= {f"{mark}{suffix}": condition for mark, condition in _at(row, ask, as_of, name).items()}
    is_open = row.open_now == 1
    settled = and_(is_open, row.agreed.is_not(None))
    found |= {
        "releases": row.sides_released == len(("mentor", "mentee")),
        "conflict": and_(is_open, row.id.in_(_in_conflict(ask))),
        "declared": and_(is_open, *_both_declared(row, ask)),
        "settled": settled,
        "boundaries": and_(settled, row.covers.like('%"boundaries"%')),
        "culture": and_(settled, row.covers.like('%"culture"%')),
        "expects": and_(found["ways_due"], row.sides_expecting == len(("mentor", "mentee"))),
    }
    return [flag(condition).label(mark) for mark, condition in found.items()]


def _at(row: Any, ask: Ask, as_of: AsOf, name: str) -> dict[str, Any]:
    """The marks that have a past: as they are on this day."""
    number, is_open = as_of.number, row[f"open_{name}"] == 1
    moves = and_(is_open, row[f"moves_{name}"] == 1)
    last = row[f"last_{name}"]
    state = state_of(number - last - paused_between(row.id, last, number), row[f"interval_{name}"], ask.scheme)
    contact_due = and_(_released_by(row, as_of), _took(row, number) >= CONTACT_DAYS)
    since_met = number - row.first_met - paused_between(row.id, row.first_met, number)
    ways_due = and_(is_open, since_met >= WAYS_DAYS)
    agreed = and_(ways_due, row.agreed <= number)
    ended = and_(row.ended_at.is_not(None), row.ended_at < as_of.until)
    mentor, again = row.mentor_id, _again(row, as_of)
    return {
        "open": is_open,
        "moves": moves,
        **{each: and_(moves, state == each) for each in (IN_RHYTHM, QUIET, SILENT)},
        "contact_due": contact_due,
        "contact_in_time": and_(contact_due, _took(row, row.first_sign) <= CONTACT_DAYS),
        "contact_not_due": and_(_released_by(row, as_of), _took(row, number) < CONTACT_DAYS),
        "ways_due": ways_due,
        "agreed": agreed,
        "agreed_before": and_(agreed, row.agreed < row.first_met),
        "agreed_at": and_(agreed, row.agreed == row.first_met),
        "agreed_after": and_(agreed, row.agreed > row.first_met),
        "untrained": and_(is_open, mentor.not_in(trained_enrolments(ask, as_of))),
        "unsigned": and_(is_open, or_(false(), *_unsigned(mentor, ask, as_of))),
        "ended": ended,
        **{f"ended_{reason}": and_(ended, row.end_reason == reason) for reason in EndReason},
        "referred_again": and_(ended, row.end_reason == EndReason.REFERRED_ELSEWHERE, again),
    }


def _unsigned(mentor: Any, ask: Ask, as_of: AsOf) -> list[Any]:
    """For each text that mentors must sign: this one did not sign an edition of it that still counts."""
    return [mentor.not_in(signed) for signed in signed_enrolments(ask, as_of, side="mentor", in_grace=True)]


def _moments(ask: Ask) -> tuple[tuple[str, Any], ...]:
    return ("open_now", ask.now.until), ("open_then", ask.then.until)


def _open_at(row: Any, moment: Any) -> Any:
    return flag(and_(row.released_at < moment, or_(row.ended_at.is_(None), row.ended_at >= moment)))


def _released_by(row: Any, as_of: AsOf) -> Any:
    return row.released_at < as_of.until


def _took(row: Any, number: Any) -> Any:
    """Days from the release to that day, without those of a pause."""
    return number - row.released - paused_between(row.id, row.released, number)


def _known(table: Any, as_of: AsOf) -> list[Any]:
    """For a reader of yesterday's figures, what was entered since is not there."""
    return [] if as_of.known_until is None else [col(table.created_at) < as_of.known_until]


def _held(which: Any, as_of: AsOf) -> Any:
    """The first or the last meeting that either side says was held."""
    return (
        select(which(MeetingRecord.started_at))
        .where(
            col(MeetingRecord.pairing_id) == col(Pairing.id),
            col(MeetingRecord.happened),
            col(MeetingRecord.started_at) < as_of.until,
            *_known(MeetingRecord, as_of),
        )
        .correlate(Pairing)
        .scalar_subquery()
    )


def _contact(which: Any, as_of: AsOf) -> Any:
    found = select(days.date_number(which(Contact.contact_on))).where(
        col(Contact.pairing_id) == col(Pairing.id), col(Contact.contact_on) <= as_of.day, *_known(Contact, as_of)
    )
    return found.correlate(Pairing).scalar_subquery()


def _of(table: Any, what: Any, as_of: AsOf) -> Any:
    found = select(what).where(col(table.pairing_id) == col(Pairing.id), *_known(table, as_of))
    return found.correlate(Pairing).scalar_subquery()


def _covers(as_of: AsOf) -> Any:
    """The names of the sections of the edition in force, as JSON."""
    return (
        select(cast(col(WaysOfWorking.covers), String))
        .where(col(WaysOfWorking.pairing_id) == col(Pairing.id), col(WaysOfWorking.in_force_from) <= as_of.day)
        .order_by(col(WaysOfWorking.edition).desc())
        .limit(1)
        .correlate(Pairing)
        .scalar_subquery()
    )


def _in_conflict(ask: Ask) -> Any:
    """Pairs of two who must not be paired, whichever of them said so."""
    one, other = aliased(Enrolment), aliased(Enrolment)
    ways = ((one.id, other.id), (other.id, one.id))
    found = (
        select(col(Pairing.id))
        .select_from(Conflict)
        .join(one, col(one.person_id) == col(Conflict.declared_by_id))
        .join(other, col(other.person_id) == col(Conflict.other_id))
        .join(Pairing, and_(col(Pairing.mentor_id) == mentor, col(Pairing.mentee_id) == mentee))
        .where(col(Pairing.cohort_id) == ask.cohort.id, col(one.cohort_id) == ask.cohort.id)
        for mentor, mentee in ways
    )
    return select(union(*found).subquery().c.id).correlate(None)


def _both_declared(row: Any, ask: Ask) -> list[Any]:
    """Each of the two answered the private question: at enrolment, or at this very proposal."""
    silent = select(col(Enrolment.id)).where(
        col(Enrolment.cohort_id) == ask.cohort.id, col(Enrolment.conflicts_declared_at).is_(None)
    )
    return [
        or_(
            person.not_in(silent.correlate(None)),
            exists().where(col(Proposal.id) == row.proposal_id, col(answered).is_not(None)),
        )
        for person, answered in (
            (row.mentor_id, Proposal.mentor_answered_at),
            (row.mentee_id, Proposal.mentee_answered_at),
        )
    ]


def _again(row: Any, as_of: AsOf) -> Any:
    """The mentee of this pair was matched anew by then."""
    later = aliased(Pairing)
    return exists().where(
        col(later.mentee_id) == row.mentee_id,
        col(later.released_at) >= row.ended_at,
        col(later.released_at) < as_of.until,
    )


def _later(one: Any, other: Any) -> Any:
    """The later of two days, or the one that is there."""
    return case((and_(one.is_not(None), or_(other.is_(None), one > other)), one), else_=other)


def _earlier(one: Any, other: Any) -> Any:
    return case((and_(one.is_not(None), or_(other.is_(None), one < other)), one), else_=other)
