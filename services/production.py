"""What must be set before this server may stand on the internet: each thing that is missing is named."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from services import post_office, secrets_at_rest
from services.settings import settings

# What Streamlit must be told. Its defaults are made for a laptop.
WANTED: dict[str, Any] = {
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.fileWatcherType": "none",
    "server.trustedUserHeaders": {"x-app-session": "app_session"},
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.disableDataExport": True,
    "client.allowedOrigins": [],
    "browser.gatherUsageStats": False,
    "runner.magicEnabled": False,
    "runner.fastReruns": False,
    "global.developmentMode": False,
}
LARGEST_UPLOAD_MB = 5
SHORTEST_PASSWORD_COST = 12


def unsafe(option: Callable[[str], Any]) -> list[str]:
    """What is wrong, a sentence for each. `option` reads one of Streamlit's settings by its dotted name."""
    return [*_wrong_options(option), *_wrong_settings(), *_wrong_addresses(option)]


def _wrong_options(option: Callable[[str], Any]) -> list[str]:
    wrong = [
        f"{name} must be {_shown(wanted)} in .streamlit/config.toml."
        for name, wanted in WANTED.items()
        if option(name) != wanted
    ]
    if option("server.maxUploadSize") > LARGEST_UPLOAD_MB:
        wrong.append(f"server.maxUploadSize must be at most {LARGEST_UPLOAD_MB}.")
    return wrong


def _wrong_settings() -> list[str]:
    current, wrong = settings(), []
    address = urlsplit(current.url)
    if address.scheme != "https" or not address.hostname:
        wrong.append("MENTORING_URL must be the https:// address that people type.")
    if current.password_cost < SHORTEST_PASSWORD_COST:
        wrong.append(f"MENTORING_PASSWORD_COST must be at least {SHORTEST_PASSWORD_COST}.")
    wrong += secrets_at_rest.wrong_keys()
    if current.smtp_host and current.smtp_security == "none":
        wrong.append("SMTP_SECURITY must be starttls or tls.")
    if current.smtp_host and post_office.own_address() is None:
        # Mail servers throw away what comes from nowhere, and nobody would hear of it.
        wrong.append("MAIL_FROM must be the address that emails come from, as people could answer it.")
    return wrong


def _wrong_addresses(option: Callable[[str], Any]) -> list[str]:
    wrong, name = [], urlsplit(settings().url).hostname
    if name not in option("server.allowedHosts"):
        wrong.append(f"server.allowedHosts must name {name or 'the host of MENTORING_URL'}.")
    if option("server.address") in ("127.0.0.1", "localhost", "::1") and not settings().trusted_proxy:
        # Everybody would come from the proxy's address, and ten wrong passwords would lock all of them out.
        wrong.append("MENTORING_TRUSTED_PROXY must be the address of the proxy in front of this server.")
    return wrong


def _shown(wanted: Any) -> str:
    return str(wanted).lower() if isinstance(wanted, bool) else repr(wanted)
