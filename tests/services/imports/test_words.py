"""What people write in lists and choices."""

import pytest

from services.imports import words


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("English;中文 Chinese;", ("en", "zh")),
        ("en, zh", ("en", "zh")),
        ("ar;English;", ("ar", "en")),
        ("yue", ("yue",)),
        ("中文、英语", ("zh", "en")),
        ("English / Mandarin", ("en", "zh")),
        ("English (fluent), français", ("en", "fr")),
        ("zh-CN; EN-GB; Chinese", ("zh", "en")),
        ("", ()),
    ],
)
def test_languages_are_known_by_name_and_by_code(answer: str, codes: tuple[str, ...]) -> None:
    assert words.languages(answer) == (codes, ())


def test_a_language_nobody_knows_is_handed_back() -> None:
    assert words.languages("English; Klingon; xx") == (("en",), ("Klingon", "xx"))


@pytest.mark.parametrize(
    ("answer", "channels"),
    [
        ("Email;Telephone;WeChat;", ("email", "telephone", "wechat")),
        ("phone;email;", ("email", "telephone")),
        ("E-mail / WeChat call", ("email", "wechat")),
        ("Video call, in-person", ("video", "in_person")),
        ("微信、电话、当面", ("telephone", "wechat", "in_person")),
    ],
)
def test_channels_are_known_in_other_words(answer: str, channels: tuple[str, ...]) -> None:
    assert words.channels(answer) == (channels, ())


def test_a_channel_nobody_knows_is_handed_back() -> None:
    assert words.channels("Email; pigeon") == (("email",), ("pigeon",))


@pytest.mark.parametrize(
    ("answer", "side"),
    [
        ("I would like to be a mentor", "mentor"),
        ("I would like a mentor", "mentee"),
        ("Mentor", "mentor"),
        ("mentee", "mentee"),
        ("I want to be mentored", "mentee"),
        ("I am looking for a mentor", "mentee"),
        ("As a mentor", "mentor"),
        ("I'd like to mentor", "mentor"),
        ("导师", "mentor"),
        ("我想成为导师", "mentor"),
        ("学员", "mentee"),
        ("我想找一位导师", "mentee"),
        ("需要导师", "mentee"),
        ("学生", "mentee"),
        ("Both mentor and mentee", None),
        ("To be a mentor, or a mentee", None),
        ("yes", None),
        ("", None),
    ],
)
def test_who_wants_a_mentor_is_a_mentee(answer: str, side: str | None) -> None:
    assert words.side(answer) == side


@pytest.mark.parametrize(
    ("answer", "people"),
    [
        ("Ada Jones, Bo Li", ("Ada Jones", "Bo Li")),
        ("Li, Ming", ("Li, Ming",)),
        ("a@example.org; 李明、王芳", ("a@example.org", "李明", "王芳")),
        ("Ada Jones; Ada Jones", ("Ada Jones",)),
        ("", ()),
    ],
)
def test_people_are_told_apart_without_cutting_a_name(answer: str, people: tuple[str, ...]) -> None:
    assert words.people(answer) == people
