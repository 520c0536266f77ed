"""Every nasty value typed into the form as it is drawn: kept as typed, or refused beside its question and still there.

A form of the kind of question asked has one for each value, so that all of them are typed in one run.
"""

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Enrolment, Side
from models.people import Person
from models.schemes import FormField
from services import form_kinds, storage
from services.access import DESK
from services.schemes import starting
from tests.bad_inputs import BadInput, of_kind
from tests.factories import make_participant, make_person
from tests.pages.opening import open_page
from tests.services.test_bad_answers import expected, long

# All that a page holds has to fit into 2 MB; a browser's field takes no more than its limit anyway.
FITS_A_PAGE = 150_000
HIDING = set("\u202e\u2066\u2069\ufeff\u200b")


@pytest.fixture
def page_session(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """As the one of the other pages, on both databases."""
    monkeypatch.setattr(storage, "engine", lambda: engine)
    with Session(engine) as opened:
        yield opened


def a_form(session: Session, kind: str, longest: int, items: list[BadInput]) -> Enrolment:
    """Somebody who is asked only this: one question of a kind for each value, all in the first step."""
    cohort = starting.start(
        session, DESK, "blank", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    for field in session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id)):
        session.delete(field)
    session.add_all(
        FormField(
            scheme_id=cohort.scheme_id,
            key=item.id.lower(),
            roles=["mentor"],
            step=1,
            position=at,
            kind=kind,
            labels={"mentor": item.id},
            audience="The coordinator only.",
            longest=longest,
        )
        for at, item in enumerate(items)
    )
    enrolment = Enrolment(person_id=make_person(session).id, cohort_id=cohort.id, side=Side.MENTOR)
    session.add(enrolment)
    session.commit()
    return enrolment


def typed(session: Session, enrolment: Enrolment, items: list[BadInput]) -> AppTest:
    """The page after somebody has typed everything."""
    person = session.get_one(Person, enrolment.person_id)
    page = open_page("enrolment", person, place_key=make_participant(session, enrolment).place.key)
    page.segmented_control(key="step").set_value(1).run()
    for item in items:
        field_of(page, enrolment, item).set_value(item.value)
    return page.run()


def field_of(page: AppTest, enrolment: Enrolment, item: BadInput) -> Any:
    wanted = f"{enrolment.id}-{item.id.lower()}"
    return next(field for field in (*page.text_input, *page.text_area) if field.key == wanted)


def can_be_sent(item: BadInput) -> bool:
    """Half a character cannot leave a browser; services/ has it in its own test."""
    return not any("\ud800" <= character <= "\udfff" for character in item.value)


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        ("short_text", [*of_kind("name_ok", "emoji", "email_header", "sql")]),
        ("long_text", [*of_kind("control", "html", "markdown", "latex", "template", "log", "csv_formula", "url_bad")]),
        ("email", of_kind("email_ok", "email_bad")),
        ("telephone", of_kind("phone_ok", "phone_bad")),
        ("wechat_id", of_kind("wechat_ok", "wechat_bad")),
    ],
    ids=["one line", "several lines", "email", "telephone", "wechat"],
)
def test_each_value_that_is_typed_is_kept_or_refused_beside_its_question(
    page_session: Session, kind: str, entries: list[Any]
) -> None:
    items = [item for item in (entry.values[0] for entry in entries) if item.value and can_be_sent(item)]
    longest = 200 if kind == "short_text" else 2000
    enrolment = a_form(page_session, kind, longest, items)

    page = typed(page_session, enrolment, items)

    page_session.refresh(enrolment)
    assert not page.exception
    kept = {item.id: enrolment.answers.get(item.id.lower()) for item in items}
    outcome = expected(entries, longest=longest) if kind in {"short_text", "long_text"} else expected(entries)
    assert kept == {
        item.id: unicodedata.normalize("NFC", item.value).strip() if outcome[item.id] == "kept" else None
        for item in items
    }
    assert len(page.error) == list(kept.values()).count(None)
    assert {item.id: field_of(page, enrolment, item).value for item in items} == {item.id: item.value for item in items}


def test_of_a_text_that_is_too_long_no_more_arrives_than_its_field_says(page_session: Session) -> None:
    entries = [entry.values[0] for entry in (*long("note"), *long(None))]
    items = [item for item in entries if len(item.value) < FITS_A_PAGE]
    enrolment = a_form(page_session, "long_text", 2000, items)

    page = typed(page_session, enrolment, items)

    page_session.refresh(enrolment)
    assert not page.exception
    kept = {item.id: enrolment.answers.get(item.id.lower()) for item in items}
    assert kept == {item.id: item.value[:2000].strip() or None for item in items}


def test_a_trick_with_letters_never_hides_in_what_is_kept(page_session: Session) -> None:
    items = [item for item in (entry.values[0] for entry in of_kind("unicode_trick")) if can_be_sent(item)]
    enrolment = a_form(page_session, "short_text", 200, items)

    page = typed(page_session, enrolment, items)

    page_session.refresh(enrolment)
    assert not page.exception
    # One is refused, and of one nothing is left that could be seen: that is no answer.
    assert (len(page.error), len(enrolment.answers)) == (1, len(items) - 2)
    assert not set("".join(enrolment.answers.values())) & HIDING


def test_every_kind_of_question_that_is_typed_is_typed_here() -> None:
    chosen = {*form_kinds.LISTS, *form_kinds.WITH_OPTIONS, "sector", "time_zone", "consent", "whole_number", "capacity"}

    assert set(form_kinds.KINDS) - chosen == {"short_text", "long_text", "email", "telephone", "wechat_id"}
