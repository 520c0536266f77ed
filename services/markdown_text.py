"""What a coordinator writes, taken apart: a small part of Markdown, and everything else is only text.

    blocks("# Before you begin\n\nRead *this* first.")

Headings, paragraphs, lists, quotations, tables, bold, emphasis and links to http(s) addresses have a meaning. HTML,
pictures, code and formulas have none: they come out as the characters that were typed (SECURITY.md a2). Screens draw
the blocks through pages/written.py; a PDF gets them as data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.errors import Invalid

Kind = Literal["heading", "paragraph", "bullets", "numbers", "quotation", "table"]
LONGEST_LINK = 2000
# A bare address in a sentence; its last full stop or bracket belongs to the sentence.
_BARE = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]*]+[^\s<>\"'`|\\^{}\[\]*.,;:!?()]")
_ADDRESS_CHARACTERS = "/?#&=+:@,!~%-._"
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


@dataclass(frozen=True)
class Run:
    """Some words in one style. `link` is a checked address; `host` is where it leads, to be shown beside the words."""

    text: str
    bold: bool = False
    emphasis: bool = False
    link: str | None = None
    host: str | None = None


@dataclass(frozen=True)
class Block:
    """One part of a text. `runs` are a heading's or paragraph's words; `level` is a heading's, 1 the highest.

    `items` are a list's or quotation's parts; `rows` a table's, the first one its head.
    """

    kind: Kind
    runs: tuple[Run, ...] = ()
    level: int = 0
    start: int = 1
    items: tuple[tuple["Block", ...], ...] = ()
    rows: tuple[tuple[tuple[Run, ...], ...], ...] = ()


@lru_cache(maxsize=128)
def blocks(text: str) -> tuple[Block, ...]:
    """The text's parts, in order. The same text is taken apart once: a screen asks at every run."""
    lines = text.splitlines()
    tokens = _parser().parse("\n".join(lines))
    return tuple(_blocks(_Reader(tokens), lines))


def plain_words(text: str) -> str:
    """The text's words alone, for searching and for the first lines of a list."""
    return " ".join(filter(None, _words(blocks(text))))


def as_data(text: str) -> list[dict[str, Any]]:
    """The text's parts as JSON can hold them, for a template of services/pdf_templates."""
    return [asdict(block) for block in blocks(text)]


def checked_link(typed: str) -> str:
    """An http(s) address as it is kept. Raises Invalid for anything else."""
    address = safe_address(typed.strip())
    if address is None:
        raise Invalid("This is not a web address.", remedy="Enter one that begins with https:// or http://.")
    if len(address) > LONGEST_LINK:
        raise Invalid(f"The address is longer than {LONGEST_LINK:,} characters.", remedy="Use a shorter one.")
    return address


def safe_address(typed: str) -> str | None:
    """The address with everything unusual percent-encoded; None unless it leads to a plain http(s) host.

    An address with a name before the host (`https://bank.example@elsewhere.example`) only pretends: it is refused.
    """
    try:
        parts = urlsplit(typed)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or host is None or "@" in parts.netloc or re.search(r"\s", typed):
        return None
    name = _ascii_host(host)
    if name is None:
        return None
    path, query, fragment = (_encoded(part) for part in (parts.path, parts.query, parts.fragment))
    tail = f"{path}{f'?{query}' if query else ''}{f'#{fragment}' if fragment else ''}"
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{tail}"


def host_of(address: str) -> str:
    """The host of a checked address, as it is shown: in plain letters, so that no other alphabet passes for them."""
    return urlsplit(address).hostname or ""


def _ascii_host(host: str) -> str | None:
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = name.removesuffix(".").split(".")
    return name if len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) else None


def _encoded(part: str) -> str:
    return quote(part, safe=_ADDRESS_CHARACTERS)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """CommonMark with tables and without what has no meaning here: what is switched off stays text."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 12}).enable("table")
    return parser.disable(["html_block", "html_inline", "image", "code", "fence", "backticks", "reference", "lheading"])


class _Reader:
    """The parser's tokens, one after the other."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    def next(self) -> Token | None:
        if self._at == len(self._tokens):
            return None
        self._at += 1
        return self._tokens[self._at - 1]


def _blocks(reader: _Reader, lines: list[str], until: str = "") -> Iterator[Block]:
    while (token := reader.next()) is not None and token.type != until:
        if token.type == "heading_open":
            yield Block("heading", _inline(reader), level=int(token.tag[1]))
        elif token.type == "paragraph_open":
            yield Block("paragraph", _inline(reader))
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            yield _list(reader, lines, token)
        elif token.type == "blockquote_open":
            yield Block("quotation", items=(tuple(_blocks(reader, lines, "blockquote_close")),))
        elif token.type == "table_open":
            yield _table(reader)
        elif token.type == "hr" and token.map:
            # A line across the page has no meaning here, and nothing that was typed is lost.
            yield Block("paragraph", (Run(lines[token.map[0]].strip()),))


def _list(reader: _Reader, lines: list[str], opening: Token) -> Block:
    closing = opening.type.replace("_open", "_close")
    items: list[tuple[Block, ...]] = []
    while (token := reader.next()) is not None and token.type != closing:
        if token.type == "list_item_open":
            items.append(tuple(_blocks(reader, lines, "list_item_close")))
    start = int(opening.attrs.get("start", 1)) if opening.type == "ordered_list_open" else 1
    return Block("bullets" if opening.type.startswith("bullet") else "numbers", start=start, items=tuple(items))


def _table(reader: _Reader) -> Block:
    rows: list[tuple[tuple[Run, ...], ...]] = []
    cells: list[tuple[Run, ...]] = []
    while (token := reader.next()) is not None and token.type != "table_close":
        if token.type in {"th_open", "td_open"}:
            cells.append(_inline(reader))
        elif token.type == "tr_close":
            rows.append(tuple(cells))
            cells = []
    return Block("table", rows=tuple(rows))


def _inline(reader: _Reader) -> tuple[Run, ...]:
    """The words of the block that has just been opened, and the token that closes it."""
    token = reader.next()
    reader.next()
    return tuple(_runs(token.children or [])) if token is not None else ()


def _runs(tokens: Sequence[Token]) -> Iterator[Run]:
    bold = emphasis = 0
    link: str | None = None
    refused = ""
    for token in tokens:
        if token.type in {"strong_open", "strong_close"}:
            bold += token.nesting
        elif token.type in {"em_open", "em_close"}:
            emphasis += token.nesting
        elif token.type == "link_open":
            typed = str(token.attrs.get("href", ""))
            link = safe_address(typed)
            refused = "" if link else f" ({typed})"
        elif token.type == "link_close":
            if refused:
                yield Run(refused, bool(bold), bool(emphasis))
            link, refused = None, ""
        else:
            words = "\n" if token.type == "hardbreak" else " " if token.type == "softbreak" else token.content
            yield from _linked(words, bool(bold), bool(emphasis), link)


def _linked(words: str, bold: bool, emphasis: bool, link: str | None) -> Iterator[Run]:
    """The words as one run, or, where addresses stand in them, as several."""
    if link is not None:
        yield Run(words, bold, emphasis, link, host_of(link))
        return
    last = 0
    for found in _BARE.finditer(words):
        address = safe_address(found[0])
        if address is not None:
            if found.start() > last:
                yield Run(words[last : found.start()], bold, emphasis)
            yield Run(found[0], bold, emphasis, address, host_of(address))
            last = found.end()
    if last < len(words):
        yield Run(words[last:], bold, emphasis)


def _words(parts: Sequence[Block]) -> Iterator[str]:
    for block in parts:
        yield "".join(run.text for run in block.runs)
        for item in block.items:
            yield from _words(item)
        for row in block.rows:
            yield from ("".join(run.text for run in cell) for cell in row)
