"""Every screen of every role, read by axe on a desk in daylight and on a phone at night.

The rules are WCAG 2.0 to 2.2, levels A and AA, and axe's best practice. SQLite only: what is drawn is the same.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.conftest import Desk, Mailbox, start_server
from tests.browser.steps import DESK_SIZE, PHONE_SIZE, Visit, there
from tests.conftest import demo_accounts
from tests.ports import free_port

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What Streamlit draws and a page cannot change, each by its rule and the very nodes.
ALLOWED = {
    # The day, month, year, hour and minute of a date or time are 18 pixels wide; all can be typed in a row instead.
    "target-size": '[role="spinbutton"][aria-valuetext]',
    # The area to drop a file on says that it is only decoration, and has a name; the button in it does the same work.
    "presentation-role-conflict": '[data-testid="stFileUploaderDropzone"]',
}
# Counts in the page itself how often in a row it looked the same.
SETTLED = """() => {
  const looks = [...document.body.querySelectorAll('*')].map(node => {
    const style = getComputedStyle(node);
    return [style.color, style.backgroundColor, style.opacity].join();
  }).join() + document.body.innerText;
  window.sameLooks = window.lastLooks === looks ? (window.sameLooks || 0) + 1 : 0;
  window.lastLooks = looks;
  return window.sameLooks >= 3;
}"""
# The words of charts that have not the colour of those around them: axe looks past drawings.
PALE = """() => [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].flatMap(chart => {
  const ink = getComputedStyle(chart.parentElement).color;
  return [...chart.querySelectorAll('text:not(.bartext-inside, .hoverlayer *)')]
    .filter(word => getComputedStyle(word).fill !== ink).map(word => 'chart: ' + word.textContent);
})"""
ROLES = ("Coordinator", "Scheme manager", "Mentor, AULP", "Mentee, UNNC")


@pytest.fixture(scope="module")
def shown_desk(demonstrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, dict[str, Any]]]:
    """A server on the demonstration, and its accounts by the beginning of their role."""
    home = shutil.copytree(demonstrated, tmp_path_factory.mktemp("demonstration") / "home")
    url, port = f"sqlite:///{home / 'mentoring.db'}", free_port()
    accounts = {account.role: account for account in demo_accounts(home)}
    process = start_server(home, url, port, free_port(), home / "server.log")
    yield Desk(f"http://127.0.0.1:{port}", home, url, Mailbox(), process, home / "server.log", 0), accounts
    process.terminate()
    process.wait(timeout=60)


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_of_a_role_is_free_of_barriers(
    browser: Browser, shown_desk: tuple[Desk, dict[str, Any]], role: str
) -> None:
    desk, accounts = shown_desk
    account = next(accounts[name] for name in accounts if name.startswith(role))
    visit = Visit(browser, desk, role)
    visit.sign_in(account.email, account.password)
    menu = there(visit.page.locator('[data-testid="stSidebarNavLink"]'), 2)
    screens = [str(link.evaluate("link => link.pathname")) for link in menu.all()]

    found = [problem for screen in screens for problem in problems_of(visit, screen)]

    assert len(screens) >= 2
    assert found == []


def test_questions_roles_cohorts_and_a_schemes_facts_are_set_without_barriers(
    browser: Browser, shown_desk: tuple[Desk, dict[str, Any]]
) -> None:
    desk, accounts = shown_desk
    account = next(accounts[name] for name in accounts if name.startswith("Coordinator"))
    visit = Visit(browser, desk, "coordinator-of-parts")
    visit.sign_in(account.email, account.password)

    found = [
        problem
        for part in ("equality", "people", "cohorts", "scheme")
        for problem in problems_of(visit, f"/scheme_settings?part={part}")
    ]

    assert found == []


def test_what_a_visitor_sees_is_free_of_barriers(browser: Browser, shown_desk: tuple[Desk, dict[str, Any]]) -> None:
    visit = Visit(browser, shown_desk[0], "visitor")

    found = [*problems_of(visit, "/"), *plain_problems_of(visit, "/forgot"), *plain_problems_of(visit, "/answer/none")]

    assert found == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_first_start_is_free_of_barriers(browser: Browser, desk: Desk) -> None:
    visit = Visit(browser, desk, "first-start")

    assert problems_of(visit, "/") == []


def problems_of(visit: Visit, screen: str) -> list[str]:
    """What axe finds on one screen of ours, on a desk and on a phone."""
    found = []
    for (width, height), scheme in ((DESK_SIZE, "light"), (PHONE_SIZE, "dark")):
        dress(visit.page, {"width": width, "height": height}, scheme)
        if scheme == "light":
            visit.go(screen.lstrip("/"))
        visit.ready()
        visit.page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
        problems = [*lasting(visit.page), *visit.page.evaluate(PALE)]
        found += [f"{screen} {width} {scheme}: {problem}" for problem in problems]
    return found


def lasting(page: Page) -> list[str]:
    """What is wrong with a screen and stays so: while Streamlit fades a run in or out, words are paler than meant."""
    settle(page)
    if not failures(page) and not axe(page):
        return []
    page.wait_for_timeout(1500)
    settle(page)
    return [*failures(page), *axe(page)]


def settle(page: Page) -> None:
    """Until the words, colours and opacities of the whole page have stayed the same for more than half a second."""
    page.wait_for_function(SETTLED, polling=200)


def failures(page: Page) -> list[str]:
    """What stands on a screen that could not be drawn: free of barriers, and of everything else."""
    return page.locator('[data-testid="stAlertContentError"], [data-testid="stException"]').all_inner_texts()


def plain_problems_of(visit: Visit, address: str) -> list[str]:
    """What axe finds on a page outside Streamlit."""
    found = []
    visit.page.goto(f"{visit.desk.url}{address}")
    for (width, height), scheme in ((DESK_SIZE, "light"), (PHONE_SIZE, "dark")):
        dress(visit.page, {"width": width, "height": height}, scheme)
        found += [f"{address} {width} {scheme}: {problem}" for problem in lasting(visit.page)]
    return found


def dress(page: Page, size: ViewportSize, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)


def axe(page: Page) -> list[str]:
    """One line for each node that breaks a rule, but those allowed."""
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page, options=RULES).response["violations"]
        for node in violation["nodes"]
        if not is_allowed(page, violation["id"], node["target"])
    ]


def is_allowed(page: Page, rule: str, target: list[str]) -> bool:
    selector = ALLOWED.get(rule)
    return selector is not None and bool(page.locator(target[-1]).first.evaluate(f"node => node.matches('{selector}')"))
