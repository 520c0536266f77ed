"""Why something is asked: the clause of the scheme's document in force that asks for it, in the scheme's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from models.agreements import Clause, SchemeDocument
from models.schemes import Scheme
from services import signatures
from services.access import Actor
from services.texts import Reading

# What the software asks, and the clauses that ask it, of whichever scheme; the first that is in force is told.
TOPICS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "capacity": ("U-C5.3", "A-SH4"),
        "conflicts": ("A-SH2", "U-C4.5", "B-5"),
        "consents": ("U-2", "B-6", "A-ME1"),
        "directory": ("U-1",),
        "feedback": ("U-6", "A-SH6", "B-7"),
        "record": ("A-SH6", "U-5", "B-7"),
        "rhythm": ("U-C6.2", "A-ME2", "B-3"),
        "signature": ("U-9", "U-C4.1"),
        "training": ("U-3", "U-C5.1"),
        "ways_of_working": ("U-C4.4", "A-MR3", "B-4"),
        "wishes": ("UM-1", "U-1"),
    }
)


@dataclass(frozen=True)
class Reason:
    """One clause as it is published: its ID, its heading, its words, and the text that it stands in."""

    clause: str
    heading: str
    text: str
    document: str


def reason(session: Session, actor: Actor, *clauses: str) -> Reason | None:
    """The first of these clauses that a document in force of the actor's scheme has; None for none. One query."""
    if actor.place.scheme_id is None:
        return None
    found = session.execute(_clauses(), {"scheme_id": actor.place.scheme_id, "keys": list(clauses)})
    by_key = {row.key: row for row in found}
    row = next((by_key[key] for key in clauses if key in by_key), None)
    return None if row is None else Reason(row.key, row.heading, row.text, row.title)


def of_signature(reading: Reading) -> tuple[str, ...]:
    """The clauses of this very text that ask for a signature under it; none in most texts, whoever signs them."""
    own = {clause.id for section in reading.sections for clause in section.clauses}
    return tuple(clause for clause in TOPICS["signature"] if clause in own)


@cache  # asked beside every gate: building it costs more than asking
def _clauses() -> Any:
    return (
        select(col(Clause.key), col(Clause.heading), col(Clause.text), col(SchemeDocument.title))
        .join(SchemeDocument, col(SchemeDocument.id) == col(Clause.document_id))
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .where(
            col(Scheme.id) == bindparam("scheme_id"),
            col(Clause.key).in_(bindparam("keys", expanding=True)),
            signatures.in_force(),
        )
    )
