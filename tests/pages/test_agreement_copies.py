"""Signed copies on the Agreements screen: one's own, a coordinator's list, and the check of any paper."""

import pytest
from sqlmodel import Session, select

from models.people import Person
from models.schemes import Cohort
from models.signed_copies import SignedCopy
from pages.agreement_copies import copy_of
from services import signed_copies
from services.training_certificates import spaced
from tests.factories import make_cohort, make_coordinator, make_scheme
from tests.pages.opening import open_page
from tests.services.test_signed_copies import signed


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session, make_scheme(page_session, name="AULP mentoring"))


def test_whoever_signed_downloads_the_copy_which_is_made_then(page_session: Session, cohort: Cohort) -> None:
    actor, signature_id = signed(page_session, cohort)
    page_session.commit()

    page = open_page("agreements", page_session.get_one(Person, actor.person_id))

    assert not page.exception
    (button,) = page.get("download_button")
    assert button.proto.label == "Signed copy (PDF)"
    page_session.commit()
    content = copy_of(actor, signature_id)
    assert content == signed_copies.download(page_session, actor, signature_id).content


def test_a_coordinator_finds_a_signature_by_name_and_gets_its_copy(page_session: Session, cohort: Cohort) -> None:
    _, signature_id = signed(page_session, cohort, "Ama Boateng")
    signed(page_session, make_cohort(page_session), "Zoë Elsewhere")
    page = open_page("agreements", make_coordinator(page_session, cohort))

    page.session_state["copies"] = True
    page.run()
    page.text_input(key="copies-search").input("boat").run()
    options = page.selectbox(key="copy").options
    page.selectbox(key="copy").set_value(str(signature_id)).run()

    assert not page.exception
    assert [option.split(" · ")[:2] for option in options] == [["Ama Boateng", "Code of conduct, version 1"]]
    assert len(page.get("download_button")) == 1
    page.text_input(key="copies-search").input("nobody").run()
    assert "Nobody with this name has signed." in [notice.value for notice in page.info]


def test_a_paper_is_verified_by_code_and_name_beside_the_text(page_session: Session, cohort: Cohort) -> None:
    actor, _ = signed(page_session, cohort)
    code = page_session.exec(select(SignedCopy.code)).one()
    page = open_page("agreements", page_session.get_one(Person, actor.person_id))
    page.session_state["verify"] = True
    page.run()
    page.button(key="verify-button").click().run()
    nothing = [error.value for error in page.error]

    page.text_input(key="verify-code").input(spaced(code))
    page.text_input(key="verify-name").input("Ama Boateng")
    page.button(key="verify-button").click().run()
    right = [notice.value.split("\n")[0] for notice in page.success if "Genuine" in notice.value]
    page.text_input(key="verify-name").input("Bo")
    page.button(key="verify-button").click().run()

    assert nothing == ["Choose the file, or type both the code and the name."]
    assert right == ["Genuine. This code and this name belong together, on a paper that we made\\."]
    assert [error.value for error in page.error] == [
        "Not genuine. No paper of ours has this code and this name\\. Compare both with the paper, letter by letter\\."
    ]
