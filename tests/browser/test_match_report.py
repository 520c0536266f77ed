"""The report of `mentoring match`, opened as the file that it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.bad_inputs import DATA
from tests.browser.steps import DESK_SIZE, PHONE_SIZE
from tests.browser.test_accessibility import axe
from tests.services.test_cli import mentoring

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report with pairs, people without a mentor, and people left out."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    few = path.with_name("few.csv")
    head, *rows = (DATA / "aulp-enrolments-forms.csv").read_text(encoding="utf-8-sig").splitlines()
    mentors = [row for row in rows if "like to be a mentor" in row]
    few.write_text("\n".join([head, *mentors[:6], *(row for row in rows if row not in mentors)]), encoding="utf-8")
    done = mentoring("match", "--scheme", "aulp", "--people", str(few), "--texts", "words", "--report", str(path))
    assert done.code == 0
    yield path


def requests_of(page: Page) -> list[Request]:
    """Every request that the page makes from now on."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    page.on("request", note)
    return asked


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_the_report_is_free_of_barriers_and_asks_nothing_of_the_network(
    browser: Browser, report: Path, ground: str
) -> None:
    for width, height in (DESK_SIZE, PHONE_SIZE):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if ground == "dark" else "light"
        )
        page = context.new_page()
        asked = requests_of(page)

        page.goto(report.as_uri())
        drawn = page.evaluate("document.documentElement.scrollWidth")

        assert ([request.url for request in asked], drawn) == ([report.as_uri()], width)
        assert page.get_by_role("heading", level=2).all_inner_texts()[0].startswith("Without a mentor (")
        assert axe(page) == []
        context.close()
