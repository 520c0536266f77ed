"""Resources: people read and see what is new; a coordinator writes, publishes and takes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, select

from models.agreements import PublishedState
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.people import Person
from models.resources import Resource, ResourceRead, ResourceReader
from models.schemes import Cohort
from services import resource_authoring
from services.resource_authoring import Content
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_person,
    make_scheme,
)
from tests.pages.opening import open_page
from tests.services.test_resources import make_resource


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC)) as travelling:
        yield travelling


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


def person_of(session: Session, enrolment: Enrolment) -> Person:
    return session.get_one(Person, enrolment.person_id)


def rows(session: Session) -> list[Resource]:
    session.rollback()
    return list(session.exec(select(Resource)).all())


@pytest.mark.clause("U-C6.5")
def test_a_mentee_sees_what_is_new_and_reads_it(page_session: Session, cohort: Cohort, clock: Any) -> None:
    make_resource(page_session, cohort, "Old")
    mentee = person_of(page_session, make_enrolment(page_session, cohort))
    open_page("resources", mentee)
    clock.shift(timedelta(days=2))
    new = make_resource(page_session, cohort, "Goals", text="# Begin\n\nPick *one* <b>thing</b>.")
    page = open_page("resources", mentee)
    counted = [caption.value for caption in page.caption]

    page.button(key=f"open-{new.id}").click().run()

    assert "2 things to read · 1 new since your last visit on 22 November" in counted
    assert not page.exception
    assert [header.value for header in page.header] == ["Goals"]
    assert "### Begin\n\nPick *one* \\<b\\>thing\\<\\/b\\>\\." in [line.value for line in page.markdown]
    page_session.rollback()
    assert [row.resource_id for row in page_session.exec(select(ResourceRead))] == [new.id]


def test_what_is_new_again_is_so_until_it_is_opened(page_session: Session, cohort: Cohort, clock: Any) -> None:
    row = make_resource(page_session, cohort, "Goals")
    mentee = person_of(page_session, make_enrolment(page_session, cohort))
    open_page("resources", mentee, resource=str(row.id))
    clock.shift(timedelta(days=2))
    page_session.get_one(Resource, row.id).published_at = utc_now()
    page_session.commit()
    page = open_page("resources", mentee)
    before = [line.value for line in page.markdown if "Goals" in line.value]

    page.button(key=f"open-{row.id}").click().run()
    page.button(key="back").click().run()

    assert before == ["**Goals** :green-badge[New]  \n:small[:gray[since 24 November]]"]
    assert [line.value for line in page.markdown if "Goals" in line.value] == [
        "**Goals**  \n:small[:gray[since 24 November · :material/check: read]]"
    ]


def test_a_link_says_where_it_leads(page_session: Session, cohort: Cohort) -> None:
    row = make_resource(page_session, cohort, "Elsewhere", link="https://example.org/a")
    mentee = person_of(page_session, make_enrolment(page_session, cohort))

    page = open_page("resources", mentee, resource=str(row.id))

    assert any("[Open the page (example\\.org)](<https://example.org/a>)" in line.value for line in page.markdown)


def test_the_weekly_email_is_switched_on_and_off_on_the_page(page_session: Session, cohort: Cohort) -> None:
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR))
    page = open_page("resources", mentor)

    page.toggle(key="digest").set_value(True).run()
    said = [notice.value for notice in page.success]
    page.toggle(key="digest").set_value(False).run()

    assert said == ["You get an email when something is new."]
    assert [notice.value for notice in page.success] == ["No more emails about the library."]
    page_session.rollback()
    assert [reader.digest_since for reader in page_session.exec(select(ResourceReader))] == [None]


def test_an_empty_library_and_an_empty_search_say_so(page_session: Session, cohort: Cohort) -> None:
    mentee = person_of(page_session, make_enrolment(page_session, cohort))
    page = open_page("resources", mentee)
    at_first = [notice.value for notice in page.info]

    page.text_input(key="search").set_value("*goals*").run()

    assert at_first == ["The library is empty so far. You will find what the scheme offers you to read here."]
    assert [notice.value for notice in page.info] == ["Nothing here has “\\*goals\\*” in it. Try a shorter word."]


def test_a_coordinator_adds_publishes_and_takes_out(page_session: Session, cohort: Cohort) -> None:
    page = open_page("resources", make_coordinator(page_session, cohort))
    page.button(key="add").click().run()
    page.text_input(key="title-new").set_value("Goals")
    page.text_area(key="text-new").set_value("Pick one.")
    page.button(key="save-new").click().run()
    draft = [(row.title, row.state) for row in rows(page_session)]

    page.button(key="publish").click().run()
    published = [(row.title, row.state) for row in rows(page_session)]
    page.button(key="retire").click().run()

    assert not page.exception
    assert (draft, published) == ([("Goals", PublishedState.DRAFT)], [("Goals", PublishedState.PUBLISHED)])
    assert [row.state for row in rows(page_session)] == [PublishedState.RETIRED]


def test_a_change_can_be_taken_back(page_session: Session, cohort: Cohort) -> None:
    row = make_resource(page_session, cohort, "Goals")
    page = open_page("resources", make_coordinator(page_session, cohort), resource=str(row.id))
    page.text_input(key=f"title-{row.id}-1").set_value("Aims")
    page.button(key=f"save-{row.id}-1").click().run()
    changed = [each.title for each in rows(page_session)]

    page.button(key="undo").click().run()

    assert (changed, [each.title for each in rows(page_session)]) == (["Aims"], ["Goals"])


def test_a_draft_is_thrown_away_after_a_word_about_what_is_lost(page_session: Session, cohort: Cohort) -> None:
    draft = make_resource(page_session, cohort, "Begun", state=PublishedState.DRAFT)
    kept = make_resource(page_session, cohort, "Kept")
    page = open_page("resources", make_coordinator(page_session, cohort), resource=str(draft.id))
    words = [line.value for line in page.markdown]

    page.button(key="discard").click().run()

    assert not page.exception
    assert "Its words are lost. What is in the library stays." in words
    assert [row.id for row in rows(page_session)] == [kept.id]


def test_what_cannot_be_kept_is_refused_and_stays_typed(page_session: Session, cohort: Cohort) -> None:
    page = open_page("resources", make_coordinator(page_session, cohort), resource="new")

    page.text_area(key="text-new").set_value("Pick one.")
    page.button(key="save-new").click().run()

    assert [error.value for error in page.error] == ["It has no title\\. Give it one\\."]
    assert page.text_area(key="text-new").value == "Pick one."
    assert rows(page_session) == []


def test_an_empty_library_offers_the_schemes_own_texts(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, key="unnc_alumni"))
    page = open_page("resources", make_coordinator(page_session, cohort))

    page.button(key="starters").click().run()

    assert [row.state for row in rows(page_session)] == [PublishedState.PUBLISHED] * 3
    assert [caption.value for caption in page.caption if "readers" in caption.value] == [
        "3 things · readers are counted, never named"
    ]


def test_a_coordinator_of_another_scheme_opens_nothing(page_session: Session, cohort: Cohort) -> None:
    row = make_resource(page_session, cohort, "Goals")
    stranger = make_coordinator(page_session, make_cohort(page_session))

    page = open_page("resources", stranger, resource=str(row.id))

    assert [error.value for error in page.error] == [
        "You cannot open this\\. Ask one of the scheme's coordinators\\.",
    ]
    assert list(page.header) == []


def test_a_visitor_reads_nothing(page_session: Session, cohort: Cohort) -> None:
    make_account(page_session, make_person(page_session))
    make_resource(page_session, cohort, "Goals")
    page_session.commit()

    page = open_page("resources", None)

    assert "Goals" not in "\n".join(line.value for line in page.markdown)


@pytest.mark.parametrize("press", ["save", "publish", "undo", "discard"])
def test_a_press_on_what_a_colleague_changed_meanwhile_says_so_and_loses_no_words(
    page_session: Session, cohort: Cohort, press: str
) -> None:
    draft = make_resource(page_session, cohort, "Goals", state=PublishedState.DRAFT)
    actor = make_actor(make_coordinator(page_session, cohort, "Rui Reader"), cohort)
    resource_authoring.change(page_session, actor, draft.id, Content("Aims", text="Pick one."))
    page = open_page("resources", make_coordinator(page_session, cohort), resource=str(draft.id))
    page.text_area(key=f"text-{draft.id}-2").set_value("Mine, all mine.")
    resource_authoring.change(page_session, actor, draft.id, Content("Theirs", text="Pick two."), version=2)

    page.button(key=f"save-{draft.id}-2" if press == "save" else press).click().run()

    assert not page.exception
    assert [error.value for error in page.error] == [
        "Somebody else changed this a moment ago\\. This is how it reads now\\."
    ]
    assert [code.value for code in page.code] == (["Aims\n\nMine, all mine."] if press == "save" else [])
    assert [(row.title, row.state) for row in rows(page_session)] == [("Theirs", PublishedState.DRAFT)]
