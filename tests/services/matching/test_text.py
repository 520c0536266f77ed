"""Likeness of goals and histories by their words, in any script."""

import numpy as np
import pytest

from services.matching.text import likeness, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t", []),
        ("\u200b\ufeff\u3164", []),
        ("🙂👩‍👩‍👧 1️⃣ ㊗️ ™ ①", []),
        ("2026, 100 %", []),
        ("I would like to hope", []),
        ("AI in retail", ["ai", "retail"]),
        ("Cafe\u0301 Ｌａｗ arbi\u00adtration", ["café", "law", "arbitration"]),
        ("数据合规", ["数据", "据合", "合规"]),
        ("GDPR合规", ["gdpr", "合规"]),
        ("法", ["法"]),
        ("право и закон", ["право", "закон"]),
    ],
)
def test_terms_are_words_and_pairs_of_chinese_characters(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_the_history_that_shares_the_rarest_words_is_most_alike() -> None:
    goals = ["I want to work on arbitration", "想从事数据合规"]
    histories = ["arbitration in Geneva", "conveyancing in Leeds", "曾任数据合规负责人", "长期处理劳动案件"]

    alike = likeness(goals, histories)

    assert alike.level.tolist() == [[0.75, 0.25, 0.5, 0.5], [0.5, 0.5, 0.75, 0.25]]
    assert [alike.shared(0, 0), alike.shared(1, 2), alike.shared(0, 1)] == [("arbitration",), ("数据合规",), ()]


def test_writing_in_another_language_is_neither_for_nor_against() -> None:
    alike = likeness(["arbitration", "仲裁"], ["arbitration", "banking", "仲裁", "银行"])

    assert alike.level[0, 2:].tolist() == [0.5, 0.5]
    assert alike.level[1, :2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("nothing", ["", " ", "🙂🙂", "\u200b\u200b", "...", "123"])
def test_a_text_that_says_nothing_has_no_likeness(nothing: str) -> None:
    alike = likeness([nothing, "energy law"], [nothing, "energy law", "tax"])

    assert np.isnan(alike.level).tolist() == [[True, True, True], [True, False, False]]
    assert alike.shared(0, 0) == ()


def test_nobody_at_all_is_no_problem() -> None:
    assert [likeness([], []).level.shape, likeness(["a"], []).level.shape, likeness([], ["b"]).level.shape] == [
        (0, 0),
        (1, 0),
        (0, 1),
    ]


def test_the_order_of_people_changes_no_likeness() -> None:
    random = np.random.default_rng(2)
    vocabulary = ["law", "tax", "energy", "court", "grid", "合规数据", "仲裁案件", "patents", "water"]
    texts = [" ".join(random.choice(vocabulary, 5)) for _ in range(60)]
    rows, columns = random.permutation(30), random.permutation(30)

    straight = likeness(texts[:30], texts[30:]).level
    mixed = likeness([texts[:30][i] for i in rows], [texts[30:][j] for j in columns]).level

    assert mixed.tolist() == straight[np.ix_(rows, columns)].tolist()


def test_a_hundred_thousand_characters_are_read() -> None:
    alike = likeness(["energy " * 14_300, "tax"], ["能" * 100_000, "energy"])

    assert alike.level[0].tolist() == [0.5, 0.75]
