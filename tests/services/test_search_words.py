"""What words are to a search."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import search_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ólafur Þórsson", {"olafur", "thorsson"}),
        ("ＣＨＥＮ　Yuxin", {"chen", "yuxin"}),
        ("Siobhán O'Brien-Ní", {"siobhan", "o", "brien", "ni", "obrienni"}),
        ("chen.yuxin@example.org", {"chen", "yuxin", "example", "org"}),
        ("李小娜", {"李小", "小娜", "娜"}),
        ("在能源行业10年Grid", {"在能", "能源", "源行", "行业", "业", "10", "年", "grid"}),
        ("김민준", {"김민", "민준", "준"}),
        ("straße, ŁÓDŹ", {"strasse", "lodz"}),
        ("… — !", set()),
        ("", set()),
    ],
    ids=["accents", "width", "joints", "address", "chinese", "mixed", "korean", "letters", "none", "empty"],
)
def test_a_text_is_kept_under_its_folded_words(text: str, words: set[str]) -> None:
    found = search_words.leading_to(text)

    assert found == words


@given(st.lists(st.text("ab Z09_-'.@\n\t\x1c\x1fé李\u0301", max_size=45), max_size=6))
@settings(deadline=None)
def test_texts_taken_together_are_kept_under_the_words_that_each_has_alone(texts: list[str]) -> None:
    found = search_words.leading_to_each(texts)

    assert found == {text: search_words.leading_to(text) for text in texts}


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("Li GRID", ("li", "grid")),
        ("李小娜", ("李小", "小娜")),
        ("李", ("李",)),
        ("李娜 grid", ("李娜", "grid")),
        ("' OR 1=1 --", ("or", "1")),
        ("!!!", ()),
        ("a" * 100, ("a" * 40,)),
    ],
    ids=["words", "three", "one", "mixed", "quotes", "none", "long"],
)
def test_what_is_typed_becomes_words_that_must_all_be_there(typed: str, asked: tuple[str, ...]) -> None:
    found = search_words.asked_for(typed)

    assert found == asked


def test_a_long_question_keeps_its_first_words() -> None:
    found = search_words.asked_for(" ".join(f"w{number}" for number in range(30)))

    assert found == tuple(f"w{number}" for number in range(12))
