"""Finds a planted secret in raw bytes, however it is spelled, escaped or encoded there."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes

# A telephone without its country's prefix is the same telephone.
NATIONAL_DIGITS = 9


def found_in(raw: bytes, secrets: Mapping[str, str]) -> frozenset[str]:
    """The names of the secrets that these bytes hold."""
    places = list(_readings(raw))
    return frozenset(name for name, secret in secrets.items() if _is_in(places, secret))


def _is_in(places: list[bytes], secret: str) -> bool:
    number = re.sub(r"\D", "", secret)
    forms = spellings(secret)
    if len(number) >= NATIONAL_DIGITS:
        forms.add(number[-NATIONAL_DIGITS:].encode())
    return any(form in place for form in forms for place in places)


def spellings(secret: str) -> set[bytes]:
    """A secret as text, squeezed, and in the encodings in which text travels; all in small letters but base64."""
    texts = {secret.casefold(), secret.casefold().replace(" ", "")}
    forms = {text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    forms |= {json.dumps(text).strip('"').encode() for text in texts}
    forms |= {quote(text, safe="").lower().encode() for text in texts}
    forms |= {text.encode().hex().encode() for text in texts}
    return forms | {core for text in (secret, secret.casefold()) for core in _in_base64(text)}


def _in_base64(text: str) -> Iterable[bytes]:
    """What base64 makes of it at each of its three alignments, without the ends that depend on the neighbours."""
    for encoding in ("utf-8", "utf-16-le"):
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + text.encode(encoding))
            core = encoded[4 if before else 0 : -4]
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))


def _readings(raw: bytes) -> Iterable[bytes]:
    """The bytes as they are, in small letters, and with each kind of escape undone."""
    yield raw
    small = raw.lower()
    yield small
    yield small.replace(b"\\", b"")  # Markdown's escapes
    yield unquote_to_bytes(small)
    yield html.unescape(small.decode("latin-1")).encode("utf-8", "replace")
    yield re.sub(rb"[\s().\\/-]|\xc2\xa0", b"", small)  # a telephone without its grouping
