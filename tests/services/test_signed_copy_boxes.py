"""A letter that none of our fonts has: the paper says what its boxes stand for."""

from typing import Any

import pytest

from services import pdf, signed_copies, signed_copy_facts
from tests.benchmarks.papers import paper
from tests.services.test_signed_copies import TEXT


@pytest.mark.parametrize(
    ("name", "word", "lines"),
    [
        ("Abebe 🌱", "kind", ["Its letters", "A box in the name"]),
        ("Abebe", "🌱", ["A box in the text"]),
        ("አበበ", "🌱", ["Its letters", "A box in the name", "A box in the text"]),
    ],
    ids=["name", "text", "both"],
)
def test_what_no_font_can_set_is_said_on_the_paper_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, name: str, word: str, lines: list[str]
) -> None:
    facts = signed_copy_facts.of(*paper("Code of conduct", TEXT.replace("kind", word), name, 0))
    last: dict[str, Any] = {}
    render = pdf.render

    def noting(template: str, data: dict[str, Any], **how: bool) -> bytes:
        made = render(template, data, **how)
        last.update(data)
        return made

    monkeypatch.setattr(pdf, "render", noting)

    content = signed_copies.typeset(facts)

    said = [label or words for label, words in last["evidence"]]
    assert content.startswith(b"%PDF")
    assert [line for line in lines if any(each.startswith(line) for each in said)] == lines
    assert sum(each.startswith(("Its letters", "A box")) for each in said) == len(lines)
