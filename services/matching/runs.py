"""Matching runs: who should meet whom in a cohort, kept with what went in as a fingerprint, and with a proof."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.database import look_anew
from models.matching import MatchingRun, RunPair
from models.schemes import Cohort, Scheme
from services import access, audit
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.matching import missing, pins, reading
from services.matching.texts import choosing
from services.units import writes

if TYPE_CHECKING:
    from services.matching import solving

Progress = Callable[[str, float], None]
BeforeKeeping = Callable[[UUID], None]
# Of a preview so many changes can be read by name.
MOST_MOVES = 20


@dataclass(frozen=True)
class RunView:
    """A run's totals. `places` were free among the mentors who took part; `proved` says that nothing better exists.

    `made_at` is when it read who takes part. `left_out` says who could not, counted by reason. `total` adds up the
    scores in thousandths, `worst` is the lowest of them. `policy` is "total_first" or "floor_first".
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
    policy: str
    took_ms: int | None
    total: int | None
    worst: int | None
    weights: Mapping[str, int]
    left_out: tuple[str, ...]
    made_by_id: UUID | None = None

    @property
    def unmatched(self) -> int:
        return self.mentees - self.matched

    @property
    def text_in_words(self) -> str:
        """How texts were compared, as a sentence for the screen."""
        return choosing.in_words(self.text_method)


Move = tuple[UUID, UUID | None, UUID | None]  # a mentee, with the mentor in the run and the one instead; enrolments


@dataclass(frozen=True)
class Preview:
    """What a run would say with other settings, beside the newest one; nothing is kept.

    `changed` counts the mentees who would have another mentor, or one more or less, of `mentees` in all, of whom
    `matched_before` have a mentor in the newest run. `settled` were in that run and would not be asked again. Two
    previews of the same pairs have the same `pairs`, a digest that names nobody. `moves` are some of the changed:
    whoever would have nobody any more first, then whoever would have a first mentor.
    """

    mentees: int
    matched: int
    total: int
    worst: int | None
    changed: int
    matched_before: int = 0
    settled: int = 0
    pairs: str = ""
    moves: tuple[Move, ...] = ()


def run(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    seed: int = 0,
    today: date,
    floor_first: bool = False,
    progress: Progress | None = None,
    before_keeping: BeforeKeeping | None = None,
) -> RunView:
    """Match everybody of the cohort who is ready and free, and keep the answer. Raises NotAllowed, Conflict, Invalid.

    The same inputs give the same answer and the same fingerprint. Solving holds no lock: only what was found is
    written under one. What changes meanwhile is caught when the proposals are drafted and sent. `progress(stage,
    share)` is called often, and `before_keeping(run_id)` in the unit of work that keeps the answer: what either raises
    ends the run, and nothing is kept.
    """
    began, watch = time.monotonic(), progress or (lambda stage, share: None)
    # A run is as old as what it reads: what somebody decides while it works is newer than it.
    look_anew(session)
    as_of = utc_now()
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    weights = dict(session.get_one(Scheme, cohort.scheme_id).criterion_weights)
    open_now = reading.availability(session, cohort, today)
    watch("Reading who takes part", 0.3)
    given = _candidates(session, cohort, open_now)
    watch("Reading who takes part", 0.8)
    left_out = missing.sentences(session, cohort, open_now, today)
    solved = _solved(session, given, weights, seed=seed, today=today, floor_first=floor_first, progress=progress)
    took_ms = round((time.monotonic() - began) * 1000)
    watch("Keeping the answer", 0.0)
    return _keep(session, actor, cohort_id, solved, weights, seed, today, as_of, took_ms, left_out, before_keeping)


def preview(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    weights: Mapping[str, int],
    seed: int = 0,
    today: date,
    floor_first: bool = False,
    beside: UUID | None = None,
) -> Preview:
    """What other weights or another policy would give now, beside the run `beside`. Raises as `run` does.

    Only vectors of texts that were never seen are kept. 0.2 to 0.5 seconds for 1,000 mentees and 600 mentors.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    given = _candidates(session, cohort, reading.availability(session, cohort, today))
    solved = _solved(session, given, dict(weights), seed=seed, today=today, floor_first=floor_first, progress=None)
    before = _mentor_of(session, actor, beside) if beside else {}
    after = {line.mentee_id: line.mentor_id for line in solved.lines}
    moved = [(mentee, was, now) for mentee, now in after.items() if (was := before.get(mentee)) != now]
    return Preview(
        solved.mentees,
        solved.matched,
        solved.certificate["total"],
        solved.certificate["worst"],
        len(moved),
        matched_before=sum(before.get(mentee) is not None for mentee in after),
        settled=len(before.keys() - after.keys()),
        pairs=sha256("".join(f"{one}{after[one]}" for one in sorted(after)).encode()).hexdigest(),
        moves=tuple(nsmallest(MOST_MOVES, moved, key=_hardest_first)),
    )


def _hardest_first(move: Move) -> tuple[bool, bool, UUID]:
    mentee, was, now = move
    return now is not None, was is not None, mentee


def latest(session: Session, actor: Actor, cohort_id: UUID) -> RunView | None:
    """The newest run of the cohort, or None. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    of_cohort = _totals().where(MatchingRun.cohort_id == cohort_id)
    newest = session.exec(of_cohort.order_by(col(MatchingRun.created_at).desc()).limit(1)).first()
    return None if newest is None else _view(*newest)


def one(session: Session, actor: Actor, run_id: UUID) -> RunView:
    """A run's totals. Raises NotAllowed."""
    allowed = select(MatchingRun.id).join(Cohort, col(Cohort.id) == col(MatchingRun.cohort_id))
    allowed = allowed.where(MatchingRun.id == run_id, col(Cohort.scheme_id).in_(actor.coordinates))
    found = session.exec(_totals().where(col(MatchingRun.id).in_(allowed))).first()
    if found is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    return _view(*found)


def of_cohort(session: Session, actor: Actor, cohort_id: UUID, *, most: int = 50) -> tuple[RunView, ...]:
    """The newest runs of the cohort, to compare. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    found = _totals().where(MatchingRun.cohort_id == cohort_id).order_by(col(MatchingRun.created_at).desc())
    return tuple(_view(*row) for row in session.exec(found.limit(most)))


def to_coordinate(session: Session, actor: Actor, run_id: UUID) -> tuple[MatchingRun, Cohort]:
    """A run of a scheme that the actor coordinates, and its cohort. Raises NotAllowed."""
    found = session.get(MatchingRun, run_id)
    cohort = session.get(Cohort, found.cohort_id) if found else None
    if found is None or cohort is None or cohort.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    return found, cohort


def _mentor_of(session: Session, actor: Actor, run_id: UUID) -> dict[UUID, UUID | None]:
    to_coordinate(session, actor, run_id)
    return dict(session.exec(select(RunPair.mentee_id, RunPair.mentor_id).where(RunPair.run_id == run_id)).all())


def _candidates(session: Session, cohort: Cohort, open_now: reading.Availability) -> reading.Candidates:
    given = reading.candidates(session, cohort, open_now)
    if not given.mentees:
        raise Conflict(
            "There is no mentee to match: nobody is ready, or everybody who is has a proposal or a mentor.",
            remedy="Look at Enrolments to see what is missing.",
        )
    pins.check(session, open_now, given.pins, given.forbidden)
    return given


def _solved(
    session: Session,
    given: reading.Candidates,
    weights: dict[str, int],
    *,
    seed: int,
    today: date,
    floor_first: bool,
    progress: Progress | None,
) -> "solving.Solved":
    # NumPy, SciPy and OR-tools take a second to load: only a run needs them.
    from services.matching import assignment, fingerprints, scoring, solving  # noqa: PLC0415

    def read(done: int, steps: int) -> None:
        if progress:
            progress("Reading goals and work histories", done / max(1, steps))

    stored = None
    if weights.get("goals"):
        texts = [person.text for person in (*given.mentees, *given.mentors)]
        stored = choosing.stored_for(session, texts, read)
    order = fingerprints.Order(weights, seed, today, floor_first, stored)
    try:
        return solving.solve(given, order, progress)
    except scoring.WeightsError as wrong:
        raise Invalid(
            "The scheme's weights for matching are not valid.", remedy="Correct them in the scheme's settings."
        ) from wrong
    except assignment.ImpossiblePinError as wrong:
        raise pins.too_many(session, wrong.mentees, wrong.mentors) from wrong


@writes
def _keep(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    solved: "solving.Solved",
    weights: dict[str, int],
    seed: int,
    today: date,
    as_of: datetime,
    took_ms: int,
    left_out: tuple[str, ...],
    before_keeping: BeforeKeeping | None,
) -> RunView:
    cohort: Cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    kept = MatchingRun(
        created_at=as_of,
        cohort_id=cohort.id,
        made_by_id=cast("UUID", actor.person_id),  # the desk itself coordinates nothing
        inputs_sha256=solved.inputs_sha256,
        inputs=solved.inputs,
        weights=weights,
        seed=seed,
        as_of_on=today,
        policy=solved.policy,
        mentees=solved.mentees,
        places=solved.places,
        matched=solved.matched,
        certificate={**solved.certificate, "left_out": list(left_out)},
        text_method=solved.text_method,
        took_ms=took_ms,
    )
    session.add(kept)
    session.flush()
    if before_keeping:
        before_keeping(kept.id)
    session.execute(insert(RunPair), [_row(kept.id, line) for line in solved.lines])
    figures: dict[str, Any] = {"mentees": solved.mentees, "places": solved.places, "matched": solved.matched}
    audit.record(session, actor, "matching.run", kept.id, inputs_sha256=solved.inputs_sha256, seed=seed, **figures)
    seen = _view(*session.exec(_totals().where(MatchingRun.id == kept.id)).one())
    session.commit()
    return seen


def _row(run_id: UUID, line: "solving.Line") -> dict[str, Any]:
    return {
        "id": uuid4(),
        "created_at": utc_now(),
        "run_id": run_id,
        "mentee_id": line.mentee_id,
        "mentor_id": line.mentor_id,
        "score": line.score,
        "possible": line.possible,
        "wish_rank": line.wish_rank,
        "parts": list(line.parts),
        "reason": line.note,
        "one_more_with_id": line.one_more_with,
    }


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
        MatchingRun.policy,
        MatchingRun.took_ms,
        proof["total"].as_integer(),
        proof["worst"].as_integer(),
        MatchingRun.weights,
        proof["left_out"].as_json(),
        MatchingRun.made_by_id,
    )
    return select(*columns)


def _view(*facts: Any) -> RunView:
    before, (policy, took_ms, total, worst, weights, left_out, by) = facts[:9], facts[9:]
    totals = (*before, policy or "total_first", took_ms, total, worst, weights, tuple(left_out), by)
    return RunView(*totals)
