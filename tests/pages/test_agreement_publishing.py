"""Publishing on the Agreements screen: what it does stands above the button, and a condition is never set unawares."""

import pytest
from sqlmodel import Session

from models.agreements import DocumentKind
from models.enrolments import Side
from models.people import Person
from models.schemes import Cohort, Scheme
from pages.pair_ways import in_confidence
from services import document_drafts
from services.ways_wording import Exception_
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.signing_parts import TEXT
from tests.services.test_named_exceptions import WITHOUT, in_force


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    scheme = make_scheme(page_session, mentor_gates=["signature"], other_settings={"exceptions": ["X-2"]})
    return make_cohort(page_session, scheme)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def a_draft_without_an_exception(session: Session, coordinator: Person, cohort: Cohort) -> str:
    actor = make_actor(coordinator, cohort)
    in_force(session, actor, cohort.scheme_id, TEXT)
    make_enrolment(session, cohort, Side.MENTEE)
    draft_id = document_drafts.begin(session, actor, cohort.scheme_id, kind=DocumentKind.CODE)
    sides = ["mentor", "mentee"]
    document_drafts.save(session, actor, draft_id, title="Code of conduct", text=WITHOUT, signed_by=sides, version=1)
    return str(draft_id)


def test_a_new_version_leaves_the_conditions_of_a_match_as_they_are_unless_somebody_ticks_otherwise(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    draft_id = a_draft_without_an_exception(page_session, coordinator, cohort)
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=draft_id)
    gate = page.checkbox(key=f"gate-{draft_id}")
    offered, said = (
        (gate.label, gate.value),
        [line.value for line in page.markdown if "are asked to read" in line.value],
    )

    page.checkbox(key=f"gate-{draft_id}").check().run()
    then = [line.value for line in page.markdown if "are asked to read" in line.value]
    page.checkbox(key=f"gate-{draft_id}").uncheck()
    page.checkbox(key=f"sure-{draft_id}").check()
    page.checkbox(key=f"ends-{draft_id}-X-2").check()
    page.button(key=f"publish-{draft_id}").click().run()

    begins = "All mentors and mentees are asked to read and sign it. An email goes to 1 person."
    ends = "signed before counts until the scheme's days of grace are over; then they get no new match until they sign."
    assert offered == ("From now on, mentees are matched only once they have signed", False)
    assert said == [f"{begins} What mentors {ends} Matches that people have go on."]
    assert then == [f"{begins} What they {ends} Matches that people have go on."]
    assert [notice.value.split(" of ")[0] for notice in page.success] == ["Version 2"]
    page_session.rollback()
    scheme = page_session.get_one(Scheme, cohort.scheme_id)
    assert (scheme.mentor_gates, scheme.mentee_gates) == (["signature"], [])


@pytest.mark.clause("U-8")
def test_whoever_looks_at_a_draft_is_warned_of_an_exception_that_goes_and_has_to_say_so(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    draft_id = a_draft_without_an_exception(page_session, coordinator, cohort)
    page = open_page("agreements", coordinator, f"coordinator-{cohort.id}", draft=draft_id)
    warned = [warning.value for warning in page.warning]

    page.checkbox(key=f"sure-{draft_id}").check()
    page.button(key=f"publish-{draft_id}").click().run()
    refused = [error.value for error in page.error]
    page.checkbox(key=f"ends-{draft_id}-X-2").check()
    page.button(key=f"publish-{draft_id}").click().run()

    assert warned == [
        "This text has no clause X\\-2. Pairs know it as a case in which the mentor may have to speak. If the case "
        "still holds, give its clause that ID."
    ]
    assert ["no clause X\\-2 any more" in line for line in refused] == [True]
    assert [notice.value.split(" of ")[0] for notice in page.success] == ["Version 2"]
    page_session.rollback()
    assert page_session.get_one(Scheme, cohort.scheme_id).other_settings["exceptions"] == []


@pytest.mark.clause("U-8", "U-8a")
def test_nobody_is_told_that_there_are_no_others_where_the_words_of_one_are_missing() -> None:
    known = Exception_("X-1", "Asking for advice", "When I need it.")

    both = in_confidence((known, Exception_("X-2", "", "")))

    assert ["names 2 cases" in both, "and no others" in both, "Clause X\\-2" in both] == [True, False, True]
    assert "and no others" in in_confidence((known,))
    assert "Your scheme names no exception" not in in_confidence((Exception_("X-2", "", ""),))
