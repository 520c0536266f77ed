"""Pages outside Streamlit, for links in emails: plain HTML, no script, good on a phone and on an old browser."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

FOLDER = Path(__file__).parent / "gateway_pages"


@dataclass(frozen=True)
class Field:
    """One line to fill in. `kind` is an HTML input type; `hint` stands under the label."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    value: str = ""
    required: bool = True


@dataclass(frozen=True)
class Button:
    """What sends the form. Of several, the first is the one that most people came for."""

    label: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True)
class Form:
    """A form that is posted to `action`, an address of ours. `problem` says what was wrong with the last try."""

    action: str
    fields: Sequence[Field] = field(default=())
    buttons: Sequence[Button] = field(default=())
    problem: str = ""


def render(
    title: str,
    paragraphs: Sequence[str],
    *,
    form: Form | None = None,
    link: tuple[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """A page with its title, sentences as plain text, at most one form, and at most one link (address, label)."""
    page = _template().render(title=title, paragraphs=paragraphs, form=form, link=link, style=_style())
    return HTMLResponse(page, status, {"content-security-policy": _policy(), "cache-control": "no-store"})


@cache
def _template() -> Template:
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    return found.get_template("page.html")


@cache
def _style() -> str:
    return (FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    """Nothing loads from anywhere; the one style is named by its hash."""
    style = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
