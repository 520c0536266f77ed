"""A run ready to be asked: its scores, who may meet whom, and the prices of its proof, made anew from what it kept.

Making one takes as long as comparing everybody once; a question then takes milliseconds. It holds indices, ids and
numbers only, so that a server may keep it for all coordinators of the scheme; every question still asks who they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session, select

from models.matching import MatchingRun, RunPair
from models.schemes import Cohort
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.matching import reading, replay, runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.matching.explaining import Alternative, Explainer
    from services.matching.fingerprints import Order

# Scores and allowed pairs take five bytes each: a question needs all of them at once.
MOST_PAIRS = 4_000_000
RUN_AGAIN = "Run the matching again, and ask then."


@dataclass(frozen=True, eq=False)
class SolvedRun:
    """A run of n mentees (rows) and m mentors (columns), by enrolment. `mentor_of` (n,) has -1 for nobody,
    `scores` (n, m) are in thousandths.

    `best` (n,) is the highest score of any mentor whom each mentee may have. `scores` say nothing about who may meet.
    `pins` are positions, (row, column).
    """

    run_id: UUID
    cohort_id: UUID
    scheme_id: UUID
    mentees: Mapping[UUID, int]
    mentors: Mapping[UUID, int]
    mentee_ids: tuple[UUID, ...]
    mentor_ids: tuple[UUID, ...]
    mentor_of: "NDArray[np.int32]"
    scores: "NDArray[np.int32]"
    best: "NDArray[np.int32]"
    explainer: "Explainer"
    pins: tuple[tuple[int, int], ...] = ()
    _others: "dict[tuple[str, int], list[Alternative]]" = field(default_factory=dict)

    def mentors_for(self, mentee: int, most: int) -> "list[Alternative]":
        """The next best for a row, worked out once: a run never changes."""
        return self._known(("mentee", mentee), lambda: self.explainer.for_mentee(mentee, most))

    def mentees_for(self, mentor: int, most: int) -> "list[Alternative]":
        """The next best for a column."""
        return self._known(("mentor", mentor), lambda: self.explainer.for_mentor(mentor, most))

    def _known(self, key: tuple[str, int], ask: "Callable[[], list[Alternative]]") -> "list[Alternative]":
        found = self._others.get(key)
        if found is None:
            found = self._others[key] = ask()
        return found

    def check(self, actor: Actor) -> None:
        """Raises NotAllowed unless the actor coordinates the run's scheme."""
        if self.scheme_id not in actor.coordinates:
            raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")

    def percent(self, mentee: int, mentor: int) -> int:
        """How much of what is possible for this mentee the mentor reaches."""
        return percent(int(self.scores[mentee, mentor]), int(self.best[mentee]))


def percent(score: float, possible: float | None) -> int:
    """A score as a share of the highest that is possible for this mentee, from 0 to 100."""
    return round(100 * min(1.0, score / possible)) if possible else 0


def solved(session: Session, actor: Actor, run_id: UUID) -> SolvedRun:
    """The run as it was when it was made. Raises NotAllowed, and Conflict if it can no longer be asked."""
    run, cohort = runs.to_coordinate(session, actor, run_id)
    inputs: dict[str, Any] = run.inputs or {}
    if not inputs or not run.certificate.get("proved"):
        raise Conflict("What other pairs would cost is known only of a run with a full proof.", remedy=RUN_AGAIN)
    if (len(inputs["people"]) - len(inputs["places"])) * len(inputs["places"]) > MOST_PAIRS:
        raise Conflict("This run is too large to ask about single pairs.", remedy="Use the list and its reasons.")
    given, order = _as_it_was(session, cohort, run, inputs)
    return _put_together(session, run, cohort, given, order)


def _as_it_was(
    session: Session, cohort: Cohort, run: MatchingRun, inputs: dict[str, Any]
) -> tuple[reading.Candidates, "Order"]:
    """The run's people and settings, if nothing about them has changed."""
    from services.matching import fingerprints  # noqa: PLC0415 - NumPy and SciPy take a moment to load

    given, order = replay.as_it_was(session, cohort, run)
    if fingerprints.fingerprints(given, order)["parts"] != inputs["parts"]:
        raise Conflict("Somebody's answers have changed since this run.", remedy=RUN_AGAIN)
    return given, order


def _put_together(
    session: Session, run: MatchingRun, cohort: Cohort, given: reading.Candidates, order: "Order"
) -> SolvedRun:
    import numpy as np  # noqa: PLC0415

    from services.matching import solving  # noqa: PLC0415
    from services.matching.certificate import Certificate  # noqa: PLC0415
    from services.matching.explaining import Explainer  # noqa: PLC0415

    rows = {UUID(person.id): i for i, person in enumerate(given.mentees)}
    columns = {UUID(person.id): j for j, person in enumerate(given.mentors)}
    scores, allowed = solving.scorer_of(given, solving.scored(given, order)).block(slice(0, len(rows)))
    mentor_of = np.full(len(rows), -1, dtype=np.int32)
    found = select(RunPair.mentee_id, RunPair.mentor_id).where(RunPair.run_id == run.id)
    for mentee, mentor in session.exec(found):
        mentor_of[rows[mentee]] = -1 if mentor is None else columns[mentor]
    proof = run.certificate
    u, v = (np.array(proof[side], dtype=np.int64) for side in ("u", "v"))
    certificate = Certificate(u, v, proof["big"], proof.get("floor", 0), tuple(proof.get("load_costs", ())))
    pins = [(rows[b], columns[a]) for a, b in given.pins if a in columns and b in rows]
    places = np.array(given.places, dtype=np.int64)
    return SolvedRun(
        run_id=run.id,
        cohort_id=cohort.id,
        scheme_id=cohort.scheme_id,
        mentees=rows,
        mentors=columns,
        mentee_ids=tuple(rows),
        mentor_ids=tuple(columns),
        mentor_of=mentor_of,
        scores=scores,
        best=np.where(allowed, scores, 0).max(axis=1, initial=0),
        explainer=Explainer(scores, places, allowed, mentor_of, certificate, pins),
        pins=tuple(sorted(pins)),
    )
