"""`mentoring verify`: whether a signed copy is genuine, or whether everything that was signed is still whole."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services import storage


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A PDF to verify; without one, every text and signature is gone through.")
    ] = None,
) -> None:
    """Say whether a signed copy is genuine, or whether everything that was signed still is. Ends with 1 if not."""
    if file is None:
        _everything()
    else:
        _one(file)


def _one(file: Path) -> None:
    from services import verification

    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= verification.MOST_FILE_BYTES else b""
    except OSError as trouble:
        _stop(f"The file cannot be read: {trouble.strerror}.")
        return
    if size > verification.MOST_FILE_BYTES:
        _stop("False. The file is larger than any paper that we make.")
    with storage.reading() as session:
        verdict = verification.of_file(session, content)
    if not verdict.holds:
        _stop(f"False. {verdict.sentence} {verdict.remedy}{f' ({verdict.row})' if verdict.row else ''}")
    _console().print(f"True. {verdict.sentence}")
    for label, value in verdict.facts:
        _console().print(f"  {label}: {value}", soft_wrap=True)


def _everything() -> None:
    from services import verification

    with storage.reading() as session:
        changed = list(verification.misfits(session))
    if changed:
        _stop("\n".join(changed))
    _console().print("Everything that was signed is still what it was.")


def _console() -> Console:
    return Console(highlight=False, markup=False)


def _stop(sentence: str) -> None:
    Console(stderr=True, highlight=False, markup=False).print(sentence, soft_wrap=True)
    raise typer.Exit(1)
