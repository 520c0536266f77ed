"""Pairs, a row for each with its marks: rhythm, first contact, ways of working, releases, who may mentor, endings.

Rules are those of services/pair_facts.py. Five steps, from the pairs and what is gathered beside them (`_pairs`) over
what is looked up of each (`_facts`), the same in days (`_days`) and how the pair stands (`_standing`) to the marks.
Each step but the last is made once (MATERIALIZED): SQLite would otherwise work out a step's expressions at every place
of the next one that uses them. Of what lies in its tables a pair's meetings alone are many: the first and the latest
are looks along an index, so that their number does not matter; the rest is gathered by pair and joined, or listed.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.enrolments import Conflict, Enrolment, Side
from models.matching import Proposal
from models.meetings import MeetingRecord
from models.pairings import Contact, EndReason, Expectation, Pairing, PairingStatus, Release, WaysOfWorking
from services import days
from services.funnel import CONTACT_DAYS
from services.ledger.moments import COHORT, INTERVAL, LIMITS, WAYS_DAYS, Moment, Shape
from services.ledger.people import signed, trained
from services.ledger.steps import (
    ALIKE,
    DAYS,
    EACH,
    FACTS,
    PAIRS,
    STANDING,
    Columns,
    Step,
    named,
    needed,
    once,
    selected,
)
from services.pair_facts import IN_RHYTHM, QUIET, SILENT, flag, state_of
from services.paused_days import ever_paused, paused_between, stands_still_on

NOT_DUE, DUE, IN_TIME = "not_due", "due", "in_time"
SAME = ("id", "mentor_id", "mentee_id", "status", "released_at", "ended_at", "end_reason", "ended_by")
# The sections of ways of working that a figure asks about, as bits; above them the interval, above it the edition.
COVERED = {"boundaries": 1, "culture": 2, "confidentiality": 4}
AN_INTERVAL, AN_EDITION = 8, 8 * 512


def rows(shape: Shape, wanted: Collection[str]) -> Any:
    """A query of a row a pair: id, mentor_id, mentee_id, released_at and the wanted marks, `<mark>_then` for before."""
    marks = {name: flag(condition) for name, condition in _marks(shape).items() if name in wanted}
    top = selected({name: STANDING[name] for name in ("id", "mentor_id", "mentee_id", "released_at")} | marks)
    standing = needed(STANDING, _standing(shape), DAYS, above=top)
    return _with_steps(shape, top, standing).subquery("pair_marks")


def sums(shape: Shape, wanted: Collection[str]) -> Any:
    """A query of one row: how many pairs have each of these marks."""
    how_many = STANDING["how_many"]
    marks = {name: condition for name, condition in _marks(shape).items() if name in wanted}
    top = selected({name: func.sum(case((condition, how_many), else_=0)) for name, condition in marks.items()})
    # Pairs that stand alike are counted first: a few hundred kinds of them, and not thousands of pairs, are looked at
    # for every mark. What is said of a pair with yes or no is one number of bits until then: what is sorted is short.
    conditions = {name: each for name, each in _conditions(shape).items() if name in named(STANDING, top)}
    bits = {name: bit for bit, name in enumerate(conditions)}
    unpacked = {name: ALIKE["bits"].bitwise_rshift(bit).bitwise_and(1) for name, bit in bits.items()}
    standing = needed(STANDING, unpacked, ALIKE, above=top)
    alike = needed(ALIKE, {"how_many": func.count()}, EACH, above=standing)
    alike = alike.group_by(*(EACH[name] for name in alike.selected_columns.keys() if name != "how_many"))  # noqa: SIM118 - not a dict
    packed = sum((case((each, 1 << bits[name]), else_=0) for name, each in conditions.items()), literal(0))
    each_pair = needed(EACH, {**_words(shape), "bits": packed}, DAYS, above=alike)
    return _with_steps(shape, top, each_pair, (ALIKE, alike), (STANDING, standing), name=EACH)


def _with_steps(shape: Shape, top: Any, standing: Any, *more: tuple[Step, Any], name: Step | None = None) -> Any:
    in_days = needed(DAYS, _days(shape), FACTS, above=standing)
    facts = needed(FACTS, _facts(shape), PAIRS, above=in_days)
    columns, tables = _pairs(shape)
    pairs = needed(PAIRS, columns, PAIRS, above=facts).select_from(tables)
    pairs = pairs.where(col(Pairing.cohort_id) == COHORT, col(Pairing.released_at) < shape.now.until)
    # In the order of their ids, as the indexes are in which the next step looks: it goes through them once.
    steps = ((PAIRS, pairs.order_by(col(Pairing.id))), (FACTS, facts), (DAYS, in_days), (name or STANDING, standing))
    return top.add_cte(*(once(made, step.name) for step, made in (*steps, *more)))


def _pairs(shape: Shape) -> tuple[Columns, Any]:
    """The pairs, what was gathered by pair beside them, and what is known of their mentors."""
    ways, contacts = _ways(shape), _contacts(shape)
    mentor, found = col(Pairing.mentor_id), {name: getattr(Pairing, name) for name in SAME}
    tables: Any = Pairing.__table__  # type: ignore[attr-defined]  # SQLModel does not tell of it
    for gathered in (ways, contacts):
        tables = tables.outerjoin(gathered, gathered.c.pairing_id == col(Pairing.id))
    for moment in shape.moments:
        name = moment.name
        found |= {
            f"contact_{name}": days.date_number(contacts.c[name]),
            f"ways_{name}": ways.c[name],
            f"trained_{name}": flag(trained(mentor, moment, shape)),
            f"signed_{name}": flag(signed(mentor, moment, shape, in_grace=True)),
        }
    return found | {
        "contact_first": days.date_number(contacts.c.first),
        "agreed": days.date_number(ways.c.agreed),
        "rests": flag(ever_paused(col(Pairing.id))),
    }, tables


def _facts(shape: Shape) -> Columns:
    """What is looked up of each pair by itself."""
    found: dict[str, Any] = {
        "held_first": _held(shape.now, col(MeetingRecord.started_at)),
        "releases": flag(PAIRS["id"].in_(_of_both(Release, shape.now))),
        "expecting": flag(PAIRS["id"].in_(_of_both(Expectation, shape.now, col(Expectation.done_at).is_not(None)))),
    }
    for moment in shape.moments:
        # A pair that was paused before there was a history of it stands still by its status.
        rests = stands_still_on(
            PAIRS["id"], moment.number, PAIRS["status"] == PairingStatus.PAUSED.value, PAIRS["rests"] == 1
        )
        found |= {
            f"held_{moment.name}": _held(moment, col(MeetingRecord.started_at).desc()),
            f"moves_{moment.name}": flag(~rests),
        }
    return found


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
    """How the pair stands, in a few words each: only what the marks tell apart."""
    return {**_words(shape), **{name: flag(condition) for name, condition in _conditions(shape).items()}}


def _words(shape: Shape) -> Columns:
    """What is one of several."""
    agreed, first_met = DAYS["agreed"], DAYS["first_met"]
    found: dict[str, Any] = {
        "agreed_when": case((agreed < first_met, "before"), (agreed == first_met, "at"), (agreed > first_met, "after")),
        "covered": DAYS["ways_now"] % AN_INTERVAL,
    }
    for moment in shape.moments:
        found |= {f"{name}_{moment.name}": made for name, made in _words_at(moment).items()}
    return found


def _words_at(moment: Moment) -> Columns:
    name, until = moment.name, moment.number
    released, met, has_ended = DAYS["released"], DAYS[f"met_{name}"], DAYS["ended_at"] < moment.until
    was_released, is_open = _was_released(moment), _is_open(moment)
    interval = func.coalesce(DAYS[f"ways_{name}"] % AN_EDITION // AN_INTERVAL, INTERVAL)
    since = _counted(func.coalesce(_later(DAYS[f"contact_{name}"], met), released), until)
    in_time = _counted(released, _earlier(DAYS["contact_first"], DAYS["first_met"])) <= CONTACT_DAYS
    is_due = and_(was_released, _counted(released, until) >= CONTACT_DAYS)
    return {
        "ended": case((has_ended, DAYS["end_reason"])),
        "ended_by": case((has_ended, DAYS["ended_by"])),
        "state": case((and_(is_open, DAYS[f"moves_{name}"] == 1), state_of(since, interval, LIMITS))),
        "contact": case((and_(is_due, in_time), IN_TIME), (is_due, DUE), (was_released, NOT_DUE)),
    }


def _conditions(shape: Shape) -> Columns:
    """What holds or does not."""
    found: dict[str, Any] = {
        "settled": DAYS["agreed"].is_not(None),
        "conflict": DAYS["id"].in_(_in_conflict()),
        "declared": DAYS["id"].not_in(_undeclared()),
        "releases": DAYS["releases"] == 1,
        "expecting": DAYS["expecting"] == 1,
    }
    for moment in shape.moments:
        found |= {f"{name}_{moment.name}": made for name, made in _conditions_at(moment).items()}
    return found


def _conditions_at(moment: Moment) -> Columns:
    has_ended, is_open = DAYS["ended_at"] < moment.until, _is_open(moment)
    # Only of those who were referred on is it asked: a condition that is unknown would not keep the rest from it.
    referred = and_(has_ended, DAYS["end_reason"] == EndReason.REFERRED_ELSEWHERE.value)
    return {
        "released": _was_released(moment),
        "open": is_open,
        "ways_due": and_(is_open, _counted(DAYS["first_met"], moment.number) >= WAYS_DAYS),
        "agreed": DAYS["agreed"] <= moment.number,
        "again": case((referred, flag(_again(moment))), else_=0) == 1,
        "trained": DAYS[f"trained_{moment.name}"] == 1,
        "signed": DAYS[f"signed_{moment.name}"] == 1,
    }


def _was_released(moment: Moment) -> Any:
    return DAYS["released_at"] < moment.until


def _is_open(moment: Moment) -> Any:
    return and_(_was_released(moment), func.coalesce(DAYS["ended_at"] >= moment.until, true()))


def _marks(shape: Shape) -> Columns:
    """What a figure may count, as a condition on how a pair stands."""
    is_open = STANDING["open_now"] == 1
    now, then = (_marks_of(moment) for moment in shape.moments)
    settled = and_(is_open, STANDING["settled"] == 1)
    return {
        **now,
        **{f"{name}_then": condition for name, condition in then.items()},
        "all": STANDING["released_now"] == 1,
        "all_then": STANDING["released_then"] == 1,
        "releases": STANDING["releases"] == 1,
        "conflict": and_(is_open, STANDING["conflict"] == 1),
        "declared": and_(is_open, STANDING["declared"] == 1),
        "settled": settled,
        "boundaries": and_(settled, _covers("boundaries")),
        "culture": and_(settled, _covers("culture")),
        "confidence": and_(now["ways_due"], _covers("confidentiality")),
        "expects": and_(now["ways_due"], STANDING["expecting"] == 1),
    }


def _marks_of(moment: Moment) -> Columns:
    """The marks that have a past: as they are on this day."""
    at = {
        name: STANDING[f"{name}_{moment.name}"] for name in ("open", "state", "contact", "ended", "trained", "signed")
    }
    is_open, ended = at["open"] == 1, at["ended"]
    ways_due = STANDING[f"ways_due_{moment.name}"] == 1
    agreed = and_(ways_due, STANDING[f"agreed_{moment.name}"] == 1)
    return {
        "open": is_open,
        "moves": at["state"].is_not(None),
        **{each: at["state"] == each for each in (IN_RHYTHM, QUIET, SILENT)},
        "contact_due": at["contact"].in_((DUE, IN_TIME)),
        "contact_in_time": at["contact"] == IN_TIME,
        "contact_not_due": at["contact"] == NOT_DUE,
        "ways_due": ways_due,
        "agreed": agreed,
        **{f"agreed_{when}": and_(agreed, STANDING["agreed_when"] == when) for when in ("before", "at", "after")},
        "untrained": and_(is_open, at["trained"] == 0),
        "unsigned": and_(is_open, at["signed"] == 0),
        "ended": ended.is_not(None),
        **{f"ended_{each}": ended == each.value for each in EndReason},
        **{f"ended_by_{side}": STANDING[f"ended_by_{moment.name}"] == side.value for side in Side},
        "referred_again": STANDING[f"again_{moment.name}"] == 1,
    }


def _covers(section: str) -> Any:
    """The edition in force has this section."""
    return STANDING["covered"].bitwise_and(COVERED[section]) != 0


def _counted(since: Any, until: Any) -> Any:
    """Days from one to the other, without those of a pause."""
    return until - since - paused_between(DAYS["id"], since, until, DAYS["rests"] == 1)


def _held(moment: Moment, order: Any) -> Any:
    """The first or the last meeting that either side says was held: one look along ix_meeting_record_held."""
    return (
        select(col(MeetingRecord.started_at))
        .where(col(MeetingRecord.pairing_id) == PAIRS["id"], *_was_held(moment))
        .order_by(order)
        .limit(1)
        .correlate(PAIRS.table)
        .scalar_subquery()
    )


def _was_held(moment: Moment) -> tuple[Any, ...]:
    record = MeetingRecord
    return col(record.happened).is_(True), col(record.started_at) < moment.until, moment.known(record)


def _contacts(shape: Shape) -> Any:
    """The days of the first contact, and of the last one by now and by then."""
    day = col(Contact.contact_on)
    last = {moment.name: and_(day <= moment.day, moment.known(Contact)) for moment in shape.moments}
    return (
        select(
            col(Contact.pairing_id),
            func.min(day).filter(last["now"]).label("first"),
            *(func.max(day).filter(condition).label(name) for name, condition in last.items()),
        )
        .group_by(col(Contact.pairing_id))
        .subquery("contacts")
    )


def _of_both(table: Any, moment: Moment, *conditions: Any) -> Any:
    """The pairs of which each side has such a row; none has two."""
    found = select(col(table.pairing_id)).where(moment.known(table), *conditions)
    return found.group_by(col(table.pairing_id)).having(func.count() == len(Side))


def _ways(shape: Shape) -> Any:
    """When ways of working were first agreed; of the edition in force now, and then, what it says in one number."""
    ways = WaysOfWorking
    since, covers = col(ways.in_force_from), cast(col(ways.covers), String)
    sections = (case((covers.like(f'%"{section}"%'), bit), else_=0) for section, bit in COVERED.items())
    # The highest number is the newest edition's, so that nobody has to look the edition up afterwards. Of what it
    # covers no figure has a past.
    then: Any = col(ways.edition) * AN_EDITION + col(ways.interval_days) * AN_INTERVAL
    said = {"now": sum(sections, then), "then": then}
    return (
        select(
            col(ways.pairing_id),
            func.min(since).filter(shape.now.known(ways)).label("agreed"),
            *(func.max(said[moment.name]).filter(since <= moment.day).label(moment.name) for moment in shape.moments),
        )
        .group_by(col(ways.pairing_id))
        .subquery("ways")
    )


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


def _undeclared() -> Any:
    """Pairs of which a side answered the private question neither at enrolment nor at this very proposal."""
    return union(*(_undeclared_by(side) for side in Side))


def _undeclared_by(side: Side) -> Any:
    # From those who never answered at enrolment, who are few.
    return (
        select(col(Pairing.id))
        .join(Enrolment, col(Enrolment.id) == getattr(Pairing, f"{side}_id"))
        .outerjoin(Proposal, col(Proposal.id) == col(Pairing.proposal_id))
        .where(
            col(Enrolment.cohort_id) == COHORT,
            col(Enrolment.conflicts_declared_at).is_(None),
            getattr(Proposal, f"{side}_answered_at").is_(None),
        )
    )


def _again(moment: Moment) -> Any:
    """The mentee of this pair was matched anew by then."""
    later = aliased(Pairing)
    return exists().where(
        col(later.mentee_id) == DAYS["mentee_id"],
        col(later.released_at) >= DAYS["ended_at"],
        col(later.released_at) < moment.until,
    )


def _is_later(one: Any, other: Any) -> Any:
    return and_(one.is_not(None), or_(other.is_(None), one > other))


def _later(one: Any, other: Any) -> Any:
    """The later of two days, or the one that is there."""
    return case((_is_later(one, other), one), else_=other)


def _earlier(one: Any, other: Any) -> Any:
    return case((and_(one.is_not(None), or_(other.is_(None), one < other)), one), else_=other)
