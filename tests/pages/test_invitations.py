"""The Invitations screen of a coordinator."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select
from time_machine import travel

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.invitations import SelfEnrolmentLink
from models.messages import Message
from models.people import Person
from services import invitations
from tests.factories import make_account, make_actor, make_enrolment, make_participant, make_person
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
    asked, before = [heading.value for heading in page.header], link.revoked_at
    page.button(key="close-now").click().run()

    page_session.refresh(link)
    assert (asked, before) == (["Close the link “Newsletter”?"], None)
    assert [address.startswith("http://") and "/join/" in address for address in shown] == [True]
    assert (list(page.code), link.revoked_at is not None) == ([], True)


def test_both_emails_of_an_invitation_can_be_read_and_nobody_is_said_to_have_an_account(page_session: Session) -> None:
    _, coordinator = a_cohort(page_session)
    make_account(page_session, make_person(page_session, "Known Elsewhere", email="li@example.org"))
    page = open_page("invitations", coordinator)
    page.text_area[0].set_value("Li <li@example.org>")
    next(button for button in page.button if button.label == "Check the list").click().run()
    first = [block.value for block in page.text]

    page.button_group(key="which-mail").set_value("has an account already").run()

    second = [block.value for block in page.text]
    listed = [line.value for line in page.markdown if "li\\@example" in line.value]
    assert ["choose a password" in text for text in first] == [True]
    assert ["sign in as always" in text for text in second] == [True]
    assert listed == ["- Li, li\\@example\\.org"]


def test_an_open_invitation_is_found_read_and_confirmed_before_it_goes_again_or_is_taken_back(
    page_session: Session,
) -> None:
    cohort, coordinator = a_cohort(page_session)
    actor = make_actor(coordinator, cohort)
    page_session.commit()
    with travel(datetime.now(UTC) - timedelta(days=2)):
        invitations.send(page_session, actor, cohort.id, side=Side.MENTEE, pasted="Ama <ama@example.org>\nbo@b.org")
    ama = page_session.exec(select(Enrolment).join(Person).where(Person.full_name == "Ama")).one()
    page = open_page("invitations", coordinator)
    page.button_group(key="how").set_value("Still open").run()
    shown = len(page.checkbox)

    page.text_input(key="open-search").set_value("ama").run()
    page.checkbox(key=f"open-0-{ama.id}").check().run()
    page.button(key="again").click().run()
    asked, read, before = [each.value for each in page.header], len(page.text), len(sent(page_session))
    page.button(key="yes").click().run()
    after = sent(page_session)
    page.checkbox(key=f"open-1-{ama.id}").check().run()
    page.button(key="revoke").click().run()
    asked += [each.value for each in page.header]
    page_session.refresh(ama)
    still = ama.status
    page.button(key="yes").click().run()

    page_session.refresh(ama)
    assert (shown, read, before) == (2, 1, 2)
    assert asked == ["Send the invitation again to 1 person?", "Take back 1 invitation?"]
    assert after.count(("Ama", "invitation")) == 2
    assert (still, ama.status) == (EnrolmentStatus.DRAFT, EnrolmentStatus.WITHDRAWN)


def test_a_participant_invites_nobody(page_session: Session) -> None:
    cohort, _ = a_cohort(page_session)
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)
    person = page_session.get_one(Person, mentor.person_id)

    page = open_page("invitations", person, place_key=make_participant(page_session, mentor).place.key)

    assert list(page.text_area) == []
