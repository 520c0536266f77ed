"""Pairs, a row for each with its marks: rhythm, first contact, ways of working, releases, who may mentor, endings.

Rules are those of services/pair_facts.py. Four steps, from what the tables say (`_facts`) over the same in days
(`_days`) and how the pair stands (`_standing`) to the marks. Each step but the last is made once (MATERIALIZED): SQLite
would otherwise work out a step's expressions at every place of the next one that uses them. Of what lies in its tables
a pair's meetings alone are many: the first and the latest are looks along an index, so that their number does not
matter; the rest is gathered by pair and joined.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import String, and_, case, cast, column, exists, func, or_, select, table, true, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors
from sqlmodel import col

from models.enrolments import Conflict, Enrolment, Side
from models.matching import Proposal
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, Expectation, Pairing, Release, WaysOfWorking
from models.schemes import Channel
from services import days
from services.funnel import CONTACT_DAYS
from services.ledger.moments import CHANNELS, COHORT, INTERVAL, LIMITS, Moment, Shape, moment_type
from services.ledger.people import signed, trained
from services.pair_facts import IN_RHYTHM, QUIET, SILENT, flag, in_motion, state_of
from services.paused_days import paused_between

WAYS_DAYS = 14
SAME = ("id", "mentor_id", "mentee_id", "proposal_id", "released_at", "ended_at", "end_reason")
Columns = Mapping[str, Any]


def rows(shape: Shape, wanted: Collection[str]) -> Any:
    """A query of a row a pair: id, mentor_id, mentee_id, released_at and the wanted marks, `<mark>_then` for before."""
    marks = {name: flag(condition) for name, condition in _marks(shape).items() if name in wanted}
    top = _select({name: STANDING[name] for name in ("id", "mentor_id", "mentee_id", "released_at")} | marks)
    standing = _needed(STANDING, _standing(shape), DAYS, above=top)
    in_days = _needed(DAYS, _days(shape), FACTS, above=standing)
    columns, tables = _facts(shape)
    facts = _needed(FACTS, columns, FACTS, above=in_days).select_from(tables)
    facts = facts.where(col(Pairing.cohort_id) == COHORT, col(Pairing.released_at) < shape.now.until)
    steps = ((FACTS, facts), (DAYS, in_days), (STANDING, standing))
    return top.add_cte(*(_once(made, step.name) for step, made in steps)).subquery("pair_marks")


class _Step:
    """A step's columns by name, for the one above it."""

    def __init__(self, name: str) -> None:
        self.name, self.table = name, table(name)

    def __getitem__(self, name: str) -> Any:
        # Moments stay moments on their way through the steps.
        is_moment = name in {"released_at", "ended_at"} or name.startswith("held_")
        return column(name, moment_type() if is_moment else None, _selectable=self.table)


FACTS, DAYS, STANDING = map(_Step, ("pair_facts", "pair_days", "pair_standing"))


def _needed(step: _Step, columns: Columns, below: _Step, *, above: Any) -> Any:
    """A step with those of its columns that the step above it speaks of, its own or passed on from below."""
    elements: Iterator[Any] = visitors.iterate(above)
    named = {each.name for each in elements if getattr(each, "table", None) is step.table}
    return _select({name: columns[name] if name in columns else below[name] for name in sorted(named)})


def _select(columns: Columns) -> Any:
    return select(*(made.label(name) for name, made in columns.items()))


def _once(statement: Any, name: str) -> Any:
    return statement.cte(name).prefix_with("MATERIALIZED")


def _facts(shape: Shape) -> tuple[Columns, Any]:
    """What the tables say of each pair, and the tables: beside the pairs what was gathered by pair."""
    contacts, ways, releases, expectations = _contacts(shape), _ways(shape), _releases(shape), _expectations(shape)
    mentor, found = col(Pairing.mentor_id), {name: getattr(Pairing, name) for name in SAME}
    tables = _beside(Pairing, contacts, ways, releases, expectations)
    for moment in shape.moments:
        name, in_force = moment.name, aliased(WaysOfWorking)
        is_in_force = and_(col(in_force.pairing_id) == col(Pairing.id), col(in_force.edition) == ways.c[name])
        tables = tables.outerjoin(in_force, is_in_force)
        found |= {
            f"held_{name}": _held(moment, col(MeetingRecord.started_at).desc()),
            f"contact_{name}": days.date_number(contacts.c[name]),
            f"interval_{name}": func.coalesce(col(in_force.interval_days), INTERVAL),
            f"covers_{name}": cast(col(in_force.covers), String),
            f"moves_{name}": flag(in_motion(moment.number)),
            f"trained_{name}": flag(trained(mentor, moment, shape)),
            f"signed_{name}": flag(signed(mentor, moment, shape, in_grace=True)),
        }
    return found | {
        "held_first": _held(shape.now, col(MeetingRecord.started_at)),
        "contact_first": days.date_number(contacts.c.first),
        "agreed": days.date_number(ways.c.agreed),
        "releases": releases.c.sides,
        "expecting": expectations.c.sides,
    }, tables


def _beside(table: Any, *gathered: Any) -> Any:
    tables = table.__table__
    for each in gathered:
        tables = tables.outerjoin(each, each.c.pairing_id == table.id)
    return tables


def _days(shape: Shape) -> Columns:
    """The same with moments as day numbers of the scheme's zone."""
    found: dict[str, Any] = {
        "released": shape.now.number_of(FACTS["released_at"]),
        "first_met": shape.now.number_of(FACTS["held_first"]),
    }
    for moment in shape.moments:
        found[f"met_{moment.name}"] = shape.now.number_of(FACTS[f"held_{moment.name}"])
    return found


def _standing(shape: Shape) -> Columns:
    """How the pair stands on either day: whether it is open, and how many days that count lie since what happened."""
    released, first_met = DAYS["released"], DAYS["first_met"]
    found: dict[str, Any] = {
        "first_took": _counted(released, _earlier(DAYS["contact_first"], first_met)),
        "channel": _latest_channel(shape.now),
    }
    for moment in shape.moments:
        name, until = moment.name, moment.number
        sign = _later(DAYS[f"contact_{name}"], DAYS[f"met_{name}"])
        found |= {
            f"open_{name}": flag(and_(_was_released(DAYS, moment), ~_has_ended(DAYS, moment))),
            f"since_{name}": _counted(func.coalesce(sign, released), until),
            f"released_for_{name}": _counted(released, until),
            f"met_for_{name}": _counted(first_met, until),
        }
    return found


def _marks(shape: Shape) -> Columns:
    is_open, channel, covers = STANDING["open_now"] == 1, STANDING["channel"], STANDING["covers_now"]
    now, then = (_marks_of(moment) for moment in shape.moments)
    settled = and_(is_open, STANDING["agreed"].is_not(None))
    return {
        **now,
        **{f"{name}_then": condition for name, condition in then.items()},
        "all": true(),
        "all_then": _was_released(STANDING, shape.then),
        "releases": STANDING["releases"] == len(Side),
        "conflict": and_(is_open, STANDING["id"].in_(_in_conflict())),
        "declared": and_(
            is_open, _declared("mentor_id", "mentor_answered_at"), _declared("mentee_id", "mentee_answered_at")
        ),
        "settled": settled,
        "boundaries": and_(settled, covers.like('%"boundaries"%')),
        "culture": and_(settled, covers.like('%"culture"%')),
        "expects": and_(now["ways_due"], STANDING["expecting"] == len(Side)),
        "in_touch": and_(is_open, channel.is_not(None)),
        "elsewhere": and_(is_open, channel.not_in(CHANNELS)),
        **{f"by_{each}": and_(is_open, channel == each.value) for each in Channel},
    }


def _marks_of(moment: Moment) -> dict[str, Any]:
    """The marks that have a past: as they are on this day."""
    name = moment.name
    is_open, ended, agreed_on, first_met = (
        STANDING[f"open_{name}"] == 1,
        _has_ended(STANDING, moment),
        STANDING["agreed"],
        STANDING["first_met"],
    )
    moves = and_(is_open, STANDING[f"moves_{name}"] == 1)
    state = state_of(STANDING[f"since_{name}"], STANDING[f"interval_{name}"], LIMITS)
    is_due = and_(_was_released(STANDING, moment), STANDING[f"released_for_{name}"] >= CONTACT_DAYS)
    ways_due = and_(is_open, STANDING[f"met_for_{name}"] >= WAYS_DAYS)
    agreed = and_(ways_due, agreed_on <= moment.number)
    reason = STANDING["end_reason"]
    return {
        "open": is_open,
        "moves": moves,
        **{each: and_(moves, state == each) for each in (IN_RHYTHM, QUIET, SILENT)},
        "contact_due": is_due,
        "contact_in_time": and_(is_due, STANDING["first_took"] <= CONTACT_DAYS),
        "contact_not_due": and_(_was_released(STANDING, moment), STANDING[f"released_for_{name}"] < CONTACT_DAYS),
        "ways_due": ways_due,
        "agreed": agreed,
        "agreed_before": and_(agreed, agreed_on < first_met),
        "agreed_at": and_(agreed, agreed_on == first_met),
        "agreed_after": and_(agreed, agreed_on > first_met),
        "untrained": and_(is_open, STANDING[f"trained_{name}"] == 0),
        "unsigned": and_(is_open, STANDING[f"signed_{name}"] == 0),
        "ended": ended,
        **{f"ended_{each}": and_(ended, reason == each.value) for each in EndReason},
        "referred_again": and_(ended, reason == EndReason.REFERRED_ELSEWHERE.value, _again(moment)),
    }


def _was_released(step: _Step, moment: Moment) -> Any:
    return step["released_at"] < moment.until


def _has_ended(step: _Step, moment: Moment) -> Any:
    return and_(step["ended_at"].is_not(None), step["ended_at"] < moment.until)


def _counted(since: Any, until: Any) -> Any:
    """Days from one to the other, without those of a pause."""
    return until - since - paused_between(DAYS["id"], since, until)


def _held(moment: Moment, order: Any) -> Any:
    """The first or the last meeting that either side says was held: one look along ix_meeting_record_held."""
    return (
        select(col(MeetingRecord.started_at))
        .where(col(MeetingRecord.pairing_id) == col(Pairing.id), *_was_held(moment))
        .order_by(order)
        .limit(1)
        .correlate(Pairing)
        .scalar_subquery()
    )


def _was_held(moment: Moment) -> tuple[Any, ...]:
    record = MeetingRecord
    return col(record.happened).is_(True), col(record.started_at) < moment.until, moment.known(record)


def _latest_channel(moment: Moment) -> Any:
    """Of whatever came last: a meeting on a later day than the last contact, or that contact."""
    met, contact = DAYS[f"met_{moment.name}"], DAYS[f"contact_{moment.name}"]
    meetings = (
        select(col(MeetingRecord.channel))
        .where(col(MeetingRecord.pairing_id) == DAYS["id"], *_was_held(moment))
        .order_by(col(MeetingRecord.started_at).desc())
    )
    contacts = (
        select(col(Contact.channel))
        .where(col(Contact.pairing_id) == DAYS["id"], col(Contact.contact_on) <= moment.day, moment.known(Contact))
        .order_by(col(Contact.contact_on).desc())
    )
    by_meeting, by_contact = (
        cast(each.limit(1).correlate_except(MeetingRecord, Contact).scalar_subquery(), String)
        for each in (meetings, contacts)
    )
    return case((_is_later(met, contact), by_meeting), else_=by_contact)


def _contacts(shape: Shape) -> Any:
    """The first and the last day of contact as of now, and the last one as of then."""
    day, known = col(Contact.contact_on), shape.now.known(Contact)
    return (
        _gathered(
            Contact,
            func.min(day).filter(known).label("first"),
            func.max(day).filter(known).label("now"),
            func.max(day).filter(day <= shape.then.day, shape.then.known(Contact)).label("then"),
        )
        .where(day <= shape.now.day)
        .subquery("contacts")
    )


def _ways(shape: Shape) -> Any:
    """When ways of working were first agreed, and which edition is in force now, and was then."""
    since, edition = col(WaysOfWorking.in_force_from), col(WaysOfWorking.edition)
    return _gathered(
        WaysOfWorking,
        func.min(since).filter(shape.now.known(WaysOfWorking)).label("agreed"),
        *(func.max(edition).filter(since <= moment.day).label(moment.name) for moment in shape.moments),
    ).subquery("ways")


def _releases(shape: Shape) -> Any:
    sides = func.count().filter(shape.now.known(Release)).label("sides")
    return _gathered(Release, sides).subquery("releases")


def _expectations(shape: Shape) -> Any:
    """How many of the two have finished writing what they expect."""
    sides = func.count(col(Expectation.done_at)).filter(shape.now.known(Expectation)).label("sides")
    return _gathered(Expectation, sides).subquery("expectations")


def _gathered(table: Any, *columns: Any) -> Any:
    return select(col(table.pairing_id), *columns).group_by(col(table.pairing_id))


def _in_conflict() -> Any:
    """Pairs of two who must not be paired, whichever of them said so; found from those who did, who are few."""
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    one, other = col(Conflict.declared_by_id), col(Conflict.other_id)
    directions = ((one, other), (other, one))
    said = union_all(*(select(a.label("one"), b.label("other")) for a, b in directions)).subquery("must_not_meet")
    # Outer joins, which SQLite takes in the order written: by itself it would begin with all the pairs.
    return (
        select(col(Pairing.id))
        .select_from(said)
        .outerjoin(mentor, col(mentor.person_id) == said.c.one)
        .outerjoin(Pairing, col(Pairing.mentor_id) == col(mentor.id))
        .outerjoin(mentee, and_(col(mentee.id) == col(Pairing.mentee_id), col(mentee.person_id) == said.c.other))
        .where(col(mentee.id).is_not(None))
    )


def _declared(person: str, answered: str) -> Any:
    """They answered the private question: at enrolment, or at this very proposal."""
    silent = select(col(Enrolment.id)).where(
        col(Enrolment.cohort_id) == COHORT, col(Enrolment.conflicts_declared_at).is_(None)
    )
    at_this = exists().where(col(Proposal.id) == STANDING["proposal_id"], getattr(Proposal, answered).is_not(None))
    return or_(STANDING[person].not_in(silent), at_this)


def _again(moment: Moment) -> Any:
    """The mentee of this pair was matched anew by then."""
    later = aliased(Pairing)
    return exists().where(
        col(later.mentee_id) == STANDING["mentee_id"],
        col(later.released_at) >= STANDING["ended_at"],
        col(later.released_at) < moment.until,
    )


def _is_later(one: Any, other: Any) -> Any:
    return and_(one.is_not(None), or_(other.is_(None), one > other))


def _later(one: Any, other: Any) -> Any:
    """The later of two days, or the one that is there."""
    return case((_is_later(one, other), one), else_=other)


def _earlier(one: Any, other: Any) -> Any:
    return case((and_(one.is_not(None), or_(other.is_(None), one < other)), one), else_=other)
