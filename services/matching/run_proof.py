"""The certificate of a kept run as a file, which `mentoring match --verify` checks without this desk.

It holds ids, and no name or answer. Who may not meet whom is private, and no gap in it tells: a pair that scores more
than the prices allow is written down with the most that they allow, and every other pair with its score. The proof then
says even more: nothing would be better although every one of these pairs were possible.
"""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session

from services import access, audit
from services.access import Actor
from services.errors import Conflict
from services.matching import review_solved, runs
from services.matching.review_solved import SolvedRun
from services.units import writes

if TYPE_CHECKING:
    from models.matching import MatchingRun
    from services.matching.files_proof import Scores


def certificate(session: Session, actor: Actor, run_id: UUID) -> bytes:
    """The file, checked before it leaves. Raises NotAllowed, and Conflict for a run that can no longer be proved."""
    from services.matching import files_proof  # noqa: PLC0415 - brings NumPy and SciPy, which a screen does not need

    run, _ = runs.to_coordinate(session, actor, run_id)
    solved = review_solved.solved(session, actor, run_id)
    if len(solved.mentees) * len(solved.mentors) > files_proof.MOST_PAIRS:
        raise Conflict(
            "The certificate of so large a run would be too large a file.", remedy="Check the run here instead."
        )
    content = files_proof.as_bytes(_as_plain(run, solved))
    proof = files_proof.parsed(content)
    if wrong := files_proof.wrong_with(proof, proof.scores or ()):
        raise ArithmeticError(wrong)
    _remember(session, actor, run.cohort_id, run_id)
    return content


def _as_plain(run: "MatchingRun", solved: SolvedRun) -> dict[str, Any]:
    proof, inputs = run.certificate, run.inputs or {}
    answer = [None if mentor < 0 else mentor for mentor in solved.mentor_of.tolist()]
    return {
        "about": "Certificate of a matching run",
        "scheme": str(solved.scheme_id),
        "day": (run.as_of_on or run.created_at.date()).isoformat(),
        "seed": run.seed,
        "policy": run.policy or "total_first",
        "weights": dict(sorted(run.weights.items())),
        "texts": run.text_method,
        "inputs_sha256": run.inputs_sha256,
        "inputs": inputs["parts"],
        "mentees": [str(one) for one in solved.mentee_ids],
        "mentors": [str(one) for one in solved.mentor_ids],
        "places": [inputs["places"][str(one)] for one in solved.mentor_ids],
        "pins": [list(pair) for pair in solved.pins],
        "answer": answer,
        "matched": run.matched,
        **{key: proof[key] for key in ("total", "worst", "u", "v", "big")},
        "floor": proof.get("floor", 0),
        "load_costs": list(proof.get("load_costs", ())),
        "scores": _scores(proof, solved),
    }


def _scores(proof: dict[str, Any], solved: SolvedRun) -> "Scores":
    """The scores as the file has them, whichever pairs may be; None is less than no points at all."""
    import numpy as np  # noqa: PLC0415

    u, v = (np.array(proof[side], dtype=np.int64) for side in ("u", "v"))
    scores, most = solved.scores.astype(np.int64), u[:, None] + v - proof["big"]
    shown = np.where(scores < proof.get("floor", 0), scores, np.minimum(scores, most))
    pinned = [row for row, _ in solved.pins]
    shown[pinned] = scores[pinned]
    return tuple(tuple(None if score < 0 else score for score in row) for row in shown.tolist())


@writes
def _remember(session: Session, actor: Actor, cohort_id: UUID, run_id: UUID) -> None:
    access.cohort_to_coordinate(session, actor, cohort_id)
    audit.record(session, actor, "matching.certificate_taken", run_id)
    session.commit()
