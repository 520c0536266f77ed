"""What two people write for each other alone: sealed in the database with keys that are not in it (U-8, A-MR3).

No list, export, search, journal or error holds these words; whoever calls `opened` has asked whether the reader is half
of the pair.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, column, select, table, update

from services import secrets_at_rest
from services.errors import NotAllowed

# A sealed text begins with Fernet's version; what was written before sealing is a JSON object.
_UNSEALED = "{%"
_WAYS: Any = table("ways_of_working", column("id"), column("words"))


def sealed(words: Mapping[str, Any]) -> str:
    """What may be stored; nothing at all for no words."""
    return secrets_at_rest.encrypted(json.dumps(words, ensure_ascii=False)) if words else ""


def opened(stored: str) -> dict[str, Any]:
    """The words again. Raises NotAllowed when this server does not have the key."""
    if not stored:
        return {}
    try:
        words: dict[str, Any] = json.loads(secrets_at_rest.decrypted(stored))
    except NotAllowed as unknown:
        raise NotAllowed(
            "This server no longer has the key that your words were kept with.",
            remedy="Ask whoever runs it to put the old key back. Nothing is lost.",
        ) from unknown
    return words


def seal_old(connection: Connection) -> int:
    """Seal what pairs wrote before there was a seal; how many texts those were. Never commits."""
    found = connection.execute(select(_WAYS.c.id, _WAYS.c.words).where(_WAYS.c.words.like(_UNSEALED))).all()
    for row in found:
        kept = update(_WAYS).where(_WAYS.c.id == row.id).values(words=sealed(json.loads(row.words)))
        connection.execute(kept)
    return len(found)
