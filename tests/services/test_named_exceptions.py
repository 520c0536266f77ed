"""Exceptions from confidence (U-8a to U-8c): their words go only when somebody says that the exception ends."""

from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.agreements import DocumentKind, SchemeDocument
from models.audit import AuditEntry
from models.enrolments import Enrolment, Side
from models.schemes import Cohort, Scheme
from services import agreements, document_drafts, publishing, ways_wording
from services.access import Actor
from services.errors import Conflict
from services.ways_wording import Exception_
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_pairing,
    make_participant,
    make_scheme,
)
from tests.services.signing_parts import TEXT

WITHOUT = "# Respect\n\n## X-1 · Be kind\n\nPlease be kind.\n\n## X-3 · Be punctual\n\nCome on time."
OTHER = "# Agreement\n\n## X-2 · Listen\n\nListen, as the agreement says.\n"


@pytest.fixture
def scheme(session: Session) -> Scheme:
    return make_scheme(session, other_settings={"exceptions": ["X-2", "X-3"], "kept": True})


@pytest.fixture
def cohort(session: Session, scheme: Scheme) -> Cohort:
    return make_cohort(session, scheme)


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def in_force(
    session: Session, actor: Actor, scheme_id: UUID, text: str, kind: DocumentKind = DocumentKind.CODE
) -> None:
    """A text published as coordinators do, with its clauses."""
    title = text.split("\n", 1)[0].removeprefix("# ")
    agreements.publish(session, actor, scheme_id, kind=kind, title=title, text=text, signed_by=[Side.MENTOR])


def draft_without(session: Session, actor: Actor, scheme: Scheme) -> document_drafts.Draft:
    """A draft of the next version in which X-2 is missing."""
    draft_id = document_drafts.begin(session, actor, scheme.id, kind=DocumentKind.CODE)
    return document_drafts.save(
        session, actor, draft_id, title="Code of conduct", text=WITHOUT, signed_by=["mentor"], version=1
    )


@pytest.mark.clause("U-8a", "U-8b", "U-8c")
def test_a_text_without_an_exceptions_clause_is_published_only_when_that_exception_ends(
    session: Session, scheme: Scheme, cohort: Cohort, actor: Actor
) -> None:
    in_force(session, actor, cohort.scheme_id, TEXT)
    draft = draft_without(session, actor, scheme)
    looked = document_drafts.look(session, actor, draft.id)

    with pytest.raises(Conflict, match="no clause X-2 any more"):
        publishing.publish_draft(session, actor, draft.id, version=draft.version, ended_exceptions=["X-3"])
    session.expire_all()
    before = (len(session.exec(select(SchemeDocument)).all()), scheme.other_settings["exceptions"])
    publishing.publish_draft(session, actor, draft.id, version=draft.version, ended_exceptions=["X-2"])

    assert (looked.problem, looked.ended_exceptions) == (None, ("X-2",))
    assert before == (1, ["X-2", "X-3"])
    assert scheme.other_settings == {"exceptions": ["X-3"], "kept": True}
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "document.published")).all()
    assert [entry.details.get("ended_exceptions") for entry in entries if entry.details["edition"] == 2] == [["X-2"]]


def test_a_text_published_without_a_draft_takes_no_exception_away(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    in_force(session, actor, cohort.scheme_id, TEXT)

    with pytest.raises(Conflict, match="no clause X-2 any more"):
        agreements.publish(
            session, actor, cohort.scheme_id, kind=DocumentKind.CODE, title="Code of conduct", text=WITHOUT
        )

    assert len(session.exec(select(SchemeDocument)).all()) == 1


def test_an_exception_whose_words_stand_in_another_text_in_force_does_not_go(
    session: Session, scheme: Scheme, cohort: Cohort, actor: Actor
) -> None:
    in_force(session, actor, cohort.scheme_id, TEXT)
    in_force(session, actor, cohort.scheme_id, OTHER, DocumentKind.AGREEMENT)
    draft = draft_without(session, actor, scheme)

    looked = document_drafts.look(session, actor, draft.id)
    publishing.publish_draft(session, actor, draft.id, version=draft.version)

    assert looked.ended_exceptions == ()
    assert scheme.other_settings["exceptions"] == ["X-2", "X-3"]


@pytest.mark.clause("U-8")
def test_an_exception_without_words_is_still_an_exception(session: Session, cohort: Cohort, actor: Actor) -> None:
    in_force(session, actor, cohort.scheme_id, OTHER, DocumentKind.AGREEMENT)
    pairing = make_pairing(session, cohort)
    mentee = make_participant(session, session.get_one(Enrolment, pairing.mentee_id))

    named = ways_wording.exceptions(session, mentee, pairing.id)

    assert named == (Exception_("X-2", "Listen", "Listen, as the agreement says."), Exception_("X-3", "", ""))
