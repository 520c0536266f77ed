"""What differs between two versions of a text: clause by clause and word by word, also of long texts."""

from services import document_differences
from services.document_differences import Change, Words
from services.schemes import documents
from tests.services.signing_parts import TEXT


def test_differences_name_each_clause_and_each_word() -> None:
    old = documents.parse(TEXT, kind="code", language="en")
    new = documents.parse(
        TEXT.replace("Please be kind.", "Please be very kind.")
        .replace("## X-2 · Listen\n\nPlease listen.\n\n", "")
        .replace("Come on time.\n", "Come on time.\n\n## X-4 · Write\n\nWrite it down.\n"),
        kind="code",
        language="en",
    )

    found = document_differences.compare(old, new)

    assert [(clause.id, clause.change) for clause in found.changed] == [
        ("X-1", Change.CHANGED),
        ("X-2", Change.REMOVED),
        ("X-4", Change.ADDED),
    ]
    assert found.changed[0].words == (
        Words(Change.SAME, "Please be "),
        Words(Change.ADDED, "very "),
        Words(Change.SAME, "kind."),
    )
    assert (found.same, found.around) == (1, ())


def test_a_paragraph_that_is_only_wrapped_elsewhere_is_the_same() -> None:
    one = documents.parse("# C\n\n## X-1 · H\n\nBe kind\nto all:\n- here\n- there\n", kind="code", language="en")
    other = documents.parse("# C\n\n## X-1 · H\n\nBe\nkind to all:\n- here\n- there\n", kind="code", language="en")

    assert document_differences.compare(one, other).is_empty


def test_differences_of_chinese_are_told_character_by_character() -> None:
    found = tuple(document_differences.word_by_word("请准时到达。", "请提前到达。"))

    assert found == (
        Words(Change.SAME, "请"),
        Words(Change.REMOVED, "准时"),
        Words(Change.ADDED, "提前"),
        Words(Change.SAME, "到达。"),
    )


def test_a_clause_of_two_hundred_thousand_characters_is_compared() -> None:
    old, new = "Be kind to all. " * 12_000, "Be kind to all. " * 11_999 + "Or do not."

    found = list(document_differences.word_by_word(old, new))
    rewritten = list(document_differences.word_by_word("one two " * 20_000, "three four " * 20_000))

    assert [words.change for words in found] == [Change.SAME, Change.REMOVED, Change.ADDED]
    assert found[-1] == Words(Change.ADDED, "Or do not.")
    assert [words.change for words in rewritten] == [Change.REMOVED, Change.ADDED]
