"""The Messages screen: what was written, how it went, sending again, and whom it does not show anything."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.messages import Message, MessageStatus
from models.people import Person
from models.schemes import Cohort
from services import messages, outdated_mail, times
from services.settings import settings
from tests.factories import make_cohort, make_coordinator, make_enrolment, make_manager, make_person, make_scheme
from tests.pages.opening import open_page

EMPTY = "Nothing has been written yet. Approve enrolments or send proposals, and their emails appear here."


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session, make_scheme(page_session, name="AULP"))


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


@pytest.fixture
def _mail_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    settings.cache_clear()


def written(session: Session, cohort: Cohort, name: str, status: str = "queued", **facts: Any) -> Message:
    """A message to somebody of that name, with a body that no coordinator may see."""
    person = make_person(session, name)
    messages.queue(
        session,
        person_id=person.id,
        template="enrolment_returned",
        scheme_id=cohort.scheme_id,
        event=name,
        note="A private question",
    )
    session.flush()
    message = session.exec(select(Message).where(Message.person_id == person.id)).one()
    message.status = MessageStatus(status)
    for field, value in facts.items():
        setattr(message, field, value)
    session.flush()
    return message


def pieces(page: AppTest) -> list[str]:
    """A message each, of which several may be drawn in one go."""
    return [piece for line in page.markdown for piece in line.value.split("\n\n") if " · Enrolment returned" in piece]


def recipients(page: AppTest) -> list[str]:
    return [piece.split("**")[1] for piece in pieces(page)]


def badges(page: AppTest) -> list[str]:
    return [piece.split("-badge[")[1].split("]")[0] for piece in pieces(page)]


def details(page: AppTest) -> list[str]:
    return [
        piece.split("  \n")[1].replace("\\", "").removeprefix(":small[:gray[").removesuffix("]]")
        for piece in pieces(page)
    ]


def in_utc(moment: datetime) -> str:
    return times.in_words(moment, "UTC", today=utc_now().date())


@pytest.mark.usefixtures("_mail_is_set_up")
def test_each_message_shows_to_whom_what_about_and_how_it_went(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    message = written(page_session, cohort, "Li Wei", "failed", last_error="The address is not known (550).")

    page = open_page("messages", coordinator)

    assert [title.value for title in page.title] == ["Messages"]
    assert recipients(page) == ["Li Wei"]
    assert badges(page) == [":material/error: Failed"]
    assert details(page)[0].startswith("A question about your enrolment in AULP · Written ")
    assert "The address is not known \\(550\\)\\." in "".join(line.value for line in page.markdown)
    assert [button.label for button in page.button if button.key != "sign_out"] == ["Send again"]
    assert [line.value for line in page.caption if "Send again" in line.value] == [
        "“Send again” tries once more. Where an address is wrong, correct it first: open the person under Enrolments "
        "and press “Correct the address”."
    ]
    assert list(page.warning) == []
    assert "private" not in "".join(str(element.value) for element in [*page.markdown, *page.text, *page.caption])
    assert message.status is MessageStatus.FAILED


@pytest.mark.usefixtures("_mail_is_set_up")
def test_send_again_puts_a_failed_message_back_and_says_so(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    message = written(page_session, cohort, "Li *Wei*", "failed", attempts=10, last_error="Too slow.")
    key = f"again-{message.id}"

    page = open_page("messages", coordinator)
    page.button(key=key).click().run()

    assert [notice.value for notice in page.success] == ["The message to Li \\*Wei\\* is waiting to be sent again."]
    assert key not in {button.key for button in page.button}
    page_session.refresh(message)
    assert (message.status, message.attempts) == (MessageStatus.QUEUED, 0)


@pytest.mark.usefixtures("_mail_is_set_up")
def test_a_message_that_went_meanwhile_is_not_sent_again(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    message = written(page_session, cohort, "Li Wei", "failed")

    page = open_page("messages", coordinator)
    message.status = MessageStatus.SENT
    page.button(key=f"again-{message.id}").click().run()

    assert list(page.success) == []
    page_session.refresh(message)
    assert message.status is MessageStatus.SENT


@pytest.mark.usefixtures("_mail_is_set_up")
def test_the_next_try_and_the_sending_are_told_in_words(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    now = utc_now()
    sent = written(page_session, cohort, "Ama", "sent", sent_at=now, created_at=now)
    tried = written(
        page_session, cohort, "Bo", attempts=2, due_at=now + timedelta(minutes=5), created_at=now - timedelta(hours=1)
    )

    page = open_page("messages", coordinator)

    subject = "A question about your enrolment in AULP"
    lines = details(page)
    assert page.caption[1].value == "2 of 2 messages · 1 waiting, 1 sent"
    assert lines[0] == f"{subject} · Sent {in_utc(sent.sent_at or now)}"
    assert lines[1] == f"{subject} · Written {in_utc(tried.created_at)}. Next try {in_utc(tried.due_at)}, after 2 tries"


@pytest.mark.usefixtures("_mail_is_set_up")
def test_state_and_search_narrow_the_list(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    for name, status in (("Ama", "sent"), ("Bo", "failed"), ("Bodil", "sent")):
        written(page_session, cohort, name, status)

    page = open_page("messages", coordinator)
    page.segmented_control(key="state").set_value("Sent").run()
    sent = recipients(page)
    page.text_input(key="messages-search").set_value("bodi").run()
    both = recipients(page)
    page.text_input(key="messages-search").set_value("nobody").run()

    assert (sorted(sent), both) == (["Ama", "Bodil"], ["Bodil"])
    assert [notice.value for notice in page.info] == [
        "Nothing here fits. Choose another state, or search for something else."
    ]


@pytest.mark.usefixtures("_mail_is_set_up")
def test_twenty_are_on_a_page_and_a_search_finds_those_of_another(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    for number in range(21):
        written(page_session, cohort, f"Person {number:02}")

    page = open_page("messages", coordinator)
    first = recipients(page)
    page.session_state["messages-page"] = 2
    page.run()
    second = recipients(page)
    page.text_input(key="messages-search").set_value("Person 20").run()

    assert (len(first), first[0], second) == (20, "Person 20", ["Person 00"])
    assert recipients(page) == ["Person 20"]


def test_without_a_mail_server_the_screen_says_so_and_how_to_set_one(
    page_session: Session, coordinator: Person
) -> None:
    page = open_page("messages", coordinator)

    assert len(page.warning) == 1
    assert page.warning[0].value.startswith("**No mail server is set, so nothing leaves.**")
    assert "`SMTP_HOST`" in page.warning[0].value
    assert [notice.value for notice in page.info] == [EMPTY]


@pytest.mark.usefixtures("_mail_is_set_up")
def test_a_templates_wording_is_shown_with_invented_people(page_session: Session, coordinator: Person) -> None:
    page = open_page("messages", coordinator)
    page.session_state["wording"] = True
    page.run()
    page.selectbox(key="messages-template").set_value("proposal_accepted_mentor").run()

    shown = [text.value for text in page.text]
    assert shown[0] == "You have a mentee in AULP"
    assert shown[1].startswith("Dear Ama,\n\nYou and Li Wei are now working together.")


@pytest.mark.usefixtures("_mail_is_set_up")
@pytest.mark.parametrize("value", ["![x](http://127.0.0.1:9/b.png)", "$\\rule{9em}{9em}$", ":red[closed]", "<b>x</b>"])
def test_a_hostile_name_is_only_text(page_session: Session, cohort: Cohort, coordinator: Person, value: str) -> None:
    from pages.ui import plain

    written(page_session, cohort, value)

    page = open_page("messages", coordinator)

    assert [piece.partition(" :blue-badge[")[0] for piece in pieces(page)] == [
        f"**{plain(value)}** · Enrolment returned with a question"
    ]


@pytest.mark.parametrize("who", ["manager", "mentee", "stranger", "other coordinator"])
def test_nobody_else_sees_a_message(page_session: Session, cohort: Cohort, who: str) -> None:
    message = written(page_session, cohort, "Li Wei", "failed")
    person = _somebody(page_session, cohort, who)

    page = open_page("messages", person)

    assert _again(message.id) not in {button.key for button in page.button}
    assert recipients(page) == []


def test_a_visitor_sees_nothing_of_it(page_session: Session, cohort: Cohort) -> None:
    written(page_session, cohort, "Li Wei")
    make_coordinator(page_session, cohort)
    page_session.commit()

    page = open_page("messages", None)

    assert recipients(page) == []
    assert [text.value for text in page.text] == []


def _again(message_id: UUID) -> str:
    return f"again-{message_id}"


def _somebody(session: Session, cohort: Cohort, who: str) -> Person:
    if who == "manager":
        return make_manager(session, cohort)
    if who == "mentee":
        person = make_person(session, "Mentee Person")
        make_enrolment(session, cohort, person=person)
        return person
    if who == "other coordinator":
        return make_coordinator(session, make_cohort(session))
    return make_person(session, "Stranger")


@pytest.mark.usefixtures("_mail_is_set_up")
def test_what_lost_its_reason_before_it_left_says_so(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    written(page_session, cohort, "Li Wei", "cancelled", last_error=outdated_mail.ANSWERED)

    page = open_page("messages", coordinator)

    assert badges(page) == [":material/block: No longer needed"]
    assert "The proposal was answered, taken back or over before this left" in "".join(
        line.value for line in page.markdown
    )


@pytest.mark.usefixtures("_mail_is_set_up")
def test_what_was_taken_back_says_so(page_session: Session, cohort: Cohort, coordinator: Person) -> None:
    written(page_session, cohort, "Li Wei", "cancelled")

    page = open_page("messages", coordinator)

    assert [piece.split("  \n")[-1] for piece in pieces(page)] == [
        ":material/info: It was taken back before it left\\."
    ]
    assert [line.value for line in page.caption if "Send again" in line.value] == []
