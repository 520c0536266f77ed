"""An encoder's vectors in the database: made before a run and read by it, so that the same run stays the same.

Only a text's digest and its vector are kept. A vector is no text, but it was made of one: `forget_unused` removes those
whose text is nobody's any more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment
from models.matching import TextVector
from services.matching.texts import words
from services.units import writes

ASKED_AT_ONCE = 500


def digest_of(texts: Iterable[str]) -> dict[str, str]:
    """The texts that say something, by digest."""
    from services.matching.texts.likeness import digest  # noqa: PLC0415 - brings NumPy, which a screen does not need

    return {digest(text): text for text in texts if words.terms(text)}


def prepare(
    session: Session, texts: Iterable[str], progress: Callable[[int, int], None] = lambda done, steps: None
) -> None:
    """See to it that every text has a vector. Encoding holds no lock; each batch is then written at once.

    `progress` hears how many of how many new texts are done. Raises LookupError if the encoder is missing.
    """
    from services.matching.texts import encoder  # noqa: PLC0415

    wanted = digest_of(texts)
    known = load(session, encoder.METHOD, wanted)
    missing = sorted(wanted.keys() - known.keys())
    for start in range(0, len(missing), ASKED_AT_ONCE):
        batch = missing[start : start + ASKED_AT_ONCE]
        rows = encoder.encode([wanted[key] for key in batch], partial(_tell, progress, start, len(missing)))
        _keep(session, encoder.METHOD, {key: row.tobytes() for key, row in zip(batch, rows, strict=True)})


def load(session: Session, method: str, digests: Iterable[str]) -> dict[str, bytes]:
    """The stored vectors of these digests."""
    keys, found = sorted(digests), dict[str, bytes]()
    for start in range(0, len(keys), ASKED_AT_ONCE):
        statement = select(TextVector.text_sha256, TextVector.vector).where(
            TextVector.method == method, col(TextVector.text_sha256).in_(keys[start : start + ASKED_AT_ONCE])
        )
        found.update(session.exec(statement).all())
    return found


def _tell(progress: Callable[[int, int], None], before: int, steps: int, done: int) -> None:
    progress(before + done, steps)


@writes
def sweep(session: Session, now: datetime) -> int:
    """Remove the vectors of texts that nobody's form holds any more; answers how many. A recurring job's work."""
    gone = forget_unused(session)
    session.commit()
    return gone


def forget_unused(session: Session) -> int:
    """Removes the vectors of texts that nobody's form holds any more; never commits. Answers how many."""
    kept = frozenset(session.exec(select(TextVector.text_sha256)))
    if not kept:
        return 0
    texts = session.exec(select(Enrolment.goals, Enrolment.summary))
    unused = sorted(kept - digest_of(text for pair in texts for text in pair if text).keys())
    for start in range(0, len(unused), ASKED_AT_ONCE):
        some = unused[start : start + ASKED_AT_ONCE]
        session.execute(delete(TextVector).where(col(TextVector.text_sha256).in_(some)))
    return len(unused)


@writes
def _keep(session: Session, method: str, vectors: Mapping[str, bytes]) -> None:
    # Two coordinators may meet the same new text at once: whoever is second has nothing left to add.
    dialect = session.connection().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    rows: Sequence[dict[str, Any]] = [
        {"id": uuid4(), "created_at": utc_now(), "text_sha256": key, "method": method, "vector": vector}
        for key, vector in vectors.items()
    ]
    if rows:
        session.execute(insert(TextVector).on_conflict_do_nothing(), rows)
    session.commit()
