"""What people do on screen, one function an act, in the words that they read there."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from services.schemes import templates
from tests.browser.conftest import PATIENCE, SCREENS, Desk, link_in

PASSWORD = "calm river stones at dusk"
EMPTY_OR_GONE = """() => [...document.querySelectorAll('input[aria-label="Your full name"]')].every(i => !i.value)"""
DESK_SIZE, PHONE_SIZE = (1440, 980), (390, 844)


class Visit:
    """One person at one browser, on a desk or on a phone."""

    def __init__(self, browser: Browser, desk: Desk, name: str, *, phone: bool = False, zone: str = "Europe/London"):
        width, height = PHONE_SIZE if phone else DESK_SIZE
        self.size: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(viewport=self.size, timezone_id=zone, locale="en-GB")
        context.set_default_timeout(PATIENCE)
        self.page: Page = context.new_page()
        self.desk, self.name, self.shots = desk, name, 0

    def go(self, screen: str = "") -> None:
        self.page.goto(f"{self.desk.url}/{screen}")
        # Before its first run a page is "not running" too: wait for what only a run can draw.
        self.page.get_by_role("heading", level=1).wait_for()
        self.ready()

    def ready(self) -> None:
        """Until the script has run and nothing on the page is about to be replaced: twice in a row, a moment apart."""
        for _ in range(2):
            self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
            self.page.wait_for_function("() => !document.querySelector('[data-stale=\"true\"]')")
            self.page.wait_for_timeout(200)

    def press(self, label: str, *, exact: bool = False) -> None:
        self.page.get_by_role("button", name=label, exact=exact).first.click()
        self.ready()

    def fill(self, label: str, value: str) -> None:
        field = self.page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Tab")
        self.ready()

    def tick(self, box: Locator) -> None:
        """Streamlit hides the real box under a drawn one: press the words beside it."""
        box.locator("xpath=ancestor-or-self::label").first.click()
        self.ready()

    def choose(self, label: str) -> None:
        """A segment of a segmented control."""
        self.page.get_by_role("radio", name=label).first.click()
        self.ready()

    def sees(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def shoot(self, what: str) -> None:
        """A picture for people to look at."""
        self.shots += 1
        SCREENS.mkdir(parents=True, exist_ok=True)
        kind = "sqlite" if self.desk.database_url.startswith("sqlite") else "postgresql"
        path: Path = SCREENS / f"{kind}-{self.name}-{self.shots:02}-{what}.png"
        self._stretch()
        self.page.screenshot(path=path)
        self.page.set_viewport_size(self.size)

    def _stretch(self) -> None:
        """Streamlit scrolls inside the page: make the window as tall as what it holds."""
        self.page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
        script = "() => Math.max(0, ...[...document.querySelectorAll('[data-testid=stMain]')].map(m => m.scrollHeight))"
        height = int(self.page.evaluate(script))
        tall = min(max(height, self.size["height"]), 6000)
        self.page.set_viewport_size({"width": self.size["width"], "height": tall})
        self.page.wait_for_timeout(250)

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        self.go()
        self.page.get_by_label("Email", exact=False).first.fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out", exact=True).wait_for()
        self.ready()

    def arrive_by_invitation(self, email: str) -> None:
        """From the link in the invitation to Home, with a password of one's own."""
        self.page.goto(link_in(self.desk.mailbox.waited_for("Welcome to", to=email)[1]))
        self.page.locator("input[type=password]").first.wait_for()
        for field in self.page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        self.page.locator("button[type=submit]").first.click()
        self.page.get_by_role("button", name="Sign out", exact=True).or_(
            self.page.locator('[data-testid="stExpandSidebarButton"]')
        ).first.wait_for()
        self.ready()


def there(drawn: Locator, at_least: int = 1) -> Locator:
    """Those, once so many are drawn: a kind of widget loads its code by itself, perhaps after all that is around it."""
    drawn.nth(at_least - 1).wait_for()
    return drawn


def set_up(coordinator: Visit, template: str, name: str, email: str) -> None:
    """The first start: code, account, one scheme, first cohort."""
    visit = coordinator
    visit.go()
    visit.shoot("set-up")
    visit.fill("Code from the terminal", visit.desk.set_up_code())
    visit.fill("Your full name", name)
    visit.fill("Your email address", email)
    visit.fill("A password", PASSWORD)
    visit.page.get_by_role("button", name="Set up", exact=True).wait_for()
    for box in there(visit.page.get_by_role("checkbox")).all():
        wanted = template in (box.get_attribute("aria-label") or box.locator("xpath=ancestor::label").inner_text())
        if wanted != box.is_checked():
            visit.tick(box)
    visit.press("Set up", exact=True)
    visit.page.get_by_role("button", name="Sign out", exact=True).wait_for()
    visit.ready()
    visit.shoot("home-empty")


def import_file(coordinator: Visit, path: Path, *, who: str | None) -> None:
    """Upload, check the columns that were guessed, look at the preview, confirm."""
    visit = coordinator
    visit.go("import_people")
    visit.page.locator("input[type=file]").set_input_files(path)
    visit.ready()
    if who:
        visit.choose(who)
    visit.page.get_by_role("button", name="Check the file").first.wait_for()
    visit.shoot("import-columns")
    visit.press("Check the file")
    add = visit.page.locator('[data-testid="stButton"] button').filter(has_text="Add ").first
    add.wait_for()
    visit.shoot("import-preview")
    add.click()
    visit.ready()
    visit.sees("added")
    visit.shoot("imported")


def approve_everybody(coordinator: Visit) -> None:
    """All that the import brought in, in one act that says how many it is."""
    visit = coordinator
    visit.go("enrolments")
    visit.shoot("enrolments")
    visit.press("Approve all")
    visit.shoot("approve")
    visit.press("Approve and send")
    visit.sees("approved")


def declare_and_consent(visit: Visit, *switches: str) -> None:
    """The private question, then what may be shared, each by its own switch."""
    visit.go("enrolment")
    visit.choose("Conflicts")
    visit.shoot("conflicts")
    visit.press("There is nobody")
    visit.choose("Consents")
    for label in switches:
        switch = visit.page.get_by_role("switch", name=label).or_(visit.page.get_by_role("checkbox", name=label))
        visit.tick(switch)
        # Between two runs the old one may still stand beside the new one.
        expect(switch).to_have_count(1)
        expect(switch).to_be_checked()
    visit.shoot("consents")


def sign_everything(visit: Visit) -> None:
    """Read, tick each section, type one's name; again for every text that waits."""
    visit.go("agreements")
    name = visit.page.get_by_label("Your full name")
    name.or_(visit.page.get_by_text("You have signed everything")).first.wait_for()
    while name.is_visible():
        asked = visit.page.get_by_text("To sign, type your name").locator("strong").inner_text()
        boxes = there(visit.page.get_by_role("checkbox", name="I have read"))
        for number in range(boxes.count()):
            visit.tick(boxes.nth(number))
        visit.fill("Your full name", asked)
        visit.shoot("agreement")
        visit.press("Sign", exact=True)
        # The next text, or none, has taken the place of this one.
        visit.page.wait_for_function(EMPTY_OR_GONE)
        visit.ready()
    visit.sees("You have signed everything")
    visit.shoot("signed")


def run_and_send(coordinator: Visit) -> None:
    """Run the matching, approve every pair, look at the emails, send them."""
    visit = coordinator
    visit.go("matching_review")
    visit.press("Run matching")
    visit.shoot("matching")
    visit.press("Approve all")
    visit.page.get_by_role("button", name=re.compile(r"Preview the emails to [1-9]")).click()
    visit.page.get_by_role("button", name="Send to").first.wait_for()
    visit.ready()
    visit.shoot("emails")
    visit.press("Send to")
    visit.sees("on their way")


def see_participation(coordinator: Visit, **figures: str) -> None:
    """Figures by their first word, both charts drawn to the end, and nothing that anybody had to be warned of."""
    visit = coordinator
    visit.go("participation")
    for word, value in figures.items():
        metric = visit.page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{word}"))
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(value)
    charts = visit.page.get_by_test_id("stPlotlyChart")
    expect(charts).to_have_count(2)
    for chart in charts.all():
        # A bar of the funnel, or a point of a week: an empty pair of axes has neither.
        expect(chart.locator("svg .point path:visible").first).to_be_visible()
    expect(visit.page.get_by_test_id("stAlert")).to_have_count(0)
    visit.shoot("participation")


def answer_yes(visit: Visit, body: str) -> None:
    """The link in the email, a look, one button."""
    visit.page.goto(link_in(body))
    visit.shoot("answer")
    visit.page.locator("button[value=yes]").click()
    visit.page.wait_for_load_state()
    visit.shoot("answered")


def record_meeting(visit: Visit) -> None:
    """One's own record, with what the form suggests."""
    visit.go("meetings")
    visit.press("Save my record")
    visit.sees("Saved")
    visit.shoot("meetings")


def pass_training(visit: Visit) -> None:
    """Read, and answer the check with what the module taught."""
    visit.go("training")
    visit.page.get_by_role("button", name="Check my answers").wait_for()
    asked = templates.load("unnc_alumni").modules[0].questions
    answers = [question.answer for question in asked if isinstance(question.answer, int)]
    groups = there(visit.page.get_by_role("radiogroup"), len(answers))
    for group, answer in zip(groups.all(), answers, strict=True):
        visit.tick(group.get_by_role("radio").nth(answer))
    visit.press("Check my answers")
    visit.sees("Passed")
    visit.shoot("training")


def wish_for(visit: Visit, mentor: str) -> None:
    """Find somebody in the directory and wish for them."""
    visit.go("mentors")
    visit.tick(visit.page.get_by_role("radio", name=mentor).first)
    visit.shoot("mentors")
    visit.press("Wish for this mentor")
    visit.sees("is among your wishes")


def ask_for_feedback(coordinator: Visit) -> None:
    """Open a round for everybody in an open pair."""
    coordinator.go("feedback")
    coordinator.press("Open this round")
    coordinator.sees("The round is open")


def give_feedback(visit: Visit) -> None:
    """The form that is due: the highest answer to every question that offers choices, then send."""
    visit.go("feedback")
    visit.page.get_by_role("button", name="Send to the coordinator").wait_for()
    for group in there(visit.page.get_by_role("radiogroup")).all():
        group.get_by_role("radio").last.click()
        visit.ready()
    visit.shoot("feedback-form")
    visit.press("Send to the coordinator")
    visit.sees("Thank you")
