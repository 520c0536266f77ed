"""The list of sectors and what people write."""

import pytest

from services.schemes import sectors as listed
from services.schemes.templates import sector_for, sectors


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("finance", "L"),
        ("energy", "D"),
        ("justice", "law-justice"),
        ("technology", "K"),
        ("life sciences", "N72"),
        ("public sector", "P"),
        ("education", "Q"),
        ("ngo", "T94"),
        ("media", "J"),
        ("manufacturing", "C"),
        ("construction", "F"),
        ("health", "R"),
        ("  FINANCE ", "L"),
        ("Life-Sciences", "N72"),
        ("R & D", "N72"),
        ("ｆｉｎａｎｃｅ", "L"),
        ("金融", "L"),
        ("Higher education", "he-teaching"),
        ("law-tax", "law-tax"),
        ("wizardry", None),
        ("fin", None),
        (" ", None),
        ("", None),
    ],
)
def test_what_people_write_leads_to_a_code(text: str, code: str | None) -> None:
    assert sector_for(text) == code


def test_every_label_leads_back_to_its_code() -> None:
    assert {code: sector_for(label) for code, label in sectors().items()} == {code: code for code in sectors()}


def test_the_list_holds_every_isic_section_and_both_lists_of_our_own() -> None:
    letters = "".join(code for code in sectors() if len(code) == 1)

    assert letters == "ABCDEFGHIJKLMNOPQRSTUV"
    assert len([code for code in sectors() if code.startswith("law-")]) == 12
    assert len([code for code in sectors() if code.startswith("he-")]) == 7


def test_a_word_that_leads_to_two_codes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = ({"code": "X", "label": "One", "aliases": ["same"]}, {"code": "Y", "label": "Two", "aliases": ["Same"]})
    monkeypatch.setattr(listed, "_entries", lambda: twice)
    listed._known_words.cache_clear()

    with pytest.raises(ValueError, match=r"^sectors\.toml: 'Same' belongs to X and to Y$"):
        listed.sector_for("same")

    listed._known_words.cache_clear()
