"""What every answer carries, and which addresses this server answers to: rules without state."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from services.settings import settings

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with a form, and we could not tell whose it is.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# The one script of ours: leaves a screen for the address in its link, and says which screen it was.
LEAVING = (
    'const go = document.getElementById("go-on");'
    'location.replace(go.href + (go.search ? "&" : "?") + "to="'
    " + encodeURIComponent(location.pathname + location.search));"
)
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def script_hash(script: str) -> str:
    """How a policy names the one inline script that it lets run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def content_policy(host: str, script_hashes: Iterable[str]) -> str:
    """What a screen may load: only from here, and no inline script but the ones named by their hash."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(script_hashes)}".rstrip(),
            "style-src 'self' 'unsafe-inline'",  # Streamlit's own styling is made in the browser
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def host_is_ours(host: str) -> bool:
    """Whether a Host header names this server; any other is somebody's trick with a name of theirs."""
    name = _hostname(f"//{host}")
    if settings().is_production:
        return name is not None and name == _hostname(settings().url)
    return name in LOCAL_HOSTS


def origin_is_ours(origin: str, host: str) -> bool:
    """Whether a page at this origin is one of our own."""
    if settings().is_production:
        return origin == own_origin()
    # In local mode the port is whatever the server was started with, so the page and the request must agree.
    return host_is_ours(host) and origin in (f"http://{host}", f"https://{host}")


def own_origin() -> str:
    """Scheme, host and port that people type."""
    address = urlsplit(settings().url)
    return f"{address.scheme}://{address.netloc}"


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from one of our own pages, as far as the browser says. Silence counts as no."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin") or _origin_of(headers.get("referer", ""))
    return origin_is_ours(origin, headers.get("host", ""))


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _hostname(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for what is no number
    except ValueError:
        return None
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return parts.hostname.rstrip(".") if parts.hostname else None
