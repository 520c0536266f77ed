"""A run once more with the same people, places, weights, seed and day: the same answer, or what has changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session, select

from models.matching import MatchingRun, RunPair
from models.schemes import Cohort
from services.access import Actor
from services.errors import Conflict
from services.matching import reading, runs
from services.matching.texts import choosing

if TYPE_CHECKING:
    from services.matching import fingerprints

# A part of the input, in words. Why a pair may not meet is private: that something changed there is all that is said.
CHANGED_IN_WORDS: Mapping[str, str] = {
    "mentees": "The answers of {mentees} have changed, or they are no longer approved",
    "mentors": "The answers of {mentors} have changed, or they are no longer approved",
    "barred": "Who may be paired with whom has changed",
    "pins": "The pinned pairs have changed",
    "forbidden": "The forbidden pairs have changed",
    "programme": "The dates of the cohort have changed",
    "texts": "Goals or work histories were read anew",
}


@dataclass(frozen=True)
class Replay:
    """What came of it. `same` means the same pairs with the same scores; `changed` says in sentences what is not.

    `other_pairs` counts the mentees who would now have another mentor, or one more or less.
    """

    same: bool
    changed: tuple[str, ...]
    other_pairs: int


def replay(session: Session, actor: Actor, run_id: UUID) -> Replay:
    """Solve a kept run again and compare; nothing is kept. Raises NotAllowed, Conflict for runs of an older version."""
    run, cohort = runs.to_coordinate(session, actor, run_id)
    if run.inputs is None or run.as_of_on is None:
        raise Conflict(
            "This run was made by an older version, which did not keep what it was given.",
            remedy="Run the matching again.",
        )
    from services.matching import solving  # noqa: PLC0415 - NumPy and OR-tools take a second to load

    solved = solving.solve(*as_it_was(session, cohort, run))
    before = _answer(session, run_id)
    after = {line.mentee_id: (line.mentor_id, round(line.score * 1000)) for line in solved.lines}
    everybody = before.keys() | after.keys()
    other = sum(before.get(one, (None, 0))[0] != after.get(one, (None, 0))[0] for one in everybody)
    return Replay(before == after, _changed(run.inputs, solved.inputs), other)


def as_it_was(session: Session, cohort: Cohort, run: MatchingRun) -> "tuple[reading.Candidates, fingerprints.Order]":
    """The same people with their answers of today, and the settings of then; for a run that kept its inputs."""
    from services.matching import fingerprints  # noqa: PLC0415 - NumPy takes a moment to load

    inputs: dict[str, Any] = run.inputs or {}
    places = {UUID(mentor): count for mentor, count in inputs["places"].items()}
    mentees = {UUID(person) for person in inputs["people"]} - places.keys()
    rules = reading.rules_in_force(session, cohort.id, at=run.created_at)
    given = reading.same_people(session, cohort, mentees, places, rules, before=run.created_at)
    texts = [person.text for person in (*given.mentees, *given.mentors)] if run.weights.get("goals") else []
    stored = choosing.again(session, run.text_method, texts) if texts else None
    today = run.as_of_on or run.created_at.date()
    order = fingerprints.Order(run.weights, run.seed, today, run.policy == "floor_first", stored)
    return given, order


def _answer(session: Session, run_id: UUID) -> dict[UUID, tuple[UUID | None, int]]:
    columns = select(RunPair.mentee_id, RunPair.mentor_id, RunPair.score).where(RunPair.run_id == run_id)
    return {mentee: (mentor, round(score * 1000)) for mentee, mentor, score in session.exec(columns)}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences for every part of the input that is not what it was."""
    parts = {name for name, value in before["parts"].items() if after["parts"].get(name) != value}
    if parts & {"mentees", "mentors"}:
        parts.discard("texts")  # whoever wrote something new was read anew
    mentors = before["places"].keys()
    other = {one for one, value in before["people"].items() if after["people"].get(one) != value}
    counts = {
        "mentees": _counted(len(other - mentors), "mentee"),
        "mentors": _counted(len(other & mentors), "mentor"),
    }
    return tuple(CHANGED_IN_WORDS[name].format(**counts) for name in CHANGED_IN_WORDS if name in parts)


def _counted(number: int, who: str) -> str:
    return f"1 {who}" if number == 1 else f"{number} {who}s"
