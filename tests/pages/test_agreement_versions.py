"""A new version from file to signature, over the screens: what was signed before stays; in production two people."""

import pytest
from sqlmodel import Session, select

from models.agreements import DocumentDraft, DocumentKind, SchemeDocument
from models.columns import utc_now
from models.enrolments import Side
from models.people import Person
from models.schemes import Cohort
from models.signed_copies import SignedCopy
from services import signed_copies
from services.settings import settings
from services.training_certificates import spaced
from tests.factories import (
    make_account,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.test_old_evidence import NEW, OLD


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()


def import_new(coordinator: Person, cohort: Cohort) -> None:
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", view="texts")
    page.session_state["bring"] = True
    page.run()
    page.file_uploader[0].upload("wording.txt", NEW, "text/plain").run()
    page.button(key="take-in").click().run()
    assert not page.exception


@pytest.mark.clause("U-C1.1")
def test_who_signed_before_an_import_still_reads_and_verifies_it_and_is_asked_anew(
    page_session: Session, cohort: Cohort
) -> None:
    old = make_document(page_session, cohort.scheme_id, text=OLD)
    enrolment = make_enrolment(page_session, cohort, Side.MENTOR, name="Ama Boateng")
    mentor = page_session.get_one(Person, enrolment.person_id)
    page = open_page("agreements", mentor)
    page.checkbox(key=f"box-{old.id}-1").check()
    page.text_input(key=f"name-{old.id}").input("Ama Boateng")
    page.button(key=f"sign-{old.id}").click().run()
    page_session.rollback()
    copy = page_session.exec(select(SignedCopy)).one()
    code, actor, signature_id = spaced(copy.code), make_participant(page_session, enrolment), copy.signature_id
    paper = signed_copies.download(page_session, actor, signature_id).content

    coordinator = make_coordinator(page_session, cohort)
    import_new(coordinator, cohort)
    page_session.rollback()
    draft_id = page_session.exec(select(DocumentDraft.id)).one()
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=str(draft_id))
    page.checkbox(key=f"sure-{draft_id}").check()
    page.button(key=f"publish-{draft_id}").click().run()
    told = [notice.value for notice in page.success]
    page = open_page("agreements", mentor)
    page.session_state["verify"] = True
    page.run()
    page.file_uploader[0].upload("paper.pdf", paper, "application/pdf")
    page.button(key="verify-button").click().run()
    by_file = [notice.value.split("\n")[0] for notice in page.success]
    facts = [notice.value for notice in page.success if "version 1" in notice.value]
    page_session.rollback()

    assert told == ["Version 2 of “Code of conduct” is in force. 1 person will get an email."]
    assert [line.value[:45] for line in page.markdown if "Signed]" in line.value] == [
        "**Code of conduct** · version 1 :green-badge["
    ]
    assert [button.label for button in page.button if button.label == "Sign"] == ["Sign"]
    assert by_file == ["Genuine. This is the very file that we made\\."]
    assert len(facts) == 1
    assert signed_copies.download(page_session, actor, signature_id).content == paper
    page = open_page("agreements", mentor)
    page.session_state["verify"] = True
    page.run()
    page.text_input(key="verify-code").input(code)
    page.text_input(key="verify-name").input("Ama Boateng")
    page.button(key="verify-button").click().run()
    assert ["Genuine" in notice.value for notice in page.success] == [True]


def test_a_scheme_without_a_privacy_notice_is_offered_its_templates_to_read_and_publish(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, key="blank"))
    make_document(page_session, cohort.scheme_id, text=OLD)
    coordinator = make_coordinator(page_session, cohort)
    page = open_page("agreements", coordinator)
    warned = [notice.value.split(":")[0] for notice in page.warning]

    page.button(key="privacy").click().run()
    page_session.rollback()
    draft_id = page_session.exec(select(DocumentDraft.id)).one()
    read = page.text_area(key=f"words-{draft_id}-1").value or ""
    page.button(key=f"publish-{draft_id}").click().run()

    assert warned == ["This scheme has no privacy notice in force"]
    assert len(read) > 500
    assert [notice.value.split(" of ")[0] for notice in page.success] == ["Version 1"]
    page_session.rollback()
    kinds = page_session.exec(select(SchemeDocument.kind).order_by(SchemeDocument.kind)).all()
    assert list(kinds) == [DocumentKind.CODE, DocumentKind.PRIVACY]
    assert [notice.value for notice in open_page("agreements", coordinator).warning] == []


@pytest.mark.usefixtures("in_production")
def test_in_production_one_hands_over_and_another_finds_it_on_home_and_publishes(
    page_session: Session, cohort: Cohort
) -> None:
    make_document(page_session, cohort.scheme_id, text=OLD)
    writer = make_coordinator(page_session, cohort, "Wanjiru Writer")
    reader = make_coordinator(page_session, cohort, "Rui Reader")
    place = f"coordinator-{cohort.id}"
    for person in (writer, reader):
        with_a_second_factor(page_session, person)
    import_new(writer, cohort)
    page_session.rollback()
    draft_id = page_session.exec(select(DocumentDraft.id)).one()
    before = tasks_of(reader, place)
    page = open_page("agreements", writer, place, draft=str(draft_id))
    offered = [button.label for button in page.button if button.label == "Publish"]
    page.button(key=f"hand-over-{draft_id}").click().run()
    handed = [notice.value for notice in page.success]

    mine, theirs = tasks_of(writer, place), tasks_of(reader, place)
    page = open_page("agreements", reader, place, draft=str(draft_id))
    page.button(key=f"publish-{draft_id}").click().run()

    sentence = "A new version of the code of conduct waits for your reading"
    assert (offered, handed) == ([], ["An email asks 1 coordinator to read and publish it."])
    assert [sentence in shown for shown in (before, mine, theirs, tasks_of(reader, place))] == [
        False,
        False,
        True,
        False,
    ]
    assert [notice.value for notice in page.success] == ["Version 2 of “Code of conduct” is in force."]
    page_session.rollback()
    newest = page_session.exec(select(SchemeDocument).where(SchemeDocument.edition == 2)).one()
    assert (newest.written_by_id, newest.published_by_id) == (writer.id, reader.id)


def with_a_second_factor(session: Session, person: Person) -> None:
    """In production nobody runs a scheme with a password alone."""
    account = make_account(session, person)
    account.totp_secret, account.totp_confirmed_at = "kept elsewhere", utc_now()
    session.add(account)


def tasks_of(person: Person, place: str) -> str:
    """All the words of somebody's Home."""
    page = open_page("home", person, place)
    return "\n".join(line.value for line in page.markdown)
