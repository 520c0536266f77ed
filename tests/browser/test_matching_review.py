"""A coordinator with sixty mentees and forty mentors: run, understand the weakest pairs, swap one, forbid one, send."""

import random
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.database import make_engine
from models.enrolments import ConsentPurpose, Side
from models.matching import PairRule, Proposal, ProposalStatus
from services import sessions
from tests.browser.conftest import Desk
from tests.browser.steps import Visit
from tests.factories import make_account, make_cohort, make_consent, make_coordinator, make_enrolment, make_scheme

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

MENTEES, MENTORS = 60, 40
WEIGHTS = {"sector": 6, "goals": 6, "languages": 3, "channels": 2, "experience": 4, "load": 1}
GOALS = ("Move into energy regulation.", "Understand arbitration.", "Lead a policy team.", "Publish research.")
WORK = (
    "Energy regulation and grids.",
    "Commercial arbitration.",
    "Policy adviser in a ministry.",
    "Editor of a journal.",
)


# How far the edge of a circle stands out from its ground, by WCAG's formula; a browser mixes the colours.
STANDS_OUT = """() => {
  const circle = document.querySelector('[data-testid="stRadioOption"]:not([data-selected]) > div > div:first-child');
  const style = getComputedStyle(circle), brush = document.createElement('canvas').getContext('2d');
  const light = (...colours) => {
    for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
    const parts = [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part / 255);
    const [r, g, b] = parts.map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = light(style.backgroundColor), edge = light(style.backgroundColor, style.borderTopColor);
  return Math.max(ground, edge) / Math.min(ground, edge);
}"""
TOO_WIDE = "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth; }"


def populated(desk: Desk, mentees: int = MENTEES, mentors: int = MENTORS) -> str:
    """The demonstration's size, with fewer places than mentees; answers the session token of its coordinator."""
    chance, engine = random.Random(11), make_engine(desk.database_url)
    with Session(engine) as session:
        cohort = make_cohort(session, make_scheme(session, criterion_weights=WEIGHTS))
        for side, count in ((Side.MENTOR, mentors), (Side.MENTEE, mentees)):
            for number in range(count):
                made = make_enrolment(
                    session,
                    cohort,
                    side,
                    name=f"{side.value.title()} {number:02}",
                    sector=chance.choice("ABCDEFGH"),
                    summary=chance.choice(WORK),
                    goals=chance.choice(GOALS),
                    languages=["en", "zh"][: chance.choice((1, 2))],
                    channels=chance.sample(["email", "telephone", "video"], 2),
                    years_of_experience=chance.randrange(25),
                    capacity=chance.choice((1, 1, 2)),
                    waiting_since=utc_now() - timedelta(days=chance.randrange(60)),
                )
                if side is Side.MENTOR:
                    make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
        account = make_account(session, make_coordinator(session, cohort))
        session.commit()
        token = sessions.open_for(session, account.id)
    engine.dispose()
    return token


def look_closer_at(visit: Visit, line: int) -> None:
    """Choose a line of the list, and open what stands behind it."""
    visit.page.get_by_test_id("stRadioOption").nth(line).click()
    visit.ready()
    visit.press("Look closer")


def test_a_coordinator_runs_understands_swaps_forbids_and_sends(browser: Browser, desk: Desk) -> None:
    visit = Visit(browser, desk, "review")
    visit.page.context.add_cookies([{"name": "mentoring", "value": populated(desk), "url": desk.url}])
    visit.go("matching_review")

    visit.press("Run matching")
    visit.sees("mentees have a mentor now")
    visit.sees("mentees share")
    visit.page.get_by_label("Sort").click()
    visit.page.get_by_role("option", name="Weakest first").click()
    visit.ready()
    visit.page.get_by_role("radio", name=re.compile("^Matched ")).click()
    visit.ready()
    for weakest in range(3):
        look_closer_at(visit, weakest)
        visit.sees("points out of 100, and why")
        visit.sees("Costs the scheme")
        if weakest < 2:
            visit.press("Back to the list")

    visit.page.get_by_role("radiogroup").first.get_by_role("radio").first.locator("xpath=ancestor::label").click()
    visit.ready()
    visit.sees("To pair them")
    visit.press("Pair them and run again")
    visit.sees("Pinned by Rosalind Achterberg")
    visit.press("Back to the list")
    look_closer_at(visit, -1)
    visit.press("Never this pair")
    visit.press("Forbid it and run again")
    visit.sees("forbidden")
    visit.press("Back to the list")
    visit.press("Approve all")
    visit.press("Preview the emails to")
    visit.press("Send to")
    visit.sees("are on their way")

    with Session(make_engine(desk.database_url)) as session:
        kinds = sorted(session.exec(select(PairRule.kind)))
        sent = session.exec(select(Proposal.id).where(col(Proposal.status) == ProposalStatus.SENT)).all()
    assert (kinds, len(sent) >= 40) == (["forbid", "pin"], True)


def test_a_pair_is_opened_forbidden_and_sent_on_a_phone_at_night(browser: Browser, desk: Desk) -> None:
    visit = Visit(browser, desk, "review-phone", phone=True)
    visit.page.emulate_media(color_scheme="dark")
    visit.page.context.add_cookies([{"name": "mentoring", "value": populated(desk, 6, 4), "url": desk.url}])
    visit.go("matching_review")

    visit.press("Run matching")
    visit.sees("mentees have a mentor now")
    visit.page.get_by_test_id("stRadioOption").first.wait_for()
    visit.ready()
    edge, width = visit.page.evaluate(STANDS_OUT), visit.page.evaluate(TOO_WIDE)
    look_closer_at(visit, -1)
    visit.press("Never this pair")
    visit.sees("Where answers are equally good, lots decide")
    visit.press("Forbid it and run again")
    visit.sees("forbidden")
    width = max(width, visit.page.evaluate(TOO_WIDE))
    visit.press("Back to the list")
    visit.press("Approve all")
    visit.press("Preview the emails to")
    visit.press("Send to")
    visit.sees("are on their way")

    with Session(make_engine(desk.database_url)) as session:
        sent = session.exec(select(Proposal.id).where(col(Proposal.status) == ProposalStatus.SENT)).all()
    assert (edge >= 3, width, len(sent) >= 4) == (True, 0, True)
