"""What a run was given, as SHA-256: the same people, answers and settings give the same, in any order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from services.matching.profiles import Profile
from services.matching.reading import Candidates, Pair
from services.matching.scoring import Stored
from services.matching.texts import words
from services.matching.texts.likeness import digest


@dataclass(frozen=True)
class Order:
    """What a run is asked to do. `floor_first` lifts the worst pair before the total; `stored` are vectors of texts."""

    weights: Mapping[str, int]
    seed: int
    today: date
    floor_first: bool = False
    stored: Stored | None = None

    @property
    def policy(self) -> str:
        return "floor_first" if self.floor_first else "total_first"

    @property
    def text_method(self) -> str:
        return self.stored.method if self.stored else words.METHOD


def fingerprints(given: Candidates, order: Order) -> dict[str, Any]:
    """The SHA-256 of every kind of input as `parts`, and as `people` and `places` who took part. Order plays no role.

    Of a person only a short digest is kept, so that a replay can say whose answers changed and no answer is stored.
    """
    ids = {person.id for person in (*given.mentees, *given.mentors)}
    people = {person.id: sha256_of(_plain(person))[:12] for person in (*given.mentees, *given.mentors)}
    places = {mentor.id: count for mentor, count in zip(given.mentors, given.places, strict=True)}
    sides = [[person.id for person in side] for side in (given.mentees, given.mentors)]
    parts = {
        "weights": dict(order.weights),
        "seed": order.seed,
        "day": order.today.isoformat(),
        "policy": order.policy,
        "programme": [str(given.starts_on), str(given.ends_on)],
        "mentees": {one: people[one] for one in sides[0]},
        "mentors": {one: people[one] for one in sides[1]},
        "places": places,
        "barred": _among(given.barred, ids),
        "pins": _among(given.pins, ids),
        "forbidden": _among(given.forbidden, ids),
        "texts": [order.text_method, _vectors_used(given, order)],
    }
    return {"parts": {name: sha256_of(part) for name, part in parts.items()}, "people": people, "places": places}


def _vectors_used(given: Candidates, order: Order) -> str:
    if order.stored is None:
        return ""
    used = sorted({digest(person.text) for person in (*given.mentees, *given.mentors)} & order.stored.vectors.keys())
    total = sha256()
    for key in used:
        total.update(key.encode() + order.stored.vectors[key])
    return total.hexdigest()


def _among(pairs: "frozenset[Pair] | tuple[Pair, ...]", ids: set[str]) -> list[list[str]]:
    return sorted([str(a), str(b)] for a, b in pairs if str(a) in ids and str(b) in ids)


def sha256_of(plain: Any) -> str:
    return sha256(json.dumps(plain, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _plain(person: Profile) -> dict[str, Any]:
    facts = dict(vars(person))
    facts["waiting_since"] = person.waiting_since.isoformat() if person.waiting_since else None
    if not person.situations:
        del facts["situations"]  # asked later than the rest: a run from before is still told as it was
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in facts.items()}
