"""What a coordinator asks about a run, answered in words: other pairs, what they cost the whole scheme, who would move.

Costs are exact. Two people who may not meet are "not available", whatever the reason: a private conflict, an earlier
no and a ban of the coordinators' own read alike, and none of them is in any list, count or cost here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from services import access
from services.access import Actor
from services.errors import NotAllowed
from services.matching import reading
from services.matching.review_solved import SolvedRun

if TYPE_CHECKING:
    from services.matching.explaining import Alternative
    from services.matching.residual import Change

BEST = 5
MOST_ROWS, MOST_COLUMNS = 40, 40  # more would be too small to read
POINTS = 10  # thousandths of a score in one point: a pair can have 100 points


@dataclass(frozen=True)
class Option:
    """Another pair. `name` is the other person's, `score` out of 100 points, of which `possible` are the most that
    anybody could have with the mentee; `cost` is a sentence.
    """

    mentor_id: UUID
    mentee_id: UUID
    name: str
    score: int
    possible: int
    cost: str


@dataclass(frozen=True)
class Answer:
    """What insisting on a pair would do, in a sentence, and every move by name. `possible` pairs can be chosen."""

    sentence: str
    moves: tuple[str, ...] = ()
    possible: bool = False


@dataclass(frozen=True)
class Heat:
    """How well mentees (rows) fit mentors (columns), in points out of 100; `chosen` are the run's pairs (row, column).

    It holds every cell, whoever may meet whom. No two names in a list are the same.
    """

    mentees: tuple[str, ...]
    mentors: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]
    chosen: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MentorName:
    """An approved mentor of the cohort, by enrolment."""

    id: UUID
    name: str


def other_mentors(session: Session, actor: Actor, run: SolvedRun, mentee_id: UUID) -> tuple[Option, ...]:
    """Up to five mentors for this mentee, those first who cost the whole scheme least. Raises NotAllowed."""
    run.check(actor)
    found = run.mentors_for(_row(run, mentee_id), BEST)
    return _options(session, run, found, lambda one: run.mentor_ids[one.mentor])


def other_mentees(session: Session, actor: Actor, run: SolvedRun, mentor_id: UUID) -> tuple[Option, ...]:
    """Up to five other mentees for this mentor, those first who cost the whole scheme least. Raises NotAllowed."""
    run.check(actor)
    column = run.mentors.get(mentor_id)
    if column is None:
        return ()
    found = run.mentees_for(column, BEST)
    return _options(session, run, found, lambda one: run.mentee_ids[one.mentee])


def why_not(session: Session, actor: Actor, run: SolvedRun, mentor_id: UUID, mentee_id: UUID, *, today: date) -> Answer:
    """Why these two are not together, or what it would cost and who would move. Raises NotAllowed."""
    from services.matching.explaining import Standing  # noqa: PLC0415 - brings NumPy

    run.check(actor)
    names = _names(session, run.cohort_id, [mentor_id, mentee_id])
    if len(names) != len({mentor_id, mentee_id}):
        raise NotAllowed("These two are not in this cohort.", remedy="Reload the page to see who is.")
    if mentor_id not in run.mentors or mentee_id not in run.mentees:
        return _not_in_the_run(session, actor, run, mentor_id, mentee_id, today)
    found = run.explainer.why_not(run.mentees[mentee_id], run.mentors[mentor_id])
    mentor, mentee = names[mentor_id], names[mentee_id]
    sentences = {
        Standing.TOGETHER: f"{mentee} is with {mentor} in this run.",
        Standing.NOT_AVAILABLE: f"{mentor} is not available for {mentee}.",
        Standing.HELD: f"A pin holds {mentee}, or pins hold all of {mentor}'s places. Undo a pin first.",
    }
    if found.change is None:
        return Answer(sentences[found.standing])
    return _told(session, run, found.change)


def without(session: Session, actor: Actor, run: SolvedRun, mentee_id: UUID) -> Answer:
    """What forbidding the mentee's pair would do. Raises NotAllowed."""
    run.check(actor)
    row = _row(run, mentee_id)
    change = run.explainer.forbid(row, int(run.mentor_of[row]))
    if change is None:
        return Answer("This pair is pinned. Undo the pin first.")
    return _told(session, run, change)


def heat(session: Session, actor: Actor, run: SolvedRun) -> Heat:
    """The mentees with the weakest pairs, their mentors, and as many others as fit a picture. Raises NotAllowed."""
    run.check(actor)
    standing = sorted(range(len(run.mentee_ids)), key=lambda i: (_reached(run, i), str(run.mentee_ids[i])))
    rows = standing[:MOST_ROWS]
    theirs = {int(run.mentor_of[i]) for i in rows} - {-1}
    columns = sorted(range(len(run.mentor_ids)), key=lambda j: (j not in theirs, str(run.mentor_ids[j])))[:MOST_COLUMNS]
    ids = [*(run.mentee_ids[i] for i in rows), *(run.mentor_ids[j] for j in columns)]
    names = _names(session, run.cohort_id, ids)
    at = {column: position for position, column in enumerate(columns)}
    return Heat(
        _each_once([names[run.mentee_ids[i]] for i in rows]),
        _each_once([names[run.mentor_ids[j]] for j in columns]),
        tuple(tuple(int(run.scores[i, j]) / POINTS for j in columns) for i in rows),
        tuple((r, at[int(run.mentor_of[i])]) for r, i in enumerate(rows) if int(run.mentor_of[i]) in at),
    )


def _reached(run: SolvedRun, mentee: int) -> int:
    mentor = int(run.mentor_of[mentee])
    return run.percent(mentee, mentor) if mentor >= 0 else -1


def _each_once(names: list[str]) -> tuple[str, ...]:
    """The names, with a number where two people share one."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    left, told = dict(seen), []
    for name in names:
        number = seen[name] - left[name] + 1
        left[name] -= 1
        told.append(name if seen[name] == 1 else f"{name} ({number})")
    return tuple(told)


def mentors(session: Session, actor: Actor, cohort_id: UUID) -> tuple[MentorName, ...]:
    """Every approved mentor of the cohort by name, to ask about. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    statement = (
        select(Enrolment.id, Person.full_name)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(
            Enrolment.cohort_id == cohort_id,
            Enrolment.side == Side.MENTOR,
            Enrolment.status == EnrolmentStatus.APPROVED,
        )
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
    )
    return tuple(MentorName(*row) for row in session.exec(statement))


def cost_in_words(matched: int, total: int) -> str:
    """What a change of this many matched mentees and thousandths of score costs the whole scheme, as a sentence."""
    points = abs(total) / POINTS
    unit = "1 point" if points == 1 else f"{points:g} points"
    if matched == 0:
        if total == 0:
            return "costs the scheme nothing"
        return f"costs the scheme {unit} in all" if total < 0 else f"gains the scheme {unit} in all"
    people = "1 more mentee" if abs(matched) == 1 else f"{abs(matched)} more mentees"
    said = f"leaves {people} without a mentor" if matched < 0 else f"gives {people} a mentor"
    if total == 0:
        return said
    return f"{said}, and {'takes' if total < 0 else 'adds'} {unit} in all"


def others_in_words(number: int) -> str:
    """How many people move besides the pair asked about."""
    if number == 0:
        return "nobody else moves"
    return "1 other mentee moves" if number == 1 else f"{number} other mentees move"


def _row(run: SolvedRun, mentee_id: UUID) -> int:
    if mentee_id not in run.mentees:
        raise NotAllowed("This mentee is not in the run.", remedy="Reload the page to see who is.")
    return run.mentees[mentee_id]


def _options(
    session: Session, run: SolvedRun, found: "list[Alternative]", named: "Callable[[Alternative], UUID]"
) -> tuple[Option, ...]:
    names = _names(session, run.cohort_id, [named(one) for one in found])
    return tuple(
        Option(
            mentor_id=run.mentor_ids[one.mentor],
            mentee_id=run.mentee_ids[one.mentee],
            name=names[named(one)],
            score=round(one.score / POINTS),
            possible=round(int(run.best[one.mentee]) / POINTS),
            cost=_sentence(one.matched, one.total, one.others_moved),
        )
        for one in found
    )


def _sentence(matched: int, total: int, others: int) -> str:
    said = cost_in_words(matched, total)
    return f"{said[:1].upper()}{said[1:]}, and {others_in_words(others)}."


def _told(session: Session, run: SolvedRun, change: "Change") -> Answer:
    places = {place for move in change.moves for place in (move.before, move.after) if place >= 0}
    ids = [run.mentor_ids[place] for place in places] + [run.mentee_ids[move.mentee] for move in change.moves]
    names = _names(session, run.cohort_id, ids)

    def at(place: int) -> str | None:
        return names[run.mentor_ids[place]] if place >= 0 else None

    moves = tuple(_move(names[run.mentee_ids[move.mentee]], at(move.before), at(move.after)) for move in change.moves)
    return Answer(_sentence(change.matched, change.total, max(0, len(moves) - 1)), moves, possible=True)


def _move(mentee: str, before: str | None, after: str | None) -> str:
    if after is None:
        return f"{mentee} has no mentor any more, instead of {before}"
    return f"{mentee} goes to {after}" + (f" instead of {before}" if before else ", and had nobody")


def _not_in_the_run(
    session: Session, actor: Actor, run: SolvedRun, mentor_id: UUID, mentee_id: UUID, today: date
) -> Answer:
    cohort = access.cohort_to_coordinate(session, actor, run.cohort_id)
    why = reading.availability(session, cohort, today).why_not(mentor_id, mentee_id)
    return Answer(why or "They could be paired now, but were not both in this run. Run the matching again.")


def _names(session: Session, cohort_id: UUID, enrolment_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names by enrolment; whoever is not of the cohort is left out."""
    given = {"cohort_id": cohort_id, "ids": list(enrolment_ids)}
    return dict(session.exec(_named(), params=given).all()) if given["ids"] else {}


@cache
def _named() -> Any:
    named = select(Enrolment.id, Person.full_name).join(Person, col(Person.id) == col(Enrolment.person_id))
    among = col(Enrolment.id).in_(bindparam("ids", expanding=True))
    return named.where(among, Enrolment.cohort_id == bindparam("cohort_id"))
