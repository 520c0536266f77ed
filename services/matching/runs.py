"""Matching runs: who should meet whom in a cohort, kept with what went in as a fingerprint, and with a proof."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlmodel import Session, col, select

from models.matching import MatchingRun, RunPair
from models.schemes import Cohort, Scheme
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid
from services.matching import missing, reading
from services.units import writes

if TYPE_CHECKING:
    from services.matching import solving


@dataclass(frozen=True)
class RunView:
    """A run's totals. `places` were free among the mentors who took part; `proved` says that nothing better exists.

    `left_out` says who could not take part, counted by reason.
    """

    id: UUID
    made_at: datetime
    inputs_sha256: str
    seed: int
    mentees: int
    places: int
    matched: int
    proved: bool
    text_method: str
    left_out: tuple[str, ...]

    @property
    def unmatched(self) -> int:
        return self.mentees - self.matched


def run(session: Session, actor: Actor, cohort_id: UUID, *, seed: int = 0, today: date) -> RunView:
    """Match everybody of the cohort who is ready and free, and keep the answer. Raises NotAllowed, Conflict, Invalid.

    The same inputs give the same answer and the same fingerprint. Solving holds no lock: only what was found is
    written under one. What changes meanwhile is caught when the proposals are drafted and sent.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    weights = dict(session.get_one(Scheme, cohort.scheme_id).criterion_weights)
    open_now = reading.availability(session, cohort, today)
    given = reading.candidates(session, cohort, open_now)
    if not given.mentees:
        raise Conflict(
            "There is no mentee to match: nobody is ready, or everybody who is has a proposal or a mentor.",
            remedy="Look at Enrolments to see what is missing.",
        )
    left_out = missing.sentences(session, cohort, open_now, today)
    solved = _solved(given, weights, seed=seed, today=today)
    return _keep(session, actor, cohort_id, solved, weights, seed, left_out)


def latest(session: Session, actor: Actor, cohort_id: UUID) -> RunView | None:
    """The newest run of the cohort, or None. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    of_cohort = _totals().where(MatchingRun.cohort_id == cohort_id)
    newest = session.exec(of_cohort.order_by(col(MatchingRun.created_at).desc()).limit(1)).first()
    return None if newest is None else _view(*newest)


def _solved(given: reading.Candidates, weights: dict[str, int], *, seed: int, today: date) -> "solving.Solved":
    # SciPy and scikit-learn take a second to load: only a run needs them.
    from services.matching import scoring, solving  # noqa: PLC0415

    try:
        return solving.solve(given, weights, seed=seed, today=today)
    except scoring.WeightsError as wrong:
        raise Invalid(
            "The scheme's weights for matching are not valid.", remedy="Correct them in the scheme's settings."
        ) from wrong


@writes
def _keep(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    solved: "solving.Solved",
    weights: dict[str, int],
    seed: int,
    left_out: tuple[str, ...],
) -> RunView:
    cohort: Cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    kept = MatchingRun(
        cohort_id=cohort.id,
        made_by_id=cast("UUID", actor.person_id),  # the desk itself coordinates nothing
        inputs_sha256=solved.inputs_sha256,
        weights=weights,
        seed=seed,
        mentees=solved.mentees,
        places=solved.places,
        matched=solved.matched,
        certificate={**solved.certificate, "left_out": list(left_out)},
        text_method=solved.text_method,
    )
    session.add(kept)
    session.flush()
    session.add_all(_row(kept.id, line) for line in solved.lines)
    figures: dict[str, Any] = {"mentees": solved.mentees, "places": solved.places, "matched": solved.matched}
    audit.record(session, actor, "matching.run", kept.id, inputs_sha256=solved.inputs_sha256, seed=seed, **figures)
    seen = _view(*session.exec(_totals().where(MatchingRun.id == kept.id)).one())
    session.commit()
    return seen


def _row(run_id: UUID, line: "solving.Line") -> RunPair:
    return RunPair(
        run_id=run_id,
        mentee_id=line.mentee_id,
        mentor_id=line.mentor_id,
        score=line.score,
        wish_rank=line.wish_rank,
        parts=list(line.parts),
        reason=line.note,
    )


def _totals() -> Any:
    """A run without its proof, which grows with the cohort and stays in the database."""
    proof = col(MatchingRun.certificate)
    columns: tuple[Any, ...] = (
        MatchingRun.id,
        MatchingRun.created_at,
        MatchingRun.inputs_sha256,
        MatchingRun.seed,
        MatchingRun.mentees,
        MatchingRun.places,
        MatchingRun.matched,
        proof["proved"].as_boolean(),
        MatchingRun.text_method,
        proof["left_out"].as_json(),
    )
    return select(*columns)


def _view(*facts: Any) -> RunView:
    totals = (*facts[:-1], tuple(facts[-1]))
    return RunView(*totals)
