"""Vectors of texts are made once, kept without the text, read as input of a run, and forgotten with the text."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from models.matching import TextVector
from services.matching import runs
from services.matching.texts import choosing, encoder, vectors, words
from services.matching.texts.likeness import digest
from tests.factories import make_cohort
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor

NOW = datetime(2026, 11, 22, tzinfo=UTC)
needs_encoder = pytest.mark.skipif(encoder.missing_because() is not None, reason="the encoder extra is missing")


@needs_encoder
def test_a_text_is_encoded_once_however_often_it_is_read(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors.prepare(session, ["To work on grids.", "To paint.", "🙂", ""])
    first = vectors.load(session, encoder.METHOD, [digest("To paint.")])
    monkeypatch.setattr(encoder, "encode", lambda *_: pytest.fail("It was known already."))

    stored = choosing.stored_for(session, ["To paint.", "To work on grids.", "\u200b"])

    assert stored is not None
    assert stored.vectors.keys() == {digest("To paint."), digest("To work on grids.")}
    assert stored.vectors[digest("To paint.")] == first[digest("To paint.")]
    assert {len(vector) for vector in stored.vectors.values()} == {encoder.COMPONENTS}


def test_without_the_model_words_are_compared_and_the_run_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "missing_because", lambda: "the language model is not installed")
    cohort = make_cohort(session)
    mentor(session, cohort)
    mentee(session, cohort, goals="To paint.")

    seen = runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert seen.text_method == words.METHOD
    assert seen.text_in_words.startswith("Goals and work histories were compared by the words they share.")
    assert session.exec(select(TextVector)).all() == []


@pytest.mark.parametrize("method", [encoder.METHOD, "another-encoder"])
def test_a_vector_is_forgotten_with_its_text(session: Session, method: str) -> None:
    cohort = make_cohort(session)
    mentee(session, cohort, goals="To paint.")
    for text in ("To paint.", "To dance."):
        session.add(TextVector(text_sha256=digest(text), method=method, vector=b"\x01" * 512))
    session.flush()

    gone = vectors.sweep(session, NOW)

    assert (gone, vectors.sweep(session, NOW)) == (1, 0)
    assert session.exec(select(TextVector.text_sha256)).all() == [digest("To paint.")]
