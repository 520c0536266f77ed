"""Taking a scheme's text apart, shipped or uploaded."""

from hashlib import sha256

import pytest

from services.schemes.documents import TemplateClause, TemplateSection, parse


def test_clauses_right_after_the_title_are_a_section_named_like_it() -> None:
    document = parse("# Code\n\nHello.\n\n## X-1 · One\n\nFirst.\n", kind="code", language="en")

    assert (document.title, document.opening) == ("Code", "# Code\n\nHello.\n\n")
    assert document.sections == (TemplateSection("Code", "## X-1 · One\n\nFirst.\n"),)
    assert document.clauses == (TemplateClause("X-1", "One", "Code", "First."),)


def test_a_later_top_heading_opens_a_section() -> None:
    text = "# Code\n\n## X-1 · One\n\nFirst.\n\n# Part\n\nWords before.\n\n## X-2 · Two\n\nSecond.\n"

    document = parse(text, kind="code", language="en")

    assert [(clause.id, clause.section, clause.text) for clause in document.clauses] == [
        ("X-1", "Code", "First."),
        ("X-2", "Part", "Second."),
    ]
    assert document.opening + "".join(section.text for section in document.sections) == text


def test_a_text_without_clauses_is_one_section() -> None:
    document = parse("# Rights\n\nAll yours.\n", kind="rights", language="en")

    assert document.sections == (TemplateSection("Rights", "# Rights\n\nAll yours.\n"),)
    assert document.clauses == ()


def test_line_ends_and_a_byte_order_mark_do_not_change_the_fingerprint() -> None:
    plain = parse("# 守则\n\n## X-1 · 一\n\n保密。\n", kind="code", language="zh")
    windows = parse("\ufeff# 守则\r\n\r\n## X-1 · 一\r\n\r\n保密。\r\n", kind="code", language="zh")

    assert windows == plain
    assert plain.sha256 == sha256("# 守则\n\n## X-1 · 一\n\n保密。\n".encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "No heading at all.", "## X-1 · One\n\nFirst.\n"])
def test_a_text_without_a_title_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^The text has no title\. Begin it with a line such as: # Code of conduct$"):
        parse(text, kind="code", language="en")


def test_a_clause_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^The clause X-1 stands in the text twice\."):
        parse("# Code\n\n## X-1 · One\n\nA.\n\n## X-1 · Two\n\nB.\n", kind="code", language="en")
