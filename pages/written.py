"""Draws what a coordinator wrote: the blocks of services/markdown_text.py as Markdown with every character escaped."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pages.ui import plain
from services import markdown_text
from services.markdown_text import Block, Run

DEEPEST = 6
LISTS = ("bullets", "numbers")


@lru_cache(maxsize=64)
def written(text: str, *, under: int = 1) -> str:
    """A text for `st.markdown`, with its headings as many levels lower as there are headings above it.

    A link shows the host that it leads to. The text is a scheme's own and holds nobody's data.
    """
    return _drawn(markdown_text.blocks(text), under)


def link_to(address: str, words: str) -> str:
    """A checked address as a link with the host beside the words."""
    return _run(Run(words, link=address, host=markdown_text.host_of(address)))


def _drawn(blocks: Sequence[Block], under: int) -> str:
    return "\n\n".join(_block(block, under) for block in blocks)


def _in_item(blocks: Sequence[Block], under: int) -> str:
    """A list right under an item's words belongs to it without a gap."""
    drawn = ""
    for block in blocks:
        gap = "" if not drawn else "\n" if block.kind in LISTS else "\n\n"
        drawn += gap + _block(block, under)
    return drawn


def _block(block: Block, under: int) -> str:
    if block.kind == "heading":
        return f"{'#' * min(block.level + under, DEEPEST)} {_one_line(block.runs)}"
    if block.kind == "quotation":
        return "\n".join(f"> {line}".rstrip() for line in _drawn(block.items[0], under).split("\n"))
    if block.kind == "table":
        return "\n".join(_table(block))
    if block.kind in LISTS:
        return "\n".join(_item(block, number, item, under) for number, item in enumerate(block.items, block.start))
    return "".join(map(_run, block.runs))


def _item(block: Block, number: int, item: Sequence[Block], under: int) -> str:
    mark = "- " if block.kind == "bullets" else f"{number}. "
    lines = _in_item(item, under).split("\n")
    return "\n".join([mark + lines[0], *(" " * len(mark) + line if line else "" for line in lines[1:])])


def _table(block: Block) -> Iterator[str]:
    head, *rows = block.rows
    yield f"| {' | '.join(map(_one_line, head))} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_one_line, row))} |"


def _one_line(runs: Sequence[Run]) -> str:
    return " ".join("".join(map(_run, runs)).split("\n"))


def _run(run: Run) -> str:
    core = run.text.strip()
    if not core:
        return run.text.replace("\n", "  \n")
    words = plain(core)
    if run.link is not None:
        # Words that are the address themselves say already where they lead.
        is_bare = markdown_text.safe_address(core) == run.link
        words = f"[{words if is_bare else f'{words} ({plain(run.host)})'}](<{run.link}>)"
    if run.bold:
        words = f"**{words}**"
    if run.emphasis:
        words = f"*{words}*"
    # Stars mean something only right beside the words.
    before, after = run.text[: len(run.text) - len(run.text.lstrip())], run.text[len(run.text.rstrip()) :]
    return before + words + after
