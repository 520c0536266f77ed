"""AULP from an empty database to a chart: the coordinator proposes, the mentee answers from the email and leads."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import ROOT, Desk
from tests.browser.steps import (
    Visit,
    answer_yes,
    approve_everybody,
    ask_for_feedback,
    declare_and_consent,
    give_feedback,
    import_file,
    record_meeting,
    run_and_send,
    see_participation,
    set_up,
    sign_everything,
)

DATA = ROOT / "tests" / "data"

pytestmark = pytest.mark.browser


def test_a_coordinator_takes_one_spreadsheet_to_pairs_that_meet(browser: Browser, desk: Desk) -> None:
    coordinator = Visit(browser, desk, "aulp-coordinator")
    set_up(coordinator, "AULP", "Rosalind Achterberg", "rosalind@example.com")
    import_file(coordinator, DATA / "aulp-enrolments-forms.csv", who=None)
    approve_everybody(coordinator)

    mentors: dict[str, Visit] = {}
    for email, name in (("mentor18.12@example.org", "李娜"), ("mentor16.12@example.org", "Grace Zhang")):
        mentor = Visit(browser, desk, f"aulp-mentor-{email[6:8]}")
        mentor.arrive_by_invitation(email)
        mentor.shoot("home")
        declare_and_consent(mentor, "Share my email address")
        sign_everything(mentor)

        mentors[name] = mentor

    run_and_send(coordinator)
    email, body = desk.mailbox.waited_for("introduce a mentor", naming="李娜")
    mentee = Visit(browser, desk, "aulp-mentee", phone=True, zone="Asia/Shanghai")
    answer_yes(mentee, body)
    mentee.arrive_by_invitation(email)
    mentee.shoot("home")
    sign_everything(mentee)
    mentee.go("my_match")
    mentee.sees("mentor18.12@example.org")
    mentee.shoot("my-match")
    mentee.press("I have contacted my mentor")
    mentee.sees("Noted")
    record_meeting(mentee)
    record_meeting(mentors["李娜"])
    mentors["李娜"].sees("Both agree")

    ask_for_feedback(coordinator)
    give_feedback(mentors["李娜"])
    coordinator.go("feedback")
    coordinator.sees("1 of 2")
    see_participation(coordinator, Mentees="1 of 34", Feedback="–")
    coordinator.go("proposals")
    coordinator.shoot("proposals")
    coordinator.go()
    coordinator.shoot("home")
