"""From candidates to a proved answer in plain values: scores, assignment, reasons. No database in here."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np

from services.matching import certificate, criteria
from services.matching.assignment import Assignment, assign
from services.matching.criteria import Profile
from services.matching.reading import Candidates
from services.matching.scoring import FULL, Scores, score
from services.matching.shortage import Shortage, Unmatched
from services.matching.text import METHOD


@dataclass(frozen=True)
class Line:
    """One mentee with a mentor, or with nobody. `score` is from 0 to 1; `note` says why nobody, or what to look at.

    `parts` add up to the score's thousandths; those marked strong come first and are its best reasons.
    """

    mentee_id: UUID
    mentor_id: UUID | None = None
    score: float = 0.0
    wish_rank: int | None = None
    parts: tuple[dict[str, Any], ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Solved:
    """An answer with its proof. `places` counts the free ones among the mentors who took part."""

    inputs_sha256: str
    lines: tuple[Line, ...]
    mentees: int
    places: int
    matched: int
    certificate: dict[str, Any]
    text_method: str = METHOD


def solve(given: Candidates, weights: Mapping[str, int], *, seed: int, today: date) -> Solved:
    """The best assignment of these candidates; the same for the same input, whatever the order of rows."""
    scores = score(given.mentees, given.mentors, weights, today=today)
    capacities, allowed = np.array(given.places, dtype=np.int32), _allowed(given)
    ids = [person.id for person in given.mentees], [person.id for person in given.mentors]
    answer = assign(scores.matrix, capacities, allowed, seed=seed, mentee_ids=ids[0], mentor_ids=ids[1])
    proved = certificate.verify(scores.matrix, capacities, allowed, answer.mentor_of, answer.certificate)
    return Solved(
        inputs_sha256=fingerprint(given, weights, seed=seed, today=today),
        lines=_lines(given, scores, answer),
        mentees=len(given.mentees),
        places=sum(given.places),
        matched=answer.objective.matched,
        certificate=_as_plain(answer, ids, proved=proved),
    )


def fingerprint(given: Candidates, weights: Mapping[str, int], *, seed: int, today: date) -> str:
    """SHA-256 of everything that the answer depends on."""
    people = {person.id for person in (*given.mentees, *given.mentors)}
    inputs = {
        "mentees": [_plain(person) for person in given.mentees],
        "mentors": [_plain(person) for person in given.mentors],
        "places": given.places,
        "barred": sorted([str(a), str(b)] for a, b in given.barred if str(a) in people and str(b) in people),
        "weights": dict(weights),
        "seed": seed,
        "today": today.isoformat(),
        "text": METHOD,
    }
    return sha256(json.dumps(inputs, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _plain(person: Profile) -> dict[str, Any]:
    facts = asdict(person)
    facts["waiting_since"] = person.waiting_since.isoformat() if person.waiting_since else None
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in facts.items()}


def _allowed(given: Candidates) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    allowed = np.ones((len(given.mentees), len(given.mentors)), dtype=np.bool_)
    row = {UUID(person.id): i for i, person in enumerate(given.mentees)}
    column = {UUID(person.id): j for j, person in enumerate(given.mentors)}
    for mentor, mentee in given.barred:
        if mentee in row and mentor in column:
            allowed[row[mentee], column[mentor]] = False
    return allowed


def _lines(given: Candidates, scores: Scores, answer: Assignment) -> tuple[Line, ...]:
    left_out = {missing.mentee: missing for missing in answer.unmatched}
    return tuple(
        Line(UUID(mentee.id), note=_why_nobody(left_out[i], given))
        if i in left_out
        else _paired(given, scores, i, int(answer.mentor_of[i]))
        for i, mentee in enumerate(given.mentees)
    )


def _paired(given: Candidates, scores: Scores, i: int, j: int) -> Line:
    mentee, mentor = given.mentees[i], given.mentors[j]
    return Line(
        mentee_id=UUID(mentee.id),
        mentor_id=UUID(mentor.id),
        score=int(scores.matrix[i, j]) / FULL,
        wish_rank=criteria.wish_rank(mentor, mentee),
        parts=_parts(scores, i, j),
        note=_to_look_at(mentor, mentee),
    )


def _parts(scores: Scores, i: int, j: int) -> tuple[dict[str, Any], ...]:
    """What the score is made of, the strongest reasons first and marked."""
    strong = scores.reasons(i, j)
    parts = [
        {
            "criterion": part.key,
            "label": part.label,
            "points": part.points,
            "sentence": part.sentence,
            "strong": part.sentence in strong,
        }
        for part in scores.parts(i, j)
    ]
    return tuple(sorted(parts, key=lambda part: strong.index(str(part["sentence"])) if part["strong"] else len(strong)))


def _to_look_at(mentor: Profile, mentee: Profile) -> str | None:
    """What a coordinator should look at twice before proposing these two."""
    notes = ["Same organisation"] if criteria.same_organisation(mentor, mentee) else []
    shared = sorted(mentor.channels & mentee.channels)
    if mentor.channels and mentee.channels and len(shared) < 2:
        notes.append(f"Only one shared channel: {shared[0]}" if shared else "No shared channel")
    return " · ".join(notes) or None


def _why_nobody(missing: Unmatched, given: Candidates) -> str:
    """An honest reason that never tells a private conflict from anything else."""
    if not given.mentors:
        return "No mentor is ready with a free place."
    if missing.because is Shortage.NOBODY_ALLOWED:
        return "None of the mentors with a free place is available."
    mentors, places = len(missing.mentors), missing.places
    return (
        f"All places are taken: {len(missing.mentees)} mentees share {places} {'place' if places == 1 else 'places'} "
        f"with the {'one mentor' if mentors == 1 else f'{mentors} mentors'} available to them."
    )


def _as_plain(answer: Assignment, ids: tuple[list[str], list[str]], *, proved: bool) -> dict[str, Any]:
    """The certificate as JSON, with the ids that its prices belong to."""
    proof, reached = answer.certificate, answer.objective
    return {
        "mentees": ids[0],
        "mentors": ids[1],
        "u": proof.u.tolist(),
        "v": proof.v.tolist(),
        "big": proof.big,
        "total": reached.total,
        "worst": reached.worst,
        "proved": proved,
    }
