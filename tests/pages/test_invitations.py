"""The Invitations screen of a coordinator."""

from sqlmodel import Session, col, select

from models.enrolments import Side
from models.invitations import SelfEnrolmentLink
from models.messages import Message
from models.people import Person
from tests.factories import make_enrolment, make_participant
from tests.pages.opening import open_page
from tests.pages.test_enrolments import a_cohort


def sent(session: Session) -> list[tuple[str, str]]:
    statement = select(Person.full_name, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


def test_a_pasted_list_is_judged_then_previewed_then_sent(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)
    page = open_page("invitations", coordinator)

    page.text_area[0].set_value("李 <li@example.org>\nrubbish")
    next(button for button in page.button if button.label == "Check the list").click().run()
    asked, before = [heading.value for heading in page.header], sent(page_session)
    page.button(key="send").click().run()

    assert (asked, before) == (["Left out", "Invite 1 person as mentee?"], [])
    assert [notice.value for notice in page.success] == ["1 invited. Each gets an email of their own."]
    assert sent(page_session) == [("李", "invitation")]


def test_a_link_is_shown_once_and_can_be_closed(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)
    page = open_page("invitations", coordinator, how="By link")
    page.session_state["how"] = "By link"
    page.run()

    page.text_input[0].set_value("Newsletter")
    next(button for button in page.button if button.label == "Make a link").click().run()
    shown = [block.value for block in page.code]
    page.button(key="copied").click().run()
    link = page_session.exec(select(SelfEnrolmentLink)).one()
    page.button(key=f"close-{link.id}").click().run()

    page_session.refresh(link)
    assert [address.startswith("http://") and "/join/" in address for address in shown] == [True]
    assert (list(page.code), link.revoked_at is not None) == ([], True)


def test_a_participant_invites_nobody(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)
    person = page_session.get_one(Person, mentor.person_id)

    page = open_page("invitations", person, place_key=make_participant(page_session, mentor).place.key)

    assert list(page.text_area) == []
