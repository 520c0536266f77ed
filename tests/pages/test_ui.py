"""Somebody's text stays text, on the page and in the label of a widget."""

import pytest

from pages.ui import label, plain


@pytest.mark.parametrize(
    ("typed", "shown", "labelled"),
    [
        ("As we agreed.", "As we agreed\\.", "As we agreed."),
        ("1. Not a list", "1\\. Not a list", "1\\. Not a list"),
        ("See www.example.org. Or not.", "See www\\.example\\.org\\. Or not\\.", "See www\\.example\\.org. Or not."),
        ("A *b* $x$ :red[x]", "A \\*b\\* \\$x\\$ \\:red\\[x\\]", "A \\*b\\* \\$x\\$ \\:red\\[x\\]"),
    ],
)
def test_only_the_end_of_a_sentence_is_bare_in_a_label(typed: str, shown: str, labelled: str) -> None:
    assert (plain(typed), label(typed)) == (shown, labelled)
