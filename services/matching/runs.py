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
from services.matching import reading
from services.units import writes

if TYPE_CHECKING:
    from services.matching import solving


@dataclass(frozen=True)
class RunView:
    """A run's totals. `places` were free among the mentors who took part; `proved` says that nothing better exists."""

    id: UUID
    made_at: datetime
    inputs_sha256: str
    seed: int
    mentees: int
    places: int
    matched: int
    proved: bool
    text_method: str

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
    given = reading.candidates(session, cohort, reading.availability(session, cohort, today))
    if not given.mentees:
        raise Conflict(
            "There is no mentee to match: nobody is ready, or everybody who is has a proposal or a mentor.",
            remedy="Look at Enrolments to see what is missing.",
        )
    solved = _solved(given, weights, seed=seed, today=today)
    return _keep(session, actor, cohort_id, solved, weights, seed)


def latest(session: Session, actor: Actor, cohort_id: UUID) -> RunView | None:
    """The newest run of the cohort, or None. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    statement = (
        select(MatchingRun).where(MatchingRun.cohort_id == cohort_id).order_by(col(MatchingRun.created_at).desc())
    )
    found = session.exec(statement.limit(1)).first()
    return None if found is None else _view(found)


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
    session: Session, actor: Actor, cohort_id: UUID, solved: "solving.Solved", weights: dict[str, int], seed: int
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
        certificate=solved.certificate,
        text_method=solved.text_method,
    )
    session.add(kept)
    session.flush()
    session.add_all(_row(kept.id, line) for line in solved.lines)
    figures: dict[str, Any] = {"mentees": solved.mentees, "places": solved.places, "matched": solved.matched}
    audit.record(session, actor, "matching.run", kept.id, inputs_sha256=solved.inputs_sha256, seed=seed, **figures)
    session.commit()
    return _view(kept)


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


def _view(row: MatchingRun) -> RunView:
    return RunView(
        id=row.id,
        made_at=row.created_at,
        inputs_sha256=row.inputs_sha256,
        seed=row.seed,
        mentees=row.mentees,
        places=row.places,
        matched=row.matched,
        proved=bool(row.certificate.get("proved")),
        text_method=row.text_method,
    )
