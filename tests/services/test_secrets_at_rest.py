"""Secrets at rest: unreadable without a key, readable after a rotation, and a missing key is said in words."""

import os
import stat
from pathlib import Path
from threading import Thread

import pytest
from cryptography.fernet import Fernet

from services import secrets_at_rest
from services.errors import NotAllowed
from services.secrets_at_rest import UnusableKeysError
from services.settings import settings

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OLD, NEW = "an old key made of invented words only", Fernet.generate_key().decode()


def with_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("MENTORING_SECRET_KEYS", ",".join(keys))
    settings.cache_clear()


# The keys are new in every process, and parallel ones must agree on the names of tests.
@pytest.mark.parametrize(
    "key",
    [OLD, NEW, "ключ из придуманных слов", "a key that looks as long as a Fernet one is."],
    ids=["old", "new", "words", "as long as a key"],
)
def test_what_is_stored_holds_nothing_of_the_secret_and_gives_it_back(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    with_keys(monkeypatch, key)

    stored, again = secrets_at_rest.encrypted(SECRET), secrets_at_rest.encrypted(SECRET)

    assert (SECRET in stored, stored == again) == (False, False)
    assert [secrets_at_rest.decrypted(each) for each in (stored, again)] == [SECRET, SECRET]


def test_the_first_key_encrypts_and_every_key_decrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    with_keys(monkeypatch, OLD)
    before = secrets_at_rest.encrypted(SECRET)
    with_keys(monkeypatch, f" {NEW} ", OLD)
    after = secrets_at_rest.encrypted(SECRET)

    read = [secrets_at_rest.decrypted(each) for each in (before, after)]

    assert read == [SECRET, SECRET]
    with_keys(monkeypatch, NEW)
    assert secrets_at_rest.decrypted(after) == SECRET


def test_a_key_that_is_gone_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with_keys(monkeypatch, OLD)
    stored = secrets_at_rest.encrypted(SECRET)
    with_keys(monkeypatch, NEW)

    with pytest.raises(NotAllowed, match="no longer has the key"):
        secrets_at_rest.decrypted(stored)


def test_on_a_laptop_a_key_is_made_once_for_the_owners_eyes_only(tmp_path: Path) -> None:
    stored = secrets_at_rest.encrypted(SECRET)
    settings.cache_clear()

    path = settings().home / "secret.key"
    assert secrets_at_rest.decrypted(stored) == SECRET
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_many_first_uses_at_once_all_have_the_same_key() -> None:
    stored: list[str] = []
    threads = [Thread(target=lambda: stored.append(secrets_at_rest.encrypted(SECRET))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [secrets_at_rest.decrypted(each) for each in stored] == [SECRET] * 8
    assert [each.name for each in settings().home.iterdir()] == ["secret.key"]


@pytest.mark.parametrize(("keys", "said"), [("", "must hold a key"), ("short", "at least 32 bytes")])
def test_production_makes_no_key_of_its_own(monkeypatch: pytest.MonkeyPatch, keys: str, said: str) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    with_keys(monkeypatch, keys)

    with pytest.raises(UnusableKeysError, match=said):
        secrets_at_rest.encrypted(SECRET)
    assert not settings().home.exists()


def test_printing_the_settings_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with_keys(monkeypatch, OLD)

    assert settings().secret_keys == (OLD,)
    assert OLD not in repr(settings())
