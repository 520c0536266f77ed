"""Passwords: which are good enough, and that every character of them counts."""

import json
from pathlib import Path
from typing import Any

import pytest

from services import passwords
from services.errors import Invalid
from services.settings import settings

ITEMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "bad_inputs.json").read_text(encoding="utf-8")
)["items"]


def values(kind: str) -> list[str]:
    return [_value(item) for item in ITEMS if item["kind"] == kind]


def _value(item: dict[str, Any]) -> str:
    if "value" in item:
        return str(item["value"])
    made = item["make"]
    return str(made["prefix"] + made["repeat"] * made["times"] + made["suffix"])


@pytest.mark.parametrize("password", values("password_ok"))
def test_a_good_password_is_accepted_and_opens(password: str) -> None:
    passwords.refuse_weak(password, ["Ama Boateng"])

    assert passwords.matches(password, passwords.hashed(password))


@pytest.mark.parametrize("password", [*values("password_bad"), "123456789012345", "qwertyuiopasdfgh", "\ud800" * 15])
def test_a_bad_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.refuse_weak(password)


@pytest.mark.parametrize(
    "password", ["my name is boateng!", "a.boateng lives here", "nottingham alumni 27", "小明小明 and other words"]
)
def test_a_password_with_a_word_about_the_person_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="others would try first"):
        passwords.refuse_weak(password, ["Ama BOATENG", "小明", "Nottingham Alumni"])


def test_short_words_about_the_person_are_allowed() -> None:
    passwords.refuse_weak("boats and bottles float", ["Bo Li"])


def test_two_long_passwords_that_differ_in_the_last_character_do_not_open_each_other() -> None:
    first, second = "x" * 99 + "1", "x" * 99 + "2"

    kept = passwords.hashed(first)

    assert (passwords.matches(first, kept), passwords.matches(second, kept)) == (True, False)


def test_blanks_at_the_ends_count() -> None:
    kept = passwords.hashed("correct horse battery ")

    assert (passwords.matches("correct horse battery ", kept), passwords.matches("correct horse battery", kept)) == (
        True,
        False,
    )


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert passwords.matches("cafe\u0301 au lait s'il te plait", passwords.hashed("caf\u00e9 au lait s'il te plait"))


def test_nothing_kept_opens_for_nothing() -> None:
    assert not passwords.matches("correct horse battery staple", None)


def test_the_cost_is_the_one_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_PASSWORD_COST", "5")
    settings.cache_clear()

    assert passwords.hashed("correct horse battery staple").startswith("$2b$05$")
