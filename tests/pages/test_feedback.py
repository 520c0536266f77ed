"""Feedback: a form that keeps what is typed, and the coordinator who asks and reads."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.messages import Message
from models.people import Person
from models.schemes import Cohort
from services import audit, feedback, times
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
    make_scheme,
)
from tests.pages.opening import open_page

FORMS = {
    "mentor": [
        {
            "key": "relationship",
            "text": "How well are you two working together?",
            "kind": "scale_1_5",
            "required": True,
        },
        {"key": "guidance", "text": "Would you like guidance?", "kind": "yes_no"},
        {"key": "more", "text": "Anything else?", "kind": "text"},
    ],
    "mentee": [{"key": "relationship", "text": "How well?", "kind": "scale_1_5", "required": True}],
}


@pytest.mark.clause("U-6")
def test_a_mentor_answers_what_was_typed_is_kept_and_the_coordinator_reads_it(page_session: Session) -> None:
    cohort, mentor, coordinator = _asked(page_session)

    page = open_page("feedback", mentor)
    page.text_area[0].set_value("It goes *well*.").run()
    again = open_page("feedback", mentor)
    kept = again.text_area[0].value
    again.segmented_control[0].set_value(4).run()
    again.button(key="send").click().run()

    assert kept == "It goes *well*."
    assert [notice.value for notice in again.success] == ["Thank you. The coordinator can read it now."]
    round_id = page_session.exec(select(FeedbackRound.id).where(FeedbackRound.cohort_id == cohort.id)).one()
    reading = open_page("feedback", coordinator)
    reading.toggle(key=f"answers-{round_id}").set_value(True).run()
    shown = [element.value for element in reading.markdown]
    assert any(line.endswith("Answered 1 of 2") for line in shown)
    assert any("- Anything else? **It goes \\*well\\*\\.**" in line for line in shown)


def test_sending_without_the_required_answer_says_which_and_keeps_the_rest(page_session: Session) -> None:
    _, mentor, _ = _asked(page_session)

    page = open_page("feedback", mentor)
    page.text_area[0].set_value("Kept.").run()
    page.button(key="send").click().run()

    assert [error.value.split(":")[0] for error in page.error] == ["Still to answer\\"]
    assert page.text_area[0].value == "Kept."
    answers = page_session.exec(select(FeedbackAnswer).where(FeedbackAnswer.side == Side.MENTOR)).one()
    page_session.refresh(answers)
    assert (answers.answers, answers.submitted_at) == ({"more": "Kept."}, None)


def test_nothing_is_due_is_said(page_session: Session) -> None:
    person = make_person(page_session)
    make_enrolment(page_session, make_cohort(page_session), person=person)

    page = open_page("feedback", person)

    assert page.info[0].value.startswith("No form waits for you.")


def test_a_coordinator_opens_a_round_reminds_and_closes_it(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, other_settings={"feedback": FORMS}))
    make_pairing(page_session, cohort)
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("feedback", coordinator)
    empty = page.info[0].value
    page.button(key="open").click().run()
    opened = [notice.value for notice in page.success]
    round_id = page_session.exec(select(FeedbackRound.id).where(FeedbackRound.cohort_id == cohort.id)).one()
    page.session_state[f"reminding-{round_id}"] = True
    page.run()
    page.button(key=f"remind-{round_id}").click().run()
    reminded = [notice.value for notice in page.success]
    page.button(key=f"close-{round_id}").click().run()

    assert empty.startswith("You have not asked anybody yet.")
    assert opened == ["The round is open. 2 people will get an email."]
    assert reminded == ["A reminder goes to 2 people."]
    assert [notice.value for notice in page.success] == ["The round is closed."]


def test_a_round_is_offered_once_there_is_somebody_to_ask(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, other_settings={"feedback": FORMS}))
    coordinator = make_coordinator(page_session, cohort)

    before = open_page("feedback", coordinator)
    made = make_pairing(page_session, cohort)
    audit.record(page_session, make_actor(coordinator, cohort), "pairing.made", made.id, scheme_id=cohort.scheme_id)
    page_session.commit()
    after = open_page("feedback", coordinator)

    assert [info.value for info in before.info] == [
        "There is no open pair yet, so there is nobody to ask. Once two people work together, you can ask here."
    ]
    assert [button.label for button in before.main.button] == []
    assert [button.label for button in after.main.button] == ["Open this round"]
    assert [line.value for line in after.main.caption if "open pairs" in line.value] == [
        "The form and an email go now to 2 people in open pairs, and to nobody else. "
        "Pairs made later get them as well, until that day."
    ]


def test_before_a_round_opens_its_coordinator_reads_who_is_asked_and_what_the_email_says(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, other_settings={"feedback": FORMS}))
    make_pairing(page_session, cohort, mentor="Bo *Berg*", mentee="Ama Boateng")
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("feedback", coordinator)
    closed = len(page.text)
    page.session_state["plan"] = True
    due_on = utc_now().date() + timedelta(days=5)
    page.date_input(key="due-on").set_value(due_on).run()

    day = f"{times.day_in_words(due_on, today=due_on, weekday=True)} {due_on.year}"
    assert closed == 0
    assert "To Ama Boateng and Bo \\*Berg\\*" in [line.value for line in page.main.markdown]
    assert [text.value.split("Please answer by ")[1].split(".")[0] for text in page.main.text] == [day]
    assert page_session.exec(select(Message)).all() == []


def test_a_reminder_is_read_before_it_goes_and_names_those_it_goes_to(page_session: Session) -> None:
    _, mentor, coordinator = _asked(page_session)
    round_id = page_session.exec(select(FeedbackRound.id)).one()
    mentee = page_session.exec(select(Enrolment).where(Enrolment.side == Side.MENTEE)).one()
    feedback.submit(page_session, make_participant(page_session, mentee), round_id, {"relationship": 4})

    page = open_page("feedback", coordinator)
    page.session_state[f"reminding-{round_id}"] = True
    page.run()
    read = [line.value for line in page.main.markdown if line.value.startswith("To ")]
    mails = len(page_session.exec(select(Message)).all())
    page.button(key=f"remind-{round_id}").click().run()
    page_session.rollback()

    assert (read, mails) == (["To Bo Berg"], 2)
    assert [text.value.splitlines()[0] for text in page.main.text] == []
    assert [notice.value for notice in page.success] == ["A reminder goes to one person."]
    assert "Nobody is left to remind today" in " ".join(line.value for line in page.main.markdown)
    assert page_session.exec(select(Message.person_id).where(Message.person_id == mentor.id)).all() == [mentor.id] * 2


def test_answers_are_counted_and_found_by_name(page_session: Session) -> None:
    cohort, _, coordinator = _asked(page_session)
    round_id = page_session.exec(select(FeedbackRound.id).where(FeedbackRound.cohort_id == cohort.id)).one()

    page = open_page("feedback", coordinator)
    page.toggle(key=f"answers-{round_id}").set_value(True).run()
    everybody = [line.value for line in page.main.caption]
    page.text_input(key=f"search-{round_id}").set_value("berg").run()
    found = [line.value.strip() for line in page.main.markdown if "not answered yet" in line.value]
    one = [line.value for line in page.main.caption]
    page.text_input(key=f"search-{round_id}").set_value("nobody").run()

    assert "2 people, the lowest rating first" in everybody
    assert "1 person, the lowest rating first" in one
    assert found == ["**Bo Berg** · mentor · not answered yet"]
    assert [info.value for info in page.main.info] == ["Nobody fits. Take a word out of the search."]


def test_a_mentee_does_not_see_what_the_mentor_wrote(page_session: Session) -> None:
    _, mentor, _ = _asked(page_session)
    enrolment = page_session.exec(select(Enrolment).where(Enrolment.person_id == mentor.id)).one()
    round_id = page_session.exec(select(FeedbackRound.id)).one()
    answers = {"relationship": 1, "more": "Never again."}
    feedback.submit(page_session, make_participant(page_session, enrolment), round_id, answers)
    mentee = page_session.exec(select(Person).join(Enrolment).where(Enrolment.side == Side.MENTEE)).one()

    page = open_page("feedback", mentee)

    assert "Never again" not in str(page._tree)


def _asked(session: Session) -> tuple[Cohort, Person, Person]:
    cohort = make_cohort(session, make_scheme(session, other_settings={"feedback": FORMS}))
    mentor = make_person(session, "Bo Berg")
    make_pairing(session, cohort, mentor=make_enrolment(session, cohort, Side.MENTOR, person=mentor))
    coordinator = make_coordinator(session, cohort)
    today = utc_now().date()
    feedback.open_round(
        session,
        make_actor(coordinator, cohort),
        cohort.id,
        point=RoundPoint.MIDDLE,
        opens_on=today,
        due_on=today + timedelta(days=14),
        today=today,
    )
    return cohort, mentor, coordinator
