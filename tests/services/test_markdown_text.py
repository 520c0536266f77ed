"""What a coordinator writes keeps a few meanings; everything else is only text, however hostile."""

import pytest
from markdown_it import MarkdownIt

from pages.ui import plain
from pages.written import link_to, written
from services import markdown_text
from services.errors import Invalid
from services.markdown_text import Block, Run, blocks, checked_link, plain_words, safe_address
from tests.bad_inputs import BadInput, of_kind

HARMLESS = {
    "paragraph_open", "paragraph_close", "heading_open", "heading_close", "inline", "text", "softbreak", "hardbreak",
    "strong_open", "strong_close", "em_open", "em_close", "link_open", "link_close", "bullet_list_open",
    "bullet_list_close", "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close",
    "blockquote_open", "blockquote_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open",
    "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
}  # fmt: skip


def drawn_types(markdown: str) -> tuple[set[str], list[str]]:
    """What another reader of Markdown, with everything switched on, makes of it; and the links that it finds."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    flat = [*tokens, *(child for token in tokens for child in token.children or [])]
    links = [str(token.attrs["href"]) for token in flat if token.type == "link_open"]
    return {token.type for token in flat}, links


def test_headings_lists_tables_quotations_and_emphasis_have_a_meaning() -> None:
    text = "# One\n\nTwo **bold** and *soft*.\n\n- a\n- b\n  1. c\n\n> said\n\n| x | y |\n|---|---|\n| 1 | **2** |"

    assert written(text, under=1) == (
        "## One\n\nTwo **bold** and *soft*\\.\n\n- a\n- b\n  1. c\n\n> said\n\n| x | y |\n| --- | --- |\n| 1 | **2** |"
    )


def test_a_text_is_taken_apart_into_data() -> None:
    assert blocks("# T\n\nSee [it](https://example.org/a).") == (
        Block("heading", (Run("T"),), level=1),
        Block(
            "paragraph",
            (Run("See "), Run("it", link="https://example.org/a", host="example.org"), Run(".")),
        ),
    )
    assert plain_words("# T\n\n- a *b*\n\n| c |\n|---|\n| d |") == "T a b c d"


@pytest.mark.parametrize(
    ("typed", "drawn"),
    [
        ("[words](https://example.org)", "[words (example\\.org)](<https://example.org>)"),
        ("https://example.org/x.", "[https\\:\u2060\\/\\/example\\.org\\/x](<https://example.org/x>)\\."),
        ("[w](javascript:alert(1))", "\\[w\\]\\(javascript\\:alert\\(1\\)\\)"),
        ("[w](mailto:a@b.example)", "w \\(mailto\\:a\\@b\\.example\\)"),
        ("[w](https://bank.example@evil.example)", "w \\(https\\:\u2060\\/\\/bank\\.example\\@evil\\.example\\)"),
        ("[w](//evil.example)", "w \\(\\/\\/evil\\.example\\)"),
        ("![w](https://evil.example/p.png)", "\\![w (evil\\.example)](<https://evil.example/p.png>)"),
        ("[раураl](https://раураl.example)", None),
    ],
    ids=["words", "bare", "script", "mail", "pretends", "no-scheme", "picture", "other-alphabet"],
)
def test_a_link_leads_to_a_plain_web_address_and_says_where(typed: str, drawn: str | None) -> None:
    # Letters of another alphabet are shown as what the network sees.
    assert written(typed) == (drawn if drawn is not None else link_to("https://xn--l-7sba6dbr.example", "раураl"))


@pytest.mark.parametrize("item", of_kind("html", "markdown", "latex", "template", "log_line", "sql", "csv_formula"))
def test_hostile_text_draws_nothing_but_text(item: BadInput) -> None:
    types, links = drawn_types(written(str(item.value)))

    assert types <= HARMLESS
    assert all(link.startswith(("https://", "http://")) for link in links)


@pytest.mark.parametrize("item", of_kind("html", "markdown", "latex"))
def test_hostile_text_inside_every_part_draws_nothing_but_text(item: BadInput) -> None:
    one_line = " ".join(str(item.value).split())
    everywhere = f"# {one_line}\n\n- {one_line}\n\n> {one_line}\n\n| {one_line} |\n|---|\n| x |\n\n**{one_line}**"

    types, links = drawn_types(written(everywhere, under=2))

    assert types <= HARMLESS
    assert all(link.startswith(("https://", "http://")) for link in links)


@pytest.mark.parametrize(
    "text", ["$\\rule{9em}{9em}$", ":red[x]", ":material/home:", "`code`", "~~gone~~", "<b>x</b>", "a | b", "1\\. x"]
)
def test_what_streamlit_would_read_is_escaped(text: str) -> None:
    words = " ".join(run.text for block in blocks(text) for run in block.runs)

    assert written(text) == plain(words)


def test_a_line_across_the_page_and_code_stay_what_was_typed() -> None:
    assert written("a\n\n---\n\n    indented\n\n```\nfenced\n```") == (
        "a\n\n\\-\\-\\-\n\nindented\n\n\\`\\`\\` fenced \\`\\`\\`"
    )


@pytest.mark.parametrize(
    "typed",
    ["", "example.org", "ftp://example.org", "https://", "https://a b.example", "https://localhost", "https://[x"],
)
def test_what_is_no_web_address_is_refused(typed: str) -> None:
    assert safe_address(typed) is None
    with pytest.raises(Invalid):
        checked_link(typed)


def test_an_address_is_kept_with_everything_unusual_encoded() -> None:
    typed = "https://Example.org:8443/ä'(1)?q=<b>&x=%20#a\"b"

    assert checked_link(typed) == "https://example.org:8443/%C3%A4%27%281%29?q=%3Cb%3E&x=%20#a%22b"


def test_a_deep_or_long_text_is_read_in_reasonable_time() -> None:
    for text in ("> " * 2_000 + "x", "- " * 2_000 + "x", "*" * 20_000, "[" * 20_000, "| a " * 2_000):
        assert written(text) != ""
    assert markdown_text.blocks("") == ()
