"""UNNC from an empty database to a chart: training and signature first, students wish, the mentor answers."""

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
    pass_training,
    record_meeting,
    run_and_send,
    see_participation,
    set_up,
    sign_everything,
    wish_for,
)

DATA = ROOT / "tests" / "data"
MENTOR, MENTOR_NAME = "mentor0.11@example.org", "张伟"
MENTEE, MENTEE_NAME = "mentee2.11@example.org", "Łukasz Müller"

pytestmark = pytest.mark.browser


def test_students_and_alumni_come_from_two_workbooks_to_meetings_and_feedback(browser: Browser, desk: Desk) -> None:
    coordinator = Visit(browser, desk, "unnc-coordinator", zone="Asia/Shanghai")
    set_up(coordinator, "UNNC", "陈静", "chen.jing@example.com")
    import_file(coordinator, DATA / "unnc-mentors-forms.xlsx", who="Mentors")
    import_file(coordinator, DATA / "unnc-mentees-forms.xlsx", who="Mentees")
    approve_everybody(coordinator)

    mentor = Visit(browser, desk, "unnc-mentor", zone="Asia/Shanghai")
    mentor.arrive_by_invitation(MENTOR)
    mentor.shoot("home")
    declare_and_consent(mentor, "directory", "email", "WeChat")
    sign_everything(mentor)
    pass_training(mentor)

    mentee = Visit(browser, desk, "unnc-mentee", phone=True)
    mentee.arrive_by_invitation(MENTEE)
    declare_and_consent(mentee, "email")
    wish_for(mentee, MENTOR_NAME)

    run_and_send(coordinator)
    _, body = desk.mailbox.waited_for("", to=MENTOR, naming=MENTEE_NAME)
    answer_yes(mentor, body)
    mentee.go("my_match")
    mentee.sees("wx_193630")
    mentee.shoot("my-match")
    mentee.press("I have contacted my mentor")
    mentee.sees("Noted")
    record_meeting(mentee)
    record_meeting(mentor)
    mentor.sees("Both agree")

    ask_for_feedback(coordinator)
    give_feedback(mentor)
    coordinator.go("feedback")
    coordinator.sees("1 of 2")
    coordinator.shoot("feedback")
    see_participation(coordinator, Mentees="1 of 61", Feedback="–")
    coordinator.go("messages")
    coordinator.shoot("messages")
