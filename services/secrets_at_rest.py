"""Secrets that the database must keep and give back: encrypted with keys that are not in the database.

The keys come from MENTORING_SECRET_KEYS. On a laptop, where nobody sets them, one is made in the data folder.
"""

import base64
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.errors import NotAllowed
from services.settings import settings

SHORTEST_BYTES, FERNET_KEY = 32, 44
KEY_FILE = "secret.key"
MISSING = "MENTORING_SECRET_KEYS must hold a key: what encrypts second factors and what pairs write."
TOO_SHORT = f"Each key in MENTORING_SECRET_KEYS must have at least {SHORTEST_BYTES} bytes."


class UnusableKeysError(Exception):
    """The keys of this server are missing or too short: for whoever runs it, not for a reader."""


def encrypted(secret: str) -> str:
    """What may be stored of a secret; made with the first key. Raises UnusableKeysError."""
    return _keys().encrypt(secret.encode()).decode()


def decrypted(stored: str) -> str:
    """The secret again, by whichever key fits. Raises NotAllowed when none does, and UnusableKeysError."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken as unknown:
        raise NotAllowed(
            "This server no longer has the key that your authenticator app's secret was kept with.",
            remedy="Ask whoever runs it to put the old key back, or to reset your second factor.",
        ) from unknown


def wrong_keys() -> list[str]:
    """What is wrong with the keys that the settings give, a sentence for each; empty when all is well."""
    given = settings().secret_keys
    if not given:
        return [MISSING]
    return [TOO_SHORT] if any(len(key.encode()) < SHORTEST_BYTES for key in given) else []


def _keys() -> MultiFernet:
    current = settings()
    given = current.secret_keys
    if not given and not current.is_production:
        given = (_local_key(current.home / KEY_FILE),)
    elif wrong := wrong_keys():
        raise UnusableKeysError(" ".join(wrong))
    return _made_of(tuple(given))


@lru_cache(maxsize=4)  # to make them takes longer than to open a text with them
def _made_of(given: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_as_fernet_key(key)) for key in given])


def _as_fernet_key(given: str) -> bytes:
    """A Fernet key as it is; of any other text, a key that only this purpose has."""
    try:
        if len(given) == FERNET_KEY and len(base64.urlsafe_b64decode(given)) == SHORTEST_BYTES:
            return given.encode()
    except ValueError:
        pass
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mentoring secrets at rest").derive(given.encode())
    return base64.urlsafe_b64encode(derived)


def _local_key(path: Path) -> str:
    if not path.exists():
        _make_key(path)
    return path.read_text(encoding="ascii").strip()


def _make_key(path: Path) -> None:
    """Write a new key for the owner's eyes only. Of two processes at once, both end with the same whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # the other process was first
    finally:
        draft.unlink()
