"""A press on an Agreements screen that is no longer up to date: about what was shown, never lost without a word."""

from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.agreements import DocumentDraft, DocumentKind, SchemeDocument, Signature
from models.people import Person
from models.schemes import Cohort
from services import agreements, document_drafts, publishing
from services.access import Actor
from services.document_drafts import Draft
from services.settings import settings
from tests.factories import make_actor, make_cohort, make_coordinator, make_document, make_enrolment
from tests.pages.opening import open_page
from tests.pages.test_agreement_versions import with_a_second_factor
from tests.services.signing_parts import TEXT

NEW = TEXT.replace("Please be kind.", "Please be very kind.")
BODY = TEXT.removeprefix("# Code of conduct\n\n")


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort, "Wanjiru Writer")


@pytest.fixture
def colleague(page_session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)


def begun(session: Session, coordinator: Person, cohort: Cohort) -> UUID:
    make_document(session, cohort.scheme_id, text=TEXT)
    actor = make_actor(coordinator, cohort)
    return document_drafts.begin(session, actor, cohort.scheme_id, kind=DocumentKind.CODE)


def saved_by(session: Session, colleague: Actor, draft_id: UUID, text: str, version: int = 1) -> Draft:
    return document_drafts.save(
        session, colleague, draft_id, title="Code of conduct", text=text, signed_by=["mentor"], version=version
    )


@pytest.mark.parametrize("replaced", ["before the press", "before the last box"])
def test_a_signature_on_a_version_that_was_replaced_while_it_was_read_signs_nothing_and_says_so(
    page_session: Session, cohort: Cohort, colleague: Actor, replaced: str
) -> None:
    old = make_document(page_session, cohort.scheme_id, text=TEXT)
    mentor = page_session.get_one(Person, make_enrolment(page_session, cohort, name="Bo Lind").person_id)
    page = open_page("agreements", mentor)
    page.checkbox(key=f"box-{old.id}-1").check()
    page.checkbox(key=f"box-{old.id}-2").check()
    page.text_input(key=f"name-{old.id}").input("Bo Lind")
    new_id = agreements.publish(
        page_session, colleague, cohort.scheme_id, kind=DocumentKind.CODE, title="Code of conduct", text=NEW
    )

    if replaced == "before the press":
        page.button(key=f"sign-{old.id}").click()
    page.run()

    assert not page.exception
    assert [warning.value for warning in page.warning] == [
        "While you were reading version 1, it was replaced by version 2. You have signed neither: please read this one "
        "and tick its boxes."
    ]
    errors = [error.value for error in page.error]
    assert [error.startswith("The code of conduct changed on") for error in errors] == (
        [True] if replaced == "before the press" else []
    )
    assert (page.checkbox(key=f"box-{new_id}-1").value, list(page.success)) == (False, [])
    page_session.rollback()
    assert page_session.exec(select(Signature)).all() == []
    for section in ("1", "2"):
        page.checkbox(key=f"box-{new_id}-{section}").check()
    page.text_input(key=f"name-{new_id}").input("Bo Lind")
    page.button(key=f"sign-{new_id}").click().run()
    page_session.rollback()
    assert [signature.document_id for signature in page_session.exec(select(Signature))] == [new_id]
    assert "replaced" not in "".join(warning.value for warning in page.warning)


def test_of_two_texts_the_one_that_was_replaced_while_it_was_read_is_chosen_again(
    page_session: Session, cohort: Cohort, colleague: Actor
) -> None:
    other = make_document(page_session, cohort.scheme_id, kind=DocumentKind.AGREEMENT, title="Agreement", text=TEXT)
    old = make_document(page_session, cohort.scheme_id, text=TEXT)
    mentor = page_session.get_one(Person, make_enrolment(page_session, cohort, name="Bo Lind").person_id)
    page = open_page("agreements", mentor)
    page.segmented_control(key="to-sign").set_value(old.kind.value).run()
    new_id = agreements.publish(
        page_session, colleague, cohort.scheme_id, kind=DocumentKind.CODE, title="Code of conduct", text=NEW
    )

    page.button(key=f"sign-{old.id}").click().run()

    assert not page.exception
    assert [error.value.split(" on ")[0] for error in page.error] == ["The code of conduct changed"]
    assert next(header.value for header in page.header) == "Code of conduct"
    assert [f"sign-{each}" in [button.key for button in page.button] for each in (new_id, other.id)] == [True, False]


def test_a_signature_under_a_text_that_asks_this_side_no_more_is_answered_on_top(
    page_session: Session, cohort: Cohort
) -> None:
    old = make_document(page_session, cohort.scheme_id, text=TEXT)
    mentee = page_session.get_one(Person, make_enrolment(page_session, cohort, name="Bo Lind").person_id)
    page = open_page("agreements", mentee)
    make_document(page_session, cohort.scheme_id, text=NEW, edition=2, signed_by=["mentor"])

    page.button(key=f"sign-{old.id}").click().run()

    assert [error.value.split(" on ")[0] for error in page.error] == ["The code of conduct changed"]
    page_session.rollback()
    assert page_session.exec(select(Signature)).all() == []


def test_what_was_typed_over_a_colleagues_newer_draft_stays_beside_theirs_to_copy_from(
    page_session: Session, cohort: Cohort, coordinator: Person, colleague: Actor
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=str(draft_id))
    page.text_area(key=f"words-{draft_id}-1").input("## X-1 · Be kind\n\nMine, all mine.")
    saved_by(page_session, colleague, draft_id, "## X-1 · Be kind\n\nTheirs.")

    page.button(key=f"save-{draft_id}-1").click().run()

    assert not page.exception
    assert [error.value.split("\\.")[0] for error in page.error] == [
        "Somebody else changed this draft while you were writing"
    ]
    assert [code.value for code in page.code] == [
        "Code of conduct\n\n## X-1 · Be kind\n\nMine, all mine.",
        "Code of conduct\n\n## X-1 · Be kind\n\nTheirs.",
    ]
    assert page.text_area(key=f"words-{draft_id}-2").value == "## X-1 · Be kind\n\nTheirs."
    page.button(key="unsaved-done").click().run()
    assert list(page.code) == []
    page_session.rollback()
    assert page_session.get_one(DocumentDraft, draft_id).text == "## X-1 · Be kind\n\nTheirs."


def test_what_was_typed_into_a_draft_that_a_colleague_threw_away_can_still_be_copied(
    page_session: Session, cohort: Cohort, coordinator: Person, colleague: Actor
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=str(draft_id))
    page.text_area(key=f"words-{draft_id}-1").input("Mine, all mine.")
    document_drafts.discard(page_session, colleague, draft_id, version=1)

    page.button(key=f"save-{draft_id}-1").click().run()

    assert not page.exception
    assert [code.value for code in page.code] == ["Code of conduct\n\nMine, all mine."]
    assert [error.value.split("\\.")[0] for error in page.error] == ["This draft is not there any more"]


@pytest.mark.clause("U-C1.1")
def test_publishing_is_about_the_version_on_the_screen_and_never_a_newer_one(
    page_session: Session, cohort: Cohort, coordinator: Person, colleague: Actor
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    saved_by(page_session, colleague, draft_id, BODY.replace("Please be kind.", "Please be very kind."))
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=str(draft_id))
    saved_by(page_session, colleague, draft_id, BODY.replace("Please be kind.", "Be as you like."), version=2)

    page.button(key=f"publish-{draft_id}").click().run()

    assert [error.value.split("\\.")[0] for error in page.error] == [
        "Somebody changed this draft while you were reading it"
    ]
    page_session.rollback()
    assert list(page_session.exec(select(col(SchemeDocument.edition)))) == [1]
    assert page.text_area(key=f"words-{draft_id}-3").value is not None
    page.button(key=f"publish-{draft_id}").click().run()
    page_session.rollback()
    newest = page_session.exec(select(SchemeDocument).where(SchemeDocument.edition == 2)).one()
    assert "Be as you like." in newest.text


def test_handing_over_is_about_the_version_on_the_screen(
    page_session: Session,
    cohort: Cohort,
    coordinator: Person,
    colleague: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()
    with_a_second_factor(page_session, coordinator)
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=str(draft_id))
    saved_by(page_session, colleague, draft_id, BODY.replace("Please be kind.", "Be as you like."))

    page.button(key=f"hand-over-{draft_id}").click().run()

    assert [error.value.split("\\.")[0] for error in page.error] == ["Somebody changed this draft a moment ago"]
    page_session.rollback()
    assert page_session.get_one(DocumentDraft, draft_id).handed_over_at is None


def test_a_draft_is_thrown_away_after_one_more_question_and_only_as_it_was_seen(
    page_session: Session, cohort: Cohort, coordinator: Person, colleague: Actor
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    place = f"coordinator-{cohort.id}"
    page = open_page("agreements", coordinator, place, draft=str(draft_id))
    asked = [line.value for line in page.markdown if line.value.startswith("This draft, last changed by")]
    saved_by(page_session, colleague, draft_id, "## X-1 · Be kind\n\nTheirs.")

    page.button(key=f"discard-{draft_id}").click().run()
    refused = [error.value.split("\\.")[0] for error in page.error]
    page.button(key=f"discard-{draft_id}").click().run()

    assert ["cannot be brought back" in line for line in asked] == [True]
    assert refused == ["Somebody changed this draft a moment ago"]
    assert [notice.value for notice in page.success] == ["The draft is gone. What is in force stays."]
    page_session.rollback()
    assert page_session.exec(select(DocumentDraft)).all() == []


def test_a_file_replaces_a_colleagues_draft_only_after_it_was_named_and_ticked(
    page_session: Session, cohort: Cohort, coordinator: Person, colleague: Actor
) -> None:
    draft_id = begun(page_session, coordinator, cohort)
    saved_by(page_session, colleague, draft_id, "## X-1 · Be kind\n\nTheirs.")
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", view="texts")
    page.session_state["bring"] = True
    page.run()
    page.file_uploader[0].upload("wording.txt", b"Code of conduct\n\n1. Be kind.\n\n2. Listen.\n", "text/plain").run()
    warned = [warning.value for warning in page.warning if "take the place" in warning.value]
    before = page.button(key="take-in").disabled
    page.checkbox(key="replace-code2").check().run()
    saved_by(page_session, colleague, draft_id, "## X-1 · Be kind\n\nTheirs, once more.", version=2)

    page.button(key="take-in").click().run()
    refused = [error.value.split("\\.")[0] for error in page.error]
    page_session.rollback()
    kept = page_session.get_one(DocumentDraft, draft_id).text
    page.checkbox(key="replace-code3").check().run()
    page.button(key="take-in").click().run()

    assert ["changed by Rui Reader" in line for line in warned] == [True]
    assert (before, refused) == (True, ["The draft of the code of conduct is another one now"])
    assert kept == "## X-1 · Be kind\n\nTheirs, once more."
    page_session.rollback()
    assert page_session.get_one(DocumentDraft, draft_id).text == "## X-1 · 1\n\nBe kind.\n\n## X-2 · 2\n\nListen."


def test_a_file_in_another_language_becomes_a_translation_of_the_text_in_force(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    make_document(page_session, cohort.scheme_id, text=TEXT, signed_by=["mentor"])
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", view="texts")
    page.session_state["bring"] = True
    page.run()
    page.selectbox(key="wording-language").set_value("zh").run()
    wording = "行为守则\n\n1. 友善。\n\n2. 倾听。\n\n3. 准时。\n"
    page.file_uploader[0].upload("wording.txt", wording.encode(), "text/plain").run()

    page.button(key="take-in").click().run()
    page_session.rollback()
    draft = page_session.exec(select(DocumentDraft)).one()
    facts = (draft.kind, draft.language, draft.title, draft.signed_by)
    published = publishing.publish_draft(page_session, make_actor(coordinator, cohort), draft.id, version=draft.version)

    assert not page.exception
    assert facts == (DocumentKind.CODE, "zh", "行为守则", ["mentor"])
    assert (published.edition, published.emails) == (1, 0)
