"""Which way texts are compared: by meaning where the encoder is installed, else by the words they share."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlmodel import Session

from services.matching.texts import vectors, words

if TYPE_CHECKING:
    from services.matching.scoring import Stored

IN_WORDS = {
    words.METHOD: "Goals and work histories were compared by the words they share. A text in English and one in "
    "Chinese then have little in common.",
}
BY_MEANING = "Goals and work histories were compared by what they mean, in any language."


def stored_for(
    session: Session, texts: Iterable[str], progress: Callable[[int, int], None] = lambda done, steps: None
) -> "Stored | None":
    """The vectors of these texts, made and kept now where they are new; None where words are compared instead."""
    from services.matching.scoring import Stored  # noqa: PLC0415 - brings NumPy, which a screen does not need
    from services.matching.texts import encoder  # noqa: PLC0415

    wanted = list(texts)
    if encoder.missing_because() is not None:
        return None
    vectors.prepare(session, wanted, progress)
    return Stored(encoder.METHOD, vectors.load(session, encoder.METHOD, vectors.digest_of(wanted)))


def again(session: Session, method: str, texts: Iterable[str]) -> "Stored | None":
    """The vectors that are stored for these texts under a method of the past; None for words. Nothing new is made."""
    from services.matching.scoring import Stored  # noqa: PLC0415

    if method == words.METHOD:
        return None
    return Stored(method, vectors.load(session, method, vectors.digest_of(texts)))


def in_words(method: str) -> str:
    """What a screen says about the method that a run used."""
    return IN_WORDS.get(method, BY_MEANING)


def in_short(method: str) -> str:
    """The same in a few words, beside other facts."""
    return "goals compared by shared words" if method in IN_WORDS else "goals compared by meaning"
