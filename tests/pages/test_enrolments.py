"""The Enrolments screen of a coordinator."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.pauses import Pause
from models.people import Person
from models.schemes import Cohort, FormField
from pages import enrolment_acts
from pages.enrolment_acts import DECISIONS, Act
from services.access import DESK
from services.schemes import starting
from tests.factories import make_coordinator, make_enrolment, make_participant, make_person
from tests.pages.opening import open_page


def a_cohort(session: Session) -> tuple[Cohort, Person]:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    return cohort, make_coordinator(session, cohort)


def a_submitted(session: Session, cohort: Cohort, name: str, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    facts = {"status": EnrolmentStatus.SUBMITTED, "decided_at": None, "goals": "Energy law."} | facts
    person = make_person(session, name, email=f"{name.casefold()}@example.org")
    return make_enrolment(session, cohort, side, person=person, **facts)


def tick(page: AppTest, *enrolments: Enrolment) -> AppTest:
    """Choose several, then these."""
    page.toggle(key="several").set_value(True).run()
    for enrolment in enrolments:
        page.checkbox(key=f"tick-0-{enrolment.id}").check()
    return page.run()


def choose(page: AppTest, enrolment: Enrolment, *, key: str = "who") -> AppTest:
    """Open somebody from the list."""
    return page.radio(key=key).set_value(str(enrolment.id)).run()


def lines(page: AppTest) -> list[str]:
    """The list from top to bottom."""
    return [line for group in page.radio for line in group.options]


def facts(page: AppTest) -> list[str]:
    return [light for group in page.radio for light in group.proto.captions]


def names(page: AppTest) -> list[str]:
    """The names in the list, from the bold start of each line."""
    return [line.split("**")[1] for line in lines(page)]


def sent(session: Session) -> list[tuple[str, str]]:
    statement = select(Person.full_name, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


@pytest.mark.clause("U-C5.1")
def test_every_light_stands_in_words_beside_the_name_and_under_the_pointer(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    a_submitted(page_session, cohort, "Bo", Side.MENTOR, claims={"training": "Yes"}, sector="D")

    page = open_page("enrolments", coordinator)
    said = [
        "**Bo** · Mentor :blue-badge[Submitted] :orange-badge[:material/close: Profile: missing\\: Your time zone] "
        ":orange-badge[:material/close: Agreement: not signed yet] "
        ":orange-badge[:material/close: Training: not completed yet] :green-badge[:material/check: Conflicts] "
        ":gray-badge[1 of 1 place free] :orange-badge[:material/close: Reachable: no way to be reached is open]",
        "Counsel · Energy",
    ]
    listed = [*lines(page), *facts(page)]
    page.toggle(key="several").set_value(True).run()

    (box,) = page.checkbox
    assert listed == said
    assert box.label.split("  \n") == said
    assert box.help.splitlines() == [
        "- ✗ Profile: missing\\: Your time zone",
        "- ✗ Agreement: not signed yet",
        "- ✗ Training: not completed yet",
        "- ✓ Conflicts: answered",
        "- ✓ Places: 1 of 1 place free",
        "- ✗ Reachable: no way to be reached is open",
        "- bo\\@example\\.org",
        "- says\\: training Yes (a spreadsheet's word; it does not count)",
    ]


@pytest.mark.clause("U-C5.3")
def test_nobody_who_is_away_or_gone_reads_as_ready(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    whole: dict[str, Any] = {"answers": {"year_of_study": "Second"}, "sector": "D", "role_title": None}
    rested, _, _ = (
        a_submitted(page_session, cohort, name, status=status, **whole)
        for name, status in (
            ("Ama", EnrolmentStatus.PAUSED),
            ("Bo", EnrolmentStatus.PAUSED),
            ("Chen", EnrolmentStatus.WITHDRAWN),
        )
    )
    begun = Pause(enrolment_id=rested.id, begun_by_id=rested.person_id, started_on=date(2026, 11, 2))
    begun.planned_return_on = date(utc_now().year + 1, 3, 3)
    page_session.add(begun)

    page = open_page("enrolments", coordinator)

    assert facts(page) == ["Paused · Energy", "Paused · Energy", "Withdrawn · Energy"]
    assert [line.split("]")[0] for line in lines(page)] == [
        f"**Ama** · Mentee :blue-badge[:material/pause: Paused until 3 March {utc_now().year + 1}",
        "**Bo** · Mentee :blue-badge[:material/pause: Paused, no day of return",
        "**Chen** · Mentee :gray-badge[:material/close: Profile: missing\\: Your time zone",
    ]
    assert [line for line in lines(page) if "Ready" in line] == []


def test_everything_submitted_is_approved_after_one_look_at_the_mail(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    page = open_page("enrolments", coordinator)
    label = page.button(key="approve-all").label

    page.button(key="approve-all").click().run()
    asked = [heading.value for heading in page.header]
    before = sent(page_session)
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    page_session.refresh(bo)
    assert (label, asked, before) == ("Approve all 2 submitted", ["Approve 2 people?"], [])
    assert [each.status for each in (ama, bo)] == [EnrolmentStatus.APPROVED] * 2
    assert [notice.value for notice in page.success] == ["2 approved. An email goes to each of them."]
    assert [template for _, template in sent(page_session)] == ["invitation"] * 2


def test_only_the_ticked_are_declined(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo")
    page = tick(open_page("enrolments", coordinator), bo)

    page.button(key="Decline").click().run()
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    page_session.refresh(bo)
    assert (ama.status, bo.status) == (EnrolmentStatus.SUBMITTED, EnrolmentStatus.DECLINED)
    assert sent(page_session) == [("Bo", "enrolment_declined")]


def test_one_form_goes_back_with_a_question_that_the_preview_shows(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama")
    page = choose(open_page("enrolments", coordinator), ama)

    page.button(key="Return").click().run()
    page.button(key="confirm").click().run()
    refused = [notice.value for notice in page.error]
    page.text_area(key="note").set_value("Which year are you in?").run()
    previewed = ["Which year are you in?" in line.value for line in page.text]
    page.button(key="confirm").click().run()

    page_session.refresh(ama)
    assert refused == ["The question is empty\\. Write what the person should add or change\\."]
    assert previewed == [True]
    assert (ama.status, ama.decision_note) == (EnrolmentStatus.RETURNED, "Which year are you in?")


def test_cancelling_decides_nothing(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama")
    page = open_page("enrolments", coordinator)

    page.button(key="approve-all").click().run()
    page.button(key="cancel").click().run()

    page_session.refresh(ama)
    assert (ama.status, sent(page_session), list(page.header)) == (EnrolmentStatus.SUBMITTED, [], [])


def test_filters_stay_in_the_address_and_the_search_out_of_it(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    a_submitted(page_session, cohort, "Chen", status=EnrolmentStatus.APPROVED)

    page = open_page("messages", coordinator).switch_page("enrolments.py")
    page.query_params.update({"side": "mentees", "status": "submitted", "gate": "profile"})
    page.run()
    first = names(page)
    page.text_input(key="search").set_value("nobody of that name").run()

    assert (first, names(page)) == (["Ama"], [])
    assert sorted(page.query_params) == ["gate", "place", "side", "status"]


def test_a_page_and_whoever_is_open_stand_in_the_address_and_lead_back(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    people = [a_submitted(page_session, cohort, f"P{number:02}", sort_key=f"p{number:02}") for number in range(22)]
    page = open_page("messages", coordinator).switch_page("enrolments.py")

    page.query_params["page"] = "2"
    page.run()
    second = names(page)
    choose(page, people[21])
    written = {key: page.query_params[key] for key in ("page", "opened")}
    page.query_params["opened"] = str(people[20].id)  # as the browser's way back would
    page.run()
    back = [group.value for group in page.radio]
    page.query_params.update({"page": "nonsense", "opened": "nobody"})
    page.run()

    assert second == ["P20", "P21"]
    assert written == {"page": "2", "opened": str(people[21].id)}
    assert back == [str(people[20].id), None]
    assert (names(page)[0], [key for key in ("page", "opened") if key in page.query_params]) == ("P00", [])


def test_whoever_is_opened_is_shown_in_full_as_plain_text(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama = a_submitted(page_session, cohort, "Ama", goals="**Loud** goals")
    page_session.get_one(Person, ama.person_id).wechat_id = "wx_secret_1"

    page = choose(open_page("enrolments", coordinator), ama)

    shown = [line.value for line in page.markdown if "Loud" in line.value]
    assert ["What you would like mentoring to do for you: \\*\\*Loud\\*\\* goals" in line for line in shown] == [True]
    assert [line.value for line in page.markdown if "wx" in line.value] == []


def test_what_somebody_answered_is_still_read_when_it_is_no_longer_asked(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    statement = select(FormField).where(FormField.scheme_id == cohort.scheme_id, FormField.key == "goals")
    page_session.exec(statement).one().retired_at = utc_now()
    ama = a_submitted(page_session, cohort, "Ama")

    page = choose(open_page("enrolments", coordinator), ama)

    read = [line for block in page.markdown for line in block.value.split("  \n")]

    assert [line for line in read if "no longer asked" in line] == [
        "What you would like mentoring to do for you (no longer asked): Energy law\\."
    ]


def test_a_reminder_is_read_before_it_goes_and_ticks_begin_anew(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    page = tick(open_page("enrolments", coordinator), ama, bo)

    page.button(key="nudge").click().run()
    asked, before = [heading.value for heading in page.header], sent(page_session)
    previewed = [line.value for line in page.text if "this is still missing" in line.value]
    page.button(key="confirm").click().run()

    assert (asked, before, len(previewed)) == (["Remind 2 people of what is missing?"], [], 1)
    assert [notice.value for notice in page.success] == ["2 reminded. Each gets one email a day at most."]
    assert sent(page_session) == [("Ama", "nudge"), ("Bo", "nudge")]
    assert [box.value for box in page.checkbox] == [False, False]


def test_one_press_beside_somebody_and_one_look_at_the_mail_remind_them(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    page = choose(open_page("enrolments", coordinator), bo)

    page.button(key="nudge").click().run()
    asked, before = [heading.value for heading in page.header], sent(page_session)
    page.button(key="confirm").click().run()

    assert (asked, before, sent(page_session)) == (["Remind 1 person of what is missing?"], [], [("Bo", "nudge")])
    assert ama.status is EnrolmentStatus.SUBMITTED


def test_opening_another_person_leaves_a_question_unanswered_and_keeps_everybody_in_the_list(
    page_session: Session,
) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo, _ = (a_submitted(page_session, cohort, name) for name in ("Ama", "Bo", "Chen"))
    page = choose(open_page("enrolments", coordinator), ama)
    page.button(key="Decline").click().run()
    asked = [heading.value for heading in page.header]

    choose(page, bo, key="who-below")

    assert (asked, list(page.header)) == (["Decline 1 person?"], [])
    assert [len(group.options) for group in page.radio] == [2, 1]
    assert names(page) == ["Ama", "Bo", "Chen"]
    assert [block.value.split("  \n")[0] for block in page.markdown if "example" in block.value] == [
        "**Bo** · bo\\@example\\.org"
    ]


def test_two_of_one_name_are_told_apart(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    for address in ("one@example.org", "two@example.org"):
        person = make_person(page_session, "Li Wei", email=address)
        make_enrolment(page_session, cohort, person=person, status=EnrolmentStatus.SUBMITTED, decided_at=None)

    page = open_page("enrolments", coordinator)

    assert sorted(line.split(" ")[5] for line in lines(page)) == ["one\\@example\\.org", "two\\@example\\.org"]


def test_a_no_can_be_undone_after_a_reload_and_after_a_second_decision(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    ama, bo = a_submitted(page_session, cohort, "Ama"), a_submitted(page_session, cohort, "Bo")
    page = tick(open_page("enrolments", coordinator), ama)
    page.button(key="Decline").click().run()
    page.button(key="confirm").click().run()

    page = open_page("enrolments", coordinator)
    choose(page, bo).button(key="Decline").click().run()
    page.button(key="confirm").click().run()
    offered = [button.label for button in page.button if (button.key or "").startswith("undo-")]
    page.button(key=f"undo-{ama.id}").click().run()

    page_session.refresh(ama)
    page_session.refresh(bo)
    assert offered == ["Undo: Bo declined", "Undo: Ama declined"]
    assert [notice.value for notice in page.success] == ["1 submitted again. No email goes to them."]
    assert (ama.status, bo.status) == (EnrolmentStatus.SUBMITTED, EnrolmentStatus.DECLINED)
    assert [button.key for button in page.button if button.key == f"undo-{ama.id}"] == []


@pytest.mark.parametrize("act", ["Return", "Decline"])
def test_everybody_whom_the_filters_show_is_decided_in_batches_and_undone_at_once(
    page_session: Session, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr(enrolment_acts, "BATCH", 2)
    cohort, coordinator = a_cohort(page_session)
    people = [a_submitted(page_session, cohort, f"P{number}") for number in range(5)]
    elsewhere = a_submitted(page_session, cohort, "Bo", Side.MENTOR)
    page = open_page("enrolments", coordinator)
    page.button_group(key="side").set_value("mentees").run()

    page.menu_button(key="all-shown").click(Act(act)).run()
    asked, before = [heading.value for heading in page.header], sent(page_session)
    if act == "Return":
        page.text_area(key="note").set_value("Which year?").run()
    page.button(key="confirm").click().run()
    offered = [button for button in page.button if (button.key or "").startswith("undo-")]
    counted = [page_session.get_one(Enrolment, each.id, populate_existing=True).status for each in people]
    labels = [button.label for button in offered]
    offered[0].click().run()

    after = [page_session.get_one(Enrolment, each.id, populate_existing=True).status for each in people]
    assert (asked, before) == ([f"{act} 5 people?"], [])
    assert counted == [DECISIONS[Act(act)]] * 5
    assert labels == [f"Undo: 5 {DECISIONS[Act(act)].value}"]
    assert after == [EnrolmentStatus.SUBMITTED] * 5
    assert elsewhere.status is EnrolmentStatus.SUBMITTED


def test_what_was_stopped_between_two_batches_asks_about_the_rest(
    page_session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment_acts, "BATCH", 2)
    monkeypatch.setattr(enrolment_acts, "MOST_NAMED", 2)
    cohort, coordinator = a_cohort(page_session)
    people = [a_submitted(page_session, cohort, f"P{number}", sort_key=f"p{number}") for number in range(5)]
    page = open_page("enrolments", coordinator)
    page.menu_button(key="all-shown").click(Act.DECLINE).run()
    people[3].status = EnrolmentStatus.WITHDRAWN
    page_session.commit()

    page.button(key="confirm").click().run()

    statuses = [page_session.get_one(Enrolment, each.id, populate_existing=True).status.value for each in people]
    assert statuses == ["declined", "declined", "submitted", "withdrawn", "submitted"]
    assert [error.value.split("\\")[0] for error in page.error] == [
        "An enrolment that you chose is not waiting for a decision"
    ]
    assert page.session_state["deciding"][2] == [each.id for each in people[2:]]


def test_everybody_who_lacks_something_is_reminded_and_nobody_else(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    for number in range(21):
        a_submitted(page_session, cohort, f"P{number}")
    done: dict[str, Any] = {"answers": {"year_of_study": "Second"}, "sector": "D"}
    ready = a_submitted(page_session, cohort, "Ready", **done)
    page_session.get_one(Person, ready.person_id).time_zone = "Europe/London"
    page = open_page("enrolments", coordinator)

    page.menu_button(key="all-shown").click(Act.NUDGE).run()
    asked, before = [heading.value for heading in page.header], sent(page_session)
    page.button(key="confirm").click().run()
    reminded = sent(page_session)
    page.menu_button(key="all-shown").click(Act.NUDGE).run()

    assert (asked, before) == (["Remind 21 people of what is missing?"], [])
    assert reminded == sorted((f"P{number}", "nudge") for number in range(21))
    assert [notice.value for notice in page.success] == [
        "Nobody whom the filters show needs a reminder now: nothing is missing, or they had one today."
    ]


@pytest.mark.clause("U-C5.3")
def test_a_coordinator_lets_somebody_rest_after_reading_the_emails_and_ends_it_again(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    bo = a_submitted(page_session, cohort, "Bo", Side.MENTOR, status=EnrolmentStatus.APPROVED)
    page = choose(open_page("enrolments", coordinator), bo)

    page.button(key="Pause").click().run()
    asked, read, before = [each.value for each in page.header], [each.value for each in page.text], sent(page_session)
    page.button(key="confirm").click().run()
    page_session.refresh(bo)
    rests, told = bo.status, sent(page_session)
    page.button(key="End the break of").click().run()
    page.button(key="confirm").click().run()

    page_session.refresh(bo)
    assert (asked, before, told) == (["Pause 1 person?"], [], [("Bo", "pause_begun_for")])
    assert ["have put your place on a break until" in text for text in read] == [True]
    assert (rests, bo.status) == (EnrolmentStatus.PAUSED, EnrolmentStatus.APPROVED)
    assert sent(page_session) == [("Bo", "pause_begun_for"), ("Bo", "pause_ended_for")]


def test_a_blank_in_the_form_is_said_with_the_readiness_that_it_does_not_hold_back(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    whole: dict[str, Any] = {"answers": {"year_of_study": "Second"}, "sector": "D", "role_title": None}
    a_submitted(page_session, cohort, "Ama", **whole)
    a_submitted(page_session, cohort, "Bo", status=EnrolmentStatus.APPROVED, **whole)

    page = open_page("enrolments", coordinator)

    blank = "missing\\: Your time zone] :gray-badge[looking for a mentor]"
    assert lines(page) == [
        f"**Ama** · Mentee :blue-badge[Submitted] :orange-badge[:material/check: Ready once approved, but {blank}",
        f"**Bo** · Mentee :orange-badge[:material/check: Ready, but {blank}",
    ]


def test_everybody_on_a_page_is_ticked_at_once(page_session: Session) -> None:
    cohort, coordinator = a_cohort(page_session)
    for name in ("Ama", "Bo"):
        a_submitted(page_session, cohort, name)
    page = tick(open_page("enrolments", coordinator))

    page.button(key="tick-all").click().run()

    assert [box.value for box in page.checkbox] == [True, True]
    assert page.button(key="Approve").label == "Approve 2"


def test_an_empty_queue_says_what_to_do(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)

    page = open_page("enrolments", coordinator)

    assert [notice.value for notice in page.info] == [
        "Nobody is here yet. Import a spreadsheet, or invite people by email."
    ]
    assert [words.value for words in page.main.caption] == ["Who wants in, and who is ready for a match"]


def test_a_participant_does_not_see_the_queue(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)
    person = page_session.get_one(Person, mentor.person_id)

    page = open_page("enrolments", person, place_key=make_participant(page_session, mentor).place.key)

    assert names(page) == []


def test_a_visitor_does_not_see_the_queue(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    a_submitted(page_session, cohort, "Ama")
    page_session.commit()

    page = open_page("enrolments", None)

    assert "Ama" not in names(page)
