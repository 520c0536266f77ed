"""Pages outside Streamlit, for links in emails: plain HTML, no script, good on a phone and on an old browser."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.markdown_text import Block

# What a form may hold; the longest password takes a fraction of it.
MOST_BYTES = 16_384
FOLDER = Path(__file__).parent / "gateway_pages"


@dataclass(frozen=True)
class Field:
    """One line to fill in. `kind` is an HTML input type, `keys` the keyboard of a phone; `hint` is under the label.

    `accepts` is for a file: which kinds a browser offers.
    """

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    value: str = ""
    required: bool = True
    keys: str = ""
    accepts: str = ""


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

    @property
    def has_file(self) -> bool:
        return any(line.kind == "file" for line in self.fields)


@dataclass(frozen=True)
class Picture:
    """A picture above the form that stands in the page itself: `address` begins with data:, `label` says what it is."""

    address: str
    label: str


def render(
    title: str,
    paragraphs: Sequence[str],
    *,
    picture: Picture | None = None,
    form: Form | None = None,
    link: tuple[str, str] | None = None,
    blocks: Sequence[Block] = (),
    status: int = 200,
    leads_to_rights: bool = True,
) -> HTMLResponse:
    """A page: its title, sentences as plain text, at most one picture, one form, and one link (address, label).

    `blocks` are a scheme's own text, taken apart by services/markdown_text.py. Every page leads to everybody's rights,
    but the page of rights itself.
    """
    page = _template().render(
        title=title,
        paragraphs=paragraphs,
        picture=picture,
        form=form,
        link=link,
        blocks=blocks,
        leads_to_rights=leads_to_rights,
        style=_style(),
    )
    policy = _policy("'self' data:" if picture else "'self'")
    return HTMLResponse(page, status, {"content-security-policy": policy, "cache-control": "no-store"})


async def small_form(request: Request, *, file_bytes: int = 0) -> FormData | None:
    """What a form of ours sent, or None when somebody sends far more than it can hold.

    With `file_bytes` it may hold one file of about that size.
    """
    if not request.headers.get("content-length", "").isdecimal():
        return None
    if int(request.headers["content-length"]) > MOST_BYTES + file_bytes:
        return None
    return await request.form(max_files=1 if file_bytes else 0, max_fields=10, max_part_size=MOST_BYTES)


@cache
def _template() -> Template:
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    return found.get_template("page.html")


@cache
def _style() -> str:
    return (FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def _policy(pictures: str) -> str:
    """Nothing loads from anywhere; the one style is named by its hash."""
    style = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; img-src {pictures}; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
