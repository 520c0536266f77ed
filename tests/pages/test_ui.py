"""Somebody's text stays text, on the page and in the label of a widget."""

import pytest

from pages.ui import label, plain


@pytest.mark.parametrize(
    ("typed", "shown", "labelled"),
    [
        ("As we agreed.", "As we agreed\\.", "As we agreed."),
        ("1. Not a list", "1\\. Not a list", "1\\. Not a list"),
        ("See x.org. Or not.", "See x\\.org\\. Or not\\.", "See x\\.org. Or not."),
        ("A *b* $x$ :red[x]", "A \\*b\\* \\$x\\$ \\:red\\[x\\]", "A \\*b\\* \\$x\\$ \\:red\\[x\\]"),
    ],
)
def test_only_the_end_of_a_sentence_is_bare_in_a_label(typed: str, shown: str, labelled: str) -> None:
    assert (plain(typed), label(typed)) == (shown, labelled)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://evil.example/x", "https\\:\u2060\\/\\/evil\\.example\\/x"),
        ("Http://evil.example", "Http\\:\u2060\\/\\/evil\\.example"),
        ("(WWW.evil.example)", "\\(WWW\u2060\\.evil\\.example\\)"),
        ("http: or www", "http\\: or www"),
    ],
)
def test_a_typed_web_address_is_broken_where_it_would_become_a_link(typed: str, shown: str) -> None:
    assert plain(typed) == shown
