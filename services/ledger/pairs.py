"""Pairs, a row for each with its marks: rhythm, first contact, ways of working, releases, who may mentor, endings.

Day numbers and rules are those of services/pair_facts.py. What is asked of each meeting record is one look along an
index, the oldest or the newest, so that the number of meetings does not matter. Each step is made once (MATERIALIZED):
SQLite would otherwise write the first step's questions into every place of the last that uses their answers. From
below: what the tables say, the same in days, the spans between those days, and the marks.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from sqlalchemy import String, and_, case, cast, column, exists, false, func, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.enrolments import Conflict, Enrolment, Side
from models.matching import Proposal
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, Expectation, Pairing, Release, WaysOfWorking
from models.schemes import Channel
from services import days
from services.funnel import CONTACT_DAYS
from services.ledger.people import signed_enrolments, trained_enrolments
from services.ledger.shapes import Ask
from services.pair_facts import IN_RHYTHM, QUIET, SILENT, AsOf, flag, in_motion, interval_in_force, state_of
from services.paused_days import paused_between

WAYS_DAYS = 14
IDS = ("id", "mentor_id", "mentee_id", "released_at")


def rows(ask: Ask, marks: Collection[str] | None = None) -> Any:
    """A query of one row a pair: id, mentor_id, mentee_id, released_at, and marks by name, `<mark>_then` for before.

    With `marks`, only those. Each step asks of the one below it no more than what it needs.
    """
    top = _Wanted()
    found = {name: made for name, made in _marks(top, ask).items() if marks is None or name in marks}
    chosen = [flag(made()).label(name) for name, made in found.items()]
    ids = [top[name].label(name) for name in IDS]
    spans = _step(top, _spans, ask, "pair_spans")
    return select(*ids, *chosen).select_from(spans).subquery("pair_marks")


class _Wanted:
    """The columns of a step, noted as they are asked for, so that the step below makes no others."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return column(name, _type_of(name))


def _columns(table: Any) -> Any:
    return table.__table__.c


def _type_of(name: str) -> Any:
    """Moments stay moments on their way through the steps; the rest are keys, numbers and texts."""
    if name in {"released_at", "ended_at"}:
        return _columns(Pairing)["released_at"].type
    return _columns(MeetingRecord)["started_at"].type if name in {"held_now", "held_then", "first_held"} else None


def _step(above: _Wanted, make: Callable[[_Wanted, Ask], Mapping[str, Callable[[], Any]]], ask: Ask, name: str) -> Any:
    """What the step above asked for: made here, or passed on from the tables' step below."""
    below = _Wanted()
    made = make(below, ask)
    columns = [(made[each]() if each in made else below[each]).label(each) for each in above.names]
    return _made_once(select(*columns).select_from(_below(below, make, ask)), name)


def _below(wanted: _Wanted, make: Any, ask: Ask) -> Any:
    if make is _spans:
        return _step(wanted, _days, ask, "pair_days")
    raw = _raw(ask)
    columns = [raw[name]().label(name) for name in wanted.names]
    of_cohort = col(Pairing.cohort_id) == ask.cohort.id, col(Pairing.released_at) < ask.now.until
    return _made_once(select(*columns).select_from(Pairing).where(*of_cohort), "pair_raw")


def _made_once(statement: Any, name: str) -> Any:
    return statement.cte(name).prefix_with("MATERIALIZED")


def _raw(ask: Ask) -> dict[str, Callable[[], Any]]:
    """What the tables say of each pair."""
    agreed = days.date_number(WaysOfWorking.in_force_from)
    found: dict[str, Callable[[], Any]] = {
        name: partial(getattr, Pairing, name)
        for name in ("id", "mentor_id", "mentee_id", "proposal_id", "released_at", "ended_at", "end_reason")
    }
    for name, as_of in _moments(ask):
        found |= {
            f"held_{name}": partial(_held, func.max, as_of),
            f"contact_{name}": partial(_contact, func.max, as_of),
            f"interval_{name}": partial(interval_in_force, col(Pairing.id), as_of.number, ask.scheme),
            f"moves_{name}": lambda as_of=as_of: flag(in_motion(as_of.number)),  # type: ignore[misc]
            f"untrained_{name}": lambda as_of=as_of: flag(  # type: ignore[misc]
                col(Pairing.mentor_id).not_in(trained_enrolments(ask, as_of))
            ),
            f"unsigned_{name}": lambda as_of=as_of: flag(or_(false(), *_unsigned(ask, as_of))),  # type: ignore[misc]
        }
    return found | {
        "first_held": partial(_held, func.min, ask.now),
        "first_contact": partial(_contact, func.min, ask.now),
        "agreed": partial(_of, WaysOfWorking, func.min(agreed), ask.now),
        "covers": partial(_covers, ask.now),
        "sides_released": partial(_of, Release, func.count(), ask.now),
        "sides_expecting": partial(_of, Expectation, func.count(col(Expectation.done_at)), ask.now),
        "held_by": partial(_latest, MeetingRecord, MeetingRecord.started_at, ask.now),
        "contact_by": partial(_latest, Contact, Contact.contact_on, ask.now),
    }


def _days(row: _Wanted, ask: Ask) -> dict[str, Callable[[], Any]]:
    """The same with moments as day numbers of the scheme's zone."""
    found: dict[str, Callable[[], Any]] = {
        "released": lambda: ask.now.day_number(row["released_at"]),
        "first_met": lambda: ask.now.day_number(row["first_held"]),
    }
    for name, as_of in _moments(ask):
        found |= {
            f"met_{name}": lambda name=name: ask.now.day_number(row[f"held_{name}"]),  # type: ignore[misc]
            f"open_{name}": lambda as_of=as_of: _open_at(row, as_of.until),  # type: ignore[misc]
        }
    return found


def _spans(row: _Wanted, ask: Ask) -> dict[str, Callable[[], Any]]:
    """How many days that count lie between what happened and the day of the figures."""
    found: dict[str, Callable[[], Any]] = {
        "first_took": lambda: _took(row, row["released"], _earlier(row["first_contact"], row["first_met"])),
        "channel": lambda: case(
            (_is_later(row["met_now"], row["contact_now"]), row["held_by"]), else_=row["contact_by"]
        ),
    }
    for name, as_of in _moments(ask):
        found |= {
            f"since_{name}": lambda name=name, as_of=as_of: _took(  # type: ignore[misc]
                row,
                func.coalesce(_later(row[f"contact_{name}"], row[f"met_{name}"]), row["released"]),
                as_of.number,
            ),
            f"released_for_{name}": lambda as_of=as_of: _took(row, row["released"], as_of.number),  # type: ignore[misc]
            f"met_for_{name}": lambda as_of=as_of: _took(row, row["first_met"], as_of.number),  # type: ignore[misc]
        }
    return found


def _marks(row: _Wanted, ask: Ask) -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {
        "all": lambda: row["id"].is_not(None),
        "all_then": lambda: row["released_at"] < ask.then.until,
    }
    for suffix, (name, as_of) in zip(("", "_then"), _moments(ask), strict=True):
        found |= {f"{mark}{suffix}": made for mark, made in _at(row, ask, as_of, name).items()}

    def is_open() -> Any:
        return row["open_now"] == 1

    def settled() -> Any:
        return and_(is_open(), row["agreed"].is_not(None))

    channels = {f"by_{each}": lambda each=each: and_(is_open(), row["channel"] == each) for each in Channel}
    return found | {
        "releases": lambda: row["sides_released"] == len(Side),
        "conflict": lambda: and_(is_open(), tuple_(row["mentor_id"], row["mentee_id"]).in_(_in_conflict())),
        "declared": lambda: and_(is_open(), *_both_declared(row, ask)),
        "settled": settled,
        "boundaries": lambda: and_(settled(), row["covers"].like('%"boundaries"%')),
        "culture": lambda: and_(settled(), row["covers"].like('%"culture"%')),
        "expects": lambda: and_(found["ways_due"](), row["sides_expecting"] == len(Side)),
        "in_touch": lambda: and_(is_open(), row["channel"].is_not(None)),
        "elsewhere": lambda: and_(is_open(), row["channel"].not_in(ask.scheme.channels)),
        **channels,
    }


def _at(row: _Wanted, ask: Ask, as_of: AsOf, name: str) -> dict[str, Callable[[], Any]]:
    """The marks that have a past: as they are on this day."""

    def is_open() -> Any:
        return row[f"open_{name}"] == 1

    def moves() -> Any:
        return and_(is_open(), row[f"moves_{name}"] == 1)

    def state() -> Any:
        return state_of(row[f"since_{name}"], row[f"interval_{name}"], ask.scheme)

    def is_due() -> Any:
        return and_(row["released_at"] < as_of.until, row[f"released_for_{name}"] >= CONTACT_DAYS)

    def ways_due() -> Any:
        return and_(is_open(), row[f"met_for_{name}"] >= WAYS_DAYS)

    def agreed() -> Any:
        return and_(ways_due(), row["agreed"] <= as_of.number)

    def ended() -> Any:
        return and_(row["ended_at"].is_not(None), row["ended_at"] < as_of.until)

    def ended_by(reason: EndReason) -> Any:
        return and_(ended(), row["end_reason"] == reason)

    return {
        "open": is_open,
        "moves": moves,
        **{each: lambda each=each: and_(moves(), state() == each) for each in (IN_RHYTHM, QUIET, SILENT)},  # type: ignore[misc]
        "contact_due": is_due,
        "contact_in_time": lambda: and_(is_due(), row["first_took"] <= CONTACT_DAYS),
        "contact_not_due": lambda: and_(row["released_at"] < as_of.until, row[f"released_for_{name}"] < CONTACT_DAYS),
        "ways_due": ways_due,
        "agreed": agreed,
        "agreed_before": lambda: and_(agreed(), row["agreed"] < row["first_met"]),
        "agreed_at": lambda: and_(agreed(), row["agreed"] == row["first_met"]),
        "agreed_after": lambda: and_(agreed(), row["agreed"] > row["first_met"]),
        "untrained": lambda: and_(is_open(), row[f"untrained_{name}"] == 1),
        "unsigned": lambda: and_(is_open(), row[f"unsigned_{name}"] == 1),
        "ended": ended,
        **{f"ended_{reason}": partial(ended_by, reason) for reason in EndReason},
        "referred_again": lambda: and_(ended_by(EndReason.REFERRED_ELSEWHERE), _again(row, as_of)),
    }


def _unsigned(ask: Ask, as_of: AsOf) -> list[Any]:
    """For each text that mentors must sign: this one did not sign an edition of it that still counts."""
    mentor = col(Pairing.mentor_id)
    return [mentor.not_in(signed) for signed in signed_enrolments(ask, as_of, side="mentor", in_grace=True)]


def _moments(ask: Ask) -> tuple[tuple[str, AsOf], ...]:
    return ("now", ask.now), ("then", ask.then)


def _open_at(row: _Wanted, moment: Any) -> Any:
    return flag(and_(row["released_at"] < moment, or_(row["ended_at"].is_(None), row["ended_at"] >= moment)))


def _took(row: _Wanted, since: Any, until: Any) -> Any:
    """Days from one to the other, without those of a pause."""
    return until - since - paused_between(row["id"], since, until)


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


def _latest(table: Any, moment: Any, as_of: AsOf) -> Any:
    """The channel of the latest held meeting, or contact."""
    held = [col(table.happened), moment < as_of.until] if table is MeetingRecord else [moment <= as_of.day]
    return (
        select(col(table.channel))
        .where(col(table.pairing_id) == col(Pairing.id), *held, *_known(table, as_of))
        .order_by(col(moment).desc())
        .limit(1)
        .correlate(Pairing)
        .scalar_subquery()
    )


def _in_conflict() -> Any:
    """(mentor, mentee) of two who must not be paired, whichever said so; of all cohorts, for those who did are few."""
    one, other = aliased(Enrolment), aliased(Enrolment)
    said = (
        select(col(mentor.id), col(mentee.id))
        .select_from(Conflict)
        .join(mentor, col(mentor.person_id) == mentors_self)
        .join(mentee, col(mentee.person_id) == mentees_self)
        for mentor, mentee, mentors_self, mentees_self in (
            (one, other, col(Conflict.declared_by_id), col(Conflict.other_id)),
            (one, other, col(Conflict.other_id), col(Conflict.declared_by_id)),
        )
    )
    return union_all(*said)


def _both_declared(row: _Wanted, ask: Ask) -> list[Any]:
    """Each of the two answered the private question: at enrolment, or at this very proposal."""
    silent = select(col(Enrolment.id)).where(
        col(Enrolment.cohort_id) == ask.cohort.id, col(Enrolment.conflicts_declared_at).is_(None)
    )
    return [
        or_(
            person.not_in(silent.correlate(None)),
            exists().where(col(Proposal.id) == row["proposal_id"], col(answered).is_not(None)),
        )
        for person, answered in (
            (row["mentor_id"], Proposal.mentor_answered_at),
            (row["mentee_id"], Proposal.mentee_answered_at),
        )
    ]


def _again(row: _Wanted, as_of: AsOf) -> Any:
    """The mentee of this pair was matched anew by then."""
    later = aliased(Pairing)
    return exists().where(
        col(later.mentee_id) == row["mentee_id"],
        col(later.released_at) >= row["ended_at"],
        col(later.released_at) < as_of.until,
    )


def _is_later(one: Any, other: Any) -> Any:
    return and_(one.is_not(None), or_(other.is_(None), one > other))


def _later(one: Any, other: Any) -> Any:
    """The later of two days, or the one that is there."""
    return case((_is_later(one, other), one), else_=other)


def _earlier(one: Any, other: Any) -> Any:
    return case((and_(one.is_not(None), or_(other.is_(None), one < other)), one), else_=other)
