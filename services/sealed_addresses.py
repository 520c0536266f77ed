"""Addresses that are not yet, or no longer, anybody's sign-in address: kept sealed, and only as long as a letter needs.

A letter goes to its reader's own address, read when it leaves. Two letters about a correction cannot: one is for an
address that does not count yet, one for an address that may no longer count by then. Its sealed address stands in the
letter's body behind a mark with the letter's own random id, is taken out before the letter leaves, and goes for good
once the letter has left. The link in the first letter carries the same, sealed again: no table keeps it.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.columns import utc_now
from services import secrets_at_rest
from services.errors import NotAllowed
from services.settings import settings

PATH = "/address"
LINK_HOURS = 72.0
LONGEST = 2000
_MARK = re.compile(r"\[\[to:([0-9a-f]{32}):([A-Za-z0-9_=-]+)\]\]\s*\Z")


@dataclass(frozen=True)
class Wish:
    """What a link asks for: this person's address becomes `email`, as the request of this id said."""

    request_id: UUID
    person_id: UUID
    email: str


def mark(message_id: UUID, email: str) -> str:
    """What stands at the end of a letter's body when it goes to this address."""
    return f"[[to:{message_id.hex}:{secrets_at_rest.encrypted(email)}]]"


def without_mark(message_id: UUID, body: str) -> tuple[str, str | None]:
    """The body as it is read, and the address behind its mark, None where there is none. Raises NotAllowed.

    Only a mark with the letter's own id counts: nobody knew it when they wrote what else the body holds.
    """
    found = _MARK.search(body)
    if found is None or found[1] != message_id.hex:
        return body, None
    return body[: found.start()], secrets_at_rest.decrypted(found[2])


def forgotten(body: str | None) -> str | None:
    """The body of a letter that has left."""
    return _MARK.sub("", body) if body else body


def link(request_id: UUID, person_id: UUID, email: str) -> str:
    """The address of ours that confirms, for three days from now."""
    until = utc_now() + timedelta(hours=LINK_HOURS)
    facts = {
        "for": PATH,
        "request": request_id.hex,
        "person": person_id.hex,
        "email": email,
        "until": until.isoformat(),
    }
    return f"{settings().url.rstrip('/')}{PATH}/{secrets_at_rest.encrypted(json.dumps(facts))}"


def opened(token: str) -> Wish:
    """What the token of a link says. Raises NotAllowed when it is forged or too old."""
    try:
        facts = json.loads(secrets_at_rest.decrypted(token)) if len(token) <= LONGEST else {}
    except (NotAllowed, ValueError):
        facts = {}
    if not isinstance(facts, dict) or facts.get("for") != PATH:
        raise NotAllowed("We do not know this link.", remedy="Open it again from the newest email that we sent you.")
    if datetime.fromisoformat(facts["until"]) <= utc_now():
        raise NotAllowed("This link has run out.", remedy="Ask whoever runs your scheme for a new one.")
    return Wish(UUID(facts["request"]), UUID(facts["person"]), facts["email"])
