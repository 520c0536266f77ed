"""Is the scheme working? Five figures, the funnel and the rhythm of pairs, from sums that the database makes.

A coordinator works with people and sees real numbers as of now. A scheme manager sees no person: counts as of the end
of yesterday, and none from which something about one to four people would follow (SECURITY.md decision 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.schemes import Cohort, Scheme
from services import access, days, feedback_figures, rhythm, suppression, times
from services.access import Actor
from services.export import Cell as TableCell
from services.export import csv_bytes
from services.funnel import CONTACT_DAYS, MEETING_DAYS, Cell, Group, groups_of, mentee_cells, mentor_cells
from services.pair_facts import IN_RHYTHM, AsOf
from services.rhythm import QuietPair, QuietPairs, Rhythm, WeekEnd, quiet_pairs
from services.suppression import Shown

__all__ = ["QuietPair", "QuietPairs", "Rhythm", "WeekEnd", "funnel", "glance", "overview", "quiet_pairs", "rhythm_of"]

STAGES: dict[str, tuple[str, str]] = {
    "enrolled": ("Enrolled", "People who have sent their enrolment form."),
    "approved": ("Approved", "People whom a coordinator has approved."),
    "ready": ("Ready to match", "Approved people for whom everything that the scheme asks before a match is done."),
    "proposed": ("Proposed", "People named in a proposal that was sent."),
    "paired": ("Matched", "People with an accepted proposal, so that contact details are open."),
    "in_touch": ("In contact", "People in whose pair a first contact or meeting was noted."),
    "met": ("First meeting reported", "People whose pair has met according to at least one of the two records."),
    "confirmed": ("First meeting confirmed", "People whose pair has met according to both, within 30 minutes."),
}


@dataclass(frozen=True)
class Stage:
    """One step of the funnel, by side: people who came this far or further. None is not shown to this reader."""

    key: str
    label: str
    definition: str
    mentors: Shown
    mentees: Shown


@dataclass(frozen=True)
class Figure:
    """A part of a base, never a bare percentage. `left_out` counts what is not due yet, where there is a deadline."""

    key: str
    label: str
    definition: str
    part: Shown
    base: Shown
    left_out: Shown = None
    also: str = ""
    target: float | None = None


@dataclass(frozen=True)
class Overview:
    """What the Participation screen shows, and no person. `is_protected` says whether counts may be kept back."""

    as_of: date
    is_protected: bool
    figures: tuple[Figure, ...]
    stages: tuple[Stage, ...]
    rhythm: Rhythm
    history: tuple[WeekEnd, ...]


@dataclass(frozen=True)
class Standing:
    """Today where the scheme is, and a number that grows whenever the scheme's figures may have changed.

    `asks_equality`: whether it asks any equality question now. `zone` is the scheme's, in which its days are counted.
    """

    today: date
    edition: int
    is_protected: bool
    asks_equality: bool
    zone: str


@dataclass(frozen=True)
class Glance:
    """What Home shows of a cohort to its coordinator."""

    stages: tuple[Stage, ...]
    figures: tuple[Figure, ...]
    rhythm: Rhythm


def overview(session: Session, actor: Actor, cohort_id: UUID, today: date | None = None) -> Overview:
    """The whole picture in six queries, at any size of cohort. Raises NotAllowed."""
    cohort, scheme, as_of = _asked(session, actor, cohort_id, today)
    protect = cohort.scheme_id not in actor.coordinates
    mentees, mentors = _counts(session, cohort_id, scheme, as_of, protect=protect)
    asked = feedback_figures.responses(session, cohort_id, as_of, protect=protect)
    now = rhythm.of_states(mentees)
    past = rhythm.history(session, cohort_id, scheme, as_of, protect=protect)
    return Overview(
        as_of=as_of.day,
        is_protected=protect,
        figures=(*_figures(scheme, mentees, mentors), _response(scheme, asked)),
        stages=_stages(mentees, mentors),
        rhythm=now,
        history=(*past, WeekEnd(as_of.day, now)),
    )


def funnel(session: Session, actor: Actor, cohort_id: UUID, today: date | None = None) -> tuple[Stage, ...]:
    """From enrolled to first meeting, by side. Raises NotAllowed."""
    return glance(session, actor, cohort_id, today).stages


def rhythm_of(session: Session, actor: Actor, cohort_id: UUID, today: date | None = None) -> Rhythm:
    """Pairs in rhythm, quiet and silent now. Raises NotAllowed."""
    return glance(session, actor, cohort_id, today).rhythm


def glance(session: Session, actor: Actor, cohort_id: UUID, today: date | None = None) -> Glance:
    """The same counts without feedback and history: four queries. Raises NotAllowed."""
    cohort, scheme, as_of = _asked(session, actor, cohort_id, today)
    protect = cohort.scheme_id not in actor.coordinates
    mentees, mentors = _counts(session, cohort_id, scheme, as_of, protect=protect)
    return Glance(_stages(mentees, mentors), _figures(scheme, mentees, mentors), rhythm.of_states(mentees))


def standing(session: Session, actor: Actor, cohort_id: UUID) -> Standing:
    """What a screen needs to know before it asks for figures. One query. Raises NotAllowed."""
    scheme_id = access.scheme_to_see_figures_of(session, actor, cohort_id)
    zone, sequence, equality = session.exec(_newest_of(), params={"scheme": scheme_id}).one()
    # A manager's figures are those of yesterday: for them only the day counts.
    is_protected = scheme_id not in actor.coordinates
    today, edition = times.day_in(utc_now(), zone), 0 if is_protected else sequence or 0
    return Standing(today, edition, is_protected, bool(equality), zone)


def figures_csv(found: Overview) -> bytes:
    """The five figures."""
    rows = [
        (f.label, count_in_words(f.part), count_in_words(f.base), _left_out(f), f.also, f.definition)
        for f in found.figures
    ]
    return csv_bytes(("Figure", "Count", "Of", "Not yet due", "Also", "Definition"), rows)


def funnel_csv(found: Overview) -> bytes:
    """The funnel by side."""
    rows = [(s.label, count_in_words(s.mentors), count_in_words(s.mentees), s.definition) for s in found.stages]
    return csv_bytes(("Stage", "Mentors", "Mentees", "Definition"), rows)


def history_csv(found: Overview) -> bytes:
    """The rhythm at the end of each week."""
    rows: list[tuple[TableCell, ...]] = [
        (week.day, *(count_in_words(count) for count in of_week(week))) for week in found.history
    ]
    return csv_bytes(("Day", "In rhythm", "Quiet", "Silent", "Open pairs"), rows)


def of_week(week: WeekEnd) -> tuple[Shown, Shown, Shown, Shown]:
    """In rhythm, quiet, silent, all."""
    return week.rhythm.in_rhythm, week.rhythm.quiet, week.rhythm.silent, week.rhythm.pairs


def count_in_words(count: Shown) -> str:
    """The number, or the one word for everything that is kept back."""
    return suppression.HIDDEN if count is None else str(count)


def in_words(figure: Figure) -> str:
    """ "31 of 34". Nobody to count is a dash, never 0 % or 100 %."""
    if figure.base == 0:
        return "–"
    if figure.part is None or figure.base is None:
        return "hidden"
    return f"{figure.part:,} of {figure.base:,}"


@cache  # asked before every figure
def _newest_of() -> Any:
    """A scheme's zone, the number of its newest entry in the journal, and the equality questions that it asks."""
    scheme_id: Any = bindparam("scheme")
    newest = select(func.max(_sequence())).where(AuditEntry.scheme_id == scheme_id).scalar_subquery()
    return select(Scheme.time_zone, newest, col(Scheme.other_settings)["equality"]).where(Scheme.id == scheme_id)


def _sequence() -> Any:
    return AuditEntry.sequence


def _left_out(figure: Figure) -> str:
    return "" if figure.left_out is None else str(figure.left_out)


def _asked(session: Session, actor: Actor, cohort_id: UUID, today: date | None) -> tuple[Cohort, Scheme, AsOf]:
    """May they, and which day may they see. Two queries."""
    cohort = access.cohort_to_see_figures_of(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    today = today or times.day_in(utc_now(), scheme.time_zone)
    if cohort.scheme_id in actor.coordinates:
        return cohort, scheme, AsOf(today, scheme.time_zone)
    yesterday = today - timedelta(days=1)
    # In a demonstration everything was entered today, about people who do not exist.
    known_until = None if cohort.is_demonstration else days.first_moment_after(yesterday, scheme.time_zone)
    return cohort, scheme, AsOf(yesterday, scheme.time_zone, known_until)


def _counts(
    session: Session, cohort_id: UUID, scheme: Scheme, as_of: AsOf, *, protect: bool
) -> tuple[dict[str, Shown], dict[str, Shown]]:
    """Every count of the screen for mentees (with their pairs) and for mentors. Two queries."""
    publish = suppression.protected if protect else suppression.exact
    mentees = publish(mentee_cells(session, cohort_id, scheme, as_of), MENTEE_GROUPS, together=rhythm.TOGETHER)
    mentors = publish(mentor_cells(session, cohort_id, scheme, as_of), MENTOR_GROUPS)
    return mentees, mentors


def _has(mark: str) -> Callable[[Cell], bool]:
    return lambda cell: bool(getattr(cell, mark))


def _is(state: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.state == state


PEOPLE: list[Group] = [
    ("active", lambda cell: bool(cell.active and cell.is_latest)),
    ("matched", lambda cell: bool(cell.active and cell.is_open)),
]
DEADLINES = ("contact_due", "contact_in_time", "meeting_due", "met_in_time", "confirmed_in_time")
PAIRS: list[Group] = [
    # A pair that is paused has no state: its days do not count.
    ("pairs", _has("state")),
    *((state, _is(state)) for state in rhythm.STATES),
    ("released", _has("paired")),
    *((mark, _has(mark)) for mark in DEADLINES),
]
# What matters most comes first: when two counts cannot both be shown, the earlier one is.
MENTEE_GROUPS = [*groups_of(("enrolled",)), *PEOPLE, *PAIRS, *groups_of(tuple(STAGES)[1:])]
MENTOR_GROUPS = [*groups_of(("enrolled",)), *PEOPLE, *groups_of(tuple(STAGES)[1:])]


def _stages(mentees: Mapping[str, Shown], mentors: Mapping[str, Shown]) -> tuple[Stage, ...]:
    return tuple(Stage(key, *words, mentors[key], mentees[key]) for key, words in STAGES.items())


def _figures(scheme: Scheme, mentees: Mapping[str, Shown], mentors: Mapping[str, Shown]) -> tuple[Figure, ...]:
    targets: dict[str, float] = scheme.other_settings.get("targets", {})
    mentors_too = Figure("", "", "", mentors["matched"], mentors["active"])
    confirmed = Figure("", "", "", mentees["confirmed_in_time"], mentees["meeting_due"])
    return (
        Figure(
            "matched",
            "Mentees matched",
            "Mentees in an open pair, of all mentees who take part. The same for mentors stands below.",
            mentees["matched"],
            mentees["active"],
            also=f"Mentors: {in_words(mentors_too)}",
            target=targets.get("match_rate"),
        ),
        Figure(
            "first_contact",
            f"First contact in {CONTACT_DAYS} days",
            f"Pairs with any contact within {CONTACT_DAYS} days of the release of contact details, "
            f"of pairs released at least {CONTACT_DAYS} days ago.",
            mentees["contact_in_time"],
            mentees["contact_due"],
            left_out=_rest(mentees["released"], mentees["contact_due"]),
            target=targets.get("first_contact_in_time"),
        ),
        Figure(
            "first_meeting",
            f"Met within {MEETING_DAYS} days",
            f"Pairs whose first meeting, held according to at least one record, came within {MEETING_DAYS} days of the "
            f"release, of pairs released at least {MEETING_DAYS} days ago. Confirmed: both records say so.",
            mentees["met_in_time"],
            mentees["meeting_due"],
            left_out=_rest(mentees["released"], mentees["meeting_due"]),
            also=f"Confirmed by both: {in_words(confirmed)}",
            target=targets.get("first_meeting_in_30_days"),
        ),
        Figure(
            "rhythm",
            "In rhythm",
            f"Open pairs with a sign of life within {scheme.quiet_factor:g} times the interval that they agreed.",
            mentees[IN_RHYTHM],
            mentees["pairs"],
            target=targets.get("in_rhythm"),
        ),
    )


def _response(scheme: Scheme, asked: feedback_figures.Responses) -> Figure:
    return Figure(
        "feedback",
        "Feedback answered",
        "Forms answered, of all forms asked for in rounds whose last day is over.",
        asked.due.answered,
        asked.due.asked,
        left_out=asked.not_due,
        also=_by_point(asked) if len(asked.points_due) > 1 else "",
        target=scheme.other_settings.get("targets", {}).get("feedback_response"),
    )


def _by_point(asked: feedback_figures.Responses) -> str:
    """ "Start: 3 of 8; middle: 2 of 6"."""
    rounds = ((point, asked.by_point[point]) for point in asked.points_due)
    words = (f"{point.value}: {in_words(Figure('', '', '', each.answered, each.asked))}" for point, each in rounds)
    return "; ".join(words).capitalize()


def _rest(whole: Shown, part: Shown) -> Shown:
    """What is left out is a count like any other: shown only where both are."""
    return None if whole is None or part is None else whole - part
